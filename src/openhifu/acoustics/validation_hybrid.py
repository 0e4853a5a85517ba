"""Accuracy of the hybrid across bone, and of gradients through the march."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np

from openhifu.acoustics.adjoint import sensitivities, square_at
from openhifu.acoustics.fullwave import FullWave
from openhifu.acoustics.hybrid import Hybrid
from openhifu.acoustics.marching import Marching
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.validation_fullwave import SMALL_BONE, SMALL_SKULL, Layers, exact_field
from openhifu.acoustics.validation_pictures import side_by_side
from openhifu.acoustics.validation_setups import array, layered
from openhifu.base.field import Field
from openhifu.base.grid import Grid
from openhifu.base.picture import Curve, Picture
from openhifu.base.validation import ValidationRow

_KEEP = Recording(pressure=True, heat=False)
_INNER = 18  # voxels at each side in which the march absorbs
_AWAY = 3e-3  # m behind the bone at which comparison begins: the march takes over there


@cache
def _behind(layers: Layers) -> tuple[float, float, Picture]:
    """L2 and peak difference [%] of |P| behind the last layer from the exact field, and both."""
    wide = Layers(layers.cap, layers.names, layers.boundaries, 24e-3, layers.ends, layers.tilt)
    surfaces = wide.surfaces()
    problem = wide.problem(surfaces)
    pressure = Hybrid(FullWave(surfaces)).solve(problem, _KEEP).pressure
    if pressure is None:
        raise TypeError("the case must record pressure")
    grid = problem.medium.grid
    x, z = grid.affine[0, 3] + grid.axis(0), grid.affine[2, 3] + grid.axis(2)
    inner, behind = slice(_INNER, -_INNER), z > layers.boundaries[-1] + _AWAY
    found = np.abs(pressure.data[inner, grid.shape[1] // 2, behind]).T
    truth = np.abs(exact_field(wide, problem, x[inner], z[behind]))
    l2 = 100 * float(np.linalg.norm(found - truth) / np.linalg.norm(truth))
    peak = 100 * abs(float(found.max() / truth.max()) - 1)
    return l2, peak, side_by_side(x[inner], z[behind], found, truth, "exact layers")


def _rows(name: str, title: str, layers: Layers) -> dict[str, Callable[[], ValidationRow]]:
    def row(what: int) -> ValidationRow:
        l2, peak, picture = _behind(layers)
        case, figure, unit = (("|P| behind", l2, "% L2"), ("peak behind", peak, "%"))[what]
        truth = "exact layers, all reverberation"
        return ValidationRow.of(f"hybrid, {title}: {case}", figure, 3.0, unit, truth, None if what else picture)

    return {f"{name}-l2": lambda: row(0), f"{name}-peak": lambda: row(1)}


def _gradient() -> ValidationRow:
    """|P|^2 at a focus behind fat and muscle, by the phase of every element of an array."""
    device = array()
    grid = Grid.box((-32e-3, -32e-3, 26e-3), (32e-3, 32e-3, 64e-3), 0.45e-3)
    medium = layered(grid, ("water", "fat", "muscle"), (10, 16, grid.shape[2] - 26))
    phases = np.random.default_rng(0).uniform(-1, 1, device.elements)
    objective = square_at((1e-3, 0.5e-3, 60e-3))

    def value(at: np.ndarray) -> float:
        drive = device.drive(1.0, phases=tuple(float(p) for p in at))
        field = Marching().solve(AcousticProblem(drive, medium), _KEEP).pressure
        if not isinstance(field, Field):
            raise TypeError("the case must record pressure")
        return objective.value(field)

    drive = device.drive(1.0, phases=tuple(float(p) for p in phases))
    adjoint = sensitivities(AcousticProblem(drive, medium), objective).phase
    differences = np.empty(device.elements)
    for n in range(device.elements):
        turn = np.zeros(device.elements)
        turn[n] = math.pi / 2  # exact for one phase: the objective is a + Re(b exp(i phi))
        differences[n] = 0.5 * (value(phases + turn) - value(phases - turn))
    figure = float(np.abs(adjoint - differences).max() / np.abs(differences).max())
    elements = np.arange(device.elements)
    curves = (
        Curve.of("transposed march", elements, adjoint, points=True),
        Curve.of("two marches an element", elements, differences, reference=True),
    )
    words = "differences, exact for one phase"
    picture = Picture("element", "d|P|^2 / d phase [Pa2]", curves)
    return ValidationRow.of("gradient by element phases, marched", figure, 1e-3, "of largest", words, picture)


CASES: dict[str, Callable[[], ValidationRow]] = {
    **_rows("hybrid-bone", "bone between voxels", SMALL_BONE.shifted(0.2e-3)),
    **_rows("hybrid-skull", "three layers of skull", SMALL_SKULL),
    "gradient": _gradient,
}
"""Every case by its name."""
