"""Super-time-steps: stages, layered tissue, what is held, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from openhifu.base.errors import OutOfRange
from openhifu.model.catalogue import tissue
from openhifu.model.medium import Medium
from openhifu.thermal.boundary import Boundary, HeldTemperature
from openhifu.thermal.pennes import Pennes
from openhifu.thermal.super_steps import MOST_STAGES, SuperSteps, reach, stages_for
from tests.thermal_cases import BLOOD, LIVER, cube, layered, spot


@pytest.mark.parametrize(("euler", "stages"), [(0.5, 3), (2.5, 3), (2.6, 5), (7.0, 5), (59.5, 15)])
def test_the_fewest_stages_that_reach(euler: float, stages: int) -> None:
    assert stages_for(euler) == stages
    assert reach(stages) >= euler


def test_layers_and_held_water_agree_with_short_explicit_steps() -> None:
    grid = cube(16, 0.5e-3)
    medium = layered(grid, tissue("water"), tissue("fat"), tissue("muscle"), LIVER)
    held = (HeldTemperature("water", 20.0, film=500.0),)
    plain, ours = (kind(medium, BLOOD, Boundary.HELD_AT_START, held=held) for kind in (Pennes, SuperSteps))
    plain.advance(4.0, spot(grid, 2e7), step=0.02)
    ours.advance(4.0, spot(grid, 2e7), step=0.25)
    plain.advance(40.0, step=0.1)
    ours.advance(40.0, step=2.0)
    difference = np.abs(plain.temperature.data - ours.temperature.data).max()
    assert difference < 0.01 * (plain.highest - 37.0)
    water = medium.map.data == medium.map.index_of("water")
    assert np.all(ours.temperature.data[water] == 20.0)


def test_an_enormous_step_stays_calm() -> None:
    grid = cube(12)
    solver = SuperSteps(Medium.uniform(LIVER, grid), BLOOD, Boundary.INSULATED)
    solver.advance(3.0, spot(grid, 2e7))
    before = solver.highest_now
    solver.advance(solver.stable_step, step=solver.stable_step)
    after = solver.temperature.data
    assert after.max() < before
    assert after.min() > 37.0 - 0.05 * (before - 37.0)


def test_a_step_beyond_fifteen_stages_is_refused() -> None:
    solver = SuperSteps(Medium.uniform(LIVER, cube()), BLOOD, Boundary.INSULATED)
    assert solver.stable_step == pytest.approx(reach(MOST_STAGES) * Pennes(
        Medium.uniform(LIVER, cube()), BLOOD, Boundary.INSULATED
    ).stable_step)  # fmt: skip
    with pytest.raises(OutOfRange, match="stability limit"):
        solver.advance(1e4, step=1.01 * solver.stable_step)
