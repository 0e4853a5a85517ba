"""NIfTI volumes: read into patient LPS metres, and written back.

NIfTI says where a voxel lies in RAS millimetres (x to the right, y to the front); here, and only here, that is turned
into LPS metres and back.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import FileProblem, FormatError, GeometryError, HifuError
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
MM = 1e-3
_MOST_VOXELS = 1 << 30
_AGREE = 0.1
"""mm; qform and sform that place a corner voxel further apart contradict each other."""


def read_nifti(path: Path, what: str) -> tuple[NDArray[Any], Grid]:
    """Voxel values (scaled as the file says) and their grid in patient LPS.

    Args:
        path: a ``.nii`` or ``.nii.gz`` file.
        what: what it should be, for messages, e.g. ``"CT"``.

    Raises:
        FileProblem: if the file is missing, damaged or not NIfTI.
        FormatError: if it holds more than one volume, or lengths not in mm.
        GeometryError: if it does not say where it lies, says it twice and differently, or is sheared.
    """
    import nibabel as nib
    from nibabel.nifti1 import Nifti1Image

    if not path.is_file():
        raise FileProblem(f"there is no {what} file at {path}; check the path")
    try:
        image: Any = nib.load(path)  # pyright: ignore[reportPrivateImportUsage]
        if np.prod([float(n) for n in image.shape]) > _MOST_VOXELS:
            raise FormatError(f"the {what} {path} says it has {image.shape} voxels, more than {_MOST_VOXELS}: crop it")
        data = np.asanyarray(image.dataobj)
    except HifuError:
        raise
    except Exception as error:  # a damaged header makes nibabel raise any kind of error
        sentence = " ".join(str(error).split())
        raise FileProblem(
            f"cannot read the {what} {path}: {sentence}; a whole .nii or .nii.gz file is needed"
        ) from error
    if not isinstance(image, Nifti1Image):
        raise FileProblem(f"the {what} {path} is no NIfTI file; convert it to .nii.gz first")
    if data.ndim > 3 and data.size == int(np.prod(data.shape[:3])):
        data = data.reshape(data.shape[:3])
    if data.ndim != 3 or data.dtype.kind not in "iuf":
        raise FormatError(f"the {what} {path} has shape {data.shape} of {data.dtype}; one volume of numbers is needed")
    return data, _grid(image.header, data.shape, f"the {what} {path}")


def smallest_type(data: NDArray[np.float32]) -> NDArray[Any]:
    """Values as 16-bit integers where that loses nothing, as they are otherwise."""
    low, high = float(data.min()), float(data.max())
    if -32768 <= low and high <= 32767:
        whole = data.astype(np.int16)
        if np.array_equal(whole, data):
            return whole
    return data


def nifti_bytes(data: NDArray[Any], grid: Grid, level: int = 9) -> bytes:
    """Compressed NIfTI file content; the same input gives the same bytes.

    Args:
        data: values.
        grid: where.
        level: of compression, 1 (quick, for large scans) to 9 (small).

    Raises:
        GeometryError: if the grid is not in the patient's frame.
    """
    from nibabel.nifti1 import Nifti1Image

    if grid.frame is not Frame.PATIENT:
        raise GeometryError(f"images are stored in {Frame.PATIENT}, this one is in {grid.frame}: transform first")
    affine = RAS_TO_LPS @ grid.affine
    affine[:3] /= MM
    image = Nifti1Image(data, affine)
    image.set_sform(affine, code=1)
    image.set_qform(affine, code=1)
    image.header.set_xyzt_units("mm")
    return gzip.compress(image.to_bytes(), compresslevel=level, mtime=0)


def _grid(header: Any, shape: tuple[int, ...], where: str) -> Grid:
    try:
        unit = header.get_xyzt_units()[0]
    except Exception as error:  # nibabel raises several kinds for a code it does not know
        raise FormatError(f"{where} states lengths in a unit of no known code; export it anew") from error
    if unit not in ("mm", "unknown"):
        raise FormatError(f"{where} states lengths in {unit}; convert it to mm first")
    sform, qform = _stated(header, "sform", where), _stated(header, "qform", where)
    if sform is None and qform is None:
        raise GeometryError(
            f"{where} does not say how it lies in the patient (sform and qform codes are 0); export it anew"
        )
    affine = qform if sform is None else sform
    if sform is not None and qform is not None:
        apart = _apart(sform, qform, shape)
        if apart > _AGREE:
            raise GeometryError(
                f"{where} says twice where it lies, {apart:.1f} mm apart (sform and qform); set one to the other first"
            )
    metres = RAS_TO_LPS @ np.asarray(affine, np.float64)
    metres[:3] *= MM
    try:
        return Grid((shape[0], shape[1], shape[2]), metres, Frame.PATIENT)
    except (GeometryError, ValueError) as error:
        raise GeometryError(f"{where}: {error}") from error


def _stated(header: Any, form: str, where: str) -> NDArray[np.float64] | None:
    try:
        affine, code = getattr(header, f"get_{form}")(coded=True)
    except Exception as error:  # nibabel raises several kinds for a damaged quaternion
        raise GeometryError(f"{where} has a damaged {form}: {error}; export it anew") from error
    return None if code == 0 else affine


def _apart(one: NDArray[np.float64], other: NDArray[np.float64], shape: tuple[int, ...]) -> float:
    """Largest distance [mm] between the places the two affines give to a corner voxel."""
    corners = np.array([[i, j, k, 1] for i in (0, shape[0] - 1) for j in (0, shape[1] - 1) for k in (0, shape[2] - 1)])
    return float(np.max(np.linalg.norm(corners @ (one - other).T, axis=1)))
