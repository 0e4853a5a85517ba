"""Research files of a treatment (NIfTI, CSV, JSON), its bundle, and the bundle played again."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from openhifu.base.errors import FileProblem
from openhifu.base.field import Field
from openhifu.base.progress import Progress, silent
from openhifu.console.exports import Gathered, gather, treatment_text
from openhifu.console.planning import with_device
from openhifu.console.rehearsal import rehearse
from openhifu.console.runs import APPROVAL, DELIVERED, JOURNAL, PLAN, RUN
from openhifu.exchange.bundle import About, Part, verify_bundle, write_bundle
from openhifu.exchange.structured_report import Number
from openhifu.exchange.treatment import structures
from openhifu.imaging import names_csv, nifti_bytes, read_case
from openhifu.imaging.hdf5 import read_history
from openhifu.imaging.reading import CASE_FILE
from openhifu.model.history import TreatmentHistory
from openhifu.planning.make import make_plan
from openhifu.planning.scene import fineness_of

DOSE_TOLERANCE = 1e-5
"""How far the replayed CEM43 may be from the recorded one, as a share of the recorded value plus a millionth minute."""


def research_files(gathered: Gathered) -> list[Part]:
    """The same treatment for research: volumes as NIfTI, spot table and organs as CSV, figures as JSON."""
    data, run = gathered.planned.data, gathered.run
    text = treatment_text(gathered)
    masks = structures(data, gathered.planned.plan)
    numbered = np.zeros(data.ct.grid.shape, np.uint8)
    for n, mask in reversed(list(enumerate(masks.values(), start=1))):
        numbered[mask] = n
    parts = [
        Part(
            "nifti/structures.nii.gz", nifti_bytes(numbered, data.ct.grid), "target (over) and organs at risk, numbered"
        ),
        Part("nifti/structures.csv", names_csv(dict(enumerate(masks, start=1))), "names of the numbered structures"),
        Part("csv/spots.csv", _spot_table(gathered), "spot table: foci in mm LPS, powers, times, energies"),
        Part("csv/numbers.csv", _numbers(text.numbers), "figures of the whole treatment"),
    ]
    histories = [gathered.planned.history, *([run.delivered] if run is not None and run.delivered is not None else [])]
    return parts + [part for history in histories for part in _volumes(history)]


def write_run_bundle(run: Path, case: Path | None, out: Path, report: Path | None, licence: str, creator: str) -> Path:
    """A bundle of a run or plan.

    Raises:
        StorageError: if the folder exists.
        FileProblem: if something is missing.
    """
    gathered = gather(run, case)
    plan, data = gathered.planned.plan, gathered.planned.data
    parts = [Part(f"case/{f.name}", f, f"case: {f.name}") for f in sorted(data.folder.iterdir()) if f.is_file()]
    folder = run if gathered.run is not None else run.parent
    stem = PLAN.removesuffix(".json") if gathered.run is not None else run.name.removesuffix(".json")
    for end, words in ((".json", "the plan"), (".planned.h5", "predicted fields"), (".window.h5", "window map")):
        parts.append(Part(f"run/plan{end}", folder / f"{stem}{end}", words))
    identifiers = [("plan", plan.content_hash), ("case", data.case.content_hash), ("device", plan.device)]
    if gathered.run is not None:
        identifiers.append(("journal", gathered.run.journal.last_hash))
        words = {
            RUN: "what the run is",
            JOURNAL: "the journal",
            APPROVAL: "the approval",
            DELIVERED: "delivered fields",
        }
        parts += [Part(f"run/{name}", folder / name, words[name]) for name in words if (folder / name).exists()]
    parts += research_files(gathered)
    if report is not None:
        parts.append(Part("report.pdf", report, "the report"))
    about = About(
        name=f"Focused ultrasound treatment of case {plan.case}",
        description="Case, plan, journal and fields of one planned and simulated treatment. Play it again with: "
        "openhifu export replay FOLDER",
        made=datetime.now(UTC),
        licence=licence,
        creator=creator,
        identifiers=tuple(identifiers),
    )
    return write_bundle(out, parts, about)


@dataclass(frozen=True)
class Replay:
    """A bundle played again.

    Attributes:
        files: checked against their checksums.
        plan_hash: recorded.
        replayed_hash: of the plan made again from the case.
        dose_difference: largest |difference| of CEM43 over (recorded value + 1e-6 min); None without a recorded run.
    """

    files: int
    plan_hash: str
    replayed_hash: str
    dose_difference: float | None

    @property
    def same(self) -> bool:
        """Whether plan and dose are the recorded ones."""
        close = self.dose_difference is None or self.dose_difference <= DOSE_TOLERANCE
        return self.plan_hash == self.replayed_hash and close


def replay(bundle: Path, work: Path, progress: Progress = silent) -> Replay:
    """Verify a bundle, plan its case again, and run it again from its seed.

    Args:
        bundle: the folder.
        work: a new folder for the run that is played.
        progress: told on the way.

    Raises:
        FileProblem: if a part is missing.
        Tampered: if a file was changed.
    """
    files = verify_bundle(bundle)
    if not (bundle / "case" / CASE_FILE).exists():
        raise FileProblem(f"{bundle} has no case; it is no bundle of a treatment")
    recorded = gather(bundle / "run" if (bundle / "run" / RUN).exists() else bundle / "run" / PLAN, bundle / "case")
    plan = recorded.planned.plan
    data = replace(with_device(read_case(bundle / "case"), plan.device), folder=Path(plan.case_folder))
    fineness = fineness_of(recorded.planned.history.cem43.grid)
    planned = make_plan(data, progress, fineness=fineness)
    run, apart = recorded.run, None
    if run is not None and run.delivered is not None and planned.plan.content_hash == plan.content_hash:
        # The run reads its case again from where it lies, which is the bundle.
        here = replace(planned, data=replace(planned.data, folder=bundle / "case"))
        rehearse(here, work, run.sheet.seed, run.approval, progress=progress, middle=run.sheet.drawn.seed is None)
        apart = _difference(run.delivered.cem43, read_history(work / DELIVERED).cem43)
    return Replay(files, plan.content_hash, planned.plan.content_hash, apart)


def _difference(recorded: Field, played: Field) -> float:
    recorded.grid.require_same(played.grid, "the replayed dose")
    return float(np.max(np.abs(played.data - recorded.data) / (np.abs(recorded.data) + 1e-6)))


def _volumes(history: TreatmentHistory) -> list[Part]:
    fields = (
        ("peak-temperature", history.peak_temperature, "degC"),
        ("cem43", history.cem43, f"min; {history.dose_form}"),
        ("pressure", history.pressure, f"Pa, peak amplitude of sonication {history.pressure_of + 1}"),
    )
    return [
        Part(
            f"nifti/{history.title}-{name}.nii.gz",
            nifti_bytes(np.abs(field.data).astype(np.float32), field.grid, level=6),
            f"{history.title} {field.quantity.words} [{unit}]",
        )
        for name, field, unit in fields
    ]


def _spot_table(gathered: Gathered) -> bytes:
    spots = treatment_text(gathered).spots
    columns = list(dict.fromkeys((n.word, n.unit) for s in spots for n in s.numbers))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["index", "x_mm_lps", "y_mm_lps", "z_mm_lps", *(f"{w.lower()} [{u}]" for w, u in columns), "ending"]
    )
    for spot in spots:
        values = {n.word: n.value for n in spot.numbers}
        place = [f"{1e3 * v:.3f}" for v in spot.focus]
        writer.writerow([spot.index, *place, *(values.get(word, "") for word, _ in columns), spot.ending])
    return text.getvalue().encode()


def _numbers(numbers: tuple[Number, ...]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", "value", "unit", "meaning"])
    writer.writerows((n.word.lower(), n.value, n.unit, n.meaning) for n in numbers)
    return text.getvalue().encode()
