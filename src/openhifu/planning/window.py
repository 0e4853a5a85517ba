"""The acoustic window: every direction around a target judged by straight rays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from openhifu.base.progress import Progress, silent
from openhifu.base.vectors import Vector
from openhifu.model.pose import Pose
from openhifu.model.transducer import Transducer
from openhifu.model.window import CandidatePose, WindowMap
from openhifu.planning.anatomy import Anatomy, Way
from openhifu.planning.rays import Bundle, bundle, trace, turned

REFUSALS = (
    "",
    "gas or lung in the beam",
    "bowel in the beam",
    "the image ends inside the body in the beam",
    "too little water between source and skin",
    "beyond the tilt of the device",
    "too little of the beam reaches the target",
)
"""Why a direction is refused; the place in this tuple is the code in the map."""

GAS, BOWEL, CUT, STAND_OFF, TILT, WEAK = range(1, 7)


@dataclass(frozen=True)
class PoseRules:
    """What a pose must keep.

    Attributes:
        gas: largest share of the aperture whose rays may meet gas or lung: a few rays in a thousand are within the
            image's
            own voxel size, more would put pressure on a release surface.
        bowel: the same for gut, whose content is unknown.
        cut: largest share of rays that leave the image while still in tissue.
        amplitude: least mean straight-ray amplitude worth a field solution.
        step: rad between directions of the map.
        margin: how far off the centre, as a share of the target's half-size, the rules must hold too.
    """

    gas: float = 0.004
    bowel: float = 0.004
    cut: float = 0.004
    amplitude: float = 0.15
    step: float = math.radians(4.0)
    margin: float = 0.75


@dataclass(frozen=True)
class Look:
    """One direction seen by rays from one focus; shares are of the aperture's solid angle."""

    bone: float
    cartilage: float
    gas: float
    bowel: float
    cut: float
    amplitude: float
    stand_off: float


def looks(view: Anatomy, rays: Bundle, poses: Sequence[Pose]) -> list[Look]:
    """Judge poses that share a focus by rays, all in one pass.

    Bone and gas are opaque; everything else lets exp(-integral of attenuation) of the amplitude through.
    """
    directions = np.concatenate([turned(rays, p) for p in poses])
    length = np.tile(rays.length, len(poses))
    met = trace(view, np.asarray(poses[0].focus), directions, length)
    bone, gas = met.meets(Way.BONE), met.meets(Way.GAS)
    open_ = np.where(bone | gas, 0.0, np.exp(-met.attenuation))
    columns = (bone, met.meets(Way.CARTILAGE) & ~bone, gas, met.meets(Way.BOWEL), met.cut, open_)
    lit = rays.element >= 0
    shares = [c.reshape(len(poses), -1)[:, lit].mean(axis=1) for c in columns]
    gap = (length - met.skin).reshape(len(poses), -1).min(axis=1)
    return [Look(*(float(v[i]) for v in shares), stand_off=float(gap[i])) for i in range(len(poses))]


def look(view: Anatomy, rays: Bundle, pose: Pose) -> Look:
    """Judge one pose by rays; see ``looks``."""
    return looks(view, rays, [pose])[0]


def refusal(seen: Look, pose: Pose, device: Transducer, rules: PoseRules) -> int:
    """Code of the first rule a pose breaks, 0 for none."""
    if math.acos(max(-1.0, min(1.0, abs(pose.direction[1])))) > device.ceilings.travel.tilt:
        return TILT
    broken = (
        (seen.stand_off < device.ceilings.stand_off, STAND_OFF),
        (seen.gas > rules.gas, GAS),
        (seen.bowel > rules.bowel, BOWEL),
        (seen.cut > rules.cut, CUT),
        (seen.amplitude < rules.amplitude, WEAK),
    )
    return next((code for bad, code in broken if bad), 0)


def direction_of(azimuth: float, elevation: float) -> Vector:
    """Unit vector focus to apex: azimuth [rad] in the axial plane from L towards P, elevation [rad] towards S."""
    c = math.cos(elevation)
    return (c * math.cos(azimuth), c * math.sin(azimuth), math.sin(elevation))


def survey(
    view: Anatomy, device: Transducer, centre: Vector, rules: PoseRules, progress: Progress = silent
) -> WindowMap:
    """Look along every direction from the target's centre; no candidates yet."""
    n, m = round(2 * math.pi / rules.step), round(math.pi / rules.step)
    azimuth = -math.pi + 2 * math.pi * (np.arange(n) + 0.5) / n
    elevation = -math.pi / 2 + math.pi * (np.arange(m) + 0.5) / m
    amplitude, code = np.full((n, m), np.nan), np.zeros((n, m), np.uint8)
    rays = bundle(device, fine=False)
    for i, a in enumerate(azimuth):
        progress("looking along every direction", i / n)
        poses = [Pose(focus=centre, direction=direction_of(a, e)) for e in elevation]
        seen = looks(view, rays, poses)
        code[i] = [refusal(s, p, device, rules) for s, p in zip(seen, poses, strict=True)]
        amplitude[i] = [np.nan if c else s.amplitude for s, c in zip(seen, code[i], strict=True)]
    return WindowMap(azimuth, elevation, amplitude, code, REFUSALS, ())


def worst_look(
    view: Anatomy, device: Transducer, direction: Vector, foci: NDArray[np.float64], rules: PoseRules
) -> tuple[Look, int]:
    """The weakest of the looks from several foci along one direction, and the first refusal among them."""
    rays = bundle(device, fine=False)
    looks, codes = [], []
    for x, y, z in foci:
        pose = Pose(focus=(float(x), float(y), float(z)), direction=direction)
        seen = look(view, rays, pose)
        looks.append(seen)
        codes.append(refusal(seen, pose, device, rules))
    return min(looks, key=lambda s: s.amplitude), next((c for c in codes if c), 0)


def local_best(
    view: Anatomy, device: Transducer, start: tuple[float, float], foci: NDArray[np.float64], rules: PoseRules
) -> tuple[Vector, Look, int]:
    """Turn around a direction of the map (half its step each way) for the best worst-case amplitude over the foci."""
    offsets = (-0.5, 0.0, 0.5)
    found = []
    for da in offsets:
        for de in offsets:
            azimuth = start[0] + da * rules.step / max(0.2, math.cos(start[1]))
            direction = direction_of(azimuth, start[1] + de * rules.step)
            found.append((direction, *worst_look(view, device, direction, foci, rules)))
    return max(found, key=lambda f: (f[2] == 0, f[1].amplitude))


def separated(window: WindowMap, count: int, apart: float) -> list[tuple[float, float]]:
    """The strongest directions of a map (azimuth, elevation), each at least ``apart`` [rad] from the stronger ones."""
    order = np.argsort(np.where(np.isnan(window.amplitude), -1.0, window.amplitude), axis=None)[::-1]
    chosen: list[tuple[float, float]] = []
    for flat in order:
        i, j = np.unravel_index(flat, window.amplitude.shape)
        if np.isnan(window.amplitude[i, j]) or len(chosen) == count:
            break
        here = direction_of(float(window.azimuth[i]), float(window.elevation[j]))
        others = (direction_of(*c) for c in chosen)
        if all(sum(a * b for a, b in zip(here, o, strict=True)) < math.cos(apart) for o in others):
            chosen.append((float(window.azimuth[i]), float(window.elevation[j])))
    return chosen


def skin_angle(view: Anatomy, pose: Pose, reach: float = 12e-3) -> tuple[float, float]:
    """Angle [rad] between beam axis and skin normal (averaged over ``reach`` [m]).

    And depth [m] of the focus below the skin.
    """
    direction = np.asarray(pose.direction)
    s = np.arange(0.0, 0.4, 0.5e-3)
    idx = np.rint(view.grid.index(np.asarray(pose.focus) + s[:, None] * direction)).astype(int)
    inside = np.all((idx >= 0) & (idx < view.grid.shape), axis=1)
    tissue = np.zeros(len(s), bool)
    tissue[inside] = view.way[tuple(idx[inside].T)] != Way.WATER
    if not tissue.any():
        return math.nan, 0.0
    depth = float(s[np.flatnonzero(tissue)[-1]])
    entry = np.asarray(pose.focus) + depth * direction
    k = np.arange(-reach, reach + 1e-9, 1.5e-3)
    ball = np.stack(np.meshgrid(k, k, k, indexing="ij"), axis=-1).reshape(-1, 3)
    ball = ball[np.linalg.norm(ball, axis=1) <= reach]
    near = np.rint(view.grid.index(entry + ball)).astype(int)
    ok = np.all((near >= 0) & (near < view.grid.shape), axis=1)
    body = np.zeros(len(ball), bool)
    body[ok] = view.way[tuple(near[ok].T)] != Way.WATER
    normal = -ball[body].mean(axis=0)
    cosine = float(normal @ direction / max(np.linalg.norm(normal), 1e-12))
    return math.acos(max(-1.0, min(1.0, cosine))), depth


def candidate(view: Anatomy, device: Transducer, direction: Vector, centre: Vector) -> CandidatePose:
    """A direction described with the fine bundle at the target's centre; the field and the verdict come later."""
    pose = Pose(focus=centre, direction=direction)
    seen = look(view, bundle(device, fine=True), pose)
    angle, depth = skin_angle(view, pose)
    return CandidatePose(
        direction=direction,
        bone=seen.bone,
        cartilage=seen.cartilage,
        gas=seen.gas,
        bowel=seen.bowel,
        amplitude=seen.amplitude,
        skin_angle=angle,
        depth=depth,
        stand_off=seen.stand_off,
        field_intensity=None,
        organ_heating=None,
        organ="",
        chosen=False,
        reason="",
    )


def with_candidates(window: WindowMap, candidates: tuple[CandidatePose, ...]) -> WindowMap:
    """The same map with its candidates."""
    return replace(window, candidates=candidates)
