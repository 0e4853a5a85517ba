"""What run folders say, read anew only when they changed."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from openhifu.base.errors import FileProblem, HifuError
from openhifu.base.files import read_text
from openhifu.base.outcome import Ending
from openhifu.console.runs import JOURNAL, PLAN, RUN, RunSheet
from openhifu.console.server.library import Library
from openhifu.delivery.folds import begun, delivered_energy
from openhifu.delivery.journal import JournalReading, read_journal
from openhifu.model.events import RunEnded, RunStarted
from openhifu.model.plan import TreatmentPlan


@dataclass(frozen=True, eq=False)
class RunSeen:
    """A run folder as it stands.

    Attributes:
        id: name of the folder.
        sheet: what the run is.
        journal: as read and verified.
        plan: what is delivered.
    """

    id: str
    sheet: RunSheet
    journal: JournalReading
    plan: TreatmentPlan

    @property
    def ending(self) -> tuple[Ending, str] | None:
        """How it ended, and the sentence; None if the journal has no ending."""
        last = self.journal.events[-1].what if self.journal.events else None
        return (last.ending, last.sentence) if isinstance(last, RunEnded) else None

    @property
    def earlier(self) -> frozenset[int]:
        """Indices of the spots begun in the runs that this one goes on from."""
        first = self.journal.events[0].what if self.journal.events else None
        return frozenset(first.done) if isinstance(first, RunStarted) else frozenset[int]()

    @property
    def begun(self) -> frozenset[int]:
        """Indices of the spots of the plan begun in this run or those it goes on from."""
        return self.earlier | begun(self.journal.events)

    @property
    def spots_done(self) -> int:
        """How many these are."""
        return len(self.begun)

    @property
    def energy(self) -> float:
        """J delivered in this run."""
        return delivered_energy(self.journal.events)

    @property
    def is_whole(self) -> bool:
        """Whether every spot of the plan was begun and the run completed."""
        ended = self.ending
        return ended is not None and ended[0] is Ending.COMPLETED and self.journal.intact

    @property
    def continues(self) -> str:
        """Last journal hash of the run it goes on from; empty if it begins anew."""
        first = self.journal.events[0].what if self.journal.events else None
        return first.continues if isinstance(first, RunStarted) else ""


@dataclass(eq=False)
class RunIndex:
    """The runs of a library."""

    library: Library
    _seen: dict[str, tuple[tuple[int, ...], RunSeen]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, run: str) -> RunSeen:
        """A run.

        Raises:
            UnknownName: if there is none.
            FileProblem: if it has not begun.
            Tampered: if its sheet or plan was edited.
        """
        folder = self.library.run_folder(run)
        mark = tuple(_mark(folder / name) for name in (RUN, JOURNAL, PLAN))
        with self._lock:
            kept = self._seen.get(run)
        if kept is not None and kept[0] == mark:
            return kept[1]
        sheet = RunSheet.from_document(read_text(folder / RUN, "run"), str(folder / RUN))
        plan = TreatmentPlan.from_document(read_text(folder / PLAN, "plan"), str(folder / PLAN))
        seen = RunSeen(run, sheet, read_journal(folder / JOURNAL), plan)
        with self._lock:
            self._seen[run] = (mark, seen)
        return seen

    def all(self) -> list[RunSeen]:
        """Every run that can be read, newest first."""
        found = []
        for run in self.library.run_names():
            try:
                found.append(self.find(run))
            except HifuError:
                continue
        return found

    def before(self, run: RunSeen) -> RunSeen | None:
        """The run that one goes on from."""
        if not run.continues:
            return None
        return next((r for r in self.all() if r.journal.last_hash == run.continues), None)

    def chain(self, run: str) -> list[RunSeen]:
        """A run with all it goes on from, oldest first.

        Raises:
            FileProblem: if one of them is missing: what was delivered cannot be told then.
        """
        found = [self.find(run)]
        while found[0].continues:
            earlier = self.before(found[0])
            if earlier is None:
                raise FileProblem(f"run {found[0].id} goes on from a run that is missing; restore its folder")
            found.insert(0, earlier)
        return found

    def is_resumable(self, run: RunSeen) -> bool:
        """Whether a treatment has spots left, its journal can be trusted, and nothing went on from it yet."""
        followed = any(r.continues == run.journal.last_hash for r in self.all())
        left = len(run.plan.sonications) - run.spots_done
        return not run.sheet.rehearsal and run.journal.broken_line is None and left > 0 and not followed

    def rehearsal_of(self, plan: str) -> RunSeen | None:
        """The newest completed rehearsal of exactly this plan."""
        done = (r for r in self.all() if r.sheet.rehearsal and r.sheet.plan_hash == plan and r.is_whole)
        return next(done, None)


def _mark(path: Path) -> int:
    try:
        found = path.stat()
    except OSError:
        return -1
    return hash((found.st_mtime_ns, found.st_size))
