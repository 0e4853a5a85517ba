"""What a person sees while a treatment runs: where it is, what the instruments say, which alarms are on."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from openhifu.delivery.alarms import AlarmState, alarm_table
from openhifu.delivery.protocols import LEASE_LIMIT, Question
from openhifu.model.events import Event, Purpose, Reading, RunEnded, SonicationEnded, SonicationStarted, StepStarted

SILENCE = 5.0
"""Seconds on the wall without an event, beyond what the pace explains, after which the screen says so."""

_LONGEST_GAP = 4.0  # simulated s between two events of an engine that lives: two images without output


class LiveStatus:
    """Follows the events of a run; give ``told`` to the journal and draw ``lines`` from any thread, as often as liked.

    Args:
        exposures: of the plan.
        pace: simulated seconds per second at most; a slow run is no silent one.
        now: s of a monotonic clock on the wall.
    """

    def __init__(self, exposures: int, pace: float = 1.0, now: Callable[[], float] = time.monotonic) -> None:
        """Nothing has happened."""
        self._now, self._told_at, self._patience = now, math.nan, SILENCE + _LONGEST_GAP / pace
        self._exposures, self._done, self._clock = exposures, 0, 0.0
        self._step, self._ended = "starting", ""
        self._firing: SonicationStarted | None = None
        self._reading: tuple[float, Reading] | None = None
        self.alarms = AlarmState()

    def told(self, event: Event) -> None:
        """Take note of an event; returns at once and never raises."""
        self.alarms, self._clock, self._told_at = self.alarms.after(event), event.clock, self._now()
        match event.what:
            case StepStarted(sentence=sentence):
                self._step = sentence
            case SonicationStarted() as begun:
                self._firing = begun
            case SonicationEnded(purpose=purpose):
                self._done += purpose is Purpose.TREAT
                self._firing = None
            case Reading() as reading:
                self._reading = (event.clock, reading)
            case RunEnded(ending=ending, sentence=sentence):
                self._ended = f"{ending}: {sentence}"

    def lines(self, question: Question | None = None) -> list[str]:
        """The screen, a line each.

        Args:
            question: what is being asked, if anything.
        """
        silent, ended = self.silent, self._ended  # the run goes on while this is drawn
        firing, seen_last = self._firing, self._reading
        output = f"ULTRASOUND ON  {firing.power:.0f} W asked" if firing else "output off"
        if silent:
            output = f"ENGINE HAS NOT ANSWERED FOR {silent:.0f} s; output lapses by its lease of {LEASE_LIMIT:g} s"
        found = [f"{output}   exposure {self._done} of {self._exposures}   {self._clock:.0f} s", self._step]
        if seen_last is not None:
            read_at, reading = seen_last
            organs = "".join(f"{o.region} {o.hottest:.1f}   " for o in reading.organs)
            target, water = f"target {reading.target:.1f} degC", f"water {reading.water_temperature:.1f} degC"
            found.append(f"at {read_at:.1f} s: {target}   {organs}{reading.power:.0f} W   {water}")
        for alarm in self.alarms.alarms:
            seen = f" (seen by {alarm.acknowledged_by})" if alarm.acknowledged_by else ""
            found.append(
                f"{alarm.kind.priority.upper()} ALARM {alarm.cause}: {alarm.kind.text}{seen}. {alarm.kind.remedy}"
            )
        if question is not None and not ended:
            choices = "   ".join(f"{n} {choice}" for n, choice in enumerate(question.choices, 1))
            found.append(f"{question.text}   [{choices}]")
        return [*found, ended] if ended else found

    @property
    def silent(self) -> float:
        """Seconds on the wall since the last event, once that is longer than a living engine takes; 0 before."""
        since = self._now() - self._told_at
        return since if since > self._patience and not self._ended else 0.0

    @property
    def bell(self) -> bool:
        """Whether something is to be heard now."""
        return self.alarms.sounding(self._clock) is not None or self.silent > 0

    def colour(self) -> str:
        """Of the alarm light; empty for none."""
        alarms = self.alarms.alarms
        return alarm_table().signal[alarms[0].kind.priority].colour if alarms else ""
