"""A made-up treatment ready for export, written once as DICOM objects."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from openhifu.base.field import Field, Quantity
from openhifu.exchange.structured_report import Number, SpotLine, TreatmentText
from openhifu.exchange.study import Study, derived_uid
from openhifu.exchange.treatment import TreatmentToExport, write_treatment
from openhifu.imaging.dicom import ImageOrigin
from openhifu.model.case_data import CaseData
from openhifu.model.tissuemap import LabelMap, TissueMap
from openhifu.reporting.figures import style
from tests.unit.reporting.conftest import data as data  # fixtures of the same phantom
from tests.unit.reporting.conftest import history
from tests.unit.reporting.conftest import plan as plan

WHEN = datetime(2026, 3, 4, 10, 20, 30, tzinfo=UTC)
PDF = b"%PDF-1.4\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"


def study() -> Study:
    return Study("HIFU-7", "王^小东", derived_uid("study"), derived_uid("frame"), "a treatment", WHEN, "19700101", "F")


def coarse(data: CaseData) -> CaseData:
    """Every third voxel: the same patient, quicker to write."""
    grid = data.ct.grid
    step = np.diag([3.0, 3.0, 3.0, 1.0])
    part = type(grid)(data.ct.data[::3, ::3, ::3].shape, grid.affine @ step, grid.frame)
    assert data.labels is not None
    return CaseData(
        data.case,
        data.folder,
        Field(part, data.ct.data[::3, ::3, ::3], Quantity.HOUNSFIELD),
        LabelMap(part, data.labels.data[::3, ::3, ::3], data.labels.names),
        TissueMap(part, data.tissues.data[::3, ::3, ::3], data.tissues.tissues),
    )


def picture() -> bytes:
    def draw():
        figure = style.new_figure(60, 40)
        figure.subplots().plot([0, 1], [0, 1])
        return figure

    return style.png(draw, 60)


@pytest.fixture(scope="session")
def treatment(data: CaseData, plan) -> TreatmentToExport:
    origin = ImageOrigin(
        modality="CT",
        study=derived_uid("study"),
        series=derived_uid("their series"),
        frame_of_reference=derived_uid("frame"),
        instances=tuple(derived_uid("slice", n) for n in range(5)),
    )
    shots = tuple(
        SpotLine(
            s.index, s.focus, (Number("POWER", "Mean acoustic power while on", s.acoustic_power, "W"),), "completed"
        )
        for s in plan.sonications[:4]
    )
    text = TreatmentText(
        title="Focused ultrasound: rehearsal on the simulated device",
        lines=(("CASE", "Case", plan.case), ("PLAN_HASH", "Content hash of the plan", plan.content_hash)),
        numbers=(Number("EEF", "Energy-efficiency factor, eta 1", 3.9, "J/mm3"),),
        spots=shots,
        findings=tuple(f.sentence for f in plan.warnings),
    )
    return TreatmentToExport(
        coarse(data), plan, origin, (history("planned", plan, 1.0),), text, PDF, (("temperature", picture()),)
    )


@pytest.fixture(scope="session")
def exported(treatment: TreatmentToExport, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "dicom"
    write_treatment(treatment, study(), folder)
    return folder
