"""How a run or an exposure ends: the exceptions that end it, and what is told of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from openhifu.base.errors import DeviceFault, HifuError, NotApproved
from openhifu.base.outcome import Ending
from openhifu.delivery.measured_dose import cem43
from openhifu.delivery.protocols import GeneratorReading, SoundReading, TemperatureReading
from openhifu.delivery.steps import Sonicate, StepResult

_SLACK = 0.1  # s by which a meter and the engine's clock may differ
_RISE = 0.3  # s that power may take to reach what was asked for
_METER = 0.3  # share by which a meter may be off before it counts as broken


def most_energy(step: Sonicate, ceiling: float, lease: float) -> float:
    """Energy [J] that an exposure can come to, whatever the power stage does and whether or not an engine is alive.

    A meter further off than ``Exposure.learn`` lets pass ends the output within two leases of the last reading that was
    good: the renewal after that reading came within one lease of the renewal before it, and lasts one.

    Args:
        step: what is asked for.
        ceiling: acoustic W that the device never exceeds.
        lease: s of each lease.
    """
    passes = (1 + _METER) * step.power * (step.on_time + _SLACK)
    return min(passes + 2 * lease * ceiling, ceiling * step.on_time)


class Halt(HifuError):  # noqa: N818 - named for what it is, like the whole tree
    """The run must end now, in this way.

    Args:
        ending: which of the five.
        sentence: why.
    """

    def __init__(self, ending: Ending, sentence: str) -> None:
        """Keep the ending beside the sentence."""
        super().__init__(sentence)
        self.ending = ending


class Tripped(HifuError):  # noqa: N818 - named for what it is, like the whole tree
    """An interlock tripped; a person may reset it, and the run goes on."""


@dataclass(frozen=True)
class RunResult:
    """How a run ended.

    Attributes:
        ending: which of the five.
        sentence: why.
        last_hash: hash of the last journal line.
        written: whether the ending itself is in the journal.
    """

    ending: Ending
    sentence: str
    last_hash: str
    written: bool


@dataclass
class Exposure:
    """The exposure that is on, or the last one.

    Attributes:
        step: what was asked for.
        target: ``(s of output, degC)`` readings in the target.
        ending: how it ended; a fault until something better is known.
        sentence: why.
        on_time: s.
        energy: J.
        cavitated: whether collapsing bubbles ended it.
    """

    step: Sonicate
    target: list[tuple[float, float]] = field(default_factory=list)
    ending: Ending = Ending.FAULT
    sentence: str = "cut short"
    on_time: float = 0.0
    energy: float = 0.0
    cavitated: bool = False

    @property
    def mean_power(self) -> float:
        """W while on."""
        return self.energy / self.on_time if self.on_time > 0 else 0.0

    @property
    def peak(self) -> float | None:
        """Highest temperature [degC] read in the target; None if none was."""
        return max((value for _, value in self.target), default=None)

    def read(self, on_time: float, target: float) -> None:
        """Keep a reading of the target; one that is no number is not kept (an interlock sees to it)."""
        if math.isfinite(on_time) and math.isfinite(target):
            self.target.append((on_time, target))

    def enough(self, temperature: TemperatureReading, sound: SoundReading) -> str | None:
        """Why the exposure has done what it was for, or must pause for an organ; None while it goes on."""
        last = self.target[-1][1] if self.target else -math.inf
        if last >= self.step.stop_at:
            return f"{last:.1f} degC read in the target: enough"
        if self.step.stop_dose is not None and self.dose >= self.step.stop_dose:
            return f"{self.dose:.0f} min CEM43 measured in the target: enough"
        for name, level in self.step.cease_above:
            if temperature.organ(name) > level:
                return f"{name} reads {temperature.organ(name):.1f} degC: a pause first"
        if self.step.cease_on_cavitation and sound.inertial:
            self.cavitated = True
            return f"bubbles collapse, {sound.broadband:.1f} dB over silence: the rest with less power"
        return None

    @property
    def dose(self) -> float:
        """CEM43 [min] at the target's hottest reading so far."""
        return cem43(self.target)

    def learn(self, meter: GeneratorReading, elapsed: float) -> None:
        """Take over what the generator's meter says, unless it cannot be true.

        Args:
            meter: the reading.
            elapsed: s for which there can have been output, by the engine's own clock.

        Raises:
            DeviceFault: if it shows no number, went back, is ahead of the clock, or energy and time do not fit the
                power that was asked for.
        """
        if not (math.isfinite(meter.on_time) and math.isfinite(meter.energy)):
            raise DeviceFault("the generator's meter shows no number; check it")
        if meter.on_time < self.on_time - _SLACK or meter.energy < self.energy * (1 - _METER):
            raise DeviceFault("the generator's meter went back during an exposure; check it")
        if meter.on_time > elapsed + _SLACK:
            raise DeviceFault(f"the generator's meter shows {meter.on_time:.2f} s after {elapsed:.2f} s; check it")
        least, most = self.step.power * max(meter.on_time - _RISE, 0.0), self.step.power * (meter.on_time + _SLACK)
        if not least * (1 - _METER) <= meter.energy <= most * (1 + _METER):
            raise DeviceFault(f"{meter.energy:.1f} J in {meter.on_time:.2f} s do not fit {self.step.power:.1f} W")
        self.on_time, self.energy = meter.on_time, meter.energy

    def assume(self, elapsed: float, shown: float) -> None:
        """The meter cannot be believed: count full power for as long as there can have been output, or what it shows.

        Args:
            elapsed: s of output at most.
            shown: J on the meter, if that is more.
        """
        self.on_time = max(self.on_time, min(elapsed, self.step.on_time))
        self.energy = max(self.energy, self.on_time * self.step.power)
        if shown > self.energy and math.isfinite(shown):
            self.energy = shown

    def result(self) -> StepResult:
        """As the program learns it."""
        target = tuple(self.target)
        return StepResult(
            ending=self.ending,
            power=self.mean_power,
            on_time=self.on_time,
            target=target,
            dose=self.dose,
            cavitated=self.cavitated,
        )


def ending_of(error: BaseException) -> tuple[Ending, str]:
    """Which ending an exception stands for, and its sentence."""
    match error:
        case KeyboardInterrupt():
            return Ending.OPERATOR_STOP, "interrupted at the keyboard"
        case Halt():
            return error.ending, str(error)
        case Tripped():
            return Ending.INTERLOCK, str(error)
        case NotApproved():
            return Ending.INTERLOCK, f"refused: {error}"
        case HifuError():
            return Ending.FAULT, str(error)
        case _:
            return Ending.FAULT, f"the program failed: {type(error).__name__}: {error}"
