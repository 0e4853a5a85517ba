"""Alarms in the manner of IEC 60601-1-8: classes and texts are data, their state is a fold of the journal.

An alarm is on from the trip (or the ending) that caused it until its reset. A person may acknowledge it - it stays to
be seen and makes no sound - or pause the sound of all for a while; a new alarm ends the pause. None of this touches an
interlock: only the cause and a named reset do.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import Field

from openhifu.base.errors import FileProblem, UnknownName
from openhifu.base.outcome import Ending
from openhifu.base.record import Record
from openhifu.delivery.protocols import AlarmAct
from openhifu.model.events import AlarmSilenced, Event, InterlockReset, InterlockTripped, PatientPressed, RunEnded


class Priority(StrEnum):
    """How soon harm may come: at once, soon, or later."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class AlarmClass(Record):
    """What one kind of alarm says.

    Attributes:
        when: name of the interlock, ``*`` for any words, or the ending, that causes it.
        priority: of the three.
        text: what is the case, a few words.
        remedy: what a person is to do.
    """

    when: str = Field(min_length=1)
    priority: Priority
    text: str = Field(min_length=1)
    remedy: str = Field(min_length=1)


class Signal(Record):
    """How a priority looks and sounds.

    Attributes:
        colour: of the light.
        flashing: Hz; 0 is steady.
        pulses: of sound in one burst.
        repeat: s between bursts.
    """

    colour: str
    flashing: float = Field(ge=0, le=2.8)
    pulses: int = Field(ge=0)
    repeat: float = Field(gt=0)


class AlarmTable(Record):
    """Everything ``data/alarms.toml`` says."""

    alarm: tuple[AlarmClass, ...]
    signal: dict[Priority, Signal]

    def of(self, cause: str) -> AlarmClass:
        """The class of a cause: the first entry that fits.

        Raises:
            UnknownName: if none does; the tests see that every interlock has one.
        """
        found = next((a for a in self.alarm if fnmatchcase(cause, a.when)), None)
        if found is None:
            raise UnknownName("alarm", cause, [a.when for a in self.alarm])
        return found


@cache
def alarm_table() -> AlarmTable:
    """The table of this installation.

    Raises:
        FileProblem: if the file that belongs to the program is gone.
    """
    try:
        data: Any = tomllib.loads(files("openhifu").joinpath("data", "alarms.toml").read_text(encoding="utf-8"))
    except OSError as error:
        raise FileProblem(f"the alarm texts are missing: {error}; install OpenHIFU again") from error
    return AlarmTable.from_data(data, "alarms.toml")


@dataclass(frozen=True)
class Alarm:
    """One alarm that is on.

    Attributes:
        cause: interlock or ending.
        kind: its class.
        since: clock [s].
        acknowledged_by: who acknowledged it; None for nobody.
    """

    cause: str
    kind: AlarmClass
    since: float
    acknowledged_by: str | None = None


@dataclass(frozen=True)
class AlarmState:
    """The alarms at one moment, the most urgent and newest first, and until when [s] their sound is paused."""

    alarms: tuple[Alarm, ...] = ()
    paused_until: float = 0.0

    def sounding(self, now: float) -> Priority | None:
        """Which priority is to be heard; None for silence."""
        if now < self.paused_until:
            return None
        return next((a.kind.priority for a in self.alarms if a.acknowledged_by is None), None)

    def after(self, event: Event) -> AlarmState:
        """The state after one more event."""
        match event.what:
            case InterlockTripped(name=name):
                return self._raised(name, event.clock)
            case PatientPressed():
                return self._raised(str(Ending.PATIENT_STOP), event.clock)
            case RunEnded(ending=Ending.FAULT | Ending.OPERATOR_STOP as ending):
                return self._raised(str(ending), event.clock)
            case InterlockReset(name=name):
                return replace(self, alarms=tuple(a for a in self.alarms if a.cause != name))
            case AlarmSilenced(act=AlarmAct.ACKNOWLEDGE) as done:
                seen = (replace(a, acknowledged_by=done.by) if a.cause in done.alarms else a for a in self.alarms)
                return replace(self, alarms=tuple(seen))
            case AlarmSilenced() as done:
                return replace(self, paused_until=event.clock + done.lasts)
            case _:
                return self

    def _raised(self, cause: str, at: float) -> AlarmState:
        order = list(Priority)
        alarms = [*(a for a in self.alarms if a.cause != cause), Alarm(cause, alarm_table().of(cause), at)]
        alarms.sort(key=lambda a: (order.index(a.kind.priority), -a.since))
        return AlarmState(tuple(alarms))


def alarms(events: Iterable[Event]) -> AlarmState:
    """The alarms that are on after these events."""
    state = AlarmState()
    for event in events:
        state = state.after(event)
    return state
