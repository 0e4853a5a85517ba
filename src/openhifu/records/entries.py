"""What is recorded: patients, cases, plans, approvals, runs and follow-up, each a frozen record with its own key."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import Field

from openhifu.base.record import Record

Hash = Field(min_length=64, max_length=64)


class Entry(Record):
    """Base of everything that is recorded.

    ``kind`` names its table; ``key`` tells entries of a kind apart. An entry is never changed: what was wrong is put
    right by a newer one.
    """

    kind: ClassVar[str]

    @property
    def key(self) -> str:
        """What tells it from others of its kind."""
        return self.content_hash


class PatientEntry(Entry):
    """A patient, under a pseudonym; who it is stands in a table of pseudonyms elsewhere."""

    kind: ClassVar[str] = "patient"
    pseudonym: str = Field(min_length=1)

    @property
    def key(self) -> str:
        """The pseudonym."""
        return self.pseudonym


class CaseEntry(Entry):
    """A case folder.

    Attributes:
        case: content hash of the case.
        patient: pseudonym.
        name: of the case.
        device: catalogue name.
        target_volume: m3; None where it is not known without planning.
        folder: where it lay, for people.
    """

    kind: ClassVar[str] = "case"
    case: str = Hash
    patient: str
    name: str
    device: str
    target_volume: float | None = None
    folder: str

    @property
    def key(self) -> str:
        """The case's hash."""
        return self.case


class PlanEntry(Entry):
    """A plan file.

    Attributes:
        plan: content hash.
        case: hash of the case.
        device: catalogue name.
        serial: of the device.
        sonications: how many.
        energy: J acoustic.
        coverage: share of the target the plan expects to ablate.
        target_volume: m3.
        file: where it lay, for people.
    """

    kind: ClassVar[str] = "plan"
    plan: str = Hash
    case: str = Hash
    device: str
    serial: str
    sonications: int
    energy: float
    coverage: float
    target_volume: float
    file: str

    @property
    def key(self) -> str:
        """The plan's hash."""
        return self.plan


class ApprovalEntry(Entry):
    """A person's approval of a plan.

    Attributes:
        plan: content hash of the plan.
        person: who.
        role: in which role.
        time: ISO 8601.
    """

    kind: ClassVar[str] = "approval"
    plan: str = Hash
    person: str
    role: str
    time: str


class RunEntry(Entry):
    """A rehearsal or treatment.

    Attributes:
        run: last hash of its journal.
        plan: content hash of the plan.
        rehearsal: whether it is one.
        started: ISO 8601.
        ending: how it ended.
        sonications: exposures begun.
        energy: J acoustic.
        beam_on: s.
        duration: s from the start of pre-cooling; None where no fields were computed.
        target_volume: m3; None likewise, and so on.
        ablated_volume: m3 over the prescribed CEM43 anywhere.
        ablated_target_volume: m3 of the target over it.
        peak_temperature: degC.
        folder: where it lay, for people.
    """

    kind: ClassVar[str] = "run"
    run: str = Hash
    plan: str = Hash
    rehearsal: bool
    started: str
    ending: str
    sonications: int
    energy: float
    beam_on: float
    duration: float | None = None
    target_volume: float | None = None
    ablated_volume: float | None = None
    ablated_target_volume: float | None = None
    peak_temperature: float | None = None
    folder: str

    @property
    def key(self) -> str:
        """The journal's last hash."""
        return self.run


class SirClass(StrEnum):
    """Classes of adverse events of the Society of Interventional Radiology (J Vasc Interv Radiol 2003;14:S199)."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"
    F = "F"

    @property
    def words(self) -> str:
        """What the class means."""
        return {
            "A": "minor: no therapy, no consequence",
            "B": "minor: nominal therapy, no consequence, overnight admission for observation only",
            "C": "major: requires therapy, minor hospitalisation (under 48 hours)",
            "D": "major: requires major therapy, unplanned higher level of care, prolonged hospitalisation",
            "E": "major: permanent adverse sequelae",
            "F": "major: death",
        }[self.value]


class FollowUp(Entry):
    """Something found after a treatment, by a person, on a day.

    Attributes:
        what: non-perfused volume on imaging, adverse event, or symptom score.
        run: last hash of the treatment's journal.
        day: when it was found.
        person: who says so.
        volume: m3, of a non-perfused volume.
        modality: how it was imaged.
        sir_class: of an adverse event.
        score: of a symptom score, in the instrument's own points.
        instrument: which questionnaire, e.g. ``UFS-QOL symptom severity``.
        words: in words.
    """

    kind: ClassVar[str] = "follow_up"
    what: Literal["npv", "adverse event", "symptom score"]
    run: str = Hash
    day: date
    person: str = Field(min_length=1)
    volume: float | None = Field(default=None, ge=0)
    modality: str = ""
    sir_class: SirClass | None = None
    score: float | None = None
    instrument: str = ""
    words: str = ""

    @property
    def sentence(self) -> str:
        """What was found, in one line."""
        if self.volume is not None:
            return f"non-perfused volume {1e6 * self.volume:.1f} mL by {self.modality}"
        if self.sir_class is not None:
            return f"adverse event of SIR class {self.sir_class.value} ({self.sir_class.words}): {self.words}"
        return f"{self.instrument}: {self.score:g}"

    def model_post_init(self, _: object) -> None:
        """Refuse a finding without its value.

        Raises:
            ValueError: naming what is missing.
        """
        if self.what == "npv" and (self.volume is None or not self.modality):
            raise ValueError("a non-perfused volume needs its volume and how it was imaged")
        if self.what == "adverse event" and (self.sir_class is None or not self.words):
            raise ValueError("an adverse event needs its SIR class (A to F) and what happened")
        if self.what == "symptom score" and (self.score is None or not self.instrument):
            raise ValueError("a symptom score needs its value and the questionnaire")
