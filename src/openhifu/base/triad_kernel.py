"""The compiled triad by which memory bandwidth is measured."""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray


@njit(parallel=True, cache=True)
def triad(out: NDArray[np.float32], b: NDArray[np.float32], c: NDArray[np.float32], s: np.float32) -> None:
    """Out = b + s c."""
    for n in prange(out.size):
        out[n] = b[n] + s * c[n]
