"""The whole road from a case to a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version

from openhifu.base.errors import Infeasible
from openhifu.base.outcome import Verdict
from openhifu.base.progress import Progress, silent
from openhifu.base.record import canonical_json, sha256_hex
from openhifu.base.vectors import Vector
from openhifu.model.case_data import CaseData
from openhifu.model.catalogue import transducer
from openhifu.model.history import TreatmentHistory
from openhifu.model.medium import Medium
from openhifu.model.plan import Finding, Provenance, TreatmentPlan
from openhifu.model.pose import Pose
from openhifu.model.sonication import Sonication
from openhifu.model.transducer import Transducer
from openhifu.model.window import WindowMap
from openhifu.planning.aim import Aim
from openhifu.planning.anatomy import Anatomy, anatomy
from openhifu.planning.beam import Fineness
from openhifu.planning.checks import run_checks
from openhifu.planning.checks.evidence import Evidence
from openhifu.planning.fields import SolveSpots, SpotFields, solve_spots
from openhifu.planning.powers import Schedule, find_schedule
from openhifu.planning.ranking import ChosenPose, choose_pose
from openhifu.planning.scene import Scene, scene, target_centre, target_half_size, target_points
from openhifu.planning.shadow import elements_off
from openhifu.planning.shots import Shot, aimed, shots
from openhifu.planning.spots import beyond_travel, place

_LATTICE_POINTS = 0.75e-3  # m between the points that stand for the target when spots are placed


@dataclass(frozen=True, eq=False)
class Planned:
    """A plan with what was computed on the way.

    Attributes:
        plan: the record that is signed and delivered.
        data: the case it is for.
        history: predicted fields and curves.
        window: all directions that were looked at.
    """

    plan: TreatmentPlan
    data: CaseData
    history: TreatmentHistory
    window: WindowMap


def make_plan(
    data: CaseData,
    progress: Progress = silent,
    direction: Vector | None = None,
    fineness: Fineness | None = None,
    solve: SolveSpots = solve_spots,
) -> Planned:
    """Plan a case: pose, spots, fields, order, powers and rests together, prediction, checks.

    The same case gives the same plan, bit for bit on one machine.

    Args:
        data: the case.
        progress: told how far it is.
        direction: unit vector from the target to the source (LPS) that a person chose; the best one if not given.
        fineness: of the grids; what the size of the case asks for if not given.
        solve: gives the fields of the exposures; something else where they were solved before.

    Raises:
        Infeasible: if the direction breaks a rule, no pose reaches the target, or no spot fits into it.
        MissingProperty: if a tissue in the beam lacks a value that is needed.
    """
    device = transducer(data.case.device)
    view = anatomy(data, device.frequency)
    centre, half_size = target_centre(data), target_half_size(data)
    chosen = choose_pose(data, device, view, centre, half_size, progress=progress, wished=direction)
    here = scene(data, device, view, chosen.pose, fineness)
    spots = place(target_points(data, chosen.pose, _LATTICE_POINTS), data.case.prescription, chosen.pose)
    out_of_reach = beyond_travel(spots, device.ceilings.travel)
    if out_of_reach:
        raise Infeasible(f"{device.name} cannot reach the whole target: {out_of_reach}; choose a smaller target")
    medium = data.medium(here.grids.field)
    heated = shots(spots, data.case.prescription, device, chosen.pose)
    aims = [_aim(view, device, chosen.pose, s, a) for s, a in zip(heated, aimed(heated, chosen.shift), strict=True)]
    fields = solve(medium, device, chosen.pose, aims, here.grids, progress)
    schedule = find_schedule(here, fields, spots, heated, progress)
    return _assembled(here, chosen, fields, _sonications(heated, aims, schedule), schedule)


def _aim(view: Anatomy, device: Transducer, pose: Pose, shot: Shot, focus: Vector) -> Aim:
    """The exposure of a shot; off are the elements that are in the shadow of bone or gas for any place of its focus."""
    off: set[int] = set()
    for there in Aim(focus, (), shot.steered).places(pose):
        off.update(elements_off(view, device, pose.moved_to(there)))
    return Aim(focus, tuple(sorted(off)), shot.steered)


def _sonications(heated: tuple[Shot, ...], aims: Sequence[Aim], schedule: Schedule) -> tuple[Sonication, ...]:
    """The exposures of a schedule, in order."""
    return tuple(
        Sonication(
            index=place,
            slice_index=heated[i].slice_index,
            line_index=heated[i].line_index,
            focus=aims[i].focus,
            acoustic_power=float(schedule.powers[place]),
            on_time=float(schedule.on_times[place]),
            cooling_time=float(schedule.rests[place]),
            elements_off=aims[i].elements_off,
            power_ceiling=float(schedule.ceiling[place]),
            predicted_peak=float(schedule.peaks[place]),
            steered=aims[i].steered,
        )
        for place, i in enumerate(schedule.order)
    )


def _assembled(
    here: Scene, chosen: ChosenPose, fields: SpotFields, sonications: tuple[Sonication, ...], schedule: Schedule
) -> Planned:
    case = here.data.case
    history = schedule.history(fields)
    evidence = Evidence(
        data=here.data,
        device=here.device,
        view=here.view,
        pose=chosen.pose,
        seen=chosen.seen,
        sonications=sonications,
        history=history,
        prediction=schedule.prediction,
        target=here.target,
        organs=here.organs,
    )
    findings = run_checks(evidence)
    plan = TreatmentPlan(
        case=case.name,
        case_folder=str(here.data.folder),
        device=here.device.name,
        serial=here.device.calibration.serial,
        target=case.target,
        prescription=case.prescription,
        organs=schedule.organs,
        site=case.site,
        pose=chosen.pose,
        sonications=sonications,
        prediction=schedule.prediction,
        findings=findings,
        unmet=_unmet(findings, schedule),
        provenance=_provenance(here, fields, schedule),
        certificate=schedule.certificate,
    )
    return Planned(plan, here.data, replace(history, plan_hash=plan.content_hash), chosen.window)


def _unmet(findings: tuple[Finding, ...], schedule: Schedule) -> tuple[str, ...]:
    """What the prescription asks and the plan does not reach, with what would help."""
    errors = (f for f in findings if f.verdict is Verdict.ERROR)
    return (*(f"{f.check}: {f.sentence}; what would help: {f.remedy}" for f in errors), *schedule.unmet)


def _provenance(here: Scene, fields: SpotFields, schedule: Schedule) -> Provenance:
    return Provenance(
        case_hash=here.data.case.content_hash,
        device_hash=here.device.content_hash,
        tissue_hash=tissue_hash(here.tissues),
        program=f"openhifu {version('openhifu')}",
        field_method=fields.report.method,
        field_physics=fields.report.models,
        field_omits=fields.report.omits,
        heat_method=schedule.outlook.method,
        dose_form=schedule.outlook.dose_form,
        grid=f"field {here.grids.field.describe()}; heat {here.grids.heat.describe()}",
    )


def tissue_hash(medium: Medium) -> str:
    """One hash over the values of all tissues of a medium."""
    return sha256_hex(canonical_json([t.content_hash for t in medium.tissues]))
