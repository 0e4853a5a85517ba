"""The tables of a case file and of a preset, in clinical units, and the records they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import Field, Strict

from openhifu.imaging.units_in_files import (
    CELSIUS,
    CEM43_MINUTES,
    HOUNSFIELD,
    JOULE,
    KILOJOULE,
    MINUTES,
    MM,
    SECONDS,
    SHARE,
    WATT,
    NotNegative,
    Number,
    Point,
    Positive,
    Section,
)
from openhifu.model.case import Thresholds
from openhifu.model.limits import OrganAtRisk, OrganLimit

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, Strict()]


class ImagesSection(Section):
    """Names of the image files in the case's folder, with the hashes they must have."""

    ct: Text
    ct_sha256: Hash
    labels: Text = ""
    label_names: Text = ""
    labels_sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""


class SphereSection(Section):
    """A sphere, in mm LPS."""

    kind: Literal["sphere"]
    centre_mm: Annotated[Point, MM]
    radius_mm: Annotated[Positive, MM]


class EllipsoidSection(Section):
    """An ellipsoid with semi-axes along L, P and S, in mm LPS."""

    kind: Literal["ellipsoid"]
    centre_mm: Annotated[Point, MM]
    semi_axes_mm: Annotated[tuple[Positive, Positive, Positive], MM]


class LabelTargetSection(Section):
    """Everything one label covers."""

    kind: Literal["label"]
    label: Text


TargetSection = Annotated[SphereSection | EllipsoidSection | LabelTargetSection, Field(discriminator="kind")]
TARGET_SECTIONS: dict[str, type[Section]] = {
    "sphere": SphereSection,
    "ellipsoid": EllipsoidSection,
    "label": LabelTargetSection,
}


class TitrationSection(Section):
    """How delivery adapts the power to the patient."""

    test_share: Annotated[Positive, SHARE]
    test_on_time_s: Annotated[Positive, SECONDS]
    growth_time_s: Annotated[Positive, SECONDS]
    reading_share: Annotated[Positive, SHARE]
    lowest_scale: Annotated[Positive, SHARE]
    highest_scale: Annotated[Positive, SHARE]
    damping: Annotated[Positive, SHARE]


class DoseControlSection(Section):
    """How delivery follows the measured dose."""

    share: Annotated[Positive, SHARE]
    repeat_below: Annotated[Positive, SHARE]
    longest: Annotated[Positive, SHARE]
    most_repeats: Annotated[NotNegative, SHARE]
    organ_share: Annotated[Positive, SHARE]
    cavitation_step: Annotated[Positive, SHARE] = Decimal("0.8")


class PrescriptionSection(Section):
    """What the treatment should reach."""

    goal_cem43_min: Annotated[Positive, CEM43_MINUTES]
    coverage: Annotated[Positive, SHARE]
    on_time_s: Annotated[Positive, SECONDS]
    peak_low_c: Annotated[Number, CELSIUS]
    peak_high_c: Annotated[Number, CELSIUS]
    lateral_spacing_mm: Annotated[Positive, MM]
    axial_spacing_mm: Annotated[Positive, MM]
    water_temperature_c: Annotated[Number, CELSIUS]
    pre_cooling_s: Annotated[NotNegative, SECONDS]
    cooling_time_s: Annotated[NotNegative, SECONDS]
    breath_hold: Text
    titration: TitrationSection | None = None
    control: DoseControlSection | None = None
    shortest_on_time_s: Annotated[Positive | None, SECONDS] = None
    steered_spots: Annotated[Positive | None, SHARE] = None

    @classmethod
    def from_si(cls, data: Mapping[str, Any]) -> Self:
        """Build from a record's data; a prescription without titration or control has no table of it."""
        data = {"shortest_on_time": None, "steered_spots": None, **data}
        titration, control = data.get("titration"), data.get("control")
        nested = {
            "titration": None if titration is None else TitrationSection.from_si(titration),
            "control": None if control is None else DoseControlSection.from_si(control),
        }
        return super().from_si({**data, **nested})


class BandSection(Section):
    """What must hold over the scenarios of a robustness study."""

    coverage: Annotated[Positive, SHARE]
    organ_share: Annotated[Positive, SHARE]
    peak_temperature_c: Annotated[Number, CELSIUS]
    scenarios: Annotated[Positive, SHARE]


class SiteSection(Section):
    """The site's own ceilings."""

    acoustic_power_w: Annotated[Positive, WATT]
    spot_energy_j: Annotated[Positive, JOULE]
    total_energy_kj: Annotated[Positive, KILOJOULE]
    on_time_s: Annotated[Positive, SECONDS]
    peak_temperature_c: Annotated[Number, CELSIUS]
    treatment_time_min: Annotated[Positive, MINUTES]
    band: BandSection | None = None

    @classmethod
    def from_si(cls, data: Mapping[str, Any]) -> Self:
        """Build from a record's data; a site without a rule for bands has no table of it."""
        band = data.get("band")
        return super().from_si({**data, "band": None if band is None else BandSection.from_si(band)})


class ThresholdsSection(Section):
    """HU classes for what no label covers."""

    gas_below_hu: Annotated[Number, HOUNSFIELD]
    fat_below_hu: Annotated[Number, HOUNSFIELD]
    bone_above_hu: Annotated[Number, HOUNSFIELD]
    bone_reach_mm: Annotated[NotNegative, MM]
    cortical_above_hu: Annotated[Number, HOUNSFIELD]
    skin_thickness_mm: Annotated[NotNegative, MM]

    def to_thresholds(self) -> Thresholds:
        """The record that says what the table says."""
        return Thresholds.from_data(self.to_si(), "the thresholds")


class CalibrationSection(Section):
    """Tissues that take values from their own CT numbers, by named calibrations (``openhifu case calibrations``)."""

    tissues: tuple[Text, ...]
    density: Text = ""
    sound_speed: Text = ""
    attenuation: Text = ""
    step_hu: Annotated[Positive, HOUNSFIELD]


class OrganSection(Section):
    """An organ at risk with its limit."""

    name: Text
    labels: tuple[Text, ...] = ()
    tissues: tuple[Text, ...] = ()
    cem43_max_min: Annotated[Positive, CEM43_MINUTES]
    resume_below_c: Annotated[Number, CELSIUS]
    distance_min_mm: Annotated[NotNegative, MM]
    source: Text

    def to_organ(self) -> dict[str, Any]:
        """Data of the record."""
        si = self.to_si()
        limit = {"organ": si["name"]} | {key: si.pop(key) for key in ("cem43_max", "resume_below", "source")}
        return si | {"limit": limit}

    @classmethod
    def from_organ(cls, organ: OrganAtRisk) -> OrganSection:
        """The table that says what the record says."""
        data = organ.data()
        limit: dict[str, Any] = data.pop("limit")
        return cls.from_si(data | limit)


def organ_of(section: OrganSection, origin: str) -> OrganAtRisk:
    """The record of one organ table.

    Raises:
        FormatError: if a limit is not allowed, naming ``origin``.
    """
    data = section.to_organ()
    limit = OrganLimit.from_data(data["limit"], f"{origin}, organ {section.name!r}")
    return OrganAtRisk.from_data(data | {"limit": limit}, f"{origin}, organ {section.name!r}")
