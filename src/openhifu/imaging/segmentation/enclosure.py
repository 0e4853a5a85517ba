"""How closed a wall is around each voxel: in how many of 26 directions it is met within reach."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from openhifu.imaging.morphology import Mask
from openhifu.imaging.segmentation.filters import Spacing

DIRECTIONS = 26


def enclosing_directions(wall: Mask, reach: float, spacing: Spacing) -> NDArray[np.uint8]:
    """In how many of the 26 directions to neighbours the wall is met within ``reach`` [m].

    A direction that leaves the image counts as closed: an image that cuts through a bone does not open it.
    """
    found = np.zeros(wall.shape, np.uint8)
    for a, b, c in itertools.product((-1, 0, 1), repeat=3):
        if a or b or c:
            found += _met(wall, (a, b, c), reach, spacing)
    return found


def _met(wall: Mask, direction: tuple[int, int, int], reach: float, spacing: Spacing) -> Mask:
    """Whether the wall is met; steps double, so that each look reaches twice as far as the one before."""
    step = float(np.hypot.reduce([n * s for n, s in zip(direction, spacing, strict=True)]))
    last = max(1, round(reach / step))
    met, done = _seen(wall, direction, 1), 1
    while done < last:
        further = min(done, last - done)
        met |= _seen(met, direction, further)
        done += further
    return met


def _seen(mask: Mask, direction: tuple[int, int, int], steps: int) -> Mask:
    """The mask as seen ``steps`` away from each voxel; beyond the image it is all mask."""
    out = np.ones_like(mask)
    shift = [steps * n for n in direction]
    if any(abs(n) >= size for n, size in zip(shift, mask.shape, strict=True)):
        return out
    to = tuple(slice(max(-n, 0), size + min(-n, 0)) for n, size in zip(shift, mask.shape, strict=True))
    fro = tuple(slice(max(n, 0), size + min(n, 0)) for n, size in zip(shift, mask.shape, strict=True))
    out[to] = mask[fro]
    return out
