"""A simulated ultrasound imager: speckle from scatterers that brighten, shift and lose their coherence when heated."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid
from openhifu.base.units import BODY_TEMPERATURE_C
from openhifu.monitoring.echo_energy import change_of_temperature
from openhifu.monitoring.echo_frames import EchoFrame

SPEED_PER_KELVIN = 2.0
"""m/s per kelvin that soft tissue's sound speed rises (Techavipoo 2002 and others), up to ``SPEED_LEVELS_OFF``."""
SPEED_LEVELS_OFF = 60.0
"""degC."""
ABLATED = 240.0
"""CEM43 min from which on tissue stays brighter after it has cooled."""
_WANDERING = 10.0
"""s within which the echo of unheated tissue wanders from what it was."""


@dataclass(frozen=True, slots=True)
class EchoModel:
    """Imager and tissue. The changes of tissue are a model fitted to a few published points, not measurements.

    Attributes:
        frequency: centre frequency [Hz].
        sound_speed: of unheated tissue [m/s].
        resolution: standard deviations [m] of the point spread across and along the beam.
        density: scatterers per m2 of the plane.
        snr: mean echo over noise [dB].
        scar: dB by which ablated tissue stays brighter; 3 dB told lesions best afterwards (PMC3295907, Table 1).
        rate_cold: log10 per ms of the loss of coherence at body temperature.
        rate_at_60: the same at 60 degC; -2.3 is where ablation was called with 90 % specificity (Abbass 2019).
        rate_most: the highest it gets.
        patchiness: standard deviations of what nature varies from patch to patch: by how much the echo wanders within
            some seconds, heated or not [dB], and the rate of loss [decades].
        patch: size of a patch [m].
    """

    frequency: float
    sound_speed: float
    resolution: tuple[float, float]
    density: float
    snr: float
    scar: float
    rate_cold: float
    rate_at_60: float
    rate_most: float
    patchiness: tuple[float, float]
    patch: float


class EchoScanner:
    """Takes images of one plane.

    Every scatterer has a place and a complex strength. Heat makes it stronger by the tissue-change scale
    (``echo_energy.TISSUE_CHANGE_SCALE``), shifts its echo by the time that faster tissue before it saves, and replaces
    its strength bit by bit by a fresh random one at a rate that grows exponentially with temperature. The point spread
    is Gaussian and the same everywhere; there is no attenuation, no shadow and no bubble behind which all is hidden.

    Args:
        plane: pixels; third axis along the beam from the probe on, second of one pixel.
        model: imager and tissue.
        seed: of scatterers, patches, changes and noise.

    Raises:
        OutOfRange: if a size is not positive.
        GeometryError: if the plane has more than one pixel along its second axis.
    """

    def __init__(self, plane: Grid, model: EchoModel, seed: int) -> None:
        if plane.shape[1] != 1:
            raise GeometryError(f"an imaging plane has one pixel along its second axis, got {plane.shape}")
        if not min(model.frequency, model.sound_speed, *model.resolution, model.density, model.patch) > 0:
            raise OutOfRange("frequency, sound speed, resolution, density and patch size must be positive")
        place_rng, patch_rng, self._change_rng, self._noise_rng = (np.random.default_rng([seed, n]) for n in range(4))
        self.plane, self.model = plane, model
        nx, _, nz = plane.shape
        count = round(model.density * plane.spacing[0] * plane.spacing[2] * nx * nz)
        self._x, self._z = place_rng.uniform(0, nx - 1, count), place_rng.uniform(0, nz - 1, count)
        self._strength = _fresh(place_rng, count)
        self._wanders, self._faster = (s * self._patches(patch_rng) for s in model.patchiness)
        self._level = float(np.sqrt(np.mean(np.abs(self._rendered(self._strength, np.zeros(count))) ** 2)))
        self._at, self._first = -math.inf, math.inf

    def image(self, temperature: Field, cem43: Field, at: float) -> EchoFrame:
        """The next image; tissue changes since the last one at the rate of the temperature now.

        Args:
            temperature: degC, on a grid of the plane's frame; beyond it tissue is at body temperature.
            cem43: dose so far [min].
            at: s.

        Raises:
            OutOfRange: if it is not later than the image before.
        """
        if not at > self._at:
            raise OutOfRange(f"an image of {at} s cannot follow one of {self._at} s")
        warm = self._plane_of(temperature, Quantity.TEMPERATURE, BODY_TEMPERATURE_C)
        dose = self._at_scatterers(self._plane_of(cem43, Quantity.CEM43, 0.0))
        local = self._at_scatterers(warm)
        if math.isfinite(self._at):
            self._lose_coherence(local, 1e3 * (at - self._at))
        self._at, self._first = at, min(at, self._first)
        gain = np.maximum(change_of_temperature(local), np.where(dose >= ABLATED, self.model.scar, 0.0))
        gain = gain - self._wanders * math.expm1(-(at - self._first) / _WANDERING)
        clean = self._rendered(self._strength * 10 ** (gain / 20), self._at_scatterers(self._shift(warm)))
        noise = _fresh(self._noise_rng, clean.size).reshape(clean.shape) * self._level * 10 ** (-self.model.snr / 20)
        return EchoFrame(self.plane, (clean + noise).astype(np.complex64)[:, None, :], at)

    def _lose_coherence(self, local: NDArray[np.float64], milliseconds: float) -> None:
        model = self.model
        slope = (model.rate_at_60 - model.rate_cold) / (60.0 - BODY_TEMPERATURE_C)
        rate = np.minimum(model.rate_cold + slope * (local - BODY_TEMPERATURE_C), model.rate_most) + self._faster
        kept = np.exp(-(10**rate) * milliseconds)
        self._strength = np.sqrt(kept) * self._strength + np.sqrt(1 - kept) * _fresh(self._change_rng, kept.size)

    def _shift(self, warm: NDArray[np.float64]) -> NDArray[np.float64]:
        """How much nearer [m] each pixel's echo seems: faster tissue before it saves time."""
        faster = SPEED_PER_KELVIN * (np.minimum(warm, SPEED_LEVELS_OFF) - BODY_TEMPERATURE_C)
        return np.cumsum(faster / self.model.sound_speed, axis=1) * self.plane.spacing[2]

    def _rendered(self, strength: NDArray[np.complex128], nearer: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Baseband echo of all scatterers: placed between pixels by linear weights, then spread."""
        nx, _, nz = self.plane.shape
        wave = 4 * math.pi * self.model.frequency / self.model.sound_speed
        z = np.clip(self._z - nearer / self.plane.spacing[2], 0, nz - 1.001)
        value = strength * np.exp(1j * wave * z * self.plane.spacing[2])
        i, k = np.minimum(self._x.astype(int), nx - 2), np.minimum(z.astype(int), nz - 2)
        u, w = self._x - i, z - k
        image = np.zeros(nx * nz, np.complex128)
        for di, dk, share in ((0, 0, (1 - u) * (1 - w)), (1, 0, u * (1 - w)), (0, 1, (1 - u) * w), (1, 1, u * w)):
            cell = (i + di) * nz + k + dk
            image.real += np.bincount(cell, share * value.real, nx * nz)
            image.imag += np.bincount(cell, share * value.imag, nx * nz)
        sigma = [s / h for s, h in zip(self.model.resolution, self.plane.spacing[::2], strict=True)]
        square = image.reshape(nx, nz)
        spread = gaussian_filter(square.real, sigma) + 1j * gaussian_filter(square.imag, sigma)
        return spread.astype(np.complex128)

    def _patches(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """A random number of mean 0 and variance 1 per scatterer, alike within a patch."""
        sigma = [0.5 * self.model.patch / h for h in self.plane.spacing[::2]]
        field = gaussian_filter(rng.standard_normal(self.plane.shape[::2]), sigma)
        return self._at_scatterers(field / max(float(field.std()), 1e-30))

    def _plane_of(self, field: Field, quantity: Quantity, outside: float) -> NDArray[np.float64]:
        if field.quantity is not quantity:
            raise GeometryError(f"a field of {field.quantity.words} was given for {quantity.words}")
        return field.at(self.plane.points(), outside)[:, 0, :]

    def _at_scatterers(self, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
        return map_coordinates(pixels, np.stack([self._x, self._z]), order=1, mode="nearest")


def _fresh(rng: np.random.Generator, count: int) -> NDArray[np.complex128]:
    """Complex normal numbers of mean square 1."""
    parts = rng.standard_normal((2, count)) * math.sqrt(0.5)
    return parts[0] + 1j * parts[1]
