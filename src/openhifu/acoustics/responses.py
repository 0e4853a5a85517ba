"""What every element alone makes of the pressure: at points by the march transposed, in regions element by element.

The pressure is linear in the elements' normal velocities, P(x) = sum over e of h_e(x) u_e. By reciprocity the row h(x)
of one point is what a source at that point sends back to the elements: one transposed march, whatever their number.
The columns, h_e in many voxels, take one march an element. Every array method of planning is algebra on these numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.adjoint import first_plane_worth
from openhifu.acoustics.marching import Marching, padded
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.slab import cropped
from openhifu.acoustics.source import element_velocities
from openhifu.acoustics.source_planes import element_planes
from openhifu.base.errors import CannotModel, GeometryError
from openhifu.base.progress import Progress, silent
from openhifu.base.vectors import Vector

Complex = NDArray[np.complex128]


def responses_at(problem: AcousticProblem, points: Sequence[Vector]) -> Complex:
    """Pressure that every element moving at 1 m/s makes at points [Pa per m/s], shape (points, elements).

    Args:
        problem: linear; its drive's phases, amplitudes and power do not matter.
        points: in the medium's frame [m]; the nearest voxel is taken.

    Raises:
        GeometryError: if a point is off the grid.
        CannotModel, MissingProperty: as for ``Marching.solve``.
    """
    shape = problem.medium.grid.shape
    places = [problem.medium.grid.voxel(point) for point in points]
    last = max(place[2] for place in places)
    part = problem if last == shape[2] - 1 else cropped(problem, 0, max(last, 1))
    prepared = Marching().prepare([part])[0]
    weights = []
    for place in places:
        slope = np.zeros(part.medium.grid.shape, np.complex64)
        slope[place] = 1.0
        weights.append(first_plane_worth(prepared, slope).ravel())
    rows = np.stack(weights)
    planes = element_planes(prepared.source, part, padded(part))
    return np.stack([rows @ plane.ravel() for plane in planes], axis=1).astype(np.complex128)


def responses_in(
    problem: AcousticProblem, mask: NDArray[np.bool_], threads: int = 2, progress: Progress = silent
) -> NDArray[np.complex64]:
    """Pressure that every element moving at 1 m/s makes in voxels [Pa per m/s], shape (elements, voxels of the mask).

    One march an element, no further than the mask's last plane.

    Args:
        problem: linear; as for ``responses_at``.
        mask: of voxels of the medium's grid, in whose order (``numpy.flatnonzero``) the answer is.
        threads: marches at a time.
        progress: told after each element.

    Raises:
        GeometryError: if the mask is not on the grid or empty.
        CannotModel, MissingProperty: as for ``Marching.solve``.
    """
    if mask.shape != problem.medium.grid.shape or not mask.any():
        raise GeometryError(
            f"a mask of shape {mask.shape} with {int(mask.sum())} voxels marks nothing on a grid of "
            f"{problem.medium.grid.shape}"
        )
    last = max(int(np.flatnonzero(mask.any(axis=(0, 1)))[-1]), 1)
    part = cropped(problem, 0, last)
    inside = np.ascontiguousarray(mask[:, :, : last + 1])
    solver, keep = Marching(), Recording(pressure=True, heat=False)
    count = part.drive.transducer.elements
    alone = [_alone(part, element) for element in range(count)]
    prepared = solver.prepare(alone)
    out = np.empty((count, int(inside.sum())), np.complex64)

    def fill(element: int) -> None:
        pressure = solver.run(prepared[element], keep, "one element").pressure
        if pressure is None:
            raise CannotModel("the march kept no pressure")
        speed = element_velocities(prepared[element].problem.drive, prepared[element].fluid)[element]
        out[element] = pressure.data[inside] / speed

    with ThreadPoolExecutor(threads) as pool:
        for done, _ in enumerate(pool.map(fill, range(count)), 1):
            progress("elements one by one", done / count)
    return out


def _alone(problem: AcousticProblem, element: int) -> AcousticProblem:
    drive = problem.drive
    others = tuple(e for e in range(drive.transducer.elements) if e != element)
    one = drive.transducer.drive(1.0, others, pose=drive.pose)
    return AcousticProblem(one, problem.medium)
