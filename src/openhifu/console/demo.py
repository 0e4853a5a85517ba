"""``openhifu demo``: a bundled case all the way to a report, on the simulated device."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openhifu.base.outcome import Ending
from openhifu.base.progress import Progress, silent
from openhifu.console.plan_files import save_planned
from openhifu.console.planning import plan_case
from openhifu.console.rehearsal import DEFAULT_SEED, rehearse
from openhifu.console.reports import clinical_numbers, report_of_plan, report_of_run
from openhifu.console.runs import Run
from openhifu.planning.make import Planned


@dataclass(frozen=True, eq=False)
class Demonstration:
    """What a demonstration made.

    Attributes:
        planned: the plan.
        run: the rehearsal; None where errors of the plan forbid one.
        report: the PDF.
        wall_seconds: how long it all took.
    """

    planned: Planned
    run: Run | None
    report: Path
    wall_seconds: float

    def numbers(self) -> dict[str, Any]:
        """The treatment in numbers, for people and programs."""
        plan = self.planned.plan
        run = {} if self.run is None else {"ending": self.run.ending[0].value, "seed": self.run.sheet.seed}
        return {
            **clinical_numbers(self.planned, self.run),
            "planned": clinical_numbers(self.planned, None),
            "device": plan.device,
            "case": plan.case,
            "errors": [f.sentence for f in plan.errors],
            "remedies": [f.remedy for f in plan.errors],
            "warnings": [f.sentence for f in plan.warnings],
            "plan_hash": plan.content_hash,
            "wall_seconds": round(self.wall_seconds, 1),
            "report": str(self.report),
            **run,
        }

    @property
    def succeeded(self) -> bool:
        """Whether the plan has no error and its rehearsal completed."""
        return not self.planned.plan.errors and self.run is not None and self.run.ending[0] is Ending.COMPLETED


def demonstrate(
    case: Path, device: str, out: Path, seed: int = DEFAULT_SEED, progress: Progress = silent
) -> Demonstration:
    """Plan, rehearse and report a case into a folder; an older demonstration there is replaced.

    A plan with errors is not rehearsed: it goes straight to the report, which says why.
    """
    began = time.monotonic()
    planned = plan_case(case, device, progress)
    for old in ("plan", "run"):
        if (out / old).exists():
            shutil.rmtree(out / old)
    save_planned(planned, out / "plan" / "plan.json")
    if planned.plan.errors:
        report = report_of_plan(planned, out / "plan", out, progress)
        return Demonstration(planned, None, report, time.monotonic() - began)
    run = rehearse(planned, out / "run", seed, progress=progress)
    report = report_of_run(run, out, progress)
    return Demonstration(planned, run, report, time.monotonic() - began)
