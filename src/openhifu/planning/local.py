"""The treatment as the target's neighbourhood sees it: a small box, given pauses, run in a fraction of a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.spatial import KDTree

from openhifu.base.field import Field
from openhifu.base.grid import Grid
from openhifu.base.units import BODY_TEMPERATURE_C
from openhifu.model.medium import Medium
from openhifu.model.tissuemap import TissueMap
from openhifu.planning.predict import heat_solver, target_zone
from openhifu.planning.scene import TARGET_NAME, Scene
from openhifu.planning.spots import Spot
from openhifu.thermal.dose import ThermalDose
from openhifu.thermal.pennes import Pennes
from openhifu.thermal.probe import Probe
from openhifu.thermal.treatment import Exposure, RestRule, run_treatment

BORDER = 12e-3
"""m of tissue around the target in the box; heat diffuses sqrt(4 D t) = 6 mm in a minute."""

WORST = 4.0
"""Percentile of a cell's dose that stands for its worst voxel: single voxels on a curved edge are not chased."""


@dataclass(frozen=True, eq=False)
class LocalResult:
    """What a run of the box came to: degC each exposure reached, CEM43 [min] of the worst part of each spot's cell."""

    peaks: NDArray[np.float64]
    cell_dose: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LocalTreatment:
    """A box around the target ready to be run with any powers and pauses.

    Attributes:
        solver: heat model of the box.
        heat: W/m3 per watt of each exposure, in the box.
        zone: where peaks are looked for.
        target: mask of the target.
        cell: index of the nearest spot of each voxel of the target.
        on_time: s.
    """

    solver: Pennes
    heat: tuple[Field, ...]
    zone: Probe
    target: NDArray[np.bool_]
    cell: NDArray[np.int64]
    on_time: float

    def powers_for_peak(self, temperature: float) -> NDArray[np.float64]:
        """Power [W] at which each exposure alone takes the hottest point to a temperature [degC]."""
        rise = []
        for heat in self.heat:
            self.solver.restart()
            self.solver.advance(self.on_time, heat, 1.0)
            rise.append(self.solver.hottest(self.zone) - BODY_TEMPERATURE_C)
        return (temperature - BODY_TEMPERATURE_C) / np.maximum(rise, 1e-9)

    def run(self, powers: NDArray[np.float64], rests: NDArray[np.float64]) -> LocalResult:
        """Run all exposures with given powers [W] and pauses [s]."""
        self.solver.restart()
        dose = ThermalDose(self.solver.grid)
        exposures = [
            Exposure(h, float(p), self.on_time, float(r)) for h, p, r in zip(self.heat, powers, rests, strict=True)
        ]
        rule = RestRule(0.0, float(max(rests.max(), 1.0)), interval=60.0)
        found = run_treatment(self.solver, exposures, rule, self.zone, dose)
        doses = dose.field.data[self.target]
        worst = [float(np.percentile(doses[self.cell == i], WORST)) for i in range(len(self.heat))]
        return LocalResult(np.array([e.peak for e in found.exposures]), np.array(worst))


def local_treatment(here: Scene, heat: Sequence[Field], spots: tuple[Spot, ...]) -> LocalTreatment:
    """The box of a scene."""
    near = np.asarray(distance_transform_edt(~here.target, sampling=here.grids.heat.spacing)) <= BORDER
    low = np.argwhere(near).min(axis=0)
    high = np.argwhere(near).max(axis=0) + 1
    box = here.grids.heat.crop(low, high)
    cut = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    tissues = _cropped(here.tissues, box, cut)
    target = here.target[cut]
    return LocalTreatment(
        solver=heat_solver(here, tissues),
        heat=tuple(Field(box, np.ascontiguousarray(h.data[cut]), h.quantity) for h in heat),
        zone=Probe(TARGET_NAME, box, target_zone(here)[cut]),
        target=target,
        cell=_cells(here, box, target, spots),
        on_time=here.data.case.prescription.on_time,
    )


def _cropped(medium: Medium, box: Grid, cut: tuple[slice, ...]) -> Medium:
    return Medium(TissueMap(box, np.ascontiguousarray(medium.map.data[cut]), medium.map.tissues), medium.tissues)


def _cells(here: Scene, box: Grid, target: NDArray[np.bool_], spots: tuple[Spot, ...]) -> NDArray[np.int64]:
    """Nearest spot of each target voxel, lengths measured in lattice spacings; every spot owns at least one voxel."""
    wish = here.data.case.prescription
    scale = 1 / np.array([wish.lateral_spacing, wish.lateral_spacing, wish.axial_spacing])
    axes = np.asarray(here.pose.axes)
    voxels = (box.world(np.argwhere(target)) - np.asarray(here.pose.focus)) @ axes.T
    places = np.array([s.offset for s in spots])
    cell = np.asarray(KDTree(places * scale).query(voxels * scale)[1], np.int64)
    empty = np.setdiff1d(np.arange(len(spots)), cell)
    if len(empty):
        cell[KDTree(voxels * scale).query(places[empty] * scale)[1]] = empty
    return cell
