"""One exposure of resting tissue: heat for a while, cool for a while, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.field import Field
from openhifu.base.outcome import Outcome, Verdict
from openhifu.model.catalogue import tissue
from openhifu.model.medium import Medium
from openhifu.model.tissue import Tissue
from openhifu.thermal.boundary import Boundary, HeldTemperature
from openhifu.thermal.dose import ThermalDose
from openhifu.thermal.pennes import Pennes
from openhifu.thermal.solver import BOILING_C, BioheatSolver, equal_steps

_SAMPLE = 0.5
"""s between samples of the history."""


@dataclass(frozen=True, eq=False)
class Heated:
    """What one exposure did.

    Attributes:
        peak_temperature: highest temperature reached anywhere [degC].
        temperature: at the end of heating [degC].
        peak: highest temperature of each voxel [degC].
        dose: CEM43 at the end of cooling.
        times: s from the start of heating, shape (n,).
        hottest: highest temperature anywhere at those times [degC], shape (n,).
        outcome: whether the model held, and what was assumed.
    """

    peak_temperature: float
    temperature: Field
    peak: Field
    dose: ThermalDose
    times: NDArray[np.float64]
    hottest: NDArray[np.float64]
    outcome: Outcome


def heat(
    heat_rate: Field,
    medium: Medium,
    on: float,
    off: float,
    step: float | None = None,
    *,
    blood: Tissue | None = None,
    boundary: Boundary = Boundary.HELD_AT_START,
    held: Sequence[HeldTemperature] = (),
    insulating: Sequence[str] = (),
) -> Heated:
    """Heat tissue that rests at 37 C with a constant rate, then let it cool.

    Args:
        heat_rate: W/m3, mean over each voxel, on the medium's grid.
        medium: tissues.
        on: s of heating.
        off: s of cooling.
        step: longest step [s]; None leaves it to the solver (``Pennes``).
        blood: what perfuses; None takes the catalogue's ``"blood"``.
        boundary: what the faces of the grid do.
        held: tissues kept at a temperature.
        insulating: tissues that conduct no heat, e.g. gas.

    Raises:
        OutOfRange: if a time is negative, the step too long or the heat negative or not finite.
        GeometryError: if the heat rate is on another grid than the medium.
        MissingProperty: if a tissue lacks a thermal value.
    """
    solver = Pennes(medium, blood or tissue("blood"), boundary, held=held, insulating=insulating, track_peak=True)
    dose = ThermalDose(medium.grid)
    times, hottest = [0.0], [solver.highest_now]
    equal_steps(off, _SAMPLE, None)  # refuses a bad cooling time before the heating is calculated
    _follow(solver, on, heat_rate, dose, step, times, hottest)
    temperature = solver.temperature
    _follow(solver, off, None, dose, step, times, hottest)
    return Heated(
        solver.highest, temperature, solver.peak, dose, np.array(times), np.array(hottest), verdict_of(solver)
    )


def _follow(
    solver: BioheatSolver,
    duration: float,
    heat_rate: Field | None,
    dose: ThermalDose,
    step: float | None,
    times: list[float],
    hottest: list[float],
) -> None:
    """Advance in equal samples and note the hottest voxel after each."""
    count, sample = equal_steps(duration, _SAMPLE, None)
    for _ in range(count):
        solver.advance(sample, heat_rate, dose=dose, step=step)
        times.append(solver.time)
        hottest.append(solver.highest_now)


def verdict_of(solver: BioheatSolver) -> Outcome:
    """Whether the temperatures a solver reached are within what it models."""
    if solver.exceeded_boiling:
        return Outcome(
            verdict=Verdict.WARNING,
            sentence=f"the model reaches {solver.highest:.0f} degC; tissue boils at {BOILING_C:.0f} degC, "
            "which is not modelled, so temperatures and doses around there are overstated",
            remedy="lower the power or the on-time",
        )
    return Outcome(verdict=Verdict.OK, sentence=f"highest temperature {solver.highest:.1f} degC; {solver.method}")
