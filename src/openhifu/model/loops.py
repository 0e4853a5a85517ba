"""What a plan did to a simulated patient when it was steered by measurements, and when it was not."""

from __future__ import annotations

from enum import StrEnum

from openhifu.base.outcome import Ending
from openhifu.base.record import Record
from openhifu.model.limits import DoseControl
from openhifu.model.plan import OrganPrediction, Prediction, TreatmentPlan


class Loop(StrEnum):
    """How a plan is delivered: powers and times as planned, or steered by what the thermometer reads."""

    OPEN = "open"
    CLOSED = "closed"


class LoopOutcome(Record):
    """One delivery to one simulated patient, as it truly went.

    Attributes:
        plan_hash: the plan that was delivered: the studied one with or without its control.
        seed: of patient and machine.
        loop: how it was delivered.
        thermometer: what read the temperatures.
        ending: of the run.
        exposures: how many were given, repeats included.
        truth: true volumes, temperatures, doses, time and energy.
        exceeded: limits of the plan that were truly exceeded, in words with both numbers.
    """

    plan_hash: str
    seed: int
    loop: Loop
    thermometer: str
    ending: Ending
    exposures: int
    truth: Prediction
    exceeded: tuple[str, ...]

    @property
    def coverage(self) -> float:
        """Share of the target over the prescribed dose."""
        return self.truth.coverage

    @property
    def healthy(self) -> float:
        """Volume [m3] outside the target over the prescribed dose."""
        return self.truth.ablated_volume - self.truth.ablated_target_volume


def delivered_as(plan: TreatmentPlan, loop: Loop, control: DoseControl | None) -> TreatmentPlan:
    """The plan as one of the two loops delivers it.

    Args:
        plan: any plan.
        loop: the open one drops titration and control; the closed one must have both.
        control: the closed loop's, where the plan has none of its own.

    Raises:
        ValueError: if the closed loop has no titration, or no control.
    """
    wish = plan.prescription
    if loop is Loop.OPEN:
        change = {"titration": None, "control": None}
    else:
        steered = wish.control or control
        if wish.titration is None or steered is None:
            raise ValueError("a closed loop needs a titration and a dose control")
        change = {"titration": wish.titration, "control": steered}
    prescription = type(wish).model_validate(dict(wish) | change)
    return type(plan).model_validate(dict(plan) | {"prescription": prescription})


def limits_exceeded(plan: TreatmentPlan, truth: Prediction) -> tuple[str, ...]:
    """Limits of organs and site that a delivery truly exceeded, in words with both numbers."""
    site = plan.site
    own = {o.organ: o for o in truth.organs}
    doses = [_dose(own[o.name], o.limit.cem43_max) for o in plan.organs if o.name in own]
    ceilings = (
        ("hottest point", truth.peak_temperature, site.peak_temperature, "degC"),
        ("energy in all", truth.energy, site.total_energy, "J"),
        ("treatment time", truth.treatment_time, site.treatment_time, "s"),
    )
    over = [f"{name} {value:.4g} {unit} (limit {limit:.4g})" for name, value, limit, unit in ceilings if value > limit]
    return (*(d for d in doses if d), *over)


def _dose(organ: OrganPrediction, limit: float) -> str:
    return f"CEM43 of {organ.organ} {organ.cem43_max:.3g} min (limit {limit:.3g})" if organ.cem43_max > limit else ""
