"""Candidates found by rays, ranked by a field: fat and cartilage wedges defocus a beam that rays believe in."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.field import AcousticField
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.solve import solve_many
from openhifu.base.errors import CannotModel, Infeasible
from openhifu.base.progress import Progress, silent
from openhifu.base.vectors import Vector, unit
from openhifu.model.case_data import CaseData
from openhifu.model.pose import Pose
from openhifu.model.transducer import Transducer
from openhifu.model.window import CandidatePose, WindowMap
from openhifu.planning.anatomy import Anatomy
from openhifu.planning.beam import SKIN_GAP, beam_start, grids_from
from openhifu.planning.predict import target_zone
from openhifu.planning.rays import bundle
from openhifu.planning.scene import Scene, scene_on
from openhifu.planning.shadow import elements_off
from openhifu.planning.window import (
    REFUSALS,
    PoseRules,
    candidate,
    direction_of,
    local_best,
    looks,
    separated,
    survey,
    with_candidates,
    worst_look,
)

CANDIDATES = 8
"""How many directions a field is solved for."""

APART = math.radians(7.0)
"""Directions closer than this count as one."""

TURN = math.radians(3.0)
"""How far the brightest direction is turned each way in search of a still brighter one."""

BEHIND = 12e-3
"""m behind the focus that a field is followed for ranking."""

_EXPLAINED = 8  # refused directions that are described one by one


@dataclass(frozen=True, eq=False)
class ChosenPose:
    """The pose of a plan, and everything that was looked at to choose it.

    Attributes:
        pose: focus at the target's centre.
        seen: the pose as rays and field see it.
        shift: m (LPS) by which the tissue moves the brightest point away from the geometric focus.
        window: all directions.
    """

    pose: Pose
    seen: CandidatePose
    shift: Vector
    window: WindowMap


@dataclass(frozen=True)
class _Tried:
    """A candidate with the figures of its field: merit is the focal heat rate over that of the most heated organ."""

    item: CandidatePose
    merit: float
    shift: Vector


def choose_pose(
    data: CaseData,
    device: Transducer,
    view: Anatomy,
    centre: Vector,
    half_size: float,
    rules: PoseRules | None = None,
    progress: Progress = silent,
    wished: Vector | None = None,
) -> ChosenPose:
    """Find the direction that heats the focus most, compared with the most heated organ at risk.

    Of all that keep the rules for rays; power is rarely scarce, what organs at risk take up always is.

    Args:
        data: the case.
        device: the source.
        view: anatomy for rays.
        centre: centre of the target (LPS, m).
        half_size: m, half the largest extent of the target; the rules must hold near its edges too.
        rules: what a pose must keep.
        progress: told how far it is.
        wished: direction that a person chose: it is taken if it keeps the rules, and no other is looked at in full.

    Raises:
        Infeasible: if the wished direction breaks a rule, or no direction keeps the rules, with the reasons direction
            by direction.
    """
    rules = rules or PoseRules()
    window = survey(view, device, centre, rules, progress)
    foci = np.asarray(centre) + rules.margin * half_size * np.vstack([np.zeros(3), np.eye(3), -np.eye(3)])
    if wished is not None:
        return _as_wished(data, device, view, centre, foci, rules, wished, window)
    strongest = separated(window, 3 * CANDIDATES, APART)
    found = [local_best(view, device, start, foci, rules) for start in strongest]
    open_ = sorted((f for f in found if f[2] == 0), key=lambda f: -f[1].amplitude)[:CANDIDATES]
    if not open_:
        raise _no_pose(view, device, centre, foci, window, rules)
    progress("ranking poses by their field", 0.0)
    tried = _by_field(data, device, view, centre, [f[0] for f in open_])
    if not tried:
        raise Infeasible(f"{device.name} finds no pose whose field can be computed; every one touches the skin")
    best = max(tried, key=lambda t: t.merit)
    progress("ranking poses by their field", 0.5)
    tried += _by_field(data, device, view, centre, _turned(view, device, best.item.direction, foci, rules))
    best = max(tried, key=lambda t: t.merit)
    ranked = _judged_all(tried)
    lost = tuple(
        candidate(view, device, f[0], centre).model_copy(update={"reason": f"refused by rays: {REFUSALS[f[2]]}"})
        for f in found
        if f[2] != 0
    )
    pose = Pose(focus=centre, direction=best.item.direction)
    return ChosenPose(pose, ranked[0], best.shift, with_candidates(window, (*ranked, *lost[:_EXPLAINED])))


def _as_wished(
    data: CaseData,
    device: Transducer,
    view: Anatomy,
    centre: Vector,
    foci: np.ndarray,
    rules: PoseRules,
    wished: Vector,
    window: WindowMap,
) -> ChosenPose:
    """The direction a person chose, if it keeps the rules."""
    code = worst_look(view, device, wished, foci, rules)[1]
    if code:
        raise Infeasible(
            f"the direction that was chosen is refused: {REFUSALS[code]} somewhere in the target; choose another, or "
            "let the plan find one"
        )
    tried = _by_field(data, device, view, centre, [wished])
    if not tried:
        raise Infeasible(f"the direction that was chosen lets {device.name} touch the skin; choose another")
    item = tried[0].item.model_copy(update={"chosen": True, "reason": "chosen by a person"})
    pose = Pose(focus=centre, direction=wished)
    return ChosenPose(pose, item, tried[0].shift, with_candidates(window, (item,)))


def _by_field(
    data: CaseData, device: Transducer, view: Anatomy, centre: Vector, directions: list[Vector]
) -> list[_Tried]:
    """Fields of several directions at one watt, shadowed elements off; those whose source touches the skin fall out.

    All start at the same distance from the source, so that its planes are summed once.
    """
    starts: dict[Vector, float] = {}
    for direction in directions:
        with suppress(Infeasible):
            starts[direction] = beam_start(view, device, Pose(focus=centre, direction=direction), 0.0)
    if not starts:
        return []
    first = min(starts.values())
    scenes, problems = [], []
    for direction, start in starts.items():
        pose = Pose(focus=centre, direction=direction)
        grids = grids_from(device, pose, first, start + SKIN_GAP, 0.0, BEHIND)
        scenes.append(scene_on(data, device, view, pose, grids))
        drive = device.drive(1.0, elements_off(view, device, pose), pose=pose)
        problems.append(AcousticProblem(drive, data.medium(grids.field)))
    recordings = [Recording(pressure=False, heat=True, heat_grid=s.grids.heat) for s in scenes]
    fields = solve_many(problems, recordings, "marching")
    return [_tried(s, f) for s, f in zip(scenes, fields, strict=True)]


def _tried(here: Scene, field: AcousticField) -> _Tried:
    if field.heat_rate is None:
        raise CannotModel("poses are ranked by heat, which this field was solved without")
    heat = field.heat_rate.data
    focal = float(heat[target_zone(here)].max())
    taken = {name: _strongest(heat[mask]) / focal for name, mask in here.organs.items()}
    organ = max(taken, key=lambda name: taken[name], default="")
    share = taken.get(organ, 0.0)
    item = candidate(here.view, here.device, here.pose.direction, here.pose.focus)
    seen = item.model_copy(update={"field_intensity": field.focal_intensity, "organ_heating": share, "organ": organ})
    dx, dy, dz = np.subtract(field.focus, here.pose.focus)
    return _Tried(seen, 1.0 / max(share, 1e-6), (float(dx), float(dy), float(dz)))


def _strongest(heat: NDArray[np.float32], voxels: int = 8) -> float:
    """Mean of the most heated voxels: a single one on a staircase edge says little."""
    count = min(voxels, heat.size)
    return float(np.partition(heat, heat.size - count)[-count:].mean())


def _turned(view: Anatomy, device: Transducer, direction: Vector, foci: np.ndarray, rules: PoseRules) -> list[Vector]:
    """Directions around one, those that keep the rules."""
    x, y, _ = Pose(focus=(0.0, 0.0, 0.0), direction=direction).axes
    around = []
    for a, b in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        moved = np.asarray(direction) + math.tan(TURN) * (a * np.asarray(x) + b * np.asarray(y))
        near = unit((float(moved[0]), float(moved[1]), float(moved[2])))
        if worst_look(view, device, near, foci, rules)[1] == 0:
            around.append(near)
    return around


def _judged_all(tried: list[_Tried]) -> tuple[CandidatePose, ...]:
    """Best first, each with why it won or lost."""
    order = sorted(tried, key=lambda t: -t.merit)
    of_rays = max(tried, key=lambda t: t.item.amplitude)
    return tuple(_judged(t.item, t.item is order[0].item, t is of_rays) for t in order)


def _judged(item: CandidatePose, best: bool, of_rays: bool) -> CandidatePose:
    share = 0.0 if item.organ_heating is None else 100 * item.organ_heating
    taken = (
        f"{item.organ} take up {share:.1f} % of the focal heat rate" if item.organ else "no organ at risk in the beam"
    )
    if best:
        reason = f"spares organs at risk best: {taken}" + ("" if of_rays else "; rays preferred another")
    else:
        reason = f"{'preferred by rays, but ' if of_rays else ''}{taken}"
    return item.model_copy(update={"chosen": best, "reason": reason})


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
    rays = bundle(device, fine=False)
    scored = []
    for azimuth in window.azimuth[::2]:
        poses = [Pose(focus=centre, direction=direction_of(azimuth, e)) for e in window.elevation[::2]]
        for seen, elevation in zip(looks(view, rays, poses), window.elevation[::2], strict=True):
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
