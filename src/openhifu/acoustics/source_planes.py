"""Fields of sources on a plane, made once and moved to every spot by their lateral spectrum."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.fourier import backward, fast_size, forward
from openhifu.acoustics.problem import AcousticProblem
from openhifu.acoustics.quadrature import by_element
from openhifu.acoustics.radial import RadialField
from openhifu.acoustics.rayleigh import pressure_at
from openhifu.acoustics.source import Fluid, element_velocities, is_axisymmetric
from openhifu.acoustics.wave_sums import pressure_by_element
from openhifu.base.errors import CannotModel
from openhifu.model.drive import Drive
from openhifu.model.transducer import Cap, Transducer, VelocityPlane

_SAMPLES = 2.08  # per wavelength: a little above Nyquist of every wave that propagates
_GRAZING = (
    0.9,
    0.98,
)  # shares of k: lateral waves between run along the planes and fall to zero, smoothly as to not ring
_NEAR = 10e-3  # m; how far along the beam a plane may be brought
Pattern = tuple[tuple[int, ...], tuple[float, ...], tuple[float, ...]]


@dataclass(frozen=True)
class PlaneLattice:
    """Where source planes are sampled: a lattice centred on the source's axis, one period of the march's transform.

    Attributes:
        extent: period along x and y [m].
        z: distance of the plane from the apex [m].
        edge: width of the taper at each side [m].
    """

    extent: tuple[float, float]
    z: float
    edge: float

    def counts(self, wavelength: float) -> tuple[int, int]:
        """Samples along x and y: even, and fast to transform."""
        a, b = (2 * fast_size(math.ceil(0.5 * _SAMPLES * side / wavelength)) for side in self.extent)
        return a, b

    def axes(self, wavelength: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Coordinates of the samples along x and y [m], symmetric about the source's axis."""
        (m, n), (width, height) = self.counts(wavelength), self.extent
        half_x, half_y = 0.5 * width * (1 - 1 / m), 0.5 * height * (1 - 1 / n)
        return np.linspace(-half_x, half_x, m), np.linspace(-half_y, half_y, n)


@dataclass(frozen=True, eq=False)
class SourcePlanes:
    """Pressure on one plane for each way a transducer is driven, per square root of watt where whole, else per m/s.

    Attributes:
        fluid: what the source radiates into.
        lattice: where.
        whole: planes of driving patterns that were summed directly [Pa per sqrt(W)].
        elements: plane of every element moving at 1 m/s, shape (elements, a, b); empty if no drive needed them.
        transducer: content hash of whose planes they are.
    """

    fluid: Fluid
    lattice: PlaneLattice
    whole: dict[Pattern, NDArray[np.complex64]]
    elements: NDArray[np.complex64]
    transducer: str = ""

    @classmethod
    def of(cls, drives: Sequence[Drive], fluid: Fluid, lattice: PlaneLattice) -> SourcePlanes:
        """Planes for all drives of one transducer: few patterns are summed directly, more by element."""
        patterns = {_pattern(d): d for d in drives}
        symmetric = {p: d for p, d in patterns.items() if is_axisymmetric(d)}
        others = {p: d for p, d in patterns.items() if p not in symmetric}
        whole = {p: _round_plane(d, fluid, lattice) for p, d in symmetric.items()}
        as_a_whole = isinstance(drives[0].transducer.surface, VelocityPlane)
        if as_a_whole or (len(others) == 1 and not _turnable(drives[0].transducer, lattice)):
            whole |= {p: _summed_plane(d, fluid, lattice) for p, d in others.items()}
            others = {}
        elements = (
            _element_planes(drives[0].transducer, fluid, lattice) if others else np.empty((0, 0, 0), np.complex64)
        )
        return cls(fluid, lattice, whole, elements, drives[0].transducer.content_hash)

    def serves(self, drives: Sequence[Drive], fluid: Fluid, lattice: PlaneLattice) -> bool:
        """Whether these are the planes of some drives: of one source, fluid and period, with every pattern.

        A plane some millimetres off along the beam is no hindrance; the wave is brought from there.
        """
        near = abs(lattice.z - self.lattice.z) < _NEAR and lattice.edge == self.lattice.edge
        same = fluid == self.fluid and lattice.extent == self.lattice.extent and near
        return same and all(d.transducer.content_hash == self.transducer and _pattern(d) in self.whole for d in drives)

    def of_patterns(self, drives: Sequence[Drive]) -> SourcePlanes:
        """The planes of some drives alone, each as a whole: small enough to be sent about."""
        whole = {_pattern(d): self.sampled(d) / np.float32(math.sqrt(d.acoustic_power)) for d in drives}
        return SourcePlanes(self.fluid, self.lattice, whole, np.empty((0, 0, 0), np.complex64), self.transducer)

    def sampled(self, drive: Drive) -> NDArray[np.complex64]:
        """Pressure [Pa] of a drive on the lattice."""
        if (found := self.whole.get(_pattern(drive))) is not None:
            return found * np.float32(math.sqrt(drive.acoustic_power))
        velocity = element_velocities(drive, self.fluid).astype(np.complex64)
        return np.tensordot(velocity, self.elements, axes=1)

    def on_grid(
        self, drive: Drive, shape: tuple[int, int], first: tuple[float, float, float], steps: tuple[float, float]
    ) -> NDArray[np.complex64]:
        """Pressure [Pa] on a plane of the march: another centre, a finer lattice, a plane further on.

        The lateral spectrum is shifted by exp(i k . shift), advanced by exp(i kz dz), and padded with zeros.

        Args:
            drive: how the source is driven.
            shape: samples of the march's transform.
            first: first voxel in the source's axes [m].
            steps: lateral voxel size [m].
        """
        return self.moved(self.sampled(drive), shape, first, steps)

    def moved(
        self,
        plane: NDArray[np.complex64],
        shape: tuple[int, int],
        first: tuple[float, float, float],
        steps: tuple[float, float],
    ) -> NDArray[np.complex64]:
        """Any plane on the source's lattice, brought to the march's; arguments as for ``on_grid``."""
        plane = plane * np.outer(
            *(_taper(n, side, self.lattice.edge) for n, side in zip(plane.shape, self.lattice.extent, strict=True))
        )
        spectrum = forward(plane) * np.float32(shape[0] * shape[1] / plane.size)
        numbers = [np.rint(np.fft.fftfreq(n) * n) for n in plane.shape]
        starts = [axis[0] for axis in self.lattice.axes(self.fluid.wavelength)]
        u, v = (2 * np.pi * m / side for m, side in zip(numbers, self.lattice.extent, strict=True))
        shift = np.outer(np.exp(1j * u * (first[0] - starts[0])), np.exp(1j * v * (first[1] - starts[1])))
        k = self.fluid.wavenumber
        lateral = u[:, None] ** 2 + v[None, :] ** 2
        kz = np.sqrt((k + 1j * self.fluid.attenuation) ** 2 - np.minimum(lateral, k * k))
        shift *= np.exp(1j * kz * (first[2] - self.lattice.z)) * _shallow(np.sqrt(lateral) / k)
        spectrum *= shift.astype(np.complex64)
        out = np.zeros(shape, np.complex64)
        a, b = plane.shape[0] // 2, plane.shape[1] // 2
        for rows in (slice(0, a), slice(-a, None)):
            out[rows, :b], out[rows, -b:] = spectrum[rows, :b], spectrum[rows, -b:]
        return backward(out)


def element_planes(planes: SourcePlanes, problem: AcousticProblem, shape: tuple[int, int]) -> Iterator[NDArray]:
    """Plane of every element moving at 1 m/s [Pa per m/s] on the first plane of a problem's grid, padded to a shape."""
    transducer = problem.drive.transducer
    if isinstance(transducer.surface, VelocityPlane):
        raise CannotModel(
            "a measured plane is one element, which has nothing to be steered; use the device's own surface"
        )
    own = planes.elements if planes.elements.size else _element_planes(transducer, planes.fluid, planes.lattice)
    for plane in own:
        yield planes.moved(plane, shape, problem.first_voxel, problem.medium.grid.spacing[:2])


def _pattern(drive: Drive) -> Pattern:
    return tuple(sorted(drive.elements_off)), drive.phases, drive.amplitudes


def _taper(n: int, side: float, edge: float) -> NDArray[np.float32]:
    """One inside, falling to zero as sine squared over ``edge`` at both ends."""
    inward = (np.arange(n) + 0.5) * side / n
    inward = np.minimum(inward, side - inward)
    return (np.sin(0.5 * np.pi * np.minimum(inward / edge, 1.0)) ** 2).astype(np.float32)


def _shallow(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weight of lateral waves of a share of the wavenumber."""
    fall = np.clip((share - _GRAZING[0]) / (_GRAZING[1] - _GRAZING[0]), 0.0, 1.0)
    return np.cos(0.5 * np.pi * fall) ** 2


def _unit(drive: Drive) -> Drive:
    """The same pattern at 1 W, in the transducer's own axes."""
    return drive.model_copy(update={"acoustic_power": 1.0, "pose": None})


def _round_plane(drive: Drive, fluid: Fluid, lattice: PlaneLattice) -> NDArray[np.complex64]:
    x, y = lattice.axes(fluid.wavelength)
    radius = np.hypot(x[:, None], y[None, :])
    radial = RadialField(_unit(drive), fluid, np.array([lattice.z]), float(radius.max()))
    return radial.plane(0, radius).astype(np.complex64)


def _points(lattice: PlaneLattice, wavelength: float) -> NDArray[np.float64]:
    x, y = lattice.axes(wavelength)
    points = np.empty((x.size, y.size, 3))
    points[..., 0], points[..., 1], points[..., 2] = x[:, None], y[None, :], lattice.z
    return points


def _summed_plane(drive: Drive, fluid: Fluid, lattice: PlaneLattice) -> NDArray[np.complex64]:
    return pressure_at(_unit(drive), _points(lattice, fluid.wavelength), fluid).astype(np.complex64)


def _turnable(transducer: Transducer, lattice: PlaneLattice) -> bool:
    """Whether the elements' planes are images of one another under quarter turns and reflections of the lattice."""
    surface = transducer.surface
    cut = isinstance(surface, Cap) and surface.elements > 1 and surface.sectors % 4 == 0
    return cut and lattice.extent[0] == lattice.extent[1]


def _element_planes(transducer: Transducer, fluid: Fluid, lattice: PlaneLattice) -> NDArray[np.complex64]:
    """Every element's plane; a cap cut into a multiple of four sectors needs an eighth of them, the rest are images."""
    surface = transducer.surface
    points = by_element(surface, fluid.wavelength)
    targets = _points(lattice, fluid.wavelength)
    a, b = targets.shape[:2]
    turnable = _turnable(transducer, lattice)
    sectors = surface.sectors if isinstance(surface, Cap) else 1
    quarter = sectors // 4 if turnable else sectors
    chosen = [e for e in range(surface.elements) if not turnable or e % sectors < (quarter + 1) // 2]
    found = pressure_by_element(targets.reshape(-1, 3), points.only(chosen), fluid)
    planes = np.empty((surface.elements, a, b), np.complex64)
    for e, plane in zip(chosen, found.reshape(-1, a, b), strict=True):
        if not turnable:
            planes[e] = plane
            continue
        mirror = e - 2 * (e % sectors) + quarter - 1
        for turn in range(4):
            planes[e + turn * quarter] = np.rot90(plane, turn)
            planes[mirror + turn * quarter] = np.rot90(plane.T, turn)
    return planes
