"""Time as the engine sees it: a monotonic clock that a simulation may run as fast as it can."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Monotonic time, waiting, and the time on the wall."""

    def now(self) -> float:
        """Seconds since an arbitrary start; never goes back."""
        ...

    def sleep(self, duration: float) -> None:
        """Return ``duration`` seconds later."""
        ...

    def wall(self) -> str:
        """Time for people, ISO 8601 with offset."""
        ...


class RealClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Seconds of the system's monotonic clock."""
        return time.monotonic()

    def sleep(self, duration: float) -> None:
        """Wait."""
        time.sleep(max(duration, 0.0))

    def wall(self) -> str:
        """UTC now."""
        return datetime.now(UTC).isoformat(timespec="milliseconds")
