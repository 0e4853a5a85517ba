"""Closed loop against open loop: one plan delivered both ways to many simulated patients."""

from __future__ import annotations

import csv
import io
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import Executor
from importlib.metadata import version
from pathlib import Path

import numpy as np

from openhifu.base.errors import CannotModel, Tampered
from openhifu.base.files import read_text, write_whole
from openhifu.base.outcome import Ending
from openhifu.base.progress import Progress, silent
from openhifu.base.workers import gathered, workers
from openhifu.console.monitors import Monitors, senses
from openhifu.console.plan_files import case_of
from openhifu.console.rehearsal import in_step_with, patient_fields, patient_of, regions_of
from openhifu.delivery.authorisation import Rehearsal
from openhifu.delivery.folds import delivered_energy, delivered_spots
from openhifu.delivery.journal import read_journal
from openhifu.model.catalogue import transducer
from openhifu.model.limits import DoseControl
from openhifu.model.loops import Loop, LoopOutcome, delivered_as, limits_exceeded
from openhifu.model.plan import TreatmentPlan
from openhifu.model.tissue_draw import draw_tissues
from openhifu.planning.anatomy import anatomy
from openhifu.planning.fields import SpotFields
from openhifu.planning.predict import came_to
from openhifu.planning.scene import Scene, scene
from openhifu.twin.rehearse import rehearse as run_on_twin

CONTROL = DoseControl(share=0.25, repeat_below=0.05, longest=1.4, most_repeats=1, organ_share=0.9)
"""The closed loop of a plan that prescribes none: an exposure ends at a quarter of its dose or at 1.4 of its time.

Dose doubles with every kelvin, so a quarter is 2 K below the plan: about what a voxel that reads a smaller share of the
rise than titration takes may hide of the hottest point. Below a twentieth of the planned dose an exposure is topped up,
about 4 K below the plan: were it at half, each one that noise reads a kelvin low would be given twice, at the cost of
what lies before it.
"""

_OUTCOME, _JOURNAL = "outcome.json", "journal.jsonl"


def both_loops(
    plan: TreatmentPlan, seed: int, folder: Path, control: DoseControl, monitors: Monitors
) -> tuple[LoopOutcome, LoopOutcome]:
    """Deliver a plan to one simulated patient, open loop and closed; what the folder holds already is not done again.

    The patient's tissue, the machine's errors and the thermometer's noise are those of the seed in both.

    Args:
        plan: as approved or to be approved.
        seed: of patient and machine.
        folder: gets a folder a delivery, with its journal and its outcome.
        control: of the closed loop, where the plan has none.
        monitors: what reads temperatures.

    Raises:
        CannotModel: if the plan has no titration, so that no loop can be closed.
        Tampered: if the folder holds outcomes of another plan or thermometer.
    """
    plans = {loop: steered(plan, loop, control) for loop in Loop}
    kept = {loop: _kept(_place(folder, seed, loop), made, monitors) for loop, made in plans.items()}
    done = {loop: outcome for loop, outcome in kept.items() if outcome is not None}
    missing = [loop for loop in Loop if loop not in done]
    if missing:
        device = transducer(plan.device)
        data = case_of(plan, None)
        here = scene(data, device, anatomy(data, device.frequency), plan.pose)
        fields = patient_fields(here, plan, draw_tissues(here.tissues, seed), silent)
        for loop in missing:
            done[loop] = _delivered(here, plans[loop], loop, seed, fields, _place(folder, seed, loop), monitors)
    return done[Loop.OPEN], done[Loop.CLOSED]


def steered(plan: TreatmentPlan, loop: Loop, control: DoseControl) -> TreatmentPlan:
    """The plan as one of the loops delivers it.

    Raises:
        CannotModel: if it has no titration.
    """
    if plan.prescription.titration is None:
        raise CannotModel(
            f"the plan of case {plan.case} has no titration, which says how its rise grows: without it no loop can be "
            "closed; add [prescription.titration] to the case and plan it again"
        )
    return delivered_as(plan, loop, control)


def study(
    plan: TreatmentPlan,
    twins: int,
    folder: Path,
    first_seed: int = 1,
    control: DoseControl = CONTROL,
    monitors: Monitors | None = None,
    progress: Progress = silent,
    executor: Executor | None = None,
) -> list[tuple[LoopOutcome, LoopOutcome]]:
    """Deliver a plan both ways to many simulated patients.

    Args:
        plan: the plan.
        twins: how many patients.
        folder: gets journals and outcomes; what it holds of the same plan is kept, so a study can be gone on with.
        first_seed: of the first patient; the next has the next.
        control: of the closed loop, where the plan has none.
        monitors: what reads temperatures; the plain thermometer if not given.
        progress: told how far it is.
        executor: where they run; processes on all cores if not given. Ctrl-C ends it with the patients finished.
    """
    watched = monitors or Monitors()
    steered(plan, Loop.CLOSED, control)  # refuses before any process is made
    seeds = range(first_seed, first_seed + twins)
    with workers(min(os.cpu_count() or 1, twins), executor) as pool:
        waiting = [pool.submit(both_loops, plan, seed, folder, control, watched) for seed in seeds]
        found = gathered(waiting, "simulated patients", progress)
    return sorted(found, key=lambda pair: pair[0].seed)


def table(found: Sequence[tuple[LoopOutcome, LoopOutcome]]) -> list[str]:
    """Median and worst of what matters, both loops side by side."""
    lines = [f"{f'{len(found)} simulated patients':<44}{'open loop':>12}{'closed loop':>14}"]
    for name, pick, of, factor, unit in _ROWS:
        values = [factor * pick([of(pair[n]) for pair in found]) for n in (0, 1)]
        lines.append(f"{name:<44}{values[0]:>12.4g}{values[1]:>14.4g} {unit}".rstrip())
    return lines


def better(found: Sequence[tuple[LoopOutcome, LoopOutcome]]) -> tuple[str, bool]:
    """Whether the closed loop covers more in the median and the worst patient and exceeds no limit; a sentence."""
    opened, closed = ([pair[n].coverage for pair in found] for n in (0, 1))
    median, worst = np.median(closed) - np.median(opened), min(closed) - min(opened)
    over = sum(bool(pair[1].exceeded) for pair in found)
    ok = bool(median > 0 and worst > 0 and not over)
    more = f"the closed loop covers {100 * median:+.2f} points in the median and {100 * worst:+.2f} in the worst"
    return f"{more}; limits exceeded in {over} of {len(found)} patients: {'better' if ok else 'NOT better'}", ok


def as_csv(found: Sequence[tuple[LoopOutcome, LoopOutcome]]) -> str:
    """Every delivery a line."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    organs = [o.organ for o in found[0][0].truth.organs]
    head = ("seed", "loop", "ending", "exposures", "coverage", "healthy_over_goal_ml", "hottest_c", "energy_kj", "min")
    out.writerow([*head, *(f"cem43_{name}_min" for name in organs), "exceeded"])
    for outcome in (o for pair in found for o in pair):
        truth = outcome.truth
        figures = (outcome.coverage, 1e6 * outcome.healthy, truth.peak_temperature, 1e-3 * truth.energy)
        row = [f"{v:.5g}" for v in (*figures, truth.treatment_time / 60, *(o.cem43_max for o in truth.organs))]
        out.writerow([outcome.seed, outcome.loop, outcome.ending, outcome.exposures, *row, "; ".join(outcome.exceeded)])
    return text.getvalue()


_ROWS = (
    ("coverage of the target, median", np.median, lambda o: o.coverage, 100.0, "%"),
    ("coverage of the target, worst", np.min, lambda o: o.coverage, 100.0, "%"),
    ("healthy tissue over the goal, median", np.median, lambda o: o.healthy, 1e6, "mL"),
    ("healthy tissue over the goal, worst", np.max, lambda o: o.healthy, 1e6, "mL"),
    ("hottest point, worst", np.max, lambda o: o.truth.peak_temperature, 1.0, "degC"),
    ("energy, median", np.median, lambda o: o.truth.energy, 1e-3, "kJ"),
    ("time, median", np.median, lambda o: o.truth.treatment_time, 1 / 60, "min"),
    ("exposures, median", np.median, lambda o: float(o.exposures), 1.0, ""),
    ("patients with a limit exceeded", np.sum, lambda o: float(bool(o.exceeded)), 1.0, ""),
    ("runs that did not complete", np.sum, lambda o: float(o.ending is not Ending.COMPLETED), 1.0, ""),
)


def _place(folder: Path, seed: int, loop: Loop) -> Path:
    return folder / f"{seed:05d}-{loop}"


def _kept(place: Path, plan: TreatmentPlan, monitors: Monitors) -> LoopOutcome | None:
    """What an earlier study left there of the same plan, read by the same thermometer."""
    file = place / _OUTCOME
    if not file.is_file():
        return None
    outcome = LoopOutcome.from_document(read_text(file, "outcome"), str(file))
    if outcome.plan_hash != plan.content_hash:
        raise Tampered(
            f"{place} belongs to plan {outcome.plan_hash[:12]}, this is {plan.content_hash[:12]}; choose another folder"
        )
    if outcome.thermometer != monitors.thermometer:
        raise Tampered(
            f"{place} was read by the {outcome.thermometer} thermometer, not by {monitors.thermometer}; "
            "choose another folder"
        )
    return outcome


def _delivered(
    here: Scene, plan: TreatmentPlan, loop: Loop, seed: int, fields: SpotFields, place: Path, monitors: Monitors
) -> LoopOutcome:
    """One delivery: what was begun before and not finished is begun anew."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    patient = patient_of(here, plan, draw_tissues(here.tissues, seed), fields)
    run = run_on_twin(
        Rehearsal(plan),
        here.device,
        patient,
        place / _JOURNAL,
        seed,
        f"openhifu {version('openhifu')}",
        model=in_step_with(patient),
        senses=senses(monitors, here, patient, regions_of(here, plan, fields), fields, seed),
    )
    events = read_journal(place / _JOURNAL).events
    energy = delivered_energy(events) * run.gain
    truth = came_to(here, plan.organs, patient.cem43, patient.peak, run.duration, energy)
    outcome = LoopOutcome(
        plan_hash=plan.content_hash,
        seed=seed,
        loop=loop,
        thermometer=str(monitors.thermometer),
        ending=run.result.ending,
        exposures=len(delivered_spots(events)),
        truth=truth,
        exceeded=limits_exceeded(plan, truth),
    )
    write_whole(place / _OUTCOME, outcome.to_document().encode())
    return outcome
