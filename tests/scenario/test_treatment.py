"""From a case to a report by the command line alone: plan, check, rehearse, approve, treat, report, verify."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openhifu.console.cli import app
from openhifu.console.plan_files import load_plan
from openhifu.console.runs import load_run
from openhifu.imaging import bundled_case


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(arguments))
    return done.exit_code, done.output


def test_the_whole_way(small_plan: Path, small_rehearsal: Path, tmp_path: Path) -> None:
    code, output = run("check", str(small_plan), "--json")
    assert code == 0
    findings = json.loads(output)["findings"]
    assert {f["verdict"] for f in findings} <= {"ok", "warning"}
    assert all(f["source"] and f["unit"] for f in findings)

    signing = ("approve", str(small_plan), "--as", "Dr Chen", "--rehearsal", str(small_rehearsal))
    code, output = run(*signing)
    assert code == 2 and "--despite" in output
    code, output = run(*signing, "--despite", "a block of tissue in water, nobody is treated")
    assert code == 0 and "nobody is treated" in output

    folder = tmp_path / "treatment"
    code, output = run("treat", str(small_plan), "-o", str(folder), "--seed", "3", "--json")
    assert code == 0, output
    treated = json.loads(output)
    assert treated["ending"] == "completed" and treated["journal_intact"]

    done = load_run(folder)
    assert done.approval is not None and done.approval.person == "Dr Chen"
    assert not done.sheet.rehearsal
    planned = done.planned.plan.sonications
    assert sorted(s.index for s in done.spots) == [s.index for s in planned]
    assert treated["energy_j"] == sum(s.energy for s in done.spots)

    code, output = run("report", str(folder), "-o", str(tmp_path / "report"))
    assert code == 0, output
    assert (tmp_path / "report" / "report.pdf").read_bytes().startswith(b"%PDF")

    code, output = run("journal", "verify", str(folder), "--json")
    assert code == 0
    assert json.loads(output)["intact"] and json.loads(output)["finished"]


def test_the_plan_reaches_the_target(small_plan: Path) -> None:
    data = json.loads(small_plan.read_text())["data"]
    expected = data["prediction"]
    assert expected["ablated_target_volume"] >= 0.9 * expected["target_volume"]
    assert 56 <= min(s["predicted_peak"] for s in data["sonications"])
    assert expected["peak_temperature"] <= 95
    slices = [s["slice_index"] for s in data["sonications"]]
    assert slices == sorted(slices)


def test_plans_side_by_side_in_a_table_and_a_figure(small_plan: Path, tmp_path: Path) -> None:
    other = tmp_path / "cooler.json"
    made = load_plan(small_plan)
    first = made.sonications[0].model_copy(update={"acoustic_power": 0.5 * made.sonications[0].acoustic_power})
    other.write_text(made.model_copy(update={"sonications": (first, *made.sonications[1:])}).to_document())
    picture = tmp_path / "both.png"
    code, output = run("compare", str(small_plan), str(other), "-o", str(picture), "--json")
    assert code == 0, output
    rows = {row["name"]: row["values"] for row in json.loads(output)["rows"]}
    assert rows["coverage"] == [made.prediction.coverage] * 2
    assert rows["energy"][0] - rows["energy"][1] == pytest.approx(0.5 * made.sonications[0].energy)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert run("compare", str(small_plan))[0] == 2


def test_the_same_case_gives_the_same_plan_bit_for_bit(small_plan: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.json"
    assert run("plan", str(bundled_case("liver-in-water")), "-o", str(again), "--json")[0] == 0
    assert again.read_text() == small_plan.read_text()


def test_another_seed_is_another_patient(small_rehearsal: Path, small_plan: Path, tmp_path: Path) -> None:
    assert run("rehearse", str(small_plan), "-o", str(tmp_path / "other"), "--seed", "5")[0] == 0
    one, other = load_run(small_rehearsal), load_run(tmp_path / "other")
    assert one.sheet.drawn != other.sheet.drawn
    assert one.delivered is not None and other.delivered is not None
    assert abs(one.delivered.cem43.data.max() - other.delivered.cem43.data.max()) > 0


def test_a_run_is_never_overwritten(small_plan: Path, small_rehearsal: Path) -> None:
    before = (small_rehearsal / "journal.jsonl").read_bytes()
    code, output = run("rehearse", str(small_plan), "-o", str(small_rehearsal))
    assert code == 2
    assert "never overwritten" in output
    assert (small_rehearsal / "journal.jsonl").read_bytes() == before


def test_a_changed_journal_is_noticed(small_rehearsal: Path, tmp_path: Path) -> None:
    text = (small_rehearsal / "journal.jsonl").read_text()
    (tmp_path / "journal.jsonl").write_text(text.replace("completed", "complEted", 1))
    code, output = run("journal", "verify", str(tmp_path), "--json")
    assert code == 1
    assert not json.loads(output)["intact"]


def test_ctrl_c_ends_as_operator_stop_and_leaves_a_run_that_report_can_read(small_plan: Path, tmp_path: Path) -> None:
    folder = tmp_path / "stopped"
    command = [sys.executable, "-m", "openhifu", "rehearse", str(small_plan), "-o", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for _ in range(600):
            journal = folder / "journal.jsonl"
            if journal.exists() and "sonication started" in journal.read_text():
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)
    stopped = load_run(folder)
    assert stopped.journal.intact
    if len(stopped.spots) < len(stopped.planned.plan.sonications):
        assert stopped.ending[0].value in ("operator stop", "fault")
        assert process.returncode != 0
    assert run("report", str(folder))[0] == 0
    assert (folder / "report.pdf").exists()
