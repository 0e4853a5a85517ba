"""From a plan to a stream of steps: a generator that yields what to do next and may learn from what was read."""

from __future__ import annotations

from collections.abc import Generator

from openhifu.base.outcome import Ending
from openhifu.base.units import BODY_TEMPERATURE_C
from openhifu.delivery.measured_dose import planned_cem43
from openhifu.delivery.steps import Arm, Ask, Cool, Measure, Move, Sonicate, Step, StepResult
from openhifu.delivery.titration import clamped, heating_ratio, next_scale, reading_of
from openhifu.model.events import Purpose
from openhifu.model.plan import TreatmentPlan
from openhifu.model.sonication import Sonication

BASELINE_TIME = 5.0
"""Seconds of readings that are averaged before a test exposure."""

Program = Generator[Step, StepResult, None]
"""Yields steps, is sent the result of each."""


def program(plan: TreatmentPlan, done: frozenset[int] = frozenset(), scale: float | None = None) -> Program:
    """All that is left of a plan, in order.

    Identity is confirmed first; then pre-cooling, a sub-ablative test exposure of the first spot if the prescription
    has a titration, and for each sonication move, arm, fire, cool. After each exposure the power factor moves towards
    what the readings ask for.

    Args:
        plan: the plan.
        done: sonications already begun by earlier runs; they are never yielded again.
        scale: power factor learned by earlier runs; None makes a test exposure first (with a titration).
    """
    rest = tuple(s for s in plan.sonications if s.index not in done)
    yield Ask(text=_identity(plan), choices=("yes", "no"))
    if done:
        yield Ask(
            text=f"{len(plan.sonications) - len(rest)} of {len(plan.sonications)} exposures were begun before and are "
            f"not repeated; deliver the other {len(rest)}?",
            choices=("yes", "no"),
        )
    if not rest:
        return
    yield Measure(index=None, duration=1.0, reason="the thermometer works before anything is heated")
    yield _cool(plan, None, plan.prescription.pre_cooling, "pre-cooling of the skin")
    if scale is None:
        scale = yield from _test(plan, rest[0])
    for sonication in rest:
        yield Move(index=sonication.index, focus=sonication.focus)
        result = yield from _expose(plan, sonication, scale)
        scale = _learned(plan, sonication, result, scale)
        yield from _top_up(plan, sonication, result, scale)
        yield _cool(plan, sonication.index, sonication.cooling_time, "between exposures")


def treatment_power(plan: TreatmentPlan, sonication: Sonication, scale: float) -> float:
    """Power [W] of an exposure: planned times factor, under the sonication's and the site's ceilings."""
    return min(
        scale * sonication.acoustic_power,
        sonication.power_ceiling,
        plan.site.acoustic_power,
        plan.site.spot_energy / sonication.on_time,
    )


def _identity(plan: TreatmentPlan) -> str:
    return (
        f"Case {plan.case}, plan {plan.content_hash[:12]}, device {plan.device} no. {plan.serial}, "
        f"{len(plan.sonications)} exposures: is this the patient, the plan and the device?"
    )


def _cool(plan: TreatmentPlan, index: int | None, duration: float, reason: str) -> Cool:
    organs = tuple((o.name, o.limit.resume_below) for o in plan.organs) if index is not None else ()
    return Cool(
        index=index,
        duration=duration,
        water_temperature=plan.prescription.water_temperature,
        resume_below=organs,
        reason=reason,
    )


def _expose(
    plan: TreatmentPlan, sonication: Sonication, scale: float, purpose: Purpose = Purpose.TREAT, measured: float = 0.0
) -> Generator[Step, StepResult, StepResult]:
    """Arm and fire; with dose control until the planned dose is measured, beyond the planned on-time if need be.

    Args:
        plan: the plan.
        sonication: what to expose.
        scale: power factor in force.
        purpose: treatment or top-up.
        measured: dose [min] that earlier exposures of it were measured to give.
    """
    prescription, site = plan.prescription, plan.site
    rule, control, high = prescription.titration, prescription.control, prescription.peak_high
    power, on_time, stop_dose, cease = treatment_power(plan, sonication, scale), sonication.on_time, None, ()
    if rule is not None and control is not None:
        on_time = min(control.longest * on_time, site.on_time, site.spot_energy / power)
        stop_dose = max(control.share * planned_cem43(sonication, rule) - measured, 1e-3)
        cease = tuple((o.name, o.limit.resume_below + control.organ_rise) for o in plan.organs)
    yield _arm(sonication, purpose, power, on_time)
    return (
        yield Sonicate(
            index=sonication.index,
            purpose=purpose,
            power=power,
            on_time=on_time,
            scale=scale,
            stop_at=high if rule is None else reading_of(high, rule),
            stop_dose=stop_dose,
            cease_above=cease,
        )
    )


def _top_up(plan: TreatmentPlan, sonication: Sonication, result: StepResult, scale: float) -> Program:
    """With dose control, expose again after a pause what was measured to have got too little; never after a trip."""
    rule, control = plan.prescription.titration, plan.prescription.control
    if rule is None or control is None:
        return
    least, measured = control.repeat_below * planned_cem43(sonication, rule), 0.0
    for _ in range(control.most_repeats):
        measured += result.dose
        if measured >= least or result.ending is not Ending.COMPLETED:
            return
        yield _cool(plan, sonication.index, sonication.cooling_time, "before the rest of the dose")
        result = yield from _expose(plan, sonication, scale, Purpose.TOP_UP, measured)


def _arm(sonication: Sonication, purpose: Purpose, power: float, on_time: float) -> Arm:
    return Arm(
        index=sonication.index,
        purpose=purpose,
        focus=sonication.focus,
        power=power,
        on_time=on_time,
        elements_off=sonication.elements_off,
    )


def _test(plan: TreatmentPlan, sonication: Sonication) -> Generator[Step, StepResult, float]:
    """A sub-ablative exposure of the first spot, and the factor it asks for (1 without titration)."""
    rule = plan.prescription.titration
    if rule is None:
        return 1.0
    yield Move(index=sonication.index, focus=sonication.focus)
    before = yield Measure(index=sonication.index, duration=BASELINE_TIME, reason="baseline of the test exposure")
    baseline = sum(value for _, value in before.target) / max(len(before.target), 1)
    power = rule.test_share * treatment_power(plan, sonication, 1.0)
    yield _arm(sonication, Purpose.TEST, power, rule.test_on_time)
    result = yield Sonicate(
        index=sonication.index,
        purpose=Purpose.TEST,
        power=power,
        on_time=rule.test_on_time,
        scale=rule.test_share,
        stop_at=reading_of(plan.prescription.peak_low, rule),
    )
    yield _cool(plan, sonication.index, sonication.cooling_time, "after the test exposure")
    ratio = heating_ratio(result, sonication, rule, baseline) if result.ending is Ending.COMPLETED else None
    return next_scale(clamped(1.0, rule), ratio, rule, damping=1.0)


def _learned(plan: TreatmentPlan, sonication: Sonication, result: StepResult, scale: float) -> float:
    rule = plan.prescription.titration
    if rule is None:
        return scale
    ratio = heating_ratio(result, sonication, rule, BODY_TEMPERATURE_C)
    return next_scale(scale, ratio, rule, rule.damping)
