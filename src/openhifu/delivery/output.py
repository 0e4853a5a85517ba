"""The only hands on the generator: loading, holding the lease, and the one place that ends output."""

from __future__ import annotations

import math

from openhifu.base.errors import DeviceFault
from openhifu.delivery.monitor import Asking, Snapshot
from openhifu.delivery.protocols import Answer, Generator, GeneratorReading, Identity, Lease
from openhifu.delivery.steps import Arm

_SAME = 1e-6  # s: moments closer than this are the same

OFF_ATTEMPTS = 3
"""How often output off is tried; beyond that the lapsing lease ends the output."""


class Output:
    """The generator, armed and held.

    Args:
        generator: the device.
        ask: how it is asked.
        lease: s of each lease.
        snapshot: where interlocks see what is asked of the generator.
    """

    def __init__(self, generator: Generator, ask: Asking, lease: float, snapshot: Snapshot) -> None:
        """Take the generator; nothing is asked of it yet."""
        self._generator, self._ask, self._duration, self._snapshot = generator, ask, lease, snapshot
        self._lease: Lease | None = None
        self._exposures = 0
        self._fired_at = self._ended_at = self._lapses_at = math.inf
        self.armed: Arm | None = None
        self.problem: str | None = None
        """Why output off did not go as it must; None as long as it always did."""
        self.interrupted = False
        """Whether someone pressed Ctrl-C while the output was being switched off."""

    def off(self) -> None:
        """End output. Stands behind nothing that can fail, tries again, and never raises.

        When the generator does not answer, the lease ends the output: from here on nothing renews it.
        """
        if self._lease is not None:
            # Whatever off answers, nothing renews it any more: the lease is the latest end.
            self._ended_at = self._lapses_at = self._ask.clock.now() + self._duration
        self._lease = self.armed = None
        self._snapshot.asked_power, self._snapshot.focus = 0.0, None
        for _ in range(OFF_ATTEMPTS):
            try:
                status = self._generator.off()
                if status.answer is Answer.OK:
                    self._ended_at = min(self._ended_at, self._ask.clock.now())
                    return
                self.problem = f"output off was {status.answer}: {status.sentence}"
            except KeyboardInterrupt:
                self.interrupted = True
            except Exception as error:
                self.problem = f"output off failed: {error}"

    def identity(self) -> Identity:
        """Which device this is, asked now."""
        return self._ask("generator identity", self._generator.identity)

    def reading(self) -> GeneratorReading:
        """State of the generator, asked now."""
        return self._ask("generator reading", self._generator.reading)

    def last_reading(self) -> GeneratorReading:
        """State of the generator after output off, made after the question.

        Raises:
            DeviceFault: if it is an older one, or shows output all the same.
        """
        asked, before, ended = self._ask.clock.now(), self._snapshot.generator.at, self._ended_at
        self._ended_at = self._lapses_at  # until a reading says better, off may have been answered and not done
        reading = self.reading()
        if not (reading.at >= asked - _SAME or before < reading.at >= asked - self._ask.within):
            raise DeviceFault("the generator answered with an old reading; check it")
        if reading.radiating:
            self.problem = "the generator radiates although it said that it is off"
            raise DeviceFault(self.problem)
        self._ended_at = ended
        return reading

    def elapsed(self) -> float:
        """Seconds of possible output of the present or last exposure: to now, to off, or to the lease's end.

        Infinity where the clock was set back past the beginning: nobody knows then.
        """
        end = self._ended_at if self._ended_at < math.inf else self._ask.clock.now()
        return end - self._fired_at if end >= self._fired_at else math.inf

    def arm(self, step: Arm) -> None:
        """Load an exposure and see that the generator says it is ready.

        Raises:
            DeviceFault: if it does not.
        """
        self._ask("load", lambda: self._generator.load(step.power, step.on_time, step.elements_off, step.steered))
        reading = self.reading()
        if not reading.ready:
            raise DeviceFault("the generator took the exposure but does not say that it is ready")
        if not math.isfinite(reading.forward_power):
            raise DeviceFault("the generator's power meter shows no number; check it before anything is fired")
        self.armed = step

    def fire(self, power: float) -> None:
        """Begin what was loaded, on a first lease."""
        self._exposures += 1
        self._fired_at, self._ended_at = self._ask.clock.now(), math.inf
        self._lease = Lease(self._exposures, 0, self._duration, self._fired_at)
        self._snapshot.asked_power = power
        lease = self._lease
        self._ask("fire", lambda: self._generator.fire(lease))

    def renew(self) -> None:
        """Hold on for one more lease.

        Raises:
            DeviceFault: if nothing is being held, or the generator let go.
        """
        if self._lease is None:
            raise DeviceFault("there is no lease to renew; the output was switched off")
        lease = self._lease = self._lease.renewed(self._ask.clock.now())
        self._ask("renew", lambda: self._generator.renew(lease))

    def still_on(self) -> str | None:
        """Ask the device, do not remember: a sentence if there is output, or may be; None if there is none."""
        if self.problem:
            return self.problem
        try:
            radiating = self.reading().radiating
        except DeviceFault as error:
            return str(error)
        return "the generator says that it still radiates after output off" if radiating else None
