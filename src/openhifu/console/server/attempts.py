"""Wrong passwords are counted: after a few, a name or an address has to wait."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from openhifu.console.server.refusals import Refused

ALLOWED = 5
"""Wrong passwords within ``WINDOW`` for one name from one address; from one address in all, four times as many."""

WINDOW = 300.0
"""s after which a wrong password is forgotten."""

_MOST_KEPT = 10_000


class Attempts:
    """Failed log-ins of the last minutes.

    Args:
        now: s since 1970; a clock that is put back makes waiting longer, never shorter.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        """None yet."""
        self._now, self._lock = now, threading.Lock()
        self._failed: dict[tuple[str, str], deque[float]] = {}

    def require_few(self, name: str, address: str) -> None:
        """Refuse where there were too many.

        Raises:
            Refused: saying how long to wait.
        """
        with self._lock:
            for key, allowed in (((name, address), ALLOWED), (("", address), 4 * ALLOWED)):
                kept = self._recent(key)
                if len(kept) >= allowed:
                    wait = WINDOW - (self._now() - kept[0])
                    raise Refused(429, "there were too many wrong passwords", f"wait {wait:.0f} s and try again", wait)

    def failed(self, name: str, address: str) -> None:
        """Note a wrong password."""
        with self._lock:
            if len(self._failed) > _MOST_KEPT:
                self._failed = {key: kept for key in list(self._failed) if (kept := self._recent(key))}
            for key in ((name, address), ("", address)):
                self._failed.setdefault(key, deque(maxlen=4 * ALLOWED)).append(self._now())

    def succeeded(self, name: str, address: str) -> None:
        """Forget the wrong passwords of a name that was right."""
        with self._lock:
            self._failed.pop((name, address), None)

    def _recent(self, key: tuple[str, str]) -> deque[float]:
        kept = self._failed.get(key, deque())
        while kept and self._now() - kept[0] > WINDOW:
            kept.popleft()
        return kept
