"""Closed loop against open loop on simulated patients, through the command: same patients, kept outcomes, refusals."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openhifu.base.outcome import Ending
from openhifu.console.cli import app
from openhifu.console.closed_loop import CONTROL, as_csv, better, table
from openhifu.console.plan_files import load_plan
from openhifu.delivery.journal import read_journal
from openhifu.model.events import RunStarted
from openhifu.model.limits import Titration
from openhifu.model.loops import Loop, LoopOutcome, delivered_as, limits_exceeded
from openhifu.model.plan import TreatmentPlan

TITRATION = Titration(
    test_share=0.35,
    test_on_time=8,
    growth_time=1.6,
    reading_share=0.74,
    lowest_scale=0.6,
    highest_scale=1.6,
    damping=0.5,
)


@pytest.fixture(scope="module")
def steerable(small_plan: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small plan with a titration."""
    plan = load_plan(small_plan)
    wish = type(plan.prescription).model_validate(dict(plan.prescription) | {"titration": TITRATION})
    path = tmp_path_factory.mktemp("loops") / "plan.json"
    path.write_text(type(plan).model_validate(dict(plan) | {"prescription": wish}).to_document(), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def studied(steerable: Path) -> tuple[Path, dict]:
    """Folder and answer of a study of two patients."""
    folder = steerable.parent / "study"
    done = CliRunner().invoke(app, ["closed-loop", str(steerable), "--twins", "2", "-o", str(folder), "--json"])
    assert done.exit_code in (0, 1), done.output
    return folder, json.loads(done.output)


def outcomes(answer: dict) -> list[LoopOutcome]:
    return [LoopOutcome.from_data(o, "answer") for o in answer["outcomes"]]


def test_both_loops_meet_the_same_patients(studied: tuple[Path, dict], steerable: Path) -> None:
    folder, answer = studied
    found = outcomes(answer)
    assert [(o.seed, o.loop) for o in found] == [(s, loop) for s in (1, 2) for loop in (Loop.OPEN, Loop.CLOSED)]
    assert all(o.ending is Ending.COMPLETED for o in found)
    plan = load_plan(steerable)
    for outcome in found:
        journal = read_journal(folder / f"{outcome.seed:05d}-{outcome.loop}" / "journal.jsonl")
        first = journal.events[0].what
        assert journal.intact and isinstance(first, RunStarted)
        assert first.plan_hash == outcome.plan_hash == delivered_as(plan, outcome.loop, CONTROL).content_hash
        assert outcome.truth.target_volume == pytest.approx(plan.prediction.target_volume)
    assert found[0].truth != found[2].truth, "two patients are the same"


def test_open_loop_gives_what_is_planned_and_closed_loop_steers(studied: tuple[Path, dict], steerable: Path) -> None:
    folder, answer = studied
    count = len(load_plan(steerable).sonications)
    opened, closed = outcomes(answer)[:2]
    assert opened.exposures == count
    assert closed.exposures > count  # the test exposure at least
    assert closed.truth.energy != pytest.approx(opened.truth.energy, rel=1e-3)


def test_the_table_and_the_figure_are_written(studied: tuple[Path, dict]) -> None:
    folder, answer = studied
    rows = list(csv.DictReader((folder / "loops.csv").read_text().splitlines()))
    assert [(r["seed"], r["loop"]) for r in rows] == [("1", "open"), ("1", "closed"), ("2", "open"), ("2", "closed")]
    assert float(rows[0]["coverage"]) == pytest.approx(outcomes(answer)[0].coverage, rel=1e-4)
    assert (folder / "loops.png").read_bytes().startswith(b"\x89PNG")


def test_a_study_goes_on_from_what_is_there(studied: tuple[Path, dict], steerable: Path) -> None:
    folder, answer = studied
    files = sorted(folder.glob("*/outcome.json"))
    before = [f.stat().st_mtime_ns for f in files]
    done = CliRunner().invoke(app, ["closed-loop", str(steerable), "--twins", "2", "-o", str(folder), "--json"])
    assert json.loads(done.output)["outcomes"] == answer["outcomes"]
    assert [f.stat().st_mtime_ns for f in files] == before


def test_a_folder_of_another_plan_is_refused(studied: tuple[Path, dict], steerable: Path) -> None:
    plan = load_plan(steerable)
    other = steerable.with_name("other.json")
    changed = [s.model_copy(update={"acoustic_power": 0.9 * s.acoustic_power}) for s in plan.sonications]
    other.write_text(type(plan).model_validate(dict(plan) | {"sonications": changed}).to_document(), encoding="utf-8")
    done = CliRunner().invoke(app, ["closed-loop", str(other), "--twins", "1", "-o", str(studied[0])])
    assert done.exit_code == 2
    assert "choose another folder" in " ".join(done.output.split())


def test_outcomes_of_another_thermometer_are_refused(studied: tuple[Path, dict], steerable: Path) -> None:
    words = ["closed-loop", str(steerable), "--twins", "1", "--thermometer", "mr", "-o", str(studied[0])]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2
    assert "plain thermometer" in " ".join(done.output.split())


def test_a_plan_without_titration_is_refused(small_plan: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["closed-loop", str(small_plan), "--twins", "1", "-o", str(tmp_path / "x")])
    assert done.exit_code == 2
    assert "[prescription.titration]" in " ".join(done.output.split())
    assert not (tmp_path / "x").exists()


def worse(outcome: LoopOutcome, share: float, exceeded: tuple[str, ...] = ()) -> LoopOutcome:
    truth = outcome.truth.model_copy(update={"ablated_target_volume": share * outcome.truth.target_volume})
    return outcome.model_copy(update={"truth": truth, "exceeded": exceeded})


def test_better_means_median_and_worst_and_every_limit(studied: tuple[Path, dict]) -> None:
    opened, closed = outcomes(studied[1])[:2]
    plain = [(worse(opened, 0.8), worse(closed, 0.9)), (worse(opened, 0.6), worse(closed, 0.7))]
    assert better(plain)[1]
    assert not better([plain[0], (worse(opened, 0.6), worse(closed, 0.5))])[1]
    assert not better([plain[0], (worse(opened, 0.6), worse(closed, 0.7, ("CEM43 of skin",)))])[1]
    assert "70" in table(plain)[2] and "60" in table(plain)[2]
    assert as_csv(plain).count("\n") == 5


def test_limits_of_organs_and_site_are_held_against_the_truth(steerable: Path) -> None:
    plan = load_plan(steerable)
    truth = plan.prediction
    assert limits_exceeded(plan, truth) == ()
    hot = truth.model_copy(update={"peak_temperature": plan.site.peak_temperature + 1})
    assert "hottest point" in limits_exceeded(plan, hot)[0]
    for n, organ in enumerate(truth.organs):
        limit = next(o.limit.cem43_max for o in plan.organs if o.name == organ.organ)
        harmed = [o.model_copy(update={"cem43_max": 1.01 * limit}) if m == n else o for m, o in enumerate(truth.organs)]
        assert organ.organ in limits_exceeded(plan, truth.model_copy(update={"organs": tuple(harmed)}))[0]


def test_a_closed_loop_needs_its_rules(small_plan: Path) -> None:
    plan: TreatmentPlan = load_plan(small_plan)
    with pytest.raises(ValueError, match="titration"):
        delivered_as(plan, Loop.CLOSED, CONTROL)
    assert delivered_as(plan, Loop.OPEN, None).prescription.control is None
