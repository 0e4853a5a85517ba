"""Images are found on discs and in archives as other programs write them, and Chinese names are read."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian, MediaStorageDirectoryStorage

from openhifu.base.errors import FileProblem
from openhifu.imaging import read_ct, read_scan
from openhifu.imaging.dicom import survey
from tests.dicom_making import OBLIQUE, pattern, save, series_of, shuffled


def test_a_zip_archive_and_a_dicomdir_give_what_the_folder_gives(tmp_path: Path) -> None:
    folder = save(tmp_path / "a", shuffled(series_of()))
    expected = read_ct(folder).data
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("README.txt", "a disc")
        for file in folder.iterdir():
            archive.write(file, f"DISC/IMAGES/{file.name}")
    from_zip = read_scan(tmp_path / "a.zip")
    assert np.array_equal(from_zip.field.data, expected)
    assert "README.txt" in from_zip.remarks[0].sentence
    images = save(tmp_path / "disc" / "IMAGES", series_of())
    dicomdir(tmp_path / "disc", images)
    assert np.array_equal(read_ct(tmp_path / "disc" / "DICOMDIR").data, expected)
    next(images.iterdir()).unlink()
    with pytest.raises(FileProblem, match="which is not below it; copy the whole disc"):
        read_ct(tmp_path / "disc" / "DICOMDIR")


@pytest.mark.skipif(shutil.which("dcmmkdir") is None, reason="dcmmkdir (Debian: dcmtk) is not installed")
def test_a_disc_another_program_made_is_read(tmp_path: Path) -> None:
    """A DICOMDIR of DCMTK's with two series on it, as it lies, and as a disc mounted with small letters shows it."""
    disc = tmp_path / "disc"
    for number, ds in enumerate([*shuffled(series_of()), *series_of("MR", axes=OBLIQUE)]):
        (disc / "IMAGES").mkdir(parents=True, exist_ok=True)
        ds.save_as(disc / "IMAGES" / f"IM{number:06d}", enforce_file_format=True)
    made = subprocess.run(["dcmmkdir", "+r", "+I", "IMAGES"], cwd=disc, capture_output=True, text=True, check=False)
    assert (disc / "DICOMDIR").exists(), made.stderr
    assert [s.planes[0].modality for s in survey(disc / "DICOMDIR")[0]] == ["CT", "MR"]
    assert np.array_equal(read_scan(disc / "DICOMDIR", "1").field.data, 2.0 * pattern() - 1024)
    small = tmp_path / "small"
    (small / "images").mkdir(parents=True)
    for file in (disc / "IMAGES").iterdir():
        shutil.copy(file, small / "images" / file.name.lower())
    shutil.copy(disc / "DICOMDIR", small / "dicomdir")
    assert np.array_equal(read_scan(small / "dicomdir", "1").field.data, 2.0 * pattern() - 1024)


def dicomdir(disc: Path, images: Path) -> None:
    """The list of a disc's files, as far as a reader of images needs it."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = (
        MediaStorageDirectoryStorage,
        UID("1.2"),
    )
    records = []
    for number, file in enumerate(sorted(images.iterdir())):
        file = file.rename(images / f"IM{number:04d}")
        record = Dataset()
        record.DirectoryRecordType, record.ReferencedFileID = "IMAGE", [images.name, file.name]
        records.append(record)
    ds.DirectoryRecordSequence = Sequence(records)
    ds.save_as(disc / "DICOMDIR", enforce_file_format=True)


@pytest.mark.parametrize("characters", ["GB18030", "GBK", "ISO_IR 192"])
def test_a_chinese_name_does_not_disturb(tmp_path: Path, characters: str) -> None:
    slices = series_of()
    for ds in slices:
        ds.SpecificCharacterSet, ds.PatientName, ds.SeriesDescription = characters, "王^小东", "腹部"
    folder = save(tmp_path, slices)
    assert survey(folder)[0][0].planes[0].words == "腹部"
    assert read_ct(folder).data.shape == pattern().shape


def test_escaped_chinese_is_read(tmp_path: Path) -> None:
    """As Chinese scanners write it (PS3.5 annex K): an escape sequence, then GB 2312. Only bytes put in by hand do."""
    slices = series_of()
    for ds in slices:
        ds.SpecificCharacterSet, ds.SeriesDescription = ["", "ISO 2022 IR 58"], "12345678"
    folder = save(tmp_path, slices)
    for file in folder.iterdir():
        file.write_bytes(file.read_bytes().replace(b"12345678", b"\x1b$)A" + "腹部".encode("gb2312")))
    assert survey(folder)[0][0].planes[0].words == "腹部"
