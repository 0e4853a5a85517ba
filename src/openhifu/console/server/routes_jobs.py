"""Long work: how it goes, and ending it."""

from __future__ import annotations

from fastapi import APIRouter, Request

from openhifu.console.server.access import person_of
from openhifu.console.server.forms import Form, Identifier
from openhifu.console.server.jobs import Job, JobState
from openhifu.console.server.state import console_of

router = APIRouter(prefix="/api/jobs", tags=["jobs"])


class JobError(Form):
    """Why a job failed."""

    what: str
    remedy: str


class JobShown(Form):
    """A job as it stands.

    Attributes:
        fraction: of the stage that ``message`` names.
        result: what it made: ``plan``, ``run`` or ``case`` by name; ``remarks`` on an import.
    """

    id: str
    kind: str
    subject: str
    person: str
    created_at: str
    state: JobState
    fraction: float
    message: str
    result: dict[str, str | list[str]] | None = None
    error: JobError | None = None


def shown(job: Job) -> JobShown:
    """A job for people."""
    asked, note = job.asked, job.note
    error = JobError(what=note.what, remedy=note.remedy) if note.state is JobState.FAILED else None
    return JobShown(
        id=job.id,
        kind=asked.kind,
        subject=asked.subject,
        person=asked.person,
        created_at=asked.created_at,
        state=note.state,
        fraction=note.fraction,
        message=note.message,
        result=note.result or None,
        error=error,
    )


@router.get("")
def jobs(request: Request) -> list[JobShown]:
    """Every job, newest first."""
    return [shown(job) for job in console_of(request).jobs.all()]


@router.get("/{id}")
def job(id: Identifier, request: Request) -> JobShown:
    """A job."""
    return shown(console_of(request).jobs.find(id))


@router.post("/{id}/cancel")
def cancel(id: Identifier, request: Request) -> JobShown:
    """End a job; what it had half made is removed."""
    console = console_of(request)
    console.audit.write(person_of(request).name, "cancelled a job", console.jobs.find(id).asked.subject)
    return shown(console.jobs.cancel(id))
