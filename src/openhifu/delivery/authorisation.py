"""Who may deliver what: an approval of exactly this plan, or a rehearsal that only simulated devices accept."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from openhifu.base.errors import NotApproved
from openhifu.base.outcome import Ending, Verdict
from openhifu.delivery.journal import JournalReading
from openhifu.delivery.protocols import Identity
from openhifu.delivery.steps import Arm
from openhifu.model.band import band_findings
from openhifu.model.events import Purpose, RunEnded, RunStarted
from openhifu.model.plan import Approval, TreatmentPlan
from openhifu.model.robustness import Robustness
from openhifu.model.sonication import Sonication
from openhifu.model.transducer import Transducer

_ROUNDING = 1e-9  # share by which a product of floats may miss its limit


class ReasonWanted(NotApproved):
    """A plan that may be approved only with a reason was approved without one."""


@dataclass(frozen=True)
class Approved:
    """A plan with the approval that a person signed for it.

    Attributes:
        plan: what is delivered.
        approval: of exactly this plan.
        in_force: what a site's records ask besides, such as a calibration in force; asked at every arming, raises
            ``NotApproved`` where they forbid it.
    """

    plan: TreatmentPlan
    approval: Approval
    in_force: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Rehearsal:
    """A plan to be tried on a simulated machine; no real device accepts it."""

    plan: TreatmentPlan


Authorisation = Approved | Rehearsal


def require_authorised(authorisation: Authorisation, device: Transducer, identity: Identity) -> None:
    """Hold plan, approval, device description and the device's own answer against each other; called at every arming.

    Raises:
        NotApproved: naming what does not match.
    """
    plan = authorisation.plan
    if isinstance(authorisation, Rehearsal):
        if not identity.simulated:
            raise NotApproved("a rehearsal runs on a simulated machine only; this generator says that it is a real one")
    else:
        _require_approved(plan, authorisation.approval)
        authorisation.in_force()
    _require_device(plan, device, identity)


def _require_approved(plan: TreatmentPlan, approval: Approval) -> None:
    if plan.content_hash != approval.plan_hash:
        raise NotApproved(
            f"the approval is for plan {approval.plan_hash[:12]}, this plan is {plan.content_hash[:12]}: it was edited "
            "after the approval or is another one; rehearse and approve it anew"
        )
    if plan.errors:
        raise NotApproved(f"the plan has an error: {plan.errors[0].sentence}; a plan with errors is never delivered")


def _require_device(plan: TreatmentPlan, device: Transducer, identity: Identity) -> None:
    calibration = device.calibration
    if not plan.serial == calibration.serial == identity.serial:
        raise NotApproved(
            f"the plan is for device no. {plan.serial}, the description for no. {calibration.serial}, "
            f"the generator says no. {identity.serial}; plan for the device that is connected"
        )
    if identity.calibration_date != calibration.date:
        raise NotApproved(
            f"the generator runs on the calibration of {identity.calibration_date}, the plan's device on that of "
            f"{calibration.date}; load the calibration in force and plan again"
        )
    if device.content_hash != plan.provenance.device_hash:
        raise NotApproved(
            f"the device description ({device.content_hash[:12]}) is not the one the plan was made for "
            f"({plan.provenance.device_hash[:12]}); plan again with the description in force"
        )


def require_allowed(
    plan: TreatmentPlan,
    device: Transducer,
    step: Arm,
    spent: float,
    before: int = 0,
    again: frozenset[int] = frozenset(),
) -> None:
    """Hold an exposure against the limits of device and site and against the plan it claims to come from.

    Args:
        plan: the authorised plan.
        device: whose ceilings hold.
        step: what is about to be armed.
        spent: J delivered before, by earlier runs too.
        before: how often this sonication was begun for this purpose before, by earlier runs too.
        again: sonications that a person allowed to be given once more in this run.

    Raises:
        NotApproved: naming the limit.
    """
    planned = next((s for s in plan.sonications if s.index == step.index), None)
    if planned is None or _aim(planned) != _aim(step):
        raise NotApproved(f"exposure {step.index + 1} is not one of the approved plan")
    if step.purpose is Purpose.AGAIN and step.index not in again:
        raise NotApproved(f"exposure {step.index + 1} once more is a change of the plan that nobody approved")
    if before >= _times_allowed(plan, step.purpose):
        raise NotApproved(
            f"exposure {step.index + 1} ({step.purpose}) was begun {before} times before; nothing is repeated"
        )
    site, ceilings, energy = plan.site, device.ceilings, step.power * step.on_time
    for name, value, limit in (
        ("power [W]", step.power, min(site.acoustic_power, ceilings.acoustic_power, planned.power_ceiling)),
        ("on-time [s]", step.on_time, min(site.on_time, ceilings.on_time, _longest(plan, planned, step.purpose))),
        ("energy [J]", energy, min(site.spot_energy, ceilings.spot_energy)),
        ("total energy [J]", spent + energy, min(site.total_energy, ceilings.total_energy)),
    ):
        if not value <= limit * (1 + _ROUNDING):
            raise NotApproved(f"exposure {step.index + 1}: {name} {value:.1f} is above the limit of {limit:.1f}")


def _aim(what: Sonication | Arm) -> tuple[object, ...]:
    """Where an exposure heats, but for its power and time."""
    return what.focus, what.elements_off, what.steered


def _times_allowed(plan: TreatmentPlan, purpose: Purpose) -> float:
    """How often one sonication may be begun; tests are sub-ablative and bounded by the total energy."""
    control = plan.prescription.control
    repeats, again = (control.most_repeats, 1) if control else (0, 0)
    times = {Purpose.TREAT: 1, Purpose.TEST: math.inf, Purpose.TOP_UP: repeats, Purpose.AGAIN: again}
    return times[purpose]


def _longest(plan: TreatmentPlan, planned: Sonication, purpose: Purpose) -> float:
    """Seconds that the approved plan lets an exposure last."""
    rule, control = plan.prescription.titration, plan.prescription.control
    if purpose is Purpose.TEST:
        return rule.test_on_time if rule else 0.0
    return planned.on_time * (control.longest if control else 1.0)


def approve(
    plan: TreatmentPlan,
    rehearsal: JournalReading,
    person: str,
    role: str,
    time: str,
    statement: str,
    robustness: Robustness | None = None,
    despite: str = "",
) -> Approval:
    """A person's approval of a plan that was rehearsed.

    Args:
        plan: without errors.
        rehearsal: the journal of a rehearsal of exactly this plan that ran to its end.
        person: who approves.
        role: in which role.
        time: ISO 8601 with offset.
        statement: what the person confirms.
        robustness: the study of exactly this plan, whose band must keep the limits.
        despite: why the person approves without a study, or although a band does not keep its limit.

    Raises:
        NotApproved: if the plan has errors, the journal is not that of a completed rehearsal of it, or its band is not
            studied or does not keep a limit and no reason to approve it all the same is given; or if one is given and
            nothing is lacking.
    """
    if plan.errors:
        sentences = "; ".join(f.sentence for f in plan.errors)
        raise NotApproved(f"the plan has {len(plan.errors)} errors: {sentences}; change the plan first")
    if not rehearsal.intact or not rehearsal.events:
        raise NotApproved(f"the journal of the rehearsal cannot be trusted: {rehearsal.sentence}; rehearse again")
    first, last = rehearsal.events[0].what, rehearsal.events[-1].what
    if not isinstance(first, RunStarted) or not first.rehearsal or first.plan_hash != plan.content_hash:
        raise NotApproved("that journal is not a rehearsal of exactly this plan; rehearse this plan first")
    if not isinstance(last, RunEnded) or last.ending is not Ending.COMPLETED:
        how = f"{last.ending}: {last.sentence}" if isinstance(last, RunEnded) else "no ending was written"
        raise NotApproved(f"the rehearsal did not run to its end ({how}); rehearse again")
    lacking = _band(plan, robustness)
    if lacking and not despite.strip():
        raise ReasonWanted(f"{lacking}; or say why it is approved all the same, which is recorded")
    if despite.strip() and not lacking:
        raise NotApproved("the band keeps every limit, there is nothing to approve it despite of; leave the reason out")
    return Approval(
        plan_hash=plan.content_hash,
        rehearsal_hash=rehearsal.last_hash,
        person=person,
        role=role,
        time=time,
        statement=statement,
        robustness_hash="" if robustness is None else robustness.content_hash,
        despite=f"{despite.strip()} ({lacking})" if lacking else "",
    )


def _band(plan: TreatmentPlan, robustness: Robustness | None) -> str:
    """What the band of a plan lacks, in words; empty where nothing does.

    Raises:
        NotApproved: if the study is of another plan.
    """
    if robustness is None:
        return "nobody studied how the plan's figures spread: study it with openhifu robust PLAN"
    if robustness.plan_hash != plan.content_hash:
        raise NotApproved(
            f"the robustness study is of plan {robustness.plan_hash[:12]}, this plan is {plan.content_hash[:12]}; "
            "study this plan"
        )
    over = [f for f in band_findings(plan, robustness) if f.verdict is Verdict.ERROR]
    return "; ".join(f"{f.sentence}, the limit is {f.limit:.4g} {f.unit}" for f in over)
