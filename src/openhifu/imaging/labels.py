"""Anatomical labels on an image: from NIfTI maps, RT structure sets and DICOM segmentations, one label a voxel."""

from __future__ import annotations

import csv
import io
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from openhifu.base.errors import FormatError, GeometryError
from openhifu.base.files import read_text
from openhifu.base.grid import Grid
from openhifu.base.outcome import Outcome, Verdict
from openhifu.imaging.dicom.structures import read_structures
from openhifu.imaging.morphology import Mask
from openhifu.imaging.nifti import read_nifti
from openhifu.imaging.outside import label_table, label_table_names, names_in_header, read_mask_folder
from openhifu.imaging.resampling import reoriented
from openhifu.imaging.scan import Scan
from openhifu.model.tissuemap import LabelMap

_MOST_LABEL = 65535


def labels_on(
    path: Path | None, names_path: Path | None, scan: Scan, leave_out: tuple[str, ...] = ()
) -> tuple[LabelMap | None, list[Outcome]]:
    """Labels of a scan from whatever file they come in, with remarks.

    Args:
        path: NIfTI label map, RTSTRUCT, SEG, or a folder of NIfTI masks, one structure a file; None for no labels.
        names_path: CSV of names, for a NIfTI map without names in its header; structures carry their own.
        scan: the image.
        leave_out: name patterns of structures that are not wanted, such as an outline of the whole body.

    Raises:
        FormatError: if a NIfTI map lacks its table of names or the other way round, or nothing is left.
        InputError: any kind of it, if the file cannot be used.
    """
    if path is None:
        if names_path is not None:
            raise FormatError("a label map and the table of its names belong together; give both or neither")
        return None, []
    if path.name.lower().endswith((".nii", ".nii.gz")):
        own = names_in_header(path) if names_path is None else {}
        if names_path is None and not own:
            raise FormatError(
                f"{path} carries no names of its labels; a label map and the table of its names belong together: give "
                f"a CSV with structure,id, or one of {', '.join(label_table_names())}"
            )
        return without(read_labels(path, names_path or own, scan.field.grid), leave_out, path), []
    if names_path is not None:
        raise FormatError(f"{path} carries its own names; leave the table {names_path} out, or give a NIfTI label map")
    frame = "" if scan.origin is None else scan.origin.frame_of_reference
    remarks: list[Outcome] = []
    if _is_mask_folder(path):
        masks, remarks = read_mask_folder(path, scan.field.grid)
    else:
        masks = read_structures(path, scan.field.grid, frame)
    kept = {name: mask for name, mask in masks.items() if not any(fnmatchcase(name, p) for p in leave_out)}
    if not kept:
        raise FormatError(f"{path}: nothing is left of {', '.join(masks)}; leave out less")
    found, said = one_label_a_voxel(kept, scan.field.grid)
    return found, [*remarks, *said]


def _is_mask_folder(path: Path) -> bool:
    return path.is_dir() and any(f.name.lower().endswith((".nii", ".nii.gz")) for f in path.iterdir())


def one_label_a_voxel(masks: dict[str, Mask], grid: Grid) -> tuple[LabelMap, list[Outcome]]:
    """Masks that may overlap as a label map: where they do, the smaller structure counts, and that is said."""
    sizes = {name: int(np.count_nonzero(mask)) for name, mask in masks.items()}
    data = np.zeros(grid.shape, np.uint16 if len(masks) > 255 else np.uint8)
    numbers = {name: n for n, name in enumerate(masks, start=1)}
    remarks = []
    for name in sorted(masks, key=lambda n: -sizes[n]):
        covered = np.bincount(data[masks[name]], minlength=len(masks) + 1)
        data[masks[name]] = numbers[name]
        for other, n in numbers.items():
            if covered[n]:
                volume = 1e6 * covered[n] * grid.voxel_volume
                sentence = f"{name} and {other} overlap in {volume:.2f} mL, which count as {name}, the smaller one"
                remarks.append(Outcome(verdict=Verdict.WARNING, sentence=sentence))
    return LabelMap(grid, data, {n: name for name, n in numbers.items()}), remarks


def without(labels: LabelMap, patterns: tuple[str, ...], path: Path) -> LabelMap:
    """A label map without the labels whose names match.

    Raises:
        FormatError: if nothing is left.
    """
    if not patterns:
        return labels
    lost = [n for n, name in labels.names.items() if any(fnmatchcase(name, p) for p in patterns)]
    data = np.where(np.isin(labels.data, lost), 0, labels.data).astype(labels.data.dtype)
    if not data.any():
        raise FormatError(f"{path}: nothing is left of its labels; leave out less")
    return LabelMap(labels.grid, data, {n: name for n, name in labels.names.items() if n not in lost})


def names_csv(names: dict[int, str]) -> bytes:
    """The table of names beside a label map."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("structure", "id"))
    writer.writerows((name, value) for value, name in sorted(names.items()))
    return text.getvalue().encode()


def read_labels(path: Path, names_from: Path | dict[int, str], grid: Grid) -> LabelMap:
    """A label map that must hold the CT's voxels, in any order of axes.

    Args:
        path: NIfTI file of small whole numbers, 0 for unlabelled.
        names_from: CSV file with the columns ``structure`` (or ``name``) and ``id``, the name of a table that is
            shipped, or the names themselves.
        grid: the CT's grid.

    Raises:
        FileProblem: if a file is missing or cannot be read.
        FormatError: if a value is no whole number, or has no name.
        GeometryError: if the map is on another grid than the CT.
    """
    data, own = read_nifti(path, "label map")
    turned = reoriented(data, own, grid)
    if turned is None:
        try:
            grid.require_same(own, f"the label map {path}")
        except GeometryError as error:
            raise GeometryError(f"{error} onto the CT's grid") from error
    else:
        data = turned
    low, high = float(data.min()), float(data.max())
    whole = np.asarray(data, np.uint16 if high > 255 else np.uint8) if 0 <= low and high <= _MOST_LABEL else None
    if whole is None or not np.array_equal(whole, data):
        raise FormatError(
            f"the label map {path} must hold whole numbers from 0 to {_MOST_LABEL}; it has {low} to {high}"
        )
    names = names_from if isinstance(names_from, dict) else read_label_names(label_table(names_from))
    nameless = [int(v) for v in np.flatnonzero(np.bincount(whole.ravel())) if v and int(v) not in names]
    if nameless:
        where = "its header" if isinstance(names_from, dict) else names_from
        raise FormatError(f"the label map {path} has label {nameless[0]}, which {where} does not name; add it there")
    return LabelMap(grid, whole, names)


def read_label_names(path: Path) -> dict[int, str]:
    """Label names by number.

    Raises:
        FileProblem: if the file is missing or no text.
        FormatError: if it lacks a column, a number is not whole, or one stands twice.
    """
    rows = csv.DictReader(io.StringIO(read_text(path, "table of label names").removeprefix("\ufeff")))
    columns = {(name or "").strip(): name for name in rows.fieldnames or ()}
    word = "structure" if "structure" in columns else "name"
    if "id" not in columns or word not in columns:
        raise FormatError(f"{path} has the columns {', '.join(columns) or 'none'}; it needs structure and id")
    names: dict[int, str] = {}
    for line, row in enumerate(rows, start=2):
        number, name = (row[columns["id"]] or "").strip(), (row[columns[word]] or "").strip()
        if not number.isdigit() or not name:
            raise FormatError(f"{path}, line {line}: needs a name and a whole number, has {name!r} and {number!r}")
        if int(number) in names and names[int(number)] != name:
            raise FormatError(f"{path}, line {line}: label {number} is called both {names[int(number)]} and {name}")
        names[int(number)] = name
    if not names or 0 in names and len(names) == 1:
        raise FormatError(f"{path} names no label; it needs one line per label")
    return names
