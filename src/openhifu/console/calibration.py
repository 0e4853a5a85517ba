"""Before a treatment: the calibration that the plan's device is described by must be the one in force on record."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from openhifu.console.archive import database
from openhifu.model.catalogue import transducer
from openhifu.model.plan import TreatmentPlan
from openhifu.records.quality import QualityEntry
from openhifu.records.store import RecordStore
from openhifu.records.trends import QualityLimits, require_in_force


def require_calibration(plan: TreatmentPlan, limits: Path, db: str) -> None:
    """Refuse a plan whose device's calibration is missing on record, older than another, out of limits, or too old.

    Raises:
        NotApproved: saying which calibration is in force, or why none is.
        FileProblem: if there is no database, or no file of limits.
    """
    used = transducer(plan.device).calibration
    with RecordStore(database(db)) as store:
        entries = store.all(QualityEntry, serial=used.serial)
    require_in_force(entries, used, datetime.now(UTC), QualityLimits.read(limits))
