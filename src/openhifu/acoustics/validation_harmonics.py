"""Harmonics marched in three dimensions through layers, against the axisymmetric nonlinear solver."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.axisymmetric import Axisymmetric
from openhifu.acoustics.field import AcousticField
from openhifu.acoustics.marching_harmonics import HarmonicMarching
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.validation_setups import device, substance
from openhifu.base.grid import Grid
from openhifu.base.picture import Curve, Picture
from openhifu.base.validation import ValidationRow
from openhifu.model.medium import Medium
from openhifu.model.tissuemap import TissueMap
from openhifu.model.transducer import Cap

_WATER = substance("water", density=1000.0, sound_speed=1500.0, nonlinearity=5.0)
_TISSUES = (_WATER, substance("fat"), substance("muscle"))
_HARMONICS = 8
_TRUTH = "axisymmetric solver, 32 harmonics"


@dataclass(frozen=True)
class _Beam:
    """A bowl in front of water, fat and muscle.

    Attributes:
        cap: the bowl.
        frequency: Hz.
        pressure: on its surface [Pa].
        step: voxel [m].
        half: half-width of the grid [m].
        ends: first and last plane [m].
        faces: first plane of fat, and of muscle.
    """

    cap: Cap
    frequency: float
    pressure: float
    step: float
    half: float
    ends: tuple[float, float]
    faces: tuple[int, int]

    def problem(self, half: float) -> AcousticProblem:
        """The question on a grid of a half-width [m]."""
        grid = Grid.box((-half, -half, self.ends[0]), (half, half, self.ends[1]), self.step)
        labels = np.zeros(grid.shape, np.uint8)
        labels[:, :, self.faces[0] :] = 1
        labels[:, :, self.faces[1] :] = 2
        power = self.pressure**2 / (2 * 1000.0 * 1500.0) * self.cap.area
        medium = Medium(TissueMap(grid, labels, tuple(t.name for t in _TISSUES)), _TISSUES)
        return AcousticProblem(device(self.cap, self.frequency).drive(power), medium, _HARMONICS)


_SMALL = _Beam(
    Cap(focal_length=30e-3, outer_diameter=26e-3, hole_diameter=0.0),
    1e6,
    0.5e6,
    0.36e-3,
    16.92e-3,
    (15e-3, 34e-3),
    (8, 20),
)
_H101 = _Beam(
    Cap(focal_length=63.2e-3, outer_diameter=64e-3, hole_diameter=20e-3),
    1.1e6,
    0.25e6,
    0.4e-3,
    34e-3,
    (24e-3, 72e-3),
    (30, 55),
)


def _axis(field: AcousticField) -> NDArray[np.float64]:
    """|P| on the axis of every harmonic, shape (harmonics, planes)."""
    if field.pressure is None:
        raise TypeError("the case must record pressure")
    n = field.pressure.grid.shape[0] // 2
    return np.abs([p.data[n, n] for p in (field.pressure, *field.harmonics)])


@cache
def _both(beam: _Beam) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    keep = Recording(pressure=True)
    found = _axis(HarmonicMarching().solve(beam.problem(beam.half), keep))
    return found, _axis(Axisymmetric().solve(beam.problem(beam.step), keep))


def _picture(beam: _Beam) -> Picture:
    found, truth = _both(beam)
    z = 1e3 * (beam.ends[0] + beam.step * np.arange(found.shape[1]))
    curves = []
    for n in (1, 2, 4, 8):
        curves.append(Curve.of(f"harmonic {n}", z, found[n - 1] / 1e6))
        curves.append(Curve.of("axisymmetric", z, truth[n - 1] / 1e6, reference=True))
    return Picture("z [mm]", "|P| on the axis [MPa]", tuple(curves))


def _rows(name: str, title: str, beam: _Beam) -> dict[str, Callable[[], ValidationRow]]:
    def row(order: int, limit: float) -> ValidationRow:
        found, truth = _both(beam)
        figure = 100 * abs(float(found[order - 1].max() / truth[order - 1].max()) - 1)
        case = f"marched harmonics, {title}: peak of harmonic {order}"
        return ValidationRow.of(case, figure, limit, "%", _TRUTH, _picture(beam) if order == 1 else None)

    return {
        f"{name}-1": lambda: row(1, 0.5),
        f"{name}-2": lambda: row(2, 1.5),
        f"{name}-4": lambda: row(4, 5.0),
    }


CASES: dict[str, Callable[[], ValidationRow]] = {
    **_rows("harmonics-3d-small", "26 mm bowl, fat and muscle", _SMALL),
    **_rows("harmonics-3d", "64 mm bowl, fat and muscle", _H101),
}
"""Every case by its name; the 64 mm bowl takes some minutes."""
