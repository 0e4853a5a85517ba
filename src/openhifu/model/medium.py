"""A medium: a tissue map with the numbers of its tissues, from which acoustics and heat each take what they need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import GeometryError
from openhifu.base.grid import Grid
from openhifu.model.catalogue import tissue as catalogue_tissue
from openhifu.model.tissue import Property, Tissue
from openhifu.model.tissuemap import TissueMap


@dataclass(frozen=True, eq=False)
class Medium:
    """Tissues on a grid with their values.

    Attributes:
        map: what is where.
        tissues: the values of each index of the map.
    """

    map: TissueMap
    tissues: tuple[Tissue, ...]

    def __post_init__(self) -> None:
        """Check that names agree."""
        names = tuple(t.name for t in self.tissues)
        if names != self.map.tissues:
            raise GeometryError(f"the map names {self.map.tissues}, the values {names}; they must agree in order")

    @classmethod
    def uniform(cls, tissue: Tissue, grid: Grid) -> Medium:
        """One tissue everywhere."""
        return cls(TissueMap(grid, np.zeros(grid.shape, np.uint8), (tissue.name,)), (tissue,))

    @classmethod
    def from_map(cls, tissue_map: TissueMap) -> Medium:
        """The catalogue's values for every tissue of a map."""
        return cls(tissue_map, tuple(catalogue_tissue(name) for name in tissue_map.tissues))

    @property
    def grid(self) -> Grid:
        """Where."""
        return self.map.grid

    def present(self) -> NDArray[np.bool_]:
        """Which of the tissues occur at all."""
        return self.map.present

    def table(self, value: Callable[[Tissue], float]) -> NDArray[np.float64]:
        """A number per tissue index; NaN for tissues that do not occur, so that their missing values do not matter.

        Raises:
            MissingProperty: if a tissue that occurs has no such value.
        """
        present = self.present()
        return np.array([value(t) if here else np.nan for t, here in zip(self.tissues, present, strict=True)])

    def property_table(self, prop: Property) -> NDArray[np.float64]:
        """Nominal SI value of a property per tissue index, like ``table``."""
        return self.table(lambda t: t.value(prop))

    def resampled(self, grid: Grid, outside: str) -> Medium:
        """The same medium on another grid, nearest neighbour; ``outside`` is the tissue beyond the map."""
        return Medium(self.map.resampled(grid, outside), self.tissues)

    def with_tissues(self, changed: dict[str, Tissue]) -> Medium:
        """The same map with other values for the named tissues."""
        return Medium(self.map, tuple(changed.get(t.name, t) for t in self.tissues))
