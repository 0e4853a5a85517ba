"""How long there can have been output, for the journal: never less than there was."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from openhifu.base.errors import DeviceFault
from openhifu.delivery.monitor import Asking, Snapshot
from openhifu.delivery.output import Output
from openhifu.delivery.protocols import Answer, GeneratorReading, Status
from openhifu.delivery.steps import Arm
from openhifu.model.events import Purpose
from openhifu.twin.clock import SimulatedClock


class Stuck:
    """A generator that takes every order and shows a reading made before the exposure."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock, self.shown = clock, GeneratorReading(clock.now(), True, False, 0.0, 0.0, 0.0, 0.0, True)

    def __getattr__(self, act: str) -> object:
        return lambda *arguments: Status(Answer.OK, self._clock.now(), self._clock.now())

    def reading(self) -> GeneratorReading:
        return self.shown


class Stepping(SimulatedClock):
    """A clock that can be set."""

    step = 0.0

    def now(self) -> float:
        return super().now() + self.step


def fired(clock: SimulatedClock) -> Output:
    output = Output(Stuck(clock), Asking(clock, 0.1), 0.2, Snapshot(clock.now()))  # type: ignore[arg-type]
    clock.sleep(1.0)
    output.fire(60.0)
    return output


def test_off_that_an_old_reading_cannot_confirm_counts_to_the_end_of_the_lease() -> None:
    clock = SimulatedClock()
    output = fired(clock)
    clock.sleep(0.05)
    output.off()
    assert output.elapsed() == pytest.approx(0.05)
    with pytest.raises(DeviceFault, match="old reading"):
        output.last_reading()
    assert output.elapsed() == pytest.approx(0.25)


def test_a_meter_without_a_number_is_not_armed() -> None:
    clock = SimulatedClock()
    generator = Stuck(clock)
    generator.shown = replace(generator.shown, forward_power=math.nan)
    output = Output(generator, Asking(clock, 0.1), 0.2, Snapshot(0.0))  # type: ignore[arg-type]
    step = Arm(index=0, purpose=Purpose.TREAT, focus=(0.0, 0.0, 0.0), power=40.0, on_time=1.0)
    with pytest.raises(DeviceFault, match="no number"):
        output.arm(step)
    assert output.armed is None


def test_a_clock_set_back_past_the_beginning_leaves_the_time_unknown_and_not_zero() -> None:
    clock = Stepping()
    output = fired(clock)
    clock.sleep(0.4)
    clock.step = -100.0
    output.off()
    assert output.elapsed() == math.inf
