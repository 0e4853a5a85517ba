"""A switch before the generator that any thread may throw: output ends at once, whatever the engine is doing."""

from __future__ import annotations

import threading

from openhifu.base.outcome import Ending
from openhifu.base.vectors import Vector
from openhifu.delivery.endings import Halt
from openhifu.delivery.protocols import Generator, GeneratorReading, Identity, Lease, Status


class StopSwitch:
    """A ``Generator`` that passes every order on until it is thrown, and from then on only reads and switches off.

    The engine looks for a stop once per look; a look may be late when the computer is busy, or a reading takes long.
    The switch does not wait for it: it ends the output itself. Whatever the engine then orders ends its run as an
    operator's stop, and so does its next look, for its operator must know of the stop before the switch is thrown.

    Args:
        generator: what it stands before.
    """

    def __init__(self, generator: Generator) -> None:
        """Not thrown."""
        self._generator, self._lock = generator, threading.RLock()
        self._by: str | None = None
        self._in_use = False

    def throw(self, by: str) -> None:
        """End the output, for good; the first name counts.

        Args:
            by: who wants it.
        """
        with self._lock:
            self._by = self._by or by
            self._generator.off()

    def identity(self) -> Identity:
        """See ``Generator``."""
        with self._lock:
            return self._generator.identity()

    def load(
        self, power: float, on_time: float, elements_off: tuple[int, ...], steered: tuple[Vector, ...] = ()
    ) -> Status:
        """See ``Generator``; ends the run once the switch was thrown."""
        with self._lock:
            self._require_free()
            self._in_use = True
            return self._generator.load(power, on_time, elements_off, steered)

    def fire(self, lease: Lease) -> Status:
        """See ``Generator``; ends the run once the switch was thrown."""
        with self._lock:
            self._require_free()
            return self._generator.fire(lease)

    def renew(self, lease: Lease) -> Status:
        """See ``Generator``; ends the run once the switch was thrown."""
        with self._lock:
            self._require_free()
            return self._generator.renew(lease)

    def off(self) -> Status:
        """See ``Generator``."""
        with self._lock:
            self._in_use = False
            return self._generator.off()

    def reading(self) -> GeneratorReading:
        """See ``Generator``; ends the run if the switch took away what was loaded or on: no fault of the generator."""
        with self._lock:
            if self._in_use:
                self._require_free()
            return self._generator.reading()

    def _require_free(self) -> None:
        if self._by is not None:
            raise Halt(Ending.OPERATOR_STOP, f"stopped by {self._by}")
