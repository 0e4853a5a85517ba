"""Target and organs as an RT structure set: contours along voxel edges, so that filling them gives back the masks."""

from __future__ import annotations

from typing import Any

import numpy as np

from openhifu.base.grid import Grid
from openhifu.exchange.geometry import decimals, planes_of
from openhifu.exchange.study import Study, date, named, new_object, reference, time_of_day
from openhifu.imaging.dicom.contours import outlined
from openhifu.imaging.morphology import Mask

COLOURS = (
    (0, 229, 168),
    (86, 180, 233),
    (230, 159, 0),
    (204, 121, 167),
    (240, 228, 66),
    (0, 158, 115),
    (153, 153, 153),
)


def structure_set(masks: dict[str, Mask], grid: Grid, study: Study, images: list[Any], number: int = 2) -> Any:
    """An RTSTRUCT of named masks.

    Args:
        masks: the target first; on the images' grid.
        grid: of the masks.
        study: of the export.
        images: the planning CT, in order along the slices.
        number: of the series.
    """
    from pydicom.sequence import Sequence
    from pydicom.uid import RTStructureSetStorage

    ds = new_object(study, RTStructureSetStorage, "RTSTRUCT", "structures", number, "Target and organs at risk")
    named(ds, study.uid("structures", 0), 1)
    ds.StructureSetLabel, ds.StructureSetName = "OpenHIFU", "Target and organs at risk"
    ds.StructureSetDate, ds.StructureSetTime = date(study.when), time_of_day(study.when)
    ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = study.frame_of_reference, ""
    ds.OperatorsName, ds.ApprovalStatus = "", "UNAPPROVED"
    ds.ReferencedFrameOfReferenceSequence = Sequence([_frame(study, images)])
    ds.StructureSetROISequence, ds.ROIContourSequence = Sequence(), Sequence()
    ds.RTROIObservationsSequence = Sequence()
    for n, (name, mask) in enumerate(masks.items(), start=1):
        ds.StructureSetROISequence.append(_roi(n, name, study))
        ds.ROIContourSequence.append(_contours(n, mask, grid, images))
        ds.RTROIObservationsSequence.append(_observation(n))
    return ds


def _frame(study: Study, images: list[Any]) -> Any:
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    series, of_study, frame = Dataset(), Dataset(), Dataset()
    series.SeriesInstanceUID = images[0].SeriesInstanceUID
    series.ContourImageSequence = Sequence([reference(image) for image in images])
    of_study.ReferencedSOPClassUID = "1.2.840.10008.3.1.2.3.1"
    of_study.ReferencedSOPInstanceUID = study.study_uid
    of_study.RTReferencedSeriesSequence = Sequence([series])
    frame.FrameOfReferenceUID = study.frame_of_reference
    frame.RTReferencedStudySequence = Sequence([of_study])
    return frame


def _roi(number: int, name: str, study: Study) -> Any:
    from pydicom.dataset import Dataset

    roi = Dataset()
    roi.ROINumber, roi.ROIName = number, name[:64]
    roi.ReferencedFrameOfReferenceUID, roi.ROIGenerationAlgorithm = study.frame_of_reference, "SEMIAUTOMATIC"
    return roi


def _contours(number: int, mask: Mask, grid: Grid, images: list[Any]) -> Any:
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    planes = planes_of(mask, grid)
    along, down = np.array(planes.orientation[:3]), np.array(planes.orientation[3:])
    item = Dataset()
    item.ReferencedROINumber = number
    item.ROIDisplayColor = list(COLOURS[(number - 1) % len(COLOURS)])
    item.ContourSequence = Sequence()
    for position, image, pixels in zip(planes.positions, images, planes.pixels, strict=True):
        for polygon in outlined(pixels.T) if pixels.any() else ():
            steps = polygon * np.array([planes.pixel_spacing[1], planes.pixel_spacing[0]])
            points = position + steps[:, :1] * along + steps[:, 1:] * down
            contour = Dataset()
            contour.ContourImageSequence = Sequence([reference(image)])
            contour.ContourGeometricType, contour.NumberOfContourPoints = "CLOSED_PLANAR", len(points)
            contour.ContourData = decimals(points)
            item.ContourSequence.append(contour)
    return item


def _observation(number: int) -> Any:
    from pydicom.dataset import Dataset

    observation = Dataset()
    observation.ObservationNumber = observation.ReferencedROINumber = number
    observation.RTROIInterpretedType = "GTV" if number == 1 else "ORGAN"
    observation.ROIInterpreter = ""
    return observation
