"""Where tissues meet, finer than the voxels that a field is computed on: surfaces, or labels on a finer grid."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics import interface_kernels as kernels
from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.base.grid import Grid
from openhifu.base.vectors import Vector
from openhifu.model.tissuemap import TissueMap

_PLANES_FIRST = (2, 0, 1)  # solvers keep z first, then x and y
_CUT_OF_CUBES = 3  # cells along each side of a voxel that is a cube of one tissue
_STRAY = 1e-3  # share of voxels where rounding may put a centre on the other side of a surface
_ON_VOXEL = 1e-4  # of a fine voxel: how exactly finer labels must subdivide the voxels


class Interfaces(Protocol):
    """Geometry from which volume fractions of tissues follow on a lattice finer than the grid."""

    def under(self, tissue_map: TissueMap) -> SubGrid:
        """The same in the lattice of a map's grid.

        Raises:
            GeometryError: if it cannot be laid on that grid, or does not belong to that map.
        """
        ...


class SubGrid(Protocol):
    """Volume fractions in cells that cut every voxel of a lattice, axes in the order z, x, y.

    Attributes:
        cut: cells along each side of a voxel.
    """

    cut: int

    def response(self, k: NDArray[np.float64]) -> NDArray[np.float64]:
        """What taking fractions in cells leaves of a wave of ``k`` rad per voxel along one axis."""
        ...

    def uniform(self, low: tuple[int, int, int], high: tuple[int, int, int]) -> int | None:
        """The one tissue of voxels ``low`` to ``high`` (exclusive; outside the grid too), None if there may be more."""
        ...

    def mixed(
        self, low: tuple[int, int, int], high: tuple[int, int, int], values: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Sums of fraction times value in the cells of voxels ``low`` to ``high`` (exclusive).

        Args:
            low: first voxel, of the grid or outside.
            high: one beyond the last.
            values: shape (tissues, quantities).

        Returns:
            Shape (quantities, cells along z, along x, along y).
        """
        ...


@dataclass(frozen=True)
class Plane:
    """A flat interface.

    Attributes:
        point: a point on it [m].
        normal: towards the tissue beyond; any length.
    """

    point: Vector
    normal: Vector

    def distance(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distances [m] of points (..., 3), positive beyond."""
        normal = np.array(self.normal) / math.hypot(*self.normal)
        return (points - np.array(self.point)) @ normal


@dataclass(frozen=True)
class Sphere:
    """A spherical interface.

    Attributes:
        centre: m.
        radius: m.
        inwards: whether the tissue beyond is the one inside.
    """

    centre: Vector
    radius: float
    inwards: bool = True

    def distance(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distances [m] of points (..., 3), positive beyond."""
        outside = np.linalg.norm(points - np.array(self.centre), axis=-1) - self.radius
        return -outside if self.inwards else outside


@dataclass(frozen=True)
class Surfaces:
    """Surfaces crossed one after the other: tissue n lies beyond the first n of them and before the next.

    Attributes:
        surfaces: in order; where one comes before its predecessor, it counts from there on where that one does, so that
            the tissue between them thins out to nothing. Metres of the medium's frame.
        tissues: index of the medium's tissue before the first, between them, and beyond the last.
        cut: cells along each side of a voxel in which fractions are taken.

    Raises:
        OutOfRange: if counts do not fit, a radius is not positive, or a voxel is cut in fewer than two.
    """

    surfaces: tuple[Plane | Sphere, ...]
    tissues: tuple[int, ...]
    cut: int = 3

    def __post_init__(self) -> None:
        """Check counts and numbers."""
        if len(self.tissues) != len(self.surfaces) + 1:
            raise OutOfRange(f"{len(self.surfaces)} surfaces part one tissue more, got {len(self.tissues)}")
        if self.cut < 2:
            raise OutOfRange(f"fractions need at least two cells to a voxel's side, got {self.cut}")
        for surface in self.surfaces:
            good = surface.radius > 0 if isinstance(surface, Sphere) else math.hypot(*surface.normal) > 0
            if not good:
                raise OutOfRange(f"{surface} needs a positive radius or a normal of some length")

    def labels(self, grid: Grid) -> NDArray[np.uint8]:
        """Tissue index at every voxel's centre: the map that belongs to these surfaces on a grid."""
        points = grid.points()
        beyond, order = np.ones(grid.shape, bool), np.zeros(grid.shape, np.intp)
        for surface in self.surfaces:
            beyond &= surface.distance(points) > 0
            order += beyond
        return np.array(self.tissues, dtype=np.uint8)[order]

    def under(self, tissue_map: TissueMap) -> SubGrid:
        """The surfaces in the lattice of a map, which must be the one that ``labels`` makes."""
        _require_known(set(self.tissues), tissue_map)
        wrong = float(np.mean(self.labels(tissue_map.grid) != tissue_map.data))
        if wrong > _STRAY:
            raise GeometryError(
                f"the surfaces give another tissue than the medium's map at {100 * wrong:.2g} % of the voxels; make "
                "the map with their labels(grid)"
            )
        return _CutSurfaces(self, tissue_map.grid)


class _CutSurfaces:
    """Surfaces in voxels of a grid, axes z, x, y."""

    def __init__(self, source: Surfaces, grid: Grid) -> None:
        self.cut, self._tissues = source.cut, np.array(source.tissues, np.int64)
        axes, h = np.array(grid.affine[:3, :3]) / grid.spacing[0], grid.spacing[0]
        order, rows = list(_PLANES_FIRST), []
        for surface in source.surfaces:
            if isinstance(surface, Plane):
                normal = axes.T @ np.array(surface.normal) / math.hypot(*surface.normal)
                rows.append([0.0, *grid.index(surface.point)[order], *normal[order]])
            else:
                point = grid.index(surface.centre)[order]
                rows.append([-1.0 if surface.inwards else 1.0, *point, surface.radius / h, 0.0, 0.0])
        self._table = np.array(rows, float).reshape(-1, 7)

    def response(self, k: NDArray[np.float64]) -> NDArray[np.float64]:
        """A Gaussian's."""
        return np.exp(-0.5 * (k * kernels.BLUR / self.cut) ** 2)

    def uniform(self, low: tuple[int, int, int], high: tuple[int, int, int]) -> int | None:
        """No surface crosses the ball around the voxels."""
        a, b = np.array(low, float), np.array(high, float)
        distances = kernels.surface_distances(self._table, 0.5 * (a + b) - 0.5)
        if np.any(np.abs(distances) <= 0.5 * np.linalg.norm(b - a) + 4 * kernels.BLUR / self.cut):
            return None
        return int(self._tissues[int(np.logical_and.accumulate(distances > 0).sum())])

    def mixed(
        self, low: tuple[int, int, int], high: tuple[int, int, int], values: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Gaussian-weighted fractions, which only the distance from each surface decides."""
        shape = tuple(self.cut * (b - a) for a, b in zip(low, high, strict=True))
        out = np.empty((values.shape[1], *shape), np.float32)
        kernels.cut_by_surfaces(self._table, np.array(low, float), self.cut, values[self._tissues], out)
        return out


@dataclass(frozen=True, eq=False)
class FinerLabels:
    """A tissue map whose voxels subdivide those of the medium's grid; beyond its edges its outermost voxels go on.

    A label cannot say where inside it an interface lies: behind 4 mm of bone at six points per wavelength, labels of a
    third of a voxel cost 2 % of |P|, of a quarter 1 %, of a sixth half a per cent; surfaces 0.2 %.

    Attributes:
        map: the finer map, with the same tissues in the same order as the medium's.
    """

    map: TissueMap

    def under(self, tissue_map: TissueMap) -> SubGrid:
        """The labels in the lattice of a coarser map of the same tissues."""
        if self.map.tissues != tissue_map.tissues:
            raise GeometryError(
                f"the finer labels name {self.map.tissues}, the medium's map {tissue_map.tissues}; they must agree"
            )
        _require_known({int(n) for n in np.flatnonzero(self.map.present)}, tissue_map)
        fine, grid = self.map.grid, tissue_map.grid
        ratio = np.linalg.inv(grid.affine[:3, :3]) @ fine.affine[:3, :3]
        cut = round(1.0 / max(float(ratio[0, 0]), 1e-9))
        first = (grid.index(fine.affine[:3, 3]) + 0.5) * cut - 0.5
        fits = (
            fine.frame is grid.frame
            and cut >= 1
            and np.max(np.abs(ratio * cut - np.eye(3))) < _ON_VOXEL
            and np.max(np.abs(first - np.rint(first))) < 1e-3
        )
        if not fits:
            raise GeometryError(
                f"the finer labels ({fine.describe()}) do not cut the voxels of the medium's grid ({grid.describe()}) "
                "into whole cells; make them with finer_grid"
            )
        return CutLabels(self.map.data, np.rint(first).astype(np.int64), cut)


@dataclass(frozen=True, eq=False)
class Voxels:
    """The medium's own voxels taken as cubes of one tissue: interfaces are staircases."""

    def under(self, tissue_map: TissueMap) -> SubGrid:
        """The voxels of a map in their own lattice."""
        return CutLabels(tissue_map.data, np.zeros(3, np.int64), _CUT_OF_CUBES, _CUT_OF_CUBES)


def _require_known(met: set[int], tissue_map: TissueMap) -> None:
    """Every tissue that the finer geometry meets must occur in the map: heat and checks go by the map."""
    absent = [n for n in sorted(met) if n >= len(tissue_map.tissues) or not tissue_map.present[n]]
    if absent:
        raise GeometryError(
            f"the finer geometry has tissues of index {absent} that no voxel of the medium's map has (it knows "
            f"{tissue_map.tissues}); make the map from the same geometry, with voxels no thicker than its layers"
        )


class CutLabels:
    """Labels as cells, the outermost going on for ever; what lies before the first plane may be another tissue.

    Args:
        data: labels, axes x, y, z.
        first: cell of the coarse lattice where they begin, x, y, z.
        cut: cells along each side of a voxel.
        wide: cells along each side of a label.
        before: tissue in front of the coarse lattice's first plane; None lets the labels go on there too.
    """

    def __init__(
        self, data: NDArray[np.uint8], first: NDArray[np.int64], cut: int, wide: int = 1, before: int | None = None
    ) -> None:
        self.cut = cut
        self._data, self._wide = data, wide
        self._place = kernels.Place(first[2], first[0], first[1], cut, wide, -1 if before is None else before)

    def with_before(self, before: int) -> CutLabels:
        """The same with a tissue in front of the first plane."""
        first = np.array([self._place.x, self._place.y, self._place.z], np.int64)
        return CutLabels(self._data, first, self.cut, self._wide, before)

    def response(self, k: NDArray[np.float64]) -> NDArray[np.float64]:
        """A box's."""
        return np.sinc(k / (2 * np.pi * self.cut))

    def uniform(self, low: tuple[int, int, int], high: tuple[int, int, int]) -> int | None:
        """One label in all cells."""
        found = kernels.only_label(self._data, self._place, np.array(low), np.array(high))
        return None if found < 0 else int(found)

    def mixed(
        self, low: tuple[int, int, int], high: tuple[int, int, int], values: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Every cell is of one tissue."""
        shape = tuple(self.cut * (b - a) for a, b in zip(low, high, strict=True))
        out = np.empty((values.shape[1], *shape), np.float32)
        kernels.cells_of_labels(self._data, self._place, np.array(low), values, out)
        return out


def finer_grid(grid: Grid, cut: int) -> Grid:
    """The grid whose voxels are those of another cut into ``cut`` along each side.

    Raises:
        OutOfRange: if ``cut`` is less than one.
    """
    if cut < 1:
        raise OutOfRange(f"a voxel can be cut into one or more, got {cut}")
    affine = np.array(grid.affine)
    affine[:3, :3] /= cut
    affine[:3, 3] = grid.world(np.full(3, 0.5 / cut - 0.5))
    a, b, c = (n * cut for n in grid.shape)
    return Grid((a, b, c), affine, grid.frame)
