"""Thermal dose of the temperatures that were measured, frame by frame, where the tissue was when it was heated."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import shift

from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid
from openhifu.base.units import BODY_TEMPERATURE_C
from openhifu.monitoring.temperature_map import TemperatureMap, require_later
from openhifu.thermal.dose import ThermalDose


class MeasuredDose:
    """CEM43 on the grid of the images, accumulated over measured frames (linear between them).

    Each frame is moved back by the displacement it was taken at, so that the dose stays with its tissue. Noise of
    deviation s adds exp((ln 2 s)^2 / 2) to the mean dose (15 % at 0.76 K) where many frames contribute; it is left in,
    because in one exposure a few hot frames make the dose, and lowering them would shrink the volume below the truth.
    Averaging over a voxel takes away from the dose of spots that are not much larger than it.

    Voxels a frame could not measure keep the temperature they had in the frame before; voxels that were never measured
    have no dose and read NaN.

    Args:
        grid: of the images.
        start: degC of all tissue before the first frame.
    """

    def __init__(self, grid: Grid, start: float = BODY_TEMPERATURE_C) -> None:
        self._dose = ThermalDose(grid)
        self._last = Field(grid, np.full(grid.shape, float(start)), Quantity.TEMPERATURE)
        self._seen = np.zeros(grid.shape, bool)
        self._at: float | None = None

    @property
    def grid(self) -> Grid:
        """Where."""
        return self._dose.grid

    def add(self, measured: TemperatureMap, displacement: NDArray[np.float64] | None = None) -> None:
        """Go on to the next frame; the first one only starts the clock.

        Args:
            measured: temperatures.
            displacement: m along the grid's axes by which the tissue had moved (``RigidMotion``); None for none.

        Raises:
            GeometryError: if the map is on another grid.
            OutOfRange: if it is not later than the one before.
        """
        self.grid.require_same(measured.temperature.grid, "the temperature map")
        if self._at is not None:
            require_later(measured.at, self._at)
        known = np.where(measured.valid, measured.temperature.data, self._last.data)
        valid = measured.valid
        if displacement is not None:
            back = -np.asarray(displacement) / np.array(self.grid.spacing)
            known = shift(known, back, order=3, mode="nearest")
            valid = shift(valid.astype(np.float32), back, order=1, mode="constant") > 0.5
        now = Field(self.grid, known, Quantity.TEMPERATURE)
        if self._at is not None:
            self._dose.add(self._last, now, measured.at - self._at)
        self._last, self._at = now, measured.at
        self._seen |= valid

    @property
    def field(self) -> Field:
        """Dose so far [min]; NaN where no frame ever saw a temperature."""
        return Field(self.grid, np.where(self._seen, self._dose.minutes, np.nan), Quantity.CEM43)

    def volume(self, cem43: float = 240.0, parts: int = 3) -> float:
        """Volume [m3] at or over a dose [min].

        Args:
            cem43: min.
            parts: each voxel is cut into so many along every edge, with the logarithm of the dose interpolated by a
                cubic between voxel centres; 1 counts whole voxels.
        """
        level = np.log2(np.maximum(np.where(self._seen, self._dose.minutes, 0.0), 1e-6)).astype(np.float64)
        if parts == 1:
            return int(np.count_nonzero(level >= math.log2(cem43))) * self.grid.voxel_volume
        fine = _interpolated(level, parts)
        return int(np.count_nonzero(fine >= math.log2(cem43))) * self.grid.voxel_volume / parts**3


def _interpolated(values: NDArray[np.float64], parts: int) -> NDArray[np.float64]:
    """Cubic interpolation at the centres of equal parts of every voxel."""
    from scipy.ndimage import map_coordinates, spline_filter

    within = (np.arange(parts) + 0.5) / parts - 0.5
    along = [(np.arange(n)[:, None] + within).ravel() for n in values.shape]
    places = np.stack(np.meshgrid(*along, indexing="ij"))
    return map_coordinates(spline_filter(values, order=3), places, order=3, mode="nearest", prefilter=False)
