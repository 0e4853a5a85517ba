"""What finite-volume solvers keep: rises above the arterial temperature with a ghost voxel around, peaks, and time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import CannotModel
from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid
from openhifu.thermal import kernels
from openhifu.thermal.checks import checked_heat, checked_scale
from openhifu.thermal.dose import Dose
from openhifu.thermal.probe import Probe
from openhifu.thermal.solver import BOILING_C, equal_steps

NO_ARRAY = np.zeros((1, 1, 1), np.float32)
"""Stands for an array that is not kept."""

_INSIDE = (slice(1, -1),) * 3


class Call(NamedTuple):
    """One ``advance``, checked.

    Attributes:
        steps: how many equal ones.
        dt: s of each.
        source: heat rate [W/m3] at scale 1.
        scale: factor on it.
    """

    steps: int
    dt: float
    source: NDArray[np.float32]
    scale: np.float32


class PaddedState:
    """State of a solver in float32, and what a ``BioheatSolver`` tells of it.

    Args:
        grid: of the voxels.
        start: rise above the arterial temperature at time zero [K], shape of the grid.
        arterial: degC.
        track_peak: whether to keep the highest temperature of every voxel.
    """

    def __init__(self, grid: Grid, start: NDArray[np.float32], arterial: float, track_peak: bool) -> None:
        self._grid, self._start, self._arterial, self._track_peak = grid, start, arterial, track_peak
        self._no_heat = np.zeros((1, 1, grid.shape[2]), np.float32)
        self._accepted: tuple[Field, NDArray[np.float32]] | None = None
        self.restart()

    def restart(self) -> None:
        """Back to the start: temperature, time, peak."""
        self._now = np.pad(self._start, 1, mode="edge")
        self._next = self._now.copy()
        self._peak = self._start.copy() if self._track_peak else NO_ARRAY
        self._time = 0.0
        self._top = np.full(self._grid.shape[0], self._start.max(), np.float32)

    @property
    def grid(self) -> Grid:
        """Where temperature, heat and dose live."""
        return self._grid

    @property
    def time(self) -> float:
        """Seconds since the start."""
        return self._time

    @property
    def temperature(self) -> Field:
        """Temperature now [degC], a copy."""
        return Field(self._grid, self._now[_INSIDE] + np.float32(self._arterial), Quantity.TEMPERATURE)

    @property
    def highest_now(self) -> float:
        """Highest temperature anywhere now [degC]."""
        return float(self._now[_INSIDE].max()) + self._arterial

    @property
    def highest(self) -> float:
        """Highest temperature [degC] that any voxel has had at the end of a step, start included."""
        return float(self._top.max()) + self._arterial

    @property
    def exceeded_boiling(self) -> bool:
        """Whether 100 C was reached anywhere."""
        return self.highest >= BOILING_C

    @property
    def peak(self) -> Field:
        """Highest temperature of each voxel so far [degC], a copy.

        Raises:
            CannotModel: if the solver was made without ``track_peak=True``.
        """
        if not self._track_peak:
            raise CannotModel("this solver does not follow the peak of every voxel; make it with track_peak=True")
        return Field(self._grid, self._peak + np.float32(self._arterial), Quantity.TEMPERATURE)

    def hottest(self, probe: Probe) -> float:
        """Highest temperature now [degC] among the voxels of a probe.

        Raises:
            GeometryError: if the probe was made for another grid.
        """
        if probe.grid is not self._grid:
            self._grid.require_same(probe.grid, f"the probe of {probe.name}")
        return float(kernels.hottest(self._now, 1, probe.runs)) + self._arterial

    def _begun(
        self, duration: float, longest: float, step: float | None, heat: Field | None, scale: float, dose: Dose | None
    ) -> Call:
        """Check what an ``advance`` was given, before anything changes.

        Args:
            duration: s.
            longest: step [s] that the method takes, or that it takes left to itself.
            step: longest step asked for [s]; None leaves it.
            heat: heat rate; None for none.
            scale: factor on it.
            dose: running dose; None for none.

        Raises:
            OutOfRange, GeometryError: see ``BioheatSolver.advance``.
        """
        count, dt = equal_steps(duration, longest, step)
        checked_scale(scale)
        if dose is not None:
            self._grid.require_same(dose.grid, "the dose")
        return Call(count, dt, self._heat_rate(heat), np.float32(scale))

    def _heat_rate(self, heat: Field | None) -> NDArray[np.float32]:
        """The heat as a checked float32 array; the last field that was accepted is not checked again.

        Raises:
            GeometryError: if it is on another grid or is no heat rate.
            OutOfRange: if it is negative or not finite anywhere.
        """
        if heat is None:
            return self._no_heat
        if self._accepted is None or self._accepted[0] is not heat:
            self._accepted = (heat, checked_heat(heat, self._grid, np.float32))
        return self._accepted[1]
