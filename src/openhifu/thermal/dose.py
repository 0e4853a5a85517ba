"""Thermal dose CEM43: exact integrals over temperature histories, and running fields beside a solver.

CEM43 = integral of R**(43 - T) dt in minutes (Sapareto and Dewey 1984). Two forms are in use and differ; every result
names its own.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid

Rises = NDArray[np.float32]


class DoseForm(StrEnum):
    """The forms of CEM43.

    CONTINUOUS takes R from the temperature of the moment. ISO (ISO 14708-3:2017) counts nothing below 39 C, takes R 0.5
    throughout for tissue that ever reaches 43 C and 0.25 throughout for other tissue, and calls tissue that ever
    reaches 57 C ablated (infinite dose).
    """

    CONTINUOUS = "CEM43, R 0.25 below and 0.5 above 43 C at every moment"
    ISO = "CEM43 after ISO 14708-3: from 39 C, R by the highest temperature, ablated from 57 C"


class Dose(Protocol):
    """A running dose a solver can add to."""

    @property
    def grid(self) -> Grid:
        """Where."""
        ...

    @property
    def form(self) -> DoseForm:
        """Which form of CEM43."""
        ...

    @property
    def field(self) -> Field:
        """Dose so far [min], a copy."""
        ...

    def volume(self, cem43: float = 240.0) -> float:
        """Volume [m3] of the voxels at or over a dose [min]."""
        ...

    def accumulate(self, before: Rises, after: Rises, pad: int, base: float, duration: float) -> None:
        """Add one step during which every voxel's temperature goes linearly from ``before`` to ``after``.

        Args:
            before: temperature at its start less ``base`` [K], with ``pad`` ghost voxels on every side.
            after: the same at its end.
            pad: 0 or 1.
            base: degC.
            duration: s.
        """
        ...


class _OnGrid:
    """What both running forms share."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid

    @property
    def grid(self) -> Grid:
        """Where."""
        return self._grid

    @property
    def field(self) -> Field:
        """Dose so far [min], a copy."""
        raise NotImplementedError

    def accumulate(self, before: Rises, after: Rises, pad: int, base: float, duration: float) -> None:
        """Add one step; see ``Dose``."""
        raise NotImplementedError

    def volume(self, cem43: float = 240.0) -> float:
        """Volume [m3] of the voxels at or over a dose [min]."""
        return int(np.count_nonzero(self.field.data >= cem43)) * self._grid.voxel_volume

    def add(self, before: Field, after: Field, duration: float) -> None:
        """Add a stretch of time [s] between two temperature fields, e.g. measured ones, linear in between.

        Raises:
            GeometryError: if a field is on another grid or is no temperature.
            OutOfRange: if the duration is negative or a temperature is not finite.
        """
        if not (math.isfinite(duration) and duration >= 0):
            raise OutOfRange(f"a duration must be finite and not negative, got {duration} s")
        rises = []
        for name, field in (("the temperature before", before), ("the temperature after", after)):
            self._grid.require_same(field.grid, name)
            if field.quantity is not Quantity.TEMPERATURE:
                raise GeometryError(f"{name} is a field of {field.quantity.words}; give temperature in degC")
            if not np.all(np.isfinite(field.data)):
                raise OutOfRange(f"{name} holds values that are not finite; fill or mask them first")
            rises.append(np.ascontiguousarray(field.data - 43.0, np.float32))
        self.accumulate(rises[0], rises[1], 0, 43.0, duration)


class ThermalDose(_OnGrid):
    """CEM43 as a running float32 field in the continuous form.

    Within a step the temperature is taken as linear in time and the exponential is integrated exactly, across 43 C too;
    against float64 the field is right to 1e-4 of itself after thousands of steps. Powers saturate at 2**126.

    Args:
        grid: where.
        floor: degC; a voxel below it for a whole step gains nothing from that step. At the default 38 C that leaves out
            less than 0.06 min per hour; minus infinity leaves out nothing.
    """

    form = DoseForm.CONTINUOUS

    def __init__(self, grid: Grid, floor: float = 38.0) -> None:
        super().__init__(grid)
        self.floor = floor
        self.minutes = np.zeros(grid.shape, np.float32)
        """Dose so far [min], the live array: solvers write into it, others read."""

    @property
    def field(self) -> Field:
        """Dose so far [min], a copy."""
        return Field(self._grid, self.minutes.copy(), Quantity.CEM43)

    def accumulate(self, before: Rises, after: Rises, pad: int, base: float, duration: float) -> None:
        """Add one step; see ``Dose``."""
        from openhifu.thermal import kernels

        to43, floor, minutes = (np.float32(v) for v in (base - 43.0, self.floor - 43.0, duration / 60.0))
        kernels.accumulate(before, after, pad, to43, floor, minutes, self.minutes)


class IsoThermalDose(_OnGrid):
    """CEM43 as a running float32 field in the ISO form; its R is known only in retrospect, so both doses are kept.

    Args:
        grid: where.
    """

    form = DoseForm.ISO

    def __init__(self, grid: Grid) -> None:
        super().__init__(grid)
        self._slow, self._fast = np.zeros(grid.shape, np.float32), np.zeros(grid.shape, np.float32)
        self._peak = np.full(grid.shape, -1e3, np.float32)

    @property
    def field(self) -> Field:
        """Dose so far [min], a copy; infinite where 57 C was reached."""
        minutes = np.where(self._peak >= 0, self._fast, self._slow)
        minutes[self._peak >= 57.0 - 43.0] = np.inf
        return Field(self._grid, minutes, Quantity.CEM43)

    def accumulate(self, before: Rises, after: Rises, pad: int, base: float, duration: float) -> None:
        """Add one step; see ``Dose``."""
        from openhifu.thermal import kernels

        to43, minutes = np.float32(base - 43.0), np.float32(duration / 60.0)
        kernels.accumulate_iso(before, after, pad, to43, minutes, self._slow, self._fast, self._peak)


def cem43_of_history(times: ArrayLike, temperatures: ArrayLike, form: DoseForm = DoseForm.CONTINUOUS) -> float:
    """CEM43 [min] of a temperature history that is linear between its samples: the exact integral in float64.

    Args:
        times: s, increasing, at least two.
        temperatures: degC, one per time.
        form: which form of CEM43.

    Raises:
        OutOfRange: if the times do not increase, the lengths differ, or a value is not finite.
    """
    t, u = np.asarray(times, np.float64), np.asarray(temperatures, np.float64) - 43.0
    if t.ndim != 1 or t.shape != u.shape or t.size < 2:
        raise OutOfRange(f"a history needs two or more times with a temperature each, got {t.shape} and {u.shape}")
    if not (np.all(np.isfinite(t)) and np.all(np.isfinite(u)) and np.all(np.diff(t) > 0)):
        raise OutOfRange("a history needs finite temperatures at finite, increasing times")
    minutes = np.diff(t) / 60.0
    low, high = np.minimum(u[:-1], u[1:]), np.maximum(u[:-1], u[1:])
    if form is DoseForm.CONTINUOUS:
        means = _mean_power(low, high, 2.0, -np.inf, 0.0) + _mean_power(low, high, 1.0, 0.0, np.inf)
    elif u.max() >= 57.0 - 43.0:
        return math.inf
    else:
        means = _mean_power(low, high, 1.0 if u.max() >= 0 else 2.0, 39.0 - 43.0, np.inf)
    return float(np.sum(minutes * means))


def _mean_power(
    low: NDArray[np.float64], high: NDArray[np.float64], s: float, start: float, stop: float
) -> NDArray[np.float64]:
    """Mean of 2**(s u) over stretches from ``low`` to ``high``, counting only u in [start, stop).

    A stretch at one temperature counts wholly or not at all.
    """
    a, b = np.clip(low, start, stop), np.clip(high, start, stop)
    x = s * math.log(2.0) * (b - a)
    growth = np.where(x > 0, np.expm1(x) / np.where(x > 0, x, 1.0), 1.0)
    still = high == low
    share = np.where(still, (low >= start) & (low < stop), (b - a) / np.where(still, 1.0, high - low))
    return np.where(share > 0, np.exp2(s * a) * growth * share, 0.0)
