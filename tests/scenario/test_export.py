"""A rehearsed treatment goes out as DICOM and as a bundle, and the bundle plays again to the same plan and dose."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pydicom
from typer.testing import CliRunner

from openhifu.console.cli import app


def run(*words: object) -> str:
    done = CliRunner().invoke(app, [str(w) for w in words])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_bundle_moved_elsewhere_plays_again(small_rehearsal: Path, tmp_path: Path) -> None:
    run("export", "bundle", small_rehearsal, "-o", tmp_path / "bundle", "--licence", "Apache-2.0")
    shutil.move(tmp_path / "bundle", tmp_path / "elsewhere")
    played = json.loads(run("export", "replay", tmp_path / "elsewhere", "--json"))
    assert played["same"], played
    assert played["dose_difference"] <= 1e-5
    assert (tmp_path / "elsewhere" / "csv" / "spots.csv").read_text(encoding="utf-8").startswith("index,x_mm_lps")
    sheet = tmp_path / "elsewhere" / "run" / "run.json"
    sheet.write_bytes(sheet.read_bytes() + b" ")
    refused = CliRunner().invoke(app, ["export", "replay", str(tmp_path / "elsewhere")])
    assert refused.exit_code == 2
    assert "was changed after the bundle was made" in refused.stderr


def test_a_run_is_written_for_the_archive(small_rehearsal: Path, tmp_path: Path) -> None:
    said = json.loads(run("export", "dicom", small_rehearsal, "-o", tmp_path / "dicom", "--json"))
    objects = [pydicom.dcmread(f, stop_before_pixels=True) for f in (tmp_path / "dicom").rglob("*.dcm")]
    assert len(objects) == said["files"]
    assert {str(o.Modality) for o in objects} == {"CT", "SEG", "RTSTRUCT", "RTDOSE", "OT", "SR"}
    assert {str(o.StudyInstanceUID) for o in objects} == {said["study"]}
