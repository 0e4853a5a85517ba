"""Which spots one exposure heats: each its own, or neighbours of a line together where phases steer the focus."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from openhifu.base.errors import Infeasible
from openhifu.base.vectors import Vector
from openhifu.model.limits import Prescription
from openhifu.model.pose import Pose
from openhifu.model.steering import steering_reach
from openhifu.model.transducer import Transducer
from openhifu.planning.spots import Spot

_APART = 1.01  # lattice spacings; spots of a line that lie further apart are not neighbours


@dataclass(frozen=True)
class Shot:
    """Spots that are heated by one exposure.

    Attributes:
        spots: their numbers, along the line.
        focus: the middle of them (LPS, m); the spot itself where there is one.
        steered: the spots, m along the beam's x, y, z from ``focus``; empty for one spot.
        slice_index: 0 the deepest.
        line_index: within the slice.
    """

    spots: tuple[int, ...]
    focus: Vector
    steered: tuple[Vector, ...]
    slice_index: int
    line_index: int


def shots(spots: Sequence[Spot], wish: Prescription, device: Transducer, pose: Pose) -> tuple[Shot, ...]:
    """The exposures of a target's spots, in the order of the spots.

    Every line is parted into runs of neighbours that differ by one at most in length.

    Args:
        spots: in order of delivery.
        wish: how many spots an exposure heats at most, and how far apart they are.
        device: steers the focus.
        pose: reference pose.

    Raises:
        Infeasible: if the device cannot steer its focus as far as that.
    """
    most = wish.steered_spots or 1
    if most > 1:
        _require_reach(device, (most - 1) / 2 * wish.lateral_spacing, most)
    found: list[Shot] = []
    for run in _neighbours(spots, _APART * wish.lateral_spacing):
        parts = np.array_split(np.array(run), math.ceil(len(run) / most))
        found.extend(_shot(spots, tuple(int(n) for n in part), pose) for part in parts)
    return tuple(found)


def _require_reach(device: Transducer, needed: float, spots: int) -> None:
    reach = steering_reach(device)
    if device.elements == 1:
        raise Infeasible(
            f"exposures of {spots} spots need a focus that phases can steer, and {device.name} has one element; take "
            "an array such as jc200-like-256, or leave steered_spots out of the prescription"
        )
    if needed > reach * (1 + 1e-9):
        raise Infeasible(
            f"{device.name} steers its focus {1e3 * reach:.1f} mm across the beam, and the outer ones of {spots} spots "
            f"lie {1e3 * needed:.1f} mm from the middle; give fewer steered_spots or a smaller lateral_spacing"
        )


def _neighbours(spots: Sequence[Spot], apart: float) -> list[list[int]]:
    """Numbers of spots, parted where a line ends or has a gap."""
    runs: list[list[int]] = []
    for n, spot in enumerate(spots):
        last = spots[runs[-1][-1]] if runs else None
        beside = last is not None and (last.slice_index, last.line_index) == (spot.slice_index, spot.line_index)
        if last is not None and beside and math.dist(last.offset, spot.offset) <= apart:
            runs[-1].append(n)
        else:
            runs.append([n])
    return runs


def _shot(spots: Sequence[Spot], run: tuple[int, ...], pose: Pose) -> Shot:
    first = spots[run[0]]
    if len(run) == 1:
        return Shot(run, first.focus, (), first.slice_index, first.line_index)
    offsets = np.array([spots[n].offset for n in run])
    middle = offsets.mean(axis=0)
    x, y, z = np.asarray(pose.focus) + middle @ np.asarray(pose.axes)
    steered = tuple((float(a), float(b), float(c)) for a, b, c in offsets - middle)
    return Shot(run, (float(x), float(y), float(z)), steered, first.slice_index, first.line_index)


def aimed(shots: Sequence[Shot], shift: Vector) -> tuple[Vector, ...]:
    """Where to aim (LPS, m) so that heat lands where it should, if tissue moves the focus by ``shift`` [m] (LPS)."""
    return tuple((s.focus[0] - shift[0], s.focus[1] - shift[1], s.focus[2] - shift[2]) for s in shots)
