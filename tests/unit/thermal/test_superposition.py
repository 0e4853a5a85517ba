"""Spots from the response of one, and gradients of whole treatments."""

from __future__ import annotations

import numpy as np
import pytest

from openhifu.base.errors import CannotModel, GeometryError, OutOfRange
from openhifu.base.field import Field
from openhifu.model.catalogue import tissue
from openhifu.model.medium import Medium
from openhifu.thermal.adjoint import LinearTreatment, Stretch
from openhifu.thermal.boundary import Boundary, HeldTemperature
from openhifu.thermal.pennes import Pennes
from openhifu.thermal.shutdown import PerfusionShutdown
from openhifu.thermal.superposition import Shot, SpotResponse
from openhifu.thermal.validation_treatment import moved_heat
from tests.thermal_cases import BLOOD, LIVER, cube, layered, spot


def response(count: int = 41) -> SpotResponse:
    grid = cube(count)
    solver = Pennes(Medium.uniform(LIVER, grid), BLOOD, Boundary.INSULATED)
    return SpotResponse.of(solver, Medium.uniform(LIVER, grid), spot(grid, 1e5), 4.0, 2.0, step=1.0)


def test_moved_and_added_responses_are_the_whole_treatment() -> None:
    grid = cube(41)
    shots = [Shot((20, 20, 20), 0.0, 200.0), Shot((24, 20, 18), 10.0, 150.0), Shot((17, 22, 20), 20.0, 0.0)]
    direct = Pennes(Medium.uniform(LIVER, grid), BLOOD, Boundary.INSULATED)
    for shot in shots:
        heat = Field(grid, np.roll(spot(grid, 1e5).data, np.array(shot.voxel) - 20, (0, 1, 2)), spot(grid).quantity)
        direct.advance(4.0, heat, shot.power, step=1.0)
        direct.advance(6.0, step=1.0)
    summed = response().temperature(grid, shots, direct.time).data
    stepped = direct.temperature.data
    assert stepped.max() > 40.0
    np.testing.assert_allclose(summed, stepped, atol=1e-3 * (stepped.max() - 37.0))


def test_what_is_not_linear_or_not_uniform_is_refused() -> None:
    grid = cube(11)
    rule = PerfusionShutdown(240.0, "chosen for a test")
    stopping = Pennes(Medium.uniform(LIVER, grid), BLOOD, Boundary.INSULATED, shutdown=rule)
    with pytest.raises(CannotModel, match="rises add only"):
        SpotResponse.of(stopping, Medium.uniform(LIVER, grid), spot(grid), 4.0, 2.0)
    mixed = layered(grid, LIVER, tissue("fat"))
    with pytest.raises(CannotModel, match="uniform tissue"):
        SpotResponse.of(Pennes(mixed, BLOOD, Boundary.INSULATED), mixed, spot(grid), 4.0, 2.0)
    plain = Pennes(Medium.uniform(LIVER, grid), BLOOD, Boundary.INSULATED)
    with pytest.raises(OutOfRange, match="lattice"):
        SpotResponse.of(plain, Medium.uniform(LIVER, grid), spot(grid), 3.0, 2.0)
    even = cube(10)
    with pytest.raises(GeometryError, match="middle voxel"):
        SpotResponse.of(
            Pennes(Medium.uniform(LIVER, even), BLOOD, Boundary.INSULATED),
            Medium.uniform(LIVER, even),
            spot(even),
            4.0,
            2.0,
        )


def test_times_and_spacings_off_the_lattice_are_refused() -> None:
    known = response(11)
    with pytest.raises(OutOfRange, match="off the lattice"):
        known.temperature(cube(11), [Shot((5, 5, 5), 0.5, 1.0)], 4.0)
    with pytest.raises(GeometryError, match="voxels"):
        known.temperature(cube(11, 2e-3), [Shot((5, 5, 5), 0.0, 1.0)], 4.0)
    with pytest.raises(OutOfRange, match="power"):
        known.temperature(cube(11), [Shot((5, 5, 5), 0.0, -1.0)], 4.0)


def test_the_gradient_of_a_treatment_across_layers_and_water_is_that_of_differences() -> None:
    grid = cube(15)
    medium = layered(grid, tissue("water"), tissue("fat"), tissue("muscle"), LIVER)
    held = (HeldTemperature("water", 37.0),)
    run = LinearTreatment(medium, BLOOD, Boundary.HELD_AT_START, 0.5, held)
    heats = [moved_heat(grid, v) for v in ((7, 7, 8), (5, 8, 11))]
    weight = np.random.default_rng(3).normal(size=grid.shape).astype(np.float32)

    def objective(powers: tuple[float, float]) -> float:
        total = [0.0]
        parts = [Stretch(3.0, heats[0], powers[0]), Stretch(2.0), Stretch(3.0, heats[1], powers[1]), Stretch(4.0)]
        run.forward(parts, lambda n, rise: total.__setitem__(0, total[0] + (n + 1) * float((weight * rise).sum())))
        return total[0]

    parts = [Stretch(3.0, heats[0], 2.0), Stretch(2.0), Stretch(3.0, heats[1], 3.0), Stretch(4.0)]
    found = run.gradient(parts, lambda n: (n + 1) * weight)
    assert found[1] == found[3] == 0.0
    assert found[0] == pytest.approx(objective((1.0, 0.0)), rel=1e-4)
    assert found[2] == pytest.approx(objective((0.0, 1.0)), rel=1e-4)


def test_a_step_beyond_the_stable_one_is_refused() -> None:
    with pytest.raises(OutOfRange, match="stability limit"):
        LinearTreatment(Medium.uniform(LIVER, cube()), BLOOD, Boundary.INSULATED, 10.0)
