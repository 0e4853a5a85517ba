"""From scans to a case: volumes in patient LPS, the body and its tissues, case folders, and files of fields."""

from openhifu.imaging.bundled import bundled_case, bundled_case_names
from openhifu.imaging.case_file import read_case_text, write_case_text
from openhifu.imaging.checking import check_case
from openhifu.imaging.dicom import read_dicom
from openhifu.imaging.findings import describe, distances
from openhifu.imaging.hdf5 import read_history, read_window, write_history, write_window
from openhifu.imaging.labels import names_csv, read_label_names, read_labels
from openhifu.imaging.making import NewCase, new_case
from openhifu.imaging.nifti import nifti_bytes, read_nifti
from openhifu.imaging.options import parse_calibration, parse_crop, parse_organ, parse_spacing, parse_target
from openhifu.imaging.presets import preset, preset_names
from openhifu.imaging.reading import read_case
from openhifu.imaging.scan import Scan, read_ct, read_scan
from openhifu.imaging.tissue_classes import tissue_map

__all__ = [
    "NewCase",
    "Scan",
    "bundled_case",
    "bundled_case_names",
    "check_case",
    "describe",
    "distances",
    "new_case",
    "names_csv",
    "nifti_bytes",
    "parse_calibration",
    "parse_crop",
    "parse_organ",
    "parse_spacing",
    "parse_target",
    "preset",
    "preset_names",
    "read_case",
    "read_case_text",
    "read_ct",
    "read_dicom",
    "read_history",
    "read_label_names",
    "read_labels",
    "read_nifti",
    "read_scan",
    "read_window",
    "tissue_map",
    "write_case_text",
    "write_history",
    "write_window",
]
