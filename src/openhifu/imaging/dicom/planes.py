"""Where one image plane lies and how its pixels become values, from headers alone, single and multi-frame alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import FileProblem, FormatError, GeometryError, HifuError
from openhifu.imaging.dicom.files import DicomFile, plain_text, quiet_pydicom

_MOST_PIXELS = 16384
"""Rows or columns of the largest plane that is read; more is a damaged number."""

_FARTHEST = 1e5
"""mm; a position or spacing beyond it is a damaged number."""

_UNIT = 1e-3
"""How far direction cosines may be from orthonormal: rounding of written numbers, not more."""


@dataclass(frozen=True, eq=False)
class Plane:
    """One plane of pixels, without the pixels.

    Attributes:
        file: where it is stored.
        frame: index within that file.
        uid: SOP instance UID of the file.
        series: what its series is known by: (UID, study UID, number, modality); parts may be empty.
        modality: e.g. ``"CT"``.
        words: series description.
        frame_of_reference: UID, may be empty.
        position: centre of the first pixel [mm, LPS].
        along: step from column to column [mm].
        down: step from row to row [mm].
        shape: rows and columns.
        slope: value per stored unit.
        intercept: value at stored zero.
        padding: lowest and highest stored value that stands for nothing; None where there is none.
        told_apart: what else tells images at the same place apart (echo, time, b-value), as name and value.
        number: instance number, for messages.
        lossy: whether its pixels were once compressed with loss, as the file says.
    """

    file: DicomFile
    frame: int
    uid: str
    series: tuple[str, str, str, str]
    modality: str
    words: str
    frame_of_reference: str
    position: NDArray[np.float64]
    along: NDArray[np.float64]
    down: NDArray[np.float64]
    shape: tuple[int, int]
    slope: float
    intercept: float
    padding: tuple[int, int] | None
    told_apart: tuple[tuple[str, str], ...]
    number: str
    lossy: bool

    @property
    def name(self) -> str:
        """File, and frame where there are several."""
        return f"{self.file.name}, frame {self.frame + 1}" if self.frame else self.file.name

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit vector across the plane."""
        across = np.cross(self.along, self.down)
        return across / np.linalg.norm(across)


def planes_of(file: DicomFile) -> tuple[Plane, ...]:
    """The planes of a file; none if it is no image (a structure set, a report).

    Raises:
        FileProblem: if it cannot be read, or lacks what says where its planes lie.
        FormatError: if its pixels cannot be turned into values.
        GeometryError: if positions or directions are no numbers or contradict themselves.
    """
    ds = file.dataset(pixels=False)
    try:
        with quiet_pydicom():
            if "Rows" not in ds or str(ds.get("Modality", "")) in ("SEG", "RTDOSE", "DOC", "SR"):
                return ()
            return _planes(ds, file)
    except HifuError:
        raise
    except Exception as error:  # a damaged header makes pydicom raise any kind of error when a value is looked at
        raise FileProblem(
            f"{file.name} has a damaged header: {' '.join(str(error).split())[:200]}; copy it anew"
        ) from error


def _planes(ds: Any, file: DicomFile) -> tuple[Plane, ...]:
    frames = ds.get("PerFrameFunctionalGroupsSequence")
    count = int(ds.get("NumberOfFrames", 1) or 1)
    if frames is None:
        if count != 1:
            raise FileProblem(
                f"{file.name} holds {count} frames and does not say where each lies; export single slices"
            )
        return (_plane(ds, [ds], file, 0),)
    if len(frames) != count:
        raise FileProblem(f"{file.name} says it holds {count} frames, but places {len(frames)}; export it anew")
    shared = list(ds.get("SharedFunctionalGroupsSequence") or ())
    return tuple(
        _plane(ds, [*_groups(frame), *(g for s in shared for g in _groups(s)), ds], file, n)
        for n, frame in enumerate(frames)
    )


def _groups(item: Any) -> list[Any]:
    """The items of every functional group of a frame."""
    return [element.value[0] for element in item if element.VR == "SQ" and element.value]


def _plane(ds: Any, places: list[Any], file: DicomFile, frame: int) -> Plane:
    position = _numbers(places, "ImagePositionPatient", 3, file)
    cosines = _numbers(places, "ImageOrientationPatient", 6, file)
    spacing = _numbers(places, "PixelSpacing", 2, file)
    rows, columns = int(ds.Rows), int(ds.Columns)
    if not (0 < rows <= _MOST_PIXELS and 0 < columns <= _MOST_PIXELS):
        raise FormatError(f"{file.name} says it has {rows} x {columns} pixels; the header is damaged, copy it anew")
    if int(ds.get("SamplesPerPixel", 1) or 1) != 1:
        raise FormatError(f"{file.name} is a colour image; one number per pixel is needed: export the series itself")
    along, down = _directions(cosines, file)
    if min(spacing) <= 1e-3:
        raise GeometryError(f"{file.name} has a pixel spacing of {spacing[0]} x {spacing[1]} mm; it must be positive")
    modality = str(ds.get("Modality", "") or "")
    slope, intercept = _rescale(places, modality, file)
    return Plane(
        file=file,
        frame=frame,
        uid=str(ds.get("SOPInstanceUID", "") or ""),
        series=(
            str(ds.get("SeriesInstanceUID", "") or ""),
            str(ds.get("StudyInstanceUID", "") or ""),
            str(ds.get("SeriesNumber", "") or ""),
            modality,
        ),
        modality=modality,
        words=plain_text(ds.get("SeriesDescription")),
        frame_of_reference=str(ds.get("FrameOfReferenceUID", "") or ""),
        position=position,
        along=along * spacing[1],
        down=down * spacing[0],
        shape=(rows, columns),
        slope=slope,
        intercept=intercept,
        padding=_padding(ds),
        told_apart=_told_apart(places),
        number=str(ds.get("InstanceNumber", "") or ""),
        lossy=str(ds.get("LossyImageCompression", "") or "") == "01",
    )


def _first(places: list[Any], keyword: str) -> Any:
    return next((value for place in places if (value := place.get(keyword)) not in (None, "")), None)


def _numbers(places: list[Any], keyword: str, count: int, file: DicomFile) -> NDArray[np.float64]:
    value = _first(places, keyword)
    if value is None:
        raise FileProblem(f"{file.name} lacks {keyword}; a series of slices with position and orientation is needed")
    found = np.asarray([float(v) for v in np.atleast_1d(value)], np.float64)
    if found.shape != (count,) or not np.all(np.isfinite(found)) or np.max(np.abs(found)) > _FARTHEST:
        raise GeometryError(
            f"{file.name} has {keyword} {found.tolist()}; {count} sensible numbers are needed: export it anew"
        )
    return found


def _directions(cosines: NDArray[np.float64], file: DicomFile) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Orthonormal directions along a row and down a column; written numbers are rounded, so they are made exact."""
    along, down = cosines[:3], cosines[3:]
    wrong = (abs(np.linalg.norm(along) - 1), abs(np.linalg.norm(down) - 1), abs(float(along @ down)))
    if max(wrong) > _UNIT:
        raise GeometryError(
            f"{file.name} has the orientation {cosines.tolist()}, which is no pair of unit vectors at right angles"
        )
    along = along / np.linalg.norm(along)
    down = down - along * (along @ down)
    return along, down / np.linalg.norm(down)


def _rescale(places: list[Any], modality: str, file: DicomFile) -> tuple[float, float]:
    slope, intercept = _first(places, "RescaleSlope"), _first(places, "RescaleIntercept")
    if slope is None and intercept is None and modality != "CT":
        return 1.0, 0.0
    if slope is None or intercept is None:
        raise FormatError(
            f"{file.name} does not say how its pixels become {'HU' if modality == 'CT' else 'values'} "
            "(rescale slope and intercept); export it anew"
        )
    unit = str(_first(places, "RescaleType") or "HU")
    if modality == "CT" and unit.upper() not in ("HU", "US"):
        raise FormatError(f"{file.name} holds {unit}, not HU; export the original CT, not a derived map")
    if not (np.isfinite(float(slope)) and np.isfinite(float(intercept))) or float(slope) == 0:
        raise FormatError(f"{file.name} has the rescale slope {slope} and intercept {intercept}; export it anew")
    return float(slope), float(intercept)


def _padding(ds: Any) -> tuple[int, int] | None:
    value = ds.get("PixelPaddingValue")
    if value in (None, ""):
        return None
    limit = ds.get("PixelPaddingRangeLimit")
    low, high = sorted((_signed(ds, int(value)), _signed(ds, int(value if limit in (None, "") else limit))))
    return low, high


def _signed(ds: Any, value: int) -> int:
    """Writers store a negative padding value as its unsigned twin; it means the same bits as the pixels."""
    bits = int(ds.get("BitsAllocated", 16))
    if int(ds.get("PixelRepresentation", 0)) == 1 and value >= 1 << (bits - 1):
        return value - (1 << bits)
    return value


def _told_apart(places: list[Any]) -> tuple[tuple[str, str], ...]:
    names = (
        "EchoTime",
        "EffectiveEchoTime",
        "TemporalPositionIdentifier",
        "TemporalPositionIndex",
        "DiffusionBValue",
        "FrameAcquisitionNumber",
        "AcquisitionNumber",
        "ImageType",
        "FrameType",
        "TriggerTime",
    )
    found = ((name, _first(places, name)) for name in names)
    return tuple((name, "/".join(map(str, np.atleast_1d(value)))) for name, value in found if value is not None)
