"""The planning CT, as it was planned on, as a series of DICOM CT images."""

from __future__ import annotations

from typing import Any

import numpy as np

from openhifu.base.field import Field
from openhifu.exchange.geometry import decimal, decimals, planes_of
from openhifu.exchange.study import Study, date, named, new_object, time_of_day
from openhifu.imaging.dicom import ImageOrigin


def ct_series(field: Field, study: Study, origin: ImageOrigin | None, number: int = 1) -> list[Any]:
    """CT images of whole HU, in order along the slices, pointing back to the images the case was made from.

    Args:
        field: CT numbers on the case's grid.
        study: of the export.
        origin: the hospital's images; None where the case came from a NIfTI file.
        number: of the series.
    """
    from pydicom.uid import CTImageStorage

    planes = planes_of(np.rint(field.data).astype(np.int16), field.grid)
    images = []
    for n, pixels in enumerate(planes.pixels):
        ds = new_object(study, CTImageStorage, "CT", "planning CT", number, "Planning CT as used by OpenHIFU")
        named(ds, study.uid("planning CT", n), n + 1)
        ds.ImageType = ["DERIVED", "SECONDARY", "AXIAL", "RESAMPLED"]
        ds.AcquisitionNumber, ds.KVP, ds.PositionReferenceIndicator = None, None, ""
        ds.FrameOfReferenceUID = study.frame_of_reference
        ds.ContentDate, ds.ContentTime = date(study.when), time_of_day(study.when)
        ds.PatientPosition = ""
        ds.Laterality = ""
        ds.ImagePositionPatient, ds.ImageOrientationPatient = (
            decimals(planes.positions[n]),
            decimals(planes.orientation),
        )
        ds.PixelSpacing = decimals(planes.pixel_spacing)
        ds.SliceThickness = ds.SpacingBetweenSlices = decimal(planes.spacing)
        ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "HU"
        ds.WindowCenter, ds.WindowWidth = "40", "400"
        _put_pixels(ds, pixels)
        _point_back(ds, origin, n, len(planes.pixels))
        images.append(ds)
    return images


def _put_pixels(ds: Any, pixels: np.ndarray) -> None:
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = pixels.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
    ds.PixelData = pixels.astype("<i2").tobytes()


def _point_back(ds: Any, origin: ImageOrigin | None, n: int, count: int) -> None:
    """Name the source of a slice: the one image where they match one to one, otherwise all of them."""
    if origin is None or not origin.instances:
        return
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence
    from pydicom.uid import CTImageStorage

    sources = origin.instances[n : n + 1] if len(origin.instances) == count else origin.instances
    items = []
    for uid in sources:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = CTImageStorage, uid
        items.append(item)
    ds.SourceImageSequence = Sequence(items)
