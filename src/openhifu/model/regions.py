"""Masks of targets and organs on a grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from openhifu.base.grid import Grid
from openhifu.model.limits import OrganAtRisk
from openhifu.model.target import LabelTarget, Sphere, Target
from openhifu.model.tissuemap import LabelMap, TissueMap, base_name


def target_mask(target: Target, grid: Grid, labels: LabelMap | None) -> NDArray[np.bool_]:
    """Voxels of a grid whose centres lie in the target.

    Args:
        target: sphere, ellipsoid or label.
        grid: any grid in the patient's frame.
        labels: needed for a label target.
    """
    if isinstance(target, LabelTarget):
        return label_mask(labels, (target.label,), grid)
    axes = np.full(3, target.radius) if isinstance(target, Sphere) else np.asarray(target.semi_axes)
    away = (grid.points() - np.asarray(target.centre)) / axes
    return np.einsum("...i,...i->...", away, away) <= 1.0


def label_mask(labels: LabelMap | None, patterns: tuple[str, ...], grid: Grid) -> NDArray[np.bool_]:
    """Voxels of a grid that carry any of the named labels (nearest neighbour); none where there is no label map."""
    if labels is None or not patterns:
        return np.zeros(grid.shape, bool)
    from openhifu.model.tissuemap import nearest

    here = labels.mask(*patterns).astype(np.uint8)
    return nearest(here, labels.grid, grid, 0).astype(bool)


def organ_mask(organ: OrganAtRisk, grid: Grid, labels: LabelMap | None, tissues: TissueMap) -> NDArray[np.bool_]:
    """Voxels of an organ at risk on a grid.

    Args:
        organ: what, by labels and by tissues.
        grid: the grid asked for; ``tissues`` must be on it.
        labels: the case's label map.
        tissues: tissue map on ``grid``.

    Raises:
        GeometryError: if the tissue map is on another grid.
    """
    grid.require_same(tissues.grid, "the tissue map")
    mask = label_mask(labels, organ.labels, grid)
    here = {base_name(t) for t in tissues.tissues}
    known = tuple(t for t in organ.tissues if t in here)
    return mask | tissues.mask(*known) if known else mask
