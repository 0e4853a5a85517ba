"""What is where: label maps of anatomy and tissue maps of materials, as small integers on a grid."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import GeometryError, UnknownName
from openhifu.base.grid import Grid

STEP_MARK = "@"
"""Parts a tissue's name from the step of CT numbers that it was split into (``bone_cortical@1225``)."""


def base_name(tissue: str) -> str:
    """Catalogue name of a tissue, whether it was split by CT numbers or not."""
    return tissue.partition(STEP_MARK)[0]


@dataclass(frozen=True, eq=False)
class LabelMap:
    """Anatomical labels: 0 is unlabelled.

    Attributes:
        grid: where.
        data: uint8 or uint16, the grid's shape.
        names: name of each label value.
    """

    grid: Grid
    data: NDArray[np.integer]
    names: dict[int, str]

    def __post_init__(self) -> None:
        """Check the shape."""
        if self.data.shape != self.grid.shape:
            raise GeometryError(f"labels have shape {self.data.shape}, their grid {self.grid.shape}")

    def ids(self, pattern: str) -> tuple[int, ...]:
        """Label values whose name matches a pattern such as ``rib_*``.

        Raises:
            UnknownName: if none does.
        """
        found = tuple(i for i, name in self.names.items() if fnmatchcase(name, pattern))
        if not found:
            raise UnknownName("label", pattern, self.names.values())
        return found

    def mask(self, *patterns: str) -> NDArray[np.bool_]:
        """Voxels carrying any of the named labels."""
        wanted = [i for pattern in patterns for i in self.ids(pattern)]
        return np.isin(self.data, wanted)


@dataclass(frozen=True, eq=False)
class TissueMap:
    """Materials: ``data`` indexes ``tissues``.

    Attributes:
        grid: where.
        data: uint8, the grid's shape.
        tissues: catalogue name of each index.
    """

    grid: Grid
    data: NDArray[np.uint8]
    tissues: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check shape and indices."""
        if self.data.shape != self.grid.shape:
            raise GeometryError(f"the tissue map has shape {self.data.shape}, its grid {self.grid.shape}")
        if self.data.size and int(self.data.max()) >= len(self.tissues):
            raise GeometryError(f"tissue index {int(self.data.max())} has no name; {len(self.tissues)} are known")

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """Whether each tissue occurs at all; found once, since every solver asks."""
        labels = self.data.astype(np.uint8, copy=False).tobytes()  # searching bytes takes a third of counting them
        found = np.array([bytes((n,)) in labels for n in range(len(self.tissues))], dtype=bool)
        found.setflags(write=False)
        return found

    def index_of(self, tissue: str) -> int:
        """Index of a tissue name.

        Raises:
            UnknownName: if the map does not have it.
        """
        if tissue not in self.tissues:
            raise UnknownName("tissue of this map", tissue, self.tissues)
        return self.tissues.index(tissue)

    def mask(self, *tissues: str) -> NDArray[np.bool_]:
        """Voxels made of any of these tissues, all steps included where a tissue was split by CT numbers.

        Raises:
            UnknownName: if the map does not have one.
        """
        bases = [base_name(t) for t in self.tissues]
        for name in tissues:
            if name not in bases and name not in self.tissues:
                raise UnknownName("tissue of this map", name, self.tissues)
        return np.isin(self.data, [i for i, t in enumerate(self.tissues) if t in tissues or bases[i] in tissues])

    def resampled(self, grid: Grid, outside: str) -> TissueMap:
        """Nearest-neighbour copy on another grid of the same frame; ``outside`` is the tissue beyond this map."""
        return TissueMap(grid, nearest(self.data, self.grid, grid, self.index_of(outside)), self.tissues)


def nearest(data: NDArray[np.uint8], source: Grid, grid: Grid, outside: int) -> NDArray[np.uint8]:
    """Nearest-neighbour values of small integers on another grid of the same frame.

    Raises:
        GeometryError: if the frames differ.
    """
    if grid.frame is not source.frame:
        raise GeometryError(f"labels are in {source.frame}, the grid in {grid.frame}: transform first")
    from openhifu.model.nearest_kernel import gather

    step = np.linalg.inv(source.affine) @ grid.affine
    out = np.empty(grid.shape, dtype=data.dtype)
    gather(np.ascontiguousarray(data), step, outside, out)
    return out
