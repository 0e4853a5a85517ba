"""NIfTI volumes and label maps: placed in patient LPS metres, or refused in one sentence."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Image

from openhifu.base.errors import FileProblem, FormatError, GeometryError
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.imaging import nifti_bytes, read_ct, read_label_names, read_labels, read_nifti

AFFINE = np.array([[-0.7, 0, 0, 166.0], [0, 0.7, 0, -187.5], [0, 0, 2.5, -340.0], [0, 0, 0, 1.0]])


def save(path: Path, data: Any, affine: Any = AFFINE, sform: int = 1, qform: int = 1, qform_affine: Any = None) -> Path:
    image = Nifti1Image(data, affine)
    image.set_sform(affine, code=sform)
    image.set_qform(affine if qform_affine is None else qform_affine, code=qform)
    image.header.set_xyzt_units("mm")
    path.write_bytes(gzip.compress(image.to_bytes()))
    return path


def some(shape: tuple[int, int, int] = (4, 5, 6)) -> np.ndarray:
    return np.arange(np.prod(shape), dtype=np.int16).reshape(shape)


def test_ras_millimetres_become_lps_metres(tmp_path: Path) -> None:
    data, grid = read_nifti(save(tmp_path / "ct.nii.gz", some()), "CT")
    assert np.array_equal(data, some())
    assert grid.frame is Frame.PATIENT
    # First voxel: 166 mm to the right is -166 mm to the left; -187.5 mm to the front is 187.5 mm to the back.
    assert grid.world((0, 0, 0)) == pytest.approx((-0.166, 0.1875, -0.34))
    assert grid.world((1, 1, 1)) == pytest.approx((-0.166 + 0.7e-3, 0.1875 - 0.7e-3, -0.34 + 2.5e-3))


def test_what_is_written_is_read_back_in_the_same_place(tmp_path: Path) -> None:
    turn = np.array([[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1.0]])
    grid = Grid.along(turn, (0.01, -0.2, 0.3), (0, 0, 0), (6e-3, 8e-3, 10e-3), 2e-3, Frame.PATIENT)
    data = some(grid.shape)
    (tmp_path / "a.nii.gz").write_bytes(nifti_bytes(data, grid))
    back, there = read_nifti(tmp_path / "a.nii.gz", "CT")
    assert np.array_equal(back, data)
    there.require_same(grid, "what was written")
    assert nifti_bytes(data, grid) == nifti_bytes(data, grid)


def test_scaling_stated_in_the_file_is_applied(tmp_path: Path) -> None:
    image = Nifti1Image(some(), AFFINE)
    image.header.set_slope_inter(2.0, -1024.0)
    image.set_sform(AFFINE, code=1)
    content = bytearray(image.to_bytes())
    content[112:120] = np.array([2.0, -1024.0], "<f4").tobytes()
    (tmp_path / "ct.nii").write_bytes(bytes(content))
    assert read_ct(tmp_path / "ct.nii").data == pytest.approx(2.0 * some() - 1024)


def test_a_ct_with_nan_is_refused(tmp_path: Path) -> None:
    data = some().astype(np.float32)
    data[1, 2, 3] = np.nan
    data[2, 2, 2] = np.inf
    with pytest.raises(FormatError, match=r"2 voxels that are no number \(the first is \(1, 2, 3\)\)"):
        read_ct(save(tmp_path / "ct.nii.gz", data))


def test_a_missing_or_damaged_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="there is no CT file at .*nowhere.nii"):
        read_ct(tmp_path / "nowhere.nii")
    path = save(tmp_path / "ct.nii.gz", some((40, 50, 60)))
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(FileProblem, match=r"cannot read the CT .*ct.nii.gz"):
        read_ct(path)
    (tmp_path / "text.nii").write_text("not an image", encoding="utf-8")
    with pytest.raises(FileProblem, match=r"cannot read the CT .*text.nii"):
        read_ct(tmp_path / "text.nii")


def test_a_volume_that_does_not_say_where_it_lies_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GeometryError, match="does not say how it lies"):
        read_ct(save(tmp_path / "ct.nii.gz", some(), sform=0, qform=0))


def test_a_volume_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    other = AFFINE.copy()
    other[0, 3] += 5
    with pytest.raises(GeometryError, match=r"says twice where it lies, 5.0 mm apart"):
        read_ct(save(tmp_path / "ct.nii.gz", some(), qform_affine=other))


def test_a_sheared_volume_is_refused(tmp_path: Path) -> None:
    sheared = AFFINE.copy()
    sheared[0, 2] = 1.0
    with pytest.raises(GeometryError, match="orthogonal"):
        read_ct(save(tmp_path / "ct.nii.gz", some(), affine=sheared, qform=0, qform_affine=AFFINE))


def test_a_series_of_volumes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="one volume"):
        read_ct(save(tmp_path / "ct.nii.gz", np.zeros((3, 3, 3, 2), np.int16)))


def names(folder: Path, text: str = "structure,id\nliver,5\nrib_left_1,92\n") -> Path:
    path = folder / "labels.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_labels_must_lie_on_the_grid_of_the_ct(tmp_path: Path) -> None:
    ct = read_ct(save(tmp_path / "ct.nii.gz", some()))
    moved = AFFINE.copy()
    moved[2, 3] += 1
    shifted = save(tmp_path / "moved.nii.gz", np.zeros((4, 5, 6), np.uint8), affine=moved)
    smaller = save(tmp_path / "small.nii.gz", np.zeros((4, 5, 5), np.uint8))
    for path in (shifted, smaller):
        with pytest.raises(GeometryError, match=f"the label map {path} is on another grid"):
            read_labels(path, names(tmp_path), ct.grid)


def test_labels_are_whole_numbers_with_names(tmp_path: Path) -> None:
    ct = read_ct(save(tmp_path / "ct.nii.gz", some()))
    data = np.zeros((4, 5, 6), np.float32)
    data[0, 0, 0] = 5
    labels = read_labels(save(tmp_path / "l.nii.gz", data), names(tmp_path), ct.grid)
    assert labels.names == {5: "liver", 92: "rib_left_1"}
    assert labels.mask("liver").sum() == 1
    for wrong, said in ((5.5, "whole numbers"), (-1, "whole numbers"), (7, "label 7, which .* does not name")):
        data[0, 0, 0] = wrong
        with pytest.raises(FormatError, match=said):
            read_labels(save(tmp_path / "l.nii.gz", data), names(tmp_path), ct.grid)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("organ,number\nliver,5\n", "needs structure and id"),
        ("structure,id\nliver,five\n", "line 2: needs a name and a whole number"),
        ("structure,id\nliver,5\nspleen,5\n", "called both liver and spleen"),
        ("structure,id\n", "names no label"),
    ],
)
def test_a_wrong_table_of_names_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        read_label_names(names(tmp_path, text))


def test_a_table_of_names_may_have_more_columns_and_another_order(tmp_path: Path) -> None:
    path = names(tmp_path, "\ufeffid,name,group\n5,liver,organs\n")
    assert read_label_names(path) == {5: "liver"}
