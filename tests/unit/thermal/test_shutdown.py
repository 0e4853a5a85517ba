"""Perfusion that stops with damage."""

from __future__ import annotations

import math

import numpy as np
import pytest

from openhifu.base.errors import CannotModel, OutOfRange
from openhifu.base.field import Field, Quantity
from openhifu.model.medium import Medium
from openhifu.thermal import exact
from openhifu.thermal.boundary import Boundary
from openhifu.thermal.dose import IsoThermalDose, ThermalDose
from openhifu.thermal.pennes import Pennes
from openhifu.thermal.shutdown import PerfusionShutdown
from openhifu.thermal.validation_setups import uniform_of
from tests.thermal_cases import BLOOD, LIVER, cube, spot, temperature

RULE = PerfusionShutdown(1.0, "chosen for a test")


def test_tissue_without_blood_no_longer_cools() -> None:
    grid = cube(5)
    solver = Pennes(
        Medium.uniform(LIVER, grid), BLOOD, Boundary.INSULATED, start=temperature(grid, 60.0), shutdown=RULE
    )
    dose = ThermalDose(grid)
    solver.advance(0.5, dose=dose)
    after = solver.temperature.data
    assert after.max() < 60.0
    solver.advance(50.0, dose=dose)
    np.testing.assert_allclose(solver.temperature.data, after, atol=1e-4)


def test_until_the_threshold_nothing_changes() -> None:
    grid = cube()
    results = []
    for rule in (None, PerfusionShutdown(1e6, "chosen for a test")):
        solver = Pennes(Medium.uniform(LIVER, grid), BLOOD, Boundary.INSULATED, shutdown=rule)
        solver.advance(5.0, spot(grid, 1e7), dose=ThermalDose(grid), step=0.5)
        results.append(solver.temperature.data)
    np.testing.assert_array_equal(*results)


def test_uniform_heating_with_shutdown_follows_the_closed_form_in_two_pieces() -> None:
    grid, rate = cube(3), 2e6
    numbers = uniform_of(LIVER, BLOOD)
    solver = Pennes(Medium.uniform(LIVER, grid), BLOOD, Boundary.INSULATED, shutdown=RULE)
    dose = ThermalDose(grid)
    heat = Field(grid, np.full(grid.shape, rate), Quantity.HEAT_RATE)
    while dose.minutes.max() <= RULE.cem43:
        solver.advance(0.02, heat, dose=dose)
    before, time = solver.highest - 37.0, solver.time
    assert before == pytest.approx(exact.uniform_heating(numbers, rate, time), rel=1e-3)
    solver.advance(10.0, heat, dose=dose)
    assert solver.highest - 37.0 - before == pytest.approx(rate * 10.0 / numbers.heat_capacity, rel=1e-4)


def test_without_the_dose_it_follows_it_is_refused() -> None:
    grid = cube(4)
    solver = Pennes(Medium.uniform(LIVER, grid), BLOOD, Boundary.INSULATED, shutdown=RULE)
    for dose in (None, IsoThermalDose(grid)):
        with pytest.raises(CannotModel, match="hand a ThermalDose"):
            solver.advance(1.0, dose=dose)
    assert solver.time == 0.0
    assert "perfusion stops" in solver.method


@pytest.mark.parametrize(("cem43", "source"), [(0.0, "x"), (math.nan, "x"), (math.inf, "x"), (240.0, " ")])
def test_a_threshold_needs_a_number_and_a_source(cem43: float, source: str) -> None:
    with pytest.raises(OutOfRange):
        PerfusionShutdown(cem43, source)
