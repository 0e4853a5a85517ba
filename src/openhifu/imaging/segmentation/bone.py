"""Bone in a CT, with or without contrast agent: what is bright, uneven and hard, and the marrow such shells enclose.

A threshold alone does not do: on the bundled CT 200 HU take blood, heart and kidneys for bone and miss marrow (Dice
0.36). Here contrast-filled pieces are taken out by their evenness first; what is left must hold voxels harder than
blood can be; then the hollows of the hard shells are filled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from openhifu.imaging.morphology import Mask
from openhifu.imaging.segmentation.contrast import contrast_filled
from openhifu.imaging.segmentation.enclosure import enclosing_directions
from openhifu.imaging.segmentation.filters import (
    Numbers,
    Spacing,
    Volume,
    closed_up,
    counted,
    distance_to,
    grown,
    nearest_value,
    opened_in_plane,
    pieces_of,
    shrunk,
    smoothed,
    surface_of,
)

HIGHEST = 1500.0
"""HU; cortex above this is as hard, metal and bolus are not measured by it."""

_NOISE_WIDTH = 0.8e-3  # m
_BRIGHT = 120.0  # HU from which smoothed voxels are bone or contrast agent
_SURELY = 250.0  # HU a thin sheet must have to be kept
_HARD, _ABOVE_BLOOD = 300.0, 60.0  # HU
_HARD_SHARE = (0.03, 0.05)  # of a part, of a whole bone
_HARD_LEAST, _SMALLEST = 0.04e-6, 0.1e-6  # m3
_SMALL_PART = 5e-6  # m3; a part this small may be soft if the bone it belongs to is hard
_NECK = 1.8e-3  # m: parts that hang together by less are judged apart
_TOUCHING = 0.2  # share of a part's surface that touches contrast agent: more is an edge of it
_IN_LUNG = 0.7  # share of a part's surface in lung: more is a vessel in it
_FINE = 1.5e-3  # m; only voxels finer than this resolve sheets
_HALF, _PEAK_REACH, _SOFT = 0.3, 2e-3, 40.0  # an edge lies where this share of the nearby peak over soft tissue is left
_REACH = 25e-3  # m across a marrow cavity
_CLOSED_DENSE, _CLOSED = 20, 23  # directions of 26
_CANCELLOUS, _MARROW = 85.0, -130.0  # HU
_CANAL = (0.0, 70.0, 4e-3)  # HU of cord and cerebrospinal fluid; least radius [m], which marrow in a rib has not


@dataclass(frozen=True, eq=False)
class BoneFound:
    """Bone, and what was kept apart from it.

    Attributes:
        mask: bone with its marrow.
        contrast: what contrast agent fills.
        level: HU of blood; None for a scan without contrast agent.
    """

    mask: Mask
    contrast: Mask
    level: float | None


def bone_in(hounsfield: Volume, body: Mask, gas_below: float, spacing: Spacing) -> BoneFound:
    """Bone of a CT.

    Args:
        hounsfield: CT numbers.
        body: the body, cavities included.
        gas_below: HU under which there is gas.
        spacing: m.
    """
    clamped = np.minimum(hounsfield, np.float32(HIGHEST))
    smooth = smoothed(clamped, _NOISE_WIDTH, spacing)
    bright = body & (smooth > _BRIGHT)
    contrast = contrast_filled(hounsfield, smooth, bright, spacing)
    hard = hounsfield > (_HARD if contrast.level is None else max(_HARD, contrast.level + _ABOVE_BLOOD))
    left = _without_specks(bright & ~contrast.mask, hounsfield, spacing)
    lung = body & (smooth < gas_below)
    shells = _whole_bones(_parts(left, hard, contrast.mask, lung, spacing), hard, spacing)
    walls = _trimmed(shells, hounsfield, smooth, spacing)
    mask = body & _filled(walls, clamped, body & ~contrast.mask, spacing)
    return BoneFound(mask, contrast.mask, contrast.level)


def _without_specks(left: Mask, hounsfield: Volume, spacing: Spacing) -> Mask:
    if min(spacing[:2]) >= _FINE:
        return left
    return opened_in_plane(left) | (left & (hounsfield > _SURELY))


def _parts(left: Mask, hard: Mask, contrast: Mask, lung: Mask, spacing: Spacing) -> Mask:
    """Parts that are neither the edge of something contrast-filled nor a vessel in lung, large ones hard enough."""
    numbers, count = _split(left, spacing)
    surface = surface_of(left)
    outside = np.maximum(counted(numbers, count, surface), 1)
    touching = counted(numbers, count, surface & grown(contrast, 2)) / outside
    in_lung = counted(numbers, count, surface & grown(lung, 2)) / outside
    sizes = counted(numbers, count, left)
    hard_enough = counted(numbers, count, left & hard) > _HARD_SHARE[0] * sizes
    small = sizes * float(np.prod(spacing)) < _SMALL_PART
    kept = (touching < _TOUCHING) & (in_lung < _IN_LUNG) & (hard_enough | small)
    kept[0] = False
    return kept[numbers]


def _split(left: Mask, spacing: Spacing) -> tuple[Numbers, int]:
    """Numbers of parts that hang together by more than a neck; thin pieces without such a core are their own."""
    pieces, many = pieces_of(left)
    cores = distance_to(~left, spacing) > _NECK
    core_numbers, core_count = pieces_of(cores)
    if core_count == 0:
        return pieces, many
    has_core = counted(pieces, many, cores) > 0
    nearest, _ = nearest_value(core_numbers, cores, spacing)
    numbers = np.where(has_core[pieces], nearest, core_count + pieces)
    return np.where(left, numbers, 0).astype(np.int32), core_count + many


def _whole_bones(parts: Mask, hard: Mask, spacing: Spacing) -> Mask:
    numbers, count = pieces_of(parts)
    voxel = float(np.prod(spacing))
    sizes, of_it = counted(numbers, count, parts) * voxel, counted(numbers, count, parts & hard) * voxel
    kept = (sizes > _SMALLEST) & (of_it > _HARD_LEAST) & (of_it > _HARD_SHARE[1] * sizes)
    return kept[numbers]


def _trimmed(shells: Mask, hounsfield: Volume, smooth: Volume, spacing: Spacing) -> Mask:
    """Shells cut back to where their density has fallen to a share of its peak nearby: a threshold is too wide."""
    from scipy.ndimage import maximum_filter

    size = [2 * max(1, round(_PEAK_REACH / s)) + 1 for s in spacing]
    peak = maximum_filter(smooth, size=size)
    inner = shrunk(closed_up(shells))
    return shells & (inner | (hounsfield >= _SOFT + _HALF * (peak - _SOFT)))


def _filled(walls: Mask, clamped: Volume, free: Mask, spacing: Spacing) -> Mask:
    """Walls with the marrow they enclose, the spinal canal left open."""
    closed = enclosing_directions(walls, _REACH, spacing)
    smooth = smoothed(clamped, 1e-3, spacing)
    dense = (closed >= _CLOSED_DENSE) & (smooth > _CANCELLOUS)
    cavity = free & ~walls & (dense | ((closed >= _CLOSED) & (smooth > _MARROW)))
    low, high, radius = _CANAL
    soft = cavity & (smooth > low) & (smooth < high)
    axis = distance_to(~soft, spacing) > radius
    canal = soft & (distance_to(axis, spacing) <= radius + 2e-3)
    whole = walls | (cavity & ~canal)
    return closed_up(whole) & ~canal
