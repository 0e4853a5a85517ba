"""Long work in processes of its own: planning, rehearsal, reports, imports.

A job is a folder: what was asked, how far it is, and a lock that its process holds as long as it lives. So a browser
that comes back, or a server that starts again, finds every job as it is; the server is not needed while one runs.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from openhifu.base.errors import HifuError, UnknownName
from openhifu.base.files import read_text, write_whole
from openhifu.base.record import Record

ASKED, STATE, LOCK, CANCEL, LOG = "asked.json", "state.json", "lock", "cancel", "log.txt"
_PATIENCE = 5.0  # s a cancelled job may take to tidy up


class JobState(StrEnum):
    """Where a job is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OVER = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED})


class JobAsked(Record):
    """What a job is to do, as its process reads it.

    Attributes:
        kind: plan, rehearsal, robustness, report or import.
        subject: what it is about, for people.
        person: who asked.
        created_at: ISO 8601.
        home: the data folder.
        request: the document of the kind's own request.
    """

    kind: str
    subject: str
    person: str
    created_at: str
    home: str
    request: str


class JobNote(Record):
    """How far a job is, as its process last wrote it.

    Attributes:
        state: where it is.
        fraction: of the stage that ``message`` names.
        message: what is being done.
        pid: of its process.
        result: what it made: kind and name.
        what: why it failed.
        remedy: what would help.
    """

    state: JobState = JobState.WAITING
    fraction: float = 0.0
    message: str = ""
    pid: int = 0
    result: dict[str, str | list[str]] = {}
    what: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Job:
    """A job as it stands."""

    id: str
    asked: JobAsked
    note: JobNote


@dataclass(eq=False)
class Jobs:
    """The jobs of a data folder.

    Attributes:
        data: the data folder.
    """

    data: Path

    @property
    def folder(self) -> Path:
        """Of all jobs."""
        path = self.data / "jobs"
        path.mkdir(parents=True, exist_ok=True)
        return path

    def prepare(self) -> Path:
        """A folder for a new job, into which what it needs may be put before ``start``."""
        name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
        path = self.folder / f".{name}"
        path.mkdir()
        return path

    def start(self, kind: str, subject: str, person: str, request: Record, folder: Path | None = None) -> Job:
        """Start a job.

        Args:
            kind: plan, rehearsal, robustness, report or import.
            subject: what it is about.
            person: who asks.
            request: of that kind.
            folder: from ``prepare``.
        """
        hidden = folder or self.prepare()
        now = datetime.now(UTC).isoformat(timespec="seconds")
        asked = JobAsked(
            kind=kind,
            subject=subject,
            person=person,
            created_at=now,
            home=str(self.data),
            request=request.to_document(),
        )
        write_whole(hidden / ASKED, asked.to_document().encode())
        write_whole(hidden / STATE, JobNote().to_document().encode())
        path = hidden.rename(hidden.with_name(hidden.name.removeprefix(".")))
        with (path / LOCK).open("w") as lock, (path / LOG).open("wb") as log:
            fcntl.flock(lock, fcntl.LOCK_EX)  # the process inherits it: there is no moment when nobody holds it
            child = subprocess.Popen(
                [sys.executable, "-m", "openhifu.console.server.work", str(path), str(lock.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(lock.fileno(),),
                start_new_session=True,
            )
        threading.Thread(target=child.wait, name=f"job {path.name}", daemon=True).start()  # so that it leaves no zombie
        return self.find(path.name)

    def all(self) -> list[Job]:
        """Every job, newest first."""
        names = sorted((p.name for p in self.folder.glob("[!.]*/")), reverse=True)
        found = []
        for name in names:
            with contextlib.suppress(HifuError):
                found.append(self.find(name))
        return found

    def find(self, job: str) -> Job:
        """A job as it stands; one whose process is gone without a word has failed.

        Raises:
            UnknownName: if there is none.
        """
        folder = self.folder / job
        if not (folder / ASKED).is_file():
            raise UnknownName("job", job, [p.name for p in self.folder.glob("[!.]*/")])
        asked = JobAsked.from_document(read_text(folder / ASKED, "job"), str(folder / ASKED))
        alive = _held(folder / LOCK)  # before the note: a process writes its last note, then lets go
        note = JobNote.from_document(read_text(folder / STATE, "job"), str(folder / STATE))
        if note.state not in OVER and not alive:
            note = note.model_copy(update=_gone(folder))
        return Job(job, asked, note)

    def cancel(self, job: str) -> Job:
        """End a job: it is asked to tidy up, and ended by force if it does not within seconds."""
        found = self.find(job)
        if found.note.state in OVER:
            return found
        (self.folder / job / CANCEL).touch()
        self._end(job, signal.SIGTERM)
        until = time.monotonic() + _PATIENCE
        while _held(self.folder / job / LOCK) and time.monotonic() < until:
            time.sleep(0.05)
        self._end(job, signal.SIGKILL)
        return self.find(job)

    def _end(self, job: str, how: signal.Signals) -> None:
        """Signal a job's process; only while it holds its lock, so that its number is nobody else's."""
        folder = self.folder / job
        with contextlib.suppress(HifuError, ValueError, ProcessLookupError):
            pid = int(read_text(folder / LOCK, "job's lock"))
            if pid > 1 and _held(folder / LOCK):
                os.killpg(pid, how)

    def forget_half_made(self) -> None:
        """Remove what a server that was killed between ``prepare`` and ``start`` left."""
        for path in self.folder.glob(".*/"):
            shutil.rmtree(path, ignore_errors=True)


def _gone(folder: Path) -> dict[str, object]:
    if (folder / CANCEL).exists():
        return {"state": JobState.CANCELLED, "message": "cancelled"}
    what = "the process that did this ended without a word, perhaps for want of memory"
    return {"state": JobState.FAILED, "what": what, "remedy": f"try again; {folder / LOG} may say more"}


def _held(lock: Path) -> bool:
    """Whether a process holds a lock."""
    with contextlib.suppress(FileNotFoundError), lock.open("r") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
