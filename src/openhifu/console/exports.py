"""A plan or run folder gathered for export: fields, spot table, report and pictures, and what the patient is called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from openhifu.base.errors import FileProblem
from openhifu.base.files import read_text
from openhifu.console.plan_files import load_planned
from openhifu.console.runs import RUN, Run, load_run
from openhifu.exchange.structured_report import Number, SpotLine, TreatmentText
from openhifu.exchange.study import Study, derived_uid
from openhifu.exchange.treatment import TreatmentToExport
from openhifu.imaging.dicom import ImageOrigin
from openhifu.imaging.making import ORIGIN_FILE
from openhifu.model.delivered import DeliveredSpot
from openhifu.planning.make import Planned
from openhifu.reporting.numbers import treatment_numbers


@dataclass(frozen=True)
class Naming:
    """What the patient and the study are called in an export.

    Attributes:
        patient_id: the hospital's identifier; empty for the case's pseudonym.
        patient_name: in DICOM form; empty for the pseudonym.
        birth_date: YYYYMMDD, or empty.
        sex: M, F, O or empty.
    """

    patient_id: str = ""
    patient_name: str = ""
    birth_date: str = ""
    sex: str = ""


@dataclass(frozen=True, eq=False)
class Gathered:
    """A plan, and its run where there is one."""

    planned: Planned
    run: Run | None


def gather(path: Path, case: Path | None) -> Gathered:
    """A run folder, or a plan file.

    Raises:
        FileProblem: if it is neither.
    """
    if (path / RUN).exists():
        run = load_run(path, case)
        return Gathered(run.planned, run)
    if path.is_file():
        return Gathered(load_planned(path, case), None)
    raise FileProblem(
        f"{path} is neither a run folder nor a plan file; give the folder of a run, or a plan's JSON file"
    )


def origin_of(planned: Planned) -> ImageOrigin | None:
    """The hospital's images a case was made from, as its folder says."""
    file = planned.data.folder / ORIGIN_FILE
    return ImageOrigin.from_document(read_text(file, "origin"), str(file)) if file.exists() else None


def study_of(gathered: Gathered, naming: Naming) -> Study:
    """The study an export joins.

    Given the hospital's patient identifier, it is the study of the planning images; under a pseudonym it is a new one,
    because an archive must not find one study under two patients. Coordinates are the images' own either way.
    """
    plan = gathered.planned.plan
    origin = origin_of(gathered.planned)
    pseudonym = gathered.planned.data.case.pseudonym
    identified = bool(naming.patient_id) and origin is not None and bool(origin.study)
    key = f"{plan.content_hash} {gathered.run.journal.last_hash if gathered.run else 'plan'} {naming.patient_id}"
    frame = origin.frame_of_reference if origin is not None and origin.frame_of_reference else ""
    return Study(
        patient_id=naming.patient_id or pseudonym,
        patient_name=_person(naming.patient_name or pseudonym),
        study_uid=origin.study if identified and origin is not None else derived_uid(key, "study"),
        frame_of_reference=frame or derived_uid(gathered.planned.data.case.image, "frame of reference"),
        key=key,
        when=_when(gathered.run),
        birth_date=naming.birth_date,
        sex=naming.sex,
    )


def to_export(gathered: Gathered, pdf: Path | None, pictures: tuple[Path, ...]) -> TreatmentToExport:
    """Everything that is exported of a plan or run.

    Raises:
        FileProblem: if the PDF or a picture cannot be read.
    """
    planned, run = gathered.planned, gathered.run
    delivered = run.delivered if run is not None else None
    return TreatmentToExport(
        data=planned.data,
        plan=planned.plan,
        origin=origin_of(planned),
        histories=(planned.history,) if delivered is None else (planned.history, delivered),
        text=treatment_text(gathered),
        pdf=None if pdf is None else _content(pdf),
        pictures=tuple((p.stem.replace("_", " ").replace("-", " "), _content(p)) for p in pictures),
    )


def treatment_text(gathered: Gathered) -> TreatmentText:
    """The structured report's words and numbers."""
    planned, run = gathered.planned, gathered.run
    plan = planned.plan
    spots = run.spots if run is not None else ()
    history = run.delivered if run is not None and run.delivered is not None else planned.history
    numbers = treatment_numbers(planned.data, plan, history, spots if run is not None else None)
    clinical = numbers.clinical()
    approval = run.approval if run is not None else None
    kind = "plan" if run is None else "rehearsal on the simulated device" if run.sheet.rehearsal else "treatment"
    ending = "not delivered" if run is None else f"{run.ending[0].value}: {run.ending[1]}"
    lines = (
        ("CASE", "Case", plan.case),
        ("DEVICE", "Device and serial number", f"{plan.device}, serial {plan.serial}"),
        ("ENDING", "How it ended", ending),
        ("PLAN_HASH", "Content hash of the plan", plan.content_hash),
        ("JOURNAL_HASH", "Last hash of the journal", run.journal.last_hash if run is not None else ""),
        ("APPROVAL", "Approved by", f"{approval.person}, {approval.role}, {approval.time}" if approval else ""),
        ("DOSE_FORM", "Form of CEM43", history.dose_form),
        ("FIELD", "How fields were computed", plan.provenance.field_method),
    )
    return TreatmentText(
        title=f"Focused ultrasound: {kind}",
        lines=lines,
        numbers=tuple(_clinical(clinical)),
        spots=_spots(gathered, spots),
        findings=tuple(f"{f.verdict.value}: {f.sentence}" for f in (*plan.errors, *plan.warnings)),
    )


_CLINICAL = (
    ("target_volume_ml", "TARGET_VOLUME", "Target volume", "mL", 1.0),
    ("npv_ml", "ABLATED_VOLUME", "Volume over the prescribed CEM43", "mL", 1.0),
    ("npv_ratio", "NPV_RATIO", "Ablated share of the target", "%", 100.0),
    ("energy_j", "ENERGY", "Acoustic energy", "J", 1.0),
    ("eef_j_per_mm3", "EEF", "Energy-efficiency factor, eta 1", "J/mm3", 1.0),
    ("treatment_minutes", "DURATION", "Duration", "min", 1.0),
    ("sonications", "EXPOSURES", "Number of exposures", "1", 1.0),
    ("peak_temperature_c", "PEAK_TEMPERATURE", "Highest temperature anywhere", "Cel", 1.0),
    ("skin_cem43_max", "SKIN_CEM43", "Highest CEM43 of skin", "min", 1.0),
    ("rib_cem43_max", "RIB_CEM43", "Highest CEM43 of ribs", "min", 1.0),
)


def _clinical(figures: dict[str, float | int | None]) -> list[Number]:
    return [
        Number(word, meaning, factor * float(value), unit)
        for key, word, meaning, unit, factor in _CLINICAL
        if (value := figures[key]) is not None
    ]


def _spots(gathered: Gathered, spots: tuple[DeliveredSpot, ...]) -> tuple[SpotLine, ...]:
    shots = {s.index: s for s in gathered.planned.plan.sonications}
    if gathered.run is None:
        return tuple(
            SpotLine(s.index, s.focus, _shot(s.acoustic_power, s.on_time, s.energy, s.predicted_peak), "planned")
            for s in shots.values()
        )
    return tuple(
        SpotLine(
            s.index, shots[s.index].focus, _shot(s.acoustic_power, s.on_time, s.energy, s.measured_peak), s.ending.value
        )
        for s in spots
    )


def _shot(power: float, on_time: float, energy: float, peak: float | None) -> tuple[Number, ...]:
    hot = () if peak is None else (Number("PEAK_TEMPERATURE", "Highest temperature in the target", peak, "Cel"),)
    return (
        Number("POWER", "Mean acoustic power while on", power, "W"),
        Number("ON_TIME", "Time on", on_time, "s"),
        Number("ENERGY", "Acoustic energy", energy, "J"),
        *hot,
    )


def _person(name: str) -> str:
    """A name in the form of the standard: one of a single part ends in a caret, which says that no part is missing."""
    return name if "^" in name else f"{name}^"


def _when(run: Run | None) -> datetime:
    return datetime.fromisoformat(run.sheet.started) if run is not None else datetime.now(UTC).astimezone()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileProblem(f"cannot read {path}: {error.strerror or error}; make the report first") from error
