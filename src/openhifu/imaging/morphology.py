"""Shapes of masks: reach within millimetres, opening, largest piece, outside."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def within(mask: Mask, reach: float, spacing: tuple[float, float, float]) -> Mask:
    """Voxels whose centre lies within ``reach`` [m] of the centre of a voxel of the mask, the mask included.

    Nothing beyond the image counts as part of the mask.
    """
    out = mask.copy()
    steps = [range(-int(reach / s + 1e-9), int(reach / s + 1e-9) + 1) for s in spacing]
    for shift in itertools.product(*steps):
        away = sum((n * s) ** 2 for n, s in zip(shift, spacing, strict=True))
        if any(shift) and away <= (reach * (1 + 1e-9)) ** 2:
            to = tuple(slice(max(n, 0), size + min(n, 0)) for n, size in zip(shift, mask.shape, strict=True))
            fro = tuple(slice(max(-n, 0), size + min(-n, 0)) for n, size in zip(shift, mask.shape, strict=True))
            out[to] |= mask[fro]
    return out


def opened(mask: Mask, size: int) -> Mask:
    """Plane by plane (third axis), what a square of ``size`` voxels fits into."""
    from scipy.ndimage import maximum_filter1d, minimum_filter1d

    out = mask.astype(np.uint8)
    for axis in (0, 1):
        out = minimum_filter1d(out, size, axis=axis, mode="nearest")
    for axis in (0, 1):
        out = maximum_filter1d(out, size, axis=axis, mode="nearest")
    return out.astype(bool)


def largest(mask: Mask) -> Mask:
    """The largest piece connected through voxel faces; empty if the mask is."""
    from scipy.ndimage import label

    pieces, count = _labelled(label(mask))
    if count == 0:
        return mask.copy()
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return pieces == int(np.argmax(sizes))


def holes_filled(mask: Mask, air: Mask) -> Mask:
    """Plane by plane (third axis), the mask with what it encloses; an image edge that cuts the mask encloses too.

    A crop through a body opens its cavities to the edge of the image. A gap is outside only if it reaches an edge
    beyond the first and last voxel of the mask on that edge, and if most of it looks like air: lung does not. The foam
    of a table does not either; a gap of it is outside where most of it lies beside what is outside in the next plane.

    Args:
        mask: what is surely inside.
        air: voxels that look like the air around a body.
    """
    from scipy.ndimage import generate_binary_structure, label

    in_plane = generate_binary_structure(3, 1)
    in_plane[1, 1, 0] = in_plane[1, 1, 2] = False
    pieces, count = _labelled(label(~mask, structure=in_plane))
    open_to_edge = np.zeros(count + 1, bool)
    for axis, edge in itertools.product((0, 1), (0, -1)):
        line = np.take(mask, edge, axis=axis)
        before = np.maximum.accumulate(line, axis=0)
        after = np.maximum.accumulate(line[::-1], axis=0)[::-1]
        open_to_edge[np.unique(np.take(pieces, edge, axis=axis)[~(before & after)])] = True
    open_to_edge[0] = False
    sizes = np.bincount(pieces.ravel(), minlength=count + 1)
    airy = np.bincount(pieces[air], minlength=count + 1) > 0.5 * sizes
    outside = open_to_edge & airy
    while np.any(more := open_to_edge & ~outside & (_beside(outside[pieces], pieces, count) > 0.5 * sizes)):
        outside |= more
    return ~outside[pieces]


def _beside(outside: Mask, pieces: NDArray[np.int32], count: int) -> NDArray[np.intp]:
    """Voxels of each piece that lie beside the outside in the plane before or after."""
    near = np.zeros_like(outside)
    near[:, :, 1:] |= outside[:, :, :-1]
    near[:, :, :-1] |= outside[:, :, 1:]
    return np.bincount(pieces[near], minlength=count + 1)


def _labelled(result: object) -> tuple[NDArray[np.int32], int]:
    pieces, count = result  # pyright: ignore[reportGeneralTypeIssues]
    return pieces, int(count)
