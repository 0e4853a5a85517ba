"""A simulated clock that people watch keeps the pace they asked for."""

from __future__ import annotations

import time

import pytest

from openhifu.base.errors import OutOfRange
from openhifu.twin.clock import SimulatedClock


def test_it_never_runs_ahead_of_its_pace() -> None:
    clock, begin = SimulatedClock(pace=20.0), time.monotonic()
    for _ in range(10):
        clock.sleep(0.4)
        assert time.monotonic() - begin >= clock.now() / 20.0 - 1e-3
    assert clock.now() == 4.0


def test_time_lost_to_computing_is_not_caught_up() -> None:
    clock = SimulatedClock(pace=20.0)
    time.sleep(0.3)
    clock.sleep(0.1)
    begin = time.monotonic()
    clock.sleep(2.0)
    assert time.monotonic() - begin >= 0.099


@pytest.mark.parametrize("pace", [0.0, -1.0, float("nan"), float("inf")])
def test_a_pace_that_is_none_is_refused(pace: float) -> None:
    with pytest.raises(OutOfRange, match="pace"):
        SimulatedClock(pace=pace)
