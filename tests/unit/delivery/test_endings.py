"""Five endings that are never mistaken for one another, each with the output off within a control period."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pytest

from openhifu.base.outcome import Ending
from openhifu.delivery.authorisation import Rehearsal
from openhifu.delivery.folds import delivered_spots, ending
from openhifu.model.events import InterlockReset, InterlockTripped, OperatorCommand, PatientPressed, RunEnded
from openhifu.twin.faults import Fault, FaultScript
from openhifu.twin.generator import PowerStage
from openhifu.twin.machine import MachineModel, SimulatedCooler
from tests.unit.delivery.bench import QUIET, PointPatient, deliver, plan, site_limits

PERIOD = 0.1
FIRING_AT = 5.03
"""A moment within the first exposure of the bench plan, off the engine's beat."""


def quiet(**changed: object) -> MachineModel:
    return MachineModel(**{**vars(QUIET), **changed})  # type: ignore[arg-type]


def test_completed(tmp_path: Path) -> None:
    bench = deliver(tmp_path / "j")
    assert bench.ending is Ending.COMPLETED
    assert [s.ending for s in delivered_spots(bench.journal.events)] == [Ending.COMPLETED] * 2
    assert bench.patient.on == pytest.approx(16.0)
    assert bench.journal.finished


@pytest.mark.parametrize(
    ("day", "expected", "written"),
    [
        ({"stop_at": FIRING_AT}, Ending.OPERATOR_STOP, OperatorCommand),
        ({"press_at": FIRING_AT}, Ending.PATIENT_STOP, PatientPressed),
    ],
)
def test_people_stop_the_output_within_one_control_period(
    tmp_path: Path, day: dict[str, float], expected: Ending, written: type
) -> None:
    bench = deliver(tmp_path / "j", model=quiet(**day))
    assert bench.ending is expected
    assert FIRING_AT <= bench.run.last_output <= FIRING_AT + PERIOD
    (spot,) = delivered_spots(bench.journal.events)
    assert spot.ending is expected
    assert 0 < spot.on_time < 8.0
    assert spot.on_time == pytest.approx(bench.patient.on)
    assert any(isinstance(e.what, written) for e in bench.journal.events)


@pytest.mark.parametrize("at", [0.5, 1.5, 10.5, 13.5, 14.0, 15.0, 21.0])
def test_a_stop_is_seen_whatever_is_going_on(tmp_path: Path, at: float) -> None:
    bench = deliver(tmp_path / "j", model=quiet(stop_at=at))
    assert bench.ending is Ending.OPERATOR_STOP
    assert bench.run.duration <= at + PERIOD + 1e-9


def test_an_interlock_switches_off_and_goes_on_only_after_a_named_reset(tmp_path: Path) -> None:
    """The patient moves during the first exposure and lies still again ten seconds later."""
    bench = deliver(tmp_path / "j", model=quiet(moves_at=FIRING_AT, displacement=5e-3))
    assert bench.ending is Ending.COMPLETED
    what = [e.what for e in bench.journal.events]
    (trip,) = [w for w in what if isinstance(w, InterlockTripped)]
    (reset,) = [w for w in what if isinstance(w, InterlockReset)]
    assert trip.name == reset.name == "motion"
    assert trip.value == pytest.approx(5e-3)
    assert reset.by == QUIET.operator
    first, second = delivered_spots(bench.journal.events)
    assert (first.index, first.ending) == (0, Ending.INTERLOCK)
    assert (second.index, second.ending) == (1, Ending.COMPLETED)
    assert first.on_time <= 4.2  # the image is looked at once a second
    assert bench.patient.on == pytest.approx(first.on_time + second.on_time)


def test_an_interlock_that_does_not_clear_ends_the_run(tmp_path: Path) -> None:
    site = site_limits(treatment_time=6.0)
    bench = deliver(tmp_path / "j", Rehearsal(plan(site=site)))
    assert bench.ending is Ending.INTERLOCK
    assert "treatment time" in bench.run.result.sentence
    assert bench.run.last_output <= 6.0 + PERIOD + 1e-9


def test_a_fault_of_a_device_is_a_fault(tmp_path: Path) -> None:
    script = FaultScript(Fault.RAISE, first=200, calls=float("inf"))
    bench = deliver(tmp_path / "j", faults=script)
    assert bench.ending is Ending.FAULT
    assert ending(bench.journal.events) is Ending.FAULT


def test_too_hot_a_target_trips_and_the_reading_counts(tmp_path: Path) -> None:
    site = site_limits(peak_temperature=60.0)
    bench = deliver(tmp_path / "j", Rehearsal(plan(spots=1, site=site)))
    (spot,) = delivered_spots(bench.journal.events)
    assert spot.ending is Ending.INTERLOCK
    assert spot.measured_peak is not None
    assert 60.0 < spot.measured_peak < 62.5
    assert bench.ending is Ending.COMPLETED


def test_an_organ_trips_before_its_dose_limit_is_used_up(tmp_path: Path) -> None:
    hot = PointPatient(rib_share=0.9)
    bench = deliver(tmp_path / "j", Rehearsal(plan(spots=1, cem43_max=16.0)), patient=hot)
    (spot,) = delivered_spots(bench.journal.events)
    assert spot.ending is Ending.INTERLOCK
    assert bench.patient.on < 4.0


def test_enough_is_enough(tmp_path: Path) -> None:
    """An exposure ends when the target reads the highest temperature the prescription wants; that is no interlock."""
    bench = deliver(tmp_path / "j", Rehearsal(plan(spots=1)), patient=PointPatient(factor=2.4))
    (spot,) = delivered_spots(bench.journal.events)
    assert spot.ending is Ending.COMPLETED
    assert spot.on_time < 7.9
    assert spot.measured_peak is not None
    assert spot.measured_peak >= 95.0


def test_cooling_waits_until_every_organ_is_cold_enough(tmp_path: Path) -> None:
    patient = PointPatient(rib_share=0.2)
    bench = deliver(tmp_path / "j", Rehearsal(plan(spots=2, resume_below=38.5)), patient=patient)
    pauses = [e.what for e in bench.journal.events if e.what.kind == "cooling"]
    assert [p.waited_for for p in pauses[1:]] == [("ribs",), ("ribs",)]
    assert all(p.lasted > 5.0 for p in pauses[1:])


def test_an_organ_that_never_cools_ends_the_run(tmp_path: Path) -> None:
    class Feverish(PointPatient):
        def temperatures(self) -> dict[str, float]:
            return {"target": self.hottest(), "ribs": 43.0}

    bench = deliver(tmp_path / "j", patient=Feverish())
    assert bench.ending is Ending.INTERLOCK
    assert "ribs did not cool down" in bench.run.result.sentence


def test_the_last_line_is_the_ending(tmp_path: Path) -> None:
    bench = deliver(tmp_path / "j", model=quiet(stop_at=FIRING_AT))
    last = bench.journal.events[-1].what
    assert isinstance(last, RunEnded)
    assert last.ending is bench.ending
    assert bench.run.result.last_hash == bench.journal.last_hash


def test_the_same_seed_writes_the_same_journal(tmp_path: Path) -> None:
    for name in ("a", "b"):
        deliver(tmp_path / name / "journal.jsonl", model=MachineModel(), seed=4)
    assert (tmp_path / "a/journal.jsonl").read_text().replace('"run":"a"', '"run":"b"').count('"run":"b"') == len(
        (tmp_path / "b/journal.jsonl").read_text().splitlines()
    )
    one, two = (tmp_path / "a/journal.jsonl", tmp_path / "b/journal.jsonl")
    strip = [[line.split('"what":')[1].split('},"hash"')[0] for line in p.read_text().splitlines()] for p in (one, two)]
    assert strip[0] == strip[1]


def test_an_interlock_that_flaps_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sensor that jumps there and back for ever: a person resets it ten times, not more."""
    true, oxygen = SimulatedCooler.reading, cycle((2.0, 9.0))
    monkeypatch.setattr(SimulatedCooler, "reading", lambda s: replace(true(s), dissolved_oxygen=next(oxygen)))
    bench = deliver(tmp_path / "j")
    assert bench.ending is Ending.INTERLOCK
    assert "again and again" in bench.run.result.sentence
    assert sum(isinstance(e.what, InterlockReset) for e in bench.journal.events) == 10


def test_a_timer_that_does_not_end_the_output_is_a_fault(tmp_path: Path) -> None:
    bench = deliver(tmp_path / "j", model=quiet(stage=PowerStage(welded_at=6.0)))
    assert bench.ending is Ending.FAULT
    assert "press the hard stop" in bench.run.result.sentence
    (spot,) = delivered_spots(bench.journal.events)
    assert 8.0 < spot.on_time < 8.2


def test_a_generator_deaf_to_off_is_a_fault_and_the_lease_is_counted(tmp_path: Path) -> None:
    bench = deliver(tmp_path / "j", model=quiet(stop_at=FIRING_AT, stage=PowerStage(deaf_at=0.0)))
    assert bench.ending is Ending.FAULT
    assert bench.run.last_output <= FIRING_AT + PERIOD + 0.2
    (spot,) = delivered_spots(bench.journal.events)
    assert spot.energy >= bench.patient.radiated - 1e-6


def test_an_open_door_trips_and_does_not_clear(tmp_path: Path) -> None:
    bench = deliver(tmp_path / "j", model=quiet(stage=PowerStage(cut_at=FIRING_AT)))
    assert bench.ending is Ending.INTERLOCK
    assert "door or emergency stop" in bench.run.result.sentence
    assert bench.run.last_output == pytest.approx(FIRING_AT)
