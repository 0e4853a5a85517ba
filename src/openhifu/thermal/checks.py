"""What solvers refuse before they touch their state: heat, scale, start temperatures."""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid
from openhifu.model.medium import Medium
from openhifu.thermal.solver import BOILING_C

F = TypeVar("F", np.float32, np.float64)


def checked_scale(scale: float) -> None:
    """Refuse a factor on the heat that is negative or not finite.

    Raises:
        OutOfRange: if it is.
    """
    if not (math.isfinite(scale) and scale >= 0):
        raise OutOfRange(f"the scale of the heat must be finite and not negative, got {scale}")


def checked_heat(heat: Field, grid: Grid, kind: type[F]) -> NDArray[F]:
    """A heat rate [W/m3] as a contiguous array of a float type.

    Raises:
        GeometryError: if it is on another grid or is no heat rate.
        OutOfRange: if it is negative or not finite anywhere.
    """
    grid.require_same(heat.grid, "the heat rate")
    if heat.quantity is not Quantity.HEAT_RATE:
        raise GeometryError(f"a field of {heat.quantity.words} was given as heat; give a heat rate in W/m3")
    least = float(np.min(heat.data))
    if not (least >= 0 and math.isfinite(float(np.max(heat.data)))):
        raise OutOfRange(f"a heat rate must be finite and not negative everywhere; its lowest value is {least} W/m3")
    return np.require(heat.data, kind, ["C", "W"])


def within_water(value: float, what: str) -> float:
    """A temperature [degC] at which tissue is neither ice nor steam.

    Raises:
        OutOfRange: outside 0 to 100 degC, or if it is no number.
    """
    if not 0 <= value <= BOILING_C:
        raise OutOfRange(f"{what} is {value} degC; this model holds from 0 to 100 degC")
    return float(value)


def start_rise(start: float | Field, medium: Medium, arterial: float, held: NDArray[np.float64]) -> NDArray[np.float32]:
    """Rise [K] above the arterial temperature at time zero, held tissues at theirs.

    Raises:
        OutOfRange: if a temperature is outside 0 to 100 degC.
        GeometryError: if a start field is on another grid or is no temperature.
    """
    if isinstance(start, Field):
        medium.grid.require_same(start.grid, "the start temperature")
        if start.quantity is not Quantity.TEMPERATURE:
            raise GeometryError(f"a field of {start.quantity.words} was given as start; give temperature in degC")
        for value in (float(np.min(start.data)), float(np.max(start.data))):
            within_water(value, "the start temperature")
        rise = np.asarray(start.data - arterial, np.float32)
    else:
        rise = np.full(medium.grid.shape, within_water(start, "the start temperature") - arterial, np.float32)
    fixed = held[medium.map.data]
    return np.where(np.isnan(fixed), rise, fixed - arterial).astype(np.float32)
