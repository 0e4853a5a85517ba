"""Flat cuts through a patient: where they lie, and how they are sampled and measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.base.units import mm_from_m


@dataclass(frozen=True, eq=False)
class Plane:
    """A rectangular picture in the patient, measured in millimetres along its two directions from ``origin``.

    Attributes:
        origin: LPS point [m] whose picture coordinates are 0, 0; the plane passes through it along its normal.
        through: LPS point [m] the plane passes through.
        right: unit vector that points right in the picture.
        up: unit vector that points up.
        low: left and bottom edge, m from ``origin``.
        high: right and top edge.
        pixel: m.
    """

    origin: NDArray[np.float64]
    through: NDArray[np.float64]
    right: NDArray[np.float64]
    up: NDArray[np.float64]
    low: tuple[float, float]
    high: tuple[float, float]
    pixel: float

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit vector towards the reader."""
        return np.cross(self.right, self.up)

    @property
    def grid(self) -> Grid:
        """The picture's pixels as a grid of one layer: (right, up, 1)."""
        n = [max(2, round((hi - lo) / self.pixel)) for lo, hi in zip(self.low, self.high, strict=True)]
        affine = np.eye(4)
        affine[:3, :3] = np.stack([self.right, self.up, self.normal], axis=1) * self.pixel
        lift = np.dot(self.through - self.origin, self.normal) * self.normal
        corner = (
            self.origin + lift + (self.low[0] + self.pixel / 2) * self.right + (self.low[1] + self.pixel / 2) * self.up
        )
        affine[:3, 3] = corner
        return Grid((n[0], n[1], 1), affine, Frame.PATIENT)

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top edge of the pixels [mm]."""
        nx, ny, _ = self.grid.shape
        left, bottom = mm_from_m(self.low[0]), mm_from_m(self.low[1])
        step = mm_from_m(self.pixel)
        return left, left + nx * step, bottom, bottom + ny * step

    def centres(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Picture coordinates [mm] of the pixels' columns and rows."""
        nx, ny, _ = self.grid.shape
        left, _, bottom, _ = self.extent
        step = mm_from_m(self.pixel)
        columns, rows = np.arange(nx, dtype=np.float64), np.arange(ny, dtype=np.float64)
        return left + (columns + 0.5) * step, bottom + (rows + 0.5) * step

    def project(self, points: ArrayLike) -> NDArray[np.float64]:
        """Picture coordinates (..., 3) of LPS points [m]: right, up, and towards the reader from the plane, in mm."""
        local = np.asarray(points, float) - self.origin
        out = np.stack(
            [local @ self.right, local @ self.up, (local - (self.through - self.origin)) @ self.normal], axis=-1
        )
        return out * 1e3


@dataclass(frozen=True)
class View:
    """How one of the three body planes is seen, in the radiological convention (patient's right on the left).

    Attributes:
        name: key of its title in the catalogue.
        right: unit vector in LPS that points right.
        up: unit vector that points up.
        letters: orientation letters at the left, right, bottom and top edge (keys of the catalogue).
        axes: keys of the axis labels, right and up.
        up_sign: -1 where the upward axis counts down in LPS.
    """

    name: str
    right: tuple[float, float, float]
    up: tuple[float, float, float]
    letters: tuple[str, str, str, str]
    axes: tuple[str, str]
    up_sign: int


_R, _L, _A, _P, _I, _S = (
    "letter.right",
    "letter.left",
    "letter.anterior",
    "letter.posterior",
    "letter.inferior",
    "letter.superior",
)
AXIAL = View("view.axial", (1, 0, 0), (0, -1, 0), (_R, _L, _P, _A), ("axis.l", "axis.p"), -1)
CORONAL = View("view.coronal", (1, 0, 0), (0, 0, 1), (_R, _L, _I, _S), ("axis.l", "axis.s"), 1)
SAGITTAL = View("view.sagittal", (0, 1, 0), (0, 0, 1), (_A, _P, _I, _S), ("axis.p", "axis.s"), 1)


def body_plane(view: View, through: ArrayLike, low: ArrayLike, high: ArrayLike, pixel: float) -> Plane:
    """One of the body planes through a point, cut to a box of LPS corners [m]; its coordinates are LPS millimetres."""
    right, up = np.asarray(view.right, float), np.asarray(view.up, float)
    corners = np.stack([np.asarray(low, float), np.asarray(high, float)])
    u, v = np.sort(corners @ right), np.sort(corners @ up)
    return Plane(
        np.zeros(3),
        np.asarray(through, float),
        right,
        up,
        (float(u[0]), float(v[0])),
        (float(u[1]), float(v[1])),
        pixel,
    )


def box_along(grid: Grid, axes: ArrayLike, origin: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Low and high corner [m] of a grid's voxel centres, measured along unit vectors (rows) from an origin."""
    ends = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * (np.array(grid.shape) - 1)
    local = (grid.world(ends) - np.asarray(origin, float)) @ np.asarray(axes, float).T
    return local.min(axis=0), local.max(axis=0)
