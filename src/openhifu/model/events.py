"""The words of the journal: an envelope that says who, when and in which order, around one thing that happened."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from openhifu.base.outcome import Ending
from openhifu.base.record import Record


class Purpose(StrEnum):
    """Why an exposure is made."""

    TREAT = "treat"
    TEST = "test"
    TOP_UP = "top up"
    AGAIN = "again"


class Setting(Record):
    """One number in force during a run, e.g. a limit."""

    name: str
    value: float


class RegionTemperature(Record):
    """Highest temperature [degC] measured in a named region."""

    region: str
    hottest: float


class RunStarted(Record):
    """A run begins.

    Attributes:
        plan_hash: content hash of the plan.
        approval_hash: content hash of the approval; empty in a rehearsal.
        rehearsal: whether it is one.
        device_serial: serial number the generator answered with.
        calibration_date: date of the calibration in force, as the generator answered.
        program_version: version of OpenHIFU.
        seed: seed of everything drawn; None on a real device.
        continues: last journal hash of the run this one goes on from; empty for a new treatment.
        done: sonications begun by earlier runs, never to be repeated.
        limits: every limit and rule number in force.
    """

    kind: Literal["run started"] = "run started"
    plan_hash: str
    approval_hash: str
    rehearsal: bool
    device_serial: str
    calibration_date: str
    program_version: str
    seed: int | None = None
    continues: str = ""
    done: tuple[int, ...] = ()
    limits: tuple[Setting, ...] = ()


class StepStarted(Record):
    """A step of the program begins; written before it acts. ``index`` is the sonication it serves, if any."""

    kind: Literal["step started"] = "step started"
    step: str
    index: int | None
    sentence: str


class StepEnded(Record):
    """A step is over, and how."""

    kind: Literal["step ended"] = "step ended"
    step: str
    index: int | None
    ending: Ending
    sentence: str = ""


class SonicationStarted(Record):
    """An exposure is about to begin: on disk before the generator is told.

    Attributes:
        index: sonication of the plan.
        purpose: treatment or sub-ablative test.
        power: W asked for.
        on_time: s asked for.
        scale: factor of titration on the planned power, before any ceiling.
        most_energy: J that it can come to at most, whatever the power stage does, before lease, timer or meter end it;
            what counts if its end is never written. None in a journal from before this was written.
    """

    kind: Literal["sonication started"] = "sonication started"
    index: int
    purpose: Purpose
    power: float
    on_time: float
    scale: float
    most_energy: float | None = None


class SonicationEnded(Record):
    """An exposure is over; the output was switched off before this was written.

    Attributes:
        index: sonication of the plan.
        purpose: treatment or test.
        mean_power: W while on, as the generator measured it.
        on_time: s.
        energy: J.
        ending: how it ended.
        measured_peak: highest temperature [degC] read in the target meanwhile; None if none was read.
        sentence: why it ended.
        cavitated: whether collapsing bubbles ended it; what follows is given with less power.
    """

    kind: Literal["sonication ended"] = "sonication ended"
    index: int
    purpose: Purpose
    mean_power: float
    on_time: float
    energy: float
    ending: Ending
    measured_peak: float | None
    sentence: str = ""
    cavitated: bool = False


class Reading(Record):
    """What the instruments said at one moment.

    Attributes:
        measured_at: clock [s] of the temperatures.
        target: highest temperature [degC] in the target.
        organs: highest temperature of each organ at risk.
        power: W forward.
        water_temperature: degC.
        index: sonication that is on; None when none is.
        on_time: s it has been on.
        energy: J it has had.
    """

    kind: Literal["reading"] = "reading"
    measured_at: float
    target: float
    organs: tuple[RegionTemperature, ...]
    power: float
    water_temperature: float
    index: int | None = None
    on_time: float = 0.0
    energy: float = 0.0


class InterlockTripped(Record):
    """An interlock tripped and latched; ``value`` is None where the reading was missing, stale or not a number."""

    kind: Literal["interlock tripped"] = "interlock tripped"
    name: str
    value: float | None
    limit: float
    unit: str
    sentence: str


class InterlockReset(Record):
    """A person reset an interlock whose condition had cleared."""

    kind: Literal["interlock reset"] = "interlock reset"
    name: str
    by: str = Field(min_length=1)


class OperatorCommand(Record):
    """A person told the engine something without being asked."""

    kind: Literal["operator command"] = "operator command"
    command: str
    by: str = Field(min_length=1)


class PatientPressed(Record):
    """The patient pressed the stop button."""

    kind: Literal["patient pressed"] = "patient pressed"


class AlarmSilenced(Record):
    """A person acknowledged the alarms that are on, or paused their sound; what caused them stays latched.

    Attributes:
        act: what the person did.
        alarms: names of the interlocks it was done about.
        by: the person.
        lasts: s for which the sound is paused; 0 for an acknowledgement, which lasts as long as the alarm does.
    """

    kind: Literal["alarm silenced"] = "alarm silenced"
    act: str
    alarms: tuple[str, ...]
    by: str = Field(min_length=1)
    lasts: float = Field(ge=0)


class Cooling(Record):
    """A pause is over.

    Attributes:
        least: s it had to last.
        lasted: s it lasted.
        waited_for: organs that kept it longer.
    """

    kind: Literal["cooling"] = "cooling"
    least: float
    lasted: float
    waited_for: tuple[str, ...]


class Asked(Record):
    """The engine asked a person."""

    kind: Literal["asked"] = "asked"
    question: str
    choices: tuple[str, ...]


class Answered(Record):
    """A person answered."""

    kind: Literal["answered"] = "answered"
    question: str
    choice: str
    by: str = Field(min_length=1)


class RunEnded(Record):
    """The last line of every run that could still write."""

    kind: Literal["run ended"] = "run ended"
    ending: Ending
    sentence: str


Happening = Annotated[
    RunStarted
    | StepStarted
    | StepEnded
    | SonicationStarted
    | SonicationEnded
    | Reading
    | InterlockTripped
    | InterlockReset
    | OperatorCommand
    | PatientPressed
    | AlarmSilenced
    | Cooling
    | Asked
    | Answered
    | RunEnded,
    Field(discriminator="kind"),
]
"""Everything that can happen in a run."""


class Event(Record):
    """One line of a journal.

    Attributes:
        run: identifier of the run.
        sequence: place in the journal, from 0.
        clock: s of the engine's monotonic clock.
        time: wall time, ISO 8601 with offset.
        person: who is in charge of the run.
        what: what happened.
    """

    run: str = Field(min_length=1)
    sequence: int = Field(ge=0)
    clock: float
    time: str
    person: str = Field(min_length=1)
    what: Happening
