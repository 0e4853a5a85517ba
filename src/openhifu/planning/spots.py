"""Filling a target: dots in lines, lines in slices, slices stacked along the beam, the deepest first."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import Infeasible
from openhifu.base.vectors import Vector
from openhifu.model.limits import Prescription
from openhifu.model.pose import Pose
from openhifu.model.transducer import Travel

_ROW = math.sqrt(3) / 2  # distance of the lines of a hexagonal lattice, in spot spacings


@dataclass(frozen=True)
class Spot:
    """One place to be heated.

    Attributes:
        offset: m along the beam's x, y, z from the reference focus.
        focus: m, LPS.
        slice_index: 0 the deepest.
        line_index: within the slice.
    """

    offset: Vector
    focus: Vector
    slice_index: int
    line_index: int


def lattice(
    low: NDArray[np.float64], high: NDArray[np.float64], lateral: float, axial: float, phase: Vector
) -> NDArray[np.float64]:
    """Points of stacked hexagonal slices in a box [m]: columns x, y, z, slice, line; ``phase`` in lattice steps."""
    rows = []
    for s in range(math.floor(low[2] / axial) - 1, math.ceil(high[2] / axial) + 2):
        for r in range(math.floor(low[1] / (lateral * _ROW)) - 1, math.ceil(high[1] / (lateral * _ROW)) + 2):
            for c in range(math.floor(low[0] / lateral) - 1, math.ceil(high[0] / lateral) + 2):
                x = (c + 0.5 * (r % 2) + phase[0]) * lateral
                rows.append((x, (r + phase[1]) * lateral * _ROW, (s + phase[2]) * axial, s, r))
    return np.array(rows)


def fill(target: NDArray[np.float64], prescription: Prescription) -> NDArray[np.float64]:
    """The lattice, among eight phases, whose spots cover the target most evenly for their number.

    Args:
        target: points of the target in beam coordinates [m], shape (n, 3).
        prescription: gives the two spacings.

    Returns:
        Rows x, y, z, slice, line.

    Raises:
        Infeasible: if no lattice point falls inside the target.
    """
    from scipy.spatial import KDTree

    lateral, axial = prescription.lateral_spacing, prescription.axial_spacing
    middle = (target.min(axis=0) + target.max(axis=0)) / 2
    local = target - middle
    scale = np.array([1 / lateral, 1 / lateral, 1 / axial])
    tree = KDTree(local)
    step = float(np.median(tree.query(local[:200], k=min(2, len(local)))[0].reshape(len(local[:200]), -1)[:, -1]))
    near = step * math.sqrt(3) / 2  # a lattice point this close to a point of the target lies in its cell
    best: tuple[float, NDArray[np.float64]] | None = None
    for phase in [(x, y, z) for x in (0.0, 0.5) for y in (0.0, 2 / 3) for z in (0.0, 0.5)]:
        rows = lattice(local.min(axis=0), local.max(axis=0), lateral, axial, phase)
        rows = rows[tree.query(rows[:, :3])[0] <= near]
        if len(rows) == 0:
            continue
        away = KDTree(rows[:, :3] * scale).query(local * scale)[0]
        score = float(np.mean(away**2)) * len(rows) ** (2 / 3)  # how evenly, for the number of spots
        if best is None or score < best[0] - 1e-9:
            best = (score, rows)
    if best is None:
        raise Infeasible(
            f"no spot of the {1e3 * lateral:.1f} x {1e3 * axial:.1f} mm lattice falls inside the target; "
            "give a smaller lateral_spacing and axial_spacing"
        )
    best[1][:, :3] += middle
    return best[1]


def place(target: NDArray[np.float64], prescription: Prescription, pose: Pose) -> tuple[Spot, ...]:
    """Spots in order of delivery: slices from the deepest to the shallowest, lines to and fro within a slice.

    Args:
        target: points of the target in beam coordinates [m] about the reference focus.
        prescription: spacings.
        pose: the reference pose.
    """
    rows = fill(target, prescription)
    slices = {s: i for i, s in enumerate(sorted(set(rows[:, 3]), reverse=True))}
    axes = np.asarray(pose.axes)
    spots: list[Spot] = []
    for s, slice_index in slices.items():
        here = rows[rows[:, 3] == s]
        for line_index, line in enumerate(sorted(set(here[:, 4]))):
            dots = here[here[:, 4] == line]
            dots = dots[np.argsort(dots[:, 0])][:: 1 if line_index % 2 == 0 else -1]
            for x, y, z in dots[:, :3]:
                f = np.asarray(pose.focus) + np.array([x, y, z]) @ axes
                focus = (float(f[0]), float(f[1]), float(f[2]))
                spots.append(Spot((float(x), float(y), float(z)), focus, slice_index, line_index))
    return tuple(spots)


def beyond_travel(spots: tuple[Spot, ...], travel: Travel) -> str | None:
    """A sentence about the spot furthest out of the positioner's reach; None if all can be reached."""
    reach = (travel.x, travel.y, travel.z)
    for spot in spots:
        for axis, value, limit in zip("xyz", spot.offset, reach, strict=True):
            if abs(value) > limit:
                return (
                    f"a spot lies {1e3 * value:.0f} mm along the source's {axis} axis, "
                    f"the positioner reaches {1e3 * limit:.0f} mm"
                )
    return None
