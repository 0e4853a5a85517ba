"""The frozen acts a treatment is made of: a closed union, one handler each in the engine."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from openhifu.base.outcome import Ending
from openhifu.base.record import Record
from openhifu.base.vectors import Vector
from openhifu.delivery.protocols import Question
from openhifu.model.events import Purpose


class Move(Record):
    """Bring the focus to a point (LPS, m), without output."""

    kind: Literal["move"] = "move"
    index: int
    focus: Vector


class Arm(Record):
    """Check everything that allows an exposure and load it into the generator.

    Attributes:
        index: sonication of the plan.
        purpose: treatment or test.
        focus: where the source must be.
        power: acoustic W.
        on_time: s.
        elements_off: elements switched off.
        steered: places that phases steer the focus to in turn, m along the beam's x, y, z; empty for none.
    """

    kind: Literal["arm"] = "arm"
    index: int
    purpose: Purpose
    focus: Vector
    power: float = Field(gt=0)
    on_time: float = Field(gt=0)
    elements_off: tuple[int, ...] = ()
    steered: tuple[Vector, ...] = ()


class Sonicate(Record):
    """Fire what is armed.

    Attributes:
        index: sonication of the plan.
        purpose: treatment or test.
        power: acoustic W.
        on_time: s.
        scale: factor of titration, for the journal.
        stop_at: temperature [degC] read in the target at which the exposure has done enough and ends.
        stop_dose: dose [min] measured at the target's hottest reading at which it has done enough; None for none.
        cease_above: organs that end it, for a pause, once they read hotter than this [degC].
        cease_on_cavitation: whether collapsing bubbles end it, for less power; they trip an interlock otherwise.
    """

    kind: Literal["sonicate"] = "sonicate"
    index: int
    purpose: Purpose
    power: float = Field(gt=0)
    on_time: float = Field(gt=0)
    scale: float = Field(gt=0)
    stop_at: float = Field(gt=37)
    stop_dose: float | None = Field(default=None, gt=0)
    cease_above: tuple[tuple[str, float], ...] = ()
    cease_on_cavitation: bool = False


class Cool(Record):
    """Wait with the water at a temperature.

    Attributes:
        index: sonication before it; None for pre-cooling.
        duration: s at least.
        water_temperature: degC.
        resume_below: organs that must be colder than this [degC] before it ends.
        wished_below: organs that should be colder than this [degC] before it ends, if they are within ``wished_for``.
        wished_for: s that it may last for what is only wished.
        reason: for people.
    """

    kind: Literal["cool"] = "cool"
    index: int | None
    duration: float = Field(ge=0)
    water_temperature: float
    resume_below: tuple[tuple[str, float], ...]
    wished_below: tuple[tuple[str, float], ...] = ()
    wished_for: float = Field(default=0.0, ge=0)
    reason: str


class Measure(Record):
    """Read temperatures for a while without output, and answer with their mean."""

    kind: Literal["measure"] = "measure"
    index: int | None
    duration: float = Field(gt=0)
    reason: str


class Ask(Record):
    """Ask a person; any answer but the first choice ends the run, or leaves the plan as it is.

    Attributes:
        text: what is asked.
        choices: the first one goes on.
        again: exposures of the plan that the first choice allows to be given once more, a change of the plan; any other
            answer then leaves the plan as it is instead of ending the run.
    """

    kind: Literal["ask"] = "ask"
    index: None = None
    text: str
    choices: tuple[str, ...] = Field(min_length=2)
    again: tuple[int, ...] = ()

    @property
    def question(self) -> Question:
        """As the operator is asked it."""
        return Question(self.text, self.choices)


Step = Move | Arm | Sonicate | Cool | Measure | Ask


class OrganState(Record):
    """What readings say of an organ: their running mean [degC], infinite without any, and CEM43 [min] so far."""

    model_config = ConfigDict(allow_inf_nan=True)

    organ: str
    temperature: float
    dose: float


class StepResult(Record):
    """What the program learns of a step it yielded.

    Attributes:
        ending: how it ended; a step cut short by an interlock that a person has since reset says so.
        power: mean W of an exposure.
        on_time: s of an exposure.
        target: ``(s of output, degC)`` readings in the target during an exposure; for Measure ``(0, degC)``.
        dose: CEM43 [min] measured at the target's hottest reading during an exposure.
        cavitated: whether an exposure ended because bubbles collapsed.
        answer: to a question.
        elapsed: s since the run began.
        organs: what was measured in them, at the end of the step.
    """

    ending: Ending = Ending.COMPLETED
    power: float = 0.0
    on_time: float = 0.0
    target: tuple[tuple[float, float], ...] = ()
    dose: float = 0.0
    cavitated: bool = False
    answer: str = ""
    elapsed: float = 0.0
    organs: tuple[OrganState, ...] = ()
