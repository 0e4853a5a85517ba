"""A case: whose images, what target, which organs at risk, what device and prescription."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from openhifu.base.record import Record
from openhifu.model.ct_calibration import CtTissue
from openhifu.model.limits import OrganAtRisk, Prescription, SiteLimits
from openhifu.model.target import Target


class Thresholds(Record):
    """HU classes for what no label covers.

    Attributes:
        gas_below: HU under which unlabelled body is gas.
        fat_below: HU under which it is fat.
        bone_above: HU over which it is bone, only within ``bone_reach`` of labelled bone (contrast-filled vessels
            are as bright).
        bone_reach: m.
        cortical_above: HU from which labelled cancellous bone counts as cortical (labels cover whole bones).
        skin_thickness: m of skin at the body surface.
    """

    gas_below: float
    fat_below: float
    bone_above: float
    bone_reach: float = Field(ge=0)
    cortical_above: float
    skin_thickness: float = Field(ge=0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.gas_below < self.fat_below < min(self.bone_above, self.cortical_above):
            raise ValueError(
                f"HU classes must rise: gas below {self.gas_below}, fat below {self.fat_below}, "
                f"bone above {self.bone_above}, cortical above {self.cortical_above}"
            )
        return self


class Case(Record):
    """A case as a record in SI units.

    Attributes:
        name: folder-friendly name.
        pseudonym: never the patient's name.
        image: content hash (SHA-256) of the CT file.
        labels: content hash of the label map file followed by the file of its names, or empty where there is none.
        target: what to treat.
        organs: organs at risk with their limits.
        device: catalogue name of the device.
        prescription: what to reach.
        site: the site's ceilings.
        thresholds: HU classes.
        label_tissues: tissue of each label name or pattern, the first match counts.
        background: tissue around the body and wherever the image ends outside the body ("water").
        notes: what a reader should know (origin, licence, that labels are a model's output).
        ct_tissues: tissues that take values from the CT numbers of their own voxels; none unless asked for.
    """

    name: str
    pseudonym: str
    image: str
    labels: str
    target: Target
    organs: tuple[OrganAtRisk, ...]
    device: str
    prescription: Prescription
    site: SiteLimits
    thresholds: Thresholds
    label_tissues: tuple[tuple[str, str], ...]
    background: str
    notes: str = ""
    ct_tissues: tuple[CtTissue, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [o.name for o in self.organs]
        if len(set(names)) != len(names):
            raise ValueError(f"organs at risk must have different names, got {names}")
        split = [t for item in self.ct_tissues for t in item.tissues]
        if len(set(split)) != len(split):
            raise ValueError(f"a tissue has two CT calibrations: {split}; name each once")
        return self

    @model_serializer(mode="wrap")
    def _without_what_was_not_asked(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A case that asks for no CT calibration keeps the content, and the hash, it had before there were any."""
        data = write(self)
        if not self.ct_tissues:
            data.pop("ct_tissues", None)
        return data
