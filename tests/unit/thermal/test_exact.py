"""The closed forms themselves, against independent integration and limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

from openhifu.thermal import exact

MEDIUM = exact.Uniform(1.4e-7, 3.8e6, 0.015)


def test_the_gaussian_source_agrees_with_adaptive_integration() -> None:
    source = exact.GaussianSource(2e7, (1e-3, 1.5e-3, 4e-3))
    point = np.array([0.5e-3, -1e-3, 2e-3])

    def flash(t: float) -> float:
        spread = np.array(source.widths) ** 2 + 2 * MEDIUM.diffusivity * t
        amplitude = math.sqrt(np.prod(np.array(source.widths) ** 2 / spread))
        return amplitude * math.exp(-0.5 * np.sum(point**2 / spread) - MEDIUM.loss * t) * 2e7 / 3.8e6

    for on, after in ((0.5, 0.0), (20.0, 0.0), (20.0, 7.0), (300.0, 100.0)):
        truth = quad(flash, after, after + on, epsabs=0, epsrel=1e-13, limit=200)[0]
        assert source.rise(MEDIUM, point, on, after) == pytest.approx(truth, rel=1e-10)


def test_a_short_exposure_only_stores_heat() -> None:
    source = exact.GaussianSource(1e7, (2e-3, 2e-3, 2e-3))
    assert source.rise(MEDIUM, np.zeros(3), 1e-4) == pytest.approx(1e7 * 1e-4 / 3.8e6, rel=1e-4)


def test_the_mean_over_voxels_keeps_the_power() -> None:
    source = exact.GaussianSource(1e7, (1e-3, 1e-3, 2e-3))
    x = np.arange(-10, 11) * 1e-3
    points = np.stack(np.meshgrid(x, x, x, indexing="ij"), -1)
    power = 1e7 * (2 * math.pi) ** 1.5 * 1e-3 * 1e-3 * 2e-3
    assert source.mean_rate(points, 1e-3).sum() * 1e-9 == pytest.approx(power, rel=1e-6)


def test_a_flash_in_a_box_ends_as_its_mean() -> None:
    slow = exact.Uniform(1.4e-7, 3.8e6, 0.0)
    x = np.linspace(0, 10e-3, 11)
    late = exact.flash_in_box(slow, 1e-3, 10e-3, x, 2000.0, images=60)
    np.testing.assert_allclose(late, math.sqrt(2 * math.pi) * 1e-3 / 10e-3, rtol=1e-6)


def test_two_equal_halves_meet_in_the_middle() -> None:
    x = np.array([-1e-9, 1e-9])
    np.testing.assert_allclose(exact.two_halves(MEDIUM, MEDIUM, 10.0, x, 5.0), 5.0, rtol=1e-5)


def test_the_flux_is_the_same_on_both_sides_of_two_layers() -> None:
    x = np.array([1e-3, 2e-3, 6e-3, 7e-3])
    t = exact.two_layer_steady((0.2, 0.6), (4e-3, 4e-3), (45.0, 35.0), x)
    assert 0.2 * (t[1] - t[0]) == pytest.approx(0.6 * (t[3] - t[2]))
