"""An array on a grid of one named quantity, in SI units: what rooms hand to one another."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openhifu.base.errors import GeometryError
from openhifu.base.grid import Grid


class Quantity(Enum):
    """What a field holds, with its unit."""

    PRESSURE = ("complex pressure amplitude", "Pa")
    HEAT_RATE = ("heat rate", "W/m3")
    TEMPERATURE = ("temperature", "degC")
    CEM43 = ("thermal dose CEM43", "min")
    DAMAGE = ("Arrhenius damage", "1")
    HOUNSFIELD = ("CT number", "HU")
    INTENSITY = ("intensity", "W/m2")
    LABEL = ("label", "1")
    SHARE = ("share", "1")
    MR_SIGNAL = ("MR signal", "1")

    @property
    def words(self) -> str:
        """Name for people."""
        return self.value[0]

    @property
    def unit(self) -> str:
        """Unit symbol."""
        return self.value[1]


@dataclass(frozen=True, eq=False)
class Field:
    """One quantity sampled at the voxel centres of a grid.

    Attributes:
        grid: where.
        data: array of exactly the grid's shape.
        quantity: what, with its unit.
    """

    grid: Grid
    data: NDArray[Any]
    quantity: Quantity

    def __post_init__(self) -> None:
        """Check the shape."""
        if self.data.shape != self.grid.shape:
            raise GeometryError(f"{self.quantity.words} has shape {self.data.shape}, its grid {self.grid.shape}")

    def at(self, points: ArrayLike, outside: float = np.nan) -> NDArray[Any]:
        """Values by trilinear interpolation at points (..., 3) [m] of the grid's frame; ``outside`` beyond the grid."""
        from scipy.ndimage import map_coordinates

        idx = np.moveaxis(self.grid.index(points), -1, 0)
        if np.iscomplexobj(self.data):
            parts = (np.real(self.data), np.imag(self.data))
            real, imaginary = (map_coordinates(part, idx, order=1, cval=outside) for part in parts)
            return real + 1j * imaginary
        return map_coordinates(self.data, idx, order=1, cval=outside, output=np.float64)

    def resampled(self, grid: Grid, outside: float = np.nan) -> Field:
        """This quantity on another grid of the same frame, by trilinear interpolation.

        Raises:
            GeometryError: if the frames differ.
        """
        if grid.frame is not self.grid.frame:
            raise GeometryError(
                f"{self.quantity.words} is in {self.grid.frame}, the grid in {grid.frame}: transform first"
            )
        return Field(grid, self.at(grid.points(), outside), self.quantity)
