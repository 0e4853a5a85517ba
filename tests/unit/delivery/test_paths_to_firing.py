"""No path leads to firing without arm, approval, lease and journal: the table walked whole, the engine explored."""

from __future__ import annotations

import tempfile
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from openhifu.base.errors import DeviceFault
from openhifu.delivery import engine as engine_module
from openhifu.delivery.authorisation import Approved, Authorisation, Rehearsal
from openhifu.delivery.engine import TreatmentEngine
from openhifu.delivery.journal import Journal, read_journal
from openhifu.delivery.monitor import Asking, Snapshot
from openhifu.delivery.output import Output
from openhifu.delivery.protocols import LEASE_LIMIT, Lease, Positioner
from openhifu.delivery.rules import SafetyRules
from openhifu.delivery.states import TABLE, Refusal, Signal, State
from openhifu.delivery.steps import Arm, Ask, Cool, Measure, Move, Sonicate, Step
from openhifu.delivery.words import RunInfo
from openhifu.model.events import Purpose, SonicationStarted
from openhifu.model.plan import Approval, TreatmentPlan
from openhifu.twin.bench import PointPatient, device, plan
from openhifu.twin.clock import SimulatedClock
from openhifu.twin.generator import SimulatedGenerator
from openhifu.twin.machine import MachineModel, simulated_machine
from openhifu.twin.mishaps import Life, TwinDisk
from tests.unit.delivery.bench import QUIET

PLAN = plan(spots=2, on_time=0.5, cooling_time=0.1, pre_cooling=0.1)
RULES = SafetyRules(people_patience=1.0, cooling_patience=2.0)


def test_the_table_walked_whole() -> None:
    """Every state with what led there: started, checked or reset by a person, armed since it was last ready."""
    seen: set[tuple[State, bool, bool, bool]] = set()
    queue = deque([(State.IDLE, False, False, False)])
    while queue:
        here = queue.popleft()
        if here in seen:
            continue
        seen.add(here)
        state, started, cleared, armed = here
        assert (state is not State.FIRING) or (started and cleared and armed), here
        assert (state is not State.ARMED) or (started and cleared), here
        for signal in Signal:
            to = TABLE[state, signal]
            if isinstance(to, Refusal):
                continue
            started_then = started or signal is Signal.START
            cleared_then = (cleared or signal in (Signal.CHECKED, Signal.RESET)) and signal is not Signal.TRIP
            armed_then = signal is Signal.ARM or (armed and signal is Signal.FIRE)
            queue.append((to, started_then, cleared_then, armed_then))
    assert {s for s, *_ in seen} == set(State)


# ------------------------------------------------------------------ any program, any authority, any disk

foci = st.sampled_from([s.focus for s in PLAN.sonications])
indices = st.integers(0, 2)
powers = st.sampled_from([60.0, 60.0, 60.0, 120.0, 121.0, 399.0])
times = st.sampled_from([0.5, 0.5, 0.5, 0.3, 0.6, 50.0])
purposes = st.sampled_from([Purpose.TREAT, Purpose.TREAT, Purpose.TEST, Purpose.TOP_UP])
arms = st.builds(Arm, index=indices, purpose=purposes, focus=foci, power=powers, on_time=times)
shots = st.builds(
    Sonicate,
    index=indices,
    purpose=purposes,
    power=powers,
    on_time=times,
    scale=st.just(1.0),
    stop_at=st.just(95.0),
)
pairs = st.sampled_from(PLAN.sonications).map(
    lambda s: [
        Move(index=s.index, focus=s.focus),
        Arm(index=s.index, purpose=Purpose.TREAT, focus=s.focus, power=60.0, on_time=0.5),
        Sonicate(index=s.index, purpose=Purpose.TREAT, power=60.0, on_time=0.5, scale=1.0, stop_at=95.0),
    ]
)
others = st.one_of(
    st.builds(Move, index=indices, focus=foci),
    arms,
    shots,
    st.just(Cool(index=None, duration=0.1, water_temperature=25.0, resume_below=(), reason="")),
    st.just(Measure(index=None, duration=0.2, reason="")),
    st.just(Ask(text="?", choices=("yes", "no"))),
)
programs = st.lists(st.one_of(pairs, others.map(lambda step: [step])), max_size=8).map(lambda parts: sum(parts, []))
approvals = st.sampled_from(["rehearsal", "approved", "of another plan", "rehearsal on a real device"])


def authority(kind: str, of: TreatmentPlan) -> Authorisation:
    if kind.startswith("rehearsal"):
        return Rehearsal(of)
    plan_hash = of.content_hash if kind == "approved" else "0" * 64
    signed = Approval(plan_hash=plan_hash, rehearsal_hash="0" * 64, person="Ada", role="r", time="t", statement="s")
    return Approved(of, signed)


class Witness:
    """Stands before the generator and looks at everything when it is told to fire."""

    def __init__(self, real: SimulatedGenerator, positioner: Positioner, kind: str) -> None:
        self._real, self._positioner, self._kind = real, positioner, kind
        self.engine: TreatmentEngine | None = None
        self.disk: TwinDisk | None = None
        self.path = Path()
        self.loaded: tuple[float, float] | None = None
        self.fired: list[tuple[int, Purpose]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def identity(self) -> Any:
        return replace(self._real.identity(), simulated="real device" not in self._kind)

    def load(self, power: float, on_time: float, *where: Any) -> Any:
        self.loaded = (power, on_time)
        return self._real.load(power, on_time, *where)

    def off(self) -> Any:
        self.loaded = None
        return self._real.off()

    def fire(self, lease: Lease) -> Any:
        assert self.engine is not None
        assert self.disk is not None
        assert self.engine.state is State.FIRING
        assert lease.duration <= LEASE_LIMIT
        assert self._kind in ("rehearsal", "approved")
        assert self.disk.synced == self.path.stat().st_size
        last = read_journal(self.path).events[-1].what
        assert isinstance(last, SonicationStarted)
        assert self.loaded == (last.power, last.on_time)
        planned = PLAN.sonications[last.index]
        assert last.power <= planned.power_ceiling
        assert last.on_time <= planned.on_time
        assert self._positioner.reading().focus == planned.focus
        self.fired.append((last.index, last.purpose))
        return self._real.fire(lease)


@settings(max_examples=150, deadline=None)
@given(programs, approvals, st.one_of(st.just(1e9), st.floats(0, 12e3)), st.one_of(st.just(99), st.integers(0, 30)))
def test_whatever_the_program_says_nothing_is_fired_without_arm_approval_lease_and_journal(
    steps: list[Step], kind: str, room: float, syncs: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine_module, "program", lambda *arguments: yields(steps))
        clock = SimulatedClock()
        machine = simulated_machine(clock, device(), PLAN.pose.focus, PointPatient(), 1, QUIET)
        witness = Witness(machine.generator, machine.devices.positioner, kind)
        devices = engine_module.Devices(
            **{**{n: getattr(machine.devices, n) for n in machine.devices.__slots__}, "generator": witness}
        )
        disk = TwinDisk(Life(), room, syncs)
        witness.disk, witness.path = disk, Path(folder) / "journal"
        journal = Journal.create(witness.path, "run", "Ada", clock, disk)
        info = RunInfo("test")
        witness.engine = TreatmentEngine(authority(kind, PLAN), device(), devices, journal, clock, RULES, info)
        result = witness.engine.run()
        assert "AssertionError" not in result.sentence, result.sentence
        assert "the program failed" not in result.sentence, result.sentence
        assert not machine.generator.radiating
        treated = [index for index, purpose in witness.fired if purpose is Purpose.TREAT]
        assert len(treated) == len(set(treated))
        assert all(purpose is Purpose.TREAT for _, purpose in witness.fired)  # no titration, no control: nothing else


def yields(steps: list[Step]) -> Any:
    yield from (step for step in steps)


# ------------------------------------------------------------------ output and generator, in any order


class Hands(RuleBasedStateMachine):
    """Arm, fire, renew, switch off, wait and reconnect in any order; there is output only under a fresh lease."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = SimulatedClock()
        machine = simulated_machine(self.clock, device(), (0.0, 0.0, 0.0), PointPatient(), 1, MachineModel())
        self.generator = machine.generator
        self.output = Output(self.generator, Asking(self.clock, 0.1), LEASE_LIMIT, Snapshot(0.0))
        self.held_at = -1.0
        self.arms = 0

    @rule(power=st.floats(1.0, 500.0), on_time=st.floats(0.05, 70.0))
    def arm(self, power: float, on_time: float) -> None:
        step = Arm(index=0, purpose=Purpose.TREAT, focus=(0.0, 0.0, 0.0), power=power, on_time=on_time)
        try:
            self.output.arm(step)
            self.arms += 1
        except DeviceFault:
            assert power > 400.0 or on_time > 60.0 or self.generator.radiating

    @rule()
    def fire(self) -> None:
        before = len(self.generator.radiated)
        try:
            self.output.fire(60.0)
            self.held_at = self.clock.now()
        except DeviceFault:
            assert len(self.generator.radiated) == before

    @rule()
    def renew(self) -> None:
        try:
            self.output.renew()
            self.held_at = self.clock.now()
        except DeviceFault:
            pass

    @rule()
    def off(self) -> None:
        self.output.off()
        assert not self.generator.radiating
        with pytest.raises(DeviceFault):
            self.output.renew()

    @rule(duration=st.floats(0.0, 0.3))
    def wait(self, duration: float) -> None:
        self.clock.sleep(duration)

    @rule(renewal=st.integers(0, 5), exposure=st.integers(-1, 5))
    @precondition(lambda self: not self.generator.radiating)
    def somebody_else_renews(self, renewal: int, exposure: int) -> None:
        self.generator.renew(Lease(exposure, renewal, 0.1, self.clock.now()))
        assert not self.generator.radiating

    @invariant()
    def output_needs_a_lease_and_an_arming(self) -> None:
        if self.generator.radiating:
            assert self.clock.now() < self.held_at + LEASE_LIMIT + 1e-9
        assert len(self.generator.radiated) <= self.arms


TestHands = Hands.TestCase
TestHands.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
