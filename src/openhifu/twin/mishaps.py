"""Mishaps outside the devices: a disk that fills up, a clock that steps, a process that is killed without a word."""

from __future__ import annotations

import errno
import math
import os
from dataclasses import dataclass
from pathlib import Path

from openhifu.delivery.clock import Clock
from openhifu.delivery.journal import Disk


class Killed(BaseException):
    """The process is gone: nothing it would still do happens. No handler of the engine may catch this."""


@dataclass
class Life:
    """The life of the engine's process.

    Attributes:
        killed_at: when [s of the machine's clock] it ends; infinity for never.
        killed_in_write: number of the journal write in which it ends, half of the line written; infinity for never.
        over: whether it has ended.
    """

    killed_at: float = math.inf
    killed_in_write: float = math.inf
    over: bool = False

    def end(self) -> None:
        """End it.

        Raises:
            Killed: always.
        """
        self.over = True
        raise Killed

    def require(self) -> None:
        """Do nothing more once it is over.

        Raises:
            Killed: if it is.
        """
        if self.over:
            raise Killed


class MortalClock:
    """The engine's clock: steps once if told so, and stops with the process.

    Args:
        clock: the machine's own, which does neither.
        life: of the process.
        step_at: when [s] the engine's clock steps.
        step: by how much [s].
    """

    def __init__(self, clock: Clock, life: Life, step_at: float = math.inf, step: float = 0.0) -> None:
        """Not stepped yet."""
        self._clock, self._life, self._step_at, self._step = clock, life, step_at, step

    def now(self) -> float:
        """The machine's time, off by the step once that happened."""
        self._life.require()
        true = self._clock.now()
        return true + self._step if true >= self._step_at else true

    def sleep(self, duration: float) -> None:
        """Wait, unless the process ends meanwhile."""
        self._life.require()
        left = self._life.killed_at - self._clock.now()
        if left <= duration:
            self._clock.sleep(max(left, 0.0))
            self._life.end()
        self._clock.sleep(duration)

    def wall(self) -> str:
        """Time for people."""
        return self._clock.wall()


class TwinDisk(Disk):
    """A disk in memory's stead: remembers what was synced, fills up, fails to sync, writes in two pieces.

    Args:
        life: of the process that writes.
        room: bytes until it is full.
        syncs: how many syncs succeed.
        pieces: whether every write goes in two pieces.
    """

    def __init__(self, life: Life, room: float = math.inf, syncs: float = math.inf, pieces: bool = False) -> None:
        """Empty."""
        self._life, self._room, self._syncs, self._pieces = life, room, syncs, pieces
        self.synced, self.failed, self._writes, self._written = 0, False, 0, 0

    def write(self, handle: int, content: bytes) -> int:
        """Write as much as goes."""
        self._life.require()
        self._writes += 1
        if self._writes > self._life.killed_in_write:
            os.write(handle, content[: len(content) // 2])
            self._life.end()
        if self._written + len(content) > self._room:
            self.failed = True
            os.write(handle, content[: max(int(self._room - self._written), 0)])
            raise OSError(errno.ENOSPC, "No space left on device")
        part = content[: (len(content) + 1) // 2] if self._pieces else content
        self._written += len(part)
        return os.write(handle, part)

    def sync(self, handle: int) -> None:
        """Remember how much would survive."""
        self._life.require()
        self._syncs -= 1
        if self._syncs < 0:
            self.failed = True
            raise OSError(errno.EIO, "Input/output error")
        self.synced = self._written

    def free(self, folder: Path) -> float:
        """Plenty: whoever fills it up does so between two looks."""
        return 1e9
