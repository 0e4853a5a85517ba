"""A case folder is made whole or not at all, read back as made, and refused when something is wrong with it."""

from __future__ import annotations

import resource
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from openhifu.base.errors import (
    FileProblem,
    FormatError,
    GeometryError,
    InputError,
    OutOfRange,
    StorageError,
    Tampered,
    UnknownName,
)
from openhifu.base.grid import Grid
from openhifu.base.outcome import Verdict
from openhifu.imaging import (
    NewCase,
    check_case,
    distances,
    new_case,
    nifti_bytes,
    parse_crop,
    parse_organ,
    parse_spacing,
    parse_target,
    read_case,
)
from openhifu.imaging.nifti import read_nifti
from openhifu.model.target import Ellipsoid, LabelTarget, Sphere
from tests.torso import GRID, torso, write_torso


@pytest.fixture(scope="module")
def torso_case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("torso")
    new_case(folder / "case", write_torso(folder))
    return folder / "case"


@pytest.fixture
def wanted(tmp_path: Path) -> NewCase:
    return write_torso(tmp_path)


def copied(case: Path, tmp_path: Path) -> Path:
    return shutil.copytree(case, tmp_path / "copy")


def edited(case: Path, tmp_path: Path, old: str, new: str) -> Path:
    copy = copied(case, tmp_path)
    text = (copy / "case.toml").read_text(encoding="utf-8")
    assert old in text
    (copy / "case.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    return copy


def test_a_case_is_read_as_it_was_made(torso_case: Path) -> None:
    data = read_case(torso_case)
    assert data.case.name == "case"
    assert data.case.target == Sphere(centre=(-0.015, 0.0, 0.0), radius=0.006)
    assert data.labels is not None
    assert data.ct.grid.same_as(GRID)
    assert data.ct.data.min() == -1000
    assert sorted(f.name for f in torso_case.iterdir()) == ["case.toml", "ct.nii.gz", "labels.csv", "labels.nii.gz"]
    assert data.tissues.mask("liver").any()


def test_table_and_padding_are_gone(torso_case: Path) -> None:
    data = read_case(torso_case)
    outside = data.tissues.mask("water")
    hounsfield, _ = torso()
    assert (hounsfield == -2048).any() and (hounsfield[outside] == 300).any()
    assert data.ct.data[outside].max() < -90


def test_crop_and_spacing_are_obeyed(wanted: NewCase, tmp_path: Path) -> None:
    small = replace(wanted, crop=parse_crop("8:72,6:66,1:11"), spacing=parse_spacing("2.5,2.5,3"))
    new_case(tmp_path / "small", small)
    data = read_case(tmp_path / "small")
    assert data.ct.grid.shape == (51, 48, 10)
    assert data.ct.grid.spacing == pytest.approx((2.5e-3, 2.5e-3, 3e-3))
    assert data.ct.grid.world((-0.5, -0.5, -0.5)) == pytest.approx(GRID.world((7.5, 5.5, 0.5)))


def test_the_preset_asks_for_what_the_labels_know(torso_case: Path) -> None:
    case = read_case(torso_case).case
    ribs = next(o for o in case.organs if o.name == "ribs")
    assert ribs.labels == ("rib_*",)
    assert "'bowel' of the preset is not known by label stomach, duodenum, small_bowel" in case.notes
    assert [o.labels for o in case.organs if o.name == "bowel"] == [("colon",)]


def test_distances_are_those_of_the_geometry(torso_case: Path) -> None:
    away = distances(read_case(torso_case))
    # Rib of radius 4 mm at x = -46, target of radius 6 mm at x = -15: 21 mm, by centres of 2 mm voxels.
    assert away["ribs"] == pytest.approx(21e-3, abs=4e-3)
    assert away["lung"] == pytest.approx(24e-3, abs=4e-3)


def test_an_organ_given_by_hand_takes_the_place_of_the_presets(wanted: NewCase, tmp_path: Path) -> None:
    organ = parse_organ("name=bowel;labels=colon;cem43=5;resume=40;distance=40;source=a colleague")
    found = new_case(tmp_path / "made", replace(wanted, organs=(organ,)))
    assert organ in read_case(tmp_path / "made").case.organs
    near = [
        o.sentence for o in found if o.verdict is Verdict.WARNING and "closer than the 40 mm asked for" in o.sentence
    ]
    assert len(near) == 1


def test_a_tight_crop_is_warned_about(wanted: NewCase, tmp_path: Path) -> None:
    found = new_case(tmp_path / "made", replace(wanted, crop=parse_crop("0:48,0:72,0:12")))
    assert any("cuts tissue off at its left" in o.sentence for o in found if o.verdict is Verdict.WARNING)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("sphere:0,-53,0,5", "of the target lies outside the body"),
        ("sphere:30,0,0,5", "of the target lies in gas or lung"),
        ("sphere:0,32,0,3", "of the target lies in gas or lung"),
        ("sphere:500,0,0,5", "covers no voxel of the image"),
        ("sphere:-15,0,15,6", "reaches beyond the image"),
        ("label:lung_lower_lobe_right", "lies in gas or lung"),
    ],
)
def test_a_target_that_cannot_be_treated_is_refused(wanted: NewCase, tmp_path: Path, target: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        new_case(tmp_path / "made", replace(wanted, target=parse_target(target)))
    assert not (tmp_path / "made").exists()


def test_such_a_target_in_a_file_is_refused_at_reading_and_named_at_checking(torso_case: Path, tmp_path: Path) -> None:
    copy = edited(torso_case, tmp_path, "centre_mm = [-15, 0, 0]", "centre_mm = [30, 0, 0]")
    with pytest.raises(InputError, match=r"case.toml: .* lies in gas or lung"):
        read_case(copy)
    found = check_case(copy)
    assert found[0].verdict is Verdict.ERROR and "gas or lung" in found[0].sentence


def test_unknown_names_are_refused_with_the_nearest(wanted: NewCase, tmp_path: Path) -> None:
    for change, said in (
        ({"device": "jc200-lik"}, "no device called 'jc200-lik'; nearest: jc200-like"),
        ({"preset": "livr"}, "no preset called 'livr'; nearest: liver"),
        ({"target": LabelTarget(label="livers")}, "no label called 'livers'; nearest: liver"),
        ({"organs": (parse_organ("name=a;labels=ribs_*;cem43=16;resume=42;source=none"),)}, "no label called 'ribs_"),
        ({"organs": (parse_organ("name=a;tissues=bones;cem43=16;resume=42;source=none"),)}, "no tissue called 'bones'"),
    ):
        with pytest.raises(UnknownName, match=said):
            new_case(tmp_path / "made", replace(wanted, **change))
    assert not (tmp_path / "made").exists()


def test_labels_of_another_shape_are_refused(wanted: NewCase, tmp_path: Path) -> None:
    _, labels = torso()
    (tmp_path / "labels.nii.gz").write_bytes(nifti_bytes(labels[:-1], GRID.crop((0, 0, 0), (79, 72, 12))))
    with pytest.raises(GeometryError, match="label map .* is on another grid"):
        new_case(tmp_path / "made", wanted)


def test_labels_of_another_place_are_refused(wanted: NewCase, tmp_path: Path) -> None:
    _, labels = torso()
    moved = np.array(GRID.affine)
    moved[0, 3] += 1e-3
    (tmp_path / "labels.nii.gz").write_bytes(nifti_bytes(labels, Grid(GRID.shape, moved, GRID.frame)))
    with pytest.raises(GeometryError, match="label map .* is on another grid"):
        new_case(tmp_path / "made", wanted)


def test_a_scan_with_nan_is_refused(wanted: NewCase, tmp_path: Path) -> None:
    hounsfield = torso()[0].astype(np.float32)
    hounsfield[3, 3, 3] = np.nan
    (tmp_path / "scan.nii.gz").write_bytes(nifti_bytes(hounsfield, GRID))
    with pytest.raises(FormatError, match="1 voxels that are no number"):
        new_case(tmp_path / "made", wanted)
    assert not (tmp_path / "made").exists()


def test_an_mr_that_came_as_nifti_is_refused(wanted: NewCase, tmp_path: Path) -> None:
    data, grid = read_nifti(wanted.ct, "scan")
    (tmp_path / "mr.nii.gz").write_bytes(nifti_bytes(np.abs(data.astype(np.int16)), grid))
    with pytest.raises(FormatError, match="has no value below 0 HU, .*: it is an MR"):
        new_case(tmp_path / "case", replace(wanted, ct=tmp_path / "mr.nii.gz"))
    assert not (tmp_path / "case").exists()


def test_labels_without_names_are_refused(wanted: NewCase, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="belong together"):
        new_case(tmp_path / "made", replace(wanted, label_names=None))


def test_a_crop_beyond_the_scan_is_refused(wanted: NewCase, tmp_path: Path) -> None:
    with pytest.raises(OutOfRange, match="must lie within"):
        new_case(tmp_path / "made", replace(wanted, crop=parse_crop("0:90,0:72,0:12")))


def test_a_case_is_never_written_over(torso_case: Path, wanted: NewCase) -> None:
    with pytest.raises(StorageError, match="exists already"):
        new_case(torso_case, wanted)


def test_a_full_disk_leaves_nothing_behind(wanted: NewCase, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))  # no file may grow beyond this: writing fails half-way
    try:
        with pytest.raises(StorageError, match="nothing was left half-"):
            new_case(tmp_path / "there" / "made", wanted)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list((tmp_path / "there").iterdir()) == []


@pytest.mark.parametrize("name", ["ct.nii.gz", "labels.nii.gz", "labels.csv"])
def test_a_changed_image_is_refused(torso_case: Path, tmp_path: Path, name: str) -> None:
    copy = copied(torso_case, tmp_path)
    content = bytearray((copy / name).read_bytes())
    content[-1] ^= 1
    (copy / name).write_bytes(bytes(content))
    with pytest.raises(Tampered, match="changed after the case was made"):
        read_case(copy)


def test_a_missing_image_is_named(torso_case: Path, tmp_path: Path) -> None:
    copy = copied(torso_case, tmp_path)
    (copy / "ct.nii.gz").unlink()
    with pytest.raises(FileProblem, match=r"copy/ct.nii.gz"):
        read_case(copy)
    (copy / "case.toml").unlink()
    with pytest.raises(FileProblem, match=r"no case at .*case.toml"):
        read_case(copy)
    with pytest.raises(FileProblem, match="no case folder at"):
        read_case(tmp_path / "nowhere")


def test_an_image_outside_the_folder_is_refused(torso_case: Path, tmp_path: Path) -> None:
    copy = edited(torso_case, tmp_path, 'ct = "ct.nii.gz"', 'ct = "../ct.nii.gz"')
    with pytest.raises(FormatError, match="must lie beside it"):
        read_case(copy)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('device = "jc200-like"', 'device = "jc300"', "no device called 'jc300'"),
        ('"liver" = "liver"', '"liver" = "lever"', "no tissue called 'lever'; nearest: liver"),
        ('background = "water"', 'background = "watr"', "no tissue called 'watr'; nearest: water"),
        ('labels = ["rib_*"]', 'labels = ["ribs_*"]', "no label called 'ribs_"),
        ("schema = 1", "schema = 99", "schema 99, this program knows up to 1"),
        ("spot_energy_j = 4000", "spot_energy_j = -4000", "greater than 0"),
    ],
)
def test_checking_says_what_reading_refuses(torso_case: Path, tmp_path: Path, old: str, new: str, said: str) -> None:
    copy = edited(torso_case, tmp_path, old, new)
    with pytest.raises(InputError, match=said):
        read_case(copy)
    found = check_case(copy)
    assert [o.verdict for o in found] == [Verdict.ERROR]
    assert said in found[0].sentence


@pytest.mark.parametrize(
    "text", ["sphere:1,2,3", "sphere:1,2,3,-4", "cube:1,2,3,4", "ellipsoid:1,2,3,4,5,0", "sphere:a,b,c,d", "label:", ""]
)
def test_a_wrong_target_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match="target"):
        parse_target(text)


def test_targets_in_words() -> None:
    assert parse_target("sphere:-71.781,-28.966,-250,11") == Sphere(centre=(-0.071781, -0.028966, -0.25), radius=0.011)
    assert parse_target("ellipsoid:1,2,3,4,5,6") == Ellipsoid(centre=(1e-3, 2e-3, 3e-3), semi_axes=(4e-3, 5e-3, 6e-3))
    assert parse_target("label:liver") == LabelTarget(label="liver")


@pytest.mark.parametrize(
    "text", ["name=a;cem43=1;resume=42;source=xyz", "labels=a;cem43=1;resume=42;source=xyz", "nme=a", "name=a;cem43=x"]
)
def test_a_wrong_organ_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match="organ"):
        parse_organ(text)


@pytest.mark.parametrize("text", ["0:1,0:1", "0-1,0:1,0:1", "a:b,0:1,0:1"])
def test_a_wrong_crop_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match="crop"):
        parse_crop(text)


@pytest.mark.parametrize("text", ["1,1", "1,1,0", "1,1,x"])
def test_a_wrong_spacing_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match="spacing"):
        parse_spacing(text)
