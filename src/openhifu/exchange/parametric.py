"""Temperature, thermal dose and pressure as Parametric Maps: floating-point values with unit and quantity named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from openhifu.base.errors import FormatError
from openhifu.base.field import Field, Quantity
from openhifu.exchange.geometry import grid_of, planes_of
from openhifu.exchange.study import MAKER, Study, program_version

SCHEME = "99OPENHIFU"
"""Coding scheme of words the standard's own schemes do not have."""


@dataclass(frozen=True)
class _Meaning:
    label: str
    unit: tuple[str, str]
    quantity: tuple[str, str, str]


_MEANINGS = {
    Quantity.TEMPERATURE: _Meaning("TEMPERATURE", ("Cel", "degree Celsius"), ("703421000", "SCT", "Temperature")),
    Quantity.CEM43: _Meaning("CEM43", ("min", "minute"), ("CEM43", SCHEME, "Thermal dose, equivalent min at 43 degC")),
    Quantity.PRESSURE: _Meaning("PRESSURE", ("Pa", "pascal"), ("P_PEAK", SCHEME, "Acoustic pressure amplitude")),
}


def parametric_map(field: Field, study: Study, images: list[Any], number: int, title: str, explanation: str) -> Any:
    """A Parametric Map of a field on its own grid.

    Args:
        field: temperature [degC], CEM43 [min] or pressure [Pa]; of a complex amplitude the magnitude is written.
        study: of the export.
        images: the planning CT it belongs to.
        number: of the series.
        title: description of the series, up to 64 characters.
        explanation: how the values are to be read, such as the form of CEM43, up to 64 characters.

    Raises:
        FormatError: if the field is of another quantity, or not finite.
    """
    import highdicom as hd
    from pydicom.sr.coding import Code

    meaning = _MEANINGS.get(field.quantity)
    if meaning is None:
        raise FormatError(f"{field.quantity.words} is not written as a Parametric Map")
    planes = planes_of(np.abs(field.data) if np.iscomplexobj(field.data) else field.data, field.grid)
    values = planes.pixels.astype(np.float32)
    low, high = float(values.min()), float(values.max())
    if not np.isfinite(low + high):
        raise FormatError(f"{title}: {field.quantity.words} has values that are no number")
    value, scheme, words = meaning.quantity
    mapping = hd.pm.RealWorldValueMapping(
        lut_label=meaning.label,
        lut_explanation=explanation[:64],
        unit=Code(meaning.unit[0], "UCUM", meaning.unit[1]),
        value_range=(low, high),
        slope=1.0,
        intercept=0.0,
        quantity_definition=Code(value, scheme, words),
    )
    window = hd.VOILUTTransformation(window_center=(low + high) / 2, window_width=max(high - low, 1e-6))
    made = hd.pm.ParametricMap(
        source_images=images,
        pixel_array=values,
        series_instance_uid=study.uid("map", title),
        series_number=number,
        sop_instance_uid=study.uid("map", title, 0),
        instance_number=1,
        manufacturer=MAKER,
        manufacturer_model_name=MAKER,
        software_versions=program_version(),
        device_serial_number="0",
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[mapping],
        voi_lut_transformations=[window],
        pixel_measures=hd.PixelMeasuresSequence(planes.pixel_spacing, planes.spacing, planes.spacing),
        plane_orientation=hd.PlaneOrientationSequence("PATIENT", planes.orientation),
        plane_positions=[hd.PlanePositionSequence("PATIENT", tuple(p)) for p in planes.positions],
        content_description=title[:64],
        content_label=meaning.label,
        series_description=title[:64],
    )
    made.Laterality = ""
    return made


def read_parametric(ds: Any, name: str) -> Field:
    """The field of a Parametric Map that ``parametric_map`` wrote.

    Raises:
        FormatError: if it is of another quantity or unit.
    """
    import highdicom as hd

    item = ds.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence[0]
    unit, label = str(item.MeasurementUnitsCodeSequence[0].CodeValue), str(item.LUTLabel)
    found = next((q for q, m in _MEANINGS.items() if (m.label, m.unit[0]) == (label, unit)), None)
    if found is None:
        raise FormatError(f"{name} holds {label} in {unit}, which is no quantity written by OpenHIFU")
    volume = hd.pm.ParametricMap.from_dataset(ds).get_volume(apply_real_world_transform=True)
    # highdicom orders a volume (plane, row, column), planes in either direction; ours run along the normal.
    affine, array = np.array(volume.affine), np.asarray(volume.array)
    step, down, along, first = affine[:3, 0], affine[:3, 1], affine[:3, 2], affine[:3, 3]
    if np.cross(along, down) @ step < 0:
        first, step, array = first + (array.shape[0] - 1) * step, -step, array[::-1]
    spacing = (float(np.linalg.norm(down)), float(np.linalg.norm(along)))
    cosines = np.concatenate([along / spacing[1], down / spacing[0]])
    shape = (array.shape[2], array.shape[1], array.shape[0])
    return Field(grid_of(cosines, first, spacing, step, shape), array.transpose(2, 1, 0), found)
