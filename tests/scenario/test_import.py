"""Two images of one patient are registered, looked at, accepted by a person, and only then is anything moved."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from scipy.ndimage import affine_transform
from typer.testing import CliRunner

from openhifu.console.cli import app
from openhifu.imaging import nifti_bytes, read_scan
from openhifu.imaging.nifti import read_nifti
from tests.unit.imaging.test_registration import GRID, MOVEMENT, body, other_contrast


def run(*words: object) -> str:
    done = CliRunner().invoke(app, [str(w) for w in words])
    assert done.exit_code == 0, done.output
    return done.stdout


def refused(*words: object) -> str:
    done = CliRunner().invoke(app, [str(w) for w in words])
    assert done.exit_code == 2, done.output
    return " ".join(done.stderr.split())


def test_what_was_drawn_on_an_mr_comes_to_the_ct_when_a_person_has_accepted(tmp_path: Path) -> None:
    ct, mr = body(), other_contrast(body())
    tumour = ct.data > 250
    back = np.linalg.inv(GRID.affine) @ MOVEMENT @ GRID.affine
    drawn = affine_transform(tumour.astype(np.uint8), back[:3, :3], back[:3, 3], order=0)  # pyright: ignore[reportCallIssue, reportArgumentType]
    paths = {"ct": ct.data.astype(np.int16), "mr": mr.data, "drawn": drawn}
    for name, data in paths.items():
        (tmp_path / f"{name}.nii.gz").write_bytes(nifti_bytes(data, GRID))
    (tmp_path / "names.csv").write_text("structure,id\ntumour,1\n", encoding="utf-8")
    fixed, moving, folder = tmp_path / "ct.nii.gz", tmp_path / "mr.nii.gz", tmp_path / "registration"
    said = json.loads(run("import", "register", fixed, moving, "-o", folder, "--json"))
    assert Path(said["picture"]).stat().st_size > 20_000
    move = ("import", "moved", folder, fixed, moving)
    assert "nobody has accepted" in refused(*move, "-o", tmp_path / "early.nii.gz")
    assert not (tmp_path / "early.nii.gz").exists()
    run("import", "accept", folder, "--as", "Dr Li")
    assert json.loads((folder / "accepted.json").read_text(encoding="utf-8"))["data"]["person"] == "Dr Li"
    run(*move, "-o", tmp_path / "moved.nii.gz")
    assert read_scan(tmp_path / "moved.nii.gz").field.grid.same_as(GRID)
    structures = ("--labels", tmp_path / "drawn.nii.gz", "--names", tmp_path / "names.csv")
    run(*move, *structures, "-o", tmp_path / "on-ct.nii.gz")
    found = read_nifti(tmp_path / "on-ct.nii.gz", "label map")[0] > 0
    dice = [2 * np.sum(a & tumour) / (a.sum() + tumour.sum()) for a in (drawn > 0, found)]
    assert dice[0] < 0.75 < 0.9 < dice[1]
    assert (tmp_path / "on-ct.nii.gz.csv").read_text(encoding="utf-8") == "structure,id\ntumour,1\n"
    record = folder / "registration.json"
    text = record.read_text(encoding="utf-8")
    record.write_text(text.replace('"overlap": ', '"overlap": 0'), encoding="utf-8")
    assert "registration" in refused(*move, "-o", tmp_path / "changed.nii.gz")
