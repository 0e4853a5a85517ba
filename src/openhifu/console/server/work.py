"""The process of one job: ``python -m openhifu.console.server.work FOLDER LOCK``."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from openhifu.base.errors import HifuError
from openhifu.base.files import read_text, write_whole
from openhifu.console.server.jobs import ASKED, STATE, JobAsked, JobNote, JobState
from openhifu.console.server.kinds import KINDS
from openhifu.console.server.refusals import sentences
from openhifu.delivery.precedence import be_ordinary

AT_ONCE = 2
"""Jobs that compute at a time; the others wait for their turn."""

NICENESS = 10
"""Jobs give way to the server and to the engine of a treatment."""

_WRITE_EVERY = 0.25  # s


class _Diary:
    """Writes down how far the job is; also its progress listener."""

    def __init__(self, folder: Path) -> None:
        self._path, self._note, self._written = folder / STATE, JobNote(pid=os.getpid()), 0.0

    def __call__(self, stage: str, fraction: float) -> None:
        now, share = time.monotonic(), min(max(fraction, 0.0), 1.0)
        news = stage != self._note.message
        self._note = self._note.model_copy(update={"message": stage, "fraction": share})
        if news or now - self._written >= _WRITE_EVERY:
            self.write()

    def write(self, **changed: object) -> None:
        """Put the note on disk, with what changed."""
        self._note, self._written = self._note.model_copy(update=changed), time.monotonic()
        write_whole(self._path, self._note.to_document().encode())


def main(folder: Path, lock: int) -> int:
    """Do the job of a folder."""
    signal.signal(signal.SIGTERM, _cancelled)
    os.truncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())
    asked = JobAsked.from_document(read_text(folder / ASKED, "job"), str(folder / ASKED))
    diary = _Diary(folder)
    be_ordinary(NICENESS)
    try:
        with _turn(Path(asked.home) / "turns"):
            diary.write(state=JobState.RUNNING)
            result = KINDS[asked.kind](Path(asked.home), folder, asked, diary)
        diary.write(state=JobState.DONE, fraction=1.0, message="done", result=result)
    except (_Cancelled, KeyboardInterrupt):
        diary.write(state=JobState.CANCELLED, message="cancelled")
    except HifuError as error:
        what, remedy = sentences(error)
        diary.write(state=JobState.FAILED, what=what, remedy=remedy)
    except Exception as error:
        traceback.print_exc()
        diary.write(state=JobState.FAILED, what=f"an error of the program: {type(error).__name__}: {error}", remedy="")
    return 0


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Wait until fewer than ``AT_ONCE`` jobs compute."""
    folder.mkdir(parents=True, exist_ok=True)
    handles = [(folder / str(number)).open("w") for number in range(AT_ONCE)]
    try:
        while not any(_taken(handle.fileno()) for handle in handles):
            time.sleep(0.1)
        yield
    finally:
        for handle in handles:
            handle.close()


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class _Cancelled(BaseException):
    """Given up for good: unlike Ctrl-C, after which long work hands back the best it has."""


def _cancelled(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _Cancelled


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
