"""What a treatment should reach and what it must not exceed."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from openhifu.base.record import Record


class OrganLimit(Record):
    """A limit on one organ at risk.

    Attributes:
        organ: name of the organ at risk (or tissue layer) in the case.
        cem43_max: minutes; the hottest voxel must stay below.
        resume_below: degC; the next exposure waits until every voxel of the organ is below.
        source: where the limit comes from.
    """

    organ: str
    cem43_max: float = Field(gt=0)
    resume_below: float = Field(gt=37, lt=60)
    source: str = Field(min_length=3)


class OrganAtRisk(Record):
    """A named region to spare, made of labels or of tissues.

    Attributes:
        name: e.g. ``"ribs"``.
        labels: names (``*`` allowed) in the label map.
        tissues: tissue names of the tissue map, for layers no label covers (skin, fat).
        limit: its thermal limit.
        distance_min: m; warn when the heated focus comes closer; 0 for no rule.
    """

    name: str
    labels: tuple[str, ...] = ()
    tissues: tuple[str, ...] = ()
    limit: OrganLimit
    distance_min: float = Field(default=0.0, ge=0)


class Titration(Record):
    """How delivery adapts the power to the patient it meets, by what the thermometer reads.

    The rise of an exposure grows like ``ln(1 + t / growth_time)`` (a Gaussian beam in a conducting medium), so that an
    exposure shorter than planned still says how strongly this patient heats.

    Attributes:
        test_share: power of the sub-ablative test exposure as a share of the planned power.
        test_on_time: s of the test exposure.
        growth_time: s; ``w**2 / (4 kappa)`` for a beam of 1/e intensity radius w in tissue of diffusivity kappa.
        reading_share: share of the true rise at the peak that a thermometer reads through its voxel (1: reads points).
        lowest_scale: least factor on the planned power.
        highest_scale: greatest factor on the planned power; each sonication's own power ceiling holds besides.
        damping: how far, in the logarithm, each exposure moves the factor towards what it asks for: 1 all the way.
    """

    test_share: float = Field(gt=0, lt=1)
    test_on_time: float = Field(gt=0)
    growth_time: float = Field(gt=0)
    reading_share: float = Field(gt=0, le=1)
    lowest_scale: float = Field(gt=0, le=1)
    highest_scale: float = Field(ge=1)
    damping: float = Field(gt=0, le=1)


class DoseControl(Record):
    """How delivery steers each exposure by the dose it measures, within limits that the approved plan carries.

    Attributes:
        share: of the dose the plan expects at the hottest reading, at which an exposure ends.
        repeat_below: share below which a spot is topped up after a pause.
        longest: factor on the planned on-time to which an exposure may be extended.
        most_repeats: top-ups of one spot at most.
        organ_share: of an organ's limit that its measured dose may come to; pauses grow so that it lasts for the rest.
        cavitation_step: share of the power at which bubbles collapsed that no later exposure exceeds.
    """

    share: float = Field(gt=0, le=2)
    repeat_below: float = Field(gt=0, le=1)
    longest: float = Field(ge=1, le=2)
    most_repeats: int = Field(ge=0, le=3)
    organ_share: float = Field(gt=0, le=1)
    cavitation_step: float = Field(default=0.8, gt=0, lt=1)


class Prescription(Record):
    """What the treatment should reach.

    Attributes:
        goal_cem43: minutes of CEM43 that count as ablated.
        coverage: share of the target volume that must reach the goal.
        on_time: s per exposure.
        steered_spots: spots of a line, at most, that one exposure of an array heats together: phases steer the focus to
            them again and again in turn; None for a focus that stands still.
        shortest_on_time: s that planning may shorten an exposure to, which saves energy and time; None for all that
            last ``on_time``.
        peak_low: degC; least peak temperature of an exposure.
        peak_high: degC; highest peak temperature of an exposure, below boiling.
        lateral_spacing: m between neighbouring spots across the beam.
        axial_spacing: m between slices along the beam.
        water_temperature: degC of the coupling water.
        pre_cooling: s of skin cooling before the first exposure.
        cooling_time: least pause [s] between exposures.
        breath_hold: how breathing motion is excluded, in words.
        titration: how the power is adapted to the patient; None delivers the planned powers as they are.
        control: how exposures follow the measured dose (needs ``titration``); None delivers the planned on-times.
    """

    goal_cem43: float = Field(gt=0)
    coverage: float = Field(gt=0, le=1)
    on_time: float = Field(gt=0)
    peak_low: float = Field(gt=37)
    peak_high: float = Field(gt=37, lt=100)
    lateral_spacing: float = Field(gt=0)
    axial_spacing: float = Field(gt=0)
    water_temperature: float = Field(ge=5, le=40)
    pre_cooling: float = Field(ge=0)
    cooling_time: float = Field(ge=0)
    breath_hold: str
    titration: Titration | None = None
    control: DoseControl | None = None
    shortest_on_time: float | None = Field(default=None, gt=0)
    steered_spots: int | None = Field(default=None, ge=2)

    @model_serializer(mode="wrap")
    def _without_what_is_not_asked(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A prescription from before exposures could be shortened or steered has the content, and hash, it had."""
        data, later = write(self), ("shortest_on_time", "steered_spots")
        return {key: value for key, value in data.items() if value is not None or key not in later}

    @model_validator(mode="after")
    def _shorter_is_not_longer(self) -> Self:
        if self.shortest_on_time is not None and self.shortest_on_time > self.on_time:
            raise ValueError(
                f"shortest_on_time {self.shortest_on_time:g} s is longer than on_time {self.on_time:g} s: "
                "exposures last between the two"
            )
        return self

    @model_validator(mode="after")
    def _control_knows_the_growth(self) -> Self:
        if self.control is not None and self.titration is None:
            raise ValueError("control by measured dose needs a titration: it says how the rise grows with time")
        return self


class BandLimits(Record):
    """What must hold over the scenarios of a robustness study before a plan may be approved.

    Attributes:
        coverage: share of the target over its goal that the 5th percentile must reach.
        organ_share: multiple of each organ's own CEM43 limit that the 95th percentile may not pass.
        peak_temperature: degC that the 95th percentile of the hottest point may not pass.
        scenarios: least number of finished scenarios.
    """

    coverage: float = Field(gt=0, le=1)
    organ_share: float = Field(gt=0)
    peak_temperature: float = Field(gt=37, le=110)
    scenarios: int = Field(ge=8)


class SiteLimits(Record):
    """The site's own ceilings, which a plan cannot raise.

    Attributes:
        acoustic_power: W.
        spot_energy: J.
        total_energy: J.
        on_time: s.
        peak_temperature: degC.
        treatment_time: s.
        band: what must hold over the scenarios of a study; None holds the band against what the nominal plan must keep.
    """

    acoustic_power: float = Field(gt=0)
    spot_energy: float = Field(gt=0)
    total_energy: float = Field(gt=0)
    on_time: float = Field(gt=0)
    peak_temperature: float = Field(gt=37, le=100)
    treatment_time: float = Field(gt=0)
    band: BandLimits | None = None

    @model_serializer(mode="wrap")
    def _without_what_was_not_asked(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A site without a rule for bands keeps the content, and the hash, it had before there were any."""
        data = write(self)
        if self.band is None:
            data.pop("band", None)
        return data
