"""Complex pressure or velocity measured on a plane across a beam, brought to other planes by its lateral spectrum."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.fourier import fast_size, wavenumbers
from openhifu.acoustics.source import Fluid
from openhifu.base.errors import FormatError, GeometryError, OutOfRange

_PADDED = 2.0  # the plane is laid into zeros of this many times its width, so that nothing comes in from the other side
_EVANESCENT = 1.05  # of k: only noise is left beyond


class PlaneQuantity(StrEnum):
    """What a hologram holds."""

    PRESSURE = "pressure"
    VELOCITY = "velocity"


UNITS = {
    "Pa": (PlaneQuantity.PRESSURE, 1.0),
    "kPa": (PlaneQuantity.PRESSURE, 1e3),
    "MPa": (PlaneQuantity.PRESSURE, 1e6),
    "m/s": (PlaneQuantity.VELOCITY, 1.0),
    "mm/s": (PlaneQuantity.VELOCITY, 1e-3),
}
"""Units a hologram may come in: what they are of, and how many SI units they are."""


@dataclass(frozen=True)
class AngularCut:
    """How a plane is kept from blowing up when it is brought back towards its source.

    Waves whose lateral wavenumber is above ``sine`` times k are dropped, those from ``sine`` - ``fade`` on faded out as
    a cosine squared. Evanescent waves, which grow without bound on the way back, are always dropped.

    Attributes:
        sine: of the steepest angle to the axis that is kept.
        fade: width of the fade.

    Raises:
        OutOfRange: if ``sine`` is not above ``fade`` and at most 1.
    """

    sine: float = 0.98
    fade: float = 0.05

    def __post_init__(self) -> None:
        """Refuse a cut that keeps evanescent waves or nothing."""
        if not 0 <= self.fade < self.sine <= 1:
            raise OutOfRange(
                f"the cut keeps waves up to {self.sine} of the wavenumber, faded over {self.fade}; it must lie above "
                "the fade and at most at 1, as evanescent waves only carry noise"
            )

    def kept(self, sines: NDArray[np.float64]) -> NDArray[np.float64]:
        """Share of the waves at these sines that is kept."""
        depth = np.clip((sines - self.sine + self.fade) / max(self.fade, 1e-12), 0.0, 1.0)
        return np.where(sines < self.sine, np.cos(0.5 * np.pi * depth) ** 2, 0.0)


@dataclass(frozen=True, eq=False)
class Hologram:
    """A beam's complex amplitude, exp(-i omega t), on a plane across its axis, centred on it.

    Attributes:
        values: shape (nx, ny) [Pa or m/s along +z].
        quantity: which of the two.
        spacing: between samples along x and y [m].
        z: distance of the plane from the apex of the source [m].
        fluid: what it was measured in, with the frequency.
        relative_uncertainty: of every amplitude alike (k = 2), from the hydrophone's certificate.

    Raises:
        GeometryError: if it is no plane of finite numbers, or its samples lie more than half a wavelength apart.
        OutOfRange: if the uncertainty is not between 0 and 1.
    """

    values: NDArray[np.complex128]
    quantity: PlaneQuantity
    spacing: tuple[float, float]
    z: float
    fluid: Fluid
    relative_uncertainty: float

    def __post_init__(self) -> None:
        """Refuse what no field can be made of."""
        if self.values.ndim != 2 or min(self.values.shape) < 8 or not np.all(np.isfinite(self.values)):
            raise GeometryError(
                f"a hologram is a plane of 8 x 8 finite complex numbers or more, got shape {self.values.shape}"
                f"{'' if np.all(np.isfinite(self.values)) else ' with numbers that are not finite'}"
            )
        coarsest, most = max(self.spacing), 0.5 * self.fluid.wavelength
        if min(self.spacing) <= 0 or coarsest > most * (1 + 1e-6):
            raise GeometryError(
                f"the hologram's samples lie {1e3 * coarsest:.3g} mm apart; at {self.fluid.frequency / 1e6:.3g} MHz "
                f"they must be {1e3 * most:.3g} mm or closer (half a wavelength)"
            )
        if not 0 < self.relative_uncertainty < 1:
            raise OutOfRange(f"the relative uncertainty must lie between 0 and 1, got {self.relative_uncertainty}")

    @classmethod
    def measured(
        cls,
        values: NDArray[np.complexfloating],
        unit: str,
        spacing: tuple[float, float],
        z: float,
        fluid: Fluid,
        relative_uncertainty: float,
    ) -> Hologram:
        """A hologram in one of the ``UNITS``; other arguments as the attributes.

        Raises:
            FormatError: if the unit is not known: no amplitude, power or heat follows from such numbers.
        """
        if unit not in UNITS:
            raise FormatError(
                f"the hologram is in {unit or 'no unit'!r}, from which no power follows; give it in one of "
                f"{', '.join(UNITS)} (a scan in volts must be divided by the hydrophone's sensitivity first)"
            )
        quantity, scale = UNITS[unit]
        return cls(np.asarray(values, np.complex128) * scale, quantity, spacing, z, fluid, relative_uncertainty)

    def at(self, z: float, cut: AngularCut | None = None) -> Hologram:
        """The pressure of the same beam on another plane in the same fluid, before or behind.

        Each lateral wave is turned by exp(i kz (z' - z)), kz = sqrt((k + i alpha)^2 - kt^2); ``cut`` says which are
        kept. The new plane has the old one's samples.

        Args:
            z: distance of the plane from the apex [m].
            cut: waves that are kept; a plane of pressure has no others.
        """
        spectrum, kz = self._pressure_spectrum(cut or AngularCut())
        values = self._cropped(spectrum * np.exp(1j * kz * (z - self.z)))
        return replace(self, values=values, quantity=PlaneQuantity.PRESSURE, z=z)

    def velocity(self, cut: AngularCut | None = None) -> Hologram:
        """The normal velocity kz p / (omega rho) on the same plane."""
        spectrum, kz = self._pressure_spectrum(cut or AngularCut())
        values = self._cropped(spectrum * kz / (self.fluid.omega * self.fluid.density))
        return replace(self, values=values, quantity=PlaneQuantity.VELOCITY)

    def power(self, cut: AngularCut | None = None) -> float:
        """Power through the plane [W]: the sum over its waves of |p|^2 Re kz / (2 omega rho), less that of the noise.

        The noise is taken to be as strong in every wave as in the evanescent ones; see ``noise``.
        """
        cut = cut or AngularCut()
        spectrum, kz = self._pressure_spectrum(cut)
        sines = self._sines(spectrum.shape)
        chance = 0.0
        if self.quantity is PlaneQuantity.PRESSURE and np.any(beyond := sines > _EVANESCENT):
            chance = float(np.mean(np.abs(self._padded(spectrum.shape)[beyond]) ** 2))
        weight = kz.real * cut.kept(sines) ** 2
        total = float(np.sum(kz.real * np.abs(spectrum) ** 2) - chance * np.sum(weight)) / spectrum.size
        return total * self.spacing[0] * self.spacing[1] / (2 * self.fluid.omega * self.fluid.density)

    @property
    def noise(self) -> float:
        """Share of noise in the plane (root of the mean square), judged by waves that cannot have come from afar.

        Evanescent waves have died out a few wavelengths from a source; what a scan has of them is its noise, taken to
        be as strong at all wavenumbers. NaN where the samples are too far apart to tell.
        """
        sines = self._sines(self.values.shape)
        beyond = sines > _EVANESCENT
        if beyond.sum() < 32:
            return float("nan")
        window = np.outer(*(np.hanning(n) for n in self.values.shape))
        spectrum = np.abs(np.fft.fft2(self.values * window)) ** 2
        return float(np.sqrt(np.mean(spectrum[beyond]) / np.mean(spectrum)))

    def _pressure_spectrum(self, cut: AngularCut) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
        """Waves of pressure that are kept, in zeros beside the plane, and their wavenumbers along z."""
        a, b = (fast_size(round(_PADDED * n)) for n in self.values.shape)
        k, sines = self.fluid.wavenumber, self._sines((a, b))
        kz = np.sqrt((k + 1j * self.fluid.attenuation) ** 2 - np.minimum(sines, 1.0) ** 2 * k * k)
        spectrum = self._padded((a, b)) * cut.kept(sines)
        if self.quantity is PlaneQuantity.VELOCITY:
            spectrum *= np.where(sines < 1, self.fluid.omega * self.fluid.density / np.where(sines < 1, kz, 1.0), 0.0)
        return spectrum, kz

    def _padded(self, shape: tuple[int, ...]) -> NDArray[np.complex128]:
        """Spectrum of the plane in zeros."""
        return np.fft.fft2(self.values, (shape[0], shape[1]))

    def _sines(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        u, v = (wavenumbers(n, h) for n, h in zip(shape, self.spacing, strict=True))
        return np.asarray(np.hypot(u[:, None], v[None, :]) / self.fluid.wavenumber)

    def _cropped(self, spectrum: NDArray[np.complex128]) -> NDArray[np.complex128]:
        return np.fft.ifft2(spectrum)[: self.values.shape[0], : self.values.shape[1]]
