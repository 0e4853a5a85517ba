"""Processes of this machine for work that is many independent pieces."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, TypeVar

from openhifu.base.progress import Progress, silent

T = TypeVar("T")
A = TypeVar("A")
S = TypeVar("S")

_shared: list[Any] = []
"""In a process of ``sharing``: what all its work has in common."""


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
    with _processes(count, _alone) as pool:
        yield pool


@contextmanager
def sharing(
    count: int, function: Callable[[S, A], T], shared: S, executor: Executor | None = None
) -> Iterator[Callable[[A], Future[T]]]:
    """A way to submit pieces of work that have something large in common: it goes to every process once, not each time.

    Args:
        count: of processes.
        function: what is done with the common thing and one argument.
        shared: the common thing.
        executor: used instead, e.g. a cluster's; gets the common thing with every piece.
    """
    if executor is not None:
        yield lambda argument: executor.submit(function, shared, argument)
        return
    with _processes(count, _sharing, shared) as pool:
        yield lambda argument: pool.submit(_with_shared, function, argument)


@contextmanager
def _processes(count: int, begin: Callable[..., None], *given: object) -> Iterator[Executor]:
    """Processes that begin with a call; what waits when the context ends is not begun."""
    pool = ProcessPoolExecutor(count, get_context("spawn"), initializer=begin, initargs=given)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def gathered(waiting: Sequence[Future[T]], stage: str, progress: Progress = silent) -> list[T]:
    """Results as they come; Ctrl-C ends the wait with those that are finished, if there is any.

    Args:
        waiting: submitted work; what has not begun when this ends, however it ends, is given up.
        stage: name for the progress.
        progress: told how far it is.
    """
    found: list[T] = []
    progress(stage, 0.0)
    try:
        for future in as_completed(waiting):
            found.append(future.result())
            progress(stage, len(found) / len(waiting))
    except KeyboardInterrupt:
        if not found:
            raise
    finally:
        for future in waiting:
            future.cancel()
    return found


def _alone() -> None:
    import numba

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    numba.set_num_threads(1)


def _sharing(shared: object) -> None:
    _alone()
    _shared[:] = [shared]


def _with_shared(function: Callable[[Any, A], T], argument: A) -> T:
    return function(_shared[0], argument)
