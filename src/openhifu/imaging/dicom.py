"""One CT series of DICOM slices, put in order by where they lie, as a volume in patient LPS metres."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import FileProblem, FormatError, GeometryError
from openhifu.base.field import Field, Quantity
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid

_NEEDED = ("Rows", "Columns", "PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient", "PixelData")
_IRREGULAR = 0.02
"""Share of the slice distance by which distances may differ: what rounding of positions explains."""


@dataclass(frozen=True, eq=False)
class _Slice:
    name: str
    position: NDArray[np.float64]
    along: NDArray[np.float64]
    down: NDArray[np.float64]
    hounsfield: NDArray[np.float32]
    series: tuple[str, ...]

    @property
    def normal(self) -> NDArray[np.float64]:
        return np.cross(self.along, self.down) / np.linalg.norm(np.cross(self.along, self.down))


def read_dicom(folder: Path) -> Field:
    """CT numbers [HU] of the one series in a folder, indexed (column, row, slice), slices by position.

    Raises:
        FileProblem: if the folder is missing or empty, or a file in it is no readable DICOM CT slice.
        FormatError: if the slices are of several series, orientations or sizes.
        GeometryError: if a slice is doubled, missing, unevenly spaced, or shifted sideways (tilted gantry).
    """
    if not folder.is_dir():
        raise FileProblem(f"there is no folder of DICOM slices at {folder}; check the path")
    files = sorted(f for f in folder.iterdir() if f.is_file() and not f.name.startswith(".") and f.name != "DICOMDIR")
    if len(files) < 2:
        raise FileProblem(f"{folder} holds {len(files)} files; a CT series needs two slices or more")
    slices = [_read_slice(file) for file in files]
    _require_one_series(slices, folder)
    normal = slices[0].normal
    slices.sort(key=lambda s: float(s.position @ normal))
    step = _step(slices, folder)
    first = slices[0]
    affine = np.eye(4)
    affine[:3, :3] = np.stack([first.along, first.down, step], axis=1) * 1e-3
    affine[:3, 3] = first.position * 1e-3
    data = np.stack([s.hounsfield.T for s in slices], axis=-1)
    return Field(Grid(data.shape, affine, Frame.PATIENT), data, Quantity.HOUNSFIELD)


def _read_slice(file: Path) -> _Slice:
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        ds: Any = pydicom.dcmread(file)
    except InvalidDicomError as error:
        raise FileProblem(f"{file} is not a DICOM file; keep only the slices of one CT series in the folder") from error
    except (OSError, EOFError, ValueError) as error:
        raise FileProblem(f"cannot read {file}: {error}; copy the series anew") from error
    if str(ds.get("Modality", "")) != "CT":
        raise FileProblem(
            f"{file} is of modality {ds.get('Modality', '')!s:.8}, not CT; keep only one CT series in the folder"
        )
    absent = [key for key in _NEEDED if key not in ds]
    if absent or int(ds.get("NumberOfFrames", 1) or 1) != 1:
        lack = f"lacks {', '.join(absent)}" if absent else "holds several frames"
        raise FileProblem(f"{file} {lack}; a CT series of single slices with position and orientation is needed")
    try:
        pixels = np.asarray(ds.pixel_array, np.float32)
    except (RuntimeError, AttributeError, NotImplementedError, ValueError) as error:
        raise FileProblem(f"cannot decode the pixels of {file}: {error}; export the series uncompressed") from error
    if "RescaleSlope" not in ds or "RescaleIntercept" not in ds:
        raise FormatError(f"{file} does not say how its pixels become HU (rescale slope and intercept); export it anew")
    return _slice_of(ds, pixels * np.float32(ds.RescaleSlope) + np.float32(ds.RescaleIntercept), file.name)


def _slice_of(ds: Any, hounsfield: NDArray[np.float32], name: str) -> _Slice:
    between_rows, between_columns = (float(v) for v in ds.PixelSpacing)
    cosines = np.asarray([float(v) for v in ds.ImageOrientationPatient])
    return _Slice(
        name=name,
        position=np.asarray([float(v) for v in ds.ImagePositionPatient]),
        along=cosines[:3] * between_columns,
        down=cosines[3:] * between_rows,
        hounsfield=hounsfield,
        series=tuple(str(ds.get(key, "")) for key in ("SeriesInstanceUID", "FrameOfReferenceUID")),
    )


def _require_one_series(slices: list[_Slice], folder: Path) -> None:
    first = slices[0]
    for other in slices[1:]:
        if other.series != first.series:
            raise FormatError(
                f"{folder} mixes slices of several series ({first.name} and {other.name}); keep one series in a folder"
            )
        same_plane = np.allclose(other.along, first.along, atol=1e-4) and np.allclose(other.down, first.down, atol=1e-4)
        if other.hounsfield.shape != first.hounsfield.shape or not same_plane:
            raise FormatError(
                f"{folder}: {first.name} and {other.name} differ in size, pixel spacing or orientation; "
                "keep one series in a folder"
            )


def _step(slices: list[_Slice], folder: Path) -> NDArray[np.float64]:
    """Vector [mm] from one slice to the next, the same for all."""
    normal = slices[0].normal
    positions = np.stack([s.position for s in slices])
    heights = positions @ normal
    gaps = np.diff(heights)
    if gaps.min() < 1e-3:
        double = int(np.argmin(gaps))
        raise GeometryError(
            f"{folder}: {slices[double].name} and {slices[double + 1].name} lie at the same place; remove the duplicate"
        )
    usual = float(np.median(gaps))
    worst = int(np.argmax(np.abs(gaps - usual)))
    if abs(gaps[worst] - usual) > _IRREGULAR * usual:
        raise GeometryError(
            f"{folder}: between {slices[worst].name} and {slices[worst + 1].name} the distance is {gaps[worst]:.2f} mm "
            f"instead of {usual:.2f} mm; a slice is missing or the spacing is irregular: export the series anew"
        )
    step = (positions[-1] - positions[0]) / (len(slices) - 1)
    sideways = np.linalg.norm(step - normal * (step @ normal)) * (len(slices) - 1)
    if sideways > 0.5:
        raise GeometryError(
            f"{folder}: the slices are shifted sideways by {sideways:.1f} mm over the series (tilted gantry); "
            "resample it to an upright volume first"
        )
    return normal * (step @ normal)
