"""What every ultrasound marker of ablation must do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.base.field import Field, Quantity
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.monitoring.ablation_marker import AblationMarker
from openhifu.monitoring.echo_decorrelation import EchoDecorrelation
from openhifu.monitoring.echo_energy import EchoEnergy, change_of_temperature, temperature_of_change
from openhifu.monitoring.echo_frames import EchoFrame
from openhifu.monitoring.gray_scale import GrayScaleChange
from openhifu.twin.echo_scanner import EchoScanner
from openhifu.twin.marker_trial import LIVER

AFFINE = np.diag([0.25e-3, 0.25e-3, 0.1e-3, 1.0])
PLANE = Grid((80, 1, 200), AFFINE, Frame.PATIENT)
Z = PLANE.points()[..., 2]
DEEP = Z > 10e-3
"""The half that is heated."""

Make = Callable[[], AblationMarker]


@pytest.fixture(params=[GrayScaleChange, EchoEnergy, EchoDecorrelation], ids=lambda make: make.__name__)
def make(request: pytest.FixtureRequest) -> Make:
    return request.param


def sequence(hottest: float, count: int = 12) -> list[EchoFrame]:
    """Pairs of images while the deep half is heated to ``hottest`` [degC]."""
    scanner, dose = EchoScanner(PLANE, LIVER, 11), Field(PLANE, np.zeros(PLANE.shape), Quantity.CEM43)
    frames = []
    for n in range(count):
        warm = np.where(DEEP, 37.0 + (hottest - 37.0) * n / (count - 1), 37.0)
        for late in (0.0, 8.5e-3):
            frames.append(scanner.image(Field(PLANE, warm, Quantity.TEMPERATURE), dose, n + late))
    return frames


def followed(marker: AblationMarker, frames: list[EchoFrame], gain: float = 1.0) -> np.ndarray:
    for one in frames:
        marker.follow(EchoFrame(one.grid, (gain * one.signal).astype(np.complex64), one.at))
    assert marker.strongest is not None
    return marker.strongest.values


def test_the_first_frame_tells_nothing(make: Make) -> None:
    marker = make()
    assert marker.strongest is None
    assert marker.follow(sequence(37.0, 2)[0]) is None
    assert marker.strongest is None


def test_heated_tissue_stands_out_and_cold_does_not_pass_the_threshold(make: Make) -> None:
    marker = make()
    values = followed(marker, sequence(80.0))
    deep, shallow = values[Z > 13e-3], values[Z < 7e-3]
    assert np.median(deep) > marker.calibration.threshold > np.median(shallow)


def test_gain_changes_nothing(make: Make) -> None:
    frames = sequence(70.0, 4)
    np.testing.assert_allclose(followed(make(), frames), followed(make(), frames, 40.0), atol=0.05)


def test_the_strongest_stays(make: Make) -> None:
    marker, frames = make(), sequence(80.0, 6)
    before = followed(marker, frames).copy()
    late = [EchoFrame(f.grid, f.signal, f.at + 100.0) for f in frames[:2]]
    after = followed(marker, late)
    assert np.all(after >= before)


def test_frames_out_of_order_or_place_are_refused_and_change_nothing(make: Make) -> None:
    marker, frames = make(), sequence(70.0, 3)
    before = followed(marker, frames).copy()
    with pytest.raises(OutOfRange, match="in order"):
        marker.follow(frames[0])
    other = Grid((80, 1, 100), AFFINE, Frame.PATIENT)
    with pytest.raises(GeometryError, match="another grid"):
        marker.follow(EchoFrame(other, frames[0].signal[..., :100].copy(), 99.0))
    assert marker.strongest is not None
    np.testing.assert_array_equal(marker.strongest.values, before)


def test_the_scale_has_a_source(make: Make) -> None:
    calibration = make().calibration
    assert calibration.unit
    assert any(mark in calibration.source for mark in ("PMC", "DEN", "PLoS"))


def test_the_tissue_change_scale_has_its_published_points() -> None:
    np.testing.assert_allclose(temperature_of_change([4.0, 10.5, 26.0]), [60.0, 84.0, 114.0])
    np.testing.assert_allclose(change_of_temperature([37.0, 60.0, 84.0, 114.0]), [0.0, 4.0, 10.5, 26.0])
    assert np.isnan(temperature_of_change(27.0))
    assert temperature_of_change(-3.0) == 37.0


def test_rf_lines_become_their_envelope() -> None:
    rng = np.random.default_rng(1)
    z = PLANE.axis(2)
    envelope = 1.0 + 0.5 * np.sin(2 * np.pi * z / 5e-3)
    rf = envelope * np.cos(2 * np.pi * z / 0.4e-3 + rng.random((80, 1, 1)))
    inner = slice(20, -20)
    found = np.abs(EchoFrame.of_rf(PLANE, rf, 0.0).signal)[..., inner]
    np.testing.assert_allclose(found, np.broadcast_to(envelope[inner], found.shape), rtol=0.02)
    gray = EchoFrame(PLANE, np.full(PLANE.shape, 0.1, np.complex64), 0.0).gray(1.0, 60.0)
    assert np.all(gray == 170)


def test_frames_too_far_apart_are_not_compared() -> None:
    marker = EchoDecorrelation(longest=0.05)
    frames = sequence(60.0, 2)
    found = [marker.follow(f) for f in frames]
    assert [f is None for f in found] == [True, False, True, False]
