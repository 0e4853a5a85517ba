"""What delivery needs of a machine: small protocols, the status every act answers with, and the lease that lapses.

``docs/driver-contract.md`` says in full what hardware behind these must guarantee. Times are seconds of the engine's
clock; a driver whose device has a clock of its own translates.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from openhifu.base.errors import OutOfRange
from openhifu.base.vectors import Vector

LEASE_LIMIT = 0.2
"""Longest lease [s]: output without a live engine never lasts longer."""


class Answer(StrEnum):
    """How a device took an order."""

    OK = "ok"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Status:
    """What a device says to an order.

    Attributes:
        answer: taken, refused or failed.
        at: when it said so [s].
        deadline: when the act will be complete at the latest [s].
        sentence: why, if it was not taken.
    """

    answer: Answer
    at: float
    deadline: float
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to radiate for a short while; it lapses by itself.

    Attributes:
        exposure: which exposure of the run it belongs to.
        renewal: how many times it was renewed; a device refuses one that is not newer than the last.
        duration: s, at most ``LEASE_LIMIT``.
        sent: when the engine gave it [s]; it counts from there, however late the device gets it.
    """

    exposure: int
    renewal: int
    duration: float
    sent: float

    def __post_init__(self) -> None:
        """Refuse a lease that would outlive its purpose."""
        if not 0 < self.duration <= LEASE_LIMIT:
            raise OutOfRange(f"a lease lasts more than 0 and at most {LEASE_LIMIT} s, got {self.duration} s")

    def renewed(self, sent: float) -> Lease:
        """The next lease of the same exposure, given at ``sent`` [s]."""
        return Lease(self.exposure, self.renewal + 1, self.duration, sent)

    def until(self, now: float) -> float:
        """When it lapses [s] for a device that gets it at ``now`` [s]: one from the future counts from now."""
        return min(self.sent, now) + self.duration


@dataclass(frozen=True, slots=True)
class Identity:
    """Which individual device this is.

    Attributes:
        at: s.
        serial: serial number.
        calibration_date: ISO date of the calibration it runs on.
        simulated: whether it heats nothing but a simulation.
    """

    at: float
    serial: str
    calibration_date: str
    simulated: bool


@dataclass(frozen=True, slots=True)
class GeneratorReading:
    """State of the generator.

    Attributes:
        at: s.
        ready: loaded, warm and willing to fire.
        radiating: whether there is output now.
        forward_power: acoustic W, by its own meter.
        reflected_share: share of the electrical power that comes back.
        on_time: s of output of the present exposure, or of the last one.
        energy: J of it.
        chain_closed: whether door and emergency stops let the power stage have its supply.
    """

    at: float
    ready: bool
    radiating: bool
    forward_power: float
    reflected_share: float
    on_time: float
    energy: float
    chain_closed: bool


@dataclass(frozen=True, slots=True)
class PositionReading:
    """Where the focus is (LPS, m), and whether it moves."""

    at: float
    focus: Vector
    moving: bool


@dataclass(frozen=True, slots=True)
class TemperatureReading:
    """Highest temperature [degC] in the target and in each organ at risk; ``at`` is when the image was taken [s]."""

    at: float
    target: float
    organs: tuple[tuple[str, float], ...]

    def organ(self, name: str) -> float:
        """Highest temperature of an organ; NaN if the reading does not have it."""
        return next((value for organ, value in self.organs if organ == name), float("nan"))


@dataclass(frozen=True, slots=True)
class ImageReading:
    """How far [m] the target is from where the plan has it, and whether the breath is held."""

    at: float
    displacement: float
    breath_held: bool


@dataclass(frozen=True, slots=True)
class SoundReading:
    """What a cavitation detector makes of the newest stretch of sound.

    Attributes:
        at: s, when the stretch began.
        stable: whether bubbles oscillate (lines at half orders of the drive).
        inertial: whether bubbles collapse (noise between the lines).
        broadband: that noise over the noise without output [dB].
    """

    at: float
    stable: bool
    inertial: bool
    broadband: float


@dataclass(frozen=True, slots=True)
class WaterReading:
    """Coupling water.

    Attributes:
        at: s.
        temperature: degC.
        level: filling, 1 full.
        dissolved_oxygen: mg/L.
        flow: L/min through the circuit.
        contact: share of the coupling surface that touches the skin without a gap, 1 all of it.
    """

    at: float
    temperature: float
    level: float
    dissolved_oxygen: float
    flow: float
    contact: float


@dataclass(frozen=True, slots=True)
class ButtonReading:
    """Whether the patient presses the stop button."""

    at: float
    pressed: bool


@dataclass(frozen=True, slots=True)
class Question:
    """Something a person must decide; the first choice goes on."""

    text: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """A person's decision."""

    choice: str
    by: str


class AlarmAct(StrEnum):
    """What a person does about an alarm without resetting what caused it."""

    ACKNOWLEDGE = "acknowledge"
    PAUSE_AUDIO = "pause audio"


@dataclass(frozen=True, slots=True)
class AlarmReply:
    """A person's act on the alarms that are on."""

    act: AlarmAct
    by: str


@runtime_checkable
class Generator(Protocol):
    """Source of the ultrasound."""

    def identity(self) -> Identity:
        """Which device this is, asked anew each time."""
        ...

    def load(
        self, power: float, on_time: float, elements_off: tuple[int, ...], steered: tuple[Vector, ...] = ()
    ) -> Status:
        """Prepare one exposure (acoustic W, s); the device's own timer ends it after ``on_time``. Never radiates.

        Phases steer the focus to every place of ``steered`` (m along the beam's x, y, z), again and again in turn and
        equally long, 10 ms at most at a time. Refused by a device that cannot.
        """
        ...

    def fire(self, lease: Lease) -> Status:
        """Radiate what was loaded, once, for as long as the lease holds; a second fire needs a second load.

        Refused if the lease has lapsed on its way.
        """
        ...

    def renew(self, lease: Lease) -> Status:
        """Hold on until the lease lapses, counted from when it was sent.

        Refused once the last one has lapsed, or if this one has on its way; has no effect after the timer's own end.
        """
        ...

    def off(self) -> Status:
        """End output now and forget what was loaded. Always allowed, at any time, any number of times."""
        ...

    def reading(self) -> GeneratorReading:
        """State now."""
        ...


@runtime_checkable
class Positioner(Protocol):
    """Axes that carry the source."""

    def move_to(self, focus: Vector) -> Status:
        """Start to move the focus there (LPS, m), to arrive by the status' deadline. Refused out of reach."""
        ...

    def stop(self) -> Status:
        """Stand still."""
        ...

    def reading(self) -> PositionReading:
        """State now."""
        ...


@runtime_checkable
class Thermometer(Protocol):
    """Temperatures inside the patient."""

    def reading(self) -> TemperatureReading:
        """The newest temperatures."""
        ...


@runtime_checkable
class Imager(Protocol):
    """Eyes on the target."""

    def reading(self) -> ImageReading:
        """The newest image's verdict."""
        ...


@runtime_checkable
class Listener(Protocol):
    """Ears for bubbles; a machine may have none."""

    def reading(self) -> SoundReading:
        """The verdict on the newest stretch of sound."""
        ...


@runtime_checkable
class Cooler(Protocol):
    """The coupling water."""

    def set_temperature(self, temperature: float) -> Status:
        """Bring the water to a temperature [degC]."""
        ...

    def reading(self) -> WaterReading:
        """State now."""
        ...


@runtime_checkable
class PatientButton(Protocol):
    """The button in the patient's hand."""

    def reading(self) -> ButtonReading:
        """State now."""
        ...


@runtime_checkable
class Operator(Protocol):
    """The person in charge, behind whatever screen or key."""

    def stop_requested(self) -> str | None:
        """Name of the person who wants to stop; None if nobody does."""
        ...

    def answer(self, question: Question) -> Reply | None:
        """The decision on a question; None as long as there is none. Returns at once."""
        ...

    def alarm_reply(self) -> AlarmReply | None:
        """What the person did about the alarms since the last time this was asked; None for nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Devices:
    """One machine: everything the engine talks to; ``listener`` is None where nothing listens for cavitation."""

    generator: Generator
    positioner: Positioner
    thermometer: Thermometer
    imager: Imager
    cooler: Cooler
    button: PatientButton
    operator: Operator
    listener: Listener | None = None
