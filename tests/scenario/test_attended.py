"""A run with a person at a real terminal: the screen is drawn, the stop key stops, and the journal holds the name."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from openhifu.base.outcome import Ending
from openhifu.console.runs import load_run

pytest.importorskip("termios", reason="no terminals of this kind on this system")


def _command(small_plan: Path, folder: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "openhifu", "rehearse", str(small_plan), "-o", str(folder), *more]


@pytest.fixture
def watched(small_plan: Path, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A rehearsal into ``tmp_path / "run"`` on a terminal, and our end of it."""
    ours, theirs = os.openpty()
    command = _command(small_plan, tmp_path / "run", "--operator", "Ada", "--pace", "20")
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as run:
        os.close(theirs)
        yield run, ours
        run.kill()
    os.close(ours)


def _read_until(terminal: int, word: bytes | None, patience: float = 240.0) -> bytes:
    """What the terminal shows, up to a word or to its end."""
    seen, until = b"", time.monotonic() + patience
    while time.monotonic() < until and (word is None or word not in seen):
        if not select.select([terminal], [], [], 1.0)[0]:
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not piece:
            break
        seen += piece
    return seen


def test_a_key_stops_a_run_that_is_watched(watched: tuple[subprocess.Popen[bytes], int], tmp_path: Path) -> None:
    run, terminal = watched
    assert b"1 yes" in _read_until(terminal, b"1 yes")
    os.write(terminal, b"1")
    assert b"ULTRASOUND ON" in _read_until(terminal, b"ULTRASOUND ON")
    os.write(terminal, b" ")
    rest = _read_until(terminal, None)
    assert run.wait(timeout=60) == 1
    assert b"stop was asked for" in rest
    done = load_run(tmp_path / "run")
    assert done.ending[0] is Ending.OPERATOR_STOP and "Ada" in done.ending[1]
    assert done.journal.intact
    assert 1 <= len(done.spots) < len(done.planned.plan.sonications)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--operator", "Ada"), "terminal"),
        (("--operator", " "), "name is empty"),
        (("--operator", ""), "name is empty"),
        (("--pace", "5"), "--operator NAME"),
    ],
)
def test_what_cannot_be_honoured_is_refused_before_anything_is_done(
    small_plan: Path, tmp_path: Path, options: tuple[str, ...], word: str
) -> None:
    command = _command(small_plan, tmp_path / "run", *options)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 2
    assert word in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()
