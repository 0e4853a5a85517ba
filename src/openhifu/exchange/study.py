"""What the objects of one export have in common: patient, study, frame of reference, identifiers made from content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any

MAKER = "OpenHIFU"


@dataclass(frozen=True)
class Study:
    """Patient and study of an export.

    Attributes:
        patient_id: identifier in the hospital, or a pseudonym.
        patient_name: in DICOM form ``Family^Given``, or a pseudonym.
        study_uid: the study the objects join.
        frame_of_reference: the coordinates they lie in.
        key: what identifiers of new objects are derived from, such as the plan's hash: the same export, the same ones.
        when: time that is written into the objects.
        birth_date: YYYYMMDD or empty.
        sex: M, F, O or empty.
        description: of the study.
    """

    patient_id: str
    patient_name: str
    study_uid: str
    frame_of_reference: str
    key: str
    when: datetime
    birth_date: str = ""
    sex: str = ""
    description: str = "Focused ultrasound therapy"

    def uid(self, *what: object) -> str:
        """A unique identifier derived from the key and words, the same each time (2.25 form of the standard)."""
        return derived_uid(self.key, *what)


def derived_uid(*what: object) -> str:
    """A DICOM identifier from words: the same words give the same one.

    The standard derives such identifiers from a UUID (PS3.5 B.2); here from 122 bits of a SHA-256, marked as version 8.
    """
    digest = bytearray(hashlib.sha256("\x1f".join(map(str, what)).encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return f"2.25.{int.from_bytes(digest, 'big')}"


def program_version() -> str:
    """Version of the program, as objects state it."""
    return version("openhifu")


def new_object(study: Study, sop_class: str, modality: str, series: str, number: int, description: str) -> Any:
    """A data set with patient, study, series, equipment and frame of reference.

    Args:
        study: of the export.
        sop_class: SOP class UID.
        modality: e.g. ``"CT"``.
        series: words the series' identifier is derived from.
        number: of the series.
        description: of the series.
    """
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian

    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = UID(sop_class)
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.Modality = sop_class, modality
    ds.PatientName, ds.PatientID = study.patient_name, study.patient_id
    ds.PatientBirthDate, ds.PatientSex = study.birth_date, study.sex
    ds.StudyInstanceUID, ds.StudyID, ds.AccessionNumber, ds.ReferringPhysicianName = study.study_uid, "", "", ""
    ds.StudyDate, ds.StudyTime, ds.StudyDescription = date(study.when), time_of_day(study.when), study.description
    ds.SeriesInstanceUID, ds.SeriesNumber, ds.SeriesDescription = study.uid(series), number, description
    ds.Manufacturer, ds.ManufacturerModelName, ds.SoftwareVersions = MAKER, MAKER, program_version()
    ds.DeviceSerialNumber = "0"
    ds.InstanceCreationDate, ds.InstanceCreationTime = date(study.when), time_of_day(study.when)
    return ds


def named(ds: Any, uid: str, number: int) -> Any:
    """Give an object its identifier and number in its series."""
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = uid
    ds.InstanceNumber = number
    return ds


def date(when: datetime) -> str:
    """A date as DICOM writes it."""
    return when.strftime("%Y%m%d")


def time_of_day(when: datetime) -> str:
    """A time as DICOM writes it."""
    return when.strftime("%H%M%S")


def reference(ds: Any) -> Any:
    """An item that points at an object."""
    from pydicom.dataset import Dataset

    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    return item
