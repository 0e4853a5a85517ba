"""Simulated time: sleeping takes none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from openhifu.base.errors import OutOfRange

_NANOSECONDS = 1_000_000_000


class SimulatedClock:
    """A clock that jumps ahead whenever someone sleeps; counts in nanoseconds, so that 0.1 s ten times is 1 s.

    Args:
        start: time on the wall when the clock shows 0; now if not given.
    """

    def __init__(self, start: datetime | None = None) -> None:
        """Begin at 0."""
        self._start = start or datetime.now(UTC)
        self._now = 0

    def now(self) -> float:
        """Seconds since the start."""
        return self._now / _NANOSECONDS

    def sleep(self, duration: float) -> None:
        """Jump ahead.

        Raises:
            OutOfRange: if the duration is negative or not finite.
        """
        if not 0 <= duration < float("inf"):
            raise OutOfRange(f"cannot sleep for {duration} s")
        self._now += round(duration * _NANOSECONDS)

    def wall(self) -> str:
        """Start plus simulated time, ISO 8601."""
        return (self._start + timedelta(microseconds=self._now // 1000)).isoformat(timespec="milliseconds")
