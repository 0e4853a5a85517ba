"""A named set of voxels whose highest temperature is read often: the target, an organ at risk."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import GeometryError
from openhifu.base.grid import Grid


class Probe:
    """Voxels of one region, as indices ready for fast reading.

    Args:
        name: e.g. ``"ribs"``.
        grid: the grid of the solver that will be asked.
        mask: True where the region is, shape of the grid.

    Raises:
        GeometryError: if the mask has another shape or no voxel at all.
    """

    def __init__(self, name: str, grid: Grid, mask: NDArray[np.bool_]) -> None:
        if mask.shape != grid.shape:
            raise GeometryError(f"the mask of {name} has shape {mask.shape}, the grid {grid.shape}")
        i, j, k = (axis.astype(np.int32) for axis in np.nonzero(mask))
        if i.size == 0:
            raise GeometryError(f"{name} has no voxel on {grid.describe()}; leave it out, or take a grid that holds it")
        self._name, self._grid, self._voxels = name, grid, (i, j, k)

    @property
    def name(self) -> str:
        """Name of the region."""
        return self._name

    @property
    def grid(self) -> Grid:
        """Grid whose indices it holds."""
        return self._grid

    @property
    def voxels(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        """Indices along the three axes."""
        return self._voxels
