"""Classes found in a CT: right on a torso known voxel by voxel, refused where there are no CT numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from openhifu.base.errors import FormatError, UnknownName
from openhifu.base.field import Field, Quantity
from openhifu.console.cli import app
from openhifu.imaging import new_case, preset, read_case
from openhifu.imaging.segmentation import Segmentation, segmented
from openhifu.imaging.segmentation.agreement import agreement, agreements, labelled
from openhifu.imaging.segmentation.phantom import torso_phantom
from openhifu.model.tissuemap import LabelMap
from tests.torso import write_torso

LIMITS = preset("liver").thresholds.to_thresholds()


@pytest.fixture(scope="module")
def found() -> tuple[Segmentation, LabelMap]:
    scan, truth = torso_phantom()
    return segmented(scan, LIMITS), truth


def test_classes_of_a_known_torso_are_found(found: tuple[Segmentation, LabelMap]) -> None:
    """Blood, heart, kidneys and bowel full of contrast agent are not bone; ribs and marrow are."""
    mine, truth = found
    rows = {a.name: a for a in agreements(mine.labels, truth)}
    least = {"skin": 0.9, "fat": 0.97, "muscle": 0.94, "bone": 0.85, "gas": 0.95, "lung_air": 0.97}
    assert {name: rows[name].dice > value for name, value in least.items()} == dict.fromkeys(least, True), rows
    bone, muscle = labelled(mine.labels, ("bone",)), labelled(truth, ("muscle",))
    scan = torso_phantom()[0].data
    assert np.mean(bone[muscle & (scan > 200)]) < 0.05
    assert mine.contrast_level is not None
    assert np.array_equal(mine.labels.data > 0, truth.data > 0)  # the table is no body


def test_agreement_of_shifted_blocks() -> None:
    """Two blocks of 10 voxels, 1 apart along one axis: Dice 0.9, surfaces at most one step apart."""
    one, two = np.zeros((20, 14, 14), bool), np.zeros((20, 14, 14), bool)
    one[4:14, 2:12, 2:12] = two[5:15, 2:12, 2:12] = True
    row = agreement("block", one, two, (1e-3, 1e-3, 1e-3))
    assert row.dice == pytest.approx(0.9)
    assert (row.found, row.true) == (pytest.approx(0.9), pytest.approx(0.9))
    assert row.surface_most == pytest.approx(1e-3)
    assert row.near == 1
    with pytest.raises(FormatError, match="no block in the found map"):
        agreement("block", one & False, two, (1e-3, 1e-3, 1e-3))


def test_what_is_no_ct_is_refused() -> None:
    scan, _ = torso_phantom()
    with pytest.raises(FormatError, match="classes are found by CT numbers"):
        segmented(Field(scan.grid, scan.data, Quantity.MR_SIGNAL), LIMITS)
    with pytest.raises(FormatError, match="no voxel below -950 HU"):
        segmented(Field(scan.grid, scan.data + 1024, Quantity.HOUNSFIELD), LIMITS)
    stretched = Field(scan.grid, np.where(scan.data < -900, scan.data, 4 * scan.data + 1500), Quantity.HOUNSFIELD)
    with pytest.raises(FormatError, match="check the rescale slope"):
        segmented(stretched, LIMITS)


def test_a_case_is_made_without_labels(tmp_path: Path) -> None:
    wanted = replace(write_torso(tmp_path), labels=None, label_names=None, segment="classical")
    said = [o.sentence for o in new_case(tmp_path / "case", wanted)]
    assert any("classes were found classically" in s for s in said)
    data = read_case(tmp_path / "case")
    assert data.labels is not None and set(data.labels.names.values()) >= {"bone", "lung_air", "fat"}
    assert "classes were found classically" in data.case.notes
    assert {"skin", "fat", "muscle", "gas"} <= {
        t for n, t in enumerate(data.tissues.tissues) if data.tissues.present[n]
    }
    with pytest.raises(FormatError, match="give one of the two"):
        new_case(tmp_path / "both", replace(write_torso(tmp_path), segment="classical"))
    with pytest.raises(UnknownName, match="clasical"):
        new_case(tmp_path / "misspelt", replace(wanted, segment="clasical"))


def test_the_commands_write_a_map_and_a_picture(tmp_path: Path) -> None:
    write_torso(tmp_path)
    run = CliRunner()
    scan = str(tmp_path / "scan.nii.gz")
    line = ["--against", str(tmp_path / "labels.nii.gz"), "--names", str(tmp_path / "labels.csv")]
    shown = run.invoke(app, ["import", "segment", scan, "-o", str(tmp_path / "classes.nii.gz"), *line])
    assert shown.exit_code == 0, shown.output
    assert "bone: Dice" in shown.output and "taken for bone:" in shown.output
    for end in ("", ".csv", ".tissues.csv", ".png"):
        assert (tmp_path / f"classes.nii.gz{end}").stat().st_size > 50
    case = ["case", "new", str(tmp_path / "case"), "--ct", scan, "--segment", "classical", "--device", "jc200-like"]
    made = run.invoke(app, [*case, "--target", "sphere:-15,0,0,6"])
    assert made.exit_code == 0, made.output
    assert (tmp_path / "case" / "segmentation.png").read_bytes().startswith(b"\x89PNG")
