"""Long steps for long cooling: Runge-Kutta-Legendre super-time-stepping of second order on the same finite volumes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from openhifu.base.field import Field
from openhifu.base.units import BODY_TEMPERATURE_C
from openhifu.model.medium import Medium
from openhifu.model.tissue import Tissue
from openhifu.thermal import kernels
from openhifu.thermal.boundary import Boundary, HeldTemperature
from openhifu.thermal.checks import start_rise, within_water
from openhifu.thermal.dose import Dose
from openhifu.thermal.finite_volumes import FiniteVolumes, wrap_ghosts
from openhifu.thermal.padded import NO_ARRAY, Call, PaddedState
from openhifu.thermal.properties import thermal_table

MOST_STAGES = 15
_OWN_STEP = 1.0  # s; what changes around a focus, and what a dose takes as linear


class SuperSteps(PaddedState):
    """A ``BioheatSolver`` that covers (s^2 + s - 2) / 4 Euler steps with s evaluations.

    RKL2 of Meyer, Balsara and Aslam (2014, J. Comput. Phys. 257, 594, doi:10.1016/j.jcp.2013.08.021): second order in
    time, stable for diffusion, every stage damped, so that steep starts do not ring. It pays where the Euler step is
    short beside what changes: fine voxels, long cooling. ``stable_step`` is that of 15 stages, 59.5 Euler steps; a step
    is made of the fewest stages (an odd number) that are stable for it. Left to itself it takes steps of at most 1 s;
    a caller that knows how slowly the tissue cools by then asks for longer ones. Boundaries, held and insulating
    tissues are those of ``Pennes``; properties are constant. Memory: four padded temperatures, labels, and peak and
    dose where they are kept.

    Args:
        medium: tissues on the grid.
        blood: the tissue whose density and heat capacity perfusion carries.
        boundary: what the outer faces do.
        held: tissues that something keeps at a temperature.
        insulating: tissues that neither conduct nor warm.
        start: degC at time zero, one number or a field.
        arterial: degC of the blood that perfuses.
        metabolism: whether metabolic heat is a source.
        track_peak: whether to keep the highest temperature of every voxel at the ends of steps.

    Raises:
        MissingProperty: if a tissue that is present lacks a thermal value.
        OutOfRange: if a property or a temperature is impossible.
        GeometryError: if a start field is on another grid.
    """

    def __init__(
        self,
        medium: Medium,
        blood: Tissue,
        boundary: Boundary,
        held: Sequence[HeldTemperature] = (),
        insulating: Sequence[str] = (),
        start: float | Field = BODY_TEMPERATURE_C,
        arterial: float = BODY_TEMPERATURE_C,
        metabolism: bool = False,
        track_peak: bool = False,
    ) -> None:
        table = thermal_table(medium, blood, held, insulating, metabolism)
        self._volumes, self._metabolism = FiniteVolumes.of(medium, table, boundary, metabolism), metabolism
        base = within_water(arterial, "the arterial temperature")
        super().__init__(medium.grid, start_rise(start, medium, arterial, table.held), base, track_peak)

    def restart(self) -> None:
        """Back to the start: temperature, time, peak."""
        super().restart()
        self._one, self._other = self._now.copy(), self._now.copy()

    @property
    def method(self) -> str:
        """The method and the physics it contains, in words."""
        extra = ", metabolic heat" if self._metabolism else ", no metabolic heat"
        return f"Pennes bioheat, RKL2 super-time-stepping{extra}, properties constant, no boiling"

    @property
    def linear(self) -> bool:
        """Whether temperature rises add: properties constant, perfusion too."""
        return True

    @property
    def stable_step(self) -> float:
        """Longest stable step [s]: that of 15 stages."""
        return self._volumes.stable_step * reach(MOST_STAGES)

    def advance(
        self,
        duration: float,
        heat: Field | None = None,
        scale: float = 1.0,
        dose: Dose | None = None,
        step: float | None = None,
    ) -> None:
        """Go on by exactly ``duration`` [s]; see ``BioheatSolver.advance`` for arguments and errors."""
        longest = min(self.stable_step, _OWN_STEP) if step is None else self.stable_step
        call = self._begun(duration, longest, step, heat, scale, dose)
        stages = stages_for(call.dt / self._volumes.stable_step)
        for _ in range(call.steps):
            self._step(call, stages)
            if dose is not None:
                dose.accumulate(self._now, self._next, 1, self._arterial, call.dt)
            self._now, self._next = self._next, self._now
            kernels.note_peaks(self._now, self._peak, self._track_peak, self._top)
        self._time += duration

    def _step(self, call: Call, stages: int) -> None:
        """One step from ``_now``, which stays, to ``_next``."""
        dt, source, factor = call.dt, call.source, call.scale
        layout, gain = self._volumes.layout, self._volumes.gain
        first, one, before, other = self._now, self._one, self._next, self._other
        share = 4.0 / (stages**2 + stages - 2)  # w1 of the paper
        begin = share / 3.0
        nothing = np.zeros(5, np.float32), NO_ARRAY, False, np.full(self._grid.shape[0], np.inf, np.float32)
        if self._volumes.periodic:
            wrap_ghosts(first)
        kernels.step(
            first, one, *layout, np.float32(begin * dt), gain, source, factor, NO_ARRAY, *nothing
        )  # fmt: skip
        before[:], other[:] = first, one
        for j in range(2, stages + 1):
            mu, nu = _weights(j)
            own, start = mu * share, _a(j - 1) * mu * share / begin
            if self._volumes.periodic:
                wrap_ghosts(other)
            mix = np.array([mu, nu, -start], np.float32)
            kernels.stage(other, before, first, one, *layout, np.float32(own * dt), gain, source, factor, mix)
            before, other = other, before
        self._next, self._other = other, before


def reach(stages: int) -> float:
    """How many Euler steps a step of so many stages covers."""
    return (stages**2 + stages - 2) / 4.0


def stages_for(euler_steps: float) -> int:
    """The fewest stages, odd and at least three, that are stable for a step of so many Euler steps."""
    stages = 3
    while reach(stages) < euler_steps * (1 - 1e-9):
        stages += 2
    return stages


def _b(j: int) -> float:
    """Coefficient b_j of the paper."""
    return 1.0 / 3.0 if j < 2 else (j * j + j - 2) / (2.0 * j * (j + 1))


def _a(j: int) -> float:
    """Coefficient a_j = 1 - b_j."""
    return 1.0 - _b(j)


def _weights(j: int) -> tuple[float, float]:
    """Mu_j and nu_j of stage j."""
    mu = (2.0 * j - 1) / j * _b(j) / _b(j - 1)
    nu = -(j - 1.0) / j * _b(j) / _b(j - 2)
    return mu, nu
