"""A run with a person at a real terminal: the screen is drawn, the stop key stops, and the journal holds the name."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

from openhifu.base.outcome import Ending
from openhifu.console.runs import load_run


def _started(small_plan: Path, folder: Path, pace: str) -> tuple[subprocess.Popen[bytes], int]:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "openhifu", "rehearse", str(small_plan), "-o", str(folder)]
    run = subprocess.Popen(
        [*command, "--operator", "Ada", "--pace", pace], stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True
    )
    os.close(theirs)
    return run, ours


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


def test_a_key_stops_a_run_that_is_watched(small_plan: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run, terminal = _started(small_plan, folder, "20")
    assert b"1 yes" in _read_until(terminal, b"1 yes")
    os.write(terminal, b"1")
    assert b"ULTRASOUND ON" in _read_until(terminal, b"ULTRASOUND ON")
    os.write(terminal, b" ")
    rest = _read_until(terminal, None)
    assert run.wait(timeout=60) == 1
    os.close(terminal)
    assert b"stop was asked for" in rest
    done = load_run(folder)
    assert done.ending[0] is Ending.OPERATOR_STOP and "Ada" in done.ending[1]
    assert done.journal.intact
    assert len(done.spots) < len(done.planned.plan.sonications) or done.spots[-1].energy < done.spots[0].energy


def test_without_a_terminal_it_is_refused_before_anything_is_done(small_plan: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "openhifu", "rehearse", str(small_plan), "-o", str(tmp_path / "run")]
    done = subprocess.run([*command, "--operator", "Ada"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 2
    assert "terminal" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()
