"""From wrapped phase differences to temperatures: dT = dphi / (alpha gamma B0 TE), followed through wraps over time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid
from openhifu.monitoring.mr_frames import GradientEcho
from openhifu.monitoring.temperature_map import TemperatureMap, require_later

MOST_PHASE_NOISE = 0.5
"""rad; beyond this standard deviation of a phase difference, wraps can no longer be told from noise."""


class PhaseReader:
    """The part that every method shares: coefficient, unwrapping in time, mask and noise.

    The turn of each voxel is the one nearest to its temperature in the frame before; a voxel whose temperature then
    lay more than half a turn from the median of its neighbours takes that median instead, so that one
    noisy frame cannot set it a turn off for good.

    Args:
        grid: of the images.
        sequence: field and echo time.
        coefficient: 1/K per voxel (``prf_map``); NaN where there is none.
        start: temperature [degC] of the unheated tissue, one number or a field on the grid.

    Raises:
        GeometryError: if coefficient or start are of another grid.
        OutOfRange: if no voxel has a coefficient, one is zero, or the start is not finite.
    """

    def __init__(
        self, grid: Grid, sequence: GradientEcho, coefficient: NDArray[np.float64], start: float | Field
    ) -> None:
        if coefficient.shape != grid.shape:
            raise GeometryError(f"the coefficients have shape {coefficient.shape}, the images {grid.shape}")
        if isinstance(start, Field):
            grid.require_same(start.grid, "the start temperature")
        self.sensitive = np.isfinite(coefficient)
        if not self.sensitive.any() or np.any(coefficient[self.sensitive] == 0):
            raise OutOfRange("no voxel has a PRF coefficient, or one is zero; leave insensitive voxels NaN")
        self.grid, self.sequence = grid, sequence
        self._per_kelvin = np.where(self.sensitive, coefficient, np.nan) * sequence.phase_per_shift
        first = start.data if isinstance(start, Field) else np.full(grid.shape, start)
        if not np.all(np.isfinite(first)):
            raise OutOfRange("the start temperature must be finite everywhere")
        self._start = first.astype(np.float64)
        self._last = self._start.copy()
        self._at = -math.inf

    @property
    def turn(self) -> float:
        """Temperature difference [K] of one whole turn of phase, the smallest among the voxels."""
        return float(2 * math.pi / np.nanmax(np.abs(self._per_kelvin)))

    def read(self, difference: NDArray[np.float64], variance: NDArray[np.float64], at: float) -> TemperatureMap:
        """Temperatures of a phase difference against the unheated state.

        Args:
            difference: rad, wrapped.
            variance: of it, rad2.
            at: s.

        Raises:
            OutOfRange: if it is not later than the one before.
        """
        require_later(at, self._at)
        valid = self.sensitive & (variance <= MOST_PHASE_NOISE**2)
        turn = 2 * math.pi / np.abs(self._per_kelvin)
        raw = self._start + difference / self._per_kelvin
        with np.errstate(invalid="ignore"):
            temperature = raw + turn * np.round((self._expected(turn) - raw) / turn)
        temperature[~valid] = np.nan
        self._last = np.where(valid, temperature, self._last)
        self._at = at
        deviation = np.where(valid, np.sqrt(np.where(valid, variance, 0.0)) / np.abs(self._per_kelvin), np.nan)
        return TemperatureMap(Field(self.grid, temperature, Quantity.TEMPERATURE), deviation, at)

    def _expected(self, turn: NDArray[np.float64]) -> NDArray[np.float64]:
        around = median_filter(self._last, size=3, mode="nearest")
        with np.errstate(invalid="ignore"):
            return np.where(np.abs(self._last - around) > 0.5 * turn, around, self._last)
