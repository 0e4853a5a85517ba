"""Crop and resample volumes along their own axes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import OutOfRange
from openhifu.base.grid import Grid

Crop = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]


def cropped_grid(grid: Grid, crop: Crop | None, spacing: tuple[float, float, float] | None) -> Grid:
    """The grid of a crop at another spacing; its first voxel's outer corner is the crop's.

    Args:
        grid: of the whole volume.
        crop: first voxel and end (exclusive) along each axis; None for the whole.
        spacing: m along each axis; None keeps the grid's own.

    Raises:
        OutOfRange: if the crop is empty or beyond the grid, or the spacing not positive or wider than the crop.
    """
    low, high = np.array(crop).T if crop is not None else (np.zeros(3, int), np.array(grid.shape))
    if np.any(low < 0) or np.any(high > np.array(grid.shape)) or np.any(high <= low):
        raise OutOfRange(f"crop {low.tolist()} to {high.tolist()} must lie within the image's {grid.shape} voxels")
    part = grid.crop(low, high)
    if spacing is None:
        return part
    if not all(s > 0 and np.isfinite(s) for s in spacing):
        raise OutOfRange(f"a spacing must be positive, got {[1e3 * s for s in spacing]} mm")
    own, wanted = np.array(part.spacing), np.array(spacing)
    count = np.floor(np.array(part.shape) * own / wanted + 1e-6).astype(int)
    if np.any(count < 1):
        raise OutOfRange(f"spacing {(1e3 * wanted).tolist()} mm is wider than the crop")
    affine = np.array(part.affine)
    affine[:3, 3] = part.world(0.5 * wanted / own - 0.5)
    affine[:3, :3] *= wanted / own
    return Grid((int(count[0]), int(count[1]), int(count[2])), affine, grid.frame)


def resampled(data: NDArray[Any], grid: Grid, onto: Grid, order: int) -> NDArray[Any]:
    """Values on a grid with the same axes, by linear (order 1) or nearest (order 0) interpolation, edges extended."""
    from scipy.ndimage import affine_transform

    scale = np.array(onto.spacing) / np.array(grid.spacing)
    start = grid.index(onto.affine[:3, 3])
    same = np.allclose(scale, 1, atol=1e-6) and np.allclose(start, np.rint(start), atol=1e-4)
    if same:
        low = np.rint(start).astype(int)
        return data[tuple(slice(a, a + n) for a, n in zip(low, onto.shape, strict=True))].copy()
    transform: Any = affine_transform  # its stub knows scalar offsets only
    return transform(data, scale, offset=start, output_shape=onto.shape, order=order, mode="nearest")


def reoriented(data: NDArray[Any], own: Grid, grid: Grid) -> NDArray[Any] | None:
    """The same voxels in the axis order of another grid; None if they are not the very same voxels.

    Programs store an image with rows, columns or slices turned round; nothing is interpolated here.
    """
    step = np.linalg.inv(grid.affine) @ own.affine
    turn = np.rint(step[:3, :3]).astype(int)
    if not np.allclose(step[:3, :3], turn, atol=1e-4) or sorted(np.argmax(np.abs(turn), axis=0)) != [0, 1, 2]:
        return None
    order = np.argmax(np.abs(turn), axis=1)
    turned = data.transpose(order)
    for axis in range(3):
        if turn[axis, order[axis]] < 0:
            turned = np.flip(turned, axis)
    first = [0 if turn[:, n].sum() > 0 else own.shape[n] - 1 for n in range(3)]
    start = step[:3, :3] @ np.array(first) + step[:3, 3]
    return turned if turned.shape == grid.shape and np.allclose(start, 0, atol=1e-2) else None
