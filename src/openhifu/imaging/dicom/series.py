"""Which images belong together: planes grouped into volumes, and the one that is wanted chosen by name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from openhifu.base.errors import FileProblem, FormatError
from openhifu.imaging.dicom.planes import Plane


@dataclass(frozen=True, eq=False)
class Series:
    """Planes that may make one volume.

    Attributes:
        number: 1, 2, ... in the order in which they are listed.
        planes: of one size, spacing and orientation.
        apart: what tells it from other volumes of the same series, in words; empty if it is the only one.
    """

    number: int
    planes: tuple[Plane, ...]
    apart: str = ""

    @property
    def uid(self) -> str:
        """Series instance UID, may be empty."""
        return self.planes[0].series[0]

    def describe(self) -> str:
        """One line for people to choose by."""
        first = self.planes[0]
        rows, columns = first.shape
        words = first.words or "no description"
        apart = f", {self.apart}" if self.apart else ""
        what = f"{first.modality or 'no modality'} {words!r}{apart}"
        return f"{self.number}) {what}: {len(self.planes)} of {columns} x {rows}"


def grouped(planes: list[Plane]) -> tuple[Series, ...]:
    """Planes in groups of one series, size, spacing and orientation, larger groups first.

    A series that holds several images at the same places (echoes, phases, diffusion) is split by what tells them apart.
    """
    groups: dict[tuple[object, ...], list[Plane]] = {}
    for plane in planes:
        groups.setdefault(_key(plane), []).append(plane)
    parts = [part for group in groups.values() for part in _split(group)]
    parts.sort(key=lambda part: len(part[0]), reverse=True)
    return tuple(Series(n, tuple(members), apart) for n, (members, apart) in enumerate(parts, start=1))


def chosen(series: tuple[Series, ...], wanted: str, where: str) -> Series:
    """The series that is meant.

    Args:
        series: what there is.
        wanted: its number in the list, its series number or its UID; empty if there is only one.
        where: for messages.

    Raises:
        FileProblem: if there is no image at all.
        FormatError: if several could be meant, or none; the sentence lists them.
    """
    if not series:
        raise FileProblem(f"{where} holds no image; give the folder, archive or DICOMDIR of a CT or MR series")
    listing = "; ".join(s.describe() for s in series)
    if not wanted:
        if len(series) == 1:
            return series[0]
        raise FormatError(f"{where} holds several series: {listing}; choose one by its number, or keep only one there")
    by_uid = [s for s in series if s.uid == wanted]
    found = by_uid or [s for s in series if str(s.number) == wanted]
    if len(found) != 1:
        raise FormatError(f"{where} has no single series {wanted!r}; there are: {listing}")
    return found[0]


def _key(plane: Plane) -> tuple[object, ...]:
    axes = np.concatenate([plane.along, plane.down])
    return (plane.series, plane.frame_of_reference, plane.shape, *np.rint(axes * 1e3).astype(int).tolist())


def _split(group: list[Plane]) -> list[tuple[list[Plane], str]]:
    """Several images at the same places, parted by the first property that parts them without rest."""
    places: dict[str, list[Plane]] = {}
    for plane in group:
        places.setdefault(str(np.rint(plane.position * 1e2).tolist()), []).append(plane)
    deep = max(len(here) for here in places.values())
    if deep == 1 or len({len(here) for here in places.values()}) > 1:
        return [(group, "")]
    for name in dict.fromkeys(name for plane in group for name, _ in plane.told_apart):
        parts: dict[str, list[Plane]] = {}
        for plane in group:
            parts.setdefault(dict(plane.told_apart).get(name, ""), []).append(plane)
        if len(parts) == deep and {len(part) for part in parts.values()} == {len(places)}:
            return [(part, f"{name} {value}") for value, part in sorted(parts.items())]
    return [(group, "")]
