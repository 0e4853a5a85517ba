"""A whole treatment as DICOM objects that point at one another: images, structures, maps, dose, report, pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from openhifu.base.errors import StorageError
from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid
from openhifu.base.progress import Progress, silent
from openhifu.exchange.ct_series import ct_series
from openhifu.exchange.documents import encapsulated_pdf, secondary_capture
from openhifu.exchange.parametric import parametric_map
from openhifu.exchange.rt_dose import rt_dose
from openhifu.exchange.segmentation import segmentation
from openhifu.exchange.structure_set import structure_set
from openhifu.exchange.structured_report import TreatmentText, structured_report
from openhifu.exchange.study import Study
from openhifu.imaging.dicom import ImageOrigin
from openhifu.imaging.morphology import Mask
from openhifu.model.case_data import CaseData
from openhifu.model.history import TreatmentHistory
from openhifu.model.plan import TreatmentPlan
from openhifu.model.regions import organ_mask, target_mask


@dataclass(frozen=True, eq=False)
class TreatmentToExport:
    """What is exported.

    Attributes:
        data: the case.
        plan: the plan.
        origin: the hospital's images; None where the case came from a NIfTI file.
        histories: planned, and delivered where there is one.
        text: of the structured report.
        pdf: the report; None for none.
        pictures: title and PNG of key pictures.
    """

    data: CaseData
    plan: TreatmentPlan
    origin: ImageOrigin | None
    histories: tuple[TreatmentHistory, ...]
    text: TreatmentText
    pdf: bytes | None
    pictures: tuple[tuple[str, bytes], ...]


def structures(data: CaseData, plan: TreatmentPlan) -> dict[str, Mask]:
    """Target first, then every organ at risk that occurs, on the case's grid."""
    grid = data.ct.grid
    masks = {"target": target_mask(plan.target, grid, data.labels)}
    masks |= {o.name: organ_mask(o, grid, data.labels, data.tissues) for o in plan.organs}
    return {name: mask for name, mask in masks.items() if mask.any()}


def write_treatment(given: TreatmentToExport, study: Study, folder: Path, progress: Progress = silent) -> list[Path]:
    """Write every object of a treatment into a folder that must be new; returns the files.

    The same treatment and study give the same identifiers, so that exporting twice makes no twins in an archive.

    Raises:
        StorageError: if the folder exists or cannot be written.
    """
    if folder.exists():
        raise StorageError(f"{folder} exists already; remove it or choose another folder")
    files = []
    for name, ds in treatment_objects(given, study, progress):
        file = folder / name
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            ds.save_as(file, enforce_file_format=True)
        except OSError as error:
            raise StorageError(f"cannot write {file}: {error.strerror or error}; free some space") from error
        files.append(file)
    return files


def treatment_objects(given: TreatmentToExport, study: Study, progress: Progress = silent) -> Iterator[tuple[str, Any]]:
    """File name and data set of every object; all point at the planning CT, which comes first."""
    stage = "writing DICOM objects"
    grid = given.data.ct.grid
    images = ct_series(given.data.ct, study, given.origin)
    yield from ((f"ct/{n:04d}.dcm", image) for n, image in enumerate(images, start=1))
    progress(stage, 0.3)
    masks = structures(given.data, given.plan)
    drawn = structure_set(masks, grid, study, images)
    segments = segmentation(masks, grid, study, images)
    yield "structures.dcm", drawn
    yield "segmentation.dcm", segments
    progress(stage, 0.5)
    evidence = [*images, segments]
    number = 4
    for history in given.histories:
        for name, field, explanation in _maps(history):
            title = f"{history.title} {name}"
            made = parametric_map(field, study, images, number, title, explanation)
            evidence.append(made)
            yield f"{title.replace(' ', '-')}.dcm", made
            number += 1
        dose = rt_dose(_upright(history.cem43), study, images, drawn, number, history.title, history.dose_form)
        yield f"{history.title}-rtdose.dcm", dose
        number += 1
    progress(stage, 0.8)
    yield "report-sr.dcm", structured_report(given.text, study, evidence, number)
    if given.pdf is not None:
        yield "report-pdf.dcm", encapsulated_pdf(given.pdf, study, images[:1], number + 1, "Treatment report")
    for n, (title, png) in enumerate(given.pictures, start=1):
        yield f"pictures/{n:02d}.dcm", secondary_capture(png, study, images, number + 2, n, title)
    progress(stage, 1.0)


def _maps(history: TreatmentHistory) -> tuple[tuple[str, Field, str], ...]:
    return (
        ("peak temperature", history.peak_temperature, "highest temperature ever reached"),
        ("thermal dose CEM43", history.cem43, history.dose_form),
        ("pressure", history.pressure, f"peak amplitude, sonication {history.pressure_of + 1} at planned power"),
    )


def _upright(field: Field) -> Field:
    """The same values along the patient's axes, which dose viewers ask for; resampled where the grid was oblique."""
    steps = field.grid.affine[:3, :3]
    along = np.abs(steps) > 1e-9 * np.abs(steps).max()
    if along.sum() == 3:
        return field
    spacing = min(field.grid.spacing)
    corners = field.grid.world([[i, j, k] for i in _ends(field, 0) for j in _ends(field, 1) for k in _ends(field, 2)])
    box = Grid.box(corners.min(axis=0), corners.max(axis=0), spacing, field.grid.frame)
    resampled = field.resampled(box, outside=0.0)
    return Field(box, np.maximum(resampled.data, 0.0), Quantity.CEM43)


def _ends(field: Field, axis: int) -> tuple[int, int]:
    return 0, field.grid.shape[axis] - 1
