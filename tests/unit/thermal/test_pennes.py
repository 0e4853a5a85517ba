"""The explicit heterogeneous solver: what only it does."""

from __future__ import annotations

import math

import numpy as np
import pytest

from openhifu.base.errors import CannotModel, MissingProperty, OutOfRange, UnknownName
from openhifu.base.field import Field, Quantity
from openhifu.model.catalogue import tissue
from openhifu.model.medium import Medium
from openhifu.model.tissue import Known, Missing, Property, Tissue
from openhifu.thermal.boundary import Boundary, HeldTemperature
from openhifu.thermal.dose import ThermalDose
from openhifu.thermal.pennes import Pennes
from openhifu.thermal.validation_setups import uniform_of
from tests.thermal_cases import BLOOD, LIVER, UNPERFUSED, ball, cube, layered, spot

FAT, MUSCLE, BONE, WATER = (tissue(n) for n in ("fat", "muscle", "bone_cortical", "water"))


def broken(prop: Property, value: float) -> Tissue:
    known = Known(nominal=value, low=value, high=value, source="chosen for a test")
    return LIVER.model_copy(update={"values": {**LIVER.values, prop: known}})


def reference_step(medium: Medium, rise: np.ndarray, heat: np.ndarray, dt: float) -> np.ndarray:
    """One step written out voxel by voxel in float64, insulated, without regard to speed."""
    h = medium.grid.spacing[0]
    numbers = [uniform_of(t, BLOOD) for t in medium.tissues]
    out = rise.copy()
    for i, j, k in np.ndindex(*rise.shape):
        own = numbers[medium.map.data[i, j, k]]
        flow = 0.0
        for di, dj, dk in ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)):
            a, b, c = i + di, j + dj, k + dk
            if not (0 <= a < rise.shape[0] and 0 <= b < rise.shape[1] and 0 <= c < rise.shape[2]):
                continue
            other = numbers[medium.map.data[a, b, c]]
            k1, k2 = (n.diffusivity * n.heat_capacity for n in (own, other))
            flow += 2 * k1 * k2 / (k1 + k2) * (rise[a, b, c] - rise[i, j, k]) / h**2
        out[i, j, k] += dt * ((flow + heat[i, j, k]) / own.heat_capacity - own.loss * rise[i, j, k])
    return out


def test_any_arrangement_of_tissues_steps_as_written_out_by_hand() -> None:
    grid = cube(7)
    rng = np.random.default_rng(4)
    medium = layered(grid, FAT, MUSCLE, BONE, LIVER)
    medium.map.data[2:5, 3:, :] = rng.integers(0, 4, (3, 4, 7))
    rise, heat = rng.uniform(0, 20, grid.shape), rng.uniform(0, 1e6, grid.shape)
    solver = Pennes(
        medium, BLOOD, Boundary.INSULATED, start=Field(grid, 37.0 + rise, Quantity.TEMPERATURE), track_peak=True
    )
    solver.advance(1.5, Field(grid, heat, Quantity.HEAT_RATE), step=0.5)
    for _ in range(3):
        rise = reference_step(medium, rise, heat, 0.5)
    np.testing.assert_allclose(solver.temperature.data - 37.0, rise, atol=2e-5)


def test_the_stable_step_of_uniform_tissue_is_the_textbook_one() -> None:
    solver = Pennes(Medium.uniform(UNPERFUSED, cube(9)), BLOOD, Boundary.INSULATED)
    diffusivity = uniform_of(UNPERFUSED, BLOOD).diffusivity
    assert solver.stable_step == pytest.approx(1e-6 / (6 * diffusivity), rel=1e-6)


def test_the_largest_step_of_mixed_tissue_is_stable() -> None:
    grid = cube(8)
    medium = layered(grid, FAT, BONE, LIVER, WATER)
    medium.map.data[...] = np.random.default_rng(1).integers(0, 4, grid.shape)
    start = np.random.default_rng(2).uniform(37.0, 60.0, grid.shape)
    solver = Pennes(medium, BLOOD, Boundary.INSULATED, start=Field(grid, start, Quantity.TEMPERATURE))
    for _ in range(20):
        solver.advance(10 * solver.stable_step)
    assert 37.0 <= solver.temperature.data.min() <= solver.temperature.data.max() < 60.0


def test_a_face_held_at_start_carries_heat_away_and_an_insulated_one_does_not() -> None:
    grid = cube(6)
    left = []
    for boundary in (Boundary.INSULATED, Boundary.HELD_AT_START):
        solver = Pennes(Medium.uniform(UNPERFUSED, grid), BLOOD, boundary)
        solver.advance(5.0, spot(grid))
        solver.advance(100.0)
        left.append((solver.temperature.data - 37.0).sum())
    insulated, held = left
    assert held < 0.1 * insulated


def test_cold_water_cools_the_skin_to_its_own_temperature() -> None:
    grid = cube(12, 0.5e-3)
    medium = layered(grid, WATER, tissue("skin"), FAT)
    solver = Pennes(medium, BLOOD, Boundary.INSULATED, held=(HeldTemperature("water", 25.0),))
    solver.advance(60.0)
    course = solver.temperature.data[5, 5]
    assert np.all(course[:4] == 25.0)
    assert 25.0 < course[4] < 27.0
    assert np.all(np.diff(course[3:]) > 0)


def test_a_film_slows_the_cooling() -> None:
    grid = cube(12, 0.5e-3)
    medium = layered(grid, WATER, tissue("skin"), FAT)
    surface = []
    for film in (50.0, 500.0, math.inf):
        water = HeldTemperature("water", 25.0, film)
        solver = Pennes(medium, BLOOD, Boundary.INSULATED, held=(water,))
        solver.advance(60.0)
        surface.append(float(solver.temperature.data[5, 5, 4]))
    assert 37.0 > surface[0] > surface[1] > surface[2]


def test_gas_that_insulates_neither_warms_nor_shortens_the_step() -> None:
    grid = cube(10)
    gas = tissue("gas")
    medium = layered(grid, LIVER, gas)
    plain = Pennes(medium, BLOOD, Boundary.INSULATED)
    closed = Pennes(medium, BLOOD, Boundary.INSULATED, insulating=("gas",))
    assert closed.stable_step > 50 * plain.stable_step
    closed.advance(5.0, spot(grid))
    assert np.all(closed.temperature.data[..., 5:] == 37.0)
    assert closed.temperature.data[..., :5].max() > 40.0


def test_metabolic_heat_is_off_unless_asked_for() -> None:
    grid = cube(4)
    solver = Pennes(Medium.uniform(LIVER, grid), BLOOD, Boundary.INSULATED, metabolism=True)
    solver.advance(1.0)
    expected = LIVER.value(Property.METABOLIC_HEAT) / LIVER.value(Property.HEAT_CAPACITY)
    np.testing.assert_allclose(solver.temperature.data - 37.0, expected, rtol=0.02)


def test_the_floor_leaves_out_less_dose_than_is_stated() -> None:
    grid = cube()
    plain, full = ThermalDose(grid), ThermalDose(grid, floor=-math.inf)
    for dose in (plain, full):
        solver = Pennes(Medium.uniform(LIVER, grid), BLOOD, Boundary.INSULATED)
        solver.advance(5.0, spot(grid, 1.4e7), dose=dose)
        solver.advance(30.0, dose=dose)
    missing = full.field.data - plain.field.data
    assert 0 <= missing.max() < 0.06 * 35 / 3600
    assert full.field.data.max() > 0.6


def test_heat_of_any_float_type_or_order_gives_the_same() -> None:
    grid = cube()
    results = []
    for data in (spot(grid).data.astype(np.float32), np.asfortranarray(spot(grid).data.astype(np.float32))):
        data.setflags(write=False)
        solver = Pennes(Medium.uniform(LIVER, grid), BLOOD, Boundary.INSULATED)
        solver.advance(2.0, Field(grid, data, Quantity.HEAT_RATE))
        results.append(solver.temperature.data)
    np.testing.assert_array_equal(*results)


def test_a_peak_that_was_not_followed_is_not_invented() -> None:
    solver = Pennes(Medium.uniform(LIVER, cube(4)), BLOOD, Boundary.INSULATED)
    with pytest.raises(CannotModel, match="track_peak"):
        _ = solver.peak


@pytest.mark.parametrize(
    ("prop", "value", "word"),
    [
        (Property.CONDUCTIVITY, -0.5, "positive"),
        (Property.DENSITY, 0.0, "positive"),
        (Property.HEAT_CAPACITY, -1.0, "positive"),
        (Property.PERFUSION, -1e-6, "not negative"),
    ],
)
def test_impossible_properties_are_refused(prop: Property, value: float, word: str) -> None:
    with pytest.raises(OutOfRange, match=f"liver.*{word}"):
        Pennes(Medium.uniform(broken(prop, value), cube(4)), BLOOD, Boundary.INSULATED)


def test_a_missing_property_is_named_unless_the_tissue_is_held() -> None:
    bare = WATER.model_copy(
        update={"values": {**WATER.values, Property.CONDUCTIVITY: Missing(reason="taken away for a test")}}
    )
    medium = layered(cube(6), bare, LIVER)
    with pytest.raises(MissingProperty, match="water.*conductivity"):
        Pennes(medium, BLOOD, Boundary.INSULATED)
    Pennes(medium, BLOOD, Boundary.INSULATED, held=(HeldTemperature("water", 25.0),)).advance(1.0)


def test_a_held_tissue_that_is_not_there_is_named() -> None:
    with pytest.raises(UnknownName, match="watr"):
        Pennes(layered(cube(6), WATER, LIVER), BLOOD, Boundary.INSULATED, held=(HeldTemperature("watr", 25.0),))


def test_impossible_water_is_refused() -> None:
    with pytest.raises(OutOfRange, match="0 to 100"):
        HeldTemperature("water", 120.0)
    with pytest.raises(OutOfRange, match="film"):
        HeldTemperature("water", 20.0, 0.0)


def test_voxels_need_not_be_cubes() -> None:
    from openhifu.base.grid import Grid

    fine = cube(12)
    affine = np.array(fine.affine)
    affine[:3, 2] *= 2
    flat = Grid((12, 12, 6), affine, fine.frame)
    results = []
    for grid in (fine, flat):
        solver = Pennes(Medium.uniform(LIVER, grid), BLOOD, Boundary.INSULATED)
        x = grid.points()[..., 0]
        solver.advance(5.0, Field(grid, 1e6 * np.exp(-((x / 3e-3) ** 2)), Quantity.HEAT_RATE), step=0.2)
        results.append(solver.temperature.data[:, 3, 2])
    np.testing.assert_allclose(results[0], results[1], rtol=1e-6)


def test_the_probe_of_nothing_is_refused() -> None:
    from openhifu.base.errors import GeometryError

    with pytest.raises(GeometryError, match="no voxel"):
        ball("nowhere", cube(4), 0.1e-3)
