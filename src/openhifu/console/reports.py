"""A run folder, or a plan alone, turned into the report and its numbers."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from openhifu.base.progress import Progress, silent
from openhifu.console.runs import Run
from openhifu.model.events import InterlockTripped
from openhifu.model.robustness import Robustness
from openhifu.model.tissue import UNITS
from openhifu.planning.make import Planned
from openhifu.reporting.inputs import DrawnValue, ReportInput
from openhifu.reporting.numbers import treatment_numbers
from openhifu.reporting.report import write_report

LIBRARIES = ("openhifu", "numpy", "scipy", "numba", "rocket-fft", "nibabel", "h5py", "matplotlib", "typst")
"""Whose versions a report names."""


def versions() -> tuple[tuple[str, str], ...]:
    """Names and versions of what computed a report."""
    return tuple((name, version(name)) for name in LIBRARIES)


def report_of_run(run: Run, out: Path, progress: Progress = silent, robustness: Robustness | None = None) -> Path:
    """Write ``report.pdf`` and its figures into a folder; also of a run that was stopped or cut off.

    Args:
        run: what is reported.
        out: the folder.
        progress: told how far it is.
        robustness: the study of the run's plan; None says that there is none.
    """
    ending, sentence = run.ending
    trips = Counter(
        f"interlock {e.what.name}: {e.what.sentence}"
        for e in run.journal.events
        if isinstance(e.what, InterlockTripped)
    )
    tripped = tuple(f"{sentence} (tripped {n} times)" if n > 1 else sentence for sentence, n in trips.items())
    notes = () if run.journal.intact else (f"the journal is damaged: {run.journal.sentence}",)
    given = ReportInput(
        data=run.planned.data,
        plan=run.planned.plan,
        approval=run.approval,
        planned=run.planned.history,
        delivered=run.delivered,
        spots=run.spots,
        ending=ending,
        ending_sentence=sentence,
        window=run.planned.window,
        drawn=tuple(
            DrawnValue(d.tissue, d.property.value.replace("_", " "), d.nominal, d.drawn, UNITS[d.property])
            for d in run.sheet.drawn.values
        ),
        seed=run.sheet.drawn.seed,
        journal_hash=run.journal.last_hash,
        versions=versions(),
        run_folder=run.folder,
        generated_at=datetime.now(UTC).astimezone().replace(microsecond=0),
        warnings=(*notes, *tripped),
        robustness=robustness,
    )
    return write_report(given, out, progress=progress)


def report_of_plan(planned: Planned, folder: Path, out: Path, progress: Progress = silent) -> Path:
    """Write the report of a plan that was not delivered, e.g. because it has errors."""
    given = ReportInput(
        data=planned.data,
        plan=planned.plan,
        approval=None,
        planned=planned.history,
        delivered=None,
        spots=(),
        ending=None,
        ending_sentence="",
        window=planned.window,
        drawn=(),
        seed=None,
        journal_hash="",
        versions=versions(),
        run_folder=folder,
        generated_at=datetime.now(UTC).astimezone().replace(microsecond=0),
        warnings=(),
    )
    return write_report(given, out, progress=progress)


def clinical_numbers(planned: Planned, run: Run | None) -> dict[str, Any]:
    """What ``demo --json`` prints: of the delivered treatment where there is one, of the planned one otherwise."""
    history = run.delivered if run is not None and run.delivered is not None else planned.history
    spots = run.spots if run is not None and run.delivered is not None else None
    return treatment_numbers(planned.data, planned.plan, history, spots).clinical()
