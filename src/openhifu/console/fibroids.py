"""Fibroids of several sizes and perfusion grades in the parametric pelvis, each planned and rehearsed, one by one."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from openhifu.base.errors import Infeasible, Tampered
from openhifu.base.files import read_text, write_whole
from openhifu.base.outcome import Ending
from openhifu.base.progress import Progress, silent
from openhifu.console.plan_files import load_planned, save_planned
from openhifu.console.rehearsal import DEFAULT_SEED, rehearse
from openhifu.console.runs import Run
from openhifu.imaging import read_case
from openhifu.imaging.pelvis import Pelvis, new_pelvis
from openhifu.model.fibroids import FibroidOutcome, eef, eef_ratio
from openhifu.planning.fields import SolveSpots
from openhifu.planning.kept_fields import KeptFields
from openhifu.planning.make import Planned, make_plan
from openhifu.planning.powers import STOPPED
from openhifu.planning.scene import COARSE
from openhifu.reporting.cohort import FIBROIDS_2021, Cohort
from openhifu.reporting.numbers import treatment_numbers

DEPTH = 43e-3
"""m from the skin to every fibroid of the cohort: a thin uterine wall behind the usual fat and muscle."""

TO_ENDOMETRIUM = 10e-3
"""m from every fibroid of the cohort to the endometrium: foci are kept 10 to 15 mm from it, so that nearer fibroids
could not be treated to their edge."""

READING_SHARE = 1.0
"""Share of the rise that the simulated thermometer reads: its voxels are as wide as those of the cohort's heat, 2 mm,
which all sizes have, so that they can be compared."""

_OUTCOME, _PLAN = "outcome.json", "plan.json"


def of_the_cohort(diameter: float, grade: str) -> Pelvis:
    """The pelvis of a fibroid: diameter [m] and perfusion grade differ, nothing else does."""
    return Pelvis(diameter=diameter, grade=grade, depth=DEPTH, to_endometrium=TO_ENDOMETRIUM)


def fibroids(
    pelves: Sequence[Pelvis], folder: Path, device: str, seed: int | None, progress: Progress = silent
) -> list[FibroidOutcome]:
    """Make, plan and rehearse every pelvis; what the folder holds already is not done again.

    Ctrl-C ends it with what is finished: the plan of the one that was being worked on is kept if it was whole.

    Args:
        pelves: which.
        folder: gets a folder each, with case, plan, run and outcome.
        device: catalogue name.
        seed: of every simulated patient and machine; None for the patient in the middle of all that could be drawn.
        progress: told how far it is.

    Raises:
        Tampered: if the folder holds an outcome of another pelvis, device or seed.
    """
    found: list[FibroidOutcome] = []
    solve = KeptFields()
    try:
        for number, pelvis in enumerate(pelves, 1):
            name = f"{1e3 * pelvis.diameter:.0f} mm, {pelvis.grade} ({number} of {len(pelves)})"
            found.append(_one(pelvis, folder / _name(pelvis), device, seed, solve, _of(progress, name)))
    except KeyboardInterrupt:
        if not found:
            raise
    return found


def _of(progress: Progress, name: str) -> Progress:
    return lambda stage, fraction: progress(f"{name}: {stage}", fraction)


def _name(pelvis: Pelvis) -> str:
    return f"{1e3 * pelvis.diameter:03.0f}mm-{pelvis.grade}"


def _one(
    pelvis: Pelvis, place: Path, device: str, seed: int | None, solve: SolveSpots, progress: Progress
) -> FibroidOutcome:
    kept = _kept(place / _OUTCOME, pelvis, device, seed)
    if kept is not None:
        return kept
    who = FibroidOutcome(diameter=pelvis.diameter, grade=pelvis.grade, device=device, seed=seed)
    try:
        planned = _planned(pelvis, place, device, solve, progress)
    except Infeasible as refused:
        outcome = who.model_copy(update={"refused": str(refused)})
    else:
        shutil.rmtree(place / "run", ignore_errors=True)
        machine = DEFAULT_SEED if seed is None else seed
        run = rehearse(planned, place / "run", machine, progress=progress, middle=seed is None, solve=solve)
        if run.ending[0] is Ending.OPERATOR_STOP:
            raise KeyboardInterrupt
        outcome = _told(who, planned, run)
    write_whole(place / _OUTCOME, outcome.to_document().encode())
    return outcome


def _kept(file: Path, pelvis: Pelvis, device: str, seed: int | None) -> FibroidOutcome | None:
    """What an earlier call left."""
    if not file.is_file():
        return None
    found = FibroidOutcome.from_document(read_text(file, "outcome"), str(file))
    if (found.diameter, found.grade, found.device, found.seed) != (pelvis.diameter, pelvis.grade, device, seed):
        raise Tampered(f"{file} is of device {found.device} and {_patient(found.seed)}; choose another folder")
    return found


def _patient(seed: int | None) -> str:
    return "the patient in the middle" if seed is None else f"seed {seed}"


def _planned(pelvis: Pelvis, place: Path, device: str, solve: SolveSpots, progress: Progress) -> Planned:
    """The plan that is there, or one that is made; a search that a person stopped is not kept."""
    case, file = place / "case", place / _PLAN
    if file.is_file():
        return load_planned(file, case)
    if not case.exists():
        new_pelvis(case, pelvis, device, reading_share=READING_SHARE)
    planned = make_plan(read_case(case), progress, fineness=COARSE, solve=solve)
    if STOPPED in planned.plan.unmet:
        raise KeyboardInterrupt
    save_planned(planned, file)
    return planned


def _told(who: FibroidOutcome, planned: Planned, run: Run) -> FibroidOutcome:
    plan, after = planned.plan, run.delivered
    if after is None:
        return who.model_copy(update={"refused": run.ending[1]})
    did = treatment_numbers(planned.data, plan, after, run.spots)
    over = [
        f"CEM43 of {o.organ} {o.cem43_max:.3g} min (limit {o.limit:.3g})"
        for o in did.organs
        if o.cem43_max is not None and o.cem43_max > o.limit
    ]
    return FibroidOutcome(
        diameter=who.diameter,
        grade=who.grade,
        device=who.device,
        seed=who.seed,
        plan_hash=plan.content_hash,
        voxel=after.cem43.grid.spacing[0],
        exposures=did.sonications,
        planned_ratio=plan.prediction.coverage,
        planned_eef=eef(plan.prediction.energy, plan.prediction.ablated_volume),
        ratio=did.npv_ratio,
        ablated=did.ablated_volume,
        energy=did.energy,
        beam_on=did.beam_on,
        time=did.duration,
        ending=run.ending[0],
        exceeded=tuple(over),
    )


def table(found: Sequence[FibroidOutcome], beside: Cohort = FIBROIDS_2021) -> list[str]:
    """Every fibroid a line, then the published cohort and how energy per volume goes with size in both."""
    lines = [
        f"{'':<18}{'voxel':>6}{'expo-':>7}{'planned':>17}{'rehearsed':>19}{'energy':>8}{'time':>6}",
        f"{'size, perfusion':<18}{'mm':>6}{'sures':>7}{'NPV %':>9}{'EEF':>8}{'NPV %':>11}{'EEF':>8}{'kJ':>8}{'h':>6}",
    ]
    for o in found:
        name = f"{1e2 * o.diameter:.0f} cm, {o.grade}"
        if o.refused:
            lines.append(f"{name:<18}not treated: {o.refused}")
            continue
        expected = f"{100 * o.planned_ratio:>9.1f}{_written(o.planned_eef):>8}"
        cost = f"{100 * o.ratio:>11.1f}{_written(o.eef):>8}{o.energy / 1e3:>8.0f}{o.time / 3600:>6.1f}"
        ended = "" if o.ending is Ending.COMPLETED else f"   ended: {o.ending}"
        over = f"   over: {'; '.join(o.exceeded)}" if o.exceeded else ""
        lines.append(f"{name:<18}{1e3 * o.voxel:>6.0f}{o.exposures:>7}{expected}{cost}{ended}{over}")
    low, high = (100 * v for v in beside.npv_ratio_range)
    lines.append(
        f"published, n = {beside.treatments}: NPV ratio {100 * beside.npv_ratio:.1f} % ({low:.1f} to {high:.1f}), EEF "
        f"{1e-9 * beside.eef:.2f} J/mm3 ({beside.source})"
    )
    return [*lines, *_trends(found, beside)]


def _written(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _trends(found: Sequence[FibroidOutcome], beside: Cohort) -> list[str]:
    (edge, factor), (range_, factors) = beside.small, beside.smallest
    whole = f"EEF under {1e2 * edge:.0f} cm over EEF of larger (published: more than {factor:.0f})"
    ends = (
        f"EEF of {1e2 * range_[0]:.0f} to {1e2 * range_[1]:.0f} cm over EEF above {1e2 * beside.largest:.0f} cm "
        f"(published: {factors[0]:.0f} to {factors[1]:.0f})"
    )
    grades = dict.fromkeys(o.grade for o in found)
    lines = []
    for words, small, above in ((whole, (0.0, edge), edge), (ends, range_, beside.largest)):
        ratios = {g: eef_ratio(found, g, small, above) for g in grades}
        told = ", ".join(f"{g} {r:.2f}" for g, r in ratios.items() if r is not None)
        lines.append(f"{words}: {told or 'sizes on both sides are needed'}")
    return lines


def as_csv(found: Sequence[FibroidOutcome]) -> bytes:
    """Every fibroid a line, in SI units but for the EEF."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    names = [n for n in FibroidOutcome.model_fields if n not in ("exceeded", "schema_version")]
    out.writerow([*names, "eef_j_per_mm3", "exceeded"])
    for o in found:
        row = [getattr(o, n) for n in names]
        out.writerow([*row, "" if o.eef is None else f"{o.eef:.6g}", "; ".join(o.exceeded)])
    return text.getvalue().encode()


def published(beside: Cohort = FIBROIDS_2021) -> dict[str, object]:
    """The published cohort for programs."""
    return asdict(beside)
