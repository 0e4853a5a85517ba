"""Alarms: every interlock and ending has its class, and what sounds is a fold of the journal."""

from __future__ import annotations

from pathlib import Path

import pytest

from openhifu.base.errors import UnknownName
from openhifu.base.outcome import Ending
from openhifu.delivery.alarms import AlarmState, Priority, alarm_table, alarms
from openhifu.delivery.interlocks import standard_interlocks
from openhifu.delivery.protocols import AlarmAct, AlarmReply
from openhifu.delivery.rules import SafetyRules
from openhifu.model.events import (
    AlarmSilenced,
    Event,
    Happening,
    InterlockReset,
    InterlockTripped,
    PatientPressed,
    RunEnded,
)
from openhifu.twin.machine import SimulatedOperator
from tests.unit.delivery.bench import deliver, device, plan
from tests.unit.delivery.test_endings import quiet


def event(clock: float, what: Happening) -> Event:
    return Event(run="r", sequence=0, clock=clock, time="t", person="Ada", what=what)


def trip(clock: float, name: str) -> Event:
    return event(clock, InterlockTripped(name=name, value=1.0, limit=0.0, unit="1", sentence="s"))


def silenced(clock: float, act: AlarmAct, *names: str, lasts: float = 0.0) -> Event:
    return event(clock, AlarmSilenced(act=act, alarms=names, by="Ada", lasts=lasts))


def test_every_interlock_and_every_ending_that_alarms_has_a_class() -> None:
    for condition in standard_interlocks(plan(), device().ceilings, SafetyRules()):
        found = alarm_table().of(condition.name)
        assert found.text
        assert found.remedy
    for ending in (Ending.FAULT, Ending.PATIENT_STOP, Ending.OPERATOR_STOP):
        assert alarm_table().of(str(ending)).when == str(ending)
    with pytest.raises(UnknownName):
        alarm_table().of("something new")


def test_no_entry_is_hidden_by_an_earlier_one() -> None:
    causes = {c.name for c in standard_interlocks(plan(), device().ceilings, SafetyRules())}
    used = {alarm_table().of(c).when for c in causes} | {str(e) for e in Ending}
    assert {a.when for a in alarm_table().alarm} <= used


def test_what_can_burn_is_urgent_and_the_signals_differ() -> None:
    for name in ("unasked output", "ribs temperature", "power ceiling", "patient stop", "fault", "coupling contact"):
        assert alarm_table().of(name).priority is Priority.HIGH
    assert alarm_table().of("breath").priority is Priority.LOW
    signals = alarm_table().signal
    assert set(signals) == set(Priority)
    assert [signals[p].pulses for p in Priority] == [10, 3, 2]
    assert signals[Priority.HIGH].flashing > signals[Priority.MEDIUM].flashing > signals[Priority.LOW].flashing == 0


def test_the_most_urgent_is_heard_until_it_is_acknowledged_and_seen_until_it_is_reset() -> None:
    state = alarms([trip(1.0, "breath"), trip(2.0, "ribs temperature")])
    assert [a.cause for a in state.alarms] == ["ribs temperature", "breath"]
    assert state.sounding(3.0) is Priority.HIGH
    state = state.after(silenced(3.0, AlarmAct.ACKNOWLEDGE, "ribs temperature"))
    assert state.alarms[0].acknowledged_by == "Ada"
    assert state.sounding(3.0) is Priority.LOW
    state = state.after(event(4.0, InterlockReset(name="ribs temperature", by="Ada")))
    assert [a.cause for a in state.alarms] == ["breath"]


def test_a_pause_ends_by_itself_and_with_a_new_alarm() -> None:
    state = alarms([trip(1.0, "motion"), silenced(2.0, AlarmAct.PAUSE_AUDIO, "motion", lasts=120.0)])
    assert state.sounding(3.0) is None
    assert state.sounding(122.5) is Priority.MEDIUM
    assert state.after(trip(4.0, "breath")).sounding(4.5) is Priority.MEDIUM


def test_endings_alarm() -> None:
    assert alarms([event(1.0, PatientPressed())]).sounding(1.0) is Priority.HIGH
    assert alarms([event(1.0, RunEnded(ending=Ending.FAULT, sentence=""))]).sounding(1.0) is Priority.HIGH
    assert alarms([event(1.0, RunEnded(ending=Ending.COMPLETED, sentence=""))]) == AlarmState()


def test_what_a_person_does_about_an_alarm_is_written_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replies = [AlarmReply(AlarmAct.ACKNOWLEDGE, "Ada"), AlarmReply(AlarmAct.PAUSE_AUDIO, "Ada")]
    monkeypatch.setattr(SimulatedOperator, "alarm_reply", lambda self: replies.pop() if replies else None)
    bench = deliver(tmp_path / "j", model=quiet(moves_at=5.03, displacement=5e-3))
    done = [e.what for e in bench.journal.events if isinstance(e.what, AlarmSilenced)]
    assert [(d.act, d.alarms, d.lasts) for d in done] == [
        ("pause audio", ("motion",), 120.0),
        ("acknowledge", ("motion",), 0.0),
    ]
    assert bench.ending is Ending.COMPLETED
    assert alarms(bench.journal.events) == AlarmState(paused_until=done_at(bench.journal.events) + 120.0)


def done_at(events: tuple[Event, ...]) -> float:
    return next(e.clock for e in events if isinstance(e.what, AlarmSilenced))
