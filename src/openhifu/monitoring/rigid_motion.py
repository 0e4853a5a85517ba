"""How far tissue has moved between two images: a rigid translation, finer than a voxel, from their brightness."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import shift

from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.monitoring.mr_frames import MrFrame

_ITERATIONS = 10
_SETTLED = 1e-3
"""Voxels; a step shorter than this ends the search."""


class RigidMotion:
    """Finds the translation that best explains a frame by the reference (Lucas and Kanade 1981).

    Least squares on magnitude, linearised and repeated; right for translations of up to about a voxel and a half, for
    tissue with some structure in every direction. Rotation and deformation are not looked for.

    Args:
        reference: image of the tissue where it belongs.
        region: voxels to compare; leave the heated part out, whose brightness falls with temperature. Two voxels at
            the border of the image are left out, where tissue comes and goes.

    Raises:
        GeometryError: if the region has another shape.
        OutOfRange: if the region shows no structure along an axis that has more than one voxel.
    """

    def __init__(self, reference: MrFrame, region: NDArray[np.bool_]) -> None:
        if region.shape != reference.grid.shape:
            raise GeometryError(f"the region has shape {region.shape}, the image {reference.grid.shape}")
        self._reference, self._region = reference, region & _inner(region.shape)
        region = self._region
        self._magnitude = np.abs(reference.signal).astype(np.float64)
        self._axes = [n for n in range(3) if reference.grid.shape[n] > 1]
        slopes = np.stack([np.gradient(self._magnitude, axis=n)[region] for n in self._axes])
        if not np.linalg.matrix_rank(slopes @ slopes.T) == len(self._axes):
            raise OutOfRange("the region shows no structure along some axis; its motion cannot be seen")

    def displacement(self, frame: MrFrame) -> NDArray[np.float64]:
        """Translation [m] of the tissue along the three axes of the grid, reference to frame.

        Raises:
            GeometryError: if the frame is of another grid.
        """
        self._reference.grid.require_same(frame.grid, "the frame")
        now = np.abs(frame.signal).astype(np.float64)
        moved = np.zeros(3)
        for _ in range(_ITERATIONS):
            model = shift(self._magnitude, moved, order=3, mode="nearest")
            slopes = np.stack([np.gradient(model, axis=n)[self._region] for n in self._axes])
            left = (model - now)[self._region]
            step = np.linalg.solve(slopes @ slopes.T, slopes @ left)
            moved[self._axes] += step
            if np.max(np.abs(step)) < _SETTLED:
                break
        return moved * np.array(self._reference.grid.spacing)


def _inner(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """All but two voxels at either end of each axis that has six or more."""
    inner = np.zeros(shape, bool)
    inner[tuple(slice(2, -2) if n >= 6 else slice(None) for n in shape)] = True
    return inner
