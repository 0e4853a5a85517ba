"""A CT or MR series as a volume in patient LPS metres, with what was noticed and what it came from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from openhifu.base.errors import FileProblem, FormatError
from openhifu.base.field import Field, Quantity
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.base.outcome import Outcome, Verdict
from openhifu.base.progress import Progress, silent
from openhifu.imaging.dicom.files import DicomFile, dicom_files
from openhifu.imaging.dicom.origin import ImageOrigin, origin_of
from openhifu.imaging.dicom.pixels import PADDED_HU, volume_of
from openhifu.imaging.dicom.planes import Plane, planes_of
from openhifu.imaging.dicom.series import Series, chosen, grouped
from openhifu.imaging.dicom.stack import Stack, stacked
from openhifu.imaging.dicom.tilt import straightened

QUANTITY_OF = {"CT": Quantity.HOUNSFIELD, "MR": Quantity.MR_SIGNAL}
"""What the pixels of a modality mean; others are not read as volumes."""


@dataclass(frozen=True, eq=False)
class DicomVolume:
    """A volume read from DICOM.

    Attributes:
        field: CT numbers [HU] or MR signal, indexed (column, row, slice) of an upright grid.
        origin: the images it came from.
        remarks: what was done or noticed on the way, for a person to read.
    """

    field: Field
    origin: ImageOrigin
    remarks: tuple[Outcome, ...]


def read_dicom(path: Path, series: str = "", progress: Progress = silent) -> DicomVolume:
    """One CT or MR series from a folder, a zip archive, a DICOMDIR or a multi-frame file.

    Args:
        path: where.
        series: which one, where there are several: its number in the list, or its UID.
        progress: told slice by slice.

    Raises:
        FileProblem: if there is nothing to read, or a file is damaged, named.
        FormatError: if there are several series and none is chosen, or pixels have no meaning in HU or MR signal.
        GeometryError: if slices are missing, doubled with different content, or unevenly spaced.
    """
    found, passed = survey(path, progress)
    one = chosen(found, series, str(path))
    first = one.planes[0]
    if first.modality not in QUANTITY_OF:
        raise FormatError(f"{path}: series {one.describe()} is no CT or MR; choose another")
    if len(one.planes) < 2:
        raise FormatError(f"{path}: series {one.describe()} is a single image; a volume needs two slices or more")
    stack = stacked(one.planes, str(path))
    volume, sentences = volume_of(stack, str(path), progress)
    origin = stack.planes[0].position
    if stack.tilted:
        outside = PADDED_HU if first.modality == "CT" else 0.0
        volume, (column, row), tilt = straightened(volume, stack, outside)
        origin = origin + column * first.along + row * first.down
        sentences.append(
            f"the gantry was tilted by {tilt:.1f} degrees: the slices were resampled onto an upright grid by linear "
            "interpolation"
        )
    grid = _grid(stack, volume.shape, origin)
    if any(plane.lossy for plane in stack.planes):
        sentences.append("the images were compressed with loss: values are near what was measured, not equal to it")
    if passed:
        sentences.append(f"{len(passed)} files beside the images were passed over: {', '.join(passed[:5])}")
    remarks = tuple(Outcome(verdict=Verdict.WARNING, sentence=s) for s in sentences)
    return DicomVolume(Field(grid, volume, QUANTITY_OF[first.modality]), origin_of(stack.planes), remarks)


def survey(path: Path, progress: Progress = silent) -> tuple[tuple[Series, ...], tuple[str, ...]]:
    """The series of images at a place, and the names of files that were passed over.

    Raises:
        FileProblem: if there is nothing, or a file is damaged.
        FormatError: if pixels of an image have no stated meaning.
        GeometryError: if an image does not say where it lies.
    """
    files, passed = dicom_files(path)
    planes: list[Plane] = []
    for n, file in enumerate(files):
        planes.extend(planes_of(file))
        progress("reading headers", (n + 1) / len(files))
    if not files:
        raise FileProblem(f"{path} holds no DICOM file; check the path")
    return grouped(planes), passed


def files_of(path: Path) -> tuple[DicomFile, ...]:
    """The DICOM files at a place, images or not."""
    return dicom_files(path)[0]


def _grid(stack: Stack, shape: tuple[int, ...], origin: np.ndarray) -> Grid:
    first = stack.planes[0]
    affine = np.eye(4)
    affine[:3, :3] = np.stack([first.along, first.down, first.normal * stack.spacing], axis=1) * 1e-3
    affine[:3, 3] = origin * 1e-3
    return Grid((shape[0], shape[1], shape[2]), affine, Frame.PATIENT)
