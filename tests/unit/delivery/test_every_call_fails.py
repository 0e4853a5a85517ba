"""Every device call of a treatment fails in turn, in every way: output off, right ending, nothing left unwritten."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

from openhifu.base.outcome import Ending
from openhifu.delivery.authorisation import Rehearsal
from openhifu.delivery.folds import begun, energy_at_most
from openhifu.model.events import InterlockReset
from openhifu.twin.faults import Fault, FaultScript
from tests.unit.delivery.bench import Bench, deliver, plan

LEASE = 0.2
PLAN = plan(spots=2, on_time=0.6, cooling_time=0.2, pre_cooling=0.2)
CALLS = 253
"""Device calls of the undisturbed run; ``test_the_undisturbed_run`` keeps it true."""


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand runs: that lines are synced before the act is tested with the journal."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


def disturbed(path: Path, fault: Fault, first: int | None, calls: float = 1) -> tuple[Bench, FaultScript]:
    script = FaultScript(fault, first, calls)
    return deliver(path / f"{first}.jsonl", Rehearsal(PLAN), faults=script), script


def require_safe(bench: Bench, script: FaultScript) -> None:
    """What holds after any fault whatever."""
    events = bench.journal.events
    where = f"{script.fault} at call {script.first}, {script.seen[script.first or 0]}"
    assert bench.journal.intact, where
    assert bench.journal.finished, where
    until = script.times[0] + LEASE + 1e-9
    assert bench.run.last_output <= until or bench.ending is Ending.COMPLETED, where
    assert bench.run.last_output <= bench.run.duration, where
    assert bench.patient.radiated <= energy_at_most(events) + 1e-6, where
    assert len(bench.patient.peaks) <= len(begun(events)), where
    assert bench.patient.on <= 2 * 0.6 + 1e-9, where


def test_the_undisturbed_run(tmp_path: Path) -> None:
    bench, script = disturbed(tmp_path, Fault.RAISE, None)
    assert bench.ending is Ending.COMPLETED
    assert len(script.seen) == CALLS
    assert {call.split(".")[0] for call in script.seen} >= {
        "generator",
        "positioner",
        "thermometer",
        "imager",
        "cooler",
        "button",
        "operator",
    }


def test_every_call_raises_in_turn(tmp_path: Path) -> None:
    for call in range(CALLS):
        bench, script = disturbed(tmp_path, Fault.RAISE, call)
        require_safe(bench, script)
        expected = Ending.COMPLETED if script.seen[call] == "positioner.stop" else Ending.FAULT
        assert bench.ending is expected, (call, script.seen[call], bench.run.result)


def test_every_call_is_followed_by_silence(tmp_path: Path) -> None:
    """The cable is pulled at every call in turn: nothing answers any more, not even off; the lease ends the output."""
    for call in range(CALLS):
        bench, script = disturbed(tmp_path, Fault.RAISE, call, math.inf)
        require_safe(bench, script)
        assert bench.ending is Ending.FAULT or script.seen[call] == "positioner.stop", (call, script.seen[call])


def test_every_call_hangs_in_turn(tmp_path: Path) -> None:
    for call in range(CALLS):
        bench, script = disturbed(tmp_path, Fault.HANG, call)
        require_safe(bench, script)
        tolerated = script.seen[call] in ("positioner.stop", "generator.off")
        assert bench.ending is Ending.FAULT or tolerated, (call, script.seen[call])


def test_every_call_is_refused_in_turn(tmp_path: Path) -> None:
    """Acts are done but reported as failed, readings come without a number: the most misleading answer there is."""
    for call in range(CALLS):
        bench, script = disturbed(tmp_path, Fault.REFUSE, call)
        require_safe(bench, script)


def test_every_reading_is_not_a_number_in_turn(tmp_path: Path) -> None:
    """It trips, a person resets it, the run goes on - and no exposure is repeated."""
    resets = 0
    for call in range(CALLS):
        bench, script = disturbed(tmp_path, Fault.NOT_A_NUMBER, call)
        require_safe(bench, script)
        resets += sum(isinstance(e.what, InterlockReset) for e in bench.journal.events)
    assert resets > 50


def test_ctrl_c_at_every_call_is_an_operator_stop(tmp_path: Path) -> None:
    for call in range(CALLS):
        bench, script = disturbed(tmp_path, Fault.INTERRUPT, call)
        require_safe(bench, script)
        late = script.seen[call] == "positioner.stop"
        assert bench.ending is (Ending.COMPLETED if late else Ending.OPERATOR_STOP), (call, script.seen[call])


@pytest.mark.parametrize("device", ["generator", "button", "thermometer", "positioner", "cooler", "imager"])
def test_a_frozen_sensor_is_a_missing_one(tmp_path: Path, device: str) -> None:
    script = FaultScript(Fault.FREEZE, 3, math.inf, device)
    bench = deliver(tmp_path / "j", Rehearsal(plan(spots=2, on_time=8.0)), faults=script)
    assert bench.ending in (Ending.INTERLOCK, Ending.FAULT)
    assert bench.journal.finished
    assert bench.run.last_output <= script.times[0] + 3.0 + 1.1
