"""The engine's ear: one thread that reads the stop pipe and acts on the generator itself."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable

from openhifu.console.server.treat.wire import CONSOLE_LEASE, LINE_GRACE, message_of
from openhifu.delivery.precedence import take_precedence

CONSOLE = "the console"
"""Who stopped where no person did: nobody could have been heard."""

_LOOK = 0.02  # s between looks at the clock


class Ear:
    """Hears beats and stop; a pipe that is closed, or silent for longer than the lease, is a stop.

    Args:
        pipe: from the server.
        act: ends the output; called at once, from this thread.
        now: monotonic s.
    """

    def __init__(
        self,
        pipe: socket.socket,
        act: Callable[[str], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Not listening yet."""
        self._pipe, self._act, self._now = pipe, act, now
        self._over = threading.Event()
        self._heard = self._open_at = now()
        self._running = False
        self.open_lines = 0
        """Stop lines that are open at the server."""
        self.stopped_by: str | None = None
        """Who stopped, or what stood for it."""
        self.why = ""
        """The reason of a stop that nobody sent."""
        self._thread = threading.Thread(target=self._listen, name="stop", daemon=True)

    def start(self) -> None:
        """Listen."""
        self._heard = self._now()
        self._thread.start()

    def begin(self) -> None:
        """The run begins: from now on it needs an open stop line."""
        self._open_at, self._running = self._now(), True

    def close(self) -> None:
        """Listen no more."""
        self._over.set()
        self._thread.join()

    @property
    def stopped(self) -> str | None:
        """Who stopped, and why if there is a reason beside a person's wish; None if nobody did."""
        if self.stopped_by is None:
            return None
        return f"{self.stopped_by}: {self.why}" if self.why else self.stopped_by

    def stop(self, by: str, why: str = "") -> None:
        """Stop: the engine's operator knows of it before the output is ended."""
        if self.stopped_by is None:
            self.why, self.stopped_by = why, by
        try:
            self._act(self.stopped or by)
        except Exception as error:  # the engine switches off again at its next look, and the lease ends it anyway
            self.why = f"{self.why}; the switch failed: {error}".removeprefix("; ")

    def _listen(self) -> None:
        take_precedence(alone=True)
        kept = b""
        while not self._over.is_set() and self.stopped_by is None:
            try:
                ready, _, _ = select.select([self._pipe], [], [], _LOOK)
                piece = self._pipe.recv(4096) if ready else None
            except OSError:
                piece = b""
            if piece == b"":
                self.stop(CONSOLE, "its server is gone")
                return
            *lines, kept = (kept + (piece or b"")).split(b"\n")
            for line in lines:
                self._take(message_of(line))
            self._watch()

    def _take(self, message: dict[str, object]) -> None:
        now = self._now()
        stop, lines = message.get("stop"), message.get("lines")
        if isinstance(stop, str):
            self.stop(stop)
        if isinstance(lines, int):
            self._heard, self.open_lines = now, lines

    def _watch(self) -> None:
        now = self._now()
        if now - self._heard > CONSOLE_LEASE:
            self.stop(CONSOLE, f"its server was silent for {now - self._heard:.1f} s")
        if self.open_lines:
            self._open_at = now
        elif self._running and now - self._open_at > LINE_GRACE:
            self.stop(CONSOLE, "the last stop line was closed")
