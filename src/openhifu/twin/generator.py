"""A simulated generator: power ramp, calibration error, its own timer, and a lease that lapses by itself."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from openhifu.base.vectors import Vector
from openhifu.delivery.clock import Clock
from openhifu.delivery.protocols import Answer, GeneratorReading, Identity, Lease, Positioner, Status
from openhifu.model.steering import steering_reach
from openhifu.model.transducer import Transducer
from openhifu.twin.body import Beam

ANSWER_TIME = 0.02
"""Seconds within which an electrical act is complete."""

_ROUNDING = 1e-9  # share by which a place may miss the reach of the phases


@dataclass(frozen=True)
class PowerStage:
    """What is wrong with the power stage, and when its supply is cut.

    Attributes:
        stuck_power: W that it puts out whatever is loaded; None for what is loaded.
        deaf_at: from when [s] it does not obey output off; lease and timer still end the output.
        welded_at: from when [s] nothing ends output that is on but the cut of the supply.
        cut_at: when [s] a door, an emergency stop or the hard stop cuts the supply, for good.
    """

    stuck_power: float | None = None
    deaf_at: float = math.inf
    welded_at: float = math.inf
    cut_at: float = math.inf


@dataclass(frozen=True)
class Radiated:
    """One exposure as it truly was: when it began and ended [s], J by calibration, where, in which lease."""

    start: float
    end: float
    energy: float
    focus: Vector
    exposure: int


@dataclass
class _Burst:
    """One exposure as it was: W and s loaded, when it began, and when it ends unless something ends it earlier."""

    power: float
    on_time: float
    elements_off: tuple[int, ...]
    steered: tuple[Vector, ...]
    focus: Vector
    start: float
    exposure: int
    renewal: int
    lease_until: float
    stage: PowerStage
    off_at: float = math.inf

    @property
    def timer(self) -> float:
        return self.start + self.on_time

    @property
    def end(self) -> float:
        """When output ends; a welded stage obeys the cut of its supply only."""
        obeyed = min(self.timer, self.lease_until, self.off_at)
        return min(self.stage.cut_at, math.inf if self.stage.welded_at < obeyed else obeyed)


class SimulatedGenerator:
    """Radiates into a simulated patient and nothing else.

    Its state follows from the clock alone, so that the lease lapses and the timer ends whether or not anyone asks.

    Args:
        clock: its time.
        device: whose serial number, calibration and power ceiling it has.
        positioner: where the focus is when it fires.
        gain: true power over the power it believes in (calibration error).
        ramp_time: s, time constant of the rise to full power.
        meter_noise: relative standard deviation of the power meter.
        rng: source of the noise.
        stage: what is wrong with its power stage.
    """

    def __init__(
        self,
        clock: Clock,
        device: Transducer,
        positioner: Positioner,
        gain: float,
        ramp_time: float,
        meter_noise: float,
        rng: np.random.Generator,
        stage: PowerStage,
    ) -> None:
        """Off, with nothing loaded."""
        self._stage, self._newest = stage, 0
        self._clock, self._device, self._positioner = clock, device, positioner
        self._gain, self._ramp, self._noise, self._rng = gain, ramp_time, meter_noise, rng
        self._loaded: tuple[float, float, tuple[int, ...], tuple[Vector, ...]] | None = None
        self._bursts: list[_Burst] = []
        self._settled = 0

    def identity(self) -> Identity:
        """Serial number and calibration of the device it stands for, and that it is simulated."""
        calibration = self._device.calibration
        return Identity(self._clock.now(), calibration.serial, calibration.date, simulated=True)

    def load(
        self, power: float, on_time: float, elements_off: tuple[int, ...], steered: tuple[Vector, ...] = ()
    ) -> Status:
        """Take an exposure.

        Refused while radiating, beyond the ceilings, for elements it does not have or places it cannot steer to.
        """
        ceilings = self._device.ceilings
        if self.radiating:
            return self._status(Answer.REFUSED, "it radiates")
        if not (0 < power <= ceilings.acoustic_power and 0 < on_time <= ceilings.on_time):
            return self._status(Answer.REFUSED, f"{power} W for {on_time} s is beyond its ceilings")
        if any(not 0 <= e < self._device.elements for e in elements_off):
            return self._status(Answer.REFUSED, f"it has elements 0 to {self._device.elements - 1}")
        reach = steering_reach(self._device)
        if not all(math.hypot(x, y) <= reach * (1 + _ROUNDING) and math.isfinite(z) for x, y, z in steered):
            return self._status(Answer.REFUSED, f"it steers its focus {1e3 * reach:.1f} mm across the beam")
        self._loaded = (power, on_time, elements_off, steered)
        return self._status(Answer.OK)

    def fire(self, lease: Lease) -> Status:
        """Begin what is loaded; refused when nothing is, for an exposure not newer than the last, or a lapsed lease."""
        if self._loaded is None or self.radiating:
            return self._status(Answer.REFUSED, "nothing is loaded")
        if lease.exposure <= self._newest:
            return self._status(Answer.REFUSED, f"exposure {lease.exposure} is not newer than {self._newest}")
        now = self._clock.now()
        until = lease.until(now)
        if now >= until:
            return self._status(Answer.REFUSED, f"this lease was sent {now - lease.sent:.3f} s ago and has lapsed")
        power, on_time, elements_off, steered = self._loaded
        power = power if self._stage.stuck_power is None else self._stage.stuck_power
        self._loaded, self._newest = None, lease.exposure
        focus = self._positioner.reading().focus
        self._bursts.append(
            _Burst(power, on_time, elements_off, steered, focus, now, lease.exposure, lease.renewal, until, self._stage)
        )
        return self._status(Answer.OK)

    def renew(self, lease: Lease) -> Status:
        """Hold on; refused after the last lease lapsed, and for one that is not newer or has lapsed on its way."""
        burst, now = self._bursts[-1] if self._bursts else None, self._clock.now()
        if burst is None or burst.exposure != lease.exposure or burst.renewal >= lease.renewal:
            return self._status(Answer.REFUSED, "this lease is not newer than the last")
        if now >= burst.end:
            done = burst.end == burst.timer
            return self._status(Answer.OK) if done else self._status(Answer.REFUSED, "the lease had lapsed")
        until = lease.until(now)
        if now >= until:
            return self._status(Answer.REFUSED, f"this lease was sent {now - lease.sent:.3f} s ago and has lapsed")
        burst.renewal, burst.lease_until = lease.renewal, until
        return self._status(Answer.OK)

    def off(self) -> Status:
        """End output and forget what was loaded."""
        self._loaded, now = None, self._clock.now()
        if self.radiating and now < self._stage.deaf_at:
            self._bursts[-1].off_at = now
        return self._status(Answer.OK)

    def new_session(self) -> None:
        """What happens when an engine connects: silence, nothing loaded, exposures count anew."""
        self.off()
        self._newest = 0

    def hard_stop(self) -> None:
        """Cut the supply, whatever the power stage does."""
        self._stage = replace(self._stage, cut_at=min(self._stage.cut_at, self._clock.now()))
        if self._bursts:
            self._bursts[-1].stage = self._stage

    def reading(self) -> GeneratorReading:
        """State now; energy and on-time of the present or last exposure, by its own meter."""
        now = self._clock.now()
        if not self._bursts:
            return GeneratorReading(now, self._loaded is not None, False, 0.0, 0.0, 0.0, 0.0, now < self._stage.cut_at)
        burst, on = self._bursts[-1], self.radiating
        on_time = min(now, burst.end) - burst.start
        power = burst.power * -math.expm1(-on_time / self._ramp) if on else 0.0
        shown = power * (1 + self._noise * float(self._rng.standard_normal()))
        energy = self._believed_energy(burst, burst.start, now)
        reflected, ready = 0.03 if on else 0.0, self._loaded is not None
        return GeneratorReading(now, ready, on, shown, reflected, on_time, energy, now < self._stage.cut_at)

    @property
    def radiating(self) -> bool:
        """Whether there is output now."""
        return bool(self._bursts) and self._clock.now() < self._bursts[-1].end

    @property
    def true_power(self) -> float:
        """W of output now, as it truly is."""
        if not self.radiating:
            return 0.0
        burst = self._bursts[-1]
        return self._gain * burst.power * -math.expm1(-(self._clock.now() - burst.start) / self._ramp)

    @property
    def last_output(self) -> float:
        """When the output ended, or will if nobody does anything [s]; minus infinity if there never was any."""
        return self._bursts[-1].end if self._bursts else -math.inf

    @property
    def radiated(self) -> list[Radiated]:
        """Every exposure up to now, the present one as far as it has come."""
        now = self._clock.now()
        return [
            Radiated(b.start, min(b.end, now), self._believed_energy(b, b.start, now), b.focus, b.exposure)
            for b in self._bursts
        ]

    def pieces(self, begin: float, end: float) -> list[tuple[float, Beam | None]]:
        """What was truly radiated from ``begin`` to ``end`` [s], as stretches of constant mean power that fill it."""
        found: list[tuple[float, Beam | None]] = []
        at = begin
        while self._settled < len(self._bursts):
            burst = self._bursts[self._settled]
            start, stop = max(burst.start, at), min(burst.end, end)
            if start >= end:
                break
            if start > at:
                found.append((start - at, None))
                at = start
            if stop > at:
                power = self._gain * self._believed_energy(burst, at, stop) / (stop - at)
                found.append((stop - at, Beam(power, burst.focus, burst.elements_off, burst.steered)))
                at = stop
            if burst.end > end:
                break
            self._settled += 1
        if end > at:
            found.append((end - at, None))
        return found

    def _believed_energy(self, burst: _Burst, begin: float, end: float) -> float:
        """J between two times: integral of power (1 - exp(-t / ramp)) while it is on."""
        a, b = max(begin, burst.start) - burst.start, min(end, burst.end) - burst.start
        if b <= a:
            return 0.0
        ramp = self._ramp
        return burst.power * ((b - a) - ramp * (math.exp(-a / ramp) - math.exp(-b / ramp)))

    def _status(self, answer: Answer, sentence: str = "") -> Status:
        now = self._clock.now()
        return Status(answer, now, now + ANSWER_TIME, sentence)
