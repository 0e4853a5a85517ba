"""A case folder read into memory: its record, its images as they were hashed, and its tissue map."""

from __future__ import annotations

import hashlib
from pathlib import Path

from openhifu.base.errors import FileProblem, FormatError, InputError, Tampered
from openhifu.base.files import read_text
from openhifu.base.outcome import Verdict
from openhifu.imaging.case_file import read_case_text
from openhifu.imaging.findings import placement
from openhifu.imaging.labels import read_labels
from openhifu.imaging.scan import read_ct, require_bytes
from openhifu.imaging.sections import ImagesSection
from openhifu.imaging.tissue_classes import tissue_map
from openhifu.model.case import Case
from openhifu.model.case_data import CaseData
from openhifu.model.catalogue import tissue, transducer
from openhifu.model.target import LabelTarget
from openhifu.model.tissuemap import LabelMap

CASE_FILE = "case.toml"


def read_case(folder: str | Path) -> CaseData:
    """A case that can be planned.

    Args:
        folder: holds ``case.toml`` and the images it names.

    Raises:
        FileProblem: if the folder, ``case.toml`` or an image is missing or unreadable.
        FormatError: if ``case.toml`` breaks its form or is of a newer schema, or an image holds what it may not.
        Tampered: if an image is not the one the case was made with.
        GeometryError: if the images do not lie on one grid.
        UnknownName: if a device, tissue or label does not exist, with the nearest names.
        InputError: if the target lies outside the body, or in gas or lung.
    """
    data = load_case(Path(folder))
    for outcome in placement(data):
        if outcome.verdict is Verdict.ERROR:
            raise InputError(f"{data.folder / CASE_FILE}: {outcome.sentence}; {outcome.remedy}")
    return data


def load_case(folder: Path) -> CaseData:
    """A case as it is, wherever its target lies; raises like ``read_case`` otherwise."""
    if not folder.is_dir():
        raise FileProblem(f"there is no case folder at {folder}; make one with: openhifu case new {folder} --ct FILE")
    path = folder / CASE_FILE
    file = read_case_text(read_text(path, "case"), str(path))
    case = file.case(str(path))
    images = file.images
    _require_unchanged(folder, images)
    transducer(case.device)
    ct = read_ct(folder / images.ct)
    labels = read_labels(folder / images.labels, folder / images.label_names, ct.grid) if images.labels else None
    require_names(case, labels)
    tissues = tissue_map(ct, labels, case.thresholds, case.label_tissues, case.background)
    return CaseData(case, folder, ct, labels, tissues)


def require_names(case: Case, labels: LabelMap | None) -> None:
    """Refuse a case that names a device, a tissue or a label that does not exist.

    Raises:
        UnknownName: with the nearest names.
        FormatError: if something is named by label and there is no label map.
    """
    transducer(case.device)
    wanted = [(f"organ {o.name!r}", pattern) for o in case.organs for pattern in o.labels]
    if isinstance(case.target, LabelTarget):
        wanted.append(("the target", case.target.label))
    for name in [n for organ in case.organs for n in organ.tissues] + [n for c in case.ct_tissues for n in c.tissues]:
        tissue(name)
    for who, pattern in wanted:
        if labels is None:
            raise FormatError(f"{who} of case {case.name!r} is label {pattern!r}, but the case has no label map")
        labels.ids(pattern)


def images_hash(*contents: bytes) -> str:
    """SHA-256 over files in order."""
    digest = hashlib.sha256()
    for content in contents:
        digest.update(content)
    return digest.hexdigest()


def _require_unchanged(folder: Path, images: ImagesSection) -> None:
    pairs: list[tuple[tuple[str, ...], str]] = [((images.ct,), images.ct_sha256)]
    if images.labels:
        pairs.append(((images.labels, images.label_names), images.labels_sha256))
    for names, expected in pairs:
        contents = []
        for name in names:
            if not name or Path(name).name != name:
                raise FormatError(f"{folder / CASE_FILE}: images must lie beside it, {name!r} is no plain file name")
            contents.append(require_bytes(folder / name, "image"))
        found = images_hash(*contents)
        if found != expected:
            raise Tampered(
                f"{' and '.join(str(folder / n) for n in names)} changed after the case was made: content hashes to "
                f"{found[:12]}, the case names {expected[:12]}; restore the file or make the case anew"
            )
