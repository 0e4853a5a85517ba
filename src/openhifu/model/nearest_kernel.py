"""Compiled nearest-neighbour gathering of labels from one regular grid onto another."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray


@numba.njit(cache=True, parallel=True)
def gather(
    data: NDArray[np.uint8], step: NDArray[np.float64], outside: int, out: NDArray[np.uint8]
) -> None:  # pragma: no cover - compiled
    """Fill ``out[i, j, k]`` with the voxel of ``data`` nearest to ``step @ (i, j, k, 1)``, or ``outside`` beyond it."""
    nx, ny, nz = out.shape
    sx, sy, sz = data.shape
    for i in numba.prange(nx):
        for j in range(ny):
            x0 = step[0, 0] * i + step[0, 1] * j + step[0, 3] + 0.5
            y0 = step[1, 0] * i + step[1, 1] * j + step[1, 3] + 0.5
            z0 = step[2, 0] * i + step[2, 1] * j + step[2, 3] + 0.5
            for k in range(nz):
                x = x0 + step[0, 2] * k
                y = y0 + step[1, 2] * k
                z = z0 + step[2, 2] * k
                if 0.0 <= x < sx and 0.0 <= y < sy and 0.0 <= z < sz:
                    out[i, j, k] = data[int(x), int(y), int(z)]
                else:
                    out[i, j, k] = outside
