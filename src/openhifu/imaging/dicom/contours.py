"""Contours to masks and back: polygons filled by voxel centres, and masks outlined along voxel edges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from openhifu.imaging.morphology import Mask


def filled(polygons: list[NDArray[np.float64]], shape: tuple[int, int]) -> Mask:
    """Voxels (column, row) whose centre lies inside an odd number of polygons, so that a hole is a polygon in another.

    Args:
        polygons: vertices (n, 2) in voxel indices (column, row), the last joined to the first.
        shape: columns and rows.
    """
    toggles = np.zeros((shape[0] + 1, shape[1]), np.uint8)
    for polygon in polygons:
        ends = np.roll(polygon, -1, axis=0)
        for (x0, y0), (x1, y1) in zip(polygon, ends, strict=True):
            if y0 == y1:
                continue
            low, high = sorted((y0, y1))
            rows = np.arange(max(int(np.ceil(low)), 0), min(int(np.ceil(high)), shape[1]))
            crossing = x0 + (rows - y0) * (x1 - x0) / (y1 - y0)
            columns = np.clip(np.ceil(crossing), 0, shape[0]).astype(int)
            np.add.at(toggles, (columns, rows), 1)
    return (np.cumsum(toggles[:-1], axis=0, dtype=np.int64) & 1).astype(bool)


def outlined(mask: Mask) -> list[NDArray[np.float64]]:
    """Closed polygons (n, 2) along the edges of a mask (column, row) in voxel indices; filling them gives the mask.

    Outer borders and holes are polygons of their own. Voxels that touch at a corner only are kept apart.
    """
    following = _edges(mask)
    polygons = []
    while following:
        start = next(iter(following))
        corner, heading = start, following[start][0][1]
        points = []
        while True:
            ways = following[corner]
            # At a corner where two borders touch, turning left keeps the voxels apart.
            pick = min(range(len(ways)), key=lambda n: _turn(heading, ways[n][1]))
            end, now = ways.pop(pick)
            if not ways:
                del following[corner]
            if now != heading or not points:
                points.append(corner)
            corner, heading = end, now
            if corner == start:
                break
        polygons.append(np.asarray(points, np.float64) - 0.5)
    return polygons


Corner = tuple[int, int]
Way = tuple[Corner, Corner]


def _edges(mask: Mask) -> dict[Corner, list[Way]]:
    """Directed voxel edges with the mask on their left, by the corner at which they start: (end, heading)."""
    wide = np.pad(mask, 1)
    inside = wide[1:-1, 1:-1]
    edges: dict[Corner, list[Way]] = {}
    sides = (
        (inside & ~wide[1:-1, :-2], (0, 0), (1, 0)),
        (inside & ~wide[2:, 1:-1], (1, 0), (0, 1)),
        (inside & ~wide[1:-1, 2:], (1, 1), (-1, 0)),
        (inside & ~wide[:-2, 1:-1], (0, 1), (0, -1)),
    )
    for border, (a, b), (da, db) in sides:
        for i, j in np.argwhere(border).tolist():
            start = (i + a, j + b)
            edges.setdefault(start, []).append(((start[0] + da, start[1] + db), (da, db)))
    return edges


def _turn(heading: Corner, now: Corner) -> int:
    """0 for a left turn (towards the mask), 1 straight on, 2 right."""
    cross = heading[0] * now[1] - heading[1] * now[0]
    return {1: 0, 0: 1, -1: 2}[cross]
