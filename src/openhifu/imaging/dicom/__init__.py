"""Images and structures from DICOM files, checked at this gate."""

from openhifu.imaging.dicom.origin import ImageOrigin
from openhifu.imaging.dicom.reading import DicomVolume, read_dicom, survey

__all__ = ["DicomVolume", "ImageOrigin", "read_dicom", "survey"]
