"""Precedence of the engine's thread over ordinary work, so that a busy computer does not make a stop late."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_PRIORITY = 10
"""Of the real-time policy, 1 to 99: above all ordinary work, below the kernel's own threads."""

_NICENESS = -10
"""Where real time is refused."""

_AUTOGROUP = Path("/proc/self/autogroup")
"""Linux's group of the session that this process is in; to read or to write its niceness."""


def take_precedence(alone: bool = False) -> str:
    """Let this thread, and those it starts from here on, run before ordinary work wherever the system permits.

    For a thread that waits most of the time and must act at once when it wakes: an engine on a real clock. Never for
    one that computes. Linux grants it to root, and to whom ``ulimit -r`` or CAP_SYS_NICE allows it.

    Args:
        alone: threads and processes it starts are ordinary again (Linux: ``SCHED_RESET_ON_FORK``), for one that starts
            others which compute.

    Returns:
        What was granted: ``"real time"``, ``"raised"`` or ``"ordinary"``.
    """
    reset = getattr(os, "SCHED_RESET_ON_FORK", 0) if alone else 0
    try:
        os.sched_setscheduler(0, os.SCHED_RR | reset, os.sched_param(_PRIORITY))
    except (AttributeError, OSError):
        pass
    else:
        return "real time"
    try:
        if alone:
            os.sched_setscheduler(0, os.SCHED_OTHER | reset, os.sched_param(0))
        os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)
    except (AttributeError, OSError):
        return "ordinary"
    return "raised"


def prefer_this_process() -> str:
    """Let all threads that are started from here on run before ordinary work, each other's equals.

    For a process where a thread that must act at once (it passes on beats and stops) shares an interpreter with threads
    that compute: were it alone raised, it would wait for a computing thread that holds the interpreter and is kept from
    the processor by other programs. To be called before those threads are started; processes it starts have to lower
    themselves, see ``be_ordinary``.

    Returns:
        What was granted: ``"raised"`` or ``"ordinary"``.
    """
    try:
        os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)
    except (AttributeError, OSError):
        return "ordinary"
    return "raised"


def be_ordinary(niceness: int = 0) -> None:
    """Give back what a parent that is preferred passed on.

    Args:
        niceness: 0 for ordinary, more to give way to ordinary work; never less than what is in force if that may not be
            lowered.
    """
    with contextlib.suppress(AttributeError, OSError):
        os.setpriority(os.PRIO_PROCESS, 0, niceness)
    _let_session_give_way(niceness)


def _let_session_give_way(niceness: int) -> None:
    """The niceness of a session, for the process that leads one.

    Linux shares processors among sessions first (autogroups, on by default on a desktop), and niceness counts within a
    session only: a job in a session of its own would have as much as the engine of a treatment, however nice it is.
    """
    with contextlib.suppress(AttributeError, OSError):
        if os.getsid(0) == os.getpid():
            _AUTOGROUP.write_text(str(niceness))
