"""At every arming: the calibration that the plan's device is described by must be the one in force on record."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from openhifu.base.errors import HifuError, NotApproved
from openhifu.console.archive import database
from openhifu.model.catalogue import transducer
from openhifu.model.plan import TreatmentPlan
from openhifu.records.quality import QualityEntry
from openhifu.records.store import RecordStore
from openhifu.records.trends import QualityLimits, require_in_force

LIMITS = "OPENHIFU_QUALITY_LIMITS"
"""Environment variable with the file of the site's limits: where it is set, no treatment goes without them."""


def arming_check(plan: TreatmentPlan, limits: Path | None = None, db: str = "") -> Callable[[], None]:
    """What is asked at every arming of a treatment, in the console and on the command line alike.

    Args:
        plan: which is delivered.
        limits: the site's limits; those of the environment if not given, and nothing is asked where it has none.
        db: of the quality records.

    Returns:
        A function that raises ``NotApproved`` where no calibration is in force, and where nobody can tell.
    """
    file = limits or (Path(os.environ[LIMITS]) if os.environ.get(LIMITS) else None)

    def ask() -> None:
        if file is None:
            return
        try:
            require_calibration(plan, file, db)
        except NotApproved:
            raise
        except HifuError as error:
            raise NotApproved(f"no one can tell whether the calibration is in force: {error}") from error

    return ask


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
