"""Exact bioheat in a uniform medium: cosine modes that decay and fill exponentially, for any length of time at once."""

from __future__ import annotations

import math
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn, idctn

from openhifu.base.errors import CannotModel
from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid
from openhifu.base.units import BODY_TEMPERATURE_C
from openhifu.model.medium import Medium
from openhifu.model.tissue import Tissue
from openhifu.thermal.checks import checked_heat, checked_scale, start_rise
from openhifu.thermal.dose import Dose
from openhifu.thermal.probe import Probe
from openhifu.thermal.properties import thermal_table
from openhifu.thermal.solver import BOILING_C, equal_steps

_DOSE_STEP = 0.1
"""s; within it the dose takes the temperature as linear."""


class Spectral:
    """A ``BioheatSolver`` for one uniform tissue in an insulated box: the oracle of the others.

    A cosine mode of wave number k decays at r = D k^2 + loss, and constant heat fills it towards q / (rho c r), both
    exactly; so any step is exact for heat that is constant in it, and ``stable_step`` is infinite. Left to itself
    it takes one step without dose and steps of at most 0.1 s with dose. Heat and temperature are values at voxel
    centres, band-limited in between. Works in float64.

    Args:
        medium: one tissue everywhere.
        blood: the tissue whose density and heat capacity perfusion carries.
        start: degC at time zero, one number or a field.
        arterial: degC of the blood that perfuses.
        track_peak: whether to keep the highest temperature of every voxel at the ends of steps.

    Raises:
        CannotModel: if the medium has more than one tissue.
        MissingProperty: if the tissue lacks a thermal value.
        OutOfRange: if a property or temperature is impossible.
        GeometryError: if a start field is on another grid.
    """

    def __init__(
        self,
        medium: Medium,
        blood: Tissue,
        start: float | Field = BODY_TEMPERATURE_C,
        arterial: float = BODY_TEMPERATURE_C,
        track_peak: bool = False,
    ) -> None:
        present = np.flatnonzero(medium.present())
        if len(present) != 1:
            names = ", ".join(medium.tissues[i].name for i in present)
            raise CannotModel(f"the spectral solver needs one tissue everywhere, got {names}; Pennes takes any mixture")
        table, own = thermal_table(medium, blood), int(present[0])
        self._grid, self._arterial, self._track_peak = medium.grid, float(arterial), track_peak
        self._capacity = float(table.heat_capacity[own])
        diffusivity = self._wave_numbers(medium.grid) * float(table.diffusivity[own])
        self._decay = diffusivity + float(table.loss[own])
        self._start = start_rise(start, medium, arterial, table.held).astype(np.float64)
        self.restart()

    @staticmethod
    def _wave_numbers(grid: Grid) -> NDArray[np.float64]:
        """Squared wave number [1/m2] of each cosine mode."""
        along = [(math.pi * np.arange(n) / (n * h)) ** 2 for n, h in zip(grid.shape, grid.spacing, strict=True)]
        return along[0][:, None, None] + along[1][None, :, None] + along[2][None, None, :]

    def restart(self) -> None:
        """Back to the start: temperature, time, peak."""
        self._rise = self._start.copy()
        self._modes = _modes(self._rise)
        self._peak = self._start.copy()
        self._time, self._highest = 0.0, float(self._start.max())

    @property
    def grid(self) -> Grid:
        """Where temperature, heat and dose live."""
        return self._grid

    @property
    def method(self) -> str:
        """The method and the physics it contains, in words."""
        return "Pennes bioheat, exact cosine modes, uniform tissue, no metabolic heat, properties constant, no boiling"

    @property
    def time(self) -> float:
        """Seconds since the start."""
        return self._time

    @property
    def linear(self) -> bool:
        """Whether temperature rises add: properties constant, perfusion too."""
        return True

    @property
    def stable_step(self) -> float:
        """Infinite: every step is exact."""
        return math.inf

    @property
    def temperature(self) -> Field:
        """Temperature now [degC], a copy."""
        return Field(self._grid, self._rise + self._arterial, Quantity.TEMPERATURE)

    @property
    def highest_now(self) -> float:
        """Highest temperature anywhere now [degC]."""
        return float(self._rise.max()) + self._arterial

    @property
    def highest(self) -> float:
        """Highest temperature [degC] that any voxel has had at the end of a step, start included."""
        return self._highest + self._arterial

    @property
    def exceeded_boiling(self) -> bool:
        """Whether 100 C was reached anywhere, beyond which the model does not hold."""
        return self.highest >= BOILING_C

    @property
    def peak(self) -> Field:
        """Highest temperature of each voxel at the ends of steps so far [degC], a copy.

        Raises:
            CannotModel: if the solver was made without ``track_peak=True``.
        """
        if not self._track_peak:
            raise CannotModel("this solver does not follow the peak of every voxel; make it with track_peak=True")
        return Field(self._grid, self._peak + self._arterial, Quantity.TEMPERATURE)

    def hottest(self, probe: Probe) -> float:
        """Highest temperature now [degC] among the voxels of a probe.

        Raises:
            GeometryError: if the probe was made for another grid.
        """
        self._grid.require_same(probe.grid, f"the probe of {probe.name}")
        return float(max(self._rise[i, j, a:b].max() for i, j, a, b in probe.runs)) + self._arterial

    def advance(
        self,
        duration: float,
        heat: Field | None = None,
        scale: float = 1.0,
        dose: Dose | None = None,
        step: float | None = None,
    ) -> None:
        """Go on by exactly ``duration`` [s]; see ``BioheatSolver.advance`` for arguments and errors."""
        count, dt = equal_steps(duration, math.inf, _DOSE_STEP if dose is not None and step is None else step)
        checked_scale(scale)
        if dose is not None:
            self._grid.require_same(dose.grid, "the dose")
        source = None if heat is None else _modes(checked_heat(heat, self._grid, np.float64))
        keep = np.exp(-dt * self._decay)
        gain = 0.0
        if source is not None:
            safe = np.where(self._decay > 0, self._decay, 1.0)
            gain = np.where(self._decay > 0, -np.expm1(-dt * self._decay) / safe, dt) * source * scale / self._capacity
        for _ in range(count):
            self._modes = self._modes * keep + gain
            before, self._rise = self._rise, _values(self._modes)
            if dose is not None:
                dose.accumulate(before.astype(np.float32), self._rise.astype(np.float32), 0, self._arterial, dt)
            if self._track_peak:
                np.maximum(self._peak, self._rise, out=self._peak)
            self._highest = max(self._highest, float(self._rise.max()))
        self._time += duration


def _modes(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cosine modes of values at voxel centres."""
    return cast(NDArray[np.float64], dctn(values, workers=-1))


def _values(modes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values at voxel centres of cosine modes."""
    return cast(NDArray[np.float64], idctn(modes, workers=-1))
