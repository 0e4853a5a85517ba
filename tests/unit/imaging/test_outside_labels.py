"""Output of outside segmentation programs: folders of masks, maps that name their labels, what is refused."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Extension, Nifti1Image

from openhifu.base.errors import FileProblem, FormatError, GeometryError, UnknownName
from openhifu.base.field import Field, Quantity
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.imaging.labels import labels_on
from openhifu.imaging.nifti import nifti_bytes
from openhifu.imaging.scan import Scan

GRID = Grid.box((0.0,) * 3, (9e-3, 7e-3, 5e-3), 1e-3, Frame.PATIENT)
SCAN = Scan(Field(GRID, np.zeros(GRID.shape, np.float32), Quantity.HOUNSFIELD))


def _mask(*corner: int) -> np.ndarray:
    data = np.zeros(GRID.shape, np.uint8)
    data[tuple(slice(c, c + 3) for c in corner)] = 1
    return data


def _folder(tmp_path: Path, masks: dict[str, np.ndarray]) -> Path:
    folder = tmp_path / "segmentations"
    folder.mkdir()
    for name, data in masks.items():
        (folder / f"{name}.nii.gz").write_bytes(nifti_bytes(data, GRID))
    (folder / "statistics.json").write_text("{}", encoding="utf-8")
    return folder


def test_a_folder_of_masks_is_one_map(tmp_path: Path) -> None:
    masks = {"liver": _mask(0, 0, 0), "rib_left_1": _mask(5, 2, 1), "spleen": np.zeros(GRID.shape, np.uint8)}
    found, remarks = labels_on(_folder(tmp_path, masks), None, SCAN)
    assert found is not None
    assert set(found.names.values()) == {"liver", "rib_left_1"}
    assert np.array_equal(found.mask("liver"), masks["liver"] == 1)
    assert np.array_equal(found.mask("rib_*"), masks["rib_left_1"] == 1)
    assert ["1 of 3 masks are empty and left out: spleen"] == [r.sentence for r in remarks]


def test_axes_in_another_order_are_turned(tmp_path: Path) -> None:
    """Programs write masks in their own orientation: the same voxels, flipped axes."""
    folder = _folder(tmp_path, {"liver": _mask(0, 0, 0)})
    image = Nifti1Image.from_filename(folder / "liver.nii.gz")
    flipped = image.as_reoriented([[1, -1], [0, 1], [2, -1]])
    nib.save(flipped, folder / "liver.nii.gz")
    found, _ = labels_on(folder, None, SCAN)
    assert found is not None
    assert np.array_equal(found.mask("liver"), _mask(0, 0, 0) == 1)


def test_a_map_with_names_in_its_header_needs_no_table(tmp_path: Path) -> None:
    data = _mask(0, 0, 0) + 5 * _mask(5, 2, 1)
    (tmp_path / "seg.nii.gz").write_bytes(nifti_bytes(data, GRID))
    with pytest.raises(FormatError, match="carries no names of its labels.*totalsegmentator-total-v2"):
        labels_on(tmp_path / "seg.nii.gz", None, SCAN)
    found, _ = labels_on(tmp_path / "seg.nii.gz", Path("totalsegmentator-total-v2"), SCAN)
    assert found is not None
    assert np.array_equal(found.mask("spleen"), data == 1)
    assert np.array_equal(found.mask("liver"), data == 5)
    image = Nifti1Image.from_filename(tmp_path / "seg.nii.gz")
    xml = (
        '<?xml version="1.0"?><CaretExtension><VolumeInformation><LabelTable>'
        '<Label Key="0" Red="0"><![CDATA[???]]></Label><Label Key="1" Red="1"><![CDATA[uterus]]></Label>'
        '<Label Key="5" Red="1"><![CDATA[bladder]]></Label></LabelTable></VolumeInformation></CaretExtension>'
    )
    image.header.extensions.append(Nifti1Extension(0, xml.encode()))
    nib.save(image, tmp_path / "named.nii.gz")
    found, _ = labels_on(tmp_path / "named.nii.gz", None, SCAN)
    assert found is not None
    assert found.names == {1: "uterus", 5: "bladder"}


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    folder = _folder(tmp_path, {"liver": _mask(0, 0, 0)})
    other = Grid.box((1e-3, 0.0, 0.0), (10e-3, 7e-3, 5e-3), 1e-3, Frame.PATIENT)
    (folder / "spleen.nii.gz").write_bytes(nifti_bytes(_mask(0, 0, 0), other))
    with pytest.raises(GeometryError, match=r"spleen\.nii\.gz"):
        labels_on(folder, None, SCAN)
    (folder / "spleen.nii.gz").write_bytes(nifti_bytes(3 * _mask(0, 0, 0), GRID))
    with pytest.raises(FormatError, match=r"spleen\.nii\.gz must hold 0 and 1"):
        labels_on(folder, None, SCAN)
    for file in folder.glob("*.nii.gz"):
        file.write_bytes(nifti_bytes(np.zeros(GRID.shape, np.uint8), GRID))
    with pytest.raises(FormatError, match="all 2 masks"):
        labels_on(folder, None, SCAN)
    with pytest.raises(UnknownName, match="totalsegmentator-total-v2"):
        labels_on(folder / "liver.nii.gz", Path("totalsegmentator"), SCAN)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileProblem):
        labels_on(tmp_path / "empty", None, SCAN)
