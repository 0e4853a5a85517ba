"""Candidates found by rays, ranked by a field: fat and cartilage wedges defocus a beam that rays believe in."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.solve import solve_many
from openhifu.base.errors import CannotModel, GeometryError, Infeasible
from openhifu.base.progress import Progress, silent
from openhifu.base.vectors import Vector
from openhifu.model.case_data import CaseData
from openhifu.model.pose import Pose
from openhifu.model.transducer import Transducer
from openhifu.model.window import CandidatePose, WindowMap
from openhifu.planning.anatomy import Anatomy
from openhifu.planning.beam import beam_grids
from openhifu.planning.shadow import elements_off
from openhifu.planning.window import (
    REFUSALS,
    PoseRules,
    candidate,
    direction_of,
    local_best,
    separated,
    survey,
    with_candidates,
    worst_look,
)

CANDIDATES = 6
"""How many directions a field is solved for."""

APART = math.radians(12.0)
"""Directions closer than this count as one."""

_EXPLAINED = 8  # refused directions that are described one by one


@dataclass(frozen=True, eq=False)
class ChosenPose:
    """The pose of a plan, and everything that was looked at to choose it."""

    pose: Pose
    seen: CandidatePose
    window: WindowMap


def choose_pose(
    data: CaseData,
    device: Transducer,
    view: Anatomy,
    centre: Vector,
    half_size: float,
    rules: PoseRules | None = None,
    progress: Progress = silent,
) -> ChosenPose:
    """Find the direction from which the focus is brightest per watt, of all that keep the rules.

    Args:
        data: the case.
        device: the source.
        view: anatomy for rays.
        centre: centre of the target (LPS, m).
        half_size: m, half the largest extent of the target; the rules must hold near its edges too.
        rules: what a pose must keep.
        progress: told how far it is.

    Raises:
        Infeasible: if no direction keeps the rules, with the reasons direction by direction.
    """
    rules = rules or PoseRules()
    window = survey(view, device, centre, rules, progress)
    foci = np.asarray(centre) + rules.margin * half_size * np.vstack([np.zeros(3), np.eye(3), -np.eye(3)])
    strongest = separated(window, 3 * CANDIDATES, APART)
    found = [local_best(view, device, start, foci, rules) for start in strongest]
    open_ = sorted((f for f in found if f[2] == 0), key=lambda f: -f[1].amplitude)[:CANDIDATES]
    if not open_:
        raise _no_pose(view, device, centre, foci, window, rules)
    seen = [candidate(view, device, direction, centre) for direction, _, _ in open_]
    ranked = _by_field(data, device, view, centre, half_size, seen, progress)
    best = ranked[0]
    lost = tuple(
        candidate(view, device, f[0], centre).model_copy(update={"reason": f"refused by rays: {REFUSALS[f[2]]}"})
        for f in found
        if f[2] != 0
    )
    pose = Pose(focus=centre, direction=best.direction)
    return ChosenPose(pose, best, with_candidates(window, (*ranked, *lost[:_EXPLAINED])))


def _by_field(
    data: CaseData,
    device: Transducer,
    view: Anatomy,
    centre: Vector,
    half_size: float,
    seen: list[CandidatePose],
    progress: Progress,
) -> tuple[CandidatePose, ...]:
    """Candidates with their focal intensity per watt (shadowed elements off), brightest first, with reasons."""
    bright: list[tuple[float, CandidatePose]] = []
    reasons: list[str] = []
    for i, item in enumerate(seen):
        progress("ranking poses by their field", i / len(seen))
        pose = Pose(focus=centre, direction=item.direction)
        try:
            intensity = focal_intensity_per_watt(data, device, view, pose, half_size)
        except (Infeasible, CannotModel, GeometryError) as error:
            reasons.append(str(error))
            continue
        bright.append((intensity, item.model_copy(update={"field_intensity": intensity})))
    if not bright:
        raise Infeasible(f"{device.name} finds no pose whose field can be computed", reasons)
    bright.sort(key=lambda b: -b[0])
    best = bright[0][0]
    rays = max(bright, key=lambda b: b[1].amplitude)[0]
    return tuple(_judged(item, value, rank, best, rays) for rank, (value, item) in enumerate(bright))


def _judged(item: CandidatePose, value: float, rank: int, best: float, of_rays: float) -> CandidatePose:
    if rank == 0:
        reason = "brightest focus per watt" + ("" if value == of_rays else ", though rays preferred another")
    elif value == of_rays:
        reason = f"rays preferred it, but its field is only {100 * value / best:.0f} % as bright: the layers defocus it"
    else:
        reason = f"its field is {100 * value / best:.0f} % as bright"
    return item.model_copy(update={"chosen": rank == 0, "reason": reason})


def focal_intensity_per_watt(data: CaseData, device: Transducer, view: Anatomy, pose: Pose, reach: float) -> float:
    """Intensity [1/m2] at the brightest point within 10 mm of a pose's focus, per acoustic watt radiated."""
    grids = beam_grids(view, device, pose, reach=0.0, beyond=max(12e-3, reach))
    medium = data.medium(grids.field)
    drive = device.drive(1.0, elements_off(view, device, pose), pose=pose)
    field = solve_many([AcousticProblem(drive, medium)], Recording(pressure=False, heat=False), "marching")[0]
    return field.focal_intensity


def _no_pose(
    view: Anatomy,
    device: Transducer,
    centre: Vector,
    foci: np.ndarray,
    window: WindowMap,
    rules: PoseRules,
) -> Infeasible:
    """The refusal with its reasons: counts over all directions, and the least bad directions one by one."""
    total = window.refusal.size
    counts = np.bincount(window.refusal.ravel(), minlength=len(REFUSALS))
    reasons = [f"{n} of {total} directions: {words}" for words, n in zip(REFUSALS[1:], counts[1:], strict=True) if n]
    for azimuth, elevation in _least_bad(view, device, centre, window, rules):
        direction = direction_of(azimuth, elevation)
        seen, code = worst_look(view, device, direction, foci, rules)
        words = ", ".join(f"{d:+.2f}" for d in direction)
        reasons.append(
            f"from ({words}): {REFUSALS[code] or 'open at the centre only'} (gas {100 * seen.gas:.1f} %, "
            f"bowel {100 * seen.bowel:.1f} %, bone {100 * seen.bone:.0f} %, amplitude {seen.amplitude:.2f}, "
            f"water gap {1e3 * seen.stand_off:.0f} mm)"
        )
    return Infeasible(f"no pose of {device.name} reaches the target at {_mm(centre)} mm LPS", reasons)


def _mm(point: Vector) -> str:
    return "(" + ", ".join(f"{1e3 * v:.0f}" for v in point) + ")"


def _least_bad(
    view: Anatomy, device: Transducer, centre: Vector, window: WindowMap, rules: PoseRules
) -> list[tuple[float, float]]:
    """Directions that break the rules least: smallest gas and bowel share, then largest amplitude."""
    from openhifu.planning.rays import bundle
    from openhifu.planning.window import look

    rays = bundle(device, fine=False)
    scored = []
    for azimuth in window.azimuth[::2]:
        for elevation in window.elevation[::2]:
            seen = look(view, device, rays, Pose(focus=centre, direction=direction_of(azimuth, elevation)))
            short = max(0.0, device.ceilings.stand_off - seen.stand_off) / 10e-3
            scored.append((seen.gas + seen.bowel + seen.cut + short - 0.1 * seen.amplitude, azimuth, elevation))
    scored.sort()
    chosen: list[tuple[float, float]] = []
    for _, azimuth, elevation in scored:
        here = direction_of(azimuth, elevation)
        apart = (np.dot(here, direction_of(*c)) < math.cos(2 * APART) for c in chosen)
        if all(apart):
            chosen.append((float(azimuth), float(elevation)))
        if len(chosen) == _EXPLAINED:
            break
    return chosen
