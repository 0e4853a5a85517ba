"""Running a staggered lattice in time: two sweeps a step, shared among threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from openhifu.acoustics.staggered_kernels import Motion, Slopes, Stuff, sweep_planes, sweep_sheets
from openhifu.base.errors import OutOfRange

Sweep = Callable[[Motion, Stuff, Slopes, int, int], None]


class StaggeredRun:
    """A lattice in motion; a context manager that owns its threads.

    The numbers do not depend on how many threads there are.

    Args:
        motion: where it starts; changed in place.
        stuff: the medium.
        slopes: the derivatives.
        threads: how many.

    Raises:
        OutOfRange: if there is no thread.
    """

    def __init__(self, motion: Motion, stuff: Stuff, slopes: Slopes, threads: int) -> None:
        if threads < 1:
            raise OutOfRange(f"a run needs at least one thread, got {threads}")
        self.motion, self._stuff, self._slopes, self._threads = motion, stuff, slopes, threads
        self._pool = ThreadPoolExecutor(threads)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._pool.shutdown()

    def step(self, push: Callable[[], None]) -> None:
        """Advance by one step; ``push`` adds the sources' pressure of this step."""
        nz, nx, _ = self.motion.p.shape
        self._sweep(sweep_sheets, nx)
        push()
        self._sweep(sweep_planes, nz)

    def shared(self, work: Callable[[int, int], None], count: int) -> None:
        """Call ``work(first, last)`` for equal parts of ``count``, one per thread."""
        edges = [count * n // self._threads for n in range(self._threads + 1)]
        waiting = [self._pool.submit(work, a, b) for a, b in zip(edges, edges[1:], strict=False)]
        for task in waiting:
            task.result()

    def _sweep(self, sweep: Sweep, count: int) -> None:
        self.shared(lambda a, b: sweep(self.motion, self._stuff, self._slopes, a, b), count)
