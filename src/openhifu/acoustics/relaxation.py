"""Power-law attenuation over a band by a few relaxations, each local in space and time, with its own dispersion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.nonlinear_fluid import NonlinearFluid
from openhifu.acoustics.staggered_kernels import Stuff
from openhifu.acoustics.staggered_medium import StaggeredMedium

_CORNERS = (0.5, 1.0, 2.0, 20.0)
"""Relaxation frequencies over the band's lowest, middle, highest and highest frequency; the last is for loss that rises
with frequency squared."""

_SAMPLES = 60  # frequencies of the fit


@dataclass(frozen=True, eq=False)
class Relaxations:
    """kappa(omega) = instant + sum of strength_m / (1 - i omega time_m), per tissue.

    Attributes:
        times: relaxation times [s], shape (m,).
        instant: compressibility at once [1/Pa], shape (tissues,); zero where a tissue does not occur.
        strength: compressibility to come [1/Pa], not negative, shape (tissues, m).
        density: kg/m3 per tissue.
        worst: largest error of any tissue's attenuation within the band, relative to its largest there.
    """

    times: NDArray[np.float64]
    instant: NDArray[np.float64]
    strength: NDArray[np.float64]
    density: NDArray[np.float64]
    worst: float

    @classmethod
    def of(cls, fluids: Sequence[NonlinearFluid | None], band: tuple[float, float], dt: float = 0.0) -> Relaxations:
        """Fit tissues' power laws over a band of frequencies by non-negative least squares.

        Args:
            fluids: per tissue index; None where it does not occur.
            band: Hz.
            dt: time step [s] of the run whose own relaxations are fitted: a step that stands for omega relaxes as
                (2 / dt) tan(asin(omega dt / 2)) does; zero for continuous time.
        """
        from scipy.optimize import nnls

        omega = 2 * np.pi * np.geomspace(*band, _SAMPLES)
        middle = np.sqrt(band[0] * band[1])
        corner = 2 * np.pi * np.array(_CORNERS) * np.array([band[0], middle, band[1], band[1]])
        stepped = omega / np.sqrt(1 - (0.5 * omega * dt) ** 2)
        base = 1 / (1 - 1j * stepped[:, None] / corner)
        count = len(fluids)
        instant, density, strength, worst = np.zeros(count), np.ones(count), np.zeros((count, corner.size)), 0.0
        for n, fluid in enumerate(fluids):
            if fluid is None:
                continue
            k = fluid.wavenumbers_at(omega / fluid.linear.omega)
            density[n] = fluid.linear.density
            kappa = k**2 / (omega**2 * density[n])
            if fluid.linear.attenuation > 0:
                scale = float(kappa.real.mean())
                found, _ = nnls(base.imag / kappa.imag[:, None] * scale, np.ones(omega.size))
                strength[n] = found * scale
            instant[n] = float((kappa - base @ strength[n]).real.mean())
            loss = (omega * np.sqrt((instant[n] + base @ strength[n]) * density[n])).imag
            worst = max(worst, float(np.max(np.abs(loss - k.imag)) / max(float(k.imag.max()), 1e-300)))
        used = np.flatnonzero(np.any(strength > 0, axis=0))
        return cls(1 / corner[used], instant, strength[:, used], density, worst)

    def stuff(self, labels: NDArray[np.uint8], dt: float) -> Stuff:
        """Numbers of every voxel for a run over the band.

        (instant p + sum q)_t = -div u and q_t = (strength p - q) / time, both by the mean of the step's ends: second
        order, and stable for any time.
        """
        half = 0.5 * dt / self.times
        uptake = self.strength * half / (1 + half)
        instant = np.where(self.instant > 0, self.instant, 1.0)
        stiff = instant + uptake.sum(axis=1)
        return Stuff(
            (dt / stiff).astype(np.float32)[labels],
            ((instant - uptake.sum(axis=1)) / stiff).astype(np.float32)[labels],
            self.medium(labels).lightness(dt),
            (2 * half / (1 + half) / dt).astype(np.float32),
            ((1 - half) / (1 + half)).astype(np.float32),
            np.ascontiguousarray(np.moveaxis(uptake.astype(np.float32)[labels], -1, 0)),
        )

    def medium(self, labels: NDArray[np.uint8]) -> StaggeredMedium:
        """The medium as it answers at once, which is as stiff as it ever is."""
        return StaggeredMedium(self.instant.astype(np.complex64)[labels], self.density.astype(np.float32)[labels])
