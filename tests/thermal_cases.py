"""Small media, heats and probes that the tests of heat and dose share."""

from __future__ import annotations

import numpy as np

from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid
from openhifu.model.catalogue import tissue
from openhifu.model.medium import Medium
from openhifu.model.tissue import Property, Tissue
from openhifu.model.tissuemap import TissueMap
from openhifu.thermal.probe import Probe

BLOOD = tissue("blood")
LIVER = tissue("liver")
UNPERFUSED = LIVER.replaced({Property.PERFUSION: 0.0}, "chosen for a test")


def cube(count: int = 12, spacing: float = 1e-3) -> Grid:
    """A cube of ``count`` voxels a side around the origin."""
    half = (count - 1) / 2 * spacing
    return Grid.box([-half] * 3, [half] * 3, spacing)


def spot(grid: Grid, peak: float = 5e6, width: float = 2e-3) -> Field:
    """A Gaussian heat rate around the origin."""
    r2 = (grid.points() ** 2).sum(-1)
    return Field(grid, peak * np.exp(-r2 / (2 * width**2)), Quantity.HEAT_RATE)


def ball(name: str, grid: Grid, radius: float) -> Probe:
    """Voxels within a radius of the origin."""
    return Probe(name, grid, (grid.points() ** 2).sum(-1) <= radius**2)


def temperature(grid: Grid, value: float) -> Field:
    """The same temperature everywhere."""
    return Field(grid, np.full(grid.shape, value), Quantity.TEMPERATURE)


def layered(grid: Grid, *tissues: Tissue) -> Medium:
    """Slabs of equal thickness along z."""
    index = (np.arange(grid.shape[2]) * len(tissues) // grid.shape[2]).astype(np.uint8)
    data = np.ascontiguousarray(np.broadcast_to(index, grid.shape))
    return Medium(TissueMap(grid, data, tuple(t.name for t in tissues)), tissues)
