"""The figures a treatment is judged by: volumes, energy per volume, doses of organs, dose-volume curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import GeometryError
from openhifu.base.field import Field
from openhifu.base.grid import Grid
from openhifu.base.units import ml_from_m3
from openhifu.model.case_data import CaseData
from openhifu.model.delivered import DeliveredSpot
from openhifu.model.history import TreatmentHistory
from openhifu.model.limits import OrganAtRisk
from openhifu.model.plan import TreatmentPlan
from openhifu.model.regions import organ_mask, target_mask
from openhifu.model.tissuemap import LabelMap, nearest

_CUBIC_MM = 1e-9  # m3


@dataclass(frozen=True, eq=False)
class Regions:
    """Target and organs at risk as masks of one grid.

    Attributes:
        grid: where.
        target: voxels of the target.
        organs: voxels of each organ at risk, by name.
    """

    grid: Grid
    target: NDArray[np.bool_]
    organs: dict[str, NDArray[np.bool_]]


def labels_on(labels: LabelMap | None, grid: Grid) -> LabelMap | None:
    """A label map on another grid (nearest neighbour, unlabelled outside); None stays None."""
    if labels is None:
        return None
    data = cast("NDArray[np.uint8]", labels.data)  # the sampling is the same for wider integers
    return LabelMap(grid, nearest(data, labels.grid, grid, 0), labels.names)


def regions(data: CaseData, plan: TreatmentPlan, grid: Grid) -> Regions:
    """Masks of the plan's target and organs on a grid of the patient's frame."""
    labels = labels_on(data.labels, grid)
    tissues = data.tissues.resampled(grid, data.case.background)
    organs = {o.name: organ_mask(o, grid, labels, tissues) for o in plan.organs}
    return Regions(grid, target_mask(plan.target, grid, labels), organs)


@dataclass(frozen=True)
class OrganNumbers:
    """What happened to one organ at risk, as far as the computed box reaches.

    Attributes:
        organ: its name.
        limit: CEM43 it must stay below [min].
        cem43_max: highest CEM43 [min]; None where the box holds none of the organ.
        peak_temperature: highest temperature [degC]; None likewise.
        volume_over_limit: m3 at or over the limit.
    """

    organ: str
    limit: float
    cem43_max: float | None
    peak_temperature: float | None
    volume_over_limit: float

    @property
    def share_of_limit(self) -> float | None:
        """Highest CEM43 over the limit; 1 and more breaks it."""
        return None if self.cem43_max is None else self.cem43_max / self.limit


@dataclass(frozen=True)
class TreatmentNumbers:
    """What one treatment did, planned or delivered.

    Attributes:
        goal_cem43: CEM43 that counts as ablated [min].
        target_volume: m3.
        ablated_target_volume: m3 of the target at or over the goal.
        ablated_volume: m3 at or over the goal anywhere: the non-perfused volume (NPV) to expect.
        energy: J acoustic.
        beam_on: s.
        duration: s from the start of pre-cooling to the end.
        sonications: exposures.
        peak_temperature: degC, anywhere.
        organs: per organ at risk, in the plan's order.
    """

    goal_cem43: float
    target_volume: float
    ablated_target_volume: float
    ablated_volume: float
    energy: float
    beam_on: float
    duration: float
    sonications: int
    peak_temperature: float
    organs: tuple[OrganNumbers, ...]

    @property
    def npv_ratio(self) -> float:
        """Share of the target's volume that is ablated."""
        return self.ablated_target_volume / self.target_volume

    def eef(self, focusing_factor: float = 1.0) -> float | None:
        """Energy-efficiency factor eta E / NPV [J/m3] (Front Oncol 2021;11:725193); None where nothing was ablated.

        Args:
            focusing_factor: eta; 1 for all the acoustic energy, 0.7 where centres count the focused share only.
        """
        return None if self.ablated_volume == 0 else focusing_factor * self.energy / self.ablated_volume

    def cem43_of(self, start: str) -> float | None:
        """Highest CEM43 [min] among the organs whose name starts so; None if there is none, or none in the box."""
        doses = [o.cem43_max for o in self.organs if o.organ.startswith(start) and o.cem43_max is not None]
        return max(doses, default=None)

    def clinical(self) -> dict[str, float | int | None]:
        """The figures in clinical units, by the names that ``--json`` prints."""
        eef = self.eef()
        return {
            "target_volume_ml": ml_from_m3(self.target_volume),
            "npv_ml": ml_from_m3(self.ablated_volume),
            "npv_ratio": self.npv_ratio,
            "eef_j_per_mm3": None if eef is None else eef * _CUBIC_MM,
            "energy_j": self.energy,
            "treatment_minutes": self.duration / 60,
            "sonications": self.sonications,
            "peak_temperature_c": self.peak_temperature,
            "skin_cem43_max": self.cem43_of("skin"),
            "rib_cem43_max": self.cem43_of("rib"),
            "cartilage_cem43_max": self.cem43_of("cartilage"),
        }


def volume_at_least(field: Field, level: float, mask: NDArray[np.bool_] | None = None) -> float:
    """Volume [m3] of the voxels, of a mask or all, whose value is ``level`` or more."""
    over = field.data >= level
    return float(np.count_nonzero(over if mask is None else over & mask)) * field.grid.voxel_volume


def _organ(organ: OrganAtRisk, mask: NDArray[np.bool_], history: TreatmentHistory) -> OrganNumbers:
    limit = organ.limit.cem43_max
    if not mask.any():
        return OrganNumbers(organ.name, limit, None, None, 0.0)
    return OrganNumbers(
        organ=organ.name,
        limit=limit,
        cem43_max=float(history.cem43.data[mask].max()),
        peak_temperature=float(history.peak_temperature.data[mask].max()),
        volume_over_limit=volume_at_least(history.cem43, limit, mask),
    )


def _check_target_inside(mask: NDArray[np.bool_], grid: Grid) -> None:
    if not mask.any():
        raise GeometryError(f"the dose grid holds no voxel of the target: {grid.describe()}")
    rim = mask.copy()
    rim[1:-1, 1:-1, 1:-1] = False
    if rim.any():
        raise GeometryError(
            f"the target reaches the edge of the dose grid ({grid.describe()}), so its ablated share cannot be told; "
            "compute heat on a larger box"
        )


def treatment_numbers(
    data: CaseData,
    plan: TreatmentPlan,
    history: TreatmentHistory,
    spots: tuple[DeliveredSpot, ...] | None = None,
    masks: Regions | None = None,
) -> TreatmentNumbers:
    """The figures of a plan or of its delivery.

    Args:
        data: the case.
        plan: what was planned.
        history: planned or delivered temperatures and doses.
        spots: what was delivered; None counts the plan's own sonications.
        masks: ``regions`` on the dose grid, where the caller has them already.

    Raises:
        GeometryError: if the dose grid does not hold the whole target, or masks or temperatures are on another grid.
    """
    grid = history.cem43.grid
    grid.require_same(history.peak_temperature.grid, "the peak temperature")
    found = masks or regions(data, plan, grid)
    grid.require_same(found.grid, "the masks")
    _check_target_inside(found.target, grid)
    goal = plan.prescription.goal_cem43
    shots = plan.sonications if spots is None else spots
    return TreatmentNumbers(
        goal_cem43=goal,
        target_volume=float(np.count_nonzero(found.target)) * grid.voxel_volume,
        ablated_target_volume=volume_at_least(history.cem43, goal, found.target),
        ablated_volume=volume_at_least(history.cem43, goal),
        energy=float(sum(s.energy for s in shots)),
        beam_on=float(sum(s.on_time for s in shots)),
        duration=float(history.curves.time[-1]),
        sonications=len(shots),
        peak_temperature=float(history.peak_temperature.data.max()),
        organs=tuple(_organ(o, found.organs[o.name], history) for o in plan.organs),
    )
