"""Accuracy of the full wave behind layers of skull, anywhere between the voxels, against exact fields."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.field import AcousticField
from openhifu.acoustics.fullwave import FullWave
from openhifu.acoustics.interfaces import FinerLabels, Interfaces, Plane, Sphere, Surfaces, finer_grid
from openhifu.acoustics.layered_oracle import FlatStack, LayeredField
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.source import Fluid, element_velocities
from openhifu.acoustics.validation_pictures import side_by_side
from openhifu.acoustics.validation_setups import device, substance
from openhifu.base.grid import Grid
from openhifu.base.picture import Picture
from openhifu.base.units import np_per_m_from_db_per_cm
from openhifu.base.validation import ValidationRow
from openhifu.model.medium import Medium
from openhifu.model.tissue import Tissue
from openhifu.model.tissuemap import TissueMap
from openhifu.model.transducer import Cap

FREQUENCY = 5e5
"""Of the transcranial benchmarks [Hz]."""

SPEED = 0.04
"""Of the source's surface in them [m/s]."""

_STEP = 0.5e-3  # a sixth of the wavelength in water
_TRUTH = "exact layers, all reverberation"


def _material(name: str, speed: float, density: float, db_per_cm: float) -> Tissue:
    """A material of the transcranial benchmarks, attenuation at 500 kHz."""
    values = {"sound_speed": speed, "density": density, "attenuation": np_per_m_from_db_per_cm(db_per_cm)}
    made = substance("water", **values, attenuation_exponent=0.0, absorbed_share=1.0)
    return made.model_copy(update={"name": name})


MATERIALS = {
    "water": _material("water", 1500, 1000, 0),
    "lossy": _material("lossy", 1500, 1000, 1),
    "skin": _material("skin", 1610, 1090, 0.2),
    "brain": _material("brain", 1560, 1040, 0.3),
    "cortical": _material("cortical", 2800, 1850, 4),
    "trabecular": _material("trabecular", 2300, 1700, 8),
}
"""Of the transcranial benchmarks."""


@dataclass(frozen=True)
class Layers:
    """A bowl and what lies across its axis.

    Attributes:
        cap: the source.
        names: materials from the source outwards.
        boundaries: where the axis crosses from one to the next [m].
        half_width: of the grid [m].
        ends: first and last plane [m].
        tilt: of the layers [rad].
    """

    cap: Cap
    names: tuple[str, ...]
    boundaries: tuple[float, ...]
    half_width: float
    ends: tuple[float, float]
    tilt: float = 0.0

    def shifted(self, by: float) -> Layers:
        """All boundaries moved along the axis [m]."""
        return Layers(
            self.cap, self.names, tuple(b + by for b in self.boundaries), self.half_width, self.ends, self.tilt
        )

    def tilted(self, degrees: float) -> Layers:
        """Turned about where the axis crosses each boundary."""
        return Layers(self.cap, self.names, self.boundaries, self.half_width, self.ends, math.radians(degrees))

    def surfaces(self) -> Surfaces:
        """The boundaries as planes."""
        normal = (math.sin(self.tilt), 0.0, math.cos(self.tilt))
        order = tuple(dict.fromkeys(self.names))
        planes = tuple(Plane((0.0, 0.0, b), normal) for b in self.boundaries)
        return Surfaces(planes, tuple(order.index(n) for n in self.names))

    def problem(self, surfaces: Surfaces, step: float = _STEP) -> AcousticProblem:
        """The question whose map follows from surfaces."""
        grid = Grid.box(
            (-self.half_width, -self.half_width, self.ends[0]), (self.half_width, self.half_width, self.ends[1]), step
        )
        order = tuple(dict.fromkeys(self.names))
        medium = Medium(TissueMap(grid, surfaces.labels(grid), order), tuple(MATERIALS[n] for n in order))
        first = Fluid.of(MATERIALS[self.names[0]], FREQUENCY)
        power = 0.5 * first.impedance * SPEED**2 * self.cap.area
        return AcousticProblem(device(self.cap, FREQUENCY).drive(power), medium)


_SMALL = Cap(focal_length=24e-3, outer_diameter=24e-3, hole_diameter=0.0)
BOWL = Cap(focal_length=64e-3, outer_diameter=64e-3, hole_diameter=0.0)
"""The first source of the transcranial benchmarks, SC1."""

SKULL_NAMES = ("water", "skin", "cortical", "trabecular", "cortical", "brain")
SMALL_WATER = Layers(_SMALL, ("water",), (), 5e-3, (7e-3, 36e-3))
SMALL_BONE = Layers(_SMALL, ("water", "cortical", "water"), (10e-3, 14e-3), 5e-3, (7e-3, 36e-3))
SMALL_SKULL = Layers(_SMALL, SKULL_NAMES, (8.5e-3, 10e-3, 11e-3, 13e-3, 14e-3), 5e-3, (7e-3, 36e-3))
BENCHMARKS = {
    "BM1": Layers(BOWL, ("water",), (), 35e-3, (12e-3, 120e-3)),
    "BM2": Layers(BOWL, ("lossy",), (), 35e-3, (12e-3, 120e-3)),
    "BM3": Layers(BOWL, ("water", "cortical", "water"), (30e-3, 36.5e-3), 35e-3, (12e-3, 120e-3)),
    "BM4": Layers(BOWL, SKULL_NAMES, (26e-3, 30e-3, 31.5e-3, 35.5e-3, 36.5e-3), 35e-3, (12e-3, 120e-3)),
}


@dataclass(frozen=True)
class Compared:
    """|P| of a field held against the exact one on the plane y = 0, behind the last layer.

    Attributes:
        l2: relative L2 difference of |P|, %.
        peak: difference of the largest |P|, %.
        moved: distance between the largest |P| of both, m.
        iterations: of the solve.
        picture: both fields on the plane.
    """

    l2: float
    peak: float
    moved: float
    iterations: int
    picture: Picture


@cache
def compared(layers: Layers, step: float = _STEP, labels_cut: int = 0) -> Compared:
    """Solve and compare; ``labels_cut`` makes the maps from labels that cut each voxel instead of from surfaces."""
    surfaces = layers.surfaces()
    problem = layers.problem(surfaces, step)
    shape: Interfaces = surfaces
    if labels_cut:
        fine = finer_grid(problem.medium.grid, labels_cut)
        shape = FinerLabels(TissueMap(fine, surfaces.labels(fine), problem.medium.map.tissues))
    field = FullWave(shape).solve(problem, Recording(pressure=True, heat=False))
    grid = problem.medium.grid
    x, z = grid.affine[0, 3] + grid.axis(0), grid.affine[2, 3] + grid.axis(2)
    middle = grid.shape[1] // 2
    found, truth = np.abs(_pressure(field)[:, middle, :].T), np.abs(exact_field(layers, problem, x, z))
    last = layers.boundaries[-1] if layers.boundaries else 0.0
    deep = z[:, None] * math.cos(layers.tilt) + x[None, :] * math.sin(layers.tilt)
    behind = (deep > last * math.cos(layers.tilt) + step) & (z[:, None] > last)
    at, should = (np.unravel_index(int(np.argmax(p * behind)), p.shape) for p in (found, truth))
    return Compared(
        l2=100 * float(np.linalg.norm((found - truth)[behind]) / np.linalg.norm(truth[behind])),
        peak=100 * abs(float(found[behind].max() / truth[behind].max()) - 1),
        moved=math.hypot(float(z[at[0]] - z[should[0]]), float(x[at[1]] - x[should[1]])),
        iterations=field.report.convergence.iterations if field.report.convergence else 0,
        picture=side_by_side(x, z, *(np.where(behind, p, np.nan) for p in (found, truth)), of="exact layers"),
    )


def _pressure(field: AcousticField) -> NDArray[np.complex64]:
    if field.pressure is None:
        raise TypeError("the case must record pressure")
    return field.pressure.data


def exact_field(
    layers: Layers, problem: AcousticProblem, x: NDArray[np.float64], z: NDArray[np.float64]
) -> NDArray[np.complex128]:
    """The exact pressure behind the last layer, on the plane y = 0, shape (z, x) [Pa]."""
    fluids = tuple(Fluid.of(MATERIALS[n], FREQUENCY) for n in layers.names)
    velocity = float(abs(element_velocities(problem.drive, fluids[0])[0]))
    oracle = LayeredField(layers.cap, velocity, FlatStack(fluids, layers.boundaries, layers.tilt))
    return oracle.beyond(x, 0.0, z) if layers.tilt else oracle.at(np.abs(x), z)


def _shells(step: float) -> AcousticField:
    """A small skull of concentric shells in front of the small bowl's focus."""
    layers = Layers(_SMALL, ("water", "cortical", "brain"), (10e-3, 14e-3), 4e-3, (7e-3, 31e-3))
    centre = (1e-3, 0.0, 40e-3)
    shells = Surfaces((Sphere(centre, 30e-3), Sphere(centre, 26e-3)), (0, 1, 2))
    return FullWave(shells).solve(layers.problem(shells, step), Recording(pressure=True, heat=False))


@cache
def _refined_shells() -> tuple[float, float, Picture]:
    """L2 and peak difference [%] of |P| behind curved shells between steps of a sixth and a twelfth wavelength."""
    coarse, fine = (np.abs(_pressure(_shells(h))) for h in (_STEP, _STEP / 2))
    fine = fine[::2, ::2, ::2]
    behind = np.s_[:, :, 16:]
    a, b = coarse[behind], fine[behind]
    x, z = _STEP * (np.arange(a.shape[0]) - a.shape[0] // 2), 7e-3 + _STEP * (16 + np.arange(a.shape[2]))
    n = a.shape[1] // 2
    picture = side_by_side(x, z, a[:, n].T, b[:, n].T, "half the step")
    l2 = 100 * float(np.linalg.norm(a - b) / np.linalg.norm(b))
    return l2, 100 * abs(float(a.max() / b.max()) - 1), picture


def _shells_row(what: int) -> ValidationRow:
    l2, peak, picture = _refined_shells()
    case, figure, limit, unit = (("|P| behind", l2, 3.0, "% L2"), ("peak behind", peak, 2.0, "%"))[what]
    truth = "twelve points per wavelength"
    return ValidationRow.of(f"full wave, curved shells: {case}", figure, limit, unit, truth, None if what else picture)


def _rows(
    name: str, title: str, layers: Layers, l2: float, peak: float, cut: int = 0
) -> dict[str, Callable[[], ValidationRow]]:
    def row(what: str, unit: str, limit: float, words: str) -> Callable[[], ValidationRow]:
        def run() -> ValidationRow:
            found = compared(layers, labels_cut=cut)
            figure = {"l2": found.l2, "peak": found.peak, "place": 1e3 * found.moved}[what]
            picture = found.picture if what == "l2" else None  # one for the three rows of a case
            return ValidationRow.of(f"full wave, {title}: {words}", figure, limit, unit, _TRUTH, picture)

        return run

    return {
        f"{name}-l2": row("l2", "% L2", l2, "|P| behind"),
        f"{name}-peak": row("peak", "%", peak, "peak behind"),
        f"{name}-place": row("place", "mm", 1e3 * _STEP * math.sqrt(2), "place of the peak"),
    }


QUICK: dict[str, Callable[[], ValidationRow]] = {
    **_rows("fullwave-water", "water", SMALL_WATER, 0.5, 0.3),
    **_rows("fullwave-bone", "bone between voxels", SMALL_BONE.shifted(0.2e-3), 1.5, 1.0),
    **_rows("fullwave-tilt", "skull tilted 15 degrees", SMALL_SKULL.tilted(15), 1.5, 1.0),
}
"""Cases of some seconds each, on a small bowl."""

CASES: dict[str, Callable[[], ValidationRow]] = {
    **QUICK,
    **_rows("fullwave-skull", "three layers of skull", SMALL_SKULL, 1.5, 1.0),
    **_rows("fullwave-labels", "bone from labels of a sixth voxel", SMALL_BONE, 1.5, 1.0, cut=6),
    **{
        key: case
        for name, layers in BENCHMARKS.items()
        for key, case in _rows(
            f"fullwave-{name}", name, layers, *((1.5, 1.0) if layers.boundaries else (0.5, 0.3))
        ).items()
    },
    "fullwave-shells-l2": lambda: _shells_row(0),
    "fullwave-shells-peak": lambda: _shells_row(1),
}
"""Every case by its name; the benchmarks BM1 to BM4 take a minute or so each."""
