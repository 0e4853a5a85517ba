"""One-way march of the harmonics of a round beam through flat layers: Hankel transform, and steepening in space."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.burgers import steepen
from openhifu.acoustics.hankel import HankelTransform
from openhifu.acoustics.nonlinear_fluid import NonlinearFluid
from openhifu.base.errors import OutOfRange

_EDGE = 0.2  # share of the radius over which the rim absorbs
_EDGE_LOSS = 4.0  # Np per wavelength at the rim
_STEEPEST = 0.3  # smallest cosine counted when a slanted wave steepens over a longer way
_FAINT = 1e-7  # harmonics below this share of the fundamental are not carried yet


@dataclass(frozen=True, eq=False)
class LayeredPath:
    """Stations along the axis and the fluid at each; where two neighbours differ, the interface lies midway.

    Attributes:
        fluids: the fluids met.
        stations: distances from the apex, rising [m].
        labels: index of the fluid at each station.
    """

    fluids: tuple[NonlinearFluid, ...]
    stations: NDArray[np.float64]
    labels: NDArray[np.intp]

    def __post_init__(self) -> None:
        """Refuse stations that do not rise."""
        if self.stations.size < 2 or self.labels.shape != self.stations.shape or np.any(np.diff(self.stations) <= 0):
            raise OutOfRange("a path needs at least two stations, each beyond the one before, and a fluid at each")


@dataclass(frozen=True, eq=False)
class Station:
    """The beam at one station.

    Attributes:
        number: of the station.
        z: m from the apex.
        fluid: there.
        waves: amplitude of each harmonic at every radius [Pa], shape (points, harmonics carried so far).
        coefficients: the same as waves of one radial wavenumber.
        heat: heat rate, with what shocks dissipate [W/m3], shape (points,).
        budget: power up to here [W]: attenuated, absorbed, reflected, lost at the rim, and passing this station.
    """

    number: int
    z: float
    fluid: NonlinearFluid
    waves: NDArray[np.complex128]
    coefficients: NDArray[np.complex128]
    heat: NDArray[np.float64]
    budget: NDArray[np.float64]


class RadialMarch:
    """Each step is diffraction with loss and dispersion, exact for every wave and every flat interface, and steepening.

    Linear: exp(i kz_n d), kz_n = sqrt(k_n^2 - kt^2), k_n complex; pressure transmission 2 m / (m + 1) with
    m = rho_2 kz_1 / (rho_1 kz_2). Nonlinear (``burgers``): at every radius on its own over the step, then weighted for
    every wave by n k / kz_n, the longer way of a slanted wave, which is the one-way form of Westervelt's equation (the
    mean of this weight goes into the step itself, only the departure from it onto the waves). The two alternate
    symmetrically, which is of second order in the step as long as there is no shock.

    Args:
        path: where the beam goes.
        hankel: radii and wavenumbers.
        harmonics: how many are carried at most; 1 for a linear field.

    Source: P. V. Yuldashev and V. A. Khokhlova, Acoust. Phys. 57, 334 (2011), for the splitting and the weight.
    """

    def __init__(self, path: LayeredPath, hankel: HankelTransform, harmonics: int) -> None:
        self.path, self.hankel, self.harmonics = path, hankel, harmonics
        square = hankel.wavenumbers[:, None] ** 2
        self._kz: list[NDArray[np.complex128]] = [
            np.sqrt(f.wavenumbers(harmonics)[None, :] ** 2 - square + 0j) for f in path.fluids
        ]
        order = np.arange(1, harmonics + 1)
        self._weight, self._flux = [], []
        for fluid, kz in zip(path.fluids, self._kz, strict=True):
            sine = hankel.wavenumbers[:, None] / (order * fluid.linear.wavenumber)
            self._weight.append(1 / np.sqrt(np.maximum(1 - sine**2, _STEEPEST**2)))
            self._flux.append(hankel.norms[:, None] * kz.real / (2 * fluid.linear.density * order * fluid.linear.omega))
        depth = np.clip((hankel.radii / hankel.radii[-1] - 1) / _EDGE + 1, 0.0, 1.0)
        self._rim = _EDGE_LOSS * np.sin(0.5 * np.pi * depth) ** 2
        self._taper = np.cos(0.5 * np.pi * depth) ** 2
        self._steps: dict[tuple[int, float], NDArray[np.complex128]] = {}

    def stations(self, start: NDArray[np.complex128]) -> Iterator[Station]:
        """March from the first station on.

        Args:
            start: harmonics at every radius there [Pa], shape (points, harmonics).
        """
        z, labels = self.path.stations, self.path.labels
        gaps = np.diff(z)
        spans = 0.5 * (np.append(gaps, 0.0) + np.append(0.0, gaps))
        carried = self.hankel.coefficients(start * self._taper[:, None])
        budget = np.zeros(5)
        for n, (at, span) in enumerate(zip(z, spans, strict=True)):
            fluid = self.path.fluids[labels[n]]
            waves, carried, heat = self._station(carried, int(labels[n]), float(span), budget)
            yield Station(n, float(at), fluid, waves, carried[:, : waves.shape[1]], heat, budget.copy())
            if n + 1 < z.size:
                carried = self._step(carried, int(labels[n]), int(labels[n + 1]), float(gaps[n]), budget)

    def power(self, coefficients: NDArray[np.complex128], label: int) -> float:
        """Power through a plane [W], over all harmonics."""
        n = coefficients.shape[1]
        return float(np.sum(self._flux[label][:, :n] * np.abs(coefficients) ** 2))

    def _station(
        self, carried: NDArray[np.complex128], label: int, span: float, budget: NDArray[np.float64]
    ) -> tuple[NDArray[np.complex128], NDArray[np.complex128], NDArray[np.float64]]:
        """Steepening and the rim's loss over the span of a station: its waves midway, the waves beyond, its heat."""
        fluid = self.path.fluids[label]
        impedance, areas = fluid.linear.impedance, self.hankel.areas
        active = self._active(carried)
        before = self.hankel.samples(carried[:, :active])
        after = before.copy()
        lost = np.zeros(after.shape[0])
        weight = self._weight[label][:, :active]
        share = self.hankel.norms[:, None] * np.abs(carried[:, :active]) ** 2
        slope = float(np.sum(weight * share) / max(np.sum(share), 1e-300))
        if active > 1:
            steepen(after, np.full(lost.size, fluid.steepening * slope * span), lost)
        rim = np.exp(-self._rim * span / fluid.linear.wavelength)
        rest = np.sum(np.abs(after) ** 2, axis=1)
        after *= rim[:, None]
        change = self.hankel.coefficients(after) - carried[:, :active]
        beyond = np.zeros_like(carried)
        beyond[:, :active] = carried[:, :active] + weight / slope * change
        waves = 0.5 * (before + after)
        losses = np.abs(waves) ** 2 @ fluid.attenuation(active) / impedance
        shock = lost / (2 * impedance * slope * span)
        heat = fluid.absorbed_share * losses + shock
        budget[0] += span * float(areas @ (losses + shock))
        budget[1] += span * float(areas @ heat)
        budget[3] += float(areas @ (rest * (1 - rim**2))) / (2 * impedance * slope)
        budget[4] = self.power(self.hankel.coefficients(waves), label)
        return waves, beyond, heat

    def _active(self, carried: NDArray[np.complex128]) -> int:
        """Harmonics that may matter before the next station: twice those that do, and two."""
        size = np.max(np.abs(carried), axis=0)
        last = int(np.flatnonzero(size > _FAINT * size[0]).max(initial=0)) + 1
        return min(self.harmonics, 2 * last + 2)

    def _step(
        self, carried: NDArray[np.complex128], first: int, second: int, gap: float, budget: NDArray[np.float64]
    ) -> NDArray[np.complex128]:
        """Waves at the next station."""
        if first == second:
            return carried * self._advance(first, gap)
        here = carried * self._advance(first, 0.5 * gap)
        one, two = self.path.fluids[first].linear, self.path.fluids[second].linear
        ratio = two.density * self._kz[first] / (one.density * self._kz[second])
        there = here * (2 * ratio / (ratio + 1))
        budget[2] += self.power(here, first) - self.power(there, second)
        return there * self._advance(second, 0.5 * gap)

    def _advance(self, label: int, length: float) -> NDArray[np.complex128]:
        key = (label, round(length, 12))
        if key not in self._steps:
            self._steps[key] = np.exp(1j * self._kz[label] * length)
        return self._steps[key]
