"""Of one session that drags a direction only the newest question is answered."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from openhifu.base.errors import DeviceFault
from openhifu.console.server import looks as module
from openhifu.console.server.looks import Looks, LookShown, LookWish
from openhifu.console.server.refusals import Refused

PLAN = "0" * 64
SHOWN = LookShown(
    direction=(0.0, -1.0, 0.0),
    bone=0.1,
    cartilage=0.0,
    gas=0.0,
    bowel=0.0,
    cut=0.0,
    amplitude=0.5,
    stand_off_m=0.02,
    elements_off=3,
    elements=256,
    refusal="",
    took_ms=1.0,
)


def test_a_newer_question_of_the_same_session_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    began, free, asked = threading.Event(), threading.Event(), list[str]()

    def said(self: Looks, line: str) -> str:
        asked.append(line)
        began.set()
        assert free.wait(10.0)
        return SHOWN.model_dump_json()

    monkeypatch.setattr(Looks, "_said", said)
    looks, ends = Looks(Path("nowhere")), dict[float, object]()

    def ask(who: str, azimuth: float) -> None:
        try:
            ends[azimuth] = looks.seen(who, PLAN, LookWish(azimuth_rad=azimuth, elevation_rad=0.0))
        except Refused as refusal:
            ends[azimuth] = refusal.status

    first = threading.Thread(target=ask, args=("Pia", 1.0))
    first.start()
    assert began.wait(10.0)
    others = [threading.Thread(target=ask, args=one) for one in (("Pia", 2.0), ("Chen", 3.0), ("Pia", 4.0))]
    for thread in others:
        thread.start()
        thread.join(0.2)
    free.set()
    for thread in (first, *others):
        thread.join(10.0)
    assert ends[2.0] == 409
    assert all(ends[azimuth] == SHOWN for azimuth in (1.0, 3.0, 4.0))
    assert len(asked) == 3


def test_what_cannot_be_looked_at_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    wish = LookWish(azimuth_rad=0.0, elevation_rad=0.0)
    monkeypatch.setattr(Looks, "_said", lambda self, line: "refused: the labels lack a value\n")
    with pytest.raises(Refused, match="lack a value"):
        Looks(Path("nowhere")).seen("Pia", PLAN, wish)
    monkeypatch.setattr(Looks, "_said", lambda self, line: "")
    with pytest.raises(DeviceFault, match="ended without a word"):
        Looks(Path("nowhere")).seen("Pia", PLAN, wish)


def test_a_process_that_hangs_is_ended_and_asked_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[str]] = []
    start = subprocess.Popen

    def hanging(command: list[str], **options: Any) -> subprocess.Popen[str]:
        started.append(start([sys.executable, "-c", "import time; time.sleep(600)"], **options))
        return started[-1]

    monkeypatch.setattr(module, "PATIENCE", 0.2)
    monkeypatch.setattr(module.subprocess, "Popen", hanging)
    looks = Looks(Path("nowhere"))
    with pytest.raises(DeviceFault, match="ended without a word"):
        looks.seen("Pia", PLAN, LookWish(azimuth_rad=0.0, elevation_rad=0.0))
    looks.close()
    assert len(started) == 2
    assert all(process.poll() is not None for process in started)
