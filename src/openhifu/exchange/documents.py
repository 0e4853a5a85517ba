"""The report as an Encapsulated PDF, and key pictures as Secondary Capture images."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np

from openhifu.base.errors import FormatError
from openhifu.exchange.study import Study, date, named, new_object, reference, time_of_day


def encapsulated_pdf(pdf: bytes, study: Study, evidence: list[Any], number: int, title: str) -> Any:
    """A PDF file inside a DICOM object.

    Args:
        pdf: the file.
        study: of the export.
        evidence: objects it was made from.
        number: of the series.
        title: of the document.

    Raises:
        FormatError: if it is no PDF.
    """
    from pydicom.sequence import Sequence
    from pydicom.uid import EncapsulatedPDFStorage

    if not pdf.startswith(b"%PDF"):
        raise FormatError(f"{title} is no PDF file")
    ds = new_object(study, EncapsulatedPDFStorage, "DOC", "pdf", number, title[:64])
    named(ds, study.uid("pdf", 0), 1)
    ds.ConversionType = "WSD"
    ds.ContentDate, ds.ContentTime = date(study.when), time_of_day(study.when)
    ds.AcquisitionDateTime = f"{date(study.when)}{time_of_day(study.when)}"
    ds.BurnedInAnnotation, ds.DocumentTitle = "YES", title
    ds.ConceptNameCodeSequence = Sequence()
    ds.MIMETypeOfEncapsulatedDocument = "application/pdf"
    ds.SourceInstanceSequence = Sequence([reference(e) for e in evidence])
    ds.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    ds.EncapsulatedDocumentLength = len(pdf)
    return ds


def secondary_capture(png: bytes, study: Study, evidence: list[Any], number: int, instance: int, title: str) -> Any:
    """A picture as an RGB image; text is drawn in it, and it says so.

    Args:
        png: the picture.
        study: of the export.
        evidence: images it was made from.
        number: of the series.
        instance: number of the picture in it.
        title: what it shows.

    Raises:
        FormatError: if it is no PNG file.
    """
    from matplotlib.image import imread
    from pydicom.sequence import Sequence
    from pydicom.uid import SecondaryCaptureImageStorage

    try:
        pixels = np.asarray(imread(BytesIO(png), format="png"))
    except (ValueError, SyntaxError, OSError) as error:
        raise FormatError(f"{title} is no PNG file: {error}") from error
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    colour, cover = pixels[..., :3], pixels[..., 3:] if pixels.shape[2] == 4 else np.ones((*pixels.shape[:2], 1))
    rgb = np.rint(255 * (colour * cover + 1.0 - cover)).astype(np.uint8)
    ds = new_object(study, SecondaryCaptureImageStorage, "OT", "pictures", number, "Key pictures")
    named(ds, study.uid("pictures", instance), instance)
    ds.ConversionType, ds.PatientOrientation = "WSD", ""
    ds.Laterality = ""
    ds.ContentDate, ds.ContentTime = date(study.when), time_of_day(study.when)
    ds.BurnedInAnnotation, ds.ImageComments = "YES", title
    ds.SourceImageSequence = Sequence([reference(e) for e in evidence])
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, "RGB", 0
    ds.Rows, ds.Columns = rgb.shape[:2]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    content = rgb.tobytes()
    ds.PixelData = content + b"\0" * (len(content) % 2)
    return ds
