"""What must hold after a bad day, whatever went wrong: output, journal, dose and ending held against the truth."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from openhifu.base.outcome import Ending
from openhifu.delivery.engine import TIDY_ATTEMPTS
from openhifu.delivery.folds import most_of
from openhifu.delivery.journal import JournalReading
from openhifu.delivery.organ_watch import OrganWatch
from openhifu.delivery.rules import SafetyRules
from openhifu.model.events import Event, Purpose, RunStarted, SonicationEnded, SonicationStarted
from openhifu.twin.bad_day import AimedScript, BadDay
from openhifu.twin.faults import ORDERS, Fault
from openhifu.twin.generator import Radiated

_TINY = 1e-6
_ENDINGS = frozenset(Ending)
_SENSED = frozenset({Ending.COMPLETED, Ending.INTERLOCK, Ending.FAULT})

STOPPED_BY = {
    Fault.RAISE: {Ending.FAULT},
    Fault.LOST: {Ending.FAULT},
    Fault.REFUSE: {Ending.FAULT, Ending.INTERLOCK},
    Fault.HANG: {Ending.FAULT},
    Fault.LATE: {Ending.FAULT},
    Fault.TWICE: {Ending.FAULT},
    Fault.LIE: {Ending.FAULT, Ending.INTERLOCK},
    Fault.NOT_A_NUMBER: {Ending.FAULT, Ending.INTERLOCK},
    Fault.FREEZE: {Ending.FAULT, Ending.INTERLOCK},
    Fault.JUMP: {Ending.FAULT, Ending.INTERLOCK},
    Fault.INTERRUPT: {Ending.OPERATOR_STOP},
}
"""The endings that a device fault may lead to, if it does not leave the run to complete."""

MAY_COMPLETE = frozenset({Fault.REFUSE, Fault.TWICE, Fault.LIE, Fault.NOT_A_NUMBER, Fault.FREEZE, Fault.JUMP})
"""Faults of a reading that may be within what readings say, or trip and be reset by a person."""


@dataclass(frozen=True)
class Truth:
    """What truly happened.

    Attributes:
        radiated: every exposure, by the generator's own books.
        ended_at: when the engine was done or died [s].
        ending: as the engine says; None if it died.
        written: whether it could write that.
        journal: what is on the disk.
        disk_failed: whether the disk failed meanwhile.
        scripts: device faults with the times at which they struck.
        late: s by which the hard stop came after the engine's end; 0 if it was not needed.
        earlier: events of the runs before.
    """

    radiated: list[Radiated]
    ended_at: float
    ending: Ending | None
    written: bool
    journal: JournalReading
    disk_failed: bool
    scripts: tuple[AimedScript, ...]
    late: float
    earlier: tuple[Event, ...] = ()


@dataclass(frozen=True)
class Violation:
    """Something that must never happen: one of the campaign's counts, and the sentence."""

    count: str
    sentence: str


def violations(day: BadDay, truth: Truth, rules: SafetyRules) -> list[Violation]:
    """Everything about a run that must not be."""
    return [
        *_beyond_lease(day, truth, rules),
        *_unjournalled(day, truth),
        *_endings(day, truth, rules),
        *_journal(truth),
    ]


def bounds(day: BadDay, truth: Truth, rules: SafetyRules) -> list[tuple[str, float, float]]:
    """What struck when [s], and how long [s] output may last after it."""
    lease, period = rules.lease, rules.control_period
    found = [("the end of the engine", truth.ended_at, lease)]
    for script in truth.scripts:
        found += [
            (f"{script.fault} of {call}", at, _allowance(script, call, rules))
            for call, at in zip(script.wrong, script.times, strict=True)
        ]
    model, alone = day.machine, 0.0 if not _struck(truth) else lease
    people = {script.aim[1].split(".")[0] for script in truth.scripts if script.times} | _silenced(truth)
    if model.stop_at is not None and "operator" not in people:
        found.append(("the operator's stop", model.stop_at, period + alone))
    if model.press_at is not None and "button" not in people:
        found.append(("the patient's stop", model.press_at, period + alone))
    found.append(("the door", model.stage.cut_at, 0.0))
    if abs(day.clock_step) > rules.clock_jump:
        found.append(("the clock's step", day.clock_step_at, period + lease))
    return [f for f in found if f[1] <= truth.ended_at + _TINY]


def _allowance(script: AimedScript, call: str, rules: SafetyRules) -> float:
    """How long output may last after a call went wrong: a lease where the engine can know, else until it can."""
    device, act = call.split(".")
    reads = act == "reading" and device != "button"
    never = math.inf
    match script.fault:
        case Fault.LIE:
            held = act == "off" or (act == "renew" and script.calls == never)  # what a reading says may be true
            return rules.lease if held else never
        case Fault.JUMP:
            return never
        case Fault.TWICE:
            return rules.lease if act in ("fire", "renew") else never
        case Fault.NOT_A_NUMBER:
            return rules.lease if reads else never  # the other answers have no numbers
        case Fault.REFUSE:
            return rules.lease if reads or act in ORDERS else never
        case Fault.FREEZE:
            stale = rules.fast_stale if device in ("generator", "button") else rules.slow_stale + rules.monitor_period
            lasts = act == "reading" and script.calls == math.inf
            return stale + rules.control_period + rules.lease if lasts else never
        case _:
            return rules.lease


def _silenced(truth: Truth) -> set[str]:
    """Devices that were broken with the whole machine."""
    return {c.split(".")[0] for script in truth.scripts for c in script.wrong}


def _struck(truth: Truth) -> bool:
    return any(script.times for script in truth.scripts) or truth.disk_failed


def _beyond_lease(day: BadDay, truth: Truth, rules: SafetyRules) -> list[Violation]:
    if day.machine.stage.welded_at < math.inf:
        return []  # no program can end it: the ending must name the hard stop, see below
    found = []
    slack = _TINY + (day.machine.stage.deaf_at < math.inf) * rules.lease
    for what, at, allowed in bounds(day, truth, rules):
        for shot in truth.radiated:
            during = shot.start < at or (shot.start == at and what.endswith("generator.fire"))
            if during and at < shot.end and shot.end > at + allowed + slack:
                found.append(
                    Violation("beyond_lease", f"output for {shot.end - at:.3f} s after {what}, allowed {allowed:.3f} s")
                )
    return found


def started(journal: JournalReading) -> list[tuple[SonicationStarted, float]]:
    """Exposures the journal knows of, with the energy [J] it accounts for: at most that, where no end was written."""
    found: list[tuple[SonicationStarted, float]] = []
    for what in (event.what for event in journal.events):
        if isinstance(what, SonicationStarted):
            found.append((what, most_of(what)))
        elif isinstance(what, SonicationEnded):
            found[-1] = (found[-1][0], what.energy)
    return found


def _unjournalled(day: BadDay, truth: Truth) -> list[Violation]:
    known, found = started(truth.journal), []
    liars = any("generator.reading" in s.wrong and s.fault in (Fault.LIE, Fault.JUMP) for s in truth.scripts)
    for shot in truth.radiated:
        if shot.exposure > len(known):
            found.append(Violation("unjournalled", f"exposure {shot.exposure} of the run is not in the journal"))
            continue
        step, energy = known[shot.exposure - 1]
        # A meter that lies within what a meter may be off cannot be found out by anyone.
        missing = shot.energy - energy * (1.5 if liars else 1.0) - (0.2 * step.power if liars else 0.0)
        if missing > 1e-3 and day.machine.stage.welded_at == math.inf:
            found.append(Violation("unjournalled", f"{missing:.2f} J of exposure {step.index} are not in the journal"))
    return found


def allowed_endings(day: BadDay, truth: Truth) -> set[Ending]:
    """The endings that what struck explains; completed only if nothing that struck forbids it."""
    sets = [_by_call(script) for script in truth.scripts if script.times]
    sets += [allowed for at, allowed in _by_event(day) if at <= truth.ended_at + _TINY]
    if truth.disk_failed:
        sets.append({Ending.FAULT} if truth.written else _ENDINGS - {Ending.PATIENT_STOP})
    others = {e for allowed in sets for e in allowed} - {Ending.COMPLETED}
    return others | ({Ending.COMPLETED} if all(Ending.COMPLETED in s for s in sets) else set())


def _by_call(script: AimedScript) -> set[Ending]:
    allowed, calls = set(STOPPED_BY[script.fault]), set(script.wrong)
    if script.fault in MAY_COMPLETE or calls <= {"positioner.stop", "generator.off"}:
        allowed.add(Ending.COMPLETED)
    if calls <= {"positioner.stop"}:
        return {Ending.COMPLETED}
    if script.fault is Fault.LIE and "button.reading" in calls:
        allowed.add(Ending.PATIENT_STOP)
    if script.fault is Fault.LIE and calls & {"operator.stop_requested", "operator.answer"}:
        allowed.add(Ending.OPERATOR_STOP)
    if script.fault is Fault.FREEZE and "operator.answer" in calls:
        allowed.add(Ending.OPERATOR_STOP)  # an old answer is none: nobody answered
    if script.fault is Fault.INTERRUPT and ("generator.off" in calls or len(script.wrong) >= TIDY_ATTEMPTS):
        allowed.add(Ending.FAULT)
    return allowed


def _by_event(day: BadDay) -> list[tuple[float, set[Ending] | frozenset[Ending]]]:
    """Disturbances outside the device calls: when [s], and what they may lead to."""
    model, stage = day.machine, day.machine.stage
    never = math.inf
    return [
        (never if model.stop_at is None else model.stop_at + 0.1, {Ending.OPERATOR_STOP}),
        (never if model.stop_at is None else model.stop_at, {Ending.OPERATOR_STOP, Ending.COMPLETED}),
        (never if model.press_at is None else model.press_at + 0.1, {Ending.PATIENT_STOP}),
        (never if model.press_at is None else model.press_at, {Ending.PATIENT_STOP, Ending.COMPLETED}),
        (never if model.moves_at is None else model.moves_at, {Ending.INTERLOCK, Ending.COMPLETED}),
        (day.clock_step_at, {*_SENSED} if day.clock_step else set()),
        (stage.cut_at, _SENSED),
        (stage.deaf_at, _SENSED),
        (stage.welded_at, _SENSED),
        (never if stage.stuck_power is None else 0.0, _SENSED),
    ]


def organs_spent(day: BadDay, truth: Truth, rules: SafetyRules) -> bool:
    """Whether readings in the journals, true or not, add up to what dose control lets an organ have, less a tenth."""
    control = day.plan.prescription.control
    if control is None:
        return False
    watch = OrganWatch(rules.readings_to_resume, (*truth.earlier, *truth.journal.events))
    dose = {state.organ: state.dose for state in watch.states()}
    return any(dose.get(o.name, 0.0) >= 0.89 * control.organ_share * o.limit.cem43_max for o in day.plan.organs)


def _endings(day: BadDay, truth: Truth, rules: SafetyRules) -> list[Violation]:
    if truth.ending is None:
        return []
    found, allowed = [], allowed_endings(day, truth)
    if organs_spent(day, truth, rules):
        allowed.add(Ending.INTERLOCK)
    if truth.ending not in allowed:
        names = ", ".join(sorted(allowed))
        found.append(Violation("wrong_ending", f"the run ended as {truth.ending}, what struck allows {names}"))
    first = truth.journal.events[0].what if truth.journal.events else None
    begun = {what.index for what, _ in started(truth.journal) if what.purpose is Purpose.TREAT}
    begun |= set(first.done) if isinstance(first, RunStarted) else set()
    if truth.ending is Ending.COMPLETED and begun != {s.index for s in day.plan.sonications}:
        found.append(Violation("wrong_ending", f"completed, but only exposures {sorted(begun)} were begun"))
    if truth.late > 0 and truth.ending is not Ending.FAULT:
        found.append(Violation("wrong_ending", f"output that nothing ends, and the run ended as {truth.ending}"))
    last = truth.journal.events[-1].what.kind if truth.journal.events else ""
    if truth.written != (last == "run ended"):
        found.append(Violation("wrong_ending", "the ending in the journal is not the one that was told"))
    return found


def _journal(truth: Truth) -> list[Violation]:
    journal = truth.journal
    if journal.broken_line is not None or (truth.ending is not None and not journal.intact):
        return [Violation("journal_damaged", journal.sentence)]
    return []


def repeated(runs: list[tuple[JournalReading, list[Radiated]]]) -> list[Violation]:
    """Treatment exposures that were truly fired more than once, over all runs of a plan."""
    fired: Counter[int] = Counter()
    for journal, radiated in runs:
        known = started(journal)
        shots = {shot.exposure for shot in radiated}
        fired.update(what.index for n, (what, _) in enumerate(known, 1) if n in shots and what.purpose is Purpose.TREAT)
    return [Violation("repeated", f"exposure {i} was fired {n} times") for i, n in sorted(fired.items()) if n > 1]


def events_of(journals: list[JournalReading]) -> list[Event]:
    """Events of several runs in order."""
    return [event for journal in journals for event in journal.events]
