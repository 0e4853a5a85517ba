"""Compiled fractions: how much of what surrounds a point lies beyond a surface, and labels as cells."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

BLUR = 0.75
"""Standard deviation of the Gaussian that weighs what lies around a cell's centre, in cells."""

_ROOT_HALF = math.sqrt(0.5)
_FAR = 4.0  # standard deviations beyond which a cell is all on one side


@njit(cache=True, inline="always")
def _distance(row: NDArray[np.float64], z: float, x: float, y: float) -> float:
    """Signed distance beyond one surface, in voxels."""
    dz, dx, dy = z - row[1], x - row[2], y - row[3]
    if row[0] == 0.0:
        return dz * row[4] + dx * row[5] + dy * row[6]
    return row[0] * (np.sqrt(dz * dz + dx * dx + dy * dy) - row[4])


@njit(cache=True)
def surface_distances(table: NDArray[np.float64], point: NDArray[np.float64]) -> NDArray[np.float64]:
    """Signed distances of one point beyond every surface, in voxels."""
    out = np.empty(table.shape[0])
    for n in range(out.size):
        out[n] = _distance(table[n], point[0], point[1], point[2])
    return out


@njit(cache=True, nogil=True)
def cut_by_surfaces(
    table: NDArray[np.float64],
    low: NDArray[np.float64],
    cut: int,
    values: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Sums of fraction times value in cells: value before the first surface, steps of value times share beyond each.

    The share is Gaussian-weighted around the cell's centre: a function of the distance alone, whatever the tilt, and
    smooth enough that samples a third of a voxel apart hold it. (Plain volume fractions do not: their aliases shift an
    interface with its place between the cells, for 1 to 2 % behind bone.)

    Args:
        table: surfaces in voxels.
        low: index of the first voxel.
        cut: cells along each side of a voxel.
        values: shape (surfaces + 1, quantities).
        out: shape (quantities, cells).
    """
    quantities, nz, nx, ny = out.shape
    total = np.empty(quantities)
    sigma = BLUR / cut
    for i in range(nz):
        z = low[0] - 0.5 + (i + 0.5) / cut
        for j in range(nx):
            x = low[1] - 0.5 + (j + 0.5) / cut
            for k in range(ny):
                y = low[2] - 0.5 + (k + 0.5) / cut
                for q in range(quantities):
                    total[q] = values[0, q]
                share = 1.0
                for n in range(table.shape[0]):
                    at = _distance(table[n], z, x, y) / sigma
                    if at < -_FAR:
                        break
                    # Nothing lies beyond a surface that does not lie beyond all before it.
                    share = min(share, 1.0 if at > _FAR else 0.5 * math.erfc(-at * _ROOT_HALF))
                    for q in range(quantities):
                        total[q] += share * (values[n + 1, q] - values[n, q])
                for q in range(quantities):
                    out[q, i, j, k] = total[q]


class Place(NamedTuple):
    """How labels lie on a coarse lattice.

    Attributes:
        z: cell of the lattice where they begin.
        x: the same along x.
        y: the same along y.
        cut: cells along each side of a voxel.
        wide: cells along each side of a label.
        before: label in front of the lattice's first plane, -1 if the labels go on there.
    """

    z: int
    x: int
    y: int
    cut: int
    wide: int
    before: int


@njit(cache=True, inline="always")
def _label(cell: int, first: int, wide: int, size: int) -> int:
    """Index of the label that holds a cell; the outermost ones go on."""
    return min(max((cell - first) // wide, 0), size - 1)


@njit(cache=True, nogil=True)
def only_label(data: NDArray[np.uint8], place: Place, low: NDArray[np.int64], high: NDArray[np.int64]) -> int:
    """The label of all cells in voxels ``low`` to ``high`` (order z, x, y), or -1."""
    nx, ny, nz = data.shape
    cut, wide = place.cut, place.wide
    found = -1
    start = low[0]
    if place.before >= 0 and start < 0:
        found, start = place.before, 0
        if high[0] <= 0:
            return found
    i0, i1 = _label(start * cut, place.z, wide, nz), _label(high[0] * cut - 1, place.z, wide, nz)
    j0, j1 = _label(low[1] * cut, place.x, wide, nx), _label(high[1] * cut - 1, place.x, wide, nx)
    k0, k1 = _label(low[2] * cut, place.y, wide, ny), _label(high[2] * cut - 1, place.y, wide, ny)
    for j in range(j0, j1 + 1):
        for k in range(k0, k1 + 1):
            for i in range(i0, i1 + 1):
                label = int(data[j, k, i])
                if found < 0:
                    found = label
                elif label != found:
                    return -1
    return found


@njit(cache=True, nogil=True)
def cells_of_labels(
    data: NDArray[np.uint8],
    place: Place,
    low: NDArray[np.int64],
    values: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Values of the labels in all cells from voxel ``low`` (order z, x, y) on."""
    quantities, nz, nx, ny = out.shape
    cut, wide = place.cut, place.wide
    for i in range(nz):
        depth = low[0] * cut + i
        for j in range(nx):
            column = _label(low[1] * cut + j, place.x, wide, data.shape[0])
            for k in range(ny):
                row = _label(low[2] * cut + k, place.y, wide, data.shape[1])
                label = np.int64(data[column, row, _label(depth, place.z, wide, data.shape[2])])
                if place.before >= 0 and depth < 0:
                    label = place.before
                for q in range(quantities):
                    out[q, i, j, k] = values[label, q]


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def to_voxels(cells: NDArray[np.float32], weights: NDArray[np.float32], cut: int) -> NDArray[np.float32]:
    """A separable filter that takes every ``cut``-th value along each axis.

    Args:
        cells: shape (quantities, cells along three axes), with the filter's margin at both ends.
        weights: of the cells from the first to the last that a voxel depends on.
        cut: cells along each side of a voxel.

    Returns:
        Shape (quantities, voxels along three axes).
    """
    quantities, a, b, c = cells.shape
    nz, nx, ny = (a - weights.size) // cut + 1, (b - weights.size) // cut + 1, (c - weights.size) // cut + 1
    out = np.zeros((quantities, nz, nx, ny), np.float32)
    plane, rows = np.empty((b, c), np.float32), np.empty((nx, c), np.float32)
    for q in range(quantities):
        for i in range(nz):
            plane[:] = 0
            for t in range(weights.size):
                w = weights[t]
                for j in range(b):
                    for k in range(c):
                        plane[j, k] += w * cells[q, i * cut + t, j, k]
            rows[:] = 0
            for j in range(nx):
                for t in range(weights.size):
                    w = weights[t]
                    for k in range(c):
                        rows[j, k] += w * plane[j * cut + t, k]
            for j in range(nx):
                for k in range(ny):
                    total = np.float32(0.0)
                    for t in range(weights.size):
                        total += weights[t] * rows[j, k * cut + t]
                    out[q, i, j, k] = total
    return out
