"""A treatment plan and the approval of exactly that plan; both immutable."""

from __future__ import annotations

from typing import Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from openhifu.base.outcome import Verdict
from openhifu.base.record import Record
from openhifu.model.limits import OrganAtRisk, Prescription, SiteLimits
from openhifu.model.pose import Pose
from openhifu.model.sonication import Sonication
from openhifu.model.target import Target


class Finding(Record):
    """One check: its number beside its limit, with the limit's source.

    Attributes:
        check: short name of the check.
        verdict: ok, warning or error; an error stops approval.
        sentence: what was found.
        value: the number.
        limit: what it is held against.
        unit: unit of both.
        source: where the limit comes from.
        remedy: what would help; empty when ok.
        at_least: whether the number must reach the limit instead of staying below it.
    """

    check: str
    verdict: Verdict
    sentence: str
    value: float
    limit: float
    unit: str
    source: str
    remedy: str = ""
    at_least: bool = False

    @property
    def margin(self) -> float:
        """What is left to the limit, in the finding's unit; negative where the limit is not kept."""
        return self.value - self.limit if self.at_least else self.limit - self.value

    @model_serializer(mode="wrap")
    def _plain_unless_at_least(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Findings that were written before lower limits were told apart keep their content."""
        data = write(self)
        return data if self.at_least else {key: value for key, value in data.items() if key != "at_least"}


class OrganPrediction(Record):
    """What the plan expects for one organ: highest temperature [degC], highest CEM43 [min], volume [m3] over its limit.

    Attributes:
        reading_cem43: min that a thermometer adds up which shows only the organ's hottest point, wherever that is: more
            than any place gets; None where nobody followed it.
    """

    organ: str
    peak_temperature: float
    cem43_max: float
    volume_over_limit: float
    reading_cem43: float | None = None

    @property
    def reading_ratio(self) -> float:
        """Dose added up from hottest readings over the highest dose of any place; 1 where it is not known."""
        if not self.reading_cem43 or self.cem43_max <= 0:
            return 1.0
        return max(self.reading_cem43 / self.cem43_max, 1.0)

    @model_serializer(mode="wrap")
    def _without_what_nobody_followed(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Plans from before readings were followed keep their content."""
        data = write(self)
        return {k: v for k, v in data.items() if k != "reading_cem43" or v is not None}


class Prediction(Record):
    """What the plan expects of the whole treatment.

    Attributes:
        target_volume: m3.
        ablated_target_volume: m3 of the target over the prescribed CEM43.
        ablated_volume: m3 over the prescribed CEM43 anywhere.
        peak_temperature: degC.
        treatment_time: s, pre-cooling to last cooling.
        energy: J acoustic.
        organs: per organ at risk.
    """

    target_volume: float
    ablated_target_volume: float
    ablated_volume: float
    peak_temperature: float
    treatment_time: float
    energy: float
    organs: tuple[OrganPrediction, ...]

    @property
    def coverage(self) -> float:
        """Share of the target over the prescribed CEM43."""
        return self.ablated_target_volume / self.target_volume if self.target_volume > 0 else 0.0


class Relaxation(Record):
    """What one limit that binds a plan costs it: the course found anew with that limit a little wider.

    Attributes:
        limit: which limit.
        change: what it was widened to, in words.
        time_saved: s by which the treatment would be shorter.
        coverage_gained: share of the target that would be covered more.
    """

    limit: str
    change: str
    time_saved: float
    coverage_gained: float

    @property
    def sentence(self) -> str:
        """For people, in minutes and per cent."""
        if abs(self.time_saved) < 3 and abs(self.coverage_gained) < 5e-4:
            return f"{self.limit} binds: {self.change} alone would neither shorten the treatment nor cover more"
        faster = f"{abs(self.time_saved) / 60:.1f} min {'shorter' if self.time_saved >= 0 else 'longer'}"
        wider = f"{abs(100 * self.coverage_gained):.1f} % {'more' if self.coverage_gained >= 0 else 'less'}"
        return f"{self.limit} binds: with {self.change} the treatment would be {faster} and cover {wider}"


class Provenance(Record):
    """What a plan was made from: hashes of case, device and tissue values, program version.

    And how each field was solved.
    """

    case_hash: str
    device_hash: str
    tissue_hash: str
    program: str
    field_method: str
    field_physics: tuple[str, ...]
    field_omits: tuple[str, ...]
    heat_method: str
    dose_form: str
    grid: str


class TreatmentPlan(Record):
    """A plan: everything that will be delivered, and what it is expected to do.

    Attributes:
        case: name of the case.
        case_folder: where the case was read from, for people; never trusted (hashes are).
        device: catalogue name.
        serial: serial number of the device it was made for.
        target: what to treat.
        prescription: what to reach.
        organs: organs at risk.
        site: the site's ceilings.
        pose: orientation of the source and reference focus.
        sonications: exposures in order of delivery.
        prediction: what is expected.
        findings: every check.
        unmet: wishes of the prescription that could not be met, with the reason.
        provenance: what it was made from.
        certificate: limits that bind, and what a wider one would buy; empty in plans from before there was one.
    """

    case: str
    case_folder: str
    device: str
    serial: str
    target: Target
    prescription: Prescription
    organs: tuple[OrganAtRisk, ...]
    site: SiteLimits
    pose: Pose
    sonications: tuple[Sonication, ...] = Field(min_length=1)
    prediction: Prediction
    findings: tuple[Finding, ...]
    unmet: tuple[str, ...]
    provenance: Provenance
    certificate: tuple[Relaxation, ...] = ()

    @model_serializer(mode="wrap")
    def _without_an_empty_certificate(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A plan from before there were certificates keeps the content, and the hash, it had."""
        data = write(self)
        return {key: value for key, value in data.items() if value or key != "certificate"}

    @property
    def energy(self) -> float:
        """Acoustic energy of all exposures [J]."""
        return sum(s.energy for s in self.sonications)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that stop approval."""
        return tuple(f for f in self.findings if f.verdict is Verdict.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Findings a person must weigh."""
        return tuple(f for f in self.findings if f.verdict is Verdict.WARNING)


class Approval(Record):
    """A person's approval of exactly one plan.

    Attributes:
        plan_hash: content hash of the plan.
        rehearsal_hash: last journal hash of the rehearsal of that plan.
        person: who approves.
        role: in which role.
        time: ISO 8601 with offset.
        statement: what the person confirms, in words.
        robustness_hash: content hash of the study of that plan; empty where there was none.
        despite: why the plan is approved although its band was not studied or does not keep a limit; empty otherwise.
    """

    plan_hash: str = Field(min_length=64, max_length=64)
    rehearsal_hash: str = Field(min_length=64, max_length=64)
    person: str = Field(min_length=1)
    role: str = Field(min_length=1)
    time: str
    statement: str
    robustness_hash: str = ""
    despite: str = ""

    @model_serializer(mode="wrap")
    def _without_what_was_not_said(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """An approval from before there were studies keeps the content, and the hash, it had."""
        data = write(self)
        return {key: value for key, value in data.items() if value or key not in ("robustness_hash", "despite")}
