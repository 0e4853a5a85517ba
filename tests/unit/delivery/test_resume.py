"""Resume: what was begun is never repeated, what was not begun is delivered, and a person confirms it."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openhifu.base.outcome import Ending
from openhifu.delivery.authorisation import Rehearsal
from openhifu.delivery.folds import (
    beam_on_time,
    begun,
    delivered_energy,
    delivered_spots,
    energy_at_most,
    last_scale,
    remaining,
)
from openhifu.delivery.journal import read_journal
from openhifu.model.events import Asked, Purpose, Reading, RunStarted, SonicationStarted
from openhifu.twin.faults import Fault, FaultScript
from openhifu.twin.machine import MachineModel
from tests.unit.delivery.bench import QUIET, Bench, PointPatient, deliver, plan, site_limits, titration

PLAN = plan(spots=4, on_time=1.0, cooling_time=0.5)


def indices(bench: Bench) -> list[int]:
    what = [e.what for e in bench.journal.events]
    return [w.index for w in what if isinstance(w, SonicationStarted) and w.purpose is Purpose.TREAT]


def stopped_at(seconds: float) -> MachineModel:
    return MachineModel(**{**vars(QUIET), "stop_at": seconds})


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.1, 14.0), min_size=1, max_size=4), st.booleans())
def test_wherever_it_is_interrupted_nothing_is_repeated_and_nothing_lost(stops: list[float], by_fault: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        runs: list[Bench] = []
        for number, stop in enumerate([*stops, None]):
            earlier = tuple(r.journal for r in runs)
            faults = FaultScript(Fault.RAISE, int(20 * stop)) if stop is not None and by_fault else None
            model = QUIET if stop is None or by_fault else stopped_at(stop)
            runs.append(
                deliver(Path(folder) / f"{number}", Rehearsal(PLAN), model=model, faults=faults, earlier=earlier)
            )
        assert runs[-1].ending is Ending.COMPLETED
        told = Counter(i for run in runs for i in indices(run))
        assert told == Counter(range(4))
        assert remaining(PLAN, [e for run in runs for e in run.journal.events]) == ()
        for before, after in zip(runs, runs[1:], strict=False):
            first = after.journal.events[0].what
            assert isinstance(first, RunStarted)
            assert first.continues == before.journal.last_hash


@pytest.mark.parametrize("cut", range(0, 100, 7))
def test_a_journal_that_was_cut_off_is_enough_to_resume(tmp_path: Path, cut: int) -> None:
    """The engine died without a word: whatever the journal says was begun counts as delivered."""
    path = tmp_path / "a"
    deliver(path, Rehearsal(PLAN))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * cut // 100])
    reading = read_journal(path)
    rest = deliver(tmp_path / "b", Rehearsal(PLAN), earlier=(reading,))
    assert rest.ending is Ending.COMPLETED
    assert set(indices(rest)) == set(range(4)) - begun(reading.events)
    questions = [e.what.question for e in rest.journal.events if isinstance(e.what, Asked)]
    assert any("not repeated" in q for q in questions) is bool(begun(reading.events))


def test_an_exposure_without_an_end_counts_with_what_was_read(tmp_path: Path) -> None:
    path = tmp_path / "a"
    deliver(path, Rehearsal(plan(spots=1)))
    lines = path.read_bytes().splitlines(keepends=True)
    whole = read_journal(path).events
    last = max(i for i, e in enumerate(whole) if isinstance(e.what, Reading) and e.what.index == 0)
    path.write_bytes(b"".join(lines[:last]))  # cut before the last reading of the exposure
    events = read_journal(path).events
    (spot,) = delivered_spots(events)
    assert spot.ending is Ending.FAULT
    assert spot.on_time == pytest.approx(7.0)
    assert spot.energy == pytest.approx(60.0 * (7.0 - 0.02), rel=1e-3)
    # 30 % more by the meter passes, and 400 W for two leases; then the engine, or its silence, ends the output
    assert energy_at_most(events) == pytest.approx(1.3 * 60.0 * 8.1 + 0.4 * 400.0)


def test_folds_add_up_to_what_the_patient_got(tmp_path: Path) -> None:
    bench = deliver(tmp_path / "a", Rehearsal(plan(spots=3, titrate=titration())))
    events = bench.journal.events
    assert delivered_energy(events) == pytest.approx(bench.patient.radiated, rel=1e-9)
    assert beam_on_time(events) == pytest.approx(bench.patient.on, rel=1e-9)
    assert energy_at_most(events) == pytest.approx(bench.patient.radiated, rel=1e-9)
    assert [s.index for s in delivered_spots(events)] == [0, 1, 2]


def test_what_earlier_runs_spent_counts_against_the_ceiling(tmp_path: Path) -> None:
    one = 60.0 * 1.0
    tight = plan(spots=4, on_time=1.0, cooling_time=0.5, site=site_limits(total_energy=2.5 * one))
    first = deliver(tmp_path / "a", Rehearsal(tight), model=stopped_at(4.0))
    done = len(begun(first.journal.events))
    assert 0 < done < 3
    second = deliver(tmp_path / "b", Rehearsal(tight), earlier=(first.journal,))
    assert second.ending is Ending.INTERLOCK
    assert "total energy" in second.run.result.sentence
    total = delivered_energy([*first.journal.events, *second.journal.events])
    assert total <= 2.5 * one


def test_the_power_factor_is_taken_over_and_not_tested_again(tmp_path: Path) -> None:
    titrated = plan(spots=4, titrate=titration())
    first = deliver(tmp_path / "a", Rehearsal(titrated), patient=PointPatient(factor=1.3), model=stopped_at(40.0))
    scale = last_scale(first.journal.events)
    assert scale == pytest.approx(1 / 1.3, rel=0.02)
    second = deliver(tmp_path / "b", Rehearsal(titrated), patient=PointPatient(factor=1.3), earlier=(first.journal,))
    started = [e.what for e in second.journal.events if isinstance(e.what, SonicationStarted)]
    assert {s.purpose for s in started} == {Purpose.TREAT}
    assert started[0].scale == scale


def test_a_person_who_says_no_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from openhifu.delivery.protocols import Question, Reply
    from openhifu.twin.machine import SimulatedOperator

    monkeypatch.setattr(SimulatedOperator, "answer", lambda self, question: Reply("no", "Ada"))
    bench = deliver(tmp_path / "a")
    assert bench.ending is Ending.OPERATOR_STOP
    assert "Ada" in bench.run.result.sentence
    assert bench.patient.on == 0

    def silent(self: object, question: Question) -> None:
        return None

    monkeypatch.setattr(SimulatedOperator, "answer", silent)
    bench = deliver(tmp_path / "b")
    assert bench.ending is Ending.OPERATOR_STOP
    assert "nobody answered" in bench.run.result.sentence
