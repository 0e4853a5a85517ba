"""What de-identification does with each attribute by the standard (DICOM PS3.15 Table E.1-1), and dummy values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

_WORDS = frozenset({"CS", "LO", "LT", "SH", "ST", "UC", "UT"})
_NUMBERS = frozenset({"FD", "FL", "SL", "SS", "SV", "UL", "US", "UV"})
_DUMMIES: dict[str, Any] = {
    "AE": "REMOVED",
    "AS": "000Y",
    "AT": 0,
    "DA": "19000101",
    "DS": "0",
    "DT": "19000101000000",
    "IS": "0",
    "PN": "REMOVED^",
    "TM": "000000",
    "UR": "urn:removed",
}


@dataclass(frozen=True)
class Treatment:
    """What the profile asks for one attribute.

    Attributes:
        actions: the letters it leaves to choose from: D, Z, X, U or U*.
        dates: whether the option with modified dates keeps it, moved.
    """

    actions: frozenset[str]
    dates: bool


@cache
def profile() -> dict[int, Treatment]:
    """The table: tag to what is asked; private, curve and overlay elements are not in it, they go altogether."""
    text = files("openhifu").joinpath("data/confidentiality_profile.csv").read_text(encoding="utf-8")
    rows = [line.split(",") for line in text.splitlines() if not line.startswith(("#", "tag"))]
    return {int(tag, 16): Treatment(frozenset(actions.split("/")), dates == "C") for tag, actions, dates, _ in rows}


def dummy(vr: str, original: Any, uid: Any) -> Any:
    """A value that is allowed for the element and says nothing.

    Args:
        vr: value representation.
        original: the value it stands for; of a sequence, the first item gives the elements, all of them dummies.
        uid: function that makes the identifier that stands for another.
    """
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    if vr == "SQ":
        item = Dataset()
        for element in next(iter(original), Dataset()):
            if not element.tag.is_private:
                item.add_new(element.tag, element.VR, dummy(element.VR, element.value, uid))
        return Sequence([item])
    if vr == "UI":
        return uid(str(original))
    if vr in _WORDS:
        return "REMOVED"
    if vr in _NUMBERS:
        return 0
    return _DUMMIES.get(vr, b"\0\0")
