"""What every method of MR thermometry must do, whatever it takes as unheated."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.base.grid import Grid
from openhifu.monitoring.mr_frames import GradientEcho, MrFrame
from openhifu.monitoring.multi_baseline import MultiBaseline
from openhifu.monitoring.referenceless import Referenceless
from openhifu.monitoring.single_reference import SingleReference
from openhifu.monitoring.smooth_phase import SmoothPhase
from openhifu.monitoring.temperature_map import PhaseThermometer

SEQUENCE = GradientEcho(3.0, 10e-3)
GRID = Grid.box((-20e-3, -20e-3, -8e-3), (20e-3, 20e-3, 8e-3), 2e-3)
X, Y, Z = np.moveaxis(GRID.points(), -1, 0) / 20e-3
HOT = np.exp(-0.5 * (X**2 + Y**2) / 0.15**2)
AROUND = (X**2 + Y**2 > 0.6**2) & (X < 0.85)
COEFFICIENT = np.where(X > 0.9, np.nan, -1e-8)
"""Muscle, with an edge of fat."""


def frame(rise: NDArray[np.float64] | float, at: float, drift: float = 0.0, noise: float = 0.0) -> MrFrame:
    """A gel heated by ``rise`` [K], in a field that is not quite even and drifts by ``drift`` [rad]."""
    background = 1.0 + 2.5 * X - 2.0 * Y + X * Y + drift * (1.0 + 0.3 * Y)
    heated = np.nan_to_num(COEFFICIENT) * SEQUENCE.phase_per_shift * rise
    parts = noise * np.random.default_rng(round(100 + 10 * at)).standard_normal((2, *GRID.shape))
    signal = np.exp(1j * (background + heated)) + parts[0] + 1j * parts[1]
    return MrFrame(GRID, signal.astype(np.complex64), at, SEQUENCE, noise)


def single(noise: float = 0.0) -> PhaseThermometer:
    return SingleReference(frame(0.0, 0.0, noise=noise), COEFFICIENT, SmoothPhase(GRID, AROUND, 1))


def multi(noise: float = 0.0) -> PhaseThermometer:
    return MultiBaseline(
        [frame(0.0, -1.0, 0.7, noise), frame(0.0, 0.0, 0.0, noise)], COEFFICIENT, SmoothPhase(GRID, AROUND, 1)
    )


def referenceless(noise: float = 0.0) -> PhaseThermometer:
    return Referenceless(GRID, SEQUENCE, COEFFICIENT, SmoothPhase(GRID, AROUND, 2))


Make = Callable[..., PhaseThermometer]


@pytest.fixture(params=[single, multi, referenceless], ids=lambda make: make.__name__)
def make(request: pytest.FixtureRequest) -> Make:
    return request.param


def test_the_unheated_reads_what_it_began_with(make: Make) -> None:
    found = make().read(frame(0.0, 1.0))
    np.testing.assert_allclose(found.temperature.data[found.valid], 37.0, atol=1e-3)


def test_heat_is_read_and_drift_is_not(make: Make) -> None:
    found = make().read(frame(20.0 * HOT, 1.0, drift=2.0))
    error = (found.temperature.data - 37.0 - 20.0 * HOT)[found.valid]
    assert np.abs(error).max() < 0.02


def test_wraps_are_followed(make: Make) -> None:
    thermometer = make()
    assert thermometer.turn == pytest.approx(2 * math.pi / (1e-8 * SEQUENCE.phase_per_shift))
    found = thermometer.read(frame(0.0, 0.5))
    for n, top in enumerate((30.0, 60.0, 95.0, 120.0, 85.0)):
        found = thermometer.read(frame(top * HOT, n + 1.0))
        assert np.nanmax(found.temperature.data) == pytest.approx(37.0 + top * HOT[COEFFICIENT < 0].max(), abs=0.1)
    assert np.nanmin(found.temperature.data) > 36.5


def test_voxels_without_a_coefficient_are_not_read(make: Make) -> None:
    found = make().read(frame(20.0 * HOT, 1.0))
    np.testing.assert_array_equal(found.valid, np.isfinite(COEFFICIENT))
    np.testing.assert_array_equal(np.isfinite(found.deviation), found.valid)


def test_the_deviation_is_that_of_the_noise(make: Make) -> None:
    thermometer, noise = make(0.04), 0.04
    maps = [thermometer.read(frame(0.0, n + 1.0, noise=noise)) for n in range(30)]
    inner = maps[0].valid & (X**2 + Y**2 < 0.5)
    stated = math.sqrt(float(np.mean([m.deviation[inner] ** 2 for m in maps])))
    # A baseline's own noise is common to all frames: the error about 37 C is compared, not the scatter over time.
    error = math.sqrt(float(np.mean([(m.temperature.data[inner] - 37.0) ** 2 for m in maps])))
    assert error == pytest.approx(stated, rel=0.1)


def test_a_voxel_lost_in_noise_is_not_read(make: Make) -> None:
    dark = frame(0.0, 1.0, noise=0.01)
    dark.signal[3, 4, 5] = 0.0
    found = make(0.01).read(dark)
    assert not found.valid[3, 4, 5]
    assert found.valid[3, 4, 4]


def test_order_and_kind_of_frames_are_kept(make: Make) -> None:
    thermometer = make()
    before = thermometer.read(frame(30.0 * HOT, 2.0))
    with pytest.raises(OutOfRange, match="in order"):
        thermometer.read(frame(70.0 * HOT, 2.0))
    with pytest.raises(GeometryError, match="taken with"):
        thermometer.read(MrFrame(GRID, before_signal(), 3.0, GradientEcho(1.5, 10e-3), 0.0))
    other = GRID.crop((0, 0, 0), (10, 10, 9))
    with pytest.raises(GeometryError, match="another grid"):
        thermometer.read(MrFrame(other, np.ones(other.shape, np.complex64), 3.0, SEQUENCE, 0.0))
    after = thermometer.read(frame(60.0 * HOT, 3.0))
    assert np.nanmax(after.temperature.data) > np.nanmax(before.temperature.data) + 25.0


def before_signal() -> NDArray[np.complex64]:
    return frame(0.0, 3.0).signal


def test_the_method_is_in_words(make: Make) -> None:
    assert "PRF" in make().method
