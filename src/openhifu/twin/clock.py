"""Simulated time: sleeping takes none, or as little as a pace allows."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from openhifu.base.errors import OutOfRange

_NANOSECONDS = 1_000_000_000

CAUGHT_UP = 0.5
"""s that computing may fall behind the pace and still be caught up: about one image of a warm patient."""


class SimulatedClock:
    """A clock that jumps ahead whenever someone sleeps; counts in nanoseconds, so that 0.1 s ten times is 1 s.

    Args:
        start: time on the wall when the clock shows 0; now if not given.
        pace: simulated seconds per second at most, for people who watch; as fast as it goes if not given.

    Raises:
        OutOfRange: if the pace is not a positive number.
    """

    def __init__(self, start: datetime | None = None, pace: float | None = None) -> None:
        """Begin at 0."""
        if pace is not None and not 0 < pace < float("inf"):
            raise OutOfRange(f"pace is {pace} simulated seconds per second; it must be a positive number")
        self._pace, self._began = pace, time.monotonic()
        self._start = start or datetime.now(UTC)
        self._now = 0

    def now(self) -> float:
        """Seconds since the start."""
        return self._now / _NANOSECONDS

    def sleep(self, duration: float) -> None:
        """Jump ahead, and wait where that is faster than the pace.

        Raises:
            OutOfRange: if the duration is negative or not finite.
        """
        if not 0 <= duration < float("inf"):
            raise OutOfRange(f"cannot sleep for {duration} s")
        self._now += round(duration * _NANOSECONDS)
        if self._pace is not None:
            self._keep_pace(self._pace)

    def wall(self) -> str:
        """Start plus simulated time, ISO 8601."""
        return (self._start + timedelta(microseconds=self._now // 1000)).isoformat(timespec="milliseconds")

    def _keep_pace(self, pace: float) -> None:
        """Wait until the clock is due; what is lost beyond ``CAUGHT_UP`` stays lost: a person never sees it race."""
        due = self._began + self.now() / pace
        behind = time.monotonic() - due
        if behind < 0:
            time.sleep(-behind)
        else:
            self._began += max(behind - CAUGHT_UP, 0.0)
