"""What the classical segmentation measures on volumes: smoothed values, distances, pieces and sums over them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from openhifu.imaging.morphology import Mask

Spacing = tuple[float, float, float]
Volume = NDArray[np.float32]
Numbers = NDArray[np.int32]


def smoothed(data: Volume, width: float, spacing: Spacing) -> Volume:
    """Values under a Gaussian of standard deviation ``width`` [m], edges extended."""
    from scipy.ndimage import gaussian_filter

    found: Any = gaussian_filter(data, [width / s for s in spacing], truncate=3.0, mode="nearest")
    return found


def spread_within(data: Volume, mask: Mask, width: float, spacing: Spacing) -> tuple[Volume, Volume, Volume]:
    """Share of the mask around each voxel, and mean and standard deviation of the values on that share alone.

    What lies outside the mask does not count, so that the edge of a bright piece does not look like texture in it.
    """
    weight = mask.astype(np.float32)
    share = smoothed(weight, width, spacing)
    filled: Volume = np.maximum(share, np.float32(1e-3))
    mean: Volume = smoothed(data * weight, width, spacing) / filled
    square: Volume = smoothed(data * data * weight, width, spacing) / filled
    variance: Volume = np.maximum(square - mean * mean, np.float32(0))
    deviation: Volume = np.sqrt(variance)
    return share, mean, deviation


def distance_to(mask: Mask, spacing: Spacing) -> Volume:
    """Distance [m] to the nearest voxel of the mask, centre to centre; infinite where the mask is empty."""
    from scipy.ndimage import distance_transform_edt

    if not mask.any():
        return np.full(mask.shape, np.inf, np.float32)
    found: Any = distance_transform_edt(~mask, sampling=spacing)
    return found.astype(np.float32)


def nearest_value(values: NDArray[Any], mask: Mask, spacing: Spacing) -> tuple[NDArray[Any], Volume]:
    """The value of the nearest voxel of the mask, which is not empty, and the distance [m] to it."""
    from scipy.ndimage import distance_transform_edt

    found: Any = distance_transform_edt(~mask, sampling=spacing, return_indices=True)
    return values[tuple(found[1])], found[0].astype(np.float32)


def pieces_of(mask: Mask) -> tuple[Numbers, int]:
    """Pieces connected through voxel faces, numbered from 1, and how many there are."""
    from scipy.ndimage import label

    found: Any = label(mask)
    return found[0], int(found[1])


def counted(pieces: Numbers, count: int, where: Mask) -> NDArray[np.float64]:
    """Voxels of each piece that lie in ``where``; by number, 0 for what is no piece."""
    found = np.bincount(pieces[where], minlength=count + 1).astype(np.float64)
    found[0] = 0
    return found


def surface_of(mask: Mask) -> Mask:
    """Voxels of the mask with a face towards what is not mask; faces of the image are no surface."""
    return mask & ~shrunk(mask)


def shrunk(mask: Mask) -> Mask:
    """The mask without the voxels that have a face towards what is not mask; faces of the image count as mask."""
    from scipy.ndimage import binary_erosion

    found: Any = binary_erosion(mask, border_value=1)
    return found


def grown(mask: Mask, times: int) -> Mask:
    """The mask with its neighbours through faces, so many times."""
    from scipy.ndimage import binary_dilation

    found: Any = binary_dilation(mask, iterations=times)
    return found


def opened_in_plane(mask: Mask) -> Mask:
    """Plane by plane (third axis), what a cross of five voxels fits into."""
    from scipy.ndimage import binary_opening, generate_binary_structure

    cross: Any = generate_binary_structure(2, 1)
    found: Any = binary_opening(mask, cross[:, :, None])
    return found


def closed_up(mask: Mask) -> Mask:
    """The mask with gaps of one voxel filled."""
    from scipy.ndimage import binary_closing

    found: Any = binary_closing(mask)
    return found | mask
