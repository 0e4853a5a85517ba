"""A DICOM series becomes a volume by its geometry, whatever its file names; what is no single series is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from openhifu.base.errors import FileProblem, FormatError, GeometryError
from openhifu.imaging import read_ct, read_dicom

SERIES, FRAME = generate_uid(), generate_uid()


def one_slice(z: float, value: int, series: str = SERIES) -> Dataset:
    """A 4 x 5 slice of 0.8 (down) x 0.5 (across) mm whose first pixel lies at (-10, -20, z) mm."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = CTImageStorage
    ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, ds.file_meta.MediaStorageSOPInstanceUID
    ds.Modality, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = "CT", series, FRAME
    ds.ImagePositionPatient = [-10, -20, z]
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.PixelSpacing = [0.8, 0.5]
    ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.PhotometricInterpretation = 4, 5, 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
    ds.RescaleSlope, ds.RescaleIntercept = 2, -1024
    pixels = np.full((4, 5), value, np.int16)
    pixels[3, 1] += 100
    ds.PixelData = pixels.tobytes()
    return ds


def save(folder: Path, slices: list[Dataset]) -> Path:
    # Names in an order that has nothing to do with geometry.
    for number, ds in enumerate(slices):
        ds.save_as(folder / f"{(number * 7) % 11:02d}.dcm", enforce_file_format=True)
    return folder


def six(series: str = SERIES) -> list[Dataset]:
    return [one_slice(z=-30 + 2.5 * n, value=10 * n, series=series) for n in (3, 0, 5, 1, 4, 2)]


def test_slices_are_put_in_order_by_where_they_lie(tmp_path: Path) -> None:
    field = read_dicom(save(tmp_path, six()))
    assert field.data.shape == (5, 4, 6)
    assert field.grid.spacing == pytest.approx((0.5e-3, 0.8e-3, 2.5e-3))
    assert field.grid.world((0, 0, 0)) == pytest.approx((-10e-3, -20e-3, -30e-3))
    assert field.data[0, 0] == pytest.approx(20 * np.arange(6) - 1024)
    # Row 3, column 1 of a slice is voxel (1, 3).
    assert field.data[1, 3, 2] == 2 * (20 + 100) - 1024
    assert np.array_equal(read_ct(tmp_path).data, field.data)


@pytest.mark.parametrize("series", ["", None])
def test_an_empty_series_number_is_no_obstacle(tmp_path: Path, series: str | None) -> None:
    slices = six("")
    if series is None:
        for ds in slices:
            del ds.SeriesInstanceUID
    assert read_dicom(save(tmp_path, slices)).data.shape == (5, 4, 6)


def refused(folder: Path, slices: list[Dataset], kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said) as refusal:
        read_dicom(save(folder, slices))
    assert "\n" not in str(refusal.value)


def test_a_doubled_slice_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, [*six(), one_slice(-25, 99)], GeometryError, "lie at the same place; remove the duplicate")


def test_a_missing_slice_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, six()[1:], GeometryError, r"5.00 mm instead of 2.50 mm; a slice is missing")


def test_irregular_spacing_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, [*six(), one_slice(-16.0, 60)], GeometryError, r"1.50 mm instead of 2.50 mm")


def test_two_series_in_one_folder_are_refused(tmp_path: Path) -> None:
    refused(tmp_path, [*six(), one_slice(-15, 60, generate_uid())], FormatError, "several series")


def test_slices_of_another_orientation_are_refused(tmp_path: Path) -> None:
    odd = one_slice(-15, 60)
    odd.ImageOrientationPatient = [0, 1, 0, 1, 0, 0]
    refused(tmp_path, [*six(), odd], FormatError, "differ in size, pixel spacing or orientation")


def test_a_tilted_gantry_is_refused(tmp_path: Path) -> None:
    slices = six()
    for ds in slices:
        z = float(ds.ImagePositionPatient[2])
        ds.ImagePositionPatient = [-10, -20 + 0.2 * (z + 30), z]
    refused(tmp_path, slices, GeometryError, r"shifted sideways by 2.5 mm .*tilted gantry")


def test_another_modality_is_refused(tmp_path: Path) -> None:
    slices = six()
    slices[2].Modality = "MR"
    refused(tmp_path, slices, FileProblem, "is of modality MR, not CT")


def test_a_slice_without_position_is_refused(tmp_path: Path) -> None:
    slices = six()
    del slices[0].ImagePositionPatient
    refused(tmp_path, slices, FileProblem, "lacks ImagePositionPatient")


def test_a_slice_without_rescale_is_refused(tmp_path: Path) -> None:
    slices = six()
    del slices[0].RescaleSlope
    refused(tmp_path, slices, FormatError, "does not say how its pixels become HU")


def test_a_file_that_is_no_dicom_is_refused(tmp_path: Path) -> None:
    save(tmp_path, six())
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    with pytest.raises(FileProblem, match=r"notes.txt is not a DICOM file"):
        read_dicom(tmp_path)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="holds 0 files"):
        read_ct(tmp_path)
