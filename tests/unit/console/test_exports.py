"""An export joins the study of the hospital's images only under the hospital's own patient identifier."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from openhifu.console.exports import Naming, origin_of, study_of
from openhifu.imaging.dicom import ImageOrigin
from openhifu.imaging.making import ORIGIN_FILE

ORIGIN = ImageOrigin(modality="CT", study="1.2.3", series="1.2.4", frame_of_reference="1.2.5", instances=("1.2.6",))


def gathered(folder: Path) -> Any:
    case = SimpleNamespace(pseudonym="P-7", image="ab" * 32)
    planned = SimpleNamespace(
        plan=SimpleNamespace(content_hash="cd" * 32), data=SimpleNamespace(case=case, folder=folder)
    )
    return SimpleNamespace(planned=planned, run=None)


def test_a_pseudonym_gets_a_study_of_its_own_in_the_images_coordinates(tmp_path: Path) -> None:
    (tmp_path / ORIGIN_FILE).write_text(ORIGIN.to_document(), encoding="utf-8")
    study = study_of(gathered(tmp_path), Naming())
    assert (study.patient_id, study.patient_name) == ("P-7", "P-7^")
    assert study.study_uid != "1.2.3"
    assert study.frame_of_reference == "1.2.5"
    again = study_of(gathered(tmp_path), Naming())
    assert (again.study_uid, again.uid("structures", 0)) == (study.study_uid, study.uid("structures", 0))


def test_the_hospitals_identifier_joins_the_hospitals_study(tmp_path: Path) -> None:
    (tmp_path / ORIGIN_FILE).write_text(ORIGIN.to_document(), encoding="utf-8")
    study = study_of(gathered(tmp_path), Naming("4711", "Wang^Xiaodong", "19700101", "F"))
    assert (study.study_uid, study.frame_of_reference) == ("1.2.3", "1.2.5")
    assert (study.patient_name, study.birth_date, study.sex) == ("Wang^Xiaodong", "19700101", "F")
    assert study.uid("structures", 0) != study_of(gathered(tmp_path), Naming()).uid("structures", 0)


def test_a_case_from_nifti_has_coordinates_of_its_own(tmp_path: Path) -> None:
    assert origin_of(gathered(tmp_path).planned) is None
    study = study_of(gathered(tmp_path), Naming("4711"))
    assert study.study_uid.startswith("2.25.")
    assert study.frame_of_reference == study_of(gathered(tmp_path), Naming()).frame_of_reference
