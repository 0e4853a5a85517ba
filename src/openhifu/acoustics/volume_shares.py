"""Which share of every voxel is of which tissue, kept only where it is not all of one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.interfaces import Interfaces
from openhifu.model.tissuemap import TissueMap

_WHOLE = 0.999  # a voxel that holds more than this of its own label is taken as whole


@dataclass(frozen=True, eq=False)
class VolumeShares:
    """Shares of tissues plane by plane.

    Attributes:
        labels: (nz, nx, ny).
        index: of every plane, flat index of the voxels that hold more than one tissue.
        mixed: of every plane, their shares, shape (tissues, voxels).
    """

    labels: NDArray[np.uint8]
    index: tuple[NDArray[np.int64], ...]
    mixed: tuple[NDArray[np.float32], ...]

    @classmethod
    def of(cls, labels: NDArray[np.uint8], tissue_map: TissueMap, interfaces: Interfaces | None) -> VolumeShares:
        """Shares from interfaces finer than the voxels; without them every voxel is of its label.

        Args:
            labels: the map's labels, axes z, x, y.
            tissue_map: the map.
            interfaces: in agreement with it.

        Raises:
            GeometryError: if they are not.
        """
        none = np.empty(0, np.int64), np.empty((len(tissue_map.tissues), 0), np.float32)
        if interfaces is None:
            return cls(labels, (none[0],) * len(labels), (none[1],) * len(labels))
        cells, many = interfaces.under(tissue_map), len(tissue_map.tissues)
        nz, nx, ny = labels.shape
        index, mixed = [], []
        for n in range(nz):
            low, high = (n, 0, 0), (n + 1, nx, ny)
            if cells.uniform(low, high) is not None:
                index.append(none[0])
                mixed.append(none[1])
                continue
            cut = cells.cut
            parts = cells.mixed(low, high, np.eye(many, dtype=np.float32)).reshape(many, cut, nx, cut, ny, cut)
            shares = np.clip(parts.mean(axis=(1, 3, 5)).reshape(many, nx * ny), 0.0, 1.0)
            own = np.take_along_axis(shares, labels[n].reshape(1, -1).astype(np.intp), axis=0)[0]
            where = np.flatnonzero(own < _WHOLE)
            index.append(where)
            mixed.append(np.ascontiguousarray(shares[:, where] / shares[:, where].sum(axis=0)))
        return cls(labels, tuple(index), tuple(mixed))

    def plane(self, n: int) -> NDArray[np.float32]:
        """Shares on plane n, shape (tissues, nx, ny); they add up to one."""
        many = self.mixed[n].shape[0]
        out = (self.labels[n][None] == np.arange(many)[:, None, None]).astype(np.float32)
        out.reshape(many, -1)[:, self.index[n]] = self.mixed[n]
        return out
