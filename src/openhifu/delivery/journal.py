"""The journal: append-only lines of canonical JSON, each with the hash of the one before, on disk before the act.

A line is ``{"event": ..., "hash": H, "previous": P, "schema": N}``; H is SHA-256 over the canonical JSON of the other
three, P is the H of the line before (64 zeros for the first).
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openhifu.base.errors import FileProblem, HifuError, StorageError
from openhifu.base.record import canonical_json, sha256_hex
from openhifu.delivery.clock import Clock
from openhifu.model.events import Event, Happening, RunEnded

FIRST = "0" * 64
"""What the first line carries as the hash before it."""


Told = Callable[[Event], None]
"""Hears of events."""


def _nobody(event: Event) -> None:
    """Hear of nothing."""


class Disk:
    """The system calls a journal is made with; a twin of it fails on purpose."""

    def write(self, handle: int, content: bytes) -> int:
        """Write; how many bytes went."""
        return os.write(handle, content)

    def sync(self, handle: int) -> None:
        """Return when all that was written would survive a power cut."""
        os.fsync(handle)

    def free(self, folder: Path) -> float:
        """Bytes left."""
        room = os.statvfs(folder)
        return float(room.f_bavail * room.f_frsize)


class Journal:
    """A journal being written; made by ``Journal.create``.

    Args:
        path: the file, for messages.
        handle: its file descriptor.
        run: identifier of the run.
        person: who is in charge.
        clock: what stamps the lines.
        disk: what writes them.
        told: hears of every line.
    """

    def __init__(self, path: Path, handle: int, run: str, person: str, clock: Clock, disk: Disk, told: Told) -> None:
        """Take over an open, empty file."""
        self.path = path
        self._handle, self._run, self._person, self._clock = handle, run, person, clock
        self._disk, self._told = disk, told
        self._sequence, self._size, self._last = 0, 0, FIRST
        self._broken: str | None = None

    @classmethod
    def create(
        cls, path: Path, run: str, person: str, clock: Clock, disk: Disk | None = None, told: Told = _nobody
    ) -> Journal:
        """A new journal; an existing file is never written to.

        Args:
            path: where.
            run: identifier of the run.
            person: who is in charge.
            clock: what stamps the lines.
            disk: what writes them; the real one if not given.
            told: hears of every event once it is written (a screen, an alarm panel); must return at once, never raise.

        Raises:
            StorageError: if the file exists or cannot be made.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        except FileExistsError as error:
            raise StorageError(f"there is a journal at {path} already; choose another folder for this run") from error
        except OSError as error:
            raise StorageError(f"cannot make a journal at {path}: {error.strerror or error}") from error
        _sync_folder(path.parent)
        return cls(path, handle, run, person, clock, disk or Disk(), told)

    @property
    def last_hash(self) -> str:
        """Hash of the newest line."""
        return self._last

    def append(self, what: Happening) -> Event:
        """Write a line and wait until it is on disk; what it announces may be done when this returns.

        Raises:
            StorageError: if it could not be written; the journal then takes no further line.
        """
        before = (self._sequence, self._size, self._last)
        event = self._write(what)
        try:
            self._guard(lambda: self._disk.sync(self._handle), before[1])
        except StorageError:
            self._sequence, self._size, self._last = before
            raise
        self._told(event)
        return event

    def note(self, what: Happening) -> Event:
        """Write a line about something observed; it reaches the disk with the next ``append`` at the latest.

        Raises:
            StorageError: as ``append``.
        """
        event = self._write(what)
        self._told(event)
        return event

    def disk_free(self) -> float:
        """Bytes left where the journal lives."""
        return self._disk.free(self.path.parent)

    def close(self) -> None:
        """Sync and close; a second time does nothing."""
        if self._handle >= 0:
            handle, self._handle = self._handle, -1
            with contextlib.suppress(OSError):
                self._disk.sync(handle)
            with contextlib.suppress(OSError):
                os.close(handle)

    def _write(self, what: Happening) -> Event:
        if self._handle < 0:
            raise StorageError(f"the journal {self.path} is closed")
        if self._broken:
            raise StorageError(self._broken)
        event = Event(
            run=self._run,
            sequence=self._sequence,
            clock=self._clock.now(),
            time=self._clock.wall(),
            person=self._person,
            what=what,
        )
        line, digest = _line(event, self._last)
        self._guard(lambda: self._put(line), self._size)
        self._sequence, self._size, self._last = self._sequence + 1, self._size + len(line), digest
        return event

    def _put(self, line: bytes) -> None:
        """Write behind the last whole line; what an interrupted write left is cut off first, nothing relied on it."""
        if os.fstat(self._handle).st_size != self._size:
            os.ftruncate(self._handle, self._size)
        rest = line
        while rest:
            rest = rest[self._disk.write(self._handle, rest) :]

    def _guard(self, act: Callable[[], None], whole: int) -> None:
        """Do something to the file; when it fails, cut back to its first ``whole`` bytes and take no more."""
        try:
            act()
        except OSError as error:
            self._broken = (
                f"the journal {self.path} cannot be written: {error.strerror or error}; nothing is done that is not "
                "written first, free some space and resume"
            )
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, whole)
            raise StorageError(self._broken) from error


def _sync_folder(folder: Path) -> None:
    """Make the new file's name survive a power cut, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _line(event: Event, previous: str) -> tuple[bytes, str]:
    body: dict[str, Any] = {"event": event.data(), "previous": previous, "schema": Event.schema_version}
    digest = sha256_hex(canonical_json(body))
    return (canonical_json({**body, "hash": digest}) + "\n").encode(), digest


@dataclass(frozen=True)
class JournalReading:
    """What a journal says, as far as it can be trusted.

    Attributes:
        events: every event up to the first thing that is wrong.
        intact: whether every line verified and the last one is whole.
        finished: whether the run's end is there; a journal cut between two lines is intact but not finished.
        torn_at: byte at which the last line was cut off; None if it was not.
        broken_line: number (from 1) of the first whole line that does not verify; None if all do.
        last_hash: hash of the last trusted line.
        sentence: all this for people.
    """

    events: tuple[Event, ...]
    intact: bool
    finished: bool
    torn_at: int | None
    broken_line: int | None
    last_hash: str
    sentence: str


def read_journal(path: Path) -> JournalReading:
    """Read and verify a journal; damage is reported, never raised.

    Raises:
        FileProblem: if there is no such file.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileProblem(f"there is no journal at {path}: {error.strerror or error}; check the path") from error
    events: list[Event] = []
    last, offset, broken, torn = FIRST, 0, None, None
    for number, line in enumerate(content.splitlines(keepends=True), start=1):
        found = _verified(line, last, len(events))
        whole = line.endswith(b"\n")
        if found is None:
            torn, broken = (None, number) if whole else (offset, None)
            break
        events.append(found[0])
        last = found[1]
        offset += len(line)
        torn = None if whole else offset
    finished = bool(events) and isinstance(events[-1].what, RunEnded) and broken is None and torn is None
    sentence = _describe(path, len(events), finished, torn, broken)
    return JournalReading(tuple(events), torn is None and broken is None, finished, torn, broken, last, sentence)


def _verified(line: bytes, previous: str, sequence: int) -> tuple[Event, str] | None:
    """The event of a line and its hash, or None if the line is not what was once written there."""
    try:
        body = json.loads(line)
        digest = body.pop("hash")
        event = Event.from_data(body["event"], "journal")
        good = (
            set(body) == {"event", "previous", "schema"}
            and body["previous"] == previous
            and event.sequence == sequence
            and sha256_hex(canonical_json(body)) == digest
            # Not only the same content: the same bytes, for 0.30 is 0.3 to a reader of numbers.
            and canonical_json({**body, "hash": digest}).encode() == line.removesuffix(b"\n")
        )
    except (ValueError, TypeError, KeyError, AttributeError, HifuError):
        return None
    return (event, digest) if good else None


def _describe(path: Path, events: int, finished: bool, torn: int | None, broken: int | None) -> str:
    if broken is not None:
        return f"{path.name}: line {broken} was changed after it was written; {events} events before it verify"
    if torn is not None:
        return f"{path.name}: cut off at byte {torn}; {events} events before the cut verify"
    if not finished:
        return f"{path.name}: {events} events verify, but no ending was written; the run was cut off or still goes on"
    return f"{path.name}: {events} events verify, the run ended"
