"""De-identification of DICOM files by the standard's basic profile, with dates shifted and everything removed listed.

What the standard's table names (``data/confidentiality_profile.csv``) is treated as it says; of all else, text and
sequences stay only if ``data/deidentification.toml`` lists them, and private elements never. Identifiers are replaced
through a secret key and dates are shifted by a number of days of each patient's own, so that files of one patient still
belong together. Key and names are kept in a table apart.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from openhifu.exchange.confidentiality import Treatment, dummy, profile
from openhifu.exchange.pseudonyms import Pseudonym, PseudonymTable

_TEXT = frozenset({"AE", "AS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
_TIMES = frozenset({"DA", "DT", "TM"})
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
"""SOP class of pictures made outside a scanner, single- and multi-frame; scanners store pages of doses as such."""

_METHOD = "OpenHIFU: DICOM PS3.15 Basic Profile"


@dataclass(frozen=True)
class Rules:
    """The lists of ``data/deidentification.toml``."""

    text_kept: frozenset[str]
    sequences_kept: frozenset[str]
    emptied: frozenset[str]
    replaced: dict[str, str]
    removed: frozenset[str]
    groups_removed: frozenset[int]
    modalities_with_text: frozenset[str]
    image_types_with_text: frozenset[str]
    modalities_left_out: frozenset[str]
    structure_names: frozenset[str]
    structure_words: frozenset[str]


@cache
def rules() -> Rules:
    """The rules shipped with the program."""
    text = files("openhifu").joinpath("data/deidentification.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    groups = frozenset(int(g, 16) for g in data.pop("groups_removed"))
    replaced = data.pop("replaced")
    return Rules(groups_removed=groups, replaced=replaced, **{key: frozenset(value) for key, value in data.items()})


@dataclass
class Removal:
    """What was done to files, by what and how often; no values.

    Attributes:
        actions: how often an element was removed, emptied, replaced or shifted.
        flagged: name of each file whose pixels may show text, and why.
        left_out: name of each file that was not written, and why.
    """

    actions: Counter[tuple[str, str]] = field(default_factory=Counter)
    flagged: list[tuple[str, str]] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)


def deidentified(ds: Any, table: PseudonymTable, removal: Removal) -> Any:
    """A data set without identity; the original is not changed.

    Args:
        ds: as read from a file.
        table: pseudonyms; a new patient gets one.
        removal: told what was done.
    """
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.sequence import Sequence

    who = table.pseudonym(str(ds.get("PatientID", "") or ""), str(ds.get("PatientName", "") or ""))
    out = _cleaned(ds, table, who, removal, rules())
    out.PatientName, out.PatientID = f"{who.name}^", who.name
    out.PatientBirthDate = out.PatientSex = ""
    out.PatientIdentityRemoved = "YES"
    out.DeidentificationMethod = _METHOD
    codes = []
    for value, meaning in (
        ("113100", "Basic Application Confidentiality Profile"),
        ("113105", "Clean Descriptors Option"),
        ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    ):
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", meaning
        codes.append(code)
    out.DeidentificationMethodCodeSequence = Sequence(codes)
    out.LongitudinalTemporalInformationModified = "MODIFIED"
    out.file_meta = FileMetaDataset()
    out.file_meta.TransferSyntaxUID = ds.file_meta.TransferSyntaxUID
    out.file_meta.MediaStorageSOPClassUID = out.SOPClassUID
    out.file_meta.MediaStorageSOPInstanceUID = out.SOPInstanceUID
    return out


def burned_in(ds: Any) -> str:
    """Why the pixels of an image may show the patient's name; empty where nothing speaks for it."""
    if "PixelData" not in ds:
        return ""
    said = str(ds.get("BurnedInAnnotation", "") or "").upper()
    words = {str(w).upper() for w in _values(ds.get("ImageType"))}
    modality = str(ds.get("Modality", "") or "")
    if said == "YES":
        return "the file says that text is burned in"
    if words & rules().image_types_with_text:
        return f"its image type is {' '.join(sorted(words))}"
    if said != "NO" and str(ds.get("SOPClassUID", "") or "").startswith(_SECONDARY_CAPTURE):
        return "it is a secondary capture, often a picture of a screen, and the file does not say that it has no text"
    if said != "NO" and modality in rules().modalities_with_text:
        return f"images of modality {modality} often show names, and the file does not say that it has none"
    return ""


def _cleaned(ds: Any, table: PseudonymTable, who: Pseudonym, removal: Removal, by: Rules) -> Any:
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    out = Dataset()
    for element in ds:
        word = element.keyword or f"({element.tag.group:04X},{element.tag.element:04X})"
        if element.tag.is_private or not element.keyword:
            removal.actions["private or unknown element", "removed"] += 1
        elif word in by.structure_names:
            _name(out, ds, element, word, removal, by)
        elif word in by.emptied:
            _empty(out, element, word, removal)
        elif word in by.replaced:
            removal.actions[word, "replaced"] += 1
            out.add_new(element.tag, element.VR, by.replaced[word])
        elif (asked := profile().get(int(element.tag))) is not None and not _looked_through(element, word, asked, by):
            _as_asked(out, element, word, asked, (table, who, removal))
        elif word in by.removed or (_group(element.tag.group) in by.groups_removed and word not in by.text_kept):
            removal.actions[word, "removed"] += 1
        elif element.VR == "SQ":
            if word in by.sequences_kept:
                items = [_cleaned(item, table, who, removal, by) for item in element.value]
                out.add_new(element.tag, "SQ", Sequence(items))
            else:
                removal.actions[word, "removed"] += 1
        elif element.VR == "UI":
            out.add_new(element.tag, "UI", _uids(element.value, table, word, removal))
        elif element.VR in _TIMES:
            _shift(out, element, who, word, removal)
        elif element.VR in _TEXT and word not in by.text_kept or element.VR == "UN":
            removal.actions[word, "removed"] += 1
        else:
            out.add(element)
    return out


def _looked_through(element: Any, word: str, asked: Treatment, by: Rules) -> bool:
    """Whether the profile lets a sequence stay with its identifiers replaced, and the rules keep it."""
    return "U*" in asked.actions and word in by.sequences_kept


def _as_asked(
    out: Any, element: Any, word: str, asked: Treatment, means: tuple[PseudonymTable, Pseudonym, Removal]
) -> None:
    """Do what the standard's profile asks, the strictest where it leaves a choice."""
    table, who, removal = means
    if asked.dates and element.VR in _TIMES:
        _shift(out, element, who, word, removal)
    elif "X" in asked.actions:
        removal.actions[word, "removed"] += 1
    elif "U" in asked.actions or element.VR == "UI":
        out.add_new(element.tag, "UI", _uids(element.value, table, word, removal))
    elif "Z" in asked.actions:
        _empty(out, element, word, removal)
    else:
        removal.actions[word, "replaced"] += 1
        out.add_new(element.tag, element.VR, dummy(element.VR, element.value, table.uid))


def _empty(out: Any, element: Any, word: str, removal: Removal) -> None:
    removal.actions[word, "emptied"] += 1
    out.add_new(element.tag, element.VR, [] if element.VR == "SQ" else None)


def _name(out: Any, item: Any, element: Any, word: str, removal: Removal, by: Rules) -> None:
    """Names of structures stay if all their words are of anatomy or planning; else a number stands for them."""
    words = re.findall(r"[^\W\d_]+", str(element.value or "").lower())
    if all(w in by.structure_words for w in words):
        out.add(element)
        return
    removal.actions[word, "replaced"] += 1
    number = next((item[n].value for n in ("ROINumber", "SegmentNumber", "ReferencedROINumber") if n in item), "")
    out.add_new(element.tag, element.VR, f"structure {number}".strip())


def _group(group: int) -> int:
    """Repeating groups (curves, overlays) count as their first."""
    return group & 0xFF00 if 0x5000 <= group < 0x5100 or 0x6000 <= group < 0x6100 else group


def _uids(value: Any, table: PseudonymTable, word: str, removal: Removal) -> Any:
    """Identifiers replaced, always by the same; those of the standard itself stay."""
    found = [str(v) for v in _values(value)]
    new = [v if v.startswith("1.2.840.10008.") else table.uid(v) for v in found]
    if new != found:
        removal.actions[word, "replaced"] += 1
    return new if len(new) != 1 else new[0]


def _shift(out: Any, element: Any, who: Pseudonym, word: str, removal: Removal) -> None:
    if element.VR == "TM":
        out.add(element)
        return
    shifted = [_shifted(str(v), who.days) for v in _values(element.value) if str(v)]
    if None in shifted:
        removal.actions[word, "removed, since it is no date"] += 1
        return
    removal.actions[word, "shifted"] += bool(shifted)
    out.add_new(element.tag, element.VR, shifted if len(shifted) > 1 else "".join(s for s in shifted if s))


def _shifted(text: str, days: int) -> str | None:
    """A date, or a date with time after it, so many days earlier; None if it begins with no full date."""
    try:
        day = datetime.strptime(text[:8], "%Y%m%d") - timedelta(days=days)  # noqa: DTZ007  a date has no zone
    except (ValueError, OverflowError):
        return None
    return f"{day:%Y%m%d}{text[8:]}"


def _values(value: Any) -> Iterable[Any]:
    if value is None:
        return ()
    return value if isinstance(value, Iterable) and not isinstance(value, str | bytes) else (value,)
