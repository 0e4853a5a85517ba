"""Volumes, energy per volume and dose-volume curves against closed forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.base.field import Field, Quantity
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.model.case_data import CaseData
from openhifu.model.delivered import DeliveredSpot
from openhifu.model.history import TreatmentHistory
from openhifu.model.plan import TreatmentPlan
from openhifu.reporting.inputs import ReportInput
from openhifu.reporting.numbers import regions, treatment_numbers, volume_at_least
from openhifu.thermal.lesion import dose_volume

HALF = 14e-3


def ball(radius: float) -> float:
    return 4 / 3 * np.pi * radius**3


def around_target(plan: TreatmentPlan, half: float = HALF, spacing: float = 0.5e-3) -> tuple[Grid, NDArray[np.float64]]:
    """An oblique grid around the target, and each voxel's distance from its centre."""
    grid = Grid.along(plan.pose.axes, plan.pose.focus, [-half] * 3, [half] * 3, spacing, Frame.PATIENT)
    return grid, np.linalg.norm(grid.points() - np.asarray(plan.pose.focus), axis=-1)


def dosed(planned: TreatmentHistory, grid: Grid, dose: NDArray[np.float64]) -> TreatmentHistory:
    heat = Field(grid, 37 + np.log2(1 + dose), Quantity.TEMPERATURE)
    return replace(planned, cem43=Field(grid, dose, Quantity.CEM43), peak_temperature=heat)


def test_a_ball_of_dose_in_a_ball_of_target(data: CaseData, plan: TreatmentPlan, planned: TreatmentHistory) -> None:
    grid, away = around_target(plan)
    numbers = treatment_numbers(data, plan, dosed(planned, grid, np.where(away <= 9e-3, 300.0, 1.0)))
    assert numbers.target_volume == pytest.approx(ball(11e-3), rel=5e-3)
    assert numbers.ablated_volume == pytest.approx(ball(9e-3), rel=5e-3)
    assert numbers.npv_ratio == pytest.approx((9 / 11) ** 3, rel=8e-3)
    assert numbers.energy == pytest.approx(sum(s.acoustic_power * s.on_time for s in plan.sonications))
    eef, focused = numbers.eef(), numbers.eef(0.7)
    assert eef == pytest.approx(plan.energy / ball(9e-3), rel=5e-3)
    assert eef is not None and focused == pytest.approx(0.7 * eef)
    assert numbers.clinical()["eef_j_per_mm3"] == pytest.approx(plan.energy / (ball(9e-3) * 1e9), rel=5e-3)


def test_what_is_ablated_beside_the_target_counts_for_the_volume_but_not_for_the_ratio(
    data: CaseData, plan: TreatmentPlan, planned: TreatmentHistory
) -> None:
    grid, away = around_target(plan)
    numbers = treatment_numbers(data, plan, dosed(planned, grid, np.where(away <= 13e-3, 240.0, 0.0)))
    assert numbers.npv_ratio == 1.0
    assert numbers.ablated_volume == pytest.approx(ball(13e-3), rel=5e-3)


def test_volume_converges_to_the_ball(plan: TreatmentPlan) -> None:
    errors = []
    for spacing in (2e-3, 0.4e-3):
        grid, away = around_target(plan, spacing=spacing)
        field = Field(grid, np.where(away <= 10e-3, 1.0, 0.0), Quantity.CEM43)
        errors.append(abs(volume_at_least(field, 1.0) / ball(10e-3) - 1))
    assert errors[1] < 5e-3
    assert errors[1] < errors[0]


def test_dose_volume_curve_of_a_cone_of_dose(plan: TreatmentPlan) -> None:
    grid, away = around_target(plan, spacing=0.4e-3)
    reach, top = 11e-3, 500.0
    inside = away <= reach
    field = Field(grid, top * (1 - away / reach), Quantity.CEM43)
    doses = np.array([0.0, 50.0, 150.0, 300.0, 450.0])
    np.testing.assert_allclose(dose_volume(field, inside, doses), (1 - doses / top) ** 3, atol=4e-3)


def test_dose_volume_counts_the_dose_itself_as_reached(plan: TreatmentPlan) -> None:
    grid, away = around_target(plan, spacing=2e-3)
    field = Field(grid, np.full(grid.shape, 240.0), Quantity.CEM43)
    assert dose_volume(field, away < 5e-3, [239.9, 240.0, 240.1]).tolist() == [1.0, 1.0, 0.0]
    with pytest.raises(OutOfRange, match="at least one voxel"):
        dose_volume(field, away < 0, [1.0])


def test_nothing_ablated_has_no_energy_per_volume(
    data: CaseData, plan: TreatmentPlan, planned: TreatmentHistory
) -> None:
    grid, away = around_target(plan, spacing=1e-3)
    numbers = treatment_numbers(data, plan, dosed(planned, grid, np.zeros_like(away)))
    assert numbers.eef() is None and numbers.clinical()["eef_j_per_mm3"] is None
    assert numbers.npv_ratio == 0.0


@pytest.mark.parametrize("half", [6e-3, 10.9e-3])
def test_a_box_that_cuts_the_target_is_refused(
    data: CaseData, plan: TreatmentPlan, planned: TreatmentHistory, half: float
) -> None:
    grid, away = around_target(plan, half)
    with pytest.raises(GeometryError, match="larger box"):
        treatment_numbers(data, plan, dosed(planned, grid, away))


def test_masks_of_another_grid_are_refused(data: CaseData, plan: TreatmentPlan, planned: TreatmentHistory) -> None:
    grid, _ = around_target(plan)
    with pytest.raises(GeometryError, match="masks"):
        treatment_numbers(data, plan, planned, masks=regions(data, plan, grid))


def test_organs_are_judged_by_their_hottest_voxel(
    data: CaseData, plan: TreatmentPlan, planned: TreatmentHistory
) -> None:
    masks = regions(data, plan, planned.cem43.grid)
    numbers = treatment_numbers(data, plan, planned, masks=masks)
    ribs = next(o for o in numbers.organs if o.organ == "ribs")
    assert ribs.cem43_max == planned.cem43.data[masks.organs["ribs"]].max()
    assert ribs.cem43_max is not None and ribs.share_of_limit == pytest.approx(ribs.cem43_max / 16.0)
    assert ribs.volume_over_limit == 0.0
    assert numbers.cem43_of("rib") == ribs.cem43_max
    cartilage = next(o for o in numbers.organs if o.organ == "cartilage")
    assert not masks.organs["cartilage"].any() and cartilage.cem43_max is None and cartilage.share_of_limit is None
    assert numbers.cem43_of("bladder") is None


def test_an_organ_over_its_limit_tells_the_volume(
    data: CaseData, plan: TreatmentPlan, planned: TreatmentHistory
) -> None:
    masks = regions(data, plan, planned.cem43.grid)
    flooded = replace(planned, cem43=Field(planned.cem43.grid, np.full(masks.grid.shape, 20.0), Quantity.CEM43))
    ribs = next(o for o in treatment_numbers(data, plan, flooded, masks=masks).organs if o.organ == "ribs")
    assert ribs.volume_over_limit == pytest.approx(np.count_nonzero(masks.organs["ribs"]) * masks.grid.voxel_volume)
    assert ribs.share_of_limit == pytest.approx(20 / 16)


def test_delivered_energy_is_that_of_the_spots(given: ReportInput) -> None:
    spots: tuple[DeliveredSpot, ...] = given.spots[:3]
    numbers = treatment_numbers(given.data, given.plan, given.planned, spots)
    assert numbers.sonications == 3
    assert numbers.energy == pytest.approx(sum(s.energy for s in spots))
    assert numbers.beam_on == pytest.approx(60.0)


def test_the_json_fields(given: ReportInput) -> None:
    fields = treatment_numbers(given.data, given.plan, given.planned).clinical()
    assert list(fields) == [
        "target_volume_ml",
        "npv_ml",
        "npv_ratio",
        "eef_j_per_mm3",
        "energy_j",
        "treatment_minutes",
        "sonications",
        "peak_temperature_c",
        "skin_cem43_max",
        "rib_cem43_max",
        "cartilage_cem43_max",
    ]
    assert fields["treatment_minutes"] == pytest.approx(62.0, abs=0.1)
    assert fields["target_volume_ml"] == pytest.approx(5.575, rel=1e-2)
