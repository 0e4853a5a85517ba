"""CT scans and label maps from files, checked once at this gate."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from openhifu.base.errors import FileProblem, FormatError, GeometryError
from openhifu.base.field import Field, Quantity
from openhifu.base.files import read_text
from openhifu.base.grid import Grid
from openhifu.imaging.dicom import read_dicom
from openhifu.imaging.nifti import read_nifti
from openhifu.model.tissuemap import LabelMap

_MOST_LABEL = 65535


def read_ct(path: Path) -> Field:
    """CT numbers [HU, float32] in patient LPS, from a NIfTI file or a folder with one DICOM series.

    Raises:
        FileProblem: if there is no such file or folder, or it cannot be read.
        FormatError: if a CT number is NaN or infinite, or there are several series.
        GeometryError: if the volume does not lie on one regular grid.
    """
    if path.is_dir():
        field = read_dicom(path)
    else:
        data, grid = read_nifti(path, "CT")
        field = Field(grid, np.asarray(data, np.float32), Quantity.HOUNSFIELD)
    finite = np.isfinite(field.data)
    if not finite.all():
        bad = np.argwhere(~finite)
        i, j, k = (int(v) for v in bad[0])
        raise FormatError(
            f"the CT {path} has {len(bad)} voxels that are no number (the first is ({i}, {j}, {k})); "
            "a CT must be finite everywhere: export it anew"
        )
    return field


def read_labels(path: Path, names_path: Path, grid: Grid) -> LabelMap:
    """A label map that must lie on the CT's grid.

    Args:
        path: NIfTI file of small whole numbers, 0 for unlabelled.
        names_path: CSV file with the columns ``structure`` (or ``name``) and ``id``.
        grid: the CT's grid.

    Raises:
        FileProblem: if a file is missing or cannot be read.
        FormatError: if a value is no whole number, or has no name.
        GeometryError: if the map is on another grid than the CT.
    """
    data, own = read_nifti(path, "label map")
    try:
        grid.require_same(own, f"the label map {path}")
    except GeometryError as error:
        raise GeometryError(f"{error} onto the CT's grid") from error
    low, high = float(data.min()), float(data.max())
    whole = np.asarray(data, np.uint16 if high > 255 else np.uint8) if 0 <= low and high <= _MOST_LABEL else None
    if whole is None or not np.array_equal(whole, data):
        raise FormatError(
            f"the label map {path} must hold whole numbers from 0 to {_MOST_LABEL}; it has {low} to {high}"
        )
    names = read_label_names(names_path)
    nameless = [int(v) for v in np.flatnonzero(np.bincount(whole.ravel())) if v and int(v) not in names]
    if nameless:
        raise FormatError(
            f"the label map {path} has label {nameless[0]}, which {names_path} does not name; add it there"
        )
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


def require_bytes(path: Path, what: str) -> bytes:
    """Content of a file that must exist.

    Raises:
        FileProblem: if it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileProblem(f"cannot read the {what} {path}: {error.strerror or error}") from error
