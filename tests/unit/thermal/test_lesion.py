"""Thresholds, lesions, damage beside dose, and windows around what is heated."""

from __future__ import annotations

import math

import numpy as np
import pytest

from openhifu.base.errors import GeometryError, OutOfRange, UnknownName
from openhifu.base.field import Field, Quantity
from openhifu.model.medium import Medium
from openhifu.thermal.arrhenius import ARTERY, LIVER, SKIN, ArrheniusDamage, DamageRate, damage_of_history
from openhifu.thermal.boundary import Boundary
from openhifu.thermal.dose import DoseForm, IsoThermalDose, ThermalDose
from openhifu.thermal.lesion import CONTOURS, THRESHOLDS, dose_volume, lesion, lesion_volume, threshold
from openhifu.thermal.pennes import Pennes
from openhifu.thermal.several_doses import SeveralDoses
from openhifu.thermal.window import bracket, heated_window
from tests.thermal_cases import BLOOD, cube, spot
from tests.thermal_cases import LIVER as LIVER_TISSUE


def test_thresholds_are_published_ones_with_their_sources() -> None:
    assert threshold("ablation").cem43 == 240.0
    assert {t.name: t.cem43 for t in THRESHOLDS.values() if t.source.startswith("ISO")} == {
        "muscle": 40.0,
        "fat": 40.0,
        "peripheral nerve": 40.0,
        "skin": 21.0,
        "bone": 16.0,
        "blood-brain barrier": 15.0,
        "brain": 2.0,
    }
    assert all(t.source and t.meaning for t in THRESHOLDS.values())
    assert CONTOURS == (17.0, 240.0)
    with pytest.raises(UnknownName, match="bone"):
        threshold("bones")


def test_a_lesion_is_what_reaches_the_threshold() -> None:
    grid = cube(10)
    data = np.zeros(grid.shape, np.float32)
    data[2:4, 2:4, 2:4], data[5] = 240.0, 100.0
    dose = Field(grid, data, Quantity.CEM43)
    assert lesion(dose, threshold("ablation")).sum() == 8
    assert lesion_volume(dose, threshold("muscle")) == pytest.approx(108e-9)
    region = np.zeros(grid.shape, bool)
    region[5] = True
    assert dose_volume(dose, region, [100.0, 100.1]).tolist() == [1.0, 0.0]
    with pytest.raises(OutOfRange, match="thermal dose"):
        lesion(spot(grid), threshold("ablation"))


@pytest.mark.parametrize(("rate", "celsius", "seconds"), [(SKIN, 60.0, (0.3, 3.0)), (LIVER, 60.0, (2.0, 6.0))])
def test_published_damage_rates_give_the_published_times(
    rate: DamageRate, celsius: float, seconds: tuple[float, float]
) -> None:
    """At 60 C skin is burnt within a second or so and liver coagulates within seconds."""
    assert seconds[0] < rate.threshold_time(celsius) < seconds[1]
    assert ARTERY.threshold_time(70.0) < ARTERY.threshold_time(60.0)


def test_damage_runs_beside_both_forms_of_dose() -> None:
    grid = cube()
    dose, iso, damage = ThermalDose(grid, floor=-math.inf), IsoThermalDose(grid), ArrheniusDamage(grid, LIVER)
    several = SeveralDoses(dose, iso, damage)
    solver = Pennes(Medium.uniform(LIVER_TISSUE, grid), BLOOD, Boundary.INSULATED)
    times, course = [0.0], [37.0]
    for heat in [spot(grid, 1.5e7)] * 8 + [None] * 8:
        solver.advance(0.5, heat, dose=several, step=0.5)
        times.append(solver.time)
        course.append(float(solver.temperature.data[6, 6, 6]))
    assert several.form is DoseForm.CONTINUOUS
    assert several.volume(1.0) == dose.volume(1.0) > 0
    np.testing.assert_array_equal(several.field.data, dose.field.data)
    assert iso.field.data.max() > 0
    assert damage.field.data[6, 6, 6] == pytest.approx(damage_of_history(times, course, LIVER), rel=1e-3)
    assert damage.field.quantity is Quantity.DAMAGE
    assert damage.volume(1e-9) > 0
    with pytest.raises(GeometryError):
        SeveralDoses(dose, ArrheniusDamage(cube(5), LIVER))
    with pytest.raises(OutOfRange, match="two or more"):
        SeveralDoses(dose)


@pytest.mark.parametrize(("a", "e", "source"), [(0.0, 1.0, "x"), (1.0, math.nan, "x"), (1.0, 1.0, " ")])
def test_a_damage_rate_without_sense_or_source_is_refused(a: float, e: float, source: str) -> None:
    with pytest.raises(OutOfRange):
        DamageRate(a, e, source)


def test_a_history_that_goes_back_in_time_is_refused() -> None:
    with pytest.raises(OutOfRange, match="increasing"):
        damage_of_history([0.0, 2.0, 1.0], [40.0, 50.0, 60.0], LIVER)
    with pytest.raises(OutOfRange, match="two or more"):
        damage_of_history([0.0], [40.0], LIVER)


def test_a_window_holds_what_is_heated_and_its_margin() -> None:
    grid = cube(41)
    window = heated_window([spot(grid, width=2e-3)], 5e-3, share=math.exp(-0.5 * 3.1**2))
    assert window.shape == (2 * (6 + 5) + 1,) * 3
    np.testing.assert_allclose(window.world((11, 11, 11)), 0.0, atol=1e-12)
    with pytest.raises(OutOfRange, match="margin"):
        heated_window([spot(grid)], -1.0)
    with pytest.raises(OutOfRange, match="nothing is heated"):
        heated_window([Field(grid, np.zeros(grid.shape, np.float32), Quantity.HEAT_RATE)], 1e-3)
    with pytest.raises(GeometryError):
        heated_window([], 1e-3)


def test_two_boundaries_bracket_a_figure() -> None:
    def peak(boundary: Boundary, count: int = 13) -> float:
        grid = cube(count)
        solver = Pennes(Medium.uniform(LIVER_TISSUE, grid), BLOOD, boundary)
        solver.advance(30.0, spot(grid, 1e6))
        return solver.highest_now

    found, truth = bracket(peak), peak(Boundary.INSULATED, 41)
    assert found.low < truth < found.high
    assert found.error == pytest.approx((found.high - found.low) / 2)
