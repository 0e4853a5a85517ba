"""What a screen shows of a run, followed event by event in the engine's process."""

from __future__ import annotations

import threading
import time
from typing import Any, Literal

from openhifu.console.server.forms import Form
from openhifu.delivery.alarms import AlarmState
from openhifu.delivery.protocols import Question
from openhifu.model import events as ev
from openhifu.model.plan import TreatmentPlan

State = Literal["preparing", "waiting", "running", "ended"]


class AlarmShown(Form):
    """An alarm that is on."""

    cause: str
    priority: str
    text: str
    remedy: str
    acknowledged_by: str | None


class OrganNow(Form):
    """An organ's temperature, as read last."""

    name: str
    temperature_c: float


class QuestionShown(Form):
    """What is being asked."""

    text: str
    choices: list[str]


class StatusShown(Form):
    """A run at this moment; what was not read yet is null.

    Attributes:
        words: what is being done.
        off_at: monotonic s at which the output was last seen to end.
    """

    type: Literal["status"] = "status"
    run: str
    state: State
    words: str
    spot: int | None
    spots_done: int
    spots: int
    elapsed_s: float
    remaining_s: float
    power_w: float
    asked_power_w: float
    output_on: bool
    temperature_c: float | None
    organs: list[OrganNow]
    water_c: float | None
    measured_at_s: float | None
    alarms: list[AlarmShown]
    sounding: str | None
    question: QuestionShown | None
    ending: str | None
    sentence: str
    off_at: float | None


class Following:
    """Follows a run; ``told`` is for the journal, ``shown`` for whoever sends it.

    Args:
        run: its name.
        plan: what is delivered.
        done: spots begun by earlier runs.
    """

    def __init__(self, run: str, plan: TreatmentPlan, done: frozenset[int]) -> None:
        """Being prepared."""
        self._run, self._plan, self._done = run, plan, set(done)
        self._alarms, self._lock = AlarmState(), threading.Lock()
        self._state: State = "preparing"
        self._words, self._clock = "starting", 0.0
        self._firing: ev.SonicationStarted | None = None
        self._reading: ev.Reading | None = None
        self._ending: tuple[str, str] | None = None
        self._off_at: float | None = None
        self.changed = threading.Event()
        """Set whenever there is something new to show."""

    def stage(self, state: State, words: str) -> None:
        """What is going on before the first event and after the last."""
        with self._lock:
            self._state, self._words = state, words
        self.changed.set()

    def off(self) -> float:
        """The output was ended just now; monotonic s."""
        self._off_at = now = time.monotonic()
        self.changed.set()
        return now

    def told(self, event: ev.Event) -> None:
        """Take note of an event."""
        with self._lock:
            self._alarms, self._clock = self._alarms.after(event), event.clock
            self._note(event.what)
        self.changed.set()

    def shown(self, question: Question | None) -> StatusShown:
        """The run now."""
        with self._lock:
            firing, seen, alarms = self._firing, self._reading, self._alarms
            ending, sentence = self._ending or (None, "")
            return StatusShown(
                run=self._run,
                state=self._state,
                words=self._words,
                spot=None if firing is None else firing.index,
                spots_done=len(self._done),
                spots=len(self._plan.sonications),
                elapsed_s=self._clock,
                remaining_s=0.0 if self._ending else self._remaining(),
                power_w=0.0 if seen is None or firing is None else max(seen.power, 0.0),
                asked_power_w=0.0 if firing is None else firing.power,
                output_on=firing is not None,
                temperature_c=None if seen is None else seen.target,
                organs=[] if seen is None else [OrganNow(name=o.region, temperature_c=o.hottest) for o in seen.organs],
                water_c=None if seen is None else seen.water_temperature,
                measured_at_s=None if seen is None else seen.measured_at,
                alarms=[
                    AlarmShown(
                        cause=a.cause,
                        priority=str(a.kind.priority),
                        text=a.kind.text,
                        remedy=a.kind.remedy,
                        acknowledged_by=a.acknowledged_by,
                    )
                    for a in alarms.alarms
                ],
                sounding=None if (sound := alarms.sounding(self._clock)) is None else str(sound),
                question=None
                if question is None or self._ending
                else QuestionShown(text=question.text, choices=list(question.choices)),
                ending=ending,
                sentence=sentence,
                off_at=self._off_at,
            )

    def _remaining(self) -> float:
        """S that exposures and pauses to come will last at least."""
        rest = (s for s in self._plan.sonications if s.index not in self._done)
        return sum(s.on_time + s.cooling_time for s in rest)

    def _note(self, what: Any) -> None:
        match what:
            case ev.StepStarted(sentence=sentence):
                self._words = sentence
            case ev.SonicationStarted() as begun:
                self._firing = begun
                if begun.purpose is ev.Purpose.TREAT:
                    self._done.add(begun.index)
            case ev.SonicationEnded():
                self._firing = None
            case ev.Reading() as reading:
                self._reading = reading
            case ev.RunEnded(ending=ending, sentence=sentence):
                self._ending, self._state = (str(ending), sentence), "ended"
