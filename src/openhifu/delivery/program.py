"""From a plan to a stream of steps: a generator that yields what to do next and may learn from what was read."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from openhifu.base.outcome import Ending
from openhifu.base.units import BODY_TEMPERATURE_C
from openhifu.delivery.endings import Halt
from openhifu.delivery.folds import begun, last_scale, quiet_power
from openhifu.delivery.measured_dose import planned_cem43
from openhifu.delivery.organ_budget import OrganBudget
from openhifu.delivery.steps import Arm, Ask, Cool, Measure, Move, OrganState, Sonicate, Step, StepResult
from openhifu.delivery.titration import clamped, heating_ratio, next_scale, reading_of
from openhifu.model.events import Event, Purpose
from openhifu.model.plan import TreatmentPlan
from openhifu.model.sonication import Sonication

BASELINE_TIME = 5.0
"""Seconds of readings that are averaged before a test exposure."""

_LAST_SECONDS = 60.0  # s kept free at the end of the treatment's time, for moves and answers
_LONGEST_WISH = 900.0  # s by which a pause may grow beyond the planned one for what is only wished

Program = Generator[Step, StepResult, None]
"""Yields steps, is sent the result of each."""


@dataclass
class Course:
    """What a treatment has learned so far.

    Attributes:
        scale: power factor in force; None before the test exposure.
        done: sonications already begun by earlier runs; they are never yielded again, except on a second pass.
        quiet: W that no exposure exceeds, since bubbles collapsed at more.
        measured: dose [min] measured in each sonication of this run, over all its exposures.
        aims: dose [min] aimed at in each sonication: the planned one, or less where an organ must be spared.
        budget: of the organs' measured dose; None without dose control.
        organs: as they were at the end of the last step.
        elapsed: s since the run began.
        rest: s at least that exposures and pauses after the present one take, and how many they are.
    """

    scale: float | None = None
    done: frozenset[int] = frozenset()
    quiet: float = math.inf
    measured: dict[int, float] = field(default_factory=dict)
    aims: dict[int, float] = field(default_factory=dict)
    budget: OrganBudget | None = None
    organs: tuple[OrganState, ...] = ()
    elapsed: float = 0.0
    rest: tuple[float, int] = (0.0, 0)

    def see(self, result: StepResult) -> None:
        """Take what every step tells."""
        self.elapsed, self.organs = result.elapsed, result.organs
        if self.budget is not None:
            self.budget.see(result.organs)

    @property
    def factor(self) -> float:
        """The power factor, 1 as long as nothing is known."""
        return 1.0 if self.scale is None else self.scale


def history(plan: TreatmentPlan, events: Sequence[Event]) -> Course:
    """What earlier runs of a plan have learned."""
    control = plan.prescription.control
    quiet = math.inf if control is None else quiet_power(events, control.cavitation_step)
    done, budget, count = begun(events), None, len(plan.sonications)
    if control is not None:
        budget = OrganBudget(plan.organs, control.organ_share, count, len(done), plan.prediction.organs)
    return Course(last_scale(events), done, quiet, budget=budget)


def program(plan: TreatmentPlan, course: Course | None = None) -> Program:
    """All that is left of a plan, in order.

    Identity is confirmed first; then pre-cooling, a sub-ablative test exposure of the first spot if the prescription
    has a titration, and for each sonication move, arm, fire, cool. After each exposure the power factor moves towards
    what the readings ask for. With dose control, what then got too little is offered for a second pass, which a person
    must approve, since it changes the plan.

    Args:
        plan: the plan.
        course: what earlier runs learned (``history``); nothing if not given. Without a power factor a test exposure
            comes first (with a titration).

    Raises:
        Halt: as an interlock, if with dose control an organ's measured dose or the treatment's time leaves no exposure.
    """
    course = course or history(plan, ())
    steps = _steps(plan, course)
    result: StepResult | None = None
    while True:
        try:
            step = next(steps) if result is None else steps.send(result)
        except StopIteration:
            return
        result = yield step
        course.see(result)


def _steps(plan: TreatmentPlan, course: Course) -> Program:
    done = course.done
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
    if course.scale is None:
        course.scale = yield from _test(plan, rest[0])
    for number, sonication in enumerate(rest):
        later = rest[number + 1 :]
        course.rest = (sum(s.on_time + s.cooling_time for s in later), len(later))
        spent = _spent(plan, course, sonication)
        if spent:
            raise Halt(Ending.INTERLOCK, f"{spent}: the last {len(later) + 1} exposures are left out")
        yield Move(index=sonication.index, focus=sonication.focus)
        result = yield from _expose(plan, sonication, course)
        yield from _top_up(plan, sonication, result, course)
        yield _cool(plan, sonication.index, sonication.cooling_time, "between exposures", course)
    yield from _second_pass(plan, rest, course)


def treatment_power(plan: TreatmentPlan, sonication: Sonication, scale: float, quiet: float = math.inf) -> float:
    """Power [W] of an exposure: planned times factor, under the sonication's and the site's ceilings.

    Args:
        plan: the plan.
        sonication: of it.
        scale: power factor.
        quiet: W above which bubbles are known to collapse.
    """
    return min(
        quiet,
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


def _spent(plan: TreatmentPlan, course: Course, sonication: Sonication) -> str:
    """Why no further exposure may be given under dose control; nothing while one may."""
    if course.budget is None:
        return ""
    if course.budget.used_up():
        return f"the dose measured in {', '.join(course.budget.used_up())} has come to what it may"
    if _spare(plan, course) < sonication.on_time:
        return f"{course.elapsed / 60:.0f} of {plan.site.treatment_time / 60:.0f} min have gone by"
    return ""


def _no_more(plan: TreatmentPlan, course: Course, sonication: Sonication) -> bool:
    """Whether an exposure beside the planned ones would take time or dose that the planned ones need."""
    extra = sonication.on_time + sonication.cooling_time
    return _spare(plan, course) < 2 * extra or (course.budget is not None and bool(course.budget.used_up()))


def _spare(plan: TreatmentPlan, course: Course) -> float:
    """Time [s] that is left beyond what the rest of the plan takes at least."""
    return plan.site.treatment_time - _LAST_SECONDS - course.elapsed - course.rest[0]


def _cool(plan: TreatmentPlan, index: int | None, duration: float, reason: str, course: Course | None = None) -> Cool:
    """A pause; with dose control as long as the budget of the organs' dose wishes and the time allows."""
    organs = tuple((o.name, o.limit.resume_below) for o in plan.organs) if index is not None else ()
    wished, longest = (), 0.0
    if course is not None and course.budget is not None and course.rest[1]:
        wished = course.budget.levels()
        longest = duration + min(max(_spare(plan, course) / course.rest[1], 0.0), _LONGEST_WISH)
    return Cool(
        index=index,
        duration=duration,
        water_temperature=plan.prescription.water_temperature,
        resume_below=organs,
        wished_below=wished,
        wished_for=longest,
        reason=reason,
    )


def _expose(
    plan: TreatmentPlan, sonication: Sonication, course: Course, purpose: Purpose = Purpose.TREAT
) -> Generator[Step, StepResult, StepResult]:
    """Arm and fire; with dose control until the planned dose is measured, beyond the planned on-time if need be.

    The course learns from it: dose, power factor, and the power at which bubbles collapsed.

    Args:
        plan: the plan.
        sonication: what to expose.
        course: what is known so far.
        purpose: treatment, top-up or second pass.
    """
    prescription, site = plan.prescription, plan.site
    rule, control, high = prescription.titration, prescription.control, prescription.peak_high
    scale, measured = course.factor, course.measured.get(sonication.index, 0.0)
    light = 1.0
    if course.budget is not None:
        light = course.budget.begin(course.organs)
    power = light * treatment_power(plan, sonication, scale, course.quiet)
    on_time, stop_dose, cease = sonication.on_time, None, ()
    if rule is not None and control is not None and course.budget is not None:
        on_time = min(control.longest * on_time, site.on_time, site.spot_energy / power)
        aim = course.aims.setdefault(sonication.index, planned_cem43(sonication, rule, light))
        stop_dose = max(control.share * aim - measured, 1e-3)
        cease = course.budget.cease_above()
    yield _arm(sonication, purpose, power, on_time)
    result = yield Sonicate(
        index=sonication.index,
        purpose=purpose,
        power=power,
        on_time=on_time,
        scale=scale,
        stop_at=high if rule is None else reading_of(high, rule),
        stop_dose=stop_dose,
        cease_above=cease,
        cease_on_cavitation=control is not None,
    )
    course.measured[sonication.index] = measured + result.dose
    if course.budget is not None:
        course.budget.end(result.organs, course.rest[1])
    if purpose is Purpose.TREAT:  # what follows in the same spot starts from warm tissue, which tells less
        course.scale = _learned(plan, sonication, result, scale)
    if control is not None and result.cavitated:
        course.quiet = min(course.quiet, control.cavitation_step * power)
    return result


def _top_up(plan: TreatmentPlan, sonication: Sonication, result: StepResult, course: Course) -> Program:
    """With dose control, expose again after a pause what was measured to have got too little; never after a trip."""
    rule, control = plan.prescription.titration, plan.prescription.control
    if rule is None or control is None:
        return
    least = control.repeat_below * course.aims[sonication.index]
    for _ in range(control.most_repeats):
        if course.measured[sonication.index] >= least or result.ending is not Ending.COMPLETED:
            return
        if _no_more(plan, course, sonication):
            return
        yield _cool(plan, sonication.index, sonication.cooling_time, "before the rest of the dose", course)
        result = yield from _expose(plan, sonication, course, Purpose.TOP_UP)


def _second_pass(plan: TreatmentPlan, given: Sequence[Sonication], course: Course) -> Program:
    """Replan from what was really delivered: spots that got too little once more, if a person approves the change.

    Nothing of the approved plan's limits changes: powers stay under each spot's ceiling and on-times within what dose
    control allows; what changes is how often a spot is exposed, and that is what is asked for.
    """
    rule, control = plan.prescription.titration, plan.prescription.control
    if rule is None or control is None:
        return
    short = [s for s in given if course.measured[s.index] < control.repeat_below * course.aims[s.index]]
    if not short or _no_more(plan, course, short[0]):
        return
    most = max(treatment_power(plan, s, course.factor, course.quiet) for s in short)
    numbers = ", ".join(str(s.index + 1) for s in short)
    reply = yield Ask(
        text=f"{len(short)} of {len(given)} exposures were measured to get less than {control.repeat_below:.0%} of "
        f"their planned dose (no. {numbers}). That changes the plan: give these once more, at {most:.0f} W at most?",
        choices=("approve the change", "leave it"),
        again=tuple(s.index for s in short),
    )
    if reply.answer != "approve the change":
        return
    for sonication in short:
        if _no_more(plan, course, sonication):
            return
        yield Move(index=sonication.index, focus=sonication.focus)
        yield from _expose(plan, sonication, course, Purpose.AGAIN)
        yield _cool(plan, sonication.index, sonication.cooling_time, "between exposures", course)


def _arm(sonication: Sonication, purpose: Purpose, power: float, on_time: float) -> Arm:
    return Arm(
        index=sonication.index,
        purpose=purpose,
        focus=sonication.focus,
        power=power,
        on_time=on_time,
        elements_off=sonication.elements_off,
        steered=sonication.steered,
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
        cease_on_cavitation=plan.prescription.control is not None,
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
