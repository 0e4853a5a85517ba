"""A target of 100 mL behind skin, fat and muscle, some 300 spots: what planning of large targets is measured on.

The beam is a model that conserves power: at every depth a Gaussian whose width goes from a steered disc at the focus to
the cone of a source of 43 degrees half-angle, weakened by the tissue in front. Tissue values are the catalogue's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid
from openhifu.model.catalogue import tissue
from openhifu.model.limits import OrganLimit
from openhifu.model.medium import Medium
from openhifu.model.tissuemap import TissueMap
from openhifu.planning.course import Course
from openhifu.planning.task import Task
from openhifu.thermal.adjoint import LinearTreatment
from openhifu.thermal.boundary import Boundary, HeldTemperature
from openhifu.thermal.pennes import Pennes

RADIUS = 28.8e-3  # m: 100 mL
LATTICE = (6e-3, 6e-3, 8e-3)  # m, a spot each
DISC = 3.0e-3  # m: radius at which a steered disc has fallen to 1/e
CONE = 0.75  # tangent of the angle at which the beam's 1/e radius grows
FREQUENCY = 0.8e6  # Hz
MUSCLE, FAT, SKIN, FACE = -56e-3, -68e-3, -70e-3, -74e-3  # m: where each layer begins in front of the centre
HALF, BEHIND = 60e-3, 46e-3  # m about the axis, m behind the centre
GOAL, CEILING = 240.0, 95.0  # CEM43 [min], degC
ON, LEAST, LONGEST, POWER = 20.0, 5.0, 900.0, 400.0  # s, s, s, W
WATER = 25.0  # degC
ISO = "ISO 14708-3:2017 table 101"
BORDER = 12e-3  # m of tissue about the target in which powers are found
COARSER = 1.5  # voxels of the scout, in voxels of the task
GUARD = 12e-3  # m about the target in which heat is accepted

NAMES = ("water", "skin", "fat", "muscle")


@dataclass(frozen=True, eq=False)
class LargeTarget:
    """The patient on a grid.

    Attributes:
        spacing: edge of a voxel [m].
    """

    spacing: float

    @cached_property
    def grid(self) -> Grid:
        """Voxels with the target's centre at the origin and the beam along z."""
        h = self.spacing
        low, high = (-HALF + h / 2, -HALF + h / 2, FACE + h / 2), (HALF - h / 2, HALF - h / 2, BEHIND - h / 2)
        return Grid.box(low, high, h)

    @cached_property
    def medium(self) -> Medium:
        """Water, skin, fat and muscle in layers."""
        depth = self.grid.points()[0, 0, :, 2]
        layer = np.digitize(depth, (SKIN, FAT, MUSCLE)).astype(np.uint8)
        data = np.ascontiguousarray(np.broadcast_to(layer, self.grid.shape))
        return Medium(TissueMap(self.grid, data, NAMES), tuple(tissue(n) for n in NAMES))

    @cached_property
    def target(self) -> NDArray[np.bool_]:
        """The sphere."""
        return np.linalg.norm(self.grid.points(), axis=-1) <= RADIUS

    @cached_property
    def spots(self) -> NDArray[np.float64]:
        """Centres of the spots [m], the deepest slice first."""
        reach = [math.ceil(RADIUS / p) for p in LATTICE]
        axes = [np.arange(-r, r + 1) * p for r, p in zip(reach, LATTICE, strict=True)]
        points = np.stack(np.meshgrid(axes[2][::-1], axes[1], axes[0], indexing="ij"), -1).reshape(-1, 3)[:, ::-1]
        return np.asarray(points[np.linalg.norm(points, axis=1) <= RADIUS + 0.5e-3], np.float64)

    def heat(self, spot: NDArray[np.float64]) -> Field:
        """Heat of one spot [W/m3 per W], the mean over each voxel: its centre overstates a narrow focus."""
        points = self.grid.points()
        depth = points[0, 0, :, 2]
        absorption = np.array([t.absorption.at(FREQUENCY) for t in self.medium.tissues])
        attenuation = np.array([t.attenuation.at(FREQUENCY) for t in self.medium.tissues])
        own = self.medium.map.data[0, 0]
        passed = np.cumsum(attenuation[own]) * self.spacing
        width = np.hypot(DISC, CONE * (depth - spot[2]))
        along = 2 * absorption[own] * np.exp(-2 * passed)
        across = self._shares(points[:, 0, 0, 0] - spot[0], width), self._shares(points[0, :, 0, 1] - spot[1], width)
        return Field(self.grid, (along * across[0][:, None] * across[1]).astype(np.float32), Quantity.HEAT_RATE)

    def _shares(self, distance: NDArray[np.float64], width: NDArray[np.float64]) -> NDArray[np.float64]:
        """Share of a Gaussian of each width within each voxel, per metre: columns of voxels, rows of depths."""
        from scipy.special import erf

        low, high = (distance[:, None] + side * self.spacing / 2 for side in (-1, 1))
        return np.asarray((erf(high / width) - erf(low / width)) / (2 * self.spacing))

    def solver(self) -> Pennes:
        """A fresh heat model: circulating water held at its temperature."""
        water = HeldTemperature("water", WATER)
        return Pennes(self.medium, tissue("blood"), Boundary.HELD_AT_START, held=(water,), track_peak=True)

    def organs(self) -> dict[str, tuple[NDArray[np.bool_], OrganLimit]]:
        """Skin, fat, and the muscle beyond the guard about the target."""
        data = self.medium.map.data
        far = np.linalg.norm(self.grid.points(), axis=-1) > RADIUS + GUARD
        masks = {"skin": data == 1, "fat": data == 2, "muscle": (data == 3) & far}
        limits = {"skin": 21.0, "fat": 40.0, "muscle": 40.0}
        return {
            n: (m, OrganLimit(organ=n, cem43_max=limits[n], resume_below=43.0, source=ISO)) for n, m in masks.items()
        }

    def task(self) -> Task:
        """What there is to be optimised, with the same on coarser grids."""
        return replace(_alone(self), scout=_alone(LargeTarget(COARSER * self.spacing)))


def _alone(large: LargeTarget) -> Task:
    """The task of one grid."""
    spots = large.spots
    inside = np.argwhere(np.linalg.norm(large.grid.points(), axis=-1) <= RADIUS + BORDER)
    low, high = inside.min(axis=0), inside.max(axis=0) + 1
    cut = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    box = large.grid.crop(low, high)
    part = TissueMap(box, np.ascontiguousarray(large.medium.map.data[cut]), NAMES)
    fields = tuple(large.heat(s) for s in spots)
    near = tuple(Field(box, np.ascontiguousarray(f.data[cut]), f.quantity) for f in fields)
    local, target = Medium(part, large.medium.tissues), large.target[cut]
    stable = large.solver().stable_step
    model = LinearTreatment(local, tissue("blood"), Boundary.HELD_AT_START, 0.5 * stable, rest_step=stable)
    scale = 1 / np.array(LATTICE)
    cells = KDTree(spots * scale).query(box.points()[target] * scale)[1]
    return Task(
        make_solver=large.solver,
        heat=fields,
        groups=tuple(int(round(-s[2] / LATTICE[2])) for s in spots),
        target=large.target,
        organs=large.organs(),
        near=Course(model, near, target),
        near_target=target,
        cells=np.asarray(cells, np.intp),
        on_time=ON,
        least_pause=LEAST,
        longest_pause=LONGEST,
        caps=np.full(len(spots), POWER),
        goal=GOAL,
        ceiling=CEILING,
    )
