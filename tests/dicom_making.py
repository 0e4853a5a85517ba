"""DICOM images made by hand: good single-frame and multi-frame series from which tests make bad ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    CTImageStorage,
    EnhancedMRImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    generate_uid,
)

STUDY, FRAME = generate_uid(), generate_uid()
COLUMNS, ROWS, SLICES = 12, 10, 6
ACROSS, DOWN, STEP = 0.5, 0.8, 2.5
ORIGIN = np.array([-10.0, -20.0, -30.0])
AXIAL = (np.array([1.0, 0, 0]), np.array([0, 1.0, 0]))

_C, _S = np.cos(0.4), np.sin(0.4)
OBLIQUE = (np.array([_C, _S, 0.0]), np.array([-_S * _C, _C * _C, _S]))


def pattern() -> NDArray[np.int16]:
    """Stored values (column, row, slice), all different, so that no swap of axes goes unseen."""
    return np.arange(COLUMNS * ROWS * SLICES, dtype=np.int16).reshape(COLUMNS, ROWS, SLICES)


def bare(sop_class: UID, modality: str, series: str | None) -> Dataset:
    """What every image has, with new UIDs."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = sop_class
    ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, ds.file_meta.MediaStorageSOPInstanceUID
    ds.PatientName, ds.PatientID, ds.Modality = "Test^Phantom", "P1", modality
    ds.StudyInstanceUID, ds.FrameOfReferenceUID = STUDY, FRAME
    if series is not None:
        ds.SeriesInstanceUID = series
    ds.SeriesNumber, ds.SeriesDescription = 3, f"{modality} of a phantom"
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
    return ds


def series_of(
    modality: str = "CT",
    series: str | None = "",
    axes: tuple[NDArray[np.float64], NDArray[np.float64]] = AXIAL,
    stored: NDArray[np.int16] | None = None,
) -> list[Dataset]:
    """Single-frame slices of ``pattern``, in order; a CT with slope 2 and intercept -1024."""
    stored = pattern() if stored is None else stored
    series = generate_uid() if series == "" else series
    return [_slice(modality, series, axes, stored[:, :, k], k) for k in range(stored.shape[2])]


def _slice(
    modality: str,
    series: str | None,
    axes: tuple[NDArray[np.float64], NDArray[np.float64]],
    stored: NDArray[np.int16],
    k: int,
) -> Dataset:
    ds = bare(CTImageStorage if modality == "CT" else MRImageStorage, modality, series)
    normal = np.cross(*axes)
    ds.InstanceNumber = k + 1
    ds.ImagePositionPatient = [float(round(v, 6)) for v in ORIGIN + k * STEP * normal]
    ds.ImageOrientationPatient = [float(round(v, 8)) for v in np.concatenate(axes)]
    ds.PixelSpacing = [DOWN, ACROSS]
    ds.Columns, ds.Rows = stored.shape
    if modality == "CT":
        ds.RescaleSlope, ds.RescaleIntercept = 2, -1024
    ds.PixelData = np.ascontiguousarray(stored.T).tobytes()
    return ds


def enhanced_mr(order: tuple[int, ...] | None = None, stored: NDArray[np.int16] | None = None) -> Dataset:
    """One multi-frame MR of ``pattern``, oblique, frames stored in any order, scaled by 3 per stored unit."""
    stored = pattern() if stored is None else stored
    ds = bare(EnhancedMRImageStorage, "MR", generate_uid())
    along, down = OBLIQUE
    normal = np.cross(along, down)
    order = tuple(range(stored.shape[2])) if order is None else order
    ds.Columns, ds.Rows, ds.NumberOfFrames = stored.shape[0], stored.shape[1], len(order)
    shared, measures, orientation, scaling = Dataset(), Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [DOWN, ACROSS], STEP
    orientation.ImageOrientationPatient = [float(round(v, 8)) for v in np.concatenate([along, down])]
    scaling.RescaleSlope, scaling.RescaleIntercept, scaling.RescaleType = 3, 5, "US"
    shared.PixelMeasuresSequence = Sequence([measures])
    shared.PlaneOrientationSequence = Sequence([orientation])
    shared.PixelValueTransformationSequence = Sequence([scaling])
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    frames = []
    for k in order:
        frame, place = Dataset(), Dataset()
        place.ImagePositionPatient = [float(round(v, 6)) for v in ORIGIN + k * STEP * normal]
        frame.PlanePositionSequence = Sequence([place])
        frames.append(frame)
    ds.PerFrameFunctionalGroupsSequence = Sequence(frames)
    ds.PixelData = np.ascontiguousarray(stored.transpose(2, 1, 0)[list(order)]).tobytes()
    return ds


def save(folder: Path, datasets: list[Dataset]) -> Path:
    """Write under names whose order has nothing to do with geometry."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, ds in enumerate(datasets):
        ds.save_as(folder / f"{(number * 7) % 11:02d}_{number:03d}.dcm", enforce_file_format=True)
    return folder


def shuffled(datasets: list[Dataset]) -> list[Dataset]:
    """The same slices in another order."""
    return [datasets[n] for n in np.random.default_rng(3).permutation(len(datasets))]


def one_sentence(error: BaseException) -> bool:
    """Whether an error is one sentence a person can read: no line break, not a repr of an exception."""
    text = str(error)
    return bool(text) and "\n" not in text and "Traceback" not in text and len(text) < 1500
