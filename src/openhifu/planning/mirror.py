"""The wave that a body wall turns back: where it comes to a focus again, and how much it heats there.

A converging beam is a sum of plane waves, one for each ray of the aperture (Debye); through flat layers every one of
them goes on exactly, with the wavenumber k_l cos(theta_l) along the axis, the transmission of its angle at every
interface, and the reflection of its angle at the one between fat and muscle. On the axis, at a distance y before that
interface,

    P(y) = -i k rho c u A / (2 pi F) * mean over rays of T R exp(i sum over layers of k_l cos(theta_l) d_l + i k_f
    cos(theta_f) y),

with A the area that radiates, F the focal length; off the axis times J0(k r sin(theta)). Away from a focus by z every
ray has the length R to its point of the source, not its projection: times F / R exp(i k (R - F + z cos(theta))), with
R^2 = F^2 + z^2 - 2 F z cos(theta), which makes the field of a bowl in one fluid O'Neil's on the whole axis (Debye's
alone misplaces the dark points before the focus by millimetres; Li and Wolf, Opt. Commun. 39, 211 (1981)). It is the
field of a flat wall across the beam. A wall that is bent or tilted scatters what a flat one gathers: for it the numbers
are upper bounds.
Sources: Born and Wolf, Principles of Optics, section 8.8 (Debye's integral); Brekhovskikh, Waves in Layered Media,
section 1 (plane waves at interfaces); the hazard: Chen et al., J. Applied Acoustics 2025;44(1):55-62.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import j0

from openhifu.acoustics.source import Fluid, aperture_cosines
from openhifu.base.errors import GeometryError
from openhifu.model.drive import Drive
from openhifu.model.tissue import Property, Tissue
from openhifu.model.transducer import Cap

_RAYS = 400  # plane waves of a cap: enough for a point 60 mm from the focus
_STEP = 0.1e-3  # m between points where the mirror focus is looked for
_OFF_AXIS = 4e-3  # m; within which the beam at the mirror focus falls to half its heat

Complex = NDArray[np.complex128]


@dataclass(frozen=True)
class Layer:
    """One flat layer of a wall.

    Attributes:
        tissue: what it is of.
        thickness: m.
    """

    tissue: Tissue
    thickness: float


@dataclass(frozen=True)
class FlatWall:
    """Layers between the water and the muscle, across the beam's axis.

    Attributes:
        coupling: what lies before them.
        layers: outermost first; the last is the fat before the muscle.
        beyond: the muscle.
        depth: of the source's geometric focus behind the muscle's face [m]; may be zero, not negative.

    Raises:
        GeometryError: if a length is negative or not finite, or there is no layer.
    """

    coupling: Tissue
    layers: tuple[Layer, ...]
    beyond: Tissue
    depth: float

    def __post_init__(self) -> None:
        """Check lengths."""
        lengths = [self.depth, *(layer.thickness for layer in self.layers)]
        if not self.layers or not all(math.isfinite(x) and x >= 0 for x in lengths):
            raise GeometryError(
                f"a wall needs a layer at least, and thicknesses and depth of zero or more, got {lengths} m"
            )


@dataclass(frozen=True)
class MirrorFocus:
    """Where the reflected wave is strongest, and what it does there.

    Attributes:
        before: distance before the muscle's face [m].
        pressure: |P| of the reflected wave alone [Pa].
        intensity: of the reflected wave alone [W/m2].
        tissue: name of the tissue (or of the coupling fluid) there.
        heat_rate: of the reflected and the arriving wave there, averaged over their fringes [W/m3]; zero in the
            coupling fluid, which circulates.
        width: full width at half of the reflected wave's heat [m].
        focal_pressure: |P| of the transmitted wave at the depth of the geometric focus [Pa].
    """

    before: float
    pressure: float
    intensity: float
    tissue: str
    heat_rate: float
    width: float
    focal_pressure: float


def mirror_focus(drive: Drive, wall: FlatWall) -> MirrorFocus:
    """Find the mirror focus of a driven source before a flat wall across its axis.

    Raises:
        MissingProperty: if a tissue lacks a value that is needed.
    """
    waves = _Waves.of(drive, wall)
    reach = wall.depth + 10e-3
    y = np.arange(0.0, min(reach, sum(layer.thickness for layer in wall.layers) + 20e-3), _STEP)
    back = np.abs(waves.reflected(y))
    at = int(np.argmax(back * np.where(y >= 0.5 * wall.depth, 1.0, 0.0)))
    before = float(y[at])
    tissue, fluid = waves.where(before)
    width = _width(waves, before)
    here = float(back[at])
    return MirrorFocus(
        before=before,
        pressure=here,
        intensity=here**2 / (2 * fluid.impedance),
        tissue=tissue.name,
        heat_rate=heat_before(drive, wall, before),
        width=width,
        focal_pressure=float(np.abs(waves.transmitted(wall.depth))),
    )


def heat_before(drive: Drive, wall: FlatWall, before: float) -> float:
    """Heat rate [W/m3] on the axis at a distance [m] before the muscle's face: both waves, averaged over their fringes.

    Raises:
        MissingProperty: if a tissue lacks a value that is needed.
    """
    waves = _Waves.of(drive, wall)
    tissue, fluid = waves.where(before)
    absorbed = 0.0 if tissue is wall.coupling else tissue.absorption.at(fluid.frequency)
    at = np.array([before])
    square = float(np.abs(waves.reflected(at)[0]) ** 2 + np.abs(waves.arriving(at)[0]) ** 2)
    return absorbed * square / fluid.impedance


def rise_bound(found: MirrorFocus, tissue: Tissue, on_time: float) -> float:
    """Highest temperature rise [K] at the mirror focus after an exposure, without perfusion and for a long focus.

    A heat source with a Gaussian profile of variance s^2 across the axis, the same all along it, warms its axis by
    q s^2 / (2 kappa) ln(1 + 2 D t / s^2) (the integral of the plane's heat kernel; Carslaw and Jaeger, section 10.3).

    Raises:
        MissingProperty: if the tissue has no thermal properties.
    """
    conductivity = tissue.value(Property.CONDUCTIVITY)
    capacity = tissue.value(Property.DENSITY) * tissue.value(Property.HEAT_CAPACITY)
    variance = (0.5 * found.width) ** 2 / (2 * math.log(2))
    spread = 2 * conductivity / capacity * on_time / variance
    return found.heat_rate * variance / (2 * conductivity) * math.log1p(spread)


def _width(waves: _Waves, before: float) -> float:
    """Full width at half the heat of the reflected wave across the axis."""
    r = np.linspace(0.0, _OFF_AXIS, 400)
    profile = np.abs(waves.reflected_across(before, r)) ** 2
    under = np.flatnonzero(profile < 0.5 * profile[0])
    return 2 * float(r[under[0]]) if under.size else 2 * _OFF_AXIS


@dataclass(frozen=True, eq=False)
class _Waves:
    """Plane waves of a beam through a wall.

    Attributes:
        wall: the wall.
        fluids: of the coupling, the layers and the muscle.
        along: complex wavenumber along the axis of every wave in every one of them, (media, rays).
        sideways: wavenumber across, (rays,).
        arrived: amplitude of every wave on the muscle's face, before it [Pa].
        entered: its transmission there.
        turned: its reflection there.
        weight: of every wave in the mean.
        focal: focal length [m].
    """

    wall: FlatWall
    fluids: tuple[Fluid, ...]
    along: Complex
    sideways: NDArray[np.float64]
    arrived: Complex
    entered: Complex
    turned: Complex
    weight: NDArray[np.float64]
    focal: float

    @classmethod
    def of(cls, drive: Drive, wall: FlatWall) -> _Waves:
        surface, frequency = drive.transducer.surface, drive.transducer.frequency
        tissues = (wall.coupling, *(layer.tissue for layer in wall.layers), wall.beyond)
        fluids = tuple(Fluid.of(t, frequency) for t in tissues)
        cosines = _cosines(surface) if isinstance(surface, Cap) else aperture_cosines(surface)
        sideways = fluids[0].wavenumber * np.sqrt(1 - cosines**2)
        k = np.array([f.wavenumber + 1j * f.attenuation for f in fluids])
        along = np.sqrt(k[:, None] ** 2 - sideways**2)
        effort = np.array([f.density for f in fluids])[:, None] / along  # rho / kz: impedance of each wave, over omega
        share = 1 - len(drive.elements_off) / drive.transducer.elements
        area = surface.area * share
        speed = math.sqrt(2 * drive.acoustic_power / (fluids[0].impedance * area))
        scale = fluids[0].wavenumber * fluids[0].impedance * speed * area / (2 * np.pi * surface.focal_length)
        thickness = [layer.thickness for layer in wall.layers]
        start = -(wall.depth + sum(thickness))
        wave = -1j * scale * np.exp(1j * along[0] * start)
        for n, thick in enumerate(thickness, 1):
            wave = wave * 2 * effort[n] / (effort[n - 1] + effort[n]) * np.exp(1j * along[n] * thick)
        last, face = effort[-2], effort[-1]
        weight = np.full(len(cosines), 1 / len(cosines))
        turned = (face - last) / (face + last)
        return cls(wall, fluids, along, sideways, wave, 2 * face / (last + face), turned, weight, surface.focal_length)

    def where(self, before: float) -> tuple[Tissue, Fluid]:
        """What lies at a distance before the muscle's face."""
        for layer, fluid in zip(reversed(self.wall.layers), reversed(self.fluids[1:-1]), strict=True):
            if before <= layer.thickness:
                return layer.tissue, fluid
            before -= layer.thickness
        return self.wall.coupling, self.fluids[0]

    def _back_to(self, before: float) -> Complex:
        """What every wave that leaves the face becomes at a distance before it."""
        factor = np.ones(len(self.sideways), complex)
        count = len(self.wall.layers)
        for n in range(count, -1, -1):
            thick = self.wall.layers[n - 1].thickness if n else math.inf
            step = min(before, thick)
            factor = factor * np.exp(1j * self.along[n] * step)
            before -= step
            if before <= 0 or n == 0:
                return factor
            here, there = (self.fluids[m].density / self.along[m] for m in (n, n - 1))
            factor = factor * 2 * there / (here + there)
        return factor

    def _at_its_distance(self, z: float) -> Complex:
        """What every wave's true way to the source makes of it at ``z`` [m] before its focus."""
        k = self.fluids[-2].wavenumber
        cosine = np.real(self.along[-2]) / k
        ray = np.sqrt(self.focal**2 + z**2 - 2 * self.focal * z * cosine)
        return self.focal / ray * np.exp(1j * k * (ray - self.focal + z * cosine))

    def reflected(self, y: NDArray[np.float64]) -> Complex:
        """On the axis, at distances before the muscle's face [Pa]."""
        return np.array([complex(np.sum(self._turned_back(d))) for d in y])

    def _turned_back(self, before: float) -> Complex:
        """Every reflected wave at a distance before the face, on the axis."""
        way = self._back_to(before) * self._at_its_distance(self.wall.depth - before)
        return self.weight * self.arrived * self.turned * way

    def reflected_across(self, before: float, r: NDArray[np.float64]) -> Complex:
        """Off the axis [Pa]."""
        return j0(r[:, None] * self.sideways) @ self._turned_back(before)

    def arriving(self, y: NDArray[np.float64]) -> Complex:
        """The wave on its way in, on the axis in the last layer, at distances before the face [Pa]."""
        ways = ((d, self._at_its_distance(self.wall.depth + d)) for d in y)
        return np.array(
            [complex(np.sum(self.weight * self.arrived * near * np.exp(-1j * self.along[-2] * d))) for d, near in ways]
        )

    def transmitted(self, depth: float) -> complex:
        """On the axis in the muscle [Pa]."""
        return complex(np.sum(self.weight * self.arrived * self.entered * np.exp(1j * self.along[-1] * depth)))


def _cosines(surface: Cap) -> NDArray[np.float64]:
    hole, rim = np.cos(surface.half_angles)
    return hole + (rim - hole) * (np.arange(_RAYS) + 0.5) / _RAYS
