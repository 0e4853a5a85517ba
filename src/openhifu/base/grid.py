"""Regular grids: a shape, an affine and a frame, and no data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.base.frames import Frame

_SAME = 1e-7  # metres: affines closer than this describe the same grid


@dataclass(frozen=True, eq=False)
class Grid:
    """Voxel centres ``affine @ (i, j, k, 1)`` in a frame.

    Attributes:
        shape: voxels along the three axes.
        affine: 4 x 4, index to metres; axes may be oblique but are orthogonal.
        frame: the frame of the metres.
    """

    shape: tuple[int, int, int]
    affine: NDArray[np.float64]
    frame: Frame

    def __post_init__(self) -> None:
        """Check and freeze shape and affine."""
        affine = np.array(self.affine, dtype=np.float64)
        shape = tuple(int(n) for n in self.shape)
        if len(shape) != 3 or min(shape) < 1:
            raise OutOfRange(f"a grid needs three positive sizes, got {self.shape}")
        if affine.shape != (4, 4) or not np.all(np.isfinite(affine)):
            raise OutOfRange("a grid needs a finite 4 x 4 affine")
        steps = affine[:3, :3]
        gram = steps.T @ steps
        off = gram - np.diag(np.diag(gram))
        if np.min(np.diag(gram)) <= 0 or np.max(np.abs(off)) > 1e-6 * np.max(gram):
            raise GeometryError(
                "a grid's axes must be orthogonal and of positive spacing; resample sheared images first"
            )
        affine.setflags(write=False)
        object.__setattr__(self, "affine", affine)
        object.__setattr__(self, "shape", shape)

    @classmethod
    def box(cls, low: ArrayLike, high: ArrayLike, spacing: float, frame: Frame = Frame.TRANSDUCER) -> Grid:
        """Grid of cubic voxels along the frame's axes, centres from ``low`` up to at least ``high`` [m].

        Raises:
            OutOfRange: if the spacing is not positive or the box is empty.
        """
        lo, hi = np.asarray(low, float), np.asarray(high, float)
        if not spacing > 0 or not np.all(hi > lo):
            raise OutOfRange(f"a box needs a positive spacing and high > low, got {spacing} m, {lo} to {hi}")
        n = np.ceil((hi - lo) / spacing - 1e-9).astype(int) + 1
        affine = np.diag([spacing, spacing, spacing, 1.0])
        affine[:3, 3] = lo
        return cls((int(n[0]), int(n[1]), int(n[2])), affine, frame)

    @classmethod
    def along(
        cls, axes: ArrayLike, origin: ArrayLike, low: ArrayLike, high: ArrayLike, spacing: float, frame: Frame
    ) -> Grid:
        """Cubic voxels along given unit vectors, from ``origin + low`` up to ``origin + high`` [m].

        ``axes`` holds the unit vectors as rows; ``low`` and ``high`` are measured along them. This is how a grid
        follows a beam through a patient.
        """
        box = cls.box(low, high, spacing, frame)
        turn = np.asarray(axes, float).T
        affine = np.eye(4)
        affine[:3, :3] = turn * spacing
        affine[:3, 3] = np.asarray(origin, float) + turn @ np.asarray(low, float)
        return cls(box.shape, affine, frame)

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Voxel size along the three axes [m]."""
        a, b, c = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(a), float(b), float(c)

    @property
    def voxel_volume(self) -> float:
        """Volume of a voxel [m3]."""
        return float(np.prod(self.spacing))

    @property
    def size(self) -> int:
        """Number of voxels."""
        return int(np.prod(self.shape))

    def world(self, index: ArrayLike) -> NDArray[np.float64]:
        """Points (..., 3) [m] of indices (..., 3), fractional ones too."""
        return np.asarray(index, float) @ self.affine[:3, :3].T + self.affine[:3, 3]

    def index(self, points: ArrayLike) -> NDArray[np.float64]:
        """Fractional indices (..., 3) of points (..., 3) [m] given in this grid's frame."""
        inverse: NDArray[np.float64] = np.linalg.inv(self.affine).astype(np.float64)
        return np.einsum("ij,...j->...i", inverse[:3, :3], np.asarray(points, np.float64)) + inverse[:3, 3]

    def contains(self, points: ArrayLike) -> NDArray[np.bool_]:
        """Whether each point lies within half a voxel of the grid."""
        idx = self.index(points)
        return np.all((idx >= -0.5) & (idx <= np.array(self.shape) - 0.5), axis=-1)

    def voxel(self, point: ArrayLike) -> tuple[int, int, int]:
        """The voxel nearest to a point [m].

        Raises:
            GeometryError: if the point is off the grid.
        """
        found = np.rint(self.index(point))
        if not np.all((found >= 0) & (found < np.array(self.shape))):
            raise GeometryError(f"the point {tuple(np.asarray(point).tolist())} lies off the grid ({self.describe()})")
        i, j, k = (int(n) for n in found)
        return i, j, k

    def axis(self, n: int) -> NDArray[np.float64]:
        """Distances [m] along axis ``n`` from this grid's first voxel."""
        return np.arange(self.shape[n], dtype=np.float64) * self.spacing[n]

    def points(self) -> NDArray[np.float64]:
        """All voxel centres, shape ``(*shape, 3)`` [m]."""
        i, j, k = np.meshgrid(*(np.arange(n) for n in self.shape), indexing="ij")
        return self.world(np.stack([i, j, k], axis=-1))

    def same_as(self, other: Grid) -> bool:
        """Whether both describe the same voxels in the same frame."""
        return (
            self.shape == other.shape
            and self.frame is other.frame
            and bool(np.all(np.abs(self.affine - other.affine) < _SAME))
        )

    def require_same(self, other: Grid, what: str) -> None:
        """Refuse data that lives on another grid.

        Raises:
            GeometryError: naming ``what`` and both grids.
        """
        if not self.same_as(other):
            raise GeometryError(
                f"{what} is on another grid: {other.describe()} instead of {self.describe()}; resample it first"
            )

    def describe(self) -> str:
        """Shape, spacing, origin and frame in one line."""
        mm = " x ".join(f"{1e3 * s:.3g}" for s in self.spacing)
        origin = ", ".join(f"{1e3 * v:.1f}" for v in self.affine[:3, 3])
        return f"{'x'.join(map(str, self.shape))} voxels of {mm} mm from ({origin}) mm, {self.frame}"

    def crop(self, low: ArrayLike, high: ArrayLike) -> Grid:
        """The sub-grid of indices ``low`` (inclusive) to ``high`` (exclusive)."""
        lo, hi = np.asarray(low, int), np.asarray(high, int)
        affine = np.array(self.affine)
        affine[:3, 3] = self.world(lo)
        n = hi - lo
        return Grid((int(n[0]), int(n[1]), int(n[2])), affine, self.frame)
