"""Planes in order by where they lie: duplicates, gaps, irregular spacing and a tilted gantry found and named."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import GeometryError
from openhifu.imaging.dicom.planes import Plane

_IRREGULAR = 0.02
"""Share of the slice distance by which distances may differ: what rounding of positions explains."""

_SAME_PLACE = 1e-3
"""mm; planes closer than this lie at the same place."""

_STRAIGHT = 0.1
"""mm; sideways shifts this far from a straight line are rounding."""


@dataclass(frozen=True, eq=False)
class Stack:
    """Planes from the first to the last along their normal, evenly spaced.

    Attributes:
        planes: in order; at places held twice, one of the copies.
        copies: for the index of a plane, the further planes at its place.
        spacing: distance between planes [mm].
        shear: sideways shift [mm] from plane to plane, along and down; zero for an upright stack.
    """

    planes: tuple[Plane, ...]
    copies: dict[int, tuple[Plane, ...]]
    spacing: float
    shear: NDArray[np.float64]

    @property
    def tilted(self) -> bool:
        """Whether the gantry was tilted: the planes' shifts add up to more than half a millimetre."""
        return float(np.linalg.norm(self.shear)) * (len(self.planes) - 1) > 0.5


def stacked(planes: tuple[Plane, ...], where: str) -> Stack:
    """Planes of one series, size and orientation in order.

    Args:
        planes: two or more.
        where: for messages.

    Raises:
        GeometryError: if a slice is missing, the spacing is irregular, or the planes wander sideways.
    """
    normal = planes[0].normal
    ordered = sorted(planes, key=lambda p: float(p.position @ normal))
    kept: list[Plane] = []
    copies: dict[int, tuple[Plane, ...]] = {}
    for plane in ordered:
        if kept and float((plane.position - kept[-1].position) @ normal) < _SAME_PLACE:
            copies[len(kept) - 1] = (*copies.get(len(kept) - 1, ()), plane)
        else:
            kept.append(plane)
    if len(kept) < 2:
        raise GeometryError(f"{where}: all {len(planes)} slices lie at the same place; a volume needs two or more")
    positions = np.stack([p.position for p in kept])
    _require_even(positions @ normal, kept, where)
    spacing = float((positions[-1] - positions[0]) @ normal) / (len(kept) - 1)
    return Stack(tuple(kept), copies, spacing, _shear(positions, kept, where))


def _require_even(heights: NDArray[np.float64], planes: list[Plane], where: str) -> None:
    gaps = np.diff(heights)
    usual = float(np.median(gaps))
    off = np.abs(gaps - usual)
    worst = int(np.argmax(off))
    if off[worst] <= max(_IRREGULAR * usual, 2e-3):
        return
    between = f"between {planes[worst].name} and {planes[worst + 1].name} the distance is {gaps[worst]:.2f} mm"
    share = gaps / usual
    if np.all(np.abs(share - np.rint(share)) < 0.05):
        lost = int(np.rint(share).sum()) - len(gaps)
        raise GeometryError(
            f"{where}: {between} instead of {usual:.2f} mm; "
            f"{lost} {'slice is' if lost == 1 else 'slices are'} missing: export the series anew"
        )
    raise GeometryError(
        f"{where}: {between} instead of {usual:.2f} mm; the spacing is irregular: "
        "reconstruct the series with one spacing"
    )


def _shear(positions: NDArray[np.float64], planes: list[Plane], where: str) -> NDArray[np.float64]:
    """Sideways shift per plane [mm] along rows and columns; the planes must lie on a straight line."""
    first = planes[0]
    axes = np.stack([first.along / np.linalg.norm(first.along), first.down / np.linalg.norm(first.down)])
    sideways = (positions - positions[0]) @ axes.T
    step = sideways[-1] / (len(planes) - 1)
    off = np.linalg.norm(sideways - np.arange(len(planes))[:, None] * step, axis=1)
    worst = int(np.argmax(off))
    if off[worst] > _STRAIGHT:
        raise GeometryError(
            f"{where}: {planes[worst].name} is shifted sideways by {off[worst]:.2f} mm from the line of the others; "
            "export the series anew"
        )
    return step
