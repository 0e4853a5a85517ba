"""Looking at the machine: every device asked, its answer timed, all readings laid side by side for the interlocks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from openhifu.base.errors import DeviceFault
from openhifu.base.vectors import Vector
from openhifu.delivery.clock import Clock
from openhifu.delivery.endings import Halt
from openhifu.delivery.protocols import (
    Answer,
    ButtonReading,
    Devices,
    GeneratorReading,
    ImageReading,
    PositionReading,
    SoundReading,
    Status,
    TemperatureReading,
    WaterReading,
)
from openhifu.delivery.rules import SafetyRules

T = TypeVar("T")


_NAN = math.nan


@dataclass(slots=True)
class Snapshot:
    """The newest reading of everything; not a number anywhere until it was read once.

    Attributes:
        now: clock [s].
        asked_power: W the engine wants now; 0 when it wants none.
        focus: where the armed or firing source must be; None when nothing is armed.
        spent: J delivered before the present exposure.
        elapsed: s since the run started.
        clock_error: s by which the clock stepped since the last look, beyond what was slept.
        disk_free: bytes.
        images: how many different temperature readings came.
    """

    now: float
    asked_power: float = 0.0
    focus: Vector | None = None
    spent: float = 0.0
    elapsed: float = 0.0
    clock_error: float = 0.0
    disk_free: float = _NAN
    images: int = 0
    generator: GeneratorReading = GeneratorReading(_NAN, False, False, _NAN, _NAN, _NAN, _NAN, False)
    button: ButtonReading = ButtonReading(_NAN, False)
    temperature: TemperatureReading = TemperatureReading(_NAN, _NAN, ())
    position: PositionReading = PositionReading(_NAN, (_NAN, _NAN, _NAN), False)
    water: WaterReading = WaterReading(_NAN, _NAN, _NAN, _NAN, _NAN, _NAN)
    image: ImageReading = ImageReading(_NAN, _NAN, False)
    sound: SoundReading = SoundReading(_NAN, False, False, _NAN)


Reading = (
    GeneratorReading | ButtonReading | TemperatureReading | PositionReading | WaterReading | ImageReading | SoundReading
)
R = TypeVar("R", bound=Reading)


@dataclass
class Asking:
    """Calls into devices: whatever goes wrong becomes a ``DeviceFault`` that names device and act.

    Attributes:
        clock: times the answers.
        within: s a device may take.
    """

    clock: Clock
    within: float

    def __call__(self, what: str, call: Callable[[], T]) -> T:
        """The answer of a call.

        Raises:
            DeviceFault: if it fails, comes late, or says that the act was refused.
            Halt: if a person's switch stands before the device and was thrown.
        """
        began = self.clock.now()
        try:
            answer = call()
        except Halt:
            raise  # no fault of the device: a switch before it was thrown
        except Exception as error:
            raise DeviceFault(f"{what} failed: {error}; check the device and its cable") from error
        took = self.clock.now() - began
        if not 0 <= took <= self.within:
            raise DeviceFault(f"{what} answered after {took:.3f} s, allowed are {self.within:.3f} s")
        if isinstance(answer, Status) and answer.answer is not Answer.OK:
            raise DeviceFault(f"{what} was {answer.answer}: {answer.sentence or 'no reason given'}")
        return answer


@dataclass
class Monitor:
    """Keeps the snapshot fresh: generator and button at every look, the rest once per monitor period.

    Attributes:
        devices: what to ask.
        asking: how to ask.
        rules: how often.
        disk_free: bytes left for the journal.
        snapshot: the newest of everything.
    """

    devices: Devices
    asking: Asking
    rules: SafetyRules
    disk_free: Callable[[], float]
    snapshot: Snapshot
    started: float = field(init=False)
    _last: float = field(init=False)
    _slow_at: float = field(init=False, default=-math.inf)

    def __post_init__(self) -> None:
        """Note when it all began."""
        self.started = self._last = self.snapshot.now

    def due(self) -> None:
        """Let the next look ask everything."""
        self._slow_at = -math.inf

    def look(self) -> Snapshot:
        """Ask what is due and return the snapshot.

        Raises:
            DeviceFault: if a device fails or answers late.
        """
        s, ask = self.snapshot, self.asking
        now = ask.clock.now()
        step = now - self._last
        s.clock_error = max(-step, step - self.rules.control_period, 0.0)
        s.now, s.elapsed, self._last = now, now - self.started, now
        s.button = _newer(s.button, ask("patient button", self.devices.button.reading))
        s.generator = _newer(s.generator, ask("generator reading", self.devices.generator.reading))
        if now - self._slow_at >= self.rules.monitor_period - 1e-6:
            self._slow_at = now
            self._look_slowly(s)
        return s

    def _look_slowly(self, s: Snapshot) -> None:
        ask, devices = self.asking, self.devices
        before = s.temperature.at
        s.temperature = _newer(s.temperature, ask("thermometer", devices.thermometer.reading))
        s.images += s.temperature.at != before
        s.position = _newer(s.position, ask("positioner reading", devices.positioner.reading))
        s.water = _newer(s.water, ask("water reading", devices.cooler.reading))
        s.image = _newer(s.image, ask("imager", devices.imager.reading))
        if devices.listener is not None:
            s.sound = _newer(s.sound, ask("cavitation detector", devices.listener.reading))
        s.disk_free = self.disk_free()


def _newer(old: R, new: R) -> R:
    """The new reading; one from before the old one is marked as having no time, which counts as missing."""
    if new.at < old.at:
        return replace(new, at=math.nan)
    return new
