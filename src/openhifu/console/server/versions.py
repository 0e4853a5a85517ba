"""A changed case is a new case: the old one stays as it was, with whatever was planned on it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import FormatError, GeometryError, OutOfRange
from openhifu.console.server.library import VERSION_FILE, CaseVersion, Library
from openhifu.imaging.case_file import write_case_text
from openhifu.imaging.labels import names_csv
from openhifu.imaging.making import LABELS_FILE, NAMES_FILE, write_folder
from openhifu.imaging.nifti import nifti_bytes
from openhifu.imaging.reading import CASE_FILE, images_hash, require_names
from openhifu.imaging.sections import ImagesSection
from openhifu.imaging.tissue_classes import tissue_map
from openhifu.model.case import Case
from openhifu.model.case_data import CaseData
from openhifu.model.limits import Prescription
from openhifu.model.target import Ellipsoid, Target
from openhifu.model.tissuemap import LabelMap

_MOST_LABELS = 65535


def with_target(library: Library, case: str, target: Target, by: str) -> str:
    """A new version of a case with another target; returns its name.

    Raises:
        InputError: any kind of it, if the target names a label that does not exist, or the case cannot be read.
        OutOfRange: if an axis of an ellipsoid is not positive.
    """
    if isinstance(target, Ellipsoid) and min(target.semi_axes) <= 0:
        raise OutOfRange(f"an axis of the ellipsoid is {min(target.semi_axes)} m; all three must be positive")
    return _changed(library, case, {"target": target}, by, f"target: {target.kind}")


def with_prescription(library: Library, case: str, prescription: Prescription, by: str) -> str:
    """A new version of a case with another prescription; returns its name."""
    return _changed(library, case, {"prescription": prescription}, by, "prescription")


def with_label(library: Library, case: str, name: str, mask: NDArray[np.bool_], by: str, tissue: str = "") -> str:
    """A new version of a case in which a label covers exactly a mask; returns its name.

    Args:
        library: where cases lie.
        case: which.
        name: of the label; a new one is added.
        mask: on the case's grid.
        by: who does it.
        tissue: catalogue name of what it is made of; needed for a label that the case has no tissue for yet.

    Raises:
        FormatError: if the case would have no tissue for the label, or there are too many labels.
        GeometryError: if the mask has another shape.
    """
    data = library.case(case)
    if mask.shape != data.ct.grid.shape:
        raise GeometryError(f"the mask has shape {mask.shape}, the image {data.ct.grid.shape}; send one on its grid")
    labels = _relabelled(data, name, mask)
    files = {LABELS_FILE: nifti_bytes(labels.data, labels.grid), NAMES_FILE: names_csv(labels.names)}
    sha = images_hash(files[LABELS_FILE], files[NAMES_FILE])
    images = {"labels": LABELS_FILE, "label_names": NAMES_FILE, "labels_sha256": sha}
    change: dict[str, Any] = {"labels": sha}
    if tissue:
        kept = tuple(pair for pair in data.case.label_tissues if pair[0] != name)
        change["label_tissues"] = ((name, tissue), *kept)  # the first match counts
    return _changed(library, case, change, by, f"label {name}", images, files, labels)


def _relabelled(data: CaseData, name: str, mask: NDArray[np.bool_]) -> LabelMap:
    old = data.labels
    names = {} if old is None else dict(old.names)
    value = next((v for v, n in names.items() if n == name), max([0, *names]) + 1)
    if value > _MOST_LABELS:
        raise FormatError(f"there are labels up to {_MOST_LABELS} already; no other can be added")
    before = np.zeros(data.ct.grid.shape, np.uint8) if old is None else old.data
    kind = np.uint16 if value > 255 or before.dtype == np.uint16 else np.uint8
    new = np.where(mask, value, np.where(before == value, 0, before)).astype(kind)
    return LabelMap(data.ct.grid, new, {**names, value: name})


def _changed(
    library: Library,
    case: str,
    change: dict[str, Any],
    by: str,
    words: str,
    images: dict[str, str] | None = None,
    files: dict[str, bytes] | None = None,
    labels: LabelMap | None = None,
) -> str:
    """Write the new folder: every file of the old one, but for what is different."""
    data, folder = library.case(case), library.case_folder(case)
    new = library.new_case(_next_name(case))
    record = data.case.model_copy(update={"name": new.name, **change})
    record = Case.from_data(record.model_dump(), f"case {new.name}")
    require_names(record, labels or data.labels)
    tissue_map(data.ct, labels or data.labels, record.thresholds, record.label_tissues, record.background)
    section: ImagesSection = library.case_file(case).images.model_copy(update=images or {})
    made = {**_kept(folder), **(files or {})}
    made[VERSION_FILE] = CaseVersion(of=case, by=by, change=words).to_document().encode()
    made[CASE_FILE] = write_case_text(record, section).encode()
    write_folder(new, made)
    return new.name


def _kept(folder: Path) -> dict[str, bytes]:
    plain = (p for p in sorted(folder.iterdir()) if p.is_file() and not p.is_symlink() and not p.name.startswith("."))
    return {p.name: p.read_bytes() for p in plain if p.name not in {CASE_FILE, VERSION_FILE}}


def _next_name(case: str) -> str:
    found = re.fullmatch(r"(.+)-v(\d+)", case)
    base, number = (found[1], int(found[2])) if found else (case, 1)
    return f"{base}-v{number + 1}"
