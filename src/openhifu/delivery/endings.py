"""How a run or an exposure ends: the exceptions that end it, and what is told of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from openhifu.base.errors import DeviceFault, HifuError, NotApproved
from openhifu.base.outcome import Ending
from openhifu.delivery.protocols import GeneratorReading
from openhifu.delivery.steps import Sonicate, StepResult


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
    """

    step: Sonicate
    target: list[tuple[float, float]] = field(default_factory=list)
    ending: Ending = Ending.FAULT
    sentence: str = "cut short"
    on_time: float = 0.0
    energy: float = 0.0

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

    def learn(self, generator: GeneratorReading) -> None:
        """Take over what the generator's meter says.

        Raises:
            DeviceFault: if that is no number.
        """
        if not (math.isfinite(generator.on_time) and math.isfinite(generator.energy)):
            raise DeviceFault("the generator's meter shows no number; check it")
        self.on_time, self.energy = generator.on_time, generator.energy

    def assume(self, longer: float) -> None:
        """Nobody knows what came after the last reading: count full power for as long as it may have been on."""
        self.on_time = min(self.on_time + longer, self.step.on_time)
        self.energy = min(self.energy + longer * self.step.power, self.step.power * self.step.on_time)

    def result(self) -> StepResult:
        """As the program learns it."""
        return StepResult(ending=self.ending, power=self.mean_power, on_time=self.on_time, target=tuple(self.target))


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
