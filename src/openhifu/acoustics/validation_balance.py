"""Two laws that every solver must keep whatever the medium: reciprocity, and conservation of energy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.box_flux import REACH, BoxFaces
from openhifu.acoustics.field import AcousticField
from openhifu.acoustics.fullwave import FullWave
from openhifu.acoustics.hybrid import Hybrid
from openhifu.acoustics.materials import Materials
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.quadrature import by_element
from openhifu.acoustics.rayleigh import pressure_at
from openhifu.acoustics.slab import slab_of
from openhifu.acoustics.solve import solve
from openhifu.acoustics.source import Fluid, element_velocities
from openhifu.acoustics.validation_pictures import amplitudes
from openhifu.acoustics.validation_setups import array, bowl, device, lossy, piston_points, substance
from openhifu.base.grid import Grid
from openhifu.base.picture import Curve, Panel, Picture
from openhifu.base.validation import ValidationRow
from openhifu.model.drive import Drive
from openhifu.model.medium import Medium
from openhifu.model.pose import Pose
from openhifu.model.tissue import Tissue
from openhifu.model.tissuemap import TissueMap
from openhifu.model.transducer import Cap, PistonArray

_FREQUENCY, _STEP, _PLANES = 5e5, 0.5e-3, 53
_BEYOND = 3e-3  # m: how far the second source's axis lies beside the first's
_FRONT = Cap(focal_length=24e-3, outer_diameter=24e-3, hole_diameter=0.0)
_BACK = Cap(focal_length=30e-3, outer_diameter=22e-3, hole_diameter=8e-3)
_RECIPROCITY, _ENERGY = 1.0, 2.0  # %


def _fluid(name: str, speed: float, density: float, attenuation: float) -> Tissue:
    """A fluid whose whole attenuation [Np/m] is heat."""
    values = {"sound_speed": speed, "density": density, "attenuation": attenuation}
    made = substance("water", **values, attenuation_exponent=0.0, absorbed_share=1.0)
    return made.model_copy(update={"name": name})


_TISSUES = (
    _fluid("water", 1500, 1000, 0.0),
    _fluid("fat", 1430, 920, 3.5),
    _fluid("muscle", 1590, 1060, 5.8),
    _fluid("bone", 2800, 1850, 46.0),
)


@dataclass(frozen=True)
class _Wall:
    """Fat and muscle between water and water, on a grid between two bowls that face each other at 500 kHz.

    Attributes:
        curved: whether the faces are curved, each another way; flat otherwise.
        bone: whether a piece of bone lies in the muscle, off the axis.
        columns: on either side of the first source's axis.
        beside: distance of the second source's axis from the first's along x [m].
    """

    curved: bool
    bone: bool
    columns: int
    beside: float

    def problems(self) -> tuple[AcousticProblem, AcousticProblem]:
        """The question of each source; the second sees the wall from behind."""
        half = self.columns * _STEP
        out = []
        for cap, first, shift in ((_FRONT, 8e-3, 0.0), (_BACK, 9e-3, self.beside)):
            low, high = (-half + shift, -half, first), (half + shift, half, first + (_PLANES - 1) * _STEP)
            grid = Grid.box(low, high, _STEP)
            labels = self._labels(grid.axis(0) - half, grid.axis(2))
            labels = np.ascontiguousarray(labels[:, :, ::-1] if out else labels)
            names = tuple(t.name for t in _TISSUES)
            medium = Medium(TissueMap(grid, labels, names), _TISSUES)
            out.append(AcousticProblem(device(cap, _FREQUENCY).drive(1.0), medium))
        return out[0], out[1]

    def _labels(self, x: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.uint8]:
        x, y, z = np.meshgrid(x, x, z, indexing="ij")
        bent = 1.0 if self.curved else 0.0
        labels = np.zeros(x.shape, np.uint8)
        labels[z > 4e-3 + bent * ((x - 2e-3) ** 2 / 60e-3 + y**2 / 80e-3)] = 1
        labels[z > 9e-3 + bent * ((x + 3e-3) ** 2 / 90e-3 + y**2 / 60e-3)] = 2
        if self.bone:
            labels[(x + 2e-3) ** 2 + y**2 / 2 + (1.6 * (z - 12e-3)) ** 2 < (5e-3) ** 2] = 3
        labels[z > 20e-3 - bent * x**2 / 200e-3] = 0
        return labels


_CURVED, _BONE = _Wall(True, False, 53, _BEYOND), _Wall(True, True, 53, _BEYOND)
_NARROW, _FLAT = _Wall(True, False, 36, _BEYOND), _Wall(False, False, 53, 0.0)


def _pressure(field: AcousticField) -> NDArray[np.complex64]:
    if field.pressure is None:
        raise TypeError("the case must record pressure")
    return field.pressure.data


@cache
def _solved(wall: _Wall, method: str, first: bool) -> AcousticField:
    """The field of the source before the wall, or of the one behind it."""
    problem = wall.problems()[0 if first else 1]
    keep = Recording(pressure=True, energy=method in ("marching", "axisymmetric"))
    match method:
        case "fullwave":
            return FullWave(tolerance=3e-4).solve(problem, keep)
        case "hybrid":
            return Hybrid(FullWave(tolerance=3e-4)).solve(problem, keep)
        case _:
            return solve(problem, keep, method)


def _first_face(wall: _Wall, method: str) -> int:
    """First plane on which a field holds all waves: behind where the full wave begins for the hybrid."""
    if method != "hybrid":
        return REACH
    problem = wall.problems()[0]
    slab = slab_of(problem, Materials.of(problem.medium, _FREQUENCY))
    if slab is None:
        raise TypeError("the case needs bone")
    return slab.first + REACH


def _reciprocity(wall: _Wall, method: str, case: str) -> ValidationRow:
    """What two fields exchange through planes before and behind the wall, and through the sides between."""
    problem = wall.problems()[0]
    one, two = _pressure(_solved(wall, method, True)), _pressure(_solved(wall, method, False))[:, :, ::-1]
    faces = BoxFaces.inside(problem.medium, problem.omega, REACH)
    found = faces.exchanged(one, two)
    figure = 100 * abs(complex(found.sum())) / abs(complex(found[5]))
    words = "what two fields exchange before and behind"
    return ValidationRow.of(case, figure, _RECIPROCITY, "%", words, _two_fields(problem, one, two))


def _two_fields(problem: AcousticProblem, one: NDArray, two: NDArray) -> Picture:
    grid = problem.medium.grid
    middle = grid.shape[1] // 2
    x, z = (1e3 * (grid.affine[n, 3] + grid.axis(n)) for n in (0, 2))
    half = 500 * grid.spacing[0]
    extent = (z[0] - half, z[-1] + half, x[0] - half, x[-1] + half)
    names = ("source before the wall", "source behind it")
    panels = [
        Panel(n, np.abs(p[:, middle]) / np.abs(p).max(), extent, "|P| / largest")
        for n, p in zip(names, (one, two), strict=True)
    ]
    labels = problem.medium.map.data[:, middle].astype(float)
    return Picture("z [mm]", "x [mm]", panels=(*panels, Panel("wall", labels, extent, "tissue")))


def _energy(wall: _Wall, method: str, case: str) -> ValidationRow:
    """Power into a box of voxels, and where it went."""
    problem, field = wall.problems()[0], _solved(wall, method, True)
    if field.heat_rate is None:
        raise TypeError("the case must record heat")
    faces = BoxFaces.inside(problem.medium, problem.omega, _first_face(wall, method))
    powers = faces.powers(_pressure(field))
    parts = {
        "heat": faces.contents(field.heat_rate.data),
        "through the sides": float(powers[:4].sum()),
        "through the last plane": float(powers[5]),
    }
    return _balance(case, -float(powers[4]), parts)


def _own_energy(wall: _Wall, method: str, case: str) -> ValidationRow:
    """The balance that a one-way solver keeps itself, what it turned back counted."""
    found = _solved(wall, method, True).energy
    if found is None:
        raise TypeError("the case must record energy")
    parts = {
        "attenuated": found.attenuated,
        "reflected": found.reflected,
        "sides": found.lateral,
        "last plane": found.leaving,
    }
    return _balance(case, found.emitted, parts)


def _balance(case: str, emitted: float, parts: dict[str, float]) -> ValidationRow:
    shares = np.cumsum([*parts.values()]) / emitted
    places = np.arange(len(parts))
    curves = (
        Curve.of(", + ".join(parts), places, shares, points=True),
        Curve.of("entering", places, np.ones(len(parts)), reference=True),
    )
    picture = Picture("where the power went", "share of what enters", curves)
    figure = 100 * abs(float(shares[-1]) - 1)
    return ValidationRow.of(case, figure, _ENERGY, "% of what enters", "conservation of energy", picture)


def _posed(drive: Drive, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points of a source's own axes where it stands in the patient."""
    if drive.pose is None:
        raise TypeError("the case needs a pose")
    apex = np.array(drive.pose.apex(drive.transducer.focal_length))
    return apex + points @ np.array(drive.pose.axes)


def _rayleigh_reciprocity() -> ValidationRow:
    """Mean pressure of each element of an array on a bowl against that of the bowl on the element, in a lossy fluid."""
    fluid = Fluid.of(lossy(), 1e6)
    bowl_drive = bowl(20e-3).drive(1.0, pose=Pose(focus=(0.0, 0.0, 0.0), direction=(0.0, 0.0, 1.0), roll=0.0))
    tilted = Pose(focus=(4e-3, -2e-3, 6e-3), direction=(0.28, 0.0, -0.96), roll=0.3)
    device, elements = array(), (0, 5, 11, 17, 23)
    surface = device.surface
    if not isinstance(surface, PistonArray):
        raise TypeError("the array is of discs")
    fine = by_element(bowl_drive.transducer.surface, fluid.wavelength / 2)
    there, back = [], []
    for e in elements:
        off = tuple(n for n in range(device.elements) if n != e)
        disc = device.drive(1.0, elements_off=off, pose=tilted)
        points, areas = piston_points(surface, e)
        heard = pressure_at(bowl_drive, _posed(disc, points), fluid) @ areas
        answered = pressure_at(disc, _posed(bowl_drive, fine.positions), fluid) @ fine.weights
        there.append(heard / element_velocities(bowl_drive, fluid)[0])
        back.append(answered / element_velocities(disc, fluid)[e])
    one, two = np.array(there), np.array(back)
    figure = 100 * float(np.abs(one - two).max() / np.abs(one).max())
    picture = amplitudes(np.array(elements), two, one, "element", "bowl heard by the element")
    words = "source and receiver exchanged"
    return ValidationRow.of("reciprocity, Rayleigh", figure, _RECIPROCITY, "%", words, picture)


def _rayleigh_energy() -> ValidationRow:
    half = 44 * _STEP
    grid = Grid.box((-half, -half, 8e-3), (half, half, 8e-3 + (_PLANES - 1) * _STEP), _STEP)
    medium = Medium.uniform(_fluid("water", 1500, 1000, 10.0), grid)
    problem = AcousticProblem(device(_FRONT, _FREQUENCY).drive(1.0), medium)
    field = solve(problem, Recording(pressure=True), "rayleigh")
    if field.heat_rate is None:
        raise TypeError("the case must record heat")
    faces = BoxFaces.inside(medium, problem.omega)
    powers = faces.powers(_pressure(field))
    sides, last = float(powers[:4].sum()), float(powers[5])
    parts = {"heat": faces.contents(field.heat_rate.data), "sides": sides, "last plane": last}
    return _balance("energy, lossy fluid, Rayleigh", -float(powers[4]), parts)


CASES: dict[str, Callable[[], ValidationRow]] = {
    "reciprocity-rayleigh": _rayleigh_reciprocity,
    "energy-rayleigh": _rayleigh_energy,
    "reciprocity-marching": lambda: _reciprocity(_CURVED, "marching", "reciprocity, curved fat and muscle, marched"),
    "energy-marching": lambda: _own_energy(_CURVED, "marching", "energy, curved fat and muscle, marched"),
    "reciprocity-axisymmetric": lambda: _reciprocity(_FLAT, "axisymmetric", "reciprocity, flat layers, axisymmetric"),
    "energy-axisymmetric": lambda: _own_energy(_FLAT, "axisymmetric", "energy, flat layers, axisymmetric"),
    "reciprocity-timedomain": lambda: _reciprocity(_NARROW, "timedomain", "reciprocity, fat and muscle, time domain"),
    "energy-timedomain": lambda: _energy(_NARROW, "timedomain", "energy, fat and muscle, time domain"),
    "reciprocity-fullwave": lambda: _reciprocity(_BONE, "fullwave", "reciprocity, bone in muscle, full wave"),
    "energy-fullwave": lambda: _energy(_BONE, "fullwave", "energy, bone in muscle, full wave"),
    "reciprocity-hybrid": lambda: _reciprocity(_BONE, "hybrid", "reciprocity, bone in muscle, hybrid"),
    "energy-hybrid": lambda: _energy(_BONE, "hybrid", "energy, bone in muscle, hybrid"),
}
"""Every case by its name; the time domain takes about a minute."""
