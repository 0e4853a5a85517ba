"""What the journal says before an exposure that it can come to at most, held against the worst power stage."""

from __future__ import annotations

from pathlib import Path

import pytest

from openhifu.delivery.authorisation import Rehearsal
from openhifu.delivery.endings import most_energy
from openhifu.delivery.folds import most_of
from openhifu.delivery.steps import Sonicate
from openhifu.model.events import Purpose, SonicationStarted
from openhifu.twin.faults import Fault, FaultScript
from openhifu.twin.generator import PowerStage
from openhifu.twin.machine import MachineModel
from tests.unit.delivery.bench import deliver, plan


def exposure(power: float, on_time: float) -> Sonicate:
    return Sonicate(index=0, purpose=Purpose.TREAT, power=power, on_time=on_time, scale=1.0, stop_at=95.0)


def test_it_lies_between_what_is_asked_and_what_the_device_can() -> None:
    assert most_energy(exposure(60.0, 8.0), 400.0, 0.2) == pytest.approx(1.3 * 60.0 * 8.1 + 160.0)
    assert most_energy(exposure(18.0, 0.1), 400.0, 0.2) == pytest.approx(400.0 * 0.1)


def test_an_older_journal_says_what_was_asked() -> None:
    old = SonicationStarted(index=0, purpose=Purpose.TREAT, power=60.0, on_time=8.0, scale=1.0)
    assert most_of(old) == pytest.approx(480.0)


@pytest.mark.parametrize("call", range(0, 60, 3))
def test_a_stage_stuck_at_the_ceiling_never_gives_more_with_any_call_hanging(tmp_path: Path, call: int) -> None:
    stuck = MachineModel(stage=PowerStage(stuck_power=400.0), calibration_error=False, meter_noise=0.0)
    hanging = FaultScript(Fault.HANG, call, hang=0.15)
    bench = deliver(tmp_path / "a", Rehearsal(plan(power=18.0, on_time=2.0)), model=stuck, faults=hanging)
    told = [most_of(e.what) for e in bench.journal.events if isinstance(e.what, SonicationStarted)]
    assert bench.patient.radiated <= sum(told) + 1e-9
