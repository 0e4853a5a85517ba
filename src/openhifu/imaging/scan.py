"""Scans from files, checked once at this gate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from openhifu.base.errors import FileProblem, FormatError
from openhifu.base.field import Field, Quantity
from openhifu.base.outcome import Outcome
from openhifu.base.progress import Progress, silent
from openhifu.imaging.dicom import ImageOrigin, read_dicom
from openhifu.imaging.nifti import read_nifti


@dataclass(frozen=True, eq=False)
class Scan:
    """An image to plan on, and where it came from.

    Attributes:
        field: CT numbers [HU, float32] or MR signal in patient LPS.
        origin: the DICOM images it came from; None for a NIfTI file.
        remarks: what was done or noticed while reading.
    """

    field: Field
    origin: ImageOrigin | None = None
    remarks: tuple[Outcome, ...] = ()


def read_scan(path: Path, series: str = "", progress: Progress = silent) -> Scan:
    """An image from a NIfTI file, or one DICOM series from a folder, a zip archive, a DICOMDIR or a multi-frame file.

    Args:
        path: where.
        series: which DICOM series, where there are several.
        progress: told slice by slice.

    Raises:
        FileProblem: if there is no such file or folder, or it cannot be read.
        FormatError: if a value is NaN or infinite, or there are several series.
        GeometryError: if the volume does not lie on one regular grid.
    """
    if path.is_dir() or not path.name.lower().endswith((".nii", ".nii.gz")):
        found = read_dicom(path, series, progress)
        scan = Scan(found.field, found.origin, found.remarks)
    else:
        data, grid = read_nifti(path, "CT")
        scan = Scan(Field(grid, np.asarray(data, np.float32), Quantity.HOUNSFIELD))
    _require_finite(scan.field, path)
    return scan


def read_ct(path: Path) -> Field:
    """CT numbers [HU, float32] in patient LPS; raises like ``read_scan``, and for an image that is no CT."""
    field = read_scan(path).field
    if field.quantity is not Quantity.HOUNSFIELD:
        raise FormatError(f"{path} holds {field.quantity.words}, not CT numbers; tissue is made from a CT")
    return field


def _require_finite(field: Field, path: Path) -> None:
    total = float(np.sum(field.data, dtype=np.float64))
    if np.isfinite(total):
        return
    bad = np.argwhere(~np.isfinite(field.data))
    i, j, k = (int(v) for v in bad[0])
    raise FormatError(
        f"the CT {path} has {len(bad)} voxels that are no number (the first is ({i}, {j}, {k})); "
        "a CT must be finite everywhere: export it anew"
    )


def require_bytes(path: Path, what: str) -> bytes:
    """Content of a file that must exist.

    Raises:
        FileProblem: if it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileProblem(f"cannot read the {what} {path}: {error.strerror or error}") from error
