"""A medium whose tissues are split by the CT numbers of their voxels, each step with values of its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import OutOfRange
from openhifu.base.field import Field
from openhifu.model.ct_calibration import CtTissue, ct_calibration
from openhifu.model.medium import Medium
from openhifu.model.tissue import Known, Property, Tissue, Value
from openhifu.model.tissuemap import STEP_MARK, TissueMap

MOST_TISSUES = 255
"""A tissue map numbers its tissues in one byte."""


def split_by_ct(medium: Medium, ct: Field, wanted: tuple[CtTissue, ...]) -> Medium:
    """The medium with the wanted tissues split into steps of CT numbers; each step has the calibrations' values.

    A step is called ``bone_cortical@1225``: the tissue and the HU in its middle. What no calibration was named for
    stays the catalogue's; the range of a value is the catalogue's, in proportion.

    Args:
        medium: on the CT's grid.
        ct: CT numbers [HU].
        wanted: which tissues, by which calibrations.

    Raises:
        OutOfRange: if a voxel's HU lie outside a calibration's range, or there are too many steps.
        UnknownName: if the medium has no such tissue.
    """
    medium.grid.require_same(ct.grid, "the CT")
    data = medium.map.data.astype(np.uint16)
    tissues = list(medium.tissues)
    for item in wanted:
        for name in item.tissues:
            if name not in medium.map.tissues:
                continue
            here = medium.map.data == medium.map.index_of(name)
            hu = np.asarray(ct.data[here], np.float64)
            if not hu.size:
                continue
            _require_in_range(item, name, hu)
            step = np.floor(hu / item.step).astype(np.int64)
            steps, which = np.unique(step, return_inverse=True)
            base = medium.tissues[medium.map.index_of(name)]
            data[here] = (len(tissues) + which).astype(np.uint16)
            means = np.bincount(which, weights=hu) / np.bincount(which)
            tissues += [_at(base, item, (s + 0.5) * item.step, mean) for s, mean in zip(steps, means, strict=True)]
    if len(tissues) > MOST_TISSUES:
        raise OutOfRange(
            f"the CT calibrations make {len(tissues)} tissues, at most {MOST_TISSUES} can be told apart; "
            "give a larger step_hu or fewer tissues"
        )
    return Medium(TissueMap(ct.grid, data.astype(np.uint8), tuple(t.name for t in tissues)), tuple(tissues))


def _require_in_range(item: CtTissue, name: str, hu: NDArray[np.float64]) -> None:
    for wanted in filter(None, (item.density, item.sound_speed, item.attenuation)):
        calibration = ct_calibration(wanted)
        given = hu if calibration.of == "hu" else ct_calibration(item.density).values(hu)
        try:
            calibration.values(given)
        except OutOfRange as error:
            raise OutOfRange(f"tissue {name!r}: {error}") from error


def _at(base: Tissue, item: CtTissue, middle: float, mean: float) -> Tissue:
    """The tissue at the mean CT number of a step's voxels."""
    hu = np.array([mean])
    values: dict[Property, Value] = dict(base.values)
    density = hu
    if item.density:
        density = ct_calibration(item.density).values(hu)
        values[Property.DENSITY] = _known(base, Property.DENSITY, float(density[0]), item.density)
    if item.sound_speed:
        calibration = ct_calibration(item.sound_speed)
        speed = calibration.values(hu if calibration.of == "hu" else density)
        values[Property.SOUND_SPEED] = _known(base, Property.SOUND_SPEED, float(speed[0]), item.sound_speed)
    if item.attenuation:
        calibration = ct_calibration(item.attenuation)
        found = float(calibration.values(hu)[0])
        values[Property.ATTENUATION] = _known(base, Property.ATTENUATION, found, item.attenuation)
        values[Property.EXPONENT] = _known(base, Property.EXPONENT, float(calibration.exponent or 1), item.attenuation)
    title = f"{base.title}, {mean:.0f} HU"
    return base.model_copy(update={"name": f"{base.name}{STEP_MARK}{middle:g}", "title": title, "values": values})


def _known(base: Tissue, prop: Property, nominal: float, name: str) -> Known:
    old = base.values[prop]
    low, high = (old.low / old.nominal, old.high / old.nominal) if isinstance(old, Known) and old.nominal else (1, 1)
    source = f"CT calibration {name}: {ct_calibration(name).source}"
    return Known(nominal=nominal, low=min(low, 1) * nominal, high=max(high, 1) * nominal, source=source)
