"""The thermometer shows means over its voxels, the hottest of each region, and honest noise."""

from __future__ import annotations

import numpy as np
import pytest

from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.base.field import Field, Quantity
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.monitoring.thermometer import TARGET, RegionThermometer, noisy

GRID = Grid.box((0, 0, 0), (8.5e-3, 6e-3, 7e-3), 1e-3, Frame.PATIENT)


def mask(*corner: slice) -> np.ndarray:
    found = np.zeros(GRID.shape, bool)
    found[corner] = True
    return found


def field(data: np.ndarray) -> Field:
    return Field(GRID, data.astype(np.float32), Quantity.TEMPERATURE)


def test_a_reading_is_the_hottest_mean_of_a_block() -> None:
    rng = np.random.default_rng(1)
    data = rng.uniform(37, 90, GRID.shape)
    target = mask(slice(2, 6), slice(2, 4), slice(0, 4))
    shown = RegionThermometer(GRID, {TARGET: target, "ribs": mask(slice(0, 2), slice(0, 2), slice(0, 2))}, 2e-3).read(
        field(data)
    )
    blocks = [data[i : i + 2, 2:4, k : k + 2].mean() for i in (2, 4) for k in (0, 2)]
    assert shown[TARGET] == pytest.approx(max(blocks), rel=1e-6)
    assert shown["ribs"] == pytest.approx(data[:2, :2, :2].mean(), rel=1e-6)


def test_a_voxel_as_fine_as_the_grid_shows_the_truth() -> None:
    data = np.random.default_rng(2).uniform(37, 90, GRID.shape)
    target = mask(slice(1, 5), slice(1, 5), slice(1, 5))
    assert RegionThermometer(GRID, {TARGET: target}, 0.2e-3).read(field(data))[TARGET] == pytest.approx(
        data[target].max(), rel=1e-6
    )


def test_a_thin_region_shares_voxels_with_its_neighbours() -> None:
    data = np.full(GRID.shape, 37.0)
    data[4] = 57.0
    shown = RegionThermometer(GRID, {TARGET: mask(slice(4, 5))}, 2e-3).read(field(data))
    assert shown[TARGET] == pytest.approx(47.0)


def test_a_region_off_the_grid_is_at_rest_and_a_target_off_the_grid_is_refused() -> None:
    nowhere = np.zeros(GRID.shape, bool)
    shown = RegionThermometer(GRID, {TARGET: mask(slice(0, 4)), "bowel": nowhere}, 2e-3).read(
        field(np.full(GRID.shape, 60.0))
    )
    assert shown["bowel"] == 37.0
    with pytest.raises(GeometryError, match="target"):
        RegionThermometer(GRID, {TARGET: nowhere}, 2e-3)
    with pytest.raises(GeometryError, match="shape"):
        RegionThermometer(GRID, {TARGET: np.ones((2, 2, 2), bool)}, 2e-3)
    for voxel in (0.0, -1e-3, float("nan"), 20e-3):
        with pytest.raises(OutOfRange):
            RegionThermometer(GRID, {TARGET: mask(slice(0, 4))}, voxel)


def test_noise_has_the_deviation_it_says_and_no_bias() -> None:
    rng = np.random.default_rng(3)
    shown = [noisy({TARGET: 60.0, "ribs": 40.0}, 1.0, 1.5, rng) for _ in range(4000)]
    for values, truth in (([s.target for s in shown], 60.0), ([s.organ("ribs") for s in shown], 40.0)):
        assert np.mean(values) == pytest.approx(truth, abs=4 * 1.5 / np.sqrt(4000))
        assert np.std(values) == pytest.approx(1.5, rel=0.05)
    assert {s.at for s in shown} == {1.0}
