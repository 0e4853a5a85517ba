"""Which DICOM images a volume came from: the identifiers that results must point back to."""

from __future__ import annotations

from openhifu.base.record import Record
from openhifu.imaging.dicom.planes import Plane


class ImageOrigin(Record):
    """Identifiers of the images a case was made from.

    Attributes:
        modality: e.g. ``"CT"``.
        study: study instance UID; empty where the images had none.
        series: series instance UID; empty where they had none.
        frame_of_reference: UID of the scanner's coordinates; empty where they had none.
        instances: SOP instance UIDs, in order along the slices, each once.
    """

    modality: str
    study: str
    series: str
    frame_of_reference: str
    instances: tuple[str, ...]


def origin_of(planes: tuple[Plane, ...]) -> ImageOrigin:
    """The origin of a volume made of these planes."""
    first = planes[0]
    return ImageOrigin(
        modality=first.modality,
        study=first.series[1],
        series=first.series[0],
        frame_of_reference=first.frame_of_reference,
        instances=tuple(dict.fromkeys(p.uid for p in planes if p.uid)),
    )
