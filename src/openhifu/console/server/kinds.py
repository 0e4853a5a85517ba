"""What jobs do, each with the form of its request; in the job's own process, so imports stand where they are used."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from openhifu.base.progress import Progress
from openhifu.base.record import Record
from openhifu.base.vectors import Vector
from openhifu.console.server.jobs import JobAsked
from openhifu.model.limits import Prescription
from openhifu.model.target import Target

Result = dict[str, str | list[str]]
Kind = Callable[[Path, Path, JobAsked, Progress], Result]
"""Does a job: data folder, job folder, what was asked, progress."""

MOST_MEMORY = 12_000_000_000
"""Bytes of address space that reading somebody's files may take."""


class PlanRequest(Record):
    """Plan a case: for another device, with another prescription, or from a direction that a person chose.

    ``direction`` is the unit vector (LPS) from the target to the source.
    """

    case: str
    device: str = ""
    prescription: Prescription | None = None
    direction: Vector | None = None


class RehearsalRequest(Record):
    """Rehearse a plan on a simulated patient."""

    plan: str
    seed: int


class StudyRequest(Record):
    """Deliver a plan to many possible patients."""

    plan: str
    scenarios: int
    seed: int


class ReportRequest(Record):
    """Write the report of a run."""

    run: str


class ImportRequest(Record):
    """Make a case from an uploaded scan that lies in the job's folder.

    Attributes:
        file: name there.
        title: from which the case gets its name.
        target: what to treat.
        device: catalogue name.
        preset: prescription, limits and organs to start from.
        series: which DICOM series, where there are several.
        pseudonym: of the patient.
    """

    file: str
    title: str
    target: Target
    device: str
    preset: str
    series: str = ""
    pseudonym: str = "anonymous"


def run_name() -> str:
    """A name for a new run: when, and something that nobody else has."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


def plan(data: Path, folder: Path, asked: JobAsked, progress: Progress) -> Result:
    """Plan a case."""
    from openhifu.console.plan_files import save_planned
    from openhifu.console.planning import with_device
    from openhifu.console.server.library import PLAN_FILE, Library
    from openhifu.console.server.versions import with_prescription
    from openhifu.planning.make import make_plan

    request, library = PlanRequest.from_document(asked.request, "the request"), Library(data)
    case, result = request.case, Result()
    if request.prescription not in (None, library.case(case).case.prescription):
        case = with_prescription(library, case, request.prescription, asked.person)
        result["case"] = case
    opened = library.case(case)
    opened = with_device(opened, request.device) if request.device else opened
    planned = make_plan(opened, progress, request.direction)
    with _whole(library.folder("plans"), planned.plan.content_hash) as made:
        save_planned(planned, made / PLAN_FILE)
    return {**result, "plan": planned.plan.content_hash}


def rehearsal(data: Path, folder: Path, asked: JobAsked, progress: Progress) -> Result:
    """Rehearse a plan."""
    from openhifu.console.plan_files import load_planned
    from openhifu.console.rehearsal import rehearse
    from openhifu.console.server.library import Library

    request, library = RehearsalRequest.from_document(asked.request, "the request"), Library(data)
    path = library.plan_path(request.plan)
    planned, name = load_planned(path, library.case_folder(library.plan(request.plan).case)), run_name()
    with _whole(library.folder("runs"), name) as made:
        rehearse(planned, made, request.seed, progress=progress)
    return {"run": name}


def study(data: Path, folder: Path, asked: JobAsked, progress: Progress) -> Result:
    """Study how far a plan's figures spread; written beside the plan once it is whole."""
    from openhifu.console.plan_files import load_planned
    from openhifu.console.robustness import robustness, save_robustness
    from openhifu.console.server.library import Library

    request, library = StudyRequest.from_document(asked.request, "the request"), Library(data)
    path = library.plan_path(request.plan)
    planned = load_planned(path, library.case_folder(library.plan(request.plan).case))
    save_robustness(robustness(planned, request.scenarios, request.seed, progress=progress), path)
    return {"plan": request.plan}


def report(data: Path, folder: Path, asked: JobAsked, progress: Progress) -> Result:
    """Write the report of a run into its folder."""
    from openhifu.console.reports import report_of_run
    from openhifu.console.runs import load_run
    from openhifu.console.server.library import Library

    request, library = ReportRequest.from_document(asked.request, "the request"), Library(data)
    run = library.run_folder(request.run)
    report_of_run(load_run(run, library.case_folder_of_run(request.run)), run, progress=progress)
    return {"run": request.run}


def scan(data: Path, folder: Path, asked: JobAsked, progress: Progress) -> Result:
    """Make a case from an uploaded scan; the upload is gone afterwards, however it went."""
    import resource

    from openhifu.console.server.library import Library
    from openhifu.console.server.uploads import vet
    from openhifu.imaging import NewCase, new_case

    request, library = ImportRequest.from_document(asked.request, "the request"), Library(data)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    file = folder / request.file
    try:
        vet(file)
        new = library.new_case(request.title)
        wanted = NewCase(
            ct=file,
            target=request.target,
            device=request.device,
            preset=request.preset,
            series=request.series,
            pseudonym=request.pseudonym,
        )
        remarks = new_case(new, wanted, progress)
    finally:
        file.unlink(missing_ok=True)
    return {"case": new.name, "remarks": [o.sentence for o in remarks]}


KINDS: dict[str, Kind] = {
    "plan": plan,
    "rehearsal": rehearsal,
    "robustness": study,
    "report": report,
    "import": scan,
}
"""Every kind of job."""


@contextlib.contextmanager
def _whole(parent: Path, name: str) -> Iterator[Path]:
    """A folder to fill, which appears under its name once it is whole; one that exists already stays as it is."""
    hidden = Path(tempfile.mkdtemp(dir=parent, prefix=".making-"))
    try:
        made = hidden / name
        made.mkdir()
        yield made
        if not (parent / name).exists():
            made.rename(parent / name)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
