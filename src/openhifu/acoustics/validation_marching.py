"""Accuracy of one-way marching through curved layers of soft tissue, against the full wave."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.field import AcousticField
from openhifu.acoustics.fullwave import FullWave
from openhifu.acoustics.interfaces import Plane, Sphere, Surfaces
from openhifu.acoustics.marching import Marching
from openhifu.acoustics.phase_shift import PhaseShift
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.propagator import Propagator
from openhifu.acoustics.rayleigh import pressure_at
from openhifu.acoustics.source import Fluid
from openhifu.acoustics.validation_pictures import side_by_side
from openhifu.acoustics.validation_setups import LOSSLESS, device
from openhifu.base.grid import Grid
from openhifu.base.picture import Picture
from openhifu.base.validation import ValidationRow
from openhifu.model.catalogue import tissue
from openhifu.model.medium import Medium
from openhifu.model.tissuemap import TissueMap
from openhifu.model.transducer import Cap

_FOCAL = 30e-3
_STEP = 0.25e-3  # m; the full wave's |P| moves by 0.04 % (L2) and its peak by 0.003 % from here to 0.2 mm
_HALF_WIDTH, _ENDS = 25e-3, (10.5e-3, 38.5e-3)
_EDGE = 17  # voxels at each side in which the march absorbs
_BEHIND = 24.5e-3  # m from the apex: behind the last interface wherever the beam goes
_NAMES = ("water", "skin", "fat", "muscle", "liver")
_KEEP = Recording(pressure=True, heat=False)


def _bulging(crossed: float, radius: float, x: float, y: float) -> Sphere:
    """A sphere that bulges towards the source, with its centre off the axis, which it crosses at a depth [m]."""
    return Sphere((x, y, crossed + math.sqrt(radius**2 - x**2 - y**2)), radius)


def _hollow(crossed: float, radius: float, x: float, y: float) -> Sphere:
    """A sphere that is hollow towards the source."""
    return Sphere((x, y, crossed - math.sqrt(radius**2 - x**2 - y**2)), radius, inwards=False)


def _slanted(crossed: float, degrees: float) -> Plane:
    """A plane across the axis at a depth [m], tilted towards x."""
    angle = math.radians(degrees)
    return Plane((0.0, 0.0, crossed), (math.sin(angle), 0.0, math.cos(angle)))


@dataclass(frozen=True)
class Wall:
    """Water, skin, fat, muscle and liver one behind the other.

    Attributes:
        surfaces: of skin, fat, muscle and liver.
        half_angle: of the bowl in front [degrees].
    """

    surfaces: tuple[Plane | Sphere, ...]
    half_angle: float

    def interfaces(self) -> Surfaces:
        """The surfaces with what lies between."""
        return Surfaces(self.surfaces, (0, 1, 2, 3, 4))

    def problem(self) -> AcousticProblem:
        """The question: a bowl of 30 mm focal length at 1 MHz, 10 W."""
        grid = Grid.box((-_HALF_WIDTH, -_HALF_WIDTH, _ENDS[0]), (_HALF_WIDTH, _HALF_WIDTH, _ENDS[1]), _STEP)
        rim = _FOCAL * math.sin(math.radians(self.half_angle))
        cap = Cap(focal_length=_FOCAL, outer_diameter=2 * rim, hole_diameter=0.0)
        tissues = tuple(LOSSLESS if name == "water" else tissue(name) for name in _NAMES)
        labels = self.interfaces().labels(grid)
        return AcousticProblem(device(cap, 1e6).drive(10.0), Medium(TissueMap(grid, labels, _NAMES), tissues))


_CURVED = Wall(
    (
        _bulging(12e-3, 60e-3, 4e-3, 0.0),
        _bulging(13.5e-3, 58e-3, 4e-3, 0.0),
        _bulging(18e-3, 40e-3, -5e-3, 3e-3),
        _bulging(23e-3, 45e-3, 3e-3, -4e-3),
    ),
    42.0,
)
_SLANTED = Wall((_slanted(13e-3, 8), _slanted(14.5e-3, 8), _slanted(18e-3, 4), _slanted(21.5e-3, -6)), 35.0)
_HOLLOW = Wall(
    (
        _hollow(14e-3, 70e-3, 3e-3, -2e-3),
        _hollow(15.5e-3, 70e-3, 3e-3, -2e-3),
        _hollow(19e-3, 60e-3, -4e-3, 2e-3),
        _hollow(22.5e-3, 80e-3, 2e-3, 5e-3),
    ),
    30.0,
)
_ROUND = Wall(
    (
        _bulging(11.5e-3, 35e-3, 2e-3, 3e-3),
        _bulging(13e-3, 33.5e-3, 2e-3, 3e-3),
        _bulging(19e-3, 30e-3, 6e-3, -2e-3),
        _bulging(22e-3, 60e-3, -8e-3, 0.0),
    ),
    25.0,
)


def _pressure(field: AcousticField) -> NDArray[np.complex64]:
    if field.pressure is None:
        raise TypeError("the case must record pressure")
    return field.pressure.data


@cache
def _whole(wall: Wall) -> AcousticField:
    return FullWave(wall.interfaces(), tolerance=5e-4).solve(wall.problem(), _KEEP)


@cache
def _compared(wall: Wall, wide: bool) -> tuple[float, float, Picture]:
    """L2 and peak difference [%] of |P| behind the last interface, and both on the plane y = 0."""
    problem = wall.problem()
    grid = problem.medium.grid
    march: Propagator = PhaseShift(wall.interfaces(), echoes=True) if wide else Marching()
    marched, whole = march.solve(problem, _KEEP), _whole(wall)
    inner, z = slice(_EDGE, -_EDGE), grid.affine[2, 3] + grid.axis(2)
    found, truth = (np.abs(_pressure(f)[inner, inner][..., z > _BEHIND]) for f in (marched, whole))
    x, n = (grid.affine[0, 3] + grid.axis(0))[inner], found.shape[1] // 2
    picture = side_by_side(x, z[z > _BEHIND], found[:, n].T, truth[:, n].T, "full wave")
    l2 = 100 * float(np.linalg.norm(found - truth) / np.linalg.norm(truth))
    return l2, 100 * abs(marched.peak_pressure / whole.peak_pressure - 1), picture


def _steep() -> ValidationRow:
    """The bowl of the curved wall in water alone: |P| behind the same depth on the plane y = 0, weighted by radius."""
    grid, drive = _CURVED.problem().medium.grid, _CURVED.problem().drive
    field = _pressure(Marching().solve(AcousticProblem(drive, Medium.uniform(LOSSLESS, grid)), _KEEP))
    n, inner = grid.shape[1] // 2, slice(_EDGE, -_EDGE)
    x, z = (grid.affine[0, 3] + grid.axis(0))[inner], grid.affine[2, 3] + grid.axis(2)
    z, found = z[z > _BEHIND], np.abs(field[inner, n][:, z > _BEHIND])
    points = np.stack(np.broadcast_arrays(x[:, None], 0.0, z[None, :]), axis=-1)
    truth = np.abs(pressure_at(drive, points, Fluid.of(LOSSLESS, drive.transducer.frequency)))
    ring = np.sqrt(np.abs(x))[:, None]
    figure = 100 * float(np.linalg.norm(ring * (found - truth)) / np.linalg.norm(ring * truth))
    picture = side_by_side(x, z, found.T, truth.T, "Rayleigh")
    case = "marching, bowl of 42 degrees in water: |P|"
    return ValidationRow.of(case, figure, 1.5, "% L2", "Rayleigh integral", picture)


def _rows(name: str, title: str, wall: Wall, limit: float, wide: bool) -> dict[str, Callable[[], ValidationRow]]:
    truth = "full wave, 0.04 % from a finer one" if wall is _CURVED else "full wave, residual 5e-4"
    title = f"{'phase-shift marching' if wide else 'marching'}, {title}"

    def field() -> ValidationRow:
        l2, _, picture = _compared(wall, wide)
        return ValidationRow.of(f"{title}: |P| behind", l2, limit, "% L2", truth, picture)

    def peak() -> ValidationRow:
        return ValidationRow.of(f"{title}: peak", _compared(wall, wide)[1], 2.0, "%", truth)

    return {f"{name}-l2": field, f"{name}-peak": peak}


_TITLES: tuple[tuple[str, str, Wall, float], ...] = (
    ("curved", "curved skin, fat, muscle, liver", _CURVED, 3.0),
    ("slanted", "slanted skin, fat, muscle, liver, 35 degrees", _SLANTED, 4.0),
    ("hollow", "hollow skin, fat, muscle, liver, 30 degrees", _HOLLOW, 4.0),
    ("round", "round skin, fat, muscle, liver, 25 degrees", _ROUND, 4.0),
)
CASES: dict[str, Callable[[], ValidationRow]] = {"marching-steep": _steep}
for _name, _title, _wall, _limit in _TITLES:
    CASES |= _rows(f"marching-{_name}", _title, _wall, _limit, wide=False)
    CASES |= _rows(f"phaseshift-{_name}", _title, _wall, _limit, wide=True)
"""Every case by its name; each full wave takes about half a minute."""
