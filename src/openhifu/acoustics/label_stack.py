"""A medium's labels laid out as the march reads them: plane by plane along the beam."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from openhifu.model.tissuemap import TissueMap

_TILE = 64


@dataclass(frozen=True, eq=False)
class LabelStack:
    """Planes of labels.

    Attributes:
        labels: shape (nz, nx, ny), contiguous.
    """

    labels: NDArray[np.uint8]

    @classmethod
    def of(cls, tissue_map: TissueMap) -> LabelStack:
        """Rearrange a map."""
        nx, ny, nz = tissue_map.grid.shape
        labels = np.empty((nz, nx, ny), np.uint8)
        _rearrange(tissue_map.data, labels)
        return cls(labels)


@njit(nogil=True, cache=True)
def _rearrange(data: NDArray[np.uint8], labels: NDArray[np.uint8]) -> None:
    """labels[k, i, j] = data[i, j, k], in tiles that stay in the cache."""
    nx, ny, nz = data.shape
    for i in range(nx):
        for first in range(0, ny, _TILE):
            for k in range(nz):
                for j in range(first, min(first + _TILE, ny)):
                    labels[k, i, j] = data[i, j, k]
