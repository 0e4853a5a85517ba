"""A seeded bad day: at least one disturbance of a small treatment, aimed at every call in every state alike."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from openhifu.delivery.states import State
from openhifu.model.limits import DoseControl
from openhifu.model.plan import TreatmentPlan
from openhifu.twin import bench
from openhifu.twin.faults import Fault, FaultScript
from openhifu.twin.generator import PowerStage
from openhifu.twin.machine import MachineModel

CALM = MachineModel(axis_speed=20e-3, idle_frame_time=1.0, temperature_noise=0.5)
"""The simulated machine without a disturbance, with the noise and calibration error that any machine has."""

ON_TIME = 0.7
CONTROL = DoseControl(share=1.0, repeat_below=0.5, longest=1.3, most_repeats=1, organ_share=0.8)

Pair = tuple[State, str]
"""A state of the engine and a device call, ``device.act``."""


@dataclass
class AimedScript(FaultScript):
    """A fault that begins at the n-th call of one kind in one state of the engine.

    Attributes:
        aim: state and call.
        occurrence: which of these calls it begins with, from 1.
        scope: what stays broken for the further ``calls``: ``"call"``, ``"device"`` or ``"machine"``.
        state: tells the engine's state; set when there is an engine.
        met: pairs seen so far.
    """

    aim: Pair = (State.IDLE, "")
    occurrence: int = 1
    scope: str = "call"
    state: Callable[[], State] = lambda: State.IDLE
    met: Counter[Pair] = field(default_factory=Counter)
    left: float | None = None

    def due(self, device: str, act: str) -> bool:
        """Count a call; whether it is to go wrong."""
        pair = (self.state(), f"{device}.{act}")
        self.met[pair] += 1
        self.seen.append(pair[1])
        if self.left is None:
            if pair != self.aim or self.met[pair] != self.occurrence:
                return False
            self.left = self.calls
        aimed = {"call": pair[1] == self.aim[1], "device": device == self.aim[1].split(".")[0], "machine": True}
        if self.left <= 0 or not aimed[self.scope]:
            return False
        self.left -= 1
        return True


@dataclass(frozen=True)
class BadDay:
    """What is done and what goes wrong in one treatment; made by ``bad_day`` from a seed alone.

    Attributes:
        seed: of all of it.
        plan: what is delivered.
        machine: noise, people and power stage.
        scripts: device faults.
        disk_room: bytes until the disk is full.
        disk_syncs: syncs that succeed.
        killed_at: when [s] the process dies.
        killed_in_write: journal write in which it dies.
        clock_step: s by which the engine's clock steps, at ``clock_step_at``.
        clock_step_at: s.
        kinds: names of the disturbances.
    """

    seed: int
    plan: TreatmentPlan
    machine: MachineModel
    scripts: tuple[AimedScript, ...] = ()
    disk_room: float = math.inf
    disk_syncs: float = math.inf
    killed_at: float = math.inf
    killed_in_write: float = math.inf
    clock_step: float = 0.0
    clock_step_at: float = math.inf
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Calm:
    """What a treatment of a variant is like when nothing goes wrong: how often each pair comes, how long, how much."""

    pairs: Counter[Pair]
    duration: float
    written: int
    lines: int
    syncs: int


def variants() -> tuple[tuple[TreatmentPlan, MachineModel], ...]:
    """The treatments that are disturbed: open loop, closed loop with a test exposure, one with a trip and a reset."""
    plain = bench.plan(spots=2, on_time=ON_TIME, cooling_time=0.2, pre_cooling=0.2)
    rule = bench.titration().model_copy(update={"test_on_time": ON_TIME})
    steered = bench.plan(2, on_time=ON_TIME, cooling_time=0.2, pre_cooling=0.2, titrate=rule, control=CONTROL)
    moving = replace(CALM, moves_at=1.0, moves_for=1.0, displacement=5e-3)
    return (plain, CALM), (steered, CALM), (plain, moving)


def bad_day(seed: int, calm: Sequence[Calm]) -> BadDay:
    """The day of a seed.

    Args:
        seed: any integer.
        calm: what each of ``variants`` is like undisturbed.
    """
    rng = random.Random(seed)
    number = rng.choices((0, 1, 2), (5, 3, 2))[0]
    plan, machine = variants()[number]
    day = BadDay(seed, plan, machine)
    for _ in range(rng.choices((1, 2, 3), (75, 20, 5))[0]):
        draw = rng.choices(tuple(_DRAWS.values()), tuple(_WEIGHTS[name] for name in _DRAWS))[0]
        day = draw(day, calm[number], rng)
    return day


def _call(day: BadDay, calm: Calm, rng: random.Random) -> BadDay:
    """A device call, chosen so that every pair of state and call is as likely."""
    aim = rng.choice(sorted(calm.pairs))
    fault = rng.choice(tuple(Fault))
    script = AimedScript(
        fault,
        None,
        calls=rng.choice((1, 1, 2, 5, math.inf)),
        hang=rng.choice((0.15, 0.3, 1.0, 5.0)),
        size=rng.choice((0.0, 0.2, 0.8, 1.3, 3.0, 1e3)),
        aim=aim,
        occurrence=rng.randint(1, calm.pairs[aim]),
        scope=rng.choice(("call", "call", "device", "machine")),
    )
    return replace(day, scripts=(*day.scripts, script), kinds=(*day.kinds, f"call {fault}"))


def _disk(day: BadDay, calm: Calm, rng: random.Random) -> BadDay:
    if rng.random() < 0.5:
        return replace(day, disk_room=rng.uniform(0, calm.written), kinds=(*day.kinds, "disk full"))
    return replace(day, disk_syncs=rng.randrange(calm.syncs), kinds=(*day.kinds, "disk does not sync"))


def _clock(day: BadDay, calm: Calm, rng: random.Random) -> BadDay:
    step = rng.choice((-1, 1)) * 10 ** rng.uniform(-2, 3)
    at = rng.uniform(0, calm.duration)
    return replace(day, clock_step=step, clock_step_at=at, kinds=(*day.kinds, "clock step"))


def _killed(day: BadDay, calm: Calm, rng: random.Random) -> BadDay:
    if rng.random() < 0.6:
        return replace(day, killed_at=rng.uniform(0, calm.duration), kinds=(*day.kinds, "killed"))
    return replace(day, killed_in_write=rng.randrange(calm.lines), kinds=(*day.kinds, "killed in a write"))


def _stage(day: BadDay, calm: Calm, rng: random.Random) -> BadDay:
    name, at = rng.choice(("stuck power", "deaf to off", "welded", "door")), rng.uniform(0, calm.duration)
    stage = {
        "stuck power": PowerStage(stuck_power=rng.choice((0.0, 30.0, 90.0, 400.0))),
        "deaf to off": PowerStage(deaf_at=at),
        "welded": PowerStage(welded_at=at),
        "door": PowerStage(cut_at=at),
    }[name]
    return replace(day, machine=replace(day.machine, stage=stage), kinds=(*day.kinds, name))


def _people(day: BadDay, calm: Calm, rng: random.Random) -> BadDay:
    name, at = rng.choice(("operator stop", "patient stop", "motion")), rng.uniform(0, calm.duration)
    changed = {
        "operator stop": replace(day.machine, stop_at=at),
        "patient stop": replace(day.machine, press_at=at),
        "motion": replace(day.machine, moves_at=at, moves_for=rng.choice((0.5, 30.0)), displacement=5e-3),
    }[name]
    return replace(day, machine=changed, kinds=(*day.kinds, name))


_DRAWS = {"call": _call, "disk": _disk, "clock": _clock, "killed": _killed, "stage": _stage, "people": _people}
_WEIGHTS = {"call": 55, "disk": 8, "clock": 7, "killed": 12, "stage": 9, "people": 9}
