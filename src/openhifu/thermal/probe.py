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
        if not mask.any():
            raise GeometryError(f"{name} has no voxel on {grid.describe()}; leave it out, or take a grid that holds it")
        self._name, self._grid, self._runs = name, grid, _runs(mask)

    @property
    def name(self) -> str:
        """Name of the region."""
        return self._name

    @property
    def grid(self) -> Grid:
        """Grid whose indices it holds."""
        return self._grid

    @property
    def runs(self) -> NDArray[np.int32]:
        """Stretches of voxels along the third axis: (i, j, first k, last k + 1) each, shape (n, 4)."""
        return self._runs


def _runs(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Stretches of True along the third axis."""
    edges = np.diff(np.pad(mask, ((0, 0), (0, 0), (1, 1))).astype(np.int8), axis=2)
    first, stop = np.argwhere(edges == 1), np.argwhere(edges == -1)
    return np.column_stack([first, stop[:, 2]]).astype(np.int32)
