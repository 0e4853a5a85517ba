"""Only as much grid as the heat needs: a window around what is heated, and what cutting it off does to the numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.base.field import Field
from openhifu.base.grid import Grid
from openhifu.thermal.boundary import Boundary


def heated_window(heats: Iterable[Field], margin: float, share: float = 1e-2) -> Grid:
    """The smallest part of a grid that holds all voxels heated by more than a share of each field's peak, and a margin.

    Args:
        heats: heat rates, all on one grid.
        margin: m kept around the heated voxels; heat that conducts further is cut off (see ``bracket``).
        share: of the peak of each field.

    Raises:
        GeometryError: if there is no field, or they lie on different grids.
        OutOfRange: if the margin is negative, or nothing is heated.
    """
    if not margin >= 0:
        raise OutOfRange(f"a margin must not be negative, got {margin} m")
    fields = list(heats)
    if not fields:
        raise GeometryError("a window needs at least one heat rate")
    grid = fields[0].grid
    found = np.zeros(grid.shape, bool)
    for heat in fields:
        grid.require_same(heat.grid, "a heat rate")
        found |= heat.data > share * float(np.max(heat.data))
    if not found.any():
        raise OutOfRange("nothing is heated, so there is nothing to put a window around")
    at = np.argwhere(found)
    wide = np.ceil(margin / np.array(grid.spacing)).astype(int)
    low = np.maximum(at.min(axis=0) - wide, 0)
    high = np.minimum(at.max(axis=0) + wide + 1, grid.shape)
    return grid.crop(low, high)


@dataclass(frozen=True)
class Bracket:
    """A number between two bounds.

    Attributes:
        low: with the body's temperature held at the window's faces.
        high: with no heat passing them.
    """

    low: float
    high: float

    @property
    def error(self) -> float:
        """Half their distance: how far off the middle can be."""
        return 0.5 * (self.high - self.low)


def bracket(run: Callable[[Boundary], float]) -> Bracket:
    """A figure that grows with temperature, bounded as the window bounds it.

    Where all heat is inside the window, heat only leaves through its faces: faces held at body temperature take away
    too much, insulated ones too little, so the truth of the whole body lies between the two.

    Args:
        run: gives the figure for what the faces do.
    """
    return Bracket(run(Boundary.HELD_AT_START), run(Boundary.INSULATED))
