"""Everything a report is made of, checked to belong together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from openhifu.base.errors import InputError, OutOfRange, Tampered
from openhifu.base.outcome import Ending
from openhifu.model.case_data import CaseData
from openhifu.model.delivered import DeliveredSpot
from openhifu.model.history import TreatmentHistory
from openhifu.model.plan import Approval, TreatmentPlan
from openhifu.model.robustness import Robustness
from openhifu.model.window import WindowMap

TARGET = "target"
"""Name of the target among a history's curves."""


class DrawnValue(NamedTuple):
    """One tissue property of the simulated patient that differs from the plan's.

    Attributes:
        tissue: catalogue name.
        property: what, in words.
        planned: value the plan used.
        drawn: value the simulated patient has.
        unit: unit of both.
    """

    tissue: str
    property: str
    planned: float
    drawn: float
    unit: str


@dataclass(frozen=True, eq=False)
class ReportInput:
    """What is reported.

    Attributes:
        data: the case.
        plan: the plan.
        approval: who approved exactly this plan; None where nobody did.
        planned: what the plan expects.
        delivered: what happened; None where nothing was delivered or it was not computed.
        spots: every exposure that was delivered, in order.
        ending: how the treatment ended; None where it never began.
        ending_sentence: the ending in words; empty where it never began.
        window: all directions around the target; None where it was not kept.
        drawn: how the simulated patient differs from the plan.
        seed: of the random draws; None where nothing was drawn, or the patient in the middle of all draws.
        journal_hash: last hash of the journal; empty where there is none.
        versions: program and library names with their versions.
        run_folder: where the run lies.
        generated_at: when this report was made, with its offset from UTC.
        warnings: further sentences a reader must see.
        robustness: the study of the plan; None where nobody made one.

    Raises:
        Tampered: if approval or histories belong to another plan.
        InputError: if the plan is of another case, or a history has no curve of the target.
        OutOfRange: if a delivered spot is not one of the plan, or the time has no offset.
    """

    data: CaseData
    plan: TreatmentPlan
    approval: Approval | None
    planned: TreatmentHistory
    delivered: TreatmentHistory | None
    spots: tuple[DeliveredSpot, ...]
    ending: Ending | None
    ending_sentence: str
    window: WindowMap | None
    drawn: tuple[DrawnValue, ...]
    seed: int | None
    journal_hash: str
    versions: tuple[tuple[str, str], ...]
    run_folder: Path
    generated_at: datetime
    warnings: tuple[str, ...]
    robustness: Robustness | None = None

    def __post_init__(self) -> None:
        """Check that all of it belongs to one plan."""
        if self.plan.case != self.data.case.name:
            raise InputError(f"the plan is for case {self.plan.case!r}, the case given is {self.data.case.name!r}")
        made = self.plan.content_hash
        carried = {h.title: h.plan_hash for h in (self.planned, self.delivered) if h is not None}
        if self.approval is not None:
            carried["approval"] = self.approval.plan_hash
        if self.robustness is not None:
            carried["study"] = self.robustness.plan_hash
        for what, found in carried.items():
            if found != made:
                raise Tampered(f"{what} belongs to plan {found[:12]}, the plan given is {made[:12]}; compute it anew")
        wrong = [s.index for s in self.spots if not 0 <= s.index < len(self.plan.sonications)]
        if wrong:
            raise OutOfRange(f"sonication {wrong[0]} was delivered; the plan has 0 to {len(self.plan.sonications) - 1}")
        lost = [h.title for h in (self.planned, self.delivered) if h is not None and TARGET not in h.curves.hottest]
        if lost:
            raise InputError(f"the {lost[0]} history has no temperature curve named {TARGET!r}; record the target's")
        if self.generated_at.tzinfo is None:
            raise OutOfRange("the time of a report needs its offset from UTC, e.g. datetime.now(UTC)")
