"""Where things lie in the data folder: cases, plans, runs, jobs; and the cases that came with the program."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from openhifu.base.errors import InputError, UnknownName
from openhifu.base.files import read_text
from openhifu.base.outcome import Outcome
from openhifu.base.record import Record
from openhifu.console.plan_files import load_plan
from openhifu.imaging import bundled_case, bundled_case_names, describe
from openhifu.imaging.case_file import CaseFile, read_case_text
from openhifu.imaging.reading import CASE_FILE, load_case
from openhifu.model.case_data import CaseData
from openhifu.model.plan import TreatmentPlan

PLAN_FILE = "plan.json"
VERSION_FILE = "version.json"
_KEPT_OPEN = 3


class CaseVersion(Record):
    """What a changed case says about where it comes from, beside its ``case.toml``.

    Attributes:
        of: case it was made from.
        by: who made it.
        change: what is different.
    """

    of: str
    by: str
    change: str


@dataclass(eq=False)
class Opened:
    """A case that is open, and what is to be said about it once somebody asks."""

    data: CaseData

    @cached_property
    def findings(self) -> list[Outcome]:
        """As ``describe`` has them."""
        return describe(self.data)


@dataclass(eq=False)
class Library:
    """The data folder.

    Attributes:
        data: where.
    """

    data: Path
    _open: OrderedDict[tuple[Path, int], Opened] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    # ------------------------------------------------------------------ cases

    def case_names(self) -> list[str]:
        """Every case: those of the data folder, then the bundled ones."""
        own = sorted(p.parent.name for p in self.folder("cases").glob(f"[!.]*/{CASE_FILE}"))
        return [*own, *(name for name in bundled_case_names() if name not in own)]

    def is_bundled(self, case: str) -> bool:
        """Whether a case came with the program; those are never changed."""
        return not (self.folder("cases") / case / CASE_FILE).is_file()

    def case_folder(self, case: str) -> Path:
        """Folder of a case.

        Raises:
            UnknownName: with the nearest names.
        """
        own = self.folder("cases") / case
        if (own / CASE_FILE).is_file():
            return own
        if case not in bundled_case_names():
            raise UnknownName("case", case, self.case_names())
        return bundled_case(case)

    def case_file(self, case: str) -> CaseFile:
        """What ``case.toml`` says, its images unread.

        Raises:
            InputError: any kind of it, if it cannot be read.
        """
        path = self.case_folder(case) / CASE_FILE
        return read_case_text(read_text(path, "case"), str(path))

    def case(self, case: str) -> CaseData:
        """A case with its images. Raises like ``load_case``."""
        return self.opened(case).data

    def opened(self, case: str) -> Opened:
        """A case with its images; the last few stay open. Raises like ``load_case``."""
        folder = self.case_folder(case)
        key = (folder, (folder / CASE_FILE).stat().st_mtime_ns)
        with self._lock:
            if key not in self._open:
                self._open[key] = Opened(load_case(folder))
                while len(self._open) > _KEPT_OPEN:
                    self._open.popitem(last=False)
            self._open.move_to_end(key)
            return self._open[key]

    def version(self, case: str) -> CaseVersion | None:
        """Where a changed case comes from; None for one that was not made here from another."""
        path = self.case_folder(case) / VERSION_FILE
        return CaseVersion.from_document(path.read_text("utf-8"), str(path)) if path.is_file() else None

    def new_case(self, wish: str) -> Path:
        """A folder for a new case that does not exist yet, named after a wish."""
        base = re.sub(r"[^a-z0-9]+", "-", wish.lower()).strip("-")[:60] or "case"
        taken = set(self.case_names())
        name = next(n for n in (base, *(f"{base}-{i}" for i in range(2, 10_000))) if n not in taken)
        return self.folder("cases") / name

    # ------------------------------------------------------------------ plans and runs

    def plan_path(self, plan: str) -> Path:
        """File of a plan, by its hash.

        Raises:
            UnknownName: if there is none.
        """
        path = self.folder("plans") / plan / PLAN_FILE
        if not path.is_file():
            raise UnknownName("plan", plan[:12], [n[:12] for n in self.plan_hashes()])
        return path

    def plan(self, plan: str) -> TreatmentPlan:
        """A plan, by its hash.

        Raises:
            UnknownName: if there is none.
            Tampered: if it was edited.
        """
        return load_plan(self.plan_path(plan))

    def plan_hashes(self) -> list[str]:
        """Hashes of all plans, newest first."""
        found = sorted(self.folder("plans").glob(f"[!.]*/{PLAN_FILE}"), key=lambda p: -p.stat().st_mtime_ns)
        return [p.parent.name for p in found]

    def plans(self) -> Iterator[TreatmentPlan]:
        """Every plan that can be read, newest first."""
        for plan in self.plan_hashes():
            try:
                yield self.plan(plan)
            except InputError:
                continue

    def run_names(self) -> list[str]:
        """Every run folder, newest first."""
        found = sorted(self.folder("runs").glob("[!.]*/"), key=lambda p: -p.stat().st_mtime_ns)
        return [p.name for p in found]

    def run_folder(self, run: str) -> Path:
        """Folder of a run.

        Raises:
            UnknownName: if there is none.
        """
        folder = self.folder("runs") / run
        if not folder.is_dir():
            raise UnknownName("run", run, self.run_names())
        return folder

    def case_folder_of_run(self, run: str) -> Path:
        """Folder of the case a run belongs to."""
        return self.case_folder(load_plan(self.run_folder(run) / PLAN_FILE).case)

    def folder(self, kind: str) -> Path:
        """Folder of all cases, plans, runs or jobs; made if need be."""
        path = self.data / kind
        path.mkdir(parents=True, exist_ok=True)
        return path
