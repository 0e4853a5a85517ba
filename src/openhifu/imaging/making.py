"""A new case folder from a scan, a label map and a target: the whole folder or nothing."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from openhifu.base.errors import FormatError, InputError, OutOfRange, StorageError, UnknownName
from openhifu.base.field import Field, Quantity
from openhifu.base.files import write_whole
from openhifu.base.grid import Grid
from openhifu.base.outcome import Outcome, Verdict
from openhifu.base.progress import Progress, silent
from openhifu.imaging.body import LOWEST_HU, body_mask
from openhifu.imaging.case_file import write_case_text
from openhifu.imaging.findings import describe
from openhifu.imaging.labels import labels_on, names_csv
from openhifu.imaging.morphology import Mask, within
from openhifu.imaging.nifti import nifti_bytes
from openhifu.imaging.presets import Preset, preset
from openhifu.imaging.reading import CASE_FILE, images_hash, require_names
from openhifu.imaging.resampling import Crop, cropped_grid, resampled
from openhifu.imaging.scan import Scan, read_scan
from openhifu.imaging.sections import ImagesSection, organ_of
from openhifu.imaging.segmentation import CLASS_TISSUES, METHODS, segmented
from openhifu.imaging.tissue_classes import tissue_map
from openhifu.model.case import Case
from openhifu.model.case_data import CaseData
from openhifu.model.catalogue import transducer
from openhifu.model.ct_calibration import CtTissue
from openhifu.model.limits import OrganAtRisk
from openhifu.model.target import Target
from openhifu.model.tissuemap import LabelMap

HIGHEST_HU = 1500.0
"""Metal and streaks above this are clamped; no tissue class lies above it."""

OUTSIDE_HU = -1000.0
"""What lies around the body is stored as this, so that table, blanket and padding are gone."""

_MARGIN_VOXELS = 2
_CUT_VOXELS = 20
CT_FILE, LABELS_FILE, NAMES_FILE = "ct.nii.gz", "labels.nii.gz", "labels.csv"
ORIGIN_FILE = "origin.json"
"""Identifiers of the DICOM images the case was made from, so that results can point back to them."""


@dataclass(frozen=True)
class NewCase:
    """What a new case is made of.

    Attributes:
        ct: NIfTI file, or DICOM images: folder, zip archive, DICOMDIR or multi-frame file.
        target: what to treat (mm are converted before: metres, LPS).
        device: catalogue name.
        preset: where prescription, limits, organs, HU classes and label tissues come from.
        series: which DICOM series, where there are several.
        labels: label map (NIfTI on the CT's grid), RT structure set or DICOM segmentation; None for none.
        label_names: CSV with ``structure,id``; needed with a NIfTI label map.
        label_tissues: tissue of each label name or pattern, before the preset's own.
        organs: further organs at risk; one named as an organ of the preset takes its place.
        crop: voxels of the CT to keep, first and end (exclusive) along each of its axes.
        spacing: m along each of its axes to resample to.
        pseudonym: of the patient; never a name.
        notes: origin, licence, what a reader should know.
        ct_tissues: tissues that take values from their own CT numbers, by named calibrations; none unless asked for.
        segment: how classes are found where there are no labels: ``classical``, or empty for not at all.
        reading_share: of the rise that titration takes a thermometer to read; None for what the preset says.
    """

    ct: Path
    target: Target
    device: str
    preset: str
    series: str = ""
    labels: Path | None = None
    label_names: Path | None = None
    label_tissues: tuple[tuple[str, str], ...] = ()
    organs: tuple[OrganAtRisk, ...] = ()
    crop: Crop | None = None
    spacing: tuple[float, float, float] | None = None
    pseudonym: str = "anonymous"
    notes: str = ""
    ct_tissues: tuple[CtTissue, ...] = ()
    segment: str = ""
    reading_share: float | None = None


def new_case(folder: str | Path, wanted: NewCase, progress: Progress = silent) -> list[Outcome]:
    """Make a case folder: ``case.toml``, the cleaned CT, the labels, their names.

    The CT is clamped, set to -1000 HU outside the body (as found on the whole scan, so that the table is told from
    the body before the crop), cropped and resampled.

    Args:
        folder: must not exist; its name becomes the case's.
        wanted: what the case is made of.
        progress: told while the images are read.

    Returns:
        Warnings and remarks about the case (``describe``), with organs of the preset that the labels do not know.

    Raises:
        InputError: any kind of it, if something given cannot be used, or the target lies outside the body or in gas.
        StorageError: if the folder exists or cannot be written; nothing is left half-made.
    """
    folder = Path(folder)
    if folder.exists():
        raise StorageError(f"{folder} exists already; remove it or choose another name")
    transducer(wanted.device)
    start = preset(wanted.preset)
    scan = read_scan(wanted.ct, wanted.series, progress)
    ct, labels, remarks = _images(wanted, start, scan, progress)
    organs, dropped = _organs(wanted, start, labels)
    remarks += dropped
    files = {CT_FILE: nifti_bytes(ct.data, ct.grid)}
    if labels is not None:
        files[LABELS_FILE] = nifti_bytes(labels.data, labels.grid)
        files[NAMES_FILE] = names_csv(labels.names)
    images = _images_section(files)
    case = _case(folder.resolve().name, wanted, start, organs, images, remarks)
    require_names(case, labels)
    tissues = tissue_map(ct, labels, case.thresholds, case.label_tissues, case.background)
    found = describe(CaseData(case, folder, ct, labels, tissues))
    wrong = next((o for o in found if o.verdict is Verdict.ERROR), None)
    if wrong is not None:
        raise InputError(f"{wrong.sentence}; {wrong.remedy}")
    if scan.origin is not None:
        files[ORIGIN_FILE] = scan.origin.to_document().encode()
    files[CASE_FILE] = write_case_text(case, images).encode()
    write_folder(folder, files)
    return [*remarks, *found]


def write_folder(folder: Path, files: dict[str, bytes]) -> None:
    """Write a folder of files through a temporary neighbour: the whole folder or nothing.

    Raises:
        StorageError: if it cannot be written.
    """
    temporary: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        for name, content in files.items():
            write_whole(temporary / name, content)
        temporary.chmod(0o755)
        for name in files:
            (temporary / name).chmod(0o644)
        temporary.rename(folder)
        temporary = None
    except OSError as error:
        raise StorageError(
            f"cannot write the case {folder}: {error.strerror or error}; free some space or choose another folder, "
            "nothing was left half-made"
        ) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _images(
    wanted: NewCase, start: Preset, image: Scan, progress: Progress
) -> tuple[Field, LabelMap | None, list[Outcome]]:
    """CT (int16, cleaned) and labels on the case's grid, with remarks."""
    scan = image.field
    if scan.quantity is not Quantity.HOUNSFIELD:
        raise FormatError(
            f"{wanted.ct} holds {scan.quantity.words}; a case is made from a CT, which tells tissue apart"
        )
    body = start.thresholds.skin_thickness_mm > 0  # a block of tissue in a tank may hold nothing below water
    if body and image.origin is None and float(scan.data.min()) >= 0:
        raise FormatError(
            f"{wanted.ct} has no value below 0 HU, where fat and air lie: it is an MR, or stored values that were not "
            "rescaled; a case is made from a CT"
        )
    labels, said = labels_on(wanted.labels, wanted.label_names, image)
    if wanted.segment:
        labels, said = _segmented(wanted, start, scan, labels, progress)
    gas_below = float(start.thresholds.gas_below_hu)
    body = body_mask(scan.data, gas_below, scan.grid.spacing, None if labels is None else labels.data > 0)
    padded = scan.data < LOWEST_HU
    grid = cropped_grid(scan.grid, wanted.crop, wanted.spacing)
    remarks = [*image.remarks, *said, *_cut_by_scanner(padded, body, scan, grid)]
    keep = within(body, _MARGIN_VOXELS * max(scan.grid.spacing[:2]), scan.grid.spacing)
    clean = np.where(keep, np.clip(scan.data, LOWEST_HU, HIGHEST_HU), np.float32(OUTSIDE_HU))
    clean = np.where(padded, np.float32(OUTSIDE_HU), clean)
    ct = np.rint(resampled(clean, scan.grid, grid, order=1)).astype(np.int16)
    if labels is not None:
        labels = LabelMap(grid, resampled(labels.data, scan.grid, grid, order=0), labels.names)
    return Field(grid, ct, Quantity.HOUNSFIELD), labels, remarks


def _segmented(
    wanted: NewCase, start: Preset, scan: Field, labels: LabelMap | None, progress: Progress
) -> tuple[LabelMap, list[Outcome]]:
    """Classes found in the scan, where that was asked for and there are no labels."""
    if wanted.segment not in METHODS:
        raise UnknownName("way to find classes", wanted.segment, METHODS)
    if labels is not None:
        raise FormatError("labels were given and classes are to be found as well; give one of the two")
    found = segmented(scan, start.thresholds.to_thresholds(), progress)
    return found.labels, list(found.remarks)


def _cut_by_scanner(padded: Mask, body: Mask, scan: Field, grid: Grid) -> list[Outcome]:
    """A remark where the round field of view, padded outside, cuts the body within the case's grid."""
    cut = np.argwhere(within(padded, max(scan.grid.spacing[:2]), scan.grid.spacing) & body & ~padded)
    places = scan.grid.world(cut)
    places = places[grid.contains(places)]
    if len(places) < _CUT_VOXELS:
        return []
    low, high = 1e3 * places[:, 2].min(), 1e3 * places[:, 2].max()
    return [
        Outcome(
            verdict=Verdict.WARNING,
            sentence=f"the scanner's field of view cuts the body between z = {low:.0f} and {high:.0f} mm (S): "
            "what lies beyond is taken as background",
            remedy="keep the beam away from there",
        )
    ]


def _organs(wanted: NewCase, start: Preset, labels: LabelMap | None) -> tuple[tuple[OrganAtRisk, ...], list[Outcome]]:
    """The preset's organs as far as the labels know them, with the given ones in place of or after them."""
    given = {organ.name: organ for organ in wanted.organs}
    organs, remarks = [], []
    for section in start.organ:
        organ = given.pop(section.name, None)
        if organ is None:
            organ = organ_of(section, f"preset {wanted.preset!r}")
            known = tuple(p for p in organ.labels if labels is not None and _knows(labels, p))
            if known != organ.labels:
                lost = ", ".join(p for p in organ.labels if p not in known)
                remarks.append(
                    Outcome(
                        verdict=Verdict.WARNING,
                        sentence=f"organ at risk {organ.name!r} of the preset is not known by label {lost}",
                        remedy="name the label it has in this map, or find it by another way",
                    )
                )
            organ = organ.model_copy(update={"labels": known})
        if organ.labels or organ.tissues:
            organs.append(organ)
    return (*organs, *given.values()), remarks


def _knows(labels: LabelMap, pattern: str) -> bool:
    try:
        return bool(labels.ids(pattern))
    except UnknownName:
        return False


def _images_section(files: dict[str, bytes]) -> ImagesSection:
    if LABELS_FILE not in files:
        return ImagesSection(ct=CT_FILE, ct_sha256=images_hash(files[CT_FILE]))
    return ImagesSection(
        ct=CT_FILE,
        ct_sha256=images_hash(files[CT_FILE]),
        labels=LABELS_FILE,
        label_names=NAMES_FILE,
        labels_sha256=images_hash(files[LABELS_FILE], files[NAMES_FILE]),
    )


def _prescription(wanted: NewCase, start: Preset) -> dict[str, object]:
    """The preset's, with what was asked for instead."""
    found = start.prescription.to_si()
    if wanted.reading_share is not None:
        if found["titration"] is None:
            raise OutOfRange(f"preset {wanted.preset!r} has no titration, so that no reading_share can be set in it")
        found["titration"] = {**found["titration"], "reading_share": wanted.reading_share}
    return found


def _case(
    name: str,
    wanted: NewCase,
    start: Preset,
    organs: tuple[OrganAtRisk, ...],
    images: ImagesSection,
    remarks: list[Outcome],
) -> Case:
    given = dict(wanted.label_tissues)
    classes = dict(CLASS_TISSUES) if wanted.segment else {}
    data = {
        "name": name,
        "pseudonym": wanted.pseudonym,
        "image": images.ct_sha256,
        "labels": images.labels_sha256,
        "target": wanted.target.data(),
        "organs": organs,
        "device": wanted.device,
        "prescription": _prescription(wanted, start),
        "site": start.site.to_si(),
        "thresholds": start.thresholds.to_si(),
        # The given ones come first, and keep their place where the preset has the same pattern.
        "label_tissues": tuple({**given, **classes, **start.label_tissues, **given}.items()),
        "background": start.background,
        "notes": "\n".join(filter(None, [wanted.notes, *(o.sentence for o in remarks)])),
        "ct_tissues": wanted.ct_tissues,
    }
    return Case.from_data(data, f"case {name!r}")
