"""One speed claim, measured: times in turn with what they are compared with, beside what the machine can do at most."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from openhifu.base.record import Record


class Measurement(Record):
    """One speed claim, re-run.

    Attributes:
        name: what was measured.
        ours: our figure.
        unit: unit of ours, other and floor.
        other: the same by what it is compared with; None for nothing.
        ratio: how many times better ours is than the other: other over ours where less is better, ours over other for
            rates; None for nothing.
        beside: what the other is; empty for nothing.
        floor: the least the machine's own arithmetic or memory would need (for rates, the most); None if not known.
        goal: what the ratio should be at least where there is one, else what ours should be at most (for rates, at
            least); None for no goal.
        more_is_better: whether ours is a rate.
        load: load average of the machine while it was measured.
    """

    name: str
    ours: float
    unit: str
    other: float | None = None
    ratio: float | None = None
    beside: str = ""
    floor: float | None = None
    goal: float | None = None
    more_is_better: bool = False
    load: float

    @property
    def reached(self) -> bool:
        """Whether the goal is reached; true where there is none."""
        if self.goal is None:
            return True
        if self.ratio is not None:
            return self.ratio >= self.goal
        return self.ours >= self.goal if self.more_is_better else self.ours <= self.goal

    @classmethod
    def of(
        cls,
        name: str,
        ours: float,
        unit: str,
        other: float | None = None,
        beside: str = "",
        floor: float | None = None,
        goal: float | None = None,
        more_is_better: bool = False,
    ) -> Measurement:
        """A row that works out its ratio and notes the load."""
        ratio = None if other is None else (ours / other if more_is_better else other / ours)
        return cls(
            name=name,
            ours=ours,
            unit=unit,
            other=other,
            ratio=ratio,
            beside=beside,
            floor=floor,
            goal=goal,
            more_is_better=more_is_better,
            load=os.getloadavg()[0],
        )


@dataclass(frozen=True)
class Contest:
    """The same work by us and by a peer, which runs in an interpreter of its own.

    Attributes:
        name: what is measured.
        peer: name of the peer's script.
        work: the work's size, as the peer's script takes it: plain JSON.
        prepare: makes ready and gives back what does the work once.
        scale: multiplies our seconds to give the unit (1e9 / points for nanoseconds per point).
        peer_scale: the same for the peer's, where it does part of the work (all its steps over those it is timed for).
        unit: of both figures.
        repetitions: times each is run.
        goal: how many times faster than the peer we should be; None for no goal.
    """

    name: str
    peer: str
    work: dict[str, Any]
    prepare: Callable[[], Callable[[], object]]
    scale: float
    peer_scale: float
    unit: str
    repetitions: int = 5
    goal: float | None = None


def seconds(act: Callable[[], object]) -> float:
    """How long one call takes [s]."""
    begin = time.perf_counter()
    act()
    return time.perf_counter() - begin


def in_turn(*acts: Callable[[], object], repetitions: int = 5) -> tuple[float, ...]:
    """Median time of each act [s]; they are run in turn, so that what else the machine does meets all alike."""
    times: list[list[float]] = [[] for _ in acts]
    for _ in range(repetitions):
        for act, own in zip(acts, times, strict=True):
            own.append(seconds(act))
    return tuple(statistics.median(own) for own in times)


def shortest(act: Callable[[], object], repetitions: int) -> float:
    """Shortest of several times [s]."""
    return min(seconds(act) for _ in range(repetitions))


@cache
def memory_bandwidth(size: int = 1 << 24, repetitions: int = 8) -> float:
    """Memory bandwidth of all cores [B/s]: a triad a = b + s c in float32, its three arrays counted once each."""
    from openhifu.base.triad_kernel import triad

    b, c, out = (np.ones(size, np.float32) for _ in range(3))
    scale = np.float32(2.0)
    triad(out, b, c, scale)
    return 12.0 * size / shortest(lambda: triad(out, b, c, scale), repetitions)


def highest_memory() -> float:
    """Most memory that this process has held so far [B].

    Linux's own mark is that of the program that runs now; what getrusage says begins with the parent's before it.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return 1024.0 * float(line.split()[1])
    import resource

    most = float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return most if sys.platform == "darwin" else 1024.0 * most
