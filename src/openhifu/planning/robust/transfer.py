"""Heat of every exposure in other tissue from a few solved anew: what changes varies slowly from spot to spot.

About the target the nominal heat of an exposure moves with its anchor's focus and grows with the power that reaches it.
Everywhere else heat is absorption times intensity: the absorption is known voxel by voxel, and the intensity changes by
the anchor's own ratio, smoothed over ``SMOOTH``.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from openhifu.model.medium import Medium
from openhifu.model.tissue import Known, Property
from openhifu.planning.robust.basis import Basis, anchor_heats
from openhifu.planning.robust.scenario import Scenario
from openhifu.planning.scene import block_mean

SMOOTH = 3e-3
"""m; standard deviation of the smoothing of an intensity ratio: wider than a focus, narrower than an organ."""

CORE = 4e-3
"""m about a focus within which its power is counted: what diffuses together within an exposure."""

_FLOOR = 1e-3  # of a plane's strongest smoothed intensity: below it a ratio means nothing and is taken as the plane's


@dataclass(frozen=True, eq=False)
class ScenarioHeat:
    """Heat of all exposures in one scenario, made when asked for.

    Attributes:
        basis: the nominal heat.
        scenario: what was drawn.
        moves: m (LPS) by which each anchor's focus is displaced, shape (anchors, 3).
        gains: power about each anchor's focus over the nominal one.
        ratios: heat over nominal heat on the coarse grid, by anchor.
    """

    basis: Basis
    scenario: Scenario
    moves: NDArray[np.float64]
    gains: NDArray[np.float64]
    ratios: NDArray[np.float32]

    def near(self, exposure: int) -> NDArray[np.float32]:
        """W/m3 per watt of an exposure in the box about the target."""
        basis, anchor = self.basis, self.basis.follows[exposure]
        move = self.moves[anchor] + self.scenario.motion[exposure]
        voxels = np.linalg.solve(basis.box.affine[:3, :3], move)
        if np.any(np.abs(voxels) > 1e-6):
            moved = np.maximum(splines_moved(basis.splines[exposure], voxels), 0.0)
        else:
            moved = basis.near[exposure]
        return (self.gains[anchor] * moved).astype(np.float32)

    def far(self, exposure: int) -> NDArray[np.float32]:
        """W/m3 per watt of an exposure on the coarse grid."""
        return self.basis.far[exposure] * self.ratios[self.basis.follows[exposure]]


def splines_moved(coefficients: NDArray[np.float32], voxels: NDArray[np.float64]) -> NDArray[np.float32]:
    """Values at the voxels of what cubic spline coefficients stand for, moved by a fraction of voxels along each axis.

    The kernel of a cubic B-spline is a product, so four taps along each axis in turn do what 64 would.
    """
    out = coefficients
    for axis, by in enumerate(voxels):
        whole = math.floor(-by)
        t = -by - whole
        taps = ((1 - t) ** 3, 4 - 6 * t**2 + 3 * t**3, 1 + 3 * t + 3 * t**2 - 3 * t**3, t**3)
        places = np.arange(out.shape[axis]) + whole
        parts = (
            np.float32(weight / 6) * out.take(places + n - 1, axis=axis, mode="clip") for n, weight in enumerate(taps)
        )
        out = functools.reduce(np.add, parts)
    return out


def transferred(basis: Basis, scenario: Scenario, threads: int) -> ScenarioHeat:
    """Solve the anchors in a scenario's tissue and place, and carry the change over to all exposures.

    Args:
        basis: of the plan.
        scenario: what was drawn.
        threads: fields at a time.
    """
    count = len(basis.anchors)
    moves, gains = np.zeros((count, 3)), np.ones(count)
    ratios = np.ones((count, *basis.coarse.grids.heat.shape), np.float32)
    if not scenario.tissues and not any(scenario.offset):
        return ScenarioHeat(basis, scenario, moves, gains, ratios)
    medium = basis.medium.with_tissues(scenario.tissues)
    found = anchor_heats(basis, medium, scenario.offset, threads)
    absorbing = _absorption_ratio(basis.coarse.tissues, scenario, basis.here.device.frequency)
    for n, (anchor, field) in enumerate(zip(basis.anchors, found, strict=True)):
        moves[n], gains[n] = _focus_change(basis, basis.near[anchor], field.data[basis.cut])
        there = block_mean(field, basis.coarse.grids.heat).data / absorbing
        ratios[n] = absorbing * _intensity_ratio(basis, basis.far[anchor], there.astype(np.float32))
    return ScenarioHeat(basis, scenario, moves, gains, ratios)


def _absorption_ratio(medium: Medium, scenario: Scenario, frequency: float) -> NDArray[np.float32]:
    """Absorption over the nominal one, voxel by voxel; 1 where nothing is absorbed."""
    table = np.ones(len(medium.tissues))
    for n, (tissue, here) in enumerate(zip(medium.tissues, medium.present(), strict=True)):
        drawn = scenario.tissues.get(tissue.name)
        if here and drawn is not None and isinstance(tissue.values[Property.ATTENUATION], Known):
            usual = tissue.absorption.at(frequency)
            table[n] = drawn.absorption.at(frequency) / usual if usual > 0 else 1.0
    return table.astype(np.float32)[medium.map.data]


def _focus_change(
    basis: Basis, before: NDArray[np.float32], after: NDArray[np.float32]
) -> tuple[NDArray[np.float64], float]:
    """Displacement [m, LPS] of the focus, and the power about it over that before."""
    spacing = basis.box.spacing[0]
    places, powers = [], []
    lattice = np.stack(np.meshgrid(*[np.arange(n) for n in before.shape], indexing="ij"), -1)
    for heat in (before, after):
        smooth = gaussian_filter(heat, 1.0)
        peak = np.array(np.unravel_index(int(np.argmax(smooth)), smooth.shape))
        core = np.linalg.norm(lattice - peak, axis=-1) * spacing <= CORE
        strong = np.where(core, smooth, 0.0) ** 2
        places.append((lattice * strong[..., None]).sum(axis=(0, 1, 2), dtype=np.float64) / strong.sum())
        powers.append(float(heat[core].sum(dtype=np.float64)))
    move = basis.box.affine[:3, :3] @ (places[1] - places[0])
    return move, powers[1] / powers[0]


def _intensity_ratio(basis: Basis, before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.float32]:
    """Smoothed ratio of two intensities, each in units of the nominal absorption."""
    sigma = SMOOTH / basis.coarse.grids.heat.spacing[0]
    one, other = gaussian_filter(before, sigma), gaussian_filter(after, sigma)
    top = one.max(axis=(0, 1), keepdims=True)
    plane = other.sum(axis=(0, 1), keepdims=True) / np.maximum(one.sum(axis=(0, 1), keepdims=True), 1e-30)
    floor = _FLOOR * np.maximum(top, 1e-30)
    return ((other + floor * plane) / (one + floor)).astype(np.float32)
