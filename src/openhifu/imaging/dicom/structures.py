"""Structures drawn elsewhere: RT structure sets and segmentations, as named masks on an image's grid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import FileProblem, FormatError, GeometryError, HifuError
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.imaging.dicom.contours import filled
from openhifu.imaging.dicom.files import DicomFile, plain_text, quiet_pydicom
from openhifu.imaging.morphology import Mask

_FLAT = 0.05
"""mm; how far the points of one contour may leave its plane."""


def read_structures(path: Path, grid: Grid, frame_of_reference: str = "") -> dict[str, Mask]:
    """Named masks of an RTSTRUCT or SEG file on a grid; empty structures are left out.

    Args:
        path: the file.
        grid: of the image they were drawn on (patient LPS).
        frame_of_reference: the image's UID, compared where both have one.

    Raises:
        FileProblem: if the file is missing or damaged.
        FormatError: if it is neither RTSTRUCT nor SEG, or holds no structure.
        GeometryError: if it lies in another frame of reference, or across the image's slices.
    """
    if not path.is_file():
        raise FileProblem(f"there is no structure file at {path}; check the path")
    file = DicomFile(str(path), path)
    ds = file.dataset(pixels=True)
    modality = str(ds.get("Modality", ""))
    if modality not in ("RTSTRUCT", "SEG"):
        raise FormatError(
            f"{path} is of modality {modality!r:.20}; labels come from an RTSTRUCT, a SEG or a NIfTI file"
        )
    try:
        with quiet_pydicom():
            masks = (
                _contoured(ds, path, grid, frame_of_reference)
                if modality == "RTSTRUCT"
                else _segmented(ds, path, grid, frame_of_reference)
            )
    except HifuError:
        raise
    except Exception as error:  # damaged content makes pydicom and highdicom raise any kind of error
        sentence = " ".join(str(error).split())[:200] or type(error).__name__
        raise FileProblem(f"{path} has damaged structures: {sentence}; export it anew") from error
    if not masks:
        raise FormatError(f"{path} holds no structure with an area on this image; check that it was drawn on it")
    return masks


def _require_frame(found: str, wanted: str, path: Path) -> None:
    if found and wanted and found != wanted:
        raise GeometryError(
            f"{path} was drawn in frame of reference {found}, the image is in {wanted}; "
            "take the structures drawn on this image, or bring them here: openhifu import register ... moved --labels"
        )


def _contoured(ds: Any, path: Path, grid: Grid, wanted: str) -> dict[str, Mask]:
    rois = {int(item.ROINumber): item for item in ds.StructureSetROISequence}
    masks: dict[str, Mask] = {}
    for item in ds.get("ROIContourSequence") or ():
        roi = rois.get(int(item.ReferencedROINumber))
        if roi is None:
            raise FormatError(
                f"{path} has contours of ROI {item.ReferencedROINumber}, which it does not name; export it anew"
            )
        _require_frame(str(roi.get("ReferencedFrameOfReferenceUID", "")), wanted, path)
        name = _unused(plain_text(roi.ROIName) or f"roi {roi.ROINumber}", masks)
        contours = [_points(c, name, path) for c in item.get("ContourSequence") or () if _closed(c, name, path)]
        mask = _filled_on(contours, grid, name, path)
        if mask.any():
            masks[name] = mask
    return masks


def _closed(contour: Any, name: str, path: Path) -> bool:
    kind = str(contour.ContourGeometricType)
    if kind == "POINT":
        return False
    if kind not in ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR"):
        raise FormatError(f"{path}: structure {name!r} has a contour of kind {kind}; closed planar ones are needed")
    return True


def _points(contour: Any, name: str, path: Path) -> NDArray[np.float64]:
    points = np.asarray([float(v) for v in contour.ContourData], np.float64)
    if points.size < 9 or points.size % 3 or not np.all(np.isfinite(points)):
        raise FormatError(f"{path}: structure {name!r} has a contour of {points.size} numbers; export it anew")
    return points.reshape(-1, 3)


def _filled_on(contours: list[NDArray[np.float64]], grid: Grid, name: str, path: Path) -> Mask:
    """Each slice of the grid takes the contours of the nearest contour plane, no farther than half their distance."""
    planes: dict[float, list[NDArray[np.float64]]] = {}
    for points in contours:
        index = grid.index(points * 1e-3)
        depth = index[:, 2]
        if np.ptp(depth) * grid.spacing[2] * 1e3 > _FLAT:
            raise GeometryError(
                f"{path}: a contour of {name!r} lies across the slices of the image; "
                "export the structures on its slices"
            )
        planes.setdefault(round(float(depth.mean()), 3), []).append(index[:, :2])
    mask = np.zeros(grid.shape, bool)
    if not planes:
        return mask
    depths = np.array(sorted(planes))
    gap = float(np.median(np.diff(depths))) if len(depths) > 1 else 1.0
    reach = 0.5 * max(gap, 1.0) + 1e-3
    for k in range(grid.shape[2]):
        nearest = float(depths[np.argmin(np.abs(depths - k))])
        if abs(nearest - k) <= reach:
            mask[:, :, k] = filled(planes[nearest], (grid.shape[0], grid.shape[1]))
    return mask


def _segmented(ds: Any, path: Path, grid: Grid, wanted: str) -> dict[str, Mask]:
    import highdicom as hd

    _require_frame(str(ds.get("FrameOfReferenceUID", "")), wanted, path)
    seg = hd.seg.Segmentation.from_dataset(ds, copy=False)
    masks: dict[str, Mask] = {}
    for number in seg.segment_numbers:
        volume = seg.get_volume(segment_numbers=[number], combine_segments=False, allow_missing_positions=True)
        mask = _onto(volume, grid)
        if mask.any():
            masks[_unused(plain_text(seg.get_segment_description(number).segment_label), masks)] = mask
    return masks


def _onto(volume: Any, grid: Grid) -> Mask:
    """A segment's voxels on the image's grid; the nearest voxel counts where the two differ."""
    data = np.asarray(volume.array)
    data = (data[..., 0] if data.ndim == 4 else data) > 0.5
    affine = np.array(volume.affine, np.float64)
    affine[:3] *= 1e-3
    own = Grid((data.shape[0], data.shape[1], data.shape[2]), affine, Frame.PATIENT)
    from scipy.ndimage import affine_transform

    step = np.linalg.inv(own.affine) @ grid.affine
    pick: Any = affine_transform
    return (
        pick(
            data.astype(np.uint8),
            step[:3, :3],
            offset=step[:3, 3],
            output_shape=grid.shape,
            order=0,
            mode="grid-constant",
        )
        > 0
    )


def _unused(name: str, taken: dict[str, Mask]) -> str:
    """A name that is not taken yet: the second of a name gets a number."""
    if name not in taken:
        return name
    return next(f"{name} {n}" for n in range(2, len(taken) + 3) if f"{name} {n}" not in taken)
