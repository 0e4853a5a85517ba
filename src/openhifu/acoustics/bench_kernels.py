"""The transforms of a march alone, for the ratio of a march to what its transforms cost."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray
from rocket_fft import c2c


@njit(nogil=True, cache=True)
def transforms(field: NDArray[np.complex64], planes: int, kept: int) -> None:
    """As many pairs of two-dimensional transforms as a march does, pruned to the same columns.

    Args:
        field: plane, in place.
        planes: pairs of transforms.
        kept: columns on either side of zero that propagate.
    """
    rows, columns = field.shape
    along_x, along_y = np.array([0]), np.array([1])
    low, high = field[:, : kept + 1], field[:, columns - kept :]
    one, scale = 1.0, 1.0 / (rows * columns)
    for _ in range(planes):
        c2c(field, field, along_y, True, one, 1)
        c2c(low, low, along_x, True, one, 1)
        c2c(high, high, along_x, True, one, 1)
        c2c(low, low, along_x, False, one, 1)
        c2c(high, high, along_x, False, one, 1)
        c2c(field, field, along_y, False, scale, 1)
