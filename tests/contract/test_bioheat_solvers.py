"""What every bioheat solver must do, whatever its method."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from openhifu.base.errors import GeometryError, HifuError, OutOfRange
from openhifu.base.field import Field, Quantity
from openhifu.model.medium import Medium
from openhifu.thermal import exact
from openhifu.thermal.boundary import Boundary
from openhifu.thermal.dose import IsoThermalDose, ThermalDose, cem43_of_history
from openhifu.thermal.pennes import Pennes
from openhifu.thermal.solver import BioheatSolver
from openhifu.thermal.spectral import Spectral
from openhifu.thermal.super_steps import SuperSteps
from openhifu.thermal.validation_setups import uniform_of
from openhifu.thermal.varying import VaryingPennes
from tests.thermal_cases import BLOOD, LIVER, UNPERFUSED, ball, cube, spot, temperature

Make = Callable[[Medium, float | Field], BioheatSolver]


def pennes(medium: Medium, start: float | Field = 37.0) -> BioheatSolver:
    return Pennes(medium, BLOOD, Boundary.INSULATED, start=start, track_peak=True)


def spectral(medium: Medium, start: float | Field = 37.0) -> BioheatSolver:
    return Spectral(medium, BLOOD, start=start, track_peak=True)


def super_steps(medium: Medium, start: float | Field = 37.0) -> BioheatSolver:
    return SuperSteps(medium, BLOOD, Boundary.INSULATED, start=start, track_peak=True)


def varying(medium: Medium, start: float | Field = 37.0) -> BioheatSolver:
    return VaryingPennes(medium, BLOOD, Boundary.INSULATED, start=start, track_peak=True)


@pytest.fixture(params=[pennes, spectral, super_steps, varying], ids=lambda make: make.__name__)
def make(request: pytest.FixtureRequest) -> Make:
    return request.param


def test_a_body_at_rest_stays_at_rest(make: Make) -> None:
    solver = make(Medium.uniform(LIVER, cube()), 37.0)
    solver.advance(100.0)
    assert solver.time == 100.0
    assert np.all(solver.temperature.data == 37.0)
    assert solver.highest == 37.0
    assert not solver.exceeded_boiling


def test_heating_everywhere_follows_the_closed_form(make: Make) -> None:
    grid = cube(5)
    solver = make(Medium.uniform(LIVER, grid), 37.0)
    solver.advance(30.0, Field(grid, np.full(grid.shape, 5e5), Quantity.HEAT_RATE), 2.0, step=0.1)
    truth = exact.uniform_heating(uniform_of(LIVER, BLOOD), 1e6, 30.0)
    np.testing.assert_allclose(solver.temperature.data - 37.0, truth, rtol=1e-3)


def test_without_perfusion_heat_is_kept(make: Make) -> None:
    grid = cube(16)
    solver = make(Medium.uniform(UNPERFUSED, grid), 37.0)
    source = spot(grid, peak=3e6)
    solver.advance(10.0, source)
    solver.advance(60.0)
    capacity = uniform_of(UNPERFUSED, BLOOD).heat_capacity
    kept = capacity * (solver.temperature.data.astype(float) - 37.0).sum()
    assert kept == pytest.approx(10.0 * source.data.sum(), rel=1e-5)


def test_a_flash_spreads_as_the_heat_kernel_says(make: Make) -> None:
    grid, width, length = cube(20), 3e-3, 20e-3
    numbers = uniform_of(LIVER, BLOOD)
    x = (np.arange(20) + 0.5) * 1e-3

    def product(time: float) -> np.ndarray:
        one = exact.flash_in_box(numbers, width, length, x, time)
        calm = math.exp(-numbers.loss * time)
        return one[:, None, None] * one[None, :, None] * one[None, None, :] / calm**2

    solver = make(Medium.uniform(LIVER, grid), Field(grid, 37.0 + 20 * product(0.0), Quantity.TEMPERATURE))
    solver.advance(20.0)
    assert np.abs(solver.temperature.data - 37.0 - 20 * product(20.0)).max() < 0.03 * 20


def test_time_may_be_cut_as_one_likes(make: Make) -> None:
    grid = cube()
    whole, parts = (make(Medium.uniform(LIVER, grid), 37.0) for _ in range(2))
    source = spot(grid)
    whole.advance(4.0, source, step=0.5)
    for _ in range(4):
        parts.advance(1.0, source, step=0.5)
    parts.advance(0.0, source)
    np.testing.assert_allclose(whole.temperature.data, parts.temperature.data, rtol=0, atol=1e-9)


def test_twice_the_power_is_twice_the_rise(make: Make) -> None:
    grid = cube()
    one, two = (make(Medium.uniform(LIVER, grid), 37.0) for _ in range(2))
    one.advance(5.0, spot(grid), 1.0)
    two.advance(5.0, spot(grid), 2.0)
    np.testing.assert_allclose(two.temperature.data - 37.0, 2 * (one.temperature.data - 37.0), atol=2e-5)


def test_dose_is_that_of_the_history(make: Make) -> None:
    grid = cube()
    solver = make(Medium.uniform(LIVER, grid), 37.0)
    dose, iso = ThermalDose(grid, floor=-math.inf), IsoThermalDose(grid)
    again = make(Medium.uniform(LIVER, grid), 37.0)
    times, course = [0.0], [37.0]
    for heat in [spot(grid, 1.2e7)] * 8 + [None] * 12:
        solver.advance(0.5, heat, dose=dose, step=0.5)
        again.advance(0.5, heat, dose=iso, step=0.5)
        times.append(solver.time)
        course.append(float(solver.temperature.data[6, 6, 6]))
    assert 46 < max(course) < 57
    for running in (dose, iso):
        truth = cem43_of_history(times, course, running.form)
        assert running.field.data[6, 6, 6] == pytest.approx(truth, rel=1e-4)


def test_peak_and_probe_follow_the_hottest(make: Make) -> None:
    grid = cube()
    solver = make(Medium.uniform(LIVER, grid), 37.0)
    middle = ball("middle", grid, 2e-3)
    solver.advance(3.0, spot(grid, 1e7), step=0.5)
    top = solver.temperature.data
    assert solver.hottest(middle) == pytest.approx(top.max(), abs=1e-5)
    assert solver.highest_now == pytest.approx(top.max(), abs=1e-5)
    solver.advance(30.0)
    assert solver.highest == pytest.approx(top.max(), abs=1e-5)
    assert solver.hottest(middle) < solver.highest - 5
    np.testing.assert_array_less(top - 1e-5, solver.peak.data)


def test_boiling_is_flagged_and_not_clipped(make: Make) -> None:
    grid = cube()
    solver = make(Medium.uniform(LIVER, grid), 37.0)
    solver.advance(5.0, spot(grid, 1e8))
    assert solver.exceeded_boiling
    assert solver.highest > 101
    assert solver.temperature.data.max() == pytest.approx(solver.highest, rel=1e-6)


def test_a_solver_of_constant_properties_says_that_rises_add(make: Make) -> None:
    assert make(Medium.uniform(LIVER, cube()), 37.0).linear


def test_restart_goes_back_to_the_beginning(make: Make) -> None:
    grid = cube()
    solver = make(Medium.uniform(LIVER, grid), temperature(grid, 38.0))
    solver.advance(5.0, spot(grid))
    first = solver.temperature.data
    solver.restart()
    assert solver.time == 0.0
    assert solver.highest == pytest.approx(38.0)
    assert np.all(solver.peak.data == np.float32(38.0))
    solver.advance(5.0, spot(grid))
    np.testing.assert_array_equal(solver.temperature.data, first)


def test_a_snapshot_does_not_change_later(make: Make) -> None:
    grid = cube()
    solver = make(Medium.uniform(LIVER, grid), 37.0)
    before = solver.temperature
    solver.advance(2.0, spot(grid))
    assert np.all(before.data == 37.0)


def nan_spot() -> Field:
    field = spot(cube())
    field.data[2, 3, 4] = math.nan
    return field


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"duration": -1.0}, OutOfRange, "duration"),
        ({"duration": math.nan}, OutOfRange, "duration"),
        ({"duration": 1.0, "heat": spot(cube(13))}, GeometryError, "heat rate is on another grid"),
        ({"duration": 1.0, "heat": temperature(cube(), 40.0)}, GeometryError, "give a heat rate"),
        ({"duration": 1.0, "heat": nan_spot()}, OutOfRange, "finite and not negative"),
        ({"duration": 1.0, "heat": spot(cube(), -1.0)}, OutOfRange, "finite and not negative"),
        ({"duration": 1.0, "heat": spot(cube()), "scale": -1.0}, OutOfRange, "scale"),
        ({"duration": 1.0, "heat": spot(cube()), "scale": math.inf}, OutOfRange, "scale"),
        ({"duration": 1.0, "heat": nan_spot(), "scale": 0.0}, OutOfRange, "finite and not negative"),
        ({"duration": 1.0, "step": 0.0}, OutOfRange, "step"),
        ({"duration": 1.0, "dose": ThermalDose(cube(13))}, GeometryError, "dose is on another grid"),
    ],
)
def test_what_is_refused_changes_nothing(make: Make, arguments: dict, error: type[HifuError], words: str) -> None:
    grid = cube()
    solver = make(Medium.uniform(LIVER, grid), 37.0)
    solver.advance(1.0, spot(grid))
    before, time = solver.temperature.data, solver.time
    with pytest.raises(error, match=words):
        solver.advance(**arguments)
    np.testing.assert_array_equal(solver.temperature.data, before)
    assert solver.time == time


def test_a_step_beyond_the_stable_one_is_refused(make: Make) -> None:
    solver = make(Medium.uniform(LIVER, cube()), 37.0)
    if math.isinf(solver.stable_step):
        pytest.skip("every step is stable for this solver")
    with pytest.raises(OutOfRange, match="stability limit"):
        solver.advance(10.0, step=1.01 * solver.stable_step)
    assert solver.time == 0.0


def test_a_probe_of_another_grid_is_refused(make: Make) -> None:
    solver = make(Medium.uniform(LIVER, cube()), 37.0)
    with pytest.raises(GeometryError, match="another grid"):
        solver.hottest(ball("middle", cube(13), 2e-3))


@pytest.mark.parametrize("start", [math.nan, -3.0, 130.0])
def test_a_start_that_is_no_tissue_temperature_is_refused(make: Make, start: float) -> None:
    with pytest.raises(OutOfRange, match="0 to 100"):
        make(Medium.uniform(LIVER, cube()), start)
    with pytest.raises(OutOfRange, match="0 to 100"):
        make(Medium.uniform(LIVER, cube()), temperature(cube(), start))
    with pytest.raises(GeometryError, match="another grid"):
        make(Medium.uniform(LIVER, cube()), temperature(cube(5), 37.0))
