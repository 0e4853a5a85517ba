"""Nothing that names a person survives, whatever element it stands in; what belongs together stays together."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import datetime
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom._dicom_dict import DicomDictionary
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import SecondaryCaptureImageStorage

from openhifu.base.errors import FileProblem, FormatError, StorageError
from openhifu.exchange.deidentified_folder import LISTING, deidentify_folder
from openhifu.exchange.deidentify import Removal, burned_in, deidentified, rules
from openhifu.exchange.pseudonyms import PseudonymTable
from openhifu.imaging import read_scan
from tests.dicom_making import pattern, save, series_of

SECRET = "ZHOU"
TEXT = {"AE", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"}


def full_of_secrets() -> Dataset:
    """A CT slice with the secret in every text element of the dictionary, in sequences and in private ones."""
    ds = series_of()[0]
    planted = Dataset()
    for tag, (vr, _, _, retired, keyword) in DicomDictionary.items():
        if (
            vr in TEXT
            and keyword
            and not retired
            and tag >> 16 not in (0x0000, 0x0002)
            and keyword != "SpecificCharacterSet"
        ):
            ds.add_new(tag, vr, SECRET)
            planted.add_new(tag, vr, SECRET)
    for keyword in ("RequestAttributesSequence", "SourceImageSequence", "ReferencedPatientSequence", "ContentSequence"):
        setattr(ds, keyword, Sequence([planted]))
    block = ds.private_block(0x0029, "A VENDOR", create=True)
    block.add_new(1, "LO", SECRET)
    ds.add_new(0x60004000, "LT", SECRET)
    return ds


def test_no_text_element_keeps_a_name(tmp_path: Path) -> None:
    clean = deidentified(full_of_secrets(), PseudonymTable(tmp_path / "table.json"), Removal())
    left = {e.keyword for e in clean.iterall() if e.VR != "SQ" and SECRET in str(e.value)}
    assert left <= rules().text_kept
    names = {
        "PatientName",
        "OperatorsName",
        "InstitutionName",
        "StudyDescription",
        "SeriesDescription",
        "PatientComments",
    }
    assert not left & names
    for word in rules().text_kept & left:  # without what may stay, not one byte of it is left
        for item in [clean, *(i for e in clean if e.VR == "SQ" for i in e.value)]:
            if word in item:
                delattr(item, word)
    stream = BytesIO()
    clean.save_as(stream, enforce_file_format=True)
    assert SECRET.encode() not in stream.getvalue()


def test_numbers_the_profile_names_go(tmp_path: Path) -> None:
    ds = series_of()[0]
    ds.PatientAge, ds.PatientWeight, ds.PatientSize, ds.PregnancyStatus = "071Y", 61.5, 1.6, 4
    ds.PatientSex, ds.PatientBirthDate, ds.SmokingStatus = "F", "19550101", "YES"
    clean = deidentified(ds, PseudonymTable(tmp_path / "t.json"), Removal())
    for gone in ("PatientAge", "PatientWeight", "PatientSize", "PregnancyStatus", "SmokingStatus"):
        assert gone not in clean
    assert (clean.PatientSex, clean.PatientBirthDate) == ("", "")
    assert clean.PatientIdentityRemoved == "YES"
    assert [c.CodeValue for c in clean.DeidentificationMethodCodeSequence] == ["113100", "113105", "113107"]


@pytest.mark.filterwarnings("ignore:Invalid value for VR DA")
def test_dates_move_together_and_identifiers_stay_consistent(tmp_path: Path) -> None:
    table = PseudonymTable(tmp_path / "table.json")
    slices = series_of()
    for n, ds in enumerate(slices):
        ds.StudyDate, ds.SeriesDate, ds.AcquisitionDateTime = "20200310", "20200312", f"20200314{n:06d}"
        ds.ContentDate = "about Easter"
    clean = [deidentified(ds, table, Removal()) for ds in slices]
    days = {(_day(c.SeriesDate) - _day(c.StudyDate)).days for c in clean}
    assert days == {2}
    shift = (_day("20200310") - _day(clean[0].StudyDate)).days
    assert 30 <= shift < 3650
    assert clean[3].AcquisitionDateTime[8:] == "000003"
    assert "ContentDate" not in clean[0]
    assert len({c.SeriesInstanceUID for c in clean}) == len({c.FrameOfReferenceUID for c in clean}) == 1
    assert clean[0].SeriesInstanceUID != slices[0].SeriesInstanceUID
    assert clean[0].SOPClassUID == slices[0].SOPClassUID


def _day(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%d")


def test_a_folder_is_written_whole_and_still_reads(tmp_path: Path) -> None:
    folder = save(tmp_path / "in", series_of())
    table = PseudonymTable(tmp_path / "safe" / "table.json")
    deidentify_folder(folder, tmp_path / "out", table)
    assert np.array_equal(read_scan(tmp_path / "out").field.data, 2.0 * pattern() - 1024)
    text = (tmp_path / "out" / LISTING).read_text(encoding="utf-8")
    assert "SeriesDescription,removed,6" in text
    assert "Phantom" not in text
    kept = json.loads(table.path.read_text(encoding="utf-8"))
    assert kept["patients"]["P1"]["name"] == "Test^Phantom"
    assert table.path.stat().st_mode & 0o077 == 0
    again = PseudonymTable(table.path)
    assert again.pseudonym("P1", "") == table.pseudonym("P1", "")
    assert again.uid("1.2.3") == table.uid("1.2.3") != PseudonymTable(tmp_path / "other.json").uid("1.2.3")
    with pytest.raises(StorageError, match="must not lie in"):
        deidentify_folder(folder, tmp_path / "new", PseudonymTable(tmp_path / "new" / "table.json"))


def test_burned_in_text_is_flagged(tmp_path: Path) -> None:
    slices = series_of()
    slices[0].ImageType = ["DERIVED", "SECONDARY", "SCREEN SAVE"]
    slices[1].BurnedInAnnotation = "YES"
    slices[2].Modality = "US"
    slices[3].Modality, slices[3].BurnedInAnnotation = "US", "NO"
    slices[4].SOPClassUID = SecondaryCaptureImageStorage  # a scanner's page of doses calls itself CT
    slices[4].file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    assert [bool(burned_in(ds)) for ds in slices] == [True, True, True, False, True, False]
    removal = deidentify_folder(save(tmp_path / "in", slices), tmp_path / "out", PseudonymTable(tmp_path / "t.json"))
    assert len(removal.left_out) == 4
    removal = deidentify_folder(
        tmp_path / "in", tmp_path / "all", PseudonymTable(tmp_path / "t.json"), keep_flagged=True
    )
    assert (len(removal.flagged), len(removal.left_out)) == (4, 0)


def test_no_file_takes_the_place_of_another(tmp_path: Path) -> None:
    """Two slices without an identifier stay two; a copy counts once; two that differ under one name are refused."""
    slices = series_of()
    for ds in slices[:2]:
        ds.SOPInstanceUID = ""
    folder = save(tmp_path / "in", [*slices, slices[3]])
    deidentify_folder(folder, tmp_path / "out", PseudonymTable(tmp_path / "t.json"))
    assert len(list((tmp_path / "out").glob("*.dcm"))) == len(slices)
    slices[4].SOPInstanceUID = slices[5].SOPInstanceUID
    with pytest.raises(FileProblem, match="differ and have one identifier"):
        deidentify_folder(save(tmp_path / "two", slices), tmp_path / "no", PseudonymTable(tmp_path / "t.json"))
    assert not (tmp_path / "no").exists()


def test_an_exported_treatment_loses_its_name_and_keeps_its_links(exported: Path, tmp_path: Path) -> None:
    # With the usual prefix one pseudonym in 16 begins as this patient's own number does: HIFU-7.
    removal = deidentify_folder(exported, tmp_path / "out", PseudonymTable(tmp_path / "t.json", prefix="ANON"))
    left = {why.split()[1] for _, why in removal.left_out}
    assert {"SR", "DOC"} <= left
    images = set()
    for file in (tmp_path / "out").glob("*.dcm"):
        content = file.read_bytes()
        for secret in ("王", "小东", "HIFU-7", "19700101", "20260304"):
            assert secret.encode() not in content, (file.name, secret)
        ds = pydicom.dcmread(file, stop_before_pixels=True)
        if ds.Modality == "CT":
            images.add(str(ds.SOPInstanceUID))
    for file in (tmp_path / "out").glob("*.dcm"):
        ds = pydicom.dcmread(file, stop_before_pixels=True)
        if ds.Modality in ("RTSTRUCT", "SEG", "RTDOSE"):
            assert {str(e.value) for e in ds.iterall() if e.keyword == "ReferencedSOPInstanceUID"} & images


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (Debian: dicom3tools) is not installed")
def test_what_is_left_is_still_valid(exported: Path, tmp_path: Path) -> None:
    """Removing must not break an object: what the standard requires to be there is emptied or replaced."""
    deidentify_folder(exported, tmp_path / "out", PseudonymTable(tmp_path / "t.json"), keep_flagged=True)
    found, kinds = [], {}
    for file in (tmp_path / "out").glob("*.dcm"):
        kinds.setdefault(str(pydicom.dcmread(file, stop_before_pixels=True).Modality), []).append(file)
    assert set(kinds) == {"CT", "SEG", "RTSTRUCT", "RTDOSE", "OT"}
    for file in [f for files in kinds.values() for f in files[:4]]:
        run = subprocess.run(["dciodvfy", str(file)], capture_output=True, text=True, errors="replace", check=False)
        found += [f"{file.name}: {line}" for line in run.stderr.splitlines() if line.startswith("Error")]
    assert not found, "\n".join(found)


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text("{}", encoding="utf-8")
    with pytest.raises(FormatError, match="is no table of pseudonyms"):
        PseudonymTable(tmp_path / "t.json")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileProblem, match="holds no DICOM file"):
        deidentify_folder(tmp_path / "empty", tmp_path / "out", PseudonymTable(tmp_path / "u.json"))
