"""A tilted gantry straightened: each slice moved sideways to where an upright stack has it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from openhifu.imaging.dicom.stack import Stack


def straightened(
    volume: NDArray[np.float32], stack: Stack, outside: float
) -> tuple[NDArray[np.float32], tuple[int, int], float]:
    """Resample the slices of a sheared stack onto an upright grid by linear interpolation within each slice.

    The new grid has the same voxel size and is wide enough to hold every slice.

    Args:
        volume: values (column, row, slice).
        stack: where the slices lie.
        outside: value where a slice does not reach.

    Returns:
        The values, the index (column, row) of the new first voxel relative to the old one, and the tilt [degrees].
    """
    from scipy.ndimage import shift

    first = stack.planes[0]
    pixel = np.array([np.linalg.norm(first.along), np.linalg.norm(first.down)])
    drift = stack.shear / pixel
    total = drift * (len(stack.planes) - 1)
    low = np.floor(np.minimum(total, 0)).astype(int)
    high = np.ceil(np.maximum(total, 0)).astype(int)
    columns, rows, count = volume.shape
    shape = (columns + int(high[0] - low[0]), rows + int(high[1] - low[1]))
    out = np.empty((*shape, count), np.float32)
    for n in range(count):
        wide = np.full(shape, outside, np.float32)
        wide[-low[0] : columns - low[0], -low[1] : rows - low[1]] = volume[:, :, n]
        out[:, :, n] = shift(wide, drift * n, order=1, mode="constant", cval=outside)
    tilt = float(np.degrees(np.arctan2(np.linalg.norm(stack.shear), stack.spacing)))
    return out, (int(low[0]), int(low[1])), tilt
