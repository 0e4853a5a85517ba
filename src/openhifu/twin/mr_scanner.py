"""A simulated MR scanner: gradient-echo images of a tissue map at a temperature, with drift, motion, noise and fat."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, shift

from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid
from openhifu.base.record import Record
from openhifu.base.units import BODY_TEMPERATURE_C
from openhifu.model.tissue import Known
from openhifu.model.tissuemap import TissueMap
from openhifu.monitoring.mr_frames import GradientEcho, MrFrame
from openhifu.monitoring.prf import prf_coefficient, prf_entry

FAT_SHIFT = -3.4e-6
"""Relative frequency of the main lipid peak against water at body temperature."""

Vector = tuple[float, float, float]
STILL: Vector = (0.0, 0.0, 0.0)


class Brightness(Record):
    """Signal of a tissue's water and fat protons, relative to pure water."""

    water: float
    fat: float


@cache
def _brightness() -> dict[str, Brightness]:
    text = files("openhifu").joinpath("data/mr_tissues.toml").read_text(encoding="utf-8")
    return {name: Brightness.from_data(entry, f"MR tissue {name!r}") for name, entry in tomllib.loads(text).items()}


@dataclass(frozen=True, slots=True)
class MrModel:
    """What kind of scanner and patient.

    Attributes:
        sequence: field and echo time.
        snr: magnitude over noise of a voxel of muscle.
        drift: relative field drift per second.
        drift_slope: relative field drift per second and metre along each axis of the grid, about the middle.
        shim: root mean square of the field that is left unshimmed, relative; a cubic polynomial that stays with the
            magnet.
        bubble: radius [m] of a ball of gas in the patient whose field distorts the image and moves with the patient.
        bubble_at: its centre [m] in the grid's frame.
        texture: relative root mean square of the brightness within one tissue.
        fading: share of the brightness lost per kelvin (T1 and Boltzmann factor), to be chosen near 0.01.
        coefficient_scale: this patient's PRF coefficients as a multiple of the published ones.
    """

    sequence: GradientEcho
    snr: float
    drift: float
    drift_slope: Vector
    shim: float
    bubble: float
    bubble_at: Vector
    texture: float
    fading: float
    coefficient_scale: float = 1.0


class MrScanner:
    """Takes images.

    The complex signal is made on the fine grid of the tissue map, water and fat apart, and averaged over each image
    voxel: so voxels on an edge mix tissues, and a hot spot smaller than a voxel is diluted as on a scanner. Averaging
    over boxes leaves out the ringing of a finite k-space; the image is taken at one instant.

    Args:
        tissues: the patient, on a fine grid.
        factors: how many fine voxels make an image voxel along each axis; voxels beyond the last whole one are left
            out.
        model: scanner and patient.
        seed: of texture, shim and noise.

    Raises:
        OutOfRange: if a factor is not positive or leaves no voxel, or the SNR is not positive.
        GeometryError: if a tissue has no brightness.
    """

    def __init__(self, tissues: TissueMap, factors: tuple[int, int, int], model: MrModel, seed: int) -> None:
        if min(factors) < 1 or any(f > n for f, n in zip(factors, tissues.grid.shape, strict=True)):
            raise OutOfRange(f"image voxels of {factors} fine voxels do not fit a grid of {tissues.grid.shape}")
        if not model.snr > 0:
            raise OutOfRange(f"a scanner's SNR must be positive, got {model.snr}")
        self.model, self._tissues, self._factors = model, tissues, factors
        self.grid = _coarse(tissues.grid, factors)
        texture_rng, shim_rng, self._noise_rng = (np.random.default_rng([seed, n]) for n in range(3))
        self._water, self._fat = self._protons(texture_rng)
        self._per_kelvin = self._shifts()
        self._shim = model.shim * _smooth_field(tissues.grid, shim_rng)
        self.noise = _brightness()["muscle"].water / model.snr

    def image(self, temperature: Field | float, at: float, displacement: Vector = STILL) -> MrFrame:
        """The next image.

        Args:
            temperature: degC on the tissue map's grid, of the tissue (it moves along), or one number everywhere.
            at: s since the scanner was shimmed.
            displacement: m along the grid's axes by which the patient has moved.

        Raises:
            GeometryError: if the temperature is on another grid.
        """
        rise = self._rise(temperature)
        steps = np.asarray(displacement) / np.array(self._tissues.grid.spacing)
        water, fat, own, rise = (_moved(a, steps) for a in (self._water, self._fat, self._per_kelvin, rise))
        field = self._shim + self._bubble(displacement) + self._drift(at)
        turn = self.model.sequence.phase_per_shift
        bright = np.maximum(0.0, 1.0 - self.model.fading * rise)
        signal = bright * water * np.exp(1j * turn * (field + own * rise))
        signal += fat * np.exp(1j * turn * (field + FAT_SHIFT))
        mean = _block_mean(signal, self._factors)
        noise = self._noise_rng.standard_normal((2, *mean.shape)) * self.noise
        return MrFrame(
            self.grid, (mean + noise[0] + 1j * noise[1]).astype(np.complex64), at, self.model.sequence, self.noise
        )

    def truth(self, temperature: Field, displacement: Vector = STILL) -> Field:
        """Mean true temperature [degC] of each image voxel, with the tissue displaced.

        Raises:
            GeometryError: if the temperature is on another grid.
        """
        steps = np.asarray(displacement) / np.array(self._tissues.grid.spacing)
        mean = _block_mean(_moved(self._rise(temperature), steps), self._factors)
        return Field(self.grid, mean + BODY_TEMPERATURE_C, Quantity.TEMPERATURE)

    def _rise(self, temperature: Field | float) -> NDArray[np.float64]:
        if not isinstance(temperature, Field):
            return np.full(self._tissues.grid.shape, temperature - BODY_TEMPERATURE_C)
        self._tissues.grid.require_same(temperature.grid, "the temperature")
        return temperature.data.astype(np.float64) - BODY_TEMPERATURE_C

    def _protons(self, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Brightness of water and fat per fine voxel, with a texture about 3 mm coarse."""
        known = _brightness()
        absent = [
            t for t, here in zip(self._tissues.tissues, self._tissues.present, strict=True) if here and t not in known
        ]
        if absent:
            raise GeometryError(f"the scanner does not know how bright {', '.join(absent)} is; add to mr_tissues.toml")
        table = np.array([(known[t].water, known[t].fat) if t in known else (0.0, 0.0) for t in self._tissues.tissues])
        grain = gaussian_filter(
            rng.standard_normal(self._tissues.grid.shape), 3e-3 / np.array(self._tissues.grid.spacing)
        )
        grain *= self.model.texture / max(float(grain.std()), 1e-30)
        water, fat = (np.maximum(0.0, table[:, n][self._tissues.data] * (1.0 + grain)) for n in (0, 1))
        return water, fat

    def _shifts(self) -> NDArray[np.float64]:
        """Relative shift per kelvin of each voxel's water; where none is published, that of pure water."""
        entries = [prf_entry(t) for t in self._tissues.tissues]
        values = [e.nominal if isinstance(e, Known) else prf_coefficient("water") for e in entries]
        return self.model.coefficient_scale * np.array(values)[self._tissues.data]

    def _bubble(self, displacement: Vector) -> NDArray[np.float64]:
        """Field of a ball of gas: a dipole along B0, taken as the third axis of the grid (Lorentz-corrected)."""
        if self.model.bubble == 0:
            return np.zeros(self._tissues.grid.shape)
        grid = self._tissues.grid
        turned = grid.affine[:3, :3] / np.array(grid.spacing)
        start = turned.T @ (grid.world((0, 0, 0)) - np.asarray(self.model.bubble_at)) - np.asarray(displacement)
        x, y, z = (start[n] + grid.axis(n).reshape([-1 if n == m else 1 for m in range(3)]) for n in range(3))
        r2 = np.maximum(x * x + y * y + z * z, self.model.bubble**2)
        return _GAS / 3.0 * (self.model.bubble**2 / r2) ** 1.5 * (3.0 * z * z / r2 - 1.0)

    def _drift(self, at: float) -> NDArray[np.float64]:
        drift = np.full(self._tissues.grid.shape, self.model.drift)
        for n in range(3):
            x = self._tissues.grid.axis(n)
            drift += self.model.drift_slope[n] * (x - x.mean()).reshape([-1 if n == m else 1 for m in range(3)])
        return drift * at


_GAS = 9.4e-6
"""Difference of the volume susceptibilities of gas and tissue (SI)."""


def _smooth_field(grid: Grid, rng: np.random.Generator) -> NDArray[np.float64]:
    """A random polynomial of order 3 with mean 0 and root mean square 1."""
    u = np.meshgrid(*(np.linspace(-1, 1, n) if n > 1 else np.zeros(1) for n in grid.shape), indexing="ij")
    total = np.zeros(grid.shape)
    for a in range(4):
        for b in range(4 - a):
            for c in range(4 - a - b):
                total += rng.standard_normal() / math.factorial(a + b + c) * u[0] ** a * u[1] ** b * u[2] ** c
    total -= total.mean()
    return total / max(float(total.std()), 1e-30)


def _moved(values: NDArray[np.float64], steps: NDArray[np.float64]) -> NDArray[np.float64]:
    return values if not np.any(steps) else shift(values, steps, order=1, mode="nearest")


def _block_mean(values: NDArray, factors: tuple[int, int, int]) -> NDArray:
    whole = values[tuple(slice(0, n // f * f) for n, f in zip(values.shape, factors, strict=True))]
    return whole.reshape([m for n, f in zip(whole.shape, factors, strict=True) for m in (n // f, f)]).mean((1, 3, 5))


def _coarse(grid: Grid, factors: tuple[int, int, int]) -> Grid:
    affine = np.array(grid.affine)
    affine[:3, 3] = grid.world([0.5 * (f - 1) for f in factors])
    affine[:3, :3] = affine[:3, :3] * np.array(factors)
    a, b, c = (n // f for n, f in zip(grid.shape, factors, strict=True))
    return Grid((a, b, c), affine, grid.frame)
