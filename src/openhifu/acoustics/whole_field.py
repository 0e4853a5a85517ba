"""An acoustic field from the pressure on every plane of a grid, for solvers that have it all at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.field import AcousticField, SolveReport
from openhifu.acoustics.materials import Materials
from openhifu.acoustics.metrics import focus_on_grid
from openhifu.acoustics.problem import AcousticProblem, Blocks, Recording, heat_blocks
from openhifu.base.field import Field, Quantity


def field_of_planes(
    problem: AcousticProblem,
    recording: Recording,
    planes: NDArray[np.complex64],
    report: SolveReport,
    heat_planes: NDArray[np.float32] | None = None,
) -> AcousticField:
    """Measure and keep what the recording asks for.

    Args:
        problem: the question.
        recording: what to keep.
        planes: pressure [Pa], shape (nz, nx, ny).
        report: how it was found.
        heat_planes: heat rate [W/m3], same shape, where it is more than the absorbed share of this pressure's loss.
    """
    grid, labels = problem.medium.grid, problem.medium.map.data
    size = np.abs(planes)
    k, i, j = (int(n) for n in np.unravel_index(int(np.argmax(size)), size.shape))
    focus = focus_on_grid(grid, (i, j, k), (size[k, :, j], size[k, i, :], size[:, i, j]))
    materials = Materials.of(problem.medium, problem.frequency)
    peak = focus.gain * float(size[k, i, j])
    heat = None
    if recording.heat:
        absorbed = materials.heat.astype(np.float32)
        rate = absorbed[np.moveaxis(labels, 2, 0)] * size**2 if heat_planes is None else heat_planes
        heat_grid = recording.heat_grid or grid
        heat = Field(heat_grid, _block_means(rate, heat_blocks(grid, recording)), Quantity.HEAT_RATE)
    return AcousticField(
        drive=problem.drive,
        frequency=problem.frequency,
        pressure=Field(grid, np.moveaxis(planes, 0, 2), Quantity.PRESSURE) if recording.pressure else None,
        heat_rate=heat,
        peak_pressure=peak,
        focus=focus.point,
        beam_widths=focus.widths,
        focal_intensity=peak**2 / (2 * float(materials.impedance[labels[i, j, k]])),
        energy=None,
        report=report,
    )


def _block_means(rate: NDArray[np.float32], blocks: Blocks) -> NDArray[np.float32]:
    """Means over blocks of planes-first data, with the axes back in x, y, z order."""
    n, (a, b, c), (u, v, w) = blocks.size, blocks.first, blocks.shape
    box = rate[c : c + n * w, a : a + n * u, b : b + n * v].reshape(w, n, u, n, v, n)
    return np.ascontiguousarray(np.moveaxis(box.mean(axis=(1, 3, 5), dtype=np.float32), 0, 2))
