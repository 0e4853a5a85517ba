"""Precedence reaches the thread that takes it; those it starts are ordinary where it was taken alone."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from openhifu.delivery.precedence import take_precedence

pytestmark = pytest.mark.skipif(not hasattr(os, "SCHED_RESET_ON_FORK"), reason="Linux has this")


def policies(alone: bool) -> tuple[str, int, int]:
    """What was granted to a thread, its policy, and that of a thread it starts."""
    found: list[int] = []
    granted: list[str] = []

    def child() -> None:
        found.append(os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK)

    def parent() -> None:
        granted.append(take_precedence(alone))
        child()
        thread = threading.Thread(target=child)
        thread.start()
        thread.join()

    thread = threading.Thread(target=parent)
    thread.start()
    thread.join()
    return granted[0], found[0], found[1]


def test_a_thread_that_takes_precedence_alone_starts_ordinary_ones() -> None:
    granted, own, started = policies(alone=True)
    assert started == os.SCHED_OTHER
    assert (own == os.SCHED_RR) == (granted == "real time")


def test_otherwise_those_it_starts_have_it_too() -> None:
    granted, own, started = policies(alone=False)
    assert own == started
    assert (own == os.SCHED_RR) == (granted == "real time")


def test_a_preferred_process_passes_it_on_to_its_threads_and_those_it_starts_can_give_it_back() -> None:
    code = (
        "import os, threading; from openhifu.delivery import precedence as p; said = p.prefer_this_process(); own = [];"
        "t = threading.Thread(target=lambda: own.append(os.getpriority(os.PRIO_PROCESS, 0))); t.start(); t.join();"
        "p.be_ordinary(7); print(said, own[0], os.getpriority(os.PRIO_PROCESS, 0))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    said, own, after = done.stdout.split()
    assert (int(own) < 0) == (said == "raised")
    assert int(after) == 7


def test_it_stays_within_the_thread_that_took_it() -> None:
    policies(alone=True)
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="this system shares processors by process alone")
def test_a_process_that_leads_a_session_gives_way_with_all_of_it() -> None:
    program = (
        "from openhifu.delivery import precedence as p; p.be_ordinary(7); print(open('/proc/self/autogroup').read())"
    )
    alone = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    leading = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, start_new_session=True
    )
    assert leading.stdout.strip().endswith("nice 7")
    assert not alone.stdout.strip().endswith("nice 7")
