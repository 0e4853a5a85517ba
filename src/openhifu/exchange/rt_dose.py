"""CEM43 as an RTDOSE volume for viewers that show dose: marked as thermal dose, in minutes, capped where it says so."""

from __future__ import annotations

from typing import Any

import numpy as np

from openhifu.base.errors import FormatError
from openhifu.base.field import Field, Quantity
from openhifu.exchange.geometry import decimal, decimals, grid_of, planes_of
from openhifu.exchange.study import Study, date, named, new_object, reference, time_of_day

CAP = 1e5
"""min; higher CEM43 (240 ablates) is written as this, so that 32 bits resolve 2.4e-5 min."""

_MARK = "THERMAL DOSE CEM43 [min], not radiation"


def rt_dose(field: Field, study: Study, images: list[Any], structures: Any, number: int, title: str, form: str) -> Any:
    """An RTDOSE of CEM43.

    Args:
        field: CEM43 [min].
        study: of the export.
        images: the planning CT.
        structures: the RTSTRUCT it belongs to; None for none.
        number: of the series.
        title: whose dose: planned or delivered.
        form: name of the CEM43 form.

    Raises:
        FormatError: if the field is no CEM43, or not finite.
    """
    from pydicom.sequence import Sequence
    from pydicom.uid import RTDoseStorage

    if field.quantity is not Quantity.CEM43 or not np.all(np.isfinite(field.data)):
        raise FormatError(f"an RTDOSE of finite CEM43 is written, not of {field.quantity.words}")
    planes = planes_of(np.clip(field.data, 0, CAP), field.grid)
    scale = float(decimal(max(float(planes.pixels.max()), 1e-6) / (2**32 - 2)))
    ds = new_object(study, RTDoseStorage, "RTDOSE", f"dose {title}", number, f"{title}: {_MARK}"[:64])
    named(ds, study.uid("dose", title, 0), 1)
    ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = study.frame_of_reference, ""
    ds.ContentDate, ds.ContentTime = date(study.when), time_of_day(study.when)
    ds.ImagePositionPatient, ds.ImageOrientationPatient = decimals(planes.positions[0]), decimals(planes.orientation)
    ds.PixelSpacing, ds.SliceThickness = decimals(planes.pixel_spacing), decimal(planes.spacing)
    count, ds.Rows, ds.Columns = planes.pixels.shape
    ds.NumberOfFrames = count
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 32, 32, 31, 0
    ds.FrameIncrementPointer = 0x3004000C
    ds.GridFrameOffsetVector = decimals(np.arange(count) * planes.spacing)
    ds.DoseUnits, ds.DoseType, ds.DoseSummationType = "RELATIVE", "PHYSICAL", "PLAN"
    ds.DoseComment = f"{_MARK}; capped at {CAP:.0f} min"
    ds.ImageComments = f"{_MARK}. {form}. Values above {CAP:.0f} min are written as {CAP:.0f} min."
    ds.DoseGridScaling = decimal(scale)
    ds.TissueHeterogeneityCorrection = "IMAGE"
    if structures is not None:
        ds.ReferencedStructureSetSequence = Sequence([reference(structures)])
    ds.ReferencedImageSequence = Sequence([reference(image) for image in images])
    ds.PixelData = np.rint(planes.pixels.astype(np.float64) / scale).astype("<u4").tobytes()
    return ds


def read_rt_dose(ds: Any, name: str) -> Field:
    """CEM43 [min] of an RTDOSE that ``rt_dose`` wrote.

    Raises:
        FormatError: if it is not marked as thermal dose: a radiation dose is never taken for one.
    """
    if _MARK not in str(ds.get("DoseComment", "")):
        raise FormatError(f"{name} is not marked as thermal dose in minutes; a radiation dose is not read")
    offsets = np.asarray([float(v) for v in ds.GridFrameOffsetVector])
    cosines = np.asarray([float(v) for v in ds.ImageOrientationPatient])
    normal = np.cross(cosines[:3], cosines[3:])
    step = normal * (offsets[-1] - offsets[0]) / (len(offsets) - 1)
    pixels = np.asarray(ds.pixel_array, np.float64) * float(ds.DoseGridScaling)
    shape = (int(ds.Columns), int(ds.Rows), len(offsets))
    grid = grid_of(cosines, ds.ImagePositionPatient, ds.PixelSpacing, step, shape)
    return Field(grid, pixels.transpose(2, 1, 0), Quantity.CEM43)
