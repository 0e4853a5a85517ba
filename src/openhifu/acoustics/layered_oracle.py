"""The exact field of a spherical cap radiating through parallel fluid layers, all reverberation included."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openhifu.acoustics.source import Fluid
from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.model.transducer import Cap

_EVANESCENT = 24.0  # nepers over which waves that do not propagate are followed
_PER_PANEL = 64  # Gauss points in a panel of the quadrature,
_EXTRA = 32  # of which these come on top of one per half turn of the phase
_DIRECTIONS = 24  # samples per half turn of the phase in the table of directions
_AROUND = 2.2  # samples around the normal per turn of the phase


@dataclass(frozen=True)
class FlatStack:
    """Parallel fluid layers across a source's axis.

    Attributes:
        fluids: from the source outwards; the first reaches back to the source, the last goes on for ever.
        boundaries: where the axis crosses from each fluid into the next, from the apex [m]; one fewer than fluids.
        tilt: angle [rad] of the layers' normal from the axis, towards the source's +x.

    Raises:
        OutOfRange: if counts or order are wrong, frequencies differ, the tilt is a quarter turn or more, or a lossless
            inner layer guides waves (slower than both outer fluids), which a continuous wave would feed for ever.
    """

    fluids: tuple[Fluid, ...]
    boundaries: tuple[float, ...] = ()
    tilt: float = 0.0

    def __post_init__(self) -> None:
        """Check the stack."""
        if len(self.fluids) != len(self.boundaries) + 1:
            raise OutOfRange(f"{len(self.fluids)} fluids need one boundary fewer, got {len(self.boundaries)}")
        if any(b <= a for a, b in zip(self.boundaries, self.boundaries[1:], strict=False)):
            raise OutOfRange(f"boundaries must increase along the axis, got {self.boundaries} m")
        if len({f.frequency for f in self.fluids}) != 1:
            raise OutOfRange("all fluids of a stack must be given at one frequency")
        if not abs(self.tilt) < math.pi / 2:
            raise OutOfRange(f"layers may be tilted by less than a quarter turn, got {self.tilt} rad")
        slowest = min(self.fluids[0].sound_speed, self.fluids[-1].sound_speed)
        if any(f.attenuation == 0 and f.sound_speed < slowest for f in self.fluids[1:-1]):
            raise OutOfRange("a lossless layer slower than what surrounds it guides waves for ever; let it attenuate")


@dataclass(frozen=True, eq=False)
class _Layer:
    """Plane waves in one layer, per lateral wavenumber: forward from its near face, backward from its far face."""

    near: float
    far: float
    kz: NDArray[np.complex128]
    forward: NDArray[np.complex128]
    backward: NDArray[np.complex128]

    def at(self, depth: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Sum of both waves at depths (n,) along the normal: shape (n, wavenumbers)."""
        out = self.forward * np.exp(1j * self.kz * (depth[:, None] - self.near))
        if math.isfinite(self.far):
            out += self.backward * np.exp(1j * self.kz * (self.far - depth[:, None]))
        return out


def _layers(
    stack: FlatStack, depths: NDArray[np.float64], lateral: NDArray[np.float64], start: float
) -> Iterator[_Layer]:
    """Amplitudes of all layers for a unit forward wave at depth ``start`` in the first.

    Reflection is gathered from the last boundary back, G = (r + G' e) / (1 + r G' e) with r from the impedances
    rho omega / kz and e the phase of a round trip; transmission then follows forwards. No exponential ever grows.
    """
    kz: list[NDArray[np.complex128]] = [
        np.sqrt((f.wavenumber + 1j * f.attenuation) ** 2 - lateral**2 + 0j).astype(np.complex128) for f in stack.fluids
    ]
    near = np.array([start, *depths])
    far = np.array([*depths, np.inf])
    trips = [np.exp(1j * k * (b - a)) for k, a, b in zip(kz[:-1], near, far, strict=False)]
    trips.append(np.zeros(lateral.shape, np.complex128))  # nothing comes back from the last fluid
    last = len(kz) - 1
    seen = [np.zeros(lateral.shape, np.complex128)] * (last + 1)
    for n in range(last - 1, -1, -1):
        z1, z2 = stack.fluids[n].density / kz[n], stack.fluids[n + 1].density / kz[n + 1]
        r = (z2 - z1) / (z2 + z1)
        echo = seen[n + 1] * trips[n + 1] ** 2
        seen[n] = (r + echo) / (1 + r * echo)
    forward = np.ones(lateral.shape, np.complex128)
    for n in range(last + 1):
        at_far = forward * trips[n]
        yield _Layer(float(near[n]), float(far[n]), kz[n], forward, seen[n] * at_far)
        if n < last:
            forward = at_far * (1 + seen[n]) / (1 + seen[n + 1] * trips[n + 1] ** 2)


def _nodes(breaks: list[float], turns: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gauss points between branch points, crowded towards them as sine squared so that square roots stay smooth.

    Args:
        breaks: branch points and both ends [rad/m].
        turns: half turns of the phase per rad/m.
    """
    t, w = np.polynomial.legendre.leggauss(_PER_PANEL)
    points, weights = [], []
    for a, b in zip(breaks, breaks[1:], strict=False):
        panels = 2 + math.ceil(0.5 * np.pi * (b - a) * turns / (_PER_PANEL - _EXTRA))
        fraction = (np.arange(panels)[:, None] + 0.5 * (t + 1)).ravel() / panels
        points.append(a + (b - a) * np.sin(0.5 * np.pi * fraction) ** 2)
        weights.append(np.tile(w / (2 * panels), panels) * 0.5 * np.pi * (b - a) * np.sin(np.pi * fraction))
    return np.concatenate(points), np.concatenate(weights)


class LayeredField:
    """Continuous-wave field of a cap behind, between and in front of parallel layers.

    The Rayleigh integral of the cap is written as plane waves (Weyl), exactly and with no plane to truncate; every
    plane wave then goes through the layers with all its reflections, and the sum over them is done by quadrature. The
    cap itself lets waves pass that come back to it. Convention exp(-i omega t).

    Source: Brekhovskikh, Waves in Layered Media (1980), for the recursion of impedances.

    Args:
        cap: the source; its cuts into elements do not matter.
        velocity: normal velocity amplitude [m/s].
        stack: the layers.

    Raises:
        GeometryError: if the first boundary touches the cap.
    """

    def __init__(self, cap: Cap, velocity: float, stack: FlatStack) -> None:
        self._cap, self._stack = cap, stack
        first = stack.fluids[0]
        self._scale = first.omega * first.density * velocity / (2 * np.pi)
        self._depths = np.array(stack.boundaries) * math.cos(stack.tilt)
        rim = cap.half_angles[1]
        self._start = cap.focal_length * (math.cos(stack.tilt) - math.cos(rim + abs(stack.tilt)))
        if self._depths.size and self._depths[0] <= self._start:
            raise GeometryError(
                f"the first boundary, {1e3 * stack.boundaries[0]:.1f} mm from the apex, touches the radiating surface, "
                f"which reaches to {1e3 * self._start:.1f} mm along the layers' normal"
            )
        arc = (rim - cap.half_angles[0]) * cap.focal_length
        t, w = np.polynomial.legendre.leggauss(_PER_PANEL + math.ceil(first.wavenumber * arc))
        theta = cap.half_angles[0] + 0.5 * (rim - cap.half_angles[0]) * (t + 1)
        self._rings = cap.focal_length * np.sin(theta), cap.focal_length * (1 - np.cos(theta))
        self._areas = 0.5 * (rim - cap.half_angles[0]) * w * 2 * np.pi * cap.focal_length**2 * np.sin(theta)

    def at(self, radius: ArrayLike, z: ArrayLike) -> NDArray[np.complex128]:
        """Pressure [Pa] at distances from the axis and from the apex [m]: shape (z, radius). Layers must not tilt.

        Raises:
            OutOfRange: if the layers are tilted.
            GeometryError: if a plane lies behind the rim of the cap.
        """
        from scipy.special import j0

        r, depth = np.atleast_1d(np.asarray(radius, float)), np.atleast_1d(np.asarray(z, float))
        if self._stack.tilt != 0:
            raise OutOfRange("tilted layers have no axisymmetric field; ask for 'beyond'")
        gap = float(depth.min()) - self._start
        if gap <= 0:
            raise GeometryError(f"planes must lie beyond the rim, {1e3 * self._start:.2f} mm from the apex")
        numbers = sorted({f.wavenumber for f in self._stack.fluids})
        highest = math.hypot(numbers[-1], _EVANESCENT / gap)
        kr, weight = _nodes([0.0, *numbers, highest], float(depth.max() + r.max() + self._cap.focal_length) / np.pi)
        layers = list(_layers(self._stack, self._depths, kr, self._start))
        source = np.zeros_like(layers[0].kz)
        for ring, height, area in zip(*self._rings, self._areas, strict=True):
            source += area * j0(kr * ring) * np.exp(1j * layers[0].kz * (self._start - height))
        spectrum = (self._scale * weight * kr * source / layers[0].kz)[:, None] * j0(np.outer(kr, r))
        out = np.empty((depth.size, r.size), np.complex128)
        for n, layer in enumerate(layers):
            low = -np.inf if n == 0 else layer.near
            inside = (depth > low) & (depth <= layer.far)
            out[inside] = layer.at(depth[inside]) @ spectrum
        return out

    def beyond(self, x: ArrayLike, y: float, z: ArrayLike) -> NDArray[np.complex128]:
        """Pressure [Pa] behind the last boundary, on a lattice of the source's own axes [m]: shape (z, x).

        Waves that do not propagate in the first fluid are left out: a few parts in ten thousand behind bone, some
        thousandths in a uniform fluid. Values at points before the last boundary are not those of the field.

        Args:
            x: along the direction of the tilt.
            y: across it.
            z: from the apex.

        Raises:
            OutOfRange: if the first fluid attenuates.
        """
        if self._stack.fluids[0].attenuation > 0:
            raise OutOfRange("behind tilted layers the field is known for a first fluid that attenuates nothing")
        towards = self._directivity()
        across, along = np.atleast_1d(np.asarray(x, float)), np.atleast_1d(np.asarray(z, float))
        k = self._stack.fluids[0].wavenumber
        farthest = float(np.hypot(np.abs(across).max() + abs(y), np.abs(along - self._cap.focal_length).max()))
        breaks = sorted({0.0, *(min(f.wavenumber, k) for f in self._stack.fluids)})
        kr, weight = _nodes(breaks, (farthest + self._cap.focal_length) / np.pi)
        turns = math.ceil(0.5 * _AROUND * k * (farthest + self._cap.outer_diameter / 2)) + _PER_PANEL
        phi = np.pi * (np.arange(turns) + 0.5) / turns  # the other half is its mirror image in y
        layer = list(_layers(self._stack, self._depths, kr, 0.0))
        amplitude = self._scale * weight * kr / (layer[0].kz * turns) * layer[-1].forward
        amplitude *= np.exp(-1j * layer[-1].kz * layer[-1].near)
        c, s = math.cos(self._stack.tilt), math.sin(self._stack.tilt)
        out = np.zeros((along.size, across.size), np.complex128)
        for angle in phi:  # one meridian of plane waves at a time bounds the memory
            u, v = kr * math.cos(angle), kr * math.sin(angle)
            source = towards(-s * u + c * layer[0].kz.real)
            wave = amplitude * source * np.cos(v * y)
            kx, kz = c * u + s * layer[-1].kz, -s * u + c * layer[-1].kz
            out += (wave * np.exp(1j * np.outer(along, kz))) @ np.exp(1j * np.outer(kx, across))
        return out

    def _directivity(self) -> Callable[[NDArray[np.float64]], NDArray[np.complex128]]:
        """Integral of exp(-i k . s) over the cap, by the wavenumber along its axis: a spline through fine samples."""
        from scipy.interpolate import make_interp_spline
        from scipy.special import j0

        k = self._stack.fluids[0].wavenumber
        along = np.linspace(-k, k, 64 + math.ceil(_DIRECTIONS * 2 * k * self._cap.focal_length / np.pi))
        bessel = j0(np.outer(np.sqrt(np.maximum(k * k - along * along, 0)), self._rings[0]))
        values = (bessel * np.exp(-1j * np.outer(along, self._rings[1]))) @ self._areas
        spline = make_interp_spline(along, np.stack([values.real, values.imag], axis=1), k=5)

        def towards(kz: NDArray[np.float64]) -> NDArray[np.complex128]:
            parts = spline(kz)
            return parts[:, 0] + 1j * parts[:, 1]

        return towards
