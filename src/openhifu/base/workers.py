"""Processes of this machine for work that is many independent pieces."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context


@contextmanager
def workers(count: int, executor: Executor | None = None) -> Iterator[Executor]:
    """The executor given, left open; or processes that leave Ctrl-C to this one and keep to a core each.

    Args:
        count: of processes.
        executor: used instead, e.g. a cluster's.
    """
    if executor is not None:
        yield executor
        return
    pool = ProcessPoolExecutor(count, get_context("spawn"), initializer=_alone)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _alone() -> None:
    import numba

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    numba.set_num_threads(1)
