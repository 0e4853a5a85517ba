"""Compiled reading of instrument voxels: the highest mean over blocks of grid voxels."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray


@numba.njit(cache=True)
def hottest_mean(
    data: NDArray[np.float32], blocks: NDArray[np.int32], a: int, b: int, c: int
) -> float:  # pragma: no cover - compiled
    """Highest mean of ``data`` over blocks of ``a x b x c`` voxels whose first voxels are the rows of ``blocks``."""
    highest = -np.inf
    for n in range(blocks.shape[0]):
        total = 0.0
        for i in range(blocks[n, 0], blocks[n, 0] + a):
            for j in range(blocks[n, 1], blocks[n, 1] + b):
                for k in range(blocks[n, 2], blocks[n, 2] + c):
                    total += data[i, j, k]
        highest = max(highest, total / (a * b * c))
    return highest
