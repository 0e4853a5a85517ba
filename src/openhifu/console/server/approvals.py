"""Approvals of plans: signed by physicians on a completed rehearsal, by two of them where the power is high."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

from openhifu.base.errors import InputError
from openhifu.base.files import read_text, write_whole
from openhifu.console.robustness import robustness_beside
from openhifu.console.server.library import Library
from openhifu.console.server.refusals import Refused
from openhifu.console.server.run_index import RunIndex
from openhifu.delivery.authorisation import approve
from openhifu.model.plan import Approval, TreatmentPlan


@dataclass(frozen=True, eq=False)
class Approvals:
    """The approvals of a library.

    Attributes:
        library: where plans lie.
        runs: where rehearsals are found.
        second_look: share of the site's power ceiling above which two physicians must approve.
    """

    library: Library
    runs: RunIndex
    second_look: float
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def above(self, plan: TreatmentPlan) -> float:
        """Power [W] from which a second look is needed."""
        return self.second_look * plan.site.acoustic_power

    def second_look_needed(self, plan: TreatmentPlan) -> bool:
        """Whether a spot is planned beyond that power."""
        return max(s.acoustic_power for s in plan.sonications) > self.above(plan)

    def of(self, plan: str) -> list[Approval]:
        """Approvals of a plan, oldest first.

        Raises:
            Tampered: if one was edited.
        """
        files = sorted((self.library.plan_path(plan).parent / "approvals").glob("[0-9]*.json"))
        return [Approval.from_document(read_text(f, "approval"), f"approval {f.stem}") for f in files]

    def complete(self, plan: TreatmentPlan) -> Approval | None:
        """The approval to treat by, if as many people signed as must; None otherwise."""
        given = [a for a in self.of(plan.content_hash) if a.plan_hash == plan.content_hash]
        enough = len({a.person for a in given}) >= (2 if self.second_look_needed(plan) else 1)
        return given[0] if given and enough else None

    def sign(self, plan: TreatmentPlan, person: str, statement: str, despite: str = "") -> Approval:
        """Sign a plan as a physician.

        Raises:
            Refused: if it was not rehearsed, or this person signed already.
            NotApproved: if it has errors, or its band is not studied or over a limit and no reason is given.
        """
        rehearsal = self.runs.rehearsal_of(plan.content_hash)
        if rehearsal is None:
            raise Refused(409, "no rehearsal of exactly this plan has come to its end", "rehearse it first")
        now = datetime.now(UTC).astimezone().isoformat(timespec="seconds")
        study = robustness_beside(self.library.plan_path(plan.content_hash), plan)
        signed = approve(plan, rehearsal.journal, person, "physician", now, statement, study, despite)
        with self._lock:
            given = self.of(plan.content_hash)
            if person in {a.person for a in given}:
                raise Refused(409, f"{person} has approved this plan already", "a second look is another person's")
            path = self.library.plan_path(plan.content_hash).parent / "approvals" / f"{len(given) + 1}.json"
            write_whole(path, signed.to_document().encode())
        return signed

    def is_approved(self, plan: TreatmentPlan) -> bool:
        """As ``complete``, with an approval that cannot be read counting as none."""
        try:
            return self.complete(plan) is not None
        except InputError:
            return False
