"""A treatment's DICOM objects: free of errors, linked to the planning images, and equal to what went in."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK

from openhifu.base.errors import FormatError, StorageError
from openhifu.base.field import Field, Quantity
from openhifu.exchange.ct_series import ct_series
from openhifu.exchange.parametric import parametric_map, read_parametric
from openhifu.exchange.rt_dose import read_rt_dose
from openhifu.exchange.treatment import TreatmentToExport, structures, write_treatment
from openhifu.imaging import read_scan
from openhifu.imaging.dicom.structures import read_structures
from tests.unit.exchange.conftest import PDF, study


def files(folder: Path) -> list[Path]:
    return sorted(f for f in folder.rglob("*.dcm"))


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (Debian: dicom3tools) is not installed")
def test_dciodvfy_reports_no_error(exported: Path) -> None:
    found = []
    for file in [*files(exported / "ct")[:2], *(f for f in files(exported) if f.parent != exported / "ct")]:
        run = subprocess.run(["dciodvfy", str(file)], capture_output=True, text=True, errors="replace", check=False)
        found += [f"{file.name}: {line}" for line in run.stderr.splitlines() if line.startswith("Error")]
    assert not found, "\n".join(found)


def test_everything_points_at_the_planning_images(exported: Path) -> None:
    images = [pydicom.dcmread(f, stop_before_pixels=True) for f in files(exported / "ct")]
    uids = {str(i.SOPInstanceUID) for i in images}
    for file in files(exported):
        ds = pydicom.dcmread(file, stop_before_pixels=True)
        assert (ds.PatientID, ds.StudyInstanceUID) == ("HIFU-7", images[0].StudyInstanceUID), file.name
        assert str(ds.PatientName) == "王^小东"
        if "FrameOfReferenceUID" in ds:
            assert ds.FrameOfReferenceUID == images[0].FrameOfReferenceUID
        named = {str(e.value) for e in ds.iterall() if e.keyword == "ReferencedSOPInstanceUID"}
        if file.parent != exported / "ct":
            assert named & uids, f"{file.name} points at none of the planning images"
    assert len(images[0].SourceImageSequence) == 5


def test_the_same_treatment_has_the_same_identifiers(
    treatment: TreatmentToExport, exported: Path, tmp_path: Path
) -> None:
    write_treatment(treatment, study(), tmp_path / "again")
    for one, two in zip(files(exported), files(tmp_path / "again"), strict=True):
        assert pydicom.dcmread(one).SOPInstanceUID == pydicom.dcmread(two).SOPInstanceUID, one.name
    with pytest.raises(StorageError, match="exists already"):
        write_treatment(treatment, study(), tmp_path / "again")


def test_fields_come_back_with_unit_and_form(treatment: TreatmentToExport, exported: Path) -> None:
    history = treatment.histories[0]
    for name, field in (
        ("planned-peak-temperature", history.peak_temperature),
        ("planned-thermal-dose-CEM43", history.cem43),
        ("planned-pressure", history.pressure),
    ):
        ds = pydicom.dcmread(exported / f"{name}.dcm")
        back = read_parametric(ds, name)
        assert back.quantity is field.quantity
        assert back.grid.same_as(field.grid)
        assert np.array_equal(back.data, field.data)
        if field.quantity is Quantity.CEM43:
            mapping = ds.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence[0]
            assert mapping.LUTExplanation == history.dose_form[:64]
            assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == "min"


def test_the_dose_is_marked_as_thermal(treatment: TreatmentToExport, exported: Path) -> None:
    ds = pydicom.dcmread(exported / "planned-rtdose.dcm")
    assert "THERMAL DOSE CEM43 [min], not radiation" in ds.DoseComment
    assert (ds.DoseUnits, list(map(float, ds.ImageOrientationPatient))) == ("RELATIVE", [1, 0, 0, 0, 1, 0])
    dose = read_rt_dose(ds, "dose")
    cem43 = treatment.histories[0].cem43
    assert dose.data.max() == pytest.approx(1e5, rel=1e-6)
    hot = dose.grid.points()[(dose.data > 240)]
    assert np.all(cem43.at(hot, outside=0.0) > 239)
    ds.DoseComment = "photons"
    with pytest.raises(FormatError, match="not marked as thermal dose"):
        read_rt_dose(ds, "dose")


def test_structures_come_back_voxel_by_voxel(treatment: TreatmentToExport, exported: Path) -> None:
    image = read_scan(exported / "ct")
    assert np.array_equal(image.field.data, np.rint(treatment.data.ct.data))
    masks = structures(treatment.data, treatment.plan)
    for name in ("structures.dcm", "segmentation.dcm"):
        found = read_structures(
            exported / name, image.field.grid, image.origin.frame_of_reference if image.origin else ""
        )
        assert found.keys() == masks.keys()
        assert all(np.array_equal(found[key], masks[key]) for key in masks), name


def test_the_report_holds_the_spot_table(treatment: TreatmentToExport, exported: Path) -> None:
    ds = pydicom.dcmread(exported / "report-sr.dcm")
    table = next(i for i in ds.ContentSequence if i.ConceptNameCodeSequence[0].CodeValue == "SPOTS")
    assert len(table.ContentSequence) == 4
    spot = table.ContentSequence[2]
    values = [item.MeasuredValueSequence[0] for item in spot.ContentSequence[:4]]
    focus = [float(v.NumericValue) for v in values[:3]]
    assert focus == pytest.approx([1e3 * v for v in treatment.plan.sonications[2].focus])
    power = values[3]
    assert float(power.NumericValue) == pytest.approx(treatment.plan.sonications[2].acoustic_power)
    assert power.MeasurementUnitsCodeSequence[0].CodeValue == "W"
    pdf = pydicom.dcmread(exported / "report-pdf.dcm")
    assert pdf.EncapsulatedDocument[: pdf.EncapsulatedDocumentLength] == PDF
    assert pydicom.dcmread(exported / "pictures" / "01.dcm").pixel_array.shape[2] == 3


@pytest.mark.skipif(shutil.which("dsrdump") is None, reason="DCMTK's viewers (Debian: dcmtk) are not installed")
def test_other_programs_open_them(treatment: TreatmentToExport, exported: Path, tmp_path: Path) -> None:
    """DCMTK shows report, PDF and pictures; ITK takes CT and thermal dose to the places they have here."""
    read = subprocess.run(["dsrdump", exported / "report-sr.dcm"], capture_output=True, text=True, check=True).stdout
    for n, spot in enumerate(treatment.text.spots, start=1):
        assert f"Exposure {n}" in read
        assert f"{1e3 * spot.focus[0]:.10g}" in read
    subprocess.run(["dcm2pdf", exported / "report-pdf.dcm", tmp_path / "report.pdf"], check=True)
    assert (tmp_path / "report.pdf").read_bytes()[: len(PDF)] == PDF
    for name, colours in (("ct/0003.dcm", b"P5"), ("pictures/01.dcm", b"P6")):
        subprocess.run(["dcmj2pnm", "+Wm", exported / name, tmp_path / "picture.pnm"], check=True)
        assert (tmp_path / "picture.pnm").read_bytes().startswith(colours)
    cem43 = treatment.histories[0].cem43
    for names, field, factor in (
        ([str(f) for f in files(exported / "ct")], treatment.data.ct, 1.0),
        ([str(exported / "planned-rtdose.dcm")], cem43, float(_element(exported, "DoseGridScaling"))),
    ):
        image = SimpleITK.ReadImage(names if len(names) > 1 else names[0])
        values = SimpleITK.GetArrayFromImage(image).astype(float)
        where = np.unravel_index(int(np.argmax(values)), values.shape)
        place = image.TransformIndexToPhysicalPoint([int(n) for n in where[::-1]])
        at = np.asarray(place)[None] * 1e-3
        assert values[where] * factor == pytest.approx(min(float(field.at(at, outside=0.0)[0]), 1e5), rel=1e-3)


def _element(exported: Path, keyword: str) -> Any:
    return pydicom.dcmread(exported / "planned-rtdose.dcm", stop_before_pixels=True)[keyword].value


def test_what_cannot_be_written_is_refused(treatment: TreatmentToExport) -> None:
    images = ct_series(treatment.data.ct, study(), None)
    field = treatment.histories[0].cem43
    broken = Field(field.grid, np.where(field.data > 200, np.inf, field.data), Quantity.CEM43)
    with pytest.raises(FormatError, match="values that are no number"):
        parametric_map(broken, study(), images, 4, "dose", "form")
    with pytest.raises(FormatError, match="is not written as a Parametric Map"):
        parametric_map(treatment.data.ct, study(), images, 4, "dose", "form")
