"""What the engine writes into the journal of what it sees and does: records made from its own nouns."""

from __future__ import annotations

from dataclasses import dataclass

from openhifu.delivery.authorisation import Approved, Authorisation, Rehearsal
from openhifu.delivery.endings import Exposure
from openhifu.delivery.folds import begun
from openhifu.delivery.monitor import Snapshot
from openhifu.delivery.protocols import Identity
from openhifu.delivery.rules import SafetyRules
from openhifu.delivery.steps import Arm, Ask, Cool, Measure, Move, Sonicate, Step
from openhifu.model.events import (
    Event,
    Reading,
    RegionTemperature,
    RunStarted,
    Setting,
    SonicationEnded,
    SonicationStarted,
)
from openhifu.model.transducer import Transducer


@dataclass(frozen=True)
class RunInfo:
    """What a run must know besides plan and machine.

    Attributes:
        program_version: of OpenHIFU, for the journal.
        seed: of everything drawn; None on a real device.
        earlier: events of the runs this one goes on from, in order.
        continues: last journal hash of the newest of them.
    """

    program_version: str
    seed: int | None = None
    earlier: tuple[Event, ...] = ()
    continues: str = ""


def run_started(
    authorisation: Authorisation, source: Transducer, identity: Identity, rules: SafetyRules, info: RunInfo
) -> RunStarted:
    """The first line: which plan, which device, under whose authority and which limits."""
    numbers = {"rule": rules.data(), "site": authorisation.plan.site.data(), "device": source.ceilings.data()}
    limits = {f"{k} {n}": v for k, part in numbers.items() for n, v in part.items() if isinstance(v, int | float)}
    return RunStarted(
        plan_hash=authorisation.plan.content_hash,
        approval_hash=authorisation.approval.content_hash if isinstance(authorisation, Approved) else "",
        rehearsal=isinstance(authorisation, Rehearsal),
        device_serial=identity.serial,
        calibration_date=identity.calibration_date,
        program_version=info.program_version,
        seed=info.seed,
        continues=info.continues,
        done=tuple(sorted(begun(info.earlier))),
        limits=tuple(Setting(name=name, value=float(value)) for name, value in limits.items()),
    )


def of(step: Step) -> str:
    """A step in words; exposures are counted from 1, as people see them in plan and report."""
    match step:
        case Move():
            x, y, z = (1e3 * v for v in step.focus)
            return f"move the focus of exposure {step.index + 1} to ({x:.1f}, {y:.1f}, {z:.1f}) mm LPS"
        case Arm():
            elements = f", {len(step.elements_off)} elements off" if step.elements_off else ""
            steered = f", steered to {len(step.steered)} places in turn" if step.steered else ""
            return f"arm {_exposure(step)}{elements}{steered}"
        case Sonicate():
            return f"fire {_exposure(step)}"
        case Cool():
            return f"{step.reason}: at least {step.duration:.0f} s with water at {step.water_temperature:.0f} degC"
        case Measure():
            return f"measure for {step.duration:.0f} s: {step.reason}"
        case Ask():
            return f"ask: {step.text}"


def _exposure(step: Arm | Sonicate) -> str:
    return f"exposure {step.index + 1} ({step.purpose}): {step.power:.1f} W for {step.on_time:.1f} s"


def sonication_started(step: Sonicate, most: float) -> SonicationStarted:
    """What is about to be fired, and the energy [J] it can come to at most."""
    return SonicationStarted(
        index=step.index,
        purpose=step.purpose,
        power=step.power,
        on_time=step.on_time,
        scale=step.scale,
        most_energy=most,
    )


def sonication_ended(exposure: Exposure) -> SonicationEnded:
    """What was delivered."""
    return SonicationEnded(
        index=exposure.step.index,
        purpose=exposure.step.purpose,
        mean_power=exposure.mean_power,
        on_time=exposure.on_time,
        energy=exposure.energy,
        ending=exposure.ending,
        measured_peak=exposure.peak,
        sentence=exposure.sentence,
        cavitated=exposure.cavitated,
    )


def reading(seen: Snapshot, exposure: Exposure | None) -> Reading:
    """What the instruments say now; ``exposure`` is the one that is on, if any."""
    return Reading(
        measured_at=seen.temperature.at,
        target=seen.temperature.target,
        organs=tuple(RegionTemperature(region=n, hottest=v) for n, v in seen.temperature.organs),
        power=seen.generator.forward_power,
        water_temperature=seen.water.temperature,
        index=exposure.step.index if exposure else None,
        on_time=seen.generator.on_time if exposure else 0.0,
        energy=seen.generator.energy if exposure else 0.0,
    )
