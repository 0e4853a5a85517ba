"""The same torso as NIfTI and as native DICOM without a series number gives the same case, labels drawn in any way."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from openhifu.base.errors import GeometryError
from openhifu.base.field import Field, Quantity
from openhifu.exchange.ct_series import ct_series
from openhifu.exchange.segmentation import segmentation
from openhifu.exchange.structure_set import structure_set
from openhifu.imaging import new_case, nifti_bytes, parse_target, read_case, read_label_names, read_labels, read_scan
from openhifu.imaging.resampling import reoriented
from openhifu.imaging.tissue_table import proposed_table, read_tissue_table
from tests.dicom_making import save
from tests.torso import GRID, NAMES, torso, write_torso
from tests.unit.exchange.conftest import study


@pytest.mark.parametrize("labels", ["structures", "segmentation"])
def test_dicom_and_nifti_give_the_same_anatomy(tmp_path: Path, labels: str) -> None:
    wanted = write_torso(tmp_path)
    new_case(tmp_path / "nifti", wanted)
    hounsfield, drawn = torso()
    images = ct_series(Field(GRID, hounsfield.astype(np.float32), Quantity.HOUNSFIELD), study(), None)
    masks = {name: drawn == value for value, name in NAMES.items()}
    made = (structure_set if labels == "structures" else segmentation)(masks, GRID, study(), images)
    made.save_as(tmp_path / "labels.dcm", enforce_file_format=True)
    for image in images:
        image.SeriesInstanceUID = ""
    folder = save(tmp_path / "ct", images)
    new_case(tmp_path / "dicom", replace(wanted, ct=folder, labels=tmp_path / "labels.dcm", label_names=None))
    one, two = read_case(tmp_path / "nifti"), read_case(tmp_path / "dicom")
    assert one.ct.grid.same_as(two.ct.grid)
    assert np.array_equal(one.ct.data, two.ct.data)
    assert one.tissues.tissues == two.tissues.tissues
    assert np.array_equal(one.tissues.data, two.tissues.data)
    assert (tmp_path / "dicom" / "origin.json").exists()


def test_structures_of_another_frame_are_refused(tmp_path: Path) -> None:
    hounsfield, drawn = torso()
    images = ct_series(Field(GRID, hounsfield.astype(np.float32), Quantity.HOUNSFIELD), study(), None)
    made = structure_set({"liver": drawn == 1}, GRID, replace(study(), frame_of_reference="1.2.3"), images)
    made.save_as(tmp_path / "labels.dcm", enforce_file_format=True)
    wanted = replace(
        write_torso(tmp_path), ct=save(tmp_path / "ct", images), labels=tmp_path / "labels.dcm", label_names=None
    )
    with pytest.raises(GeometryError, match=r"was drawn in frame of reference 1.2.3, the image is in"):
        new_case(tmp_path / "case", wanted)
    assert not (tmp_path / "case").exists()


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_label_map_with_its_axes_turned_is_the_same_map(tmp_path: Path, order: tuple[int, ...]) -> None:
    write_torso(tmp_path)
    image, labels = read_scan(tmp_path / "scan.nii.gz").field, torso()[1]
    steps = np.array(GRID.affine)
    corner = [GRID.shape[n] - 1 if n % 2 else 0 for n in range(3)]
    steps[:3, 3] = GRID.world(corner)
    steps[:3, :3] *= [1 if n % 2 == 0 else -1 for n in range(3)]
    turned = labels[:, ::-1, :].transpose(order)
    affine = np.column_stack([*(steps[:, n] for n in order), steps[:, 3]])
    own = type(GRID)(turned.shape, affine, GRID.frame)
    (tmp_path / "turned.nii.gz").write_bytes(nifti_bytes(turned, own))
    found = read_labels(tmp_path / "turned.nii.gz", tmp_path / "labels.csv", image.grid)
    assert np.array_equal(found.data, labels)
    assert reoriented(turned[1:], own.crop((1, 0, 0), own.shape), GRID) is None


def test_names_map_to_tissues_by_a_table_a_person_edits(tmp_path: Path) -> None:
    text = proposed_table(["Liver", "rib right 8", "GTV 1"], (("liver", "liver"), ("rib_*", "bone_cancellous")))
    assert text == "name,tissue\nLiver,liver\nrib right 8,bone_cancellous\nGTV 1,\n"
    (tmp_path / "t.csv").write_text(text.replace("GTV 1,", "GTV *,liver"), encoding="utf-8")
    assert dict(read_tissue_table(tmp_path / "t.csv"))["GTV *"] == "liver"
    wanted = write_torso(tmp_path)
    names = read_label_names(tmp_path / "labels.csv") | {1: "GTV 1"}
    (tmp_path / "labels.csv").write_text(
        "structure,id\n" + "".join(f"{n},{v}\n" for v, n in names.items()), encoding="utf-8"
    )
    new_case(
        tmp_path / "case",
        replace(wanted, label_tissues=read_tissue_table(tmp_path / "t.csv"), target=parse_target("label:GTV 1")),
    )
    data = read_case(tmp_path / "case")
    assert np.all(data.tissues.mask("liver")[torso()[1] == 1])
