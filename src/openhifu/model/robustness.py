"""How far a plan's numbers spread over what is not known about the patient, the aim and the source."""

from __future__ import annotations

from typing import Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from openhifu.base.record import Record

SCENARIOS = 64
"""Scenarios where none are asked for: enough for a 5th percentile that rests on three of them."""

POSITION, BREATHING = 1.0e-3, 1.4e-3
"""m: mean error of a guided source's place; mean of the largest motion of the diaphragm during a breath-hold."""

COVERAGE, PEAK = "target coverage", "peak temperature"
"""Names of bands; ``dose_of`` and ``hottest_of`` name those of an organ."""

CURVE_DOSES = tuple(round(10.0 ** (n / 10 - 1), 4) for n in range(51))
"""CEM43 [min] at which dose-volume curves have their points: 0.1 to 10 000."""


def dose_of(organ: str) -> str:
    """Name of the band of an organ's highest CEM43."""
    return f"dose of {organ}"


def hottest_of(organ: str) -> str:
    """Name of the band of an organ's highest temperature."""
    return f"hottest {organ}"


class Uncertainty(Record):
    """What is not known beside tissue values, whose ranges the catalogue states.

    Attributes:
        position: m; mean length of the error of the source's place over the whole treatment.
        breathing: m; mean of the largest displacement of the target along the body during a breath-hold.
        power: standard deviation of the acoustic power over the calibrated one, as a share.
        source: where the numbers come from.
    """

    position: float = Field(ge=0)
    breathing: float = Field(ge=0)
    power: float = Field(ge=0, lt=0.5)
    source: str = Field(min_length=3)


class OrganOutcome(Record):
    """Highest temperature [degC] and CEM43 [min] of one organ in one scenario."""

    organ: str
    peak_temperature: float
    cem43_max: float


class ScenarioOutcome(Record):
    """What one scenario came to.

    Attributes:
        number: of the scenario; the nominal one is -1.
        seed: of its tissue: ``openhifu rehearse PLAN --seed SEED`` treats a patient of the same tissue in full.
        coverage: share of the target over the prescribed CEM43.
        peak_temperature: degC.
        treatment_time: s.
        energy: J acoustic.
        scale: power factor at the end of the titration.
        organs: per organ at risk.
        inputs: what was drawn, SI, in the order of ``Robustness.inputs``.
        target_curve: share of the target that got at least each of ``CURVE_DOSES``; empty in studies that kept none.
    """

    number: int
    seed: int
    coverage: float
    peak_temperature: float
    treatment_time: float
    energy: float
    scale: float
    organs: tuple[OrganOutcome, ...]
    inputs: tuple[float, ...]
    target_curve: tuple[float, ...] = ()

    @model_serializer(mode="wrap")
    def _without_an_empty_curve(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A study from before curves were kept has the content, and the hash, it had."""
        data = write(self)
        return {key: value for key, value in data.items() if value or key != "target_curve"}


class Band(Record):
    """One figure over all scenarios.

    Attributes:
        name: of the figure, ``COVERAGE``, ``PEAK``, ``dose_of("ribs")`` and so on.
        unit: of all numbers.
        nominal: as the plan states it.
        low: 5th percentile.
        median: 50th percentile.
        high: 95th percentile.
    """

    name: str
    unit: str
    nominal: float
    low: float
    median: float
    high: float


class Influence(Record):
    """How one input goes along with one figure, over the same scenarios.

    Attributes:
        figure: name of the band.
        input: what was drawn.
        unit: of the input.
        correlation: Spearman's rank correlation.
        low: 5th percentile of it, resampling scenarios.
        high: 95th percentile.
        certain: whether it is beyond what the strongest of as many idle inputs reaches in 95 of 100 studies.
    """

    figure: str
    input: str
    unit: str
    correlation: float
    low: float
    high: float
    certain: bool


class Robustness(Record):
    """A study of one plan, bound to it by its hash.

    Attributes:
        plan_hash: content hash of the plan.
        seed: of all draws.
        asked: scenarios that were asked for; fewer outcomes mean that a person stopped the study.
        uncertainty: what was varied beside tissue values.
        rule: how tissue values were drawn.
        method: how a scenario was computed, and what that leaves out.
        inputs: name and unit of everything drawn.
        nominal: the plan itself by the same method, to be held against the plan's own numbers.
        outcomes: one per finished scenario, by number.
        bands: figures over all outcomes.
        influences: strongest first, per figure.
    """

    plan_hash: str = Field(min_length=64, max_length=64)
    seed: int
    asked: int = Field(ge=1)
    uncertainty: Uncertainty
    rule: str
    method: str
    inputs: tuple[tuple[str, str], ...]
    nominal: ScenarioOutcome
    outcomes: tuple[ScenarioOutcome, ...] = Field(min_length=1)
    bands: tuple[Band, ...]
    influences: tuple[Influence, ...]

    def band(self, name: str) -> Band | None:
        """The band of a figure; None where there is none of that name."""
        return next((b for b in self.bands if b.name == name), None)
