"""Target and organs as a DICOM segmentation: one binary segment each, on the planning CT's voxels."""

from __future__ import annotations

from typing import Any

import numpy as np

from openhifu.base.grid import Grid
from openhifu.exchange.geometry import planes_of
from openhifu.exchange.study import MAKER, Study, program_version
from openhifu.imaging.morphology import Mask


def segmentation(masks: dict[str, Mask], grid: Grid, study: Study, images: list[Any], number: int = 3) -> Any:
    """A SEG of named masks.

    Args:
        masks: the target first; on the images' grid, not empty.
        grid: of the masks.
        study: of the export.
        images: the planning CT, in order along the slices.
        number: of the series.
    """
    import highdicom as hd

    stack = np.stack([planes_of(mask, grid).pixels.astype(np.uint8) for mask in masks.values()], axis=-1)
    return hd.seg.Segmentation(
        source_images=images,
        pixel_array=stack,
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[_description(n, name) for n, name in enumerate(masks, start=1)],
        series_instance_uid=study.uid("segmentation"),
        series_number=number,
        sop_instance_uid=study.uid("segmentation", 0),
        instance_number=1,
        manufacturer=MAKER,
        manufacturer_model_name=MAKER,
        software_versions=program_version(),
        device_serial_number="0",
        series_description="Target and organs at risk",
        content_description="Target and organs at risk",
        content_label="STRUCTURES",
    )


def _description(number: int, name: str) -> Any:
    import highdicom as hd
    from pydicom.sr.coding import Code

    if number == 1:
        category = Code("49755003", "SCT", "Morphologically Altered Structure")
        kind = Code("52988006", "SCT", "Lesion")
    else:
        category, kind = Code("123037004", "SCT", "Anatomical Structure"), Code("85756007", "SCT", "Tissue")
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=name[:64],
        segmented_property_category=category,
        segmented_property_type=kind,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.SEMIAUTOMATIC,
        algorithm_identification=hd.AlgorithmIdentificationSequence(
            name="OpenHIFU case", version=program_version(), family=Code("123109", "DCM", "Manual Processing")
        ),
    )
