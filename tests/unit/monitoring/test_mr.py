"""Parts of MR thermometry on their own: coefficients, motion, dose, readings, and the scanner that makes images."""

from __future__ import annotations

import math

import numpy as np
import pytest

from openhifu.base.errors import GeometryError, MissingProperty, OutOfRange, UnknownName
from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid
from openhifu.model.catalogue import tissue_names
from openhifu.model.tissue import Known
from openhifu.model.tissuemap import TissueMap
from openhifu.monitoring.measured_dose import MeasuredDose
from openhifu.monitoring.mr_frames import GradientEcho, MrFrame, noise_of_air
from openhifu.monitoring.prf import prf_coefficient, prf_entry, prf_map, prf_names
from openhifu.monitoring.rigid_motion import RigidMotion
from openhifu.monitoring.smooth_phase import SmoothPhase
from openhifu.monitoring.temperature_map import TemperatureMap
from openhifu.thermal.dose import cem43_of_history
from openhifu.twin.heated_block import block_tissues
from openhifu.twin.mr_scanner import MrModel, MrScanner

SEQUENCE = GradientEcho(3.0, 10e-3)
TISSUES = block_tissues(12e-3, 17e-3, 6e-3, 1e-3)


def scanner(seed: int = 1, **changes: object) -> MrScanner:
    settings: dict = {
        "sequence": SEQUENCE,
        "snr": 50.0,
        "drift": 0.0,
        "drift_slope": (0.0, 0.0, 0.0),
        "shim": 0.1e-6,
        "bubble": 0.0,
        "bubble_at": (0.0, 0.0, 0.0),
        "texture": 0.2,
        "fading": 0.01,
    }
    return MrScanner(TISSUES, (2, 2, 3), MrModel(**{**settings, **changes}), seed)


def test_every_tissue_of_the_catalogue_has_a_coefficient_or_a_reason() -> None:
    assert set(prf_names()) == set(tissue_names())


def test_coefficients_are_those_of_water_within_a_tenth_and_fat_has_none() -> None:
    known = [e for e in map(prf_entry, prf_names()) if isinstance(e, Known)]
    assert all(-1.01e-8 < e.nominal < -0.9e-8 for e in known)
    assert prf_coefficient("muscle") == pytest.approx(-0.97e-8)
    with pytest.raises(MissingProperty, match="lipid"):
        prf_coefficient("fat")
    with pytest.raises(UnknownName, match="muscle"):
        prf_coefficient("mussle")


def test_a_voxel_with_a_share_of_fat_is_left_out() -> None:
    grid = scanner().grid
    found = prf_map(TISSUES, grid)
    depth = grid.points()[..., 2]
    half = 0.5 * grid.spacing[2]
    np.testing.assert_array_equal(np.isfinite(found), depth - half > -0.5e-3 - 1e-9)
    beyond = Grid.box((-30e-3, 0, 5e-3), (-20e-3, 4e-3, 9e-3), 2e-3)
    assert not np.isfinite(prf_map(TISSUES, beyond)).any()


def test_motion_is_found_to_a_seventh_of_a_voxel() -> None:
    tissues = block_tissues(20e-3, 30e-3, 6e-3, 1e-3)
    machine = MrScanner(tissues, (2, 2, 3), scanner().model, 1)
    reference = machine.image(37.0, 0.0)
    everywhere = np.ones(machine.grid.shape, bool)
    true = (0.6e-3, -0.4e-3, 1.0e-3)
    found = RigidMotion(reference, everywhere).displacement(machine.image(37.0, 1.0, true))
    assert np.all(np.abs(found - true) < np.array(machine.grid.spacing) / 7)


def test_motion_without_structure_is_refused() -> None:
    grid = Grid.box((0, 0, 0), (9e-3, 9e-3, 9e-3), 1e-3)
    bare = MrFrame(grid, np.ones(grid.shape, np.complex64), 0.0, SEQUENCE, 0.0)
    with pytest.raises(OutOfRange, match="structure"):
        RigidMotion(bare, np.ones(grid.shape, bool))


def measured(grid: Grid, degrees: float, at: float) -> TemperatureMap:
    values = np.full(grid.shape, degrees)
    values[0, 0, 0] = np.nan
    return TemperatureMap(Field(grid, values, Quantity.TEMPERATURE), np.where(np.isnan(values), np.nan, 0.0), at)


def test_measured_dose_is_that_of_the_measured_history() -> None:
    grid = Grid.box((0, 0, 0), (4e-3, 4e-3, 4e-3), 1e-3)
    dose, times, course = MeasuredDose(grid), [0.0, 10.0, 25.0, 40.0], [37.0, 52.0, 54.0, 44.0]
    for at, degrees in zip(times, course, strict=True):
        dose.add(measured(grid, degrees, at))
    assert dose.field.data[2, 2, 2] == pytest.approx(cem43_of_history(times, course), rel=1e-3)
    assert np.isnan(dose.field.data[0, 0, 0])
    with pytest.raises(OutOfRange, match="in order"):
        dose.add(measured(grid, 50.0, 40.0))


def test_the_volume_of_a_ball_is_finer_than_its_voxels() -> None:
    grid = Grid.box([-20e-3] * 3, [20e-3] * 3, 2e-3)
    r2 = np.sum(grid.points() ** 2, axis=-1)
    hot = Field(grid, 37.0 + 25.0 * np.exp(-0.5 * r2 / 8e-3**2), Quantity.TEMPERATURE)
    dose = MeasuredDose(grid)
    for at in (0.0, 60.0):
        dose.add(TemperatureMap(hot, np.zeros(grid.shape), at))
    least = 43.0 + math.log2(240.0)
    radius = 8e-3 * math.sqrt(-2 * math.log((least - 37.0) / 25.0))
    assert dose.volume() == pytest.approx(4 / 3 * math.pi * radius**3, rel=0.03)


def test_dose_stays_with_tissue_that_moves() -> None:
    grid = Grid.box([-12e-3] * 3, [12e-3] * 3, 1e-3)
    dose = MeasuredDose(grid)
    for n in range(9):
        away = 1.3e-3 * math.sin(n)
        r2 = np.sum((grid.points() - np.array([away, 0.0, 0.0])) ** 2, axis=-1)
        hot = Field(grid, 37.0 + 20.0 * np.exp(-0.5 * r2 / 4e-3**2), Quantity.TEMPERATURE)
        dose.add(TemperatureMap(hot, np.zeros(grid.shape), 2.0 * n), np.array([away, 0.0, 0.0]))
    assert dose.field.data[12, 12, 12] == pytest.approx(16.0 / 60.0 * 2**14, rel=0.02)


def test_a_region_nobody_can_see_reads_as_missing() -> None:
    grid = Grid.box((0, 0, 0), (3e-3, 3e-3, 3e-3), 1e-3)
    one = np.zeros(grid.shape, bool)
    one[0, 0, 0] = True
    reading = measured(grid, 55.0, 7.0).reading({"target": ~one, "nerve": one})
    assert (reading.at, reading.target) == (7.0, 55.0)
    assert math.isnan(reading.organ("nerve"))
    with pytest.raises(GeometryError, match="target"):
        measured(grid, 55.0, 7.0).reading({"nerve": one})


def test_phase_images_of_either_sign_are_one_frame() -> None:
    grid = Grid.box((0, 0, 0), (3e-3, 3e-3, 3e-3), 1e-3)
    rng = np.random.default_rng(1)
    magnitude, phase = rng.random(grid.shape), rng.uniform(-9, 9, grid.shape)
    one = MrFrame.of_phase(grid, magnitude, phase, 0.0, SEQUENCE, 0.1)
    other = MrFrame.of_phase(grid, magnitude, -phase, 0.0, SEQUENCE, 0.1, sign=-1)
    np.testing.assert_allclose(one.signal, other.signal)
    with pytest.raises(OutOfRange, match="sign"):
        MrFrame.of_phase(grid, magnitude, phase, 0.0, SEQUENCE, 0.1, sign=0)
    with pytest.raises(OutOfRange, match="field"):
        GradientEcho(0.0, 1e-2)


def test_noise_is_measured_in_air() -> None:
    rng = np.random.default_rng(2)
    signal = (0.3 * (rng.standard_normal((20, 20, 20)) + 1j * rng.standard_normal((20, 20, 20)))).astype(np.complex64)
    assert noise_of_air(signal, np.ones(signal.shape, bool)) == pytest.approx(0.3, rel=0.03)


def test_too_few_voxels_carry_no_polynomial() -> None:
    grid = Grid.box((0, 0, 0), (3e-3, 3e-3, 3e-3), 1e-3)
    few = np.zeros(grid.shape, bool)
    few[0, 0, :3] = True
    with pytest.raises(OutOfRange, match="larger unheated region"):
        SmoothPhase(grid, few, 1)


def test_the_same_seed_gives_the_same_image_and_another_one_does_not() -> None:
    first, again, other = (scanner(seed).image(37.0, 1.0).signal for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_scanner_has_the_snr_it_was_given() -> None:
    machine = scanner(texture=0.0, snr=40.0)
    muscle = machine.grid.points()[..., 2] > 2e-3
    pictures = np.stack([machine.image(37.0, float(n)).signal[muscle] for n in range(20)])
    assert np.abs(pictures.mean(0)).mean() / pictures.real.std(0).mean() == pytest.approx(40.0, rel=0.05)


def test_drift_turns_fat_and_heat_does_not() -> None:
    fat = scanner().grid.points()[..., 2] < -3e-3
    calm = scanner(snr=1e6)
    before, hot = calm.image(37.0, 0.0).signal[fat], calm.image(57.0, 1.0).signal[fat]
    drifting = scanner(snr=1e6, drift=0.01e-6)
    late = drifting.image(37.0, 10.0).signal[fat]
    turn = 0.1e-6 * SEQUENCE.phase_per_shift
    np.testing.assert_allclose(np.angle(late * np.conj(before)), turn, atol=1e-3)
    # Water is an eighth of fat's signal: heat turns only that part.
    assert np.abs(np.angle(hot * np.conj(before))).max() < 0.15 * 20 * 1e-8 * SEQUENCE.phase_per_shift


def test_a_tissue_of_unknown_brightness_is_refused() -> None:
    odd = TissueMap(TISSUES.grid, TISSUES.data, ("plastic", "muscle"))
    with pytest.raises(GeometryError, match="plastic"):
        MrScanner(odd, (2, 2, 2), scanner().model, 1)
