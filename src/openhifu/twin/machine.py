"""A whole simulated machine: generator, axes, thermometer, imager, water, button and the person at the console."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from openhifu.base.vectors import Vector
from openhifu.delivery.clock import Clock
from openhifu.delivery.protocols import (
    AlarmReply,
    Answer,
    ButtonReading,
    Devices,
    ImageReading,
    PositionReading,
    Question,
    Reply,
    SoundReading,
    Status,
    TemperatureReading,
    WaterReading,
)
from openhifu.model.transducer import Transducer, Travel
from openhifu.monitoring.thermometer import noisy
from openhifu.twin.body import Body
from openhifu.twin.generator import ANSWER_TIME, PowerStage, SimulatedGenerator

Eye = Callable[[float], TemperatureReading]
"""Takes an image of the body as it is at a time [s] and reads it."""

Ear = Callable[[float, float], SoundReading]
"""Listens at a time [s] while the source truly radiates a power [W], 0 for none."""


@dataclass(frozen=True)
class Senses:
    """What watches a body in the place of the plain thermometer.

    Attributes:
        eye: what reads the body's temperatures; the truth with the model's noise if None.
        ear: what listens for cavitation; nothing if None.
        imaged: hears of every image when it was read, with its time [s]; for screens beside the console.
    """

    eye: Eye | None = None
    ear: Ear | None = None
    imaged: Callable[[float], None] = lambda at: None


@dataclass(frozen=True)
class MachineModel:
    """How the simulated machine differs from a perfect one, and what happens on the day.

    Attributes:
        ramp_time: s, rise of the power.
        meter_noise: relative standard deviation of the power meter.
        calibration_error: whether the true power differs from the believed one, within the calibration's uncertainty.
        axis_speed: m/s.
        settling: s after a movement.
        temperature_noise: K, standard deviation of each region's reading.
        frame_time: s between temperature images while there is output.
        idle_frame_time: s between them otherwise; each image makes the patient live up to it, which is what costs.
        room_temperature: degC of the water at the start.
        water_time: s, time constant of the water's temperature.
        operator: who answers questions with the first choice.
        stop_at: when that person stops the run [s]; None never.
        press_at: when the patient presses the button [s]; None never.
        moves_at: when the patient moves [s], by ``displacement``; None never.
        moves_for: s until the patient lies as before.
        displacement: m.
        stage: what is wrong with the power stage.
    """

    ramp_time: float = 0.02
    meter_noise: float = 0.01
    calibration_error: bool = True
    axis_speed: float = 5e-3
    settling: float = 0.3
    temperature_noise: float = 1.0
    frame_time: float = 1.0
    idle_frame_time: float = 2.0
    room_temperature: float = 22.0
    water_time: float = 120.0
    operator: str = "simulated operator"
    stop_at: float | None = None
    press_at: float | None = None
    moves_at: float | None = None
    moves_for: float = 10.0
    displacement: float = 0.0
    stage: PowerStage = PowerStage()


class SimulatedPositioner:
    """Axes that all move together at one speed, within the travel around their home."""

    def __init__(self, clock: Clock, home: Vector, travel: Travel, model: MachineModel) -> None:
        """Standing at home."""
        self._clock, self._home, self._travel, self._model = clock, home, travel, model
        self._from = self._to = home
        self._began = self._arrives = clock.now()

    def move_to(self, focus: Vector) -> Status:
        """Start to move; refused beyond the travel."""
        now, limits = self._clock.now(), (self._travel.x, self._travel.y, self._travel.z)
        if any(not abs(f - h) <= t for f, h, t in zip(focus, self._home, limits, strict=True)):
            return Status(Answer.REFUSED, now, now, f"{focus} is beyond the travel of the axes")
        here = self.reading().focus
        far = max(abs(a - b) for a, b in zip(here, focus, strict=True))
        self._from, self._to, self._began = here, focus, now
        self._arrives = now + (far / self._model.axis_speed + self._model.settling if far > 0 else 0.0)
        return Status(Answer.OK, now, self._arrives)

    def stop(self) -> Status:
        """Stand still where it is."""
        now = self._clock.now()
        self._from = self._to = self.reading().focus
        self._began = self._arrives = now
        return Status(Answer.OK, now, now)

    def reading(self) -> PositionReading:
        """Where the focus is now; exactly there once it has arrived."""
        now = self._clock.now()
        if now >= self._arrives:
            return PositionReading(now, self._to, moving=False)
        share = min((now - self._began) / max(self._arrives - self._began - self._model.settling, 1e-9), 1.0)
        (ax, ay, az), (bx, by, bz) = self._from, self._to
        return PositionReading(
            now, (ax + share * (bx - ax), ay + share * (by - ay), az + share * (bz - az)), moving=True
        )


class SimulatedThermometer:
    """Images the simulated patient; bringing the patient up to date is what costs time, so it happens only here."""

    def __init__(self, clock: Clock, generator: SimulatedGenerator, body: Body, model: MachineModel, eye: Eye) -> None:
        """Nothing imaged yet."""
        self._clock, self._generator, self._body, self._model, self._eye = clock, generator, body, model, eye
        self._at = clock.now()
        self._last: TemperatureReading | None = None

    def bring_up_to_date(self) -> None:
        """Let the patient live through everything up to now."""
        now = self._clock.now()
        for duration, beam in self._generator.pieces(self._at, now):
            self._body.advance(duration, beam)
            self._at += duration
        self._at = now

    def reading(self) -> TemperatureReading:
        """The newest image; a new one when the frame time has gone by."""
        now = self._clock.now()
        if self._last is None or now - self._last.at >= self._frame_time(self._last.at) - 1e-6:
            self.bring_up_to_date()
            self._last = self._eye(now)
        return self._last

    def _frame_time(self, since: float) -> float:
        """The short one as long as there was output since the last image, so that the end of an exposure is seen."""
        return self._model.frame_time if self._generator.last_output > since else self._model.idle_frame_time


class SimulatedListener:
    """Listens whenever it is asked."""

    def __init__(self, clock: Clock, generator: SimulatedGenerator, ear: Ear) -> None:
        """Nothing heard yet."""
        self._clock, self._generator, self._ear = clock, generator, ear

    def reading(self) -> SoundReading:
        """The verdict on the sound of now."""
        return self._ear(self._clock.now(), self._generator.true_power)


class SimulatedImager:
    """Watches the target: breath held, and displaced only while the model says so."""

    def __init__(self, clock: Clock, model: MachineModel) -> None:
        """Watching."""
        self._clock, self._model = clock, model

    def reading(self) -> ImageReading:
        """Displacement now [m]."""
        now, moves = self._clock.now(), self._model.moves_at
        moved = moves is not None and moves <= now < moves + self._model.moves_for
        return ImageReading(now, self._model.displacement if moved else 0.0, breath_held=True)


class SimulatedCooler:
    """Water that follows its set temperature with one time constant; full, degassed, flowing and in contact."""

    def __init__(self, clock: Clock, model: MachineModel) -> None:
        """At room temperature."""
        self._clock, self._model = clock, model
        self._from = self._set = model.room_temperature
        self._since = clock.now()

    def set_temperature(self, temperature: float) -> Status:
        """Head for a temperature; refused outside what water circuits do."""
        now = self._clock.now()
        if not 5.0 <= temperature <= 40.0:
            return Status(Answer.REFUSED, now, now, f"{temperature} degC is outside 5 to 40 degC")
        self._from, self._since, self._set = self.reading().temperature, now, temperature
        return Status(Answer.OK, now, now + ANSWER_TIME)

    def reading(self) -> WaterReading:
        """State now."""
        now = self._clock.now()
        share = math.exp(-(now - self._since) / self._model.water_time)
        temperature = self._set + (self._from - self._set) * share
        return WaterReading(now, temperature, level=1.0, dissolved_oxygen=2.0, flow=2.0, contact=1.0)


class SimulatedButton:
    """Pressed at a moment of the model, or never."""

    def __init__(self, clock: Clock, model: MachineModel) -> None:
        """Not pressed."""
        self._clock, self._model = clock, model

    def reading(self) -> ButtonReading:
        """Whether it is pressed now."""
        now, press = self._clock.now(), self._model.press_at
        return ButtonReading(now, press is not None and now >= press)


class SimulatedOperator:
    """Answers every question with its first choice, at once, and stops at a moment of the model or never."""

    def __init__(self, clock: Clock, model: MachineModel) -> None:
        """At the console."""
        self._clock, self._model = clock, model

    def stop_requested(self) -> str | None:
        """The operator's name once it is time to stop."""
        stop = self._model.stop_at
        return self._model.operator if stop is not None and self._clock.now() >= stop else None

    def answer(self, question: Question) -> Reply | None:
        """The first choice."""
        return Reply(question.choices[0], self._model.operator)

    def alarm_reply(self) -> AlarmReply | None:
        """Nothing: alarms sound until they are reset."""
        return None


@dataclass(frozen=True)
class SimulatedMachine:
    """All devices, and the parts that know the truth.

    Attributes:
        devices: what the engine sees.
        generator: truth about the output.
        thermometer: keeper of the patient's time.
        gain: true power over believed power.
    """

    devices: Devices
    generator: SimulatedGenerator
    thermometer: SimulatedThermometer
    gain: float


def simulated_machine(
    clock: Clock,
    device: Transducer,
    home: Vector,
    body: Body,
    seed: int,
    model: MachineModel,
    senses: Senses | None = None,
) -> SimulatedMachine:
    """A machine around a body.

    Args:
        clock: time of all its parts.
        device: what it stands for: serial number, calibration, ceilings.
        home: focus (LPS, m) from which the axes' travel counts: the plan's reference focus.
        body: what is heated.
        seed: of calibration error and noise.
        model: how it differs from a perfect machine.
        senses: what watches the body; the plain thermometer if not given.
    """
    gain_rng, meter_rng, image_rng = (np.random.default_rng([seed, n]) for n in range(3))
    # The stated uncertainty covers 95 %: two standard deviations, and no draw goes beyond.
    deviation = device.calibration.relative_uncertainty / 2 if model.calibration_error else 0.0
    gain = 1.0 + deviation * float(np.clip(gain_rng.standard_normal(), -2.0, 2.0))
    positioner = SimulatedPositioner(clock, home, device.ceilings.travel, model)
    ramp, noise = model.ramp_time, model.meter_noise
    generator = SimulatedGenerator(clock, device, positioner, gain, ramp, noise, meter_rng, model.stage)

    def plainly(at: float) -> TemperatureReading:
        return noisy(body.temperatures(), at, model.temperature_noise, image_rng)

    def looked(at: float) -> TemperatureReading:
        read = watching.eye(at) if watching.eye else plainly(at)
        watching.imaged(at)
        return read

    watching = senses or Senses()
    thermometer = SimulatedThermometer(clock, generator, body, model, looked)
    devices = Devices(
        generator=generator,
        positioner=positioner,
        thermometer=thermometer,
        imager=SimulatedImager(clock, model),
        cooler=SimulatedCooler(clock, model),
        button=SimulatedButton(clock, model),
        operator=SimulatedOperator(clock, model),
        listener=SimulatedListener(clock, generator, watching.ear) if watching.ear else None,
    )
    return SimulatedMachine(devices, generator, thermometer, gain)
