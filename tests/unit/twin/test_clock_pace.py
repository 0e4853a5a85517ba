"""A simulated clock that people watch keeps the pace they asked for."""

from __future__ import annotations

import pytest

from openhifu.base.errors import OutOfRange
from openhifu.twin import clock as room
from openhifu.twin.clock import SimulatedClock


class RealTime:
    """What stands in for the system's clock; sleeping moves it."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, duration: float) -> None:
        self.now += duration


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> RealTime:
    time = RealTime()
    monkeypatch.setattr(room, "time", time)
    return time


def test_it_takes_as_long_as_its_pace_says(real: RealTime) -> None:
    clock = SimulatedClock(pace=20.0)
    for _ in range(10):
        clock.sleep(0.4)
        assert real.now == pytest.approx(100.0 + clock.now() / 20.0)
    assert clock.now() == 4.0


def test_what_one_image_takes_is_caught_up(real: RealTime) -> None:
    clock = SimulatedClock(pace=20.0)
    real.now += 0.4
    clock.sleep(2.0)
    assert real.now == pytest.approx(100.4)
    clock.sleep(20.0)
    assert real.now == pytest.approx(101.1)


def test_more_time_lost_to_computing_stays_lost(real: RealTime) -> None:
    clock = SimulatedClock(pace=20.0)
    real.now += 3.0
    clock.sleep(0.1)
    assert real.now == pytest.approx(103.0)
    clock.sleep(20.0)
    assert real.now == pytest.approx(104.0 - room.CAUGHT_UP)


def test_without_a_pace_it_waits_for_nobody(real: RealTime) -> None:
    clock = SimulatedClock()
    clock.sleep(1e6)
    assert (clock.now(), real.now) == (1e6, 100.0)


@pytest.mark.parametrize("pace", [0.0, -1.0, float("nan"), float("inf")])
def test_a_pace_that_is_none_is_refused(pace: float) -> None:
    with pytest.raises(OutOfRange, match="pace"):
        SimulatedClock(pace=pace)
