"""Run folders: what a rehearsal or treatment leaves behind, readable at any moment.

``plan.json`` with its companions, ``run.json`` (on whom, from which seed), ``journal.jsonl``, ``approval.json`` where
there is one, and ``delivered.h5`` once the run is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from openhifu.base.errors import StorageError
from openhifu.base.files import read_text, write_whole
from openhifu.base.outcome import Ending
from openhifu.base.record import Record
from openhifu.console.plan_files import load_planned, save_planned
from openhifu.delivery.folds import delivered_spots
from openhifu.delivery.journal import JournalReading, read_journal
from openhifu.imaging.hdf5 import read_history, write_history
from openhifu.model.delivered import DeliveredSpot
from openhifu.model.events import RunEnded
from openhifu.model.history import TreatmentHistory
from openhifu.model.plan import Approval
from openhifu.model.tissue_draw import TissueDraw
from openhifu.planning.make import Planned

PLAN, RUN, JOURNAL, APPROVAL, DELIVERED = "plan.json", "run.json", "journal.jsonl", "approval.json", "delivered.h5"


class RunSheet(Record):
    """What a run is, written before it begins.

    Attributes:
        plan_hash: the plan.
        seed: of the simulated patient and machine.
        rehearsal: whether it is one; otherwise an approved treatment on the simulated device.
        started: ISO time.
        program: name and version.
        drawn: how the simulated patient's tissue differs from the plan's.
    """

    plan_hash: str
    seed: int
    rehearsal: bool
    started: str
    program: str
    drawn: TissueDraw


@dataclass(frozen=True, eq=False)
class Run:
    """A run folder, read.

    Attributes:
        folder: where.
        planned: the plan with its case, prediction and window.
        sheet: what the run is.
        journal: as read and verified.
        approval: None in a rehearsal.
        delivered: None if the run was cut off before its fields were written.
    """

    folder: Path
    planned: Planned
    sheet: RunSheet
    journal: JournalReading
    approval: Approval | None
    delivered: TreatmentHistory | None

    @property
    def spots(self) -> tuple[DeliveredSpot, ...]:
        """Every exposure that was begun, from the journal."""
        return tuple(delivered_spots(self.journal.events))

    @property
    def ending(self) -> tuple[Ending, str]:
        """How it ended, and the sentence; a journal without an ending is a fault."""
        last = self.journal.events[-1].what if self.journal.events else None
        if isinstance(last, RunEnded):
            return last.ending, last.sentence
        return Ending.FAULT, "the journal has no ending: the program was cut off"


def prepare(folder: Path, planned: Planned, sheet: RunSheet, approval: Approval | None) -> Path:
    """Make a run folder with everything that is known before the run; returns the path of its journal.

    Raises:
        StorageError: if the folder already holds a run, or cannot be written.
    """
    if (folder / JOURNAL).exists():
        raise StorageError(f"{folder} already holds a run; a run is never overwritten, choose another folder")
    save_planned(planned, folder / PLAN)
    if approval is not None:
        write_whole(folder / APPROVAL, approval.to_document().encode())
    write_whole(folder / RUN, sheet.to_document().encode())
    return folder / JOURNAL


def finish(folder: Path, delivered: TreatmentHistory) -> None:
    """Add what was delivered."""
    write_history(folder / DELIVERED, delivered)


def load_run(folder: Path, case_folder: Path | None = None) -> Run:
    """Read a run folder.

    Raises:
        FileProblem: if it is not one.
        Tampered: if plan, sheet or approval were edited.
    """
    sheet = RunSheet.from_document(read_text(folder / RUN, "run"), str(folder / RUN))
    approved = folder / APPROVAL
    approval = Approval.from_document(read_text(approved, "approval"), str(approved)) if approved.exists() else None
    delivered = read_history(folder / DELIVERED) if (folder / DELIVERED).exists() else None
    return Run(
        folder=folder,
        planned=load_planned(folder / PLAN, case_folder),
        sheet=sheet,
        journal=read_journal(folder / JOURNAL),
        approval=approval,
        delivered=delivered,
    )
