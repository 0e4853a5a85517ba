"""What is recorded of a treatment, found in the files: cases, plans, approvals, runs, follow-up and quality records."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from openhifu.base.errors import FormatError, InputError, StorageError, Tampered
from openhifu.base.files import read_text, write_whole
from openhifu.console.plan_files import load_plan
from openhifu.console.runs import JOURNAL, PLAN, RUN, RunSheet, load_run
from openhifu.console.treatment_commands import approval_file
from openhifu.delivery.folds import delivered_spots
from openhifu.delivery.journal import read_journal
from openhifu.imaging.case_file import read_case_text
from openhifu.imaging.reading import CASE_FILE
from openhifu.model.case import Case
from openhifu.model.events import RunEnded
from openhifu.model.plan import Approval, TreatmentPlan
from openhifu.records.entries import ApprovalEntry, CaseEntry, Entry, FollowUp, PatientEntry, PlanEntry, RunEntry
from openhifu.records.quality import QualityEntry
from openhifu.reporting.numbers import treatment_numbers

KINDS: tuple[type[Entry], ...] = (
    PatientEntry,
    CaseEntry,
    PlanEntry,
    ApprovalEntry,
    RunEntry,
    FollowUp,
    QualityEntry,
)
"""Every kind of entry, in the order in which they depend on one another."""

DATABASE = "OPENHIFU_RECORDS"
"""Environment variable with the database's address."""

_FILED: dict[str, type[FollowUp] | type[QualityEntry]] = {"follow-up": FollowUp, "quality": QualityEntry}
"""Folders of entries that have no file of their own elsewhere."""


def database(given: str) -> str:
    """The address that was given, or the environment's, or a SQLite file in the current folder."""
    return given or os.environ.get(DATABASE, "") or "sqlite:///openhifu-records.db"


def filed(entry: FollowUp | QualityEntry, folder: Path) -> Path:
    """Write an entry to a file of its own, from which the database can be rebuilt; returns the file.

    Raises:
        StorageError: if it cannot be written.
    """
    kind = next(name for name, kind in _FILED.items() if isinstance(entry, kind))
    file = folder / kind / f"{entry.content_hash[:16]}.json"
    write_whole(file, entry.to_document().encode())
    return file


def entries_under(root: Path) -> Iterator[tuple[Path, tuple[Entry, ...]]]:
    """Every file or folder below ``root`` that something is recorded of, with what is.

    A damaged one raises when it is reached.

    Raises:
        StorageError: if there is no such folder.
        InputError: any kind of it, naming what is damaged.
    """
    if not root.is_dir():
        raise StorageError(f"there is no folder {root} to look through; check the path")
    for folder, names, files in os.walk(root):
        names.sort()
        here = Path(folder)
        if CASE_FILE in files:
            yield here, case_entries(here)
        if RUN in files and JOURNAL in files:
            yield here, run_entries(here)
        elif here.name in _FILED:
            for name in sorted(files):
                if name.endswith(".json") and not name.startswith("."):
                    kind = _FILED[here.name]
                    yield here / name, (kind.from_document(read_text(here / name, "entry"), str(here / name)),)
        else:
            for name in sorted(files):
                if name.endswith(".json") and _is_plan(here / name):
                    yield here / name, plan_entries(here / name)


def case_entries(folder: Path) -> tuple[Entry, ...]:
    """Patient and case of a case folder."""
    case = read_case_text(read_text(folder / CASE_FILE, "case"), str(folder / CASE_FILE)).case(str(folder))
    return tuple(_of_case(case, folder))


def _of_case(case: Case, folder: Path) -> list[Entry]:
    who, key = case.pseudonym, case.content_hash
    entry = CaseEntry(case=key, patient=who, name=case.name, device=case.device, folder=str(folder))
    return [PatientEntry(pseudonym=who), entry]


def plan_entries(file: Path) -> tuple[Entry, ...]:
    """A plan, and its approval where one lies beside it."""
    plan = load_plan(file)
    beside = approval_file(file)
    found: list[Entry] = [_plan_entry(plan, file)]
    if beside.exists():
        found.append(_approval_entry(Approval.from_document(read_text(beside, "approval"), str(beside))))
    return tuple(found)


def run_entries(folder: Path) -> tuple[Entry, ...]:
    """A run with its plan and approval; with the figures of what was delivered where its case can still be read."""
    plan = load_plan(folder / PLAN)
    sheet = RunSheet.from_document(read_text(folder / RUN, "run"), str(folder / RUN))
    if sheet.plan_hash != plan.content_hash:
        raise Tampered(f"{folder / RUN} names plan {sheet.plan_hash[:12]}, beside it lies {plan.content_hash[:12]}")
    journal = read_journal(folder / JOURNAL)
    if not journal.events:
        raise FormatError(f"{folder / JOURNAL} holds no event; nothing of this run can be recorded")
    spots = delivered_spots(journal.events)
    last = journal.events[-1].what
    found: list[Entry] = [_plan_entry(plan, folder / PLAN)]
    if (folder / "approval.json").exists():
        text = read_text(folder / "approval.json", "approval")
        found.append(_approval_entry(Approval.from_document(text, str(folder / "approval.json"))))
    figures, of_case = _delivered(folder)
    found += of_case
    entry = RunEntry(
        run=journal.last_hash,
        plan=plan.content_hash,
        rehearsal=sheet.rehearsal,
        started=sheet.started,
        ending=last.ending.value if isinstance(last, RunEnded) else "cut off",
        sonications=len(spots),
        energy=float(sum(s.energy for s in spots)),
        beam_on=float(sum(s.on_time for s in spots)),
        folder=str(folder),
        **figures,
    )
    return (*found, entry)


def _delivered(folder: Path) -> tuple[dict[str, float], list[Entry]]:
    """Figures that need the case's images, and the case as planned; nothing where it is not to be had any more."""
    beside = folder.parent / "case"
    try:
        run = load_run(folder, beside if (beside / CASE_FILE).exists() else None)
    except InputError:
        return {}, []
    data = run.planned.data
    of_case = _of_case(data.case, data.folder)
    if run.delivered is None:
        return {}, of_case
    numbers = treatment_numbers(run.planned.data, run.planned.plan, run.delivered, run.spots)
    figures = {
        "duration": numbers.duration,
        "target_volume": numbers.target_volume,
        "ablated_volume": numbers.ablated_volume,
        "ablated_target_volume": numbers.ablated_target_volume,
        "peak_temperature": numbers.peak_temperature,
    }
    return figures, of_case


def _plan_entry(plan: TreatmentPlan, file: Path) -> PlanEntry:
    return PlanEntry(
        plan=plan.content_hash,
        case=plan.provenance.case_hash,
        device=plan.device,
        serial=plan.serial,
        sonications=len(plan.sonications),
        energy=plan.energy,
        coverage=plan.prediction.coverage,
        target_volume=plan.prediction.target_volume,
        file=str(file),
    )


def _approval_entry(approval: Approval) -> ApprovalEntry:
    return ApprovalEntry(plan=approval.plan_hash, person=approval.person, role=approval.role, time=approval.time)


def _is_plan(file: Path) -> bool:
    with file.open("rb") as stream:
        return b'"record": "TreatmentPlan"' in stream.read(200)


def now() -> str:
    """This moment, with its offset."""
    return datetime.now(UTC).astimezone().isoformat(timespec="seconds")
