"""A rehearsal is recorded, followed up, seen in the cohort, backed up, and the database made again from the files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openhifu.console.cli import app


def run(*words: object) -> str:
    done = CliRunner().invoke(app, [str(w) for w in words])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_records_from_run_to_cohort_and_back(
    small_rehearsal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENHIFU_RECORDS", f"sqlite:///{tmp_path}/clinic.db")
    run("records", "init")
    run("records", "add", small_rehearsal)
    (known,) = json.loads(run("records", "list", "--json"))["runs"]
    assert known["rehearsal"] is True
    who = ("--as", "Dr Li", "--day", "2026-12-01")
    run("records", "follow-up", known["run"][:10], *who, "--npv-ml", 0.8, "--imaged-by", "CE-MRI")
    run("records", "follow-up", known["run"][:10], *who, "--sir", "B", "--words", "skin red for a day")
    scored = ("--questionnaire", "UFS-QOL symptom severity")
    run("records", "follow-up", known["run"][:10], "--as", "P", "--day", "2026-11-01", "--score", 61, *scored)
    run("records", "follow-up", known["run"][:10], "--as", "P", "--day", "2027-06-01", "--score", 23.5, *scored)
    told = run("records", "list")
    for words in (
        "UFS-QOL symptom severity: 61 (P)",
        "SIR class B (minor: nominal",
        "0.8 mL by CE-MRI (Dr Li)",
    ):
        assert words in told
    found = json.loads(run("records", "cohort", "--rehearsals", "-o", "cohort", "--json"))
    (row,) = found["treatments"]
    assert (row["imaged_npv_ml"], row["worst_sir_class"], row["symptom_score_change"]) == ("0.8", "B", "-37.5")
    assert found["published"]["npv_ratio_range"] == [0.803, 0.948]
    assert float(row["eef_j_per_mm3"]) == pytest.approx(known["energy"] / 800, rel=1e-5)
    assert {f.name for f in Path("cohort").iterdir()} == {"cohort.csv", "cohort.png", "published.csv"}
    assert json.loads(run("records", "cohort", "--json"))["treatments"] == []
    run("records", "backup", "backup.jsonl")
    counts = json.loads(run("records", "verify", "--json"))
    os.replace("clinic.db", "lost.db")
    run("records", "rebuild", small_rehearsal, "archive")
    assert json.loads(run("records", "verify", "--json")) == counts
    os.replace("clinic.db", "again.db")
    run("records", "restore", "backup.jsonl")
    assert json.loads(run("records", "verify", "--json")) == counts


def test_a_wrong_finding_is_refused_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENHIFU_RECORDS", f"sqlite:///{tmp_path}/clinic.db")
    refused = CliRunner().invoke(app, ["records", "list"])
    assert refused.exit_code == 2
    assert "there is no database" in refused.stderr
    run("records", "init")
    words = ["records", "follow-up", "ab", "--as", "x", "--day", "2026-12-01"]
    assert "one finding at a time" in CliRunner().invoke(app, words).stderr
    assert "treatment on record" in CliRunner().invoke(app, [*words, "--npv-ml", "1"]).stderr
