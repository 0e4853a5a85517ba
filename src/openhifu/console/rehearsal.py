"""A plan on the simulated machine and a simulated patient: rehearsed, or treated once approved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from openhifu.base.outcome import Ending
from openhifu.base.progress import Progress, silent
from openhifu.console.monitors import Monitors, senses
from openhifu.console.runs import Run, RunSheet, finish, load_run, prepare
from openhifu.delivery.authorisation import Approved, Rehearsal
from openhifu.delivery.endings import RunResult
from openhifu.delivery.journal import JournalReading
from openhifu.model.catalogue import transducer
from openhifu.model.history import TreatmentHistory
from openhifu.model.medium import Medium
from openhifu.model.plan import Approval, TreatmentPlan
from openhifu.model.tissue_draw import PatientTissues, draw_tissues
from openhifu.planning.aim import Aim
from openhifu.planning.anatomy import anatomy
from openhifu.planning.fields import SolveSpots, SpotFields, solve_spots
from openhifu.planning.make import Planned
from openhifu.planning.predict import heat_solver, target_zone, watched_part
from openhifu.planning.scene import TARGET_NAME, Scene, fineness_of, scene
from openhifu.thermal.dose import ThermalDose
from openhifu.twin.machine import MachineModel
from openhifu.twin.patient import SimulatedPatient
from openhifu.twin.rehearse import Attended
from openhifu.twin.rehearse import rehearse as run_on_twin

DEFAULT_SEED = 1
"""Seed of the simulated patient where none is given; any other is as good."""


def rehearse(
    planned: Planned,
    folder: Path,
    seed: int = DEFAULT_SEED,
    approval: Approval | None = None,
    machine: MachineModel | None = None,
    progress: Progress = silent,
    attended: Attended | None = None,
    earlier: Sequence[JournalReading] = (),
    before: TreatmentHistory | None = None,
    ready: Callable[[SimulatedPatient], None] = lambda patient: None,
    monitors: Monitors | None = None,
    in_force: Callable[[], None] = lambda: None,
    middle: bool = False,
    solve: SolveSpots = solve_spots,
) -> Run:
    """Run a plan on a simulated patient with fields in tissue of their own; the run folder is whole whenever it stops.

    Args:
        planned: plan and case.
        folder: run folder to make; ``StorageError`` if it holds a run already or cannot be written.
        seed: of patient and machine.
        approval: of exactly this plan, to treat on the simulated device; None rehearses.
        machine: the simulated machine's imperfections and the day's events.
        progress: told how far it is.
        attended: the person at the console; the simulated operator if not given.
        earlier: journals of the interrupted runs of this plan, oldest first; their exposures are not repeated.
        before: what the same patient (same seed) had in them: the dose goes on from there, the tissue is at rest again.
        ready: told of the patient when all is prepared; the run begins when it returns.
        monitors: what reads temperatures and listens; a plain thermometer and nobody's ears if not given.
        in_force: what the site's records ask at every arming of a treatment, as ``Approved`` has it.
        middle: whether the patient is the one in the middle of all that could be drawn; the seed is the machine's then.
        solve: gives the fields in the patient; something else where they were solved before.
    """
    plan, here = planned.plan, _scene_of(planned)
    draw, started = draw_tissues(here.tissues, None if middle else seed), datetime.now(UTC).astimezone()
    sheet = _sheet(plan, seed, approval, started, draw)
    journal = prepare(folder, planned, sheet, approval)
    fields = patient_fields(here, plan, draw, progress, solve)
    patient = patient_of(here, plan, draw, fields, before)
    watching = senses(monitors or Monitors(), here, patient, regions_of(here, plan, fields), fields, seed)
    ready(patient)
    run = run_on_twin(
        Rehearsal(plan) if approval is None else Approved(plan, approval, in_force),
        here.device,
        patient,
        journal,
        seed,
        sheet.program,
        model=machine or in_step_with(patient),
        earlier=earlier,
        started=started,
        progress=lambda stage, fraction: progress("delivering to the simulated patient", fraction),
        attended=attended,
        senses=watching,
    )
    finish(folder, delivered_history(plan, patient, fields, before))
    return _told(load_run(folder, planned.data.folder), run.result, progress)


def _scene_of(planned: Planned) -> Scene:
    """The scene of a plan, on the voxels that it was planned on."""
    device, fineness = transducer(planned.plan.device), fineness_of(planned.history.cem43.grid)
    return scene(planned.data, device, anatomy(planned.data, device.frequency), planned.plan.pose, fineness)


def _told(run: Run, result: RunResult, progress: Progress) -> Run:
    """The run, after word of it to whoever listens if a person stopped it."""
    if result.ending is Ending.OPERATOR_STOP:
        progress("stopped by the operator", 1.0)
    return run


def _sheet(
    plan: TreatmentPlan, seed: int, approval: Approval | None, started: datetime, draw: PatientTissues
) -> RunSheet:
    return RunSheet(
        plan_hash=plan.content_hash,
        seed=seed,
        rehearsal=approval is None,
        started=started.isoformat(timespec="seconds"),
        program=f"openhifu {version('openhifu')}",
        drawn=draw.record,
    )


def in_step_with(patient: SimulatedPatient) -> MachineModel:
    """A machine whose thermometer looks at whole time steps of the patient, about every second during output.

    A patient on coarse voxels could take longer steps than the thermometer may be silent; they are a second then.
    """
    step = min(patient.solver.stable_step, 1.0)
    frame = max(1, round(1.0 / step)) * step
    return MachineModel(frame_time=frame, idle_frame_time=2 * frame)


def patient_fields(
    here: Scene, plan: TreatmentPlan, draw: PatientTissues, progress: Progress, solve: SolveSpots = solve_spots
) -> SpotFields:
    """Fields of every sonication in the patient's own tissue, one watt each."""
    medium = here.data.medium(here.grids.field).with_tissues(draw.tissues)
    return solve(
        medium,
        here.device,
        plan.pose,
        [Aim.of(s) for s in plan.sonications],
        here.grids,
        lambda stage, fraction: progress("fields in the simulated patient", fraction),
    )


def patient_of(
    here: Scene,
    plan: TreatmentPlan,
    draw: PatientTissues,
    fields: SpotFields,
    before: TreatmentHistory | None = None,
) -> SimulatedPatient:
    """The simulated patient of a scene, with the dose of an interrupted run if there was one."""
    tissues: Medium = here.tissues.with_tissues(draw.tissues)
    heat = {s.index: field for s, field in zip(plan.sonications, fields.heat, strict=True)}
    dose = ThermalDose(here.grids.heat)
    if before is not None:
        here.grids.heat.require_same(before.cem43.grid, "the dose of the interrupted run")
        dose.minutes[:] = before.cem43.data
    return SimulatedPatient(
        heat_solver(here, tissues),
        dose,
        plan.sonications,
        lambda sonication: heat[sonication.index],
        regions_of(here, plan, fields),
    )


def regions_of(here: Scene, plan: TreatmentPlan, fields: SpotFields) -> dict[str, NDArray[np.bool_]]:
    """Where temperatures are read: the target's zone, and of each organ what may become hot."""
    nowhere = np.zeros(here.grids.heat.shape, bool)
    watched = {name: watched_part(mask, fields.heat) for name, mask in here.organs.items()}
    return {o.name: watched.get(o.name, nowhere) for o in plan.organs} | {TARGET_NAME: target_zone(here)}


def delivered_history(
    plan: TreatmentPlan, patient: SimulatedPatient, fields: SpotFields, before: TreatmentHistory | None = None
) -> TreatmentHistory:
    """What the patient's own tissue went through, in an interrupted run before too; the curves are of this run."""
    power, peak = plan.sonications[fields.central_index].acoustic_power, patient.peak
    if before is not None:
        peak = replace(peak, data=np.maximum(peak.data, before.peak_temperature.data))
    return TreatmentHistory(
        title="delivered",
        plan_hash=plan.content_hash,
        pressure=fields.amplitude(power),
        pressure_of=fields.central_index,
        peak_temperature=peak,
        cem43=patient.cem43,
        dose_form=patient.dose.form.value,
        curves=patient.curves,
    )
