"""Accuracy of one-way marching through curved layers of soft tissue, against the full wave."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.field import AcousticField
from openhifu.acoustics.fullwave import FullWave
from openhifu.acoustics.interfaces import Sphere, Surfaces
from openhifu.acoustics.marching import Marching
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.validation_pictures import side_by_side
from openhifu.acoustics.validation_setups import LOSSLESS, device
from openhifu.base.grid import Grid
from openhifu.base.picture import Picture
from openhifu.base.validation import ValidationRow
from openhifu.model.catalogue import tissue
from openhifu.model.medium import Medium
from openhifu.model.tissuemap import TissueMap
from openhifu.model.transducer import Cap

_FOCAL, _HALF_ANGLE = 30e-3, math.radians(42)
_STEP = 0.25e-3  # m; the full wave's |P| moves by 0.04 % (L2) and its peak by 0.003 % from here to 0.2 mm
_HALF_WIDTH, _ENDS = 25e-3, (10.5e-3, 38.5e-3)
_EDGE = 17  # voxels at each side in which the march absorbs
_BEHIND = 24.5e-3  # m from the apex: behind the last interface wherever the beam goes
_NAMES = ("water", "skin", "fat", "muscle", "liver")
_KEEP = Recording(pressure=True, heat=False)


def _bulging(crossed: float, radius: float, x: float, y: float) -> Sphere:
    """A sphere that bulges towards the source, with its centre off the axis, which it crosses at a depth [m]."""
    return Sphere((x, y, crossed + math.sqrt(radius**2 - x**2 - y**2)), radius)


_WALL = Surfaces(
    (
        _bulging(12e-3, 60e-3, 4e-3, 0.0),
        _bulging(13.5e-3, 58e-3, 4e-3, 0.0),
        _bulging(18e-3, 40e-3, -5e-3, 3e-3),
        _bulging(23e-3, 45e-3, 3e-3, -4e-3),
    ),
    (0, 1, 2, 3, 4),
)


def curved_wall() -> AcousticProblem:
    """Water, skin, fat, muscle and liver with curved surfaces, none centred; a bowl of 42 degrees half angle, 1 MHz."""
    grid = Grid.box((-_HALF_WIDTH, -_HALF_WIDTH, _ENDS[0]), (_HALF_WIDTH, _HALF_WIDTH, _ENDS[1]), _STEP)
    cap = Cap(focal_length=_FOCAL, outer_diameter=2 * _FOCAL * math.sin(_HALF_ANGLE), hole_diameter=0.0)
    tissues = tuple(LOSSLESS if name == "water" else tissue(name) for name in _NAMES)
    return AcousticProblem(device(cap, 1e6).drive(10.0), Medium(TissueMap(grid, _WALL.labels(grid), _NAMES), tissues))


def _pressure(field: AcousticField) -> NDArray[np.complex64]:
    if field.pressure is None:
        raise TypeError("the case must record pressure")
    return field.pressure.data


@cache
def _curved() -> tuple[float, float, Picture]:
    """L2 and peak difference [%] of |P| behind the last interface, and both on the plane y = 0."""
    problem = curved_wall()
    grid = problem.medium.grid
    marched, whole = Marching().solve(problem, _KEEP), FullWave(_WALL, tolerance=5e-4).solve(problem, _KEEP)
    inner, z = slice(_EDGE, -_EDGE), grid.affine[2, 3] + grid.axis(2)
    found, truth = (np.abs(_pressure(f)[inner, inner][..., z > _BEHIND]) for f in (marched, whole))
    x, n = (grid.affine[0, 3] + grid.axis(0))[inner], found.shape[1] // 2
    picture = side_by_side(x, z[z > _BEHIND], found[:, n].T, truth[:, n].T, "full wave")
    l2 = 100 * float(np.linalg.norm(found - truth) / np.linalg.norm(truth))
    return l2, 100 * abs(marched.peak_pressure / whole.peak_pressure - 1), picture


def _row(what: int) -> ValidationRow:
    l2, peak, picture = _curved()
    case, figure, limit, unit = (("|P| behind", l2, 3.0, "% L2"), ("peak", peak, 2.0, "%"))[what]
    truth = "full wave, 0.04 % from a finer one"
    case = f"marching, curved skin, fat, muscle, liver: {case}"
    return ValidationRow.of(case, figure, limit, unit, truth, None if what else picture)


CASES: dict[str, Callable[[], ValidationRow]] = {
    "marching-curved-l2": lambda: _row(0),
    "marching-curved-peak": lambda: _row(1),
}
"""Every case by its name; the full wave takes about half a minute."""
