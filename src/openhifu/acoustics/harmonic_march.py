"""Harmonics of any source in three dimensions through heterogeneous soft tissue, marched in a box around the focus."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.burgers import steepen
from openhifu.acoustics.fourier import backward, forward, wavenumbers
from openhifu.acoustics.nonlinear_fluid import NonlinearFluid

_STEEPEST = 0.3  # smallest cosine counted in the longer way of a slanted wave
_GRAZING = 0.98  # of k: waves beyond are dropped
_FAINT = 1e-6  # harmonics below this share of the fundamental are not carried yet
_WEIGHED = 3  # harmonics that decide the mean slope of the waves
_LOCAL = 32  # harmonics while a sample steepens; those that are not carried on are dropped, their power counts as heat
_WEAK = 2e-3  # of the plane's largest amplitude: where steepening is not worth following
_SHARES = 128  # references are those of shares rounded to one part of so many, so that propagators are made seldom


@dataclass(frozen=True, eq=False)
class Stretch:
    """One step along the beam.

    Attributes:
        length: m.
        shares: of each fluid in the beam, the reference.
        before: label of every sample in the first half of the step.
        behind: in its second half.
    """

    length: float
    shares: NDArray[np.float64]
    before: NDArray[np.uint8]
    behind: NDArray[np.uint8]

    @property
    def flat(self) -> tuple[int, int] | None:
        """Labels of both halves where each holds one fluid only; else None."""
        first, second = int(self.before.flat[0]), int(self.behind.flat[0])
        return (first, second) if (self.before == first).all() and (self.behind == second).all() else None


@dataclass(frozen=True, eq=False)
class Passing:
    """The beam at one station.

    Attributes:
        waves: amplitude of each harmonic carried so far [Pa], shape (harmonics, x, y).
        shock: what shocks dissipate beyond the harmonics' own loss [W/m3], shape (x, y).
    """

    waves: NDArray[np.complex64]
    shock: NDArray[np.float32]


class HarmonicMarch:
    """Diffraction, loss and dispersion of every harmonic at a reference fluid, screens for departures, and steepening.

    Linear: exp(i kz_n d), kz_n = sqrt(k_n^2 - kt^2) with k_n the mean over the fluids in the beam; then, in space, the
    departure of each sample's own k_n over the mean slope of the rays, and pressure transmission at normal incidence
    where the fluid changes; where it changes everywhere at once, transmission of every wave at its own angle.
    Nonlinear: Burgers' equation at every sample over the span of a station, its change weighted for every wave by
    n k / kz_n, as in ``RadialMarch``. Second order in the step where there is no shock.

    Args:
        fluids: the fluids met.
        transmission: pressure behind an interface over that before it, from label (row) to label (column).
        spacing: samples along x and y [m].
        slope: mean of 1 / cos(angle to the axis) over the source's rays.
        edges: factor per wavelength of way at every sample, one inside, shape (x, y).
        threads: at a time; the numbers do not depend on them.
    """

    def __init__(
        self,
        fluids: tuple[NonlinearFluid, ...],
        transmission: NDArray[np.float64],
        spacing: tuple[float, float],
        slope: float,
        edges: NDArray[np.float32],
        threads: int = 1,
    ) -> None:
        self._fluids, self._transmission, self._slope = fluids, transmission, slope
        self._edges, self._threads = edges, threads
        u, v = (wavenumbers(n, h) for n, h in zip(edges.shape, spacing, strict=True))
        self._lateral = u[:, None] ** 2 + v[None, :] ** 2
        self._steepening = np.array([f.steepening for f in fluids])
        self._impedance = np.array([f.linear.impedance for f in fluids])
        self._tables: dict[int, tuple[complex, float, NDArray[np.complex64]]] = {}
        self._weights: dict[int, tuple[complex, NDArray[np.float32]]] = {}

    def stations(self, start: NDArray[np.complex64], way: list[Stretch]) -> Iterator[Passing]:
        """March from the first station over every crossing.

        Args:
            start: all harmonics to be carried on the first station [Pa], shape (harmonics, x, y).
            way: steps from station to station.
        """
        waves = start.copy()
        spectra = forward(waves, self._threads)
        for n in range(len(way) + 1):
            back, ahead = way[n - 1] if n else None, way[n] if n < len(way) else None
            span = 0.5 * sum(c.length for c in (back, ahead) if c is not None)
            labels = back.behind if back is not None else way[0].before
            shares = (ahead or back or way[0]).shares
            yield self._station(waves, spectra, labels, shares, span)
            if ahead is not None:
                self._cross(waves, spectra, ahead)

    def _active(self, waves: NDArray[np.complex64]) -> int:
        size = [float(np.abs(w[::4, ::4]).max()) for w in waves]
        last = max(n for n, v in enumerate(size, 1) if v > _FAINT * size[0] or n == 1)
        return min(waves.shape[0], 2 * last + 1)

    def _reference(self, shares: NDArray[np.float64], n: int) -> complex:
        """Wavenumber of harmonic n in the mean fluid."""
        found = [f.wavenumbers_at(np.array([float(n)]))[0] for f in self._fluids]
        rounded = np.rint(_SHARES * shares)
        return complex(np.dot(rounded / rounded.sum(), found))

    def _station(
        self,
        waves: NDArray[np.complex64],
        spectra: NDArray[np.complex64],
        labels: NDArray[np.uint8],
        shares: NDArray[np.float64],
        span: float,
    ) -> Passing:
        """Steepening and the edges' loss over a station's span, onto the spectra; the waves midway."""
        active = self._active(waves)
        before = waves[:active]
        weights = [self._weight(n, self._reference(shares, n)) for n in range(1, active + 1)]
        strengths = [np.abs(s) ** 2 for s in spectra[: min(active, _WEIGHED)]]
        slope = float(sum((w * p).sum() for w, p in zip(weights, strengths, strict=False)) / np.sum(strengths))
        after, lost = self._steepened(before, labels, slope * span)
        wavelength = 2 * np.pi / self._reference(shares, 1).real
        after *= self._edges ** np.float32(span / wavelength)
        passing = 0.5 * (before + after)
        after -= before
        change = forward(after, self._threads)
        for n in range(active):
            spectra[n] += weights[n] * np.float32(1 / slope) * change[n]
        shock = lost / (2 * self._impedance[labels] * slope * span)
        return Passing(passing, shock.astype(np.float32))

    def _steepened(
        self, waves: NDArray[np.complex64], labels: NDArray[np.uint8], length: float
    ) -> tuple[NDArray[np.complex64], NDArray[np.float64]]:
        """Every sample's harmonics after Burgers' equation, and the fall of their summed squares."""
        out, lost = waves.copy(), np.zeros(labels.shape)
        if waves.shape[0] < 2:
            return out, lost
        size = np.abs(waves[0])
        strong = size > _WEAK * size.max()
        carried = waves.shape[0]
        columns = np.zeros((int(strong.sum()), max(carried, _LOCAL)), np.complex128)
        columns[:, :carried] = waves[:, strong].T
        reach = self._steepening[labels[strong]] * length
        fell = np.zeros(reach.size)
        cuts = np.linspace(0, reach.size, 4 * self._threads + 1).astype(int)
        with ThreadPoolExecutor(self._threads) as pool:
            parts = [slice(a, b) for a, b in zip(cuts, cuts[1:], strict=False)]
            list(pool.map(lambda s: steepen(columns[s], reach[s], fell[s]), parts))
        out[:, strong] = columns[:, :carried].T
        lost[strong] = np.maximum(fell, 0.0) + np.sum(np.abs(columns[:, carried:]) ** 2, axis=1)
        return out, lost

    def _cross(self, waves: NDArray[np.complex64], spectra: NDArray[np.complex64], step: Stretch) -> None:
        """One step, in place."""
        active = max(n for n in range(1, waves.shape[0] + 1) if n == 1 or spectra[n - 1].any())
        references = [self._reference(step.shares, n) for n in range(1, active + 1)]
        flat = step.flat
        for n, k in enumerate(references, 1):
            spectra[n - 1] *= self._advance(n, k, step.length)
            if flat is not None and flat[0] != flat[1]:
                spectra[n - 1] *= self._through(n, *flat)
        waves[:active] = backward(spectra[:active], self._threads, spent=False)
        if flat is not None:
            return
        for n, k in enumerate(references, 1):
            waves[n - 1] *= self._screen(n, k, step)
        spectra[:active] = forward(waves[:active], self._threads)

    def _through(self, n: int, first: int, second: int) -> NDArray[np.complex64]:
        """Pressure transmission of every wave of harmonic n through a flat interface: 2 m / (m + 1)."""
        one, two = (self._fluids[m] for m in (first, second))
        k = [f.wavenumbers_at(np.array([float(n)]))[0] for f in (one, two)]
        steep = (_GRAZING * min(v.real for v in k)) ** 2
        kz = [np.sqrt(v**2 - np.minimum(self._lateral, steep)) for v in k]
        ratio = two.linear.density * kz[0] / (one.linear.density * kz[1])
        return (2 * ratio / (ratio + 1)).astype(np.complex64)

    def _screen(self, n: int, reference: complex, step: Stretch) -> NDArray[np.complex64]:
        """Factor at every sample for its departure from the reference and the change of fluid."""
        own = np.array([f.wavenumbers_at(np.array([float(n)]))[0] for f in self._fluids])
        departure = 0.5 * (own[:, None] + own[None, :]) - reference
        table = self._transmission * np.exp(1j * departure * step.length * self._slope)
        return table.astype(np.complex64)[step.before, step.behind]

    def _advance(self, n: int, reference: complex, length: float) -> NDArray[np.complex64]:
        held = self._tables.get(n)
        if held is None or held[1] != length or held[0] != reference:
            kz = np.sqrt(reference**2 - self._lateral + 0j)
            keep = self._lateral < (_GRAZING * reference.real) ** 2
            table = np.where(keep, np.exp(1j * np.where(keep, kz, 0) * length), 0).astype(np.complex64)
            self._tables[n] = reference, length, table
        return self._tables[n][2]

    def _weight(self, n: int, reference: complex) -> NDArray[np.float32]:
        held = self._weights.get(n)
        if held is None or abs(held[0] - reference) > 0.01 * abs(reference):
            cosine = np.sqrt(np.maximum(1 - self._lateral / reference.real**2, _STEEPEST**2))
            self._weights[n] = reference, (1 / cosine).astype(np.float32)
        return self._weights[n][1]
