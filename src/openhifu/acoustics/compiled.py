"""Telling whether a solve had to wait for the compiler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Compilation:
    """How often some compiled functions had been built when the watch began.

    Attributes:
        kernels: the functions.
        before: their number of builds then (loads from the cache do not count).
    """

    kernels: tuple[Any, ...]
    before: int

    @classmethod
    def watch(cls, *kernels: Any) -> Compilation:
        """Begin to watch."""
        return cls(kernels, _builds(kernels))

    def happened(self) -> bool:
        """Whether one was built since."""
        return _builds(self.kernels) > self.before


def _builds(kernels: tuple[Any, ...]) -> int:
    return sum(sum(kernel.stats.cache_misses.values()) for kernel in kernels)
