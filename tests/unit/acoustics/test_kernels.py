"""The polynomials in the compiled loops, the quadratures, and the measures of a focus."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numba import njit

from openhifu.acoustics.metrics import line_peak
from openhifu.acoustics.quadrature import by_element, depth, whole_cap
from openhifu.acoustics.rayleigh_kernels import cis_cycles, decay, inverse_root
from openhifu.acoustics.source import Fluid, aperture_cosines, beam_radius, element_velocities
from openhifu.acoustics.validation_setups import LOSSLESS, array, bowl
from openhifu.model.transducer import Cap


@njit
def _each(x: np.ndarray, out: np.ndarray) -> None:
    for n in range(x.size):
        out[n, 0], out[n, 1] = cis_cycles(x[n])
        out[n, 2] = decay(abs(x[n]))
        out[n, 3] = inverse_root(1.0 + x[n] * x[n])


def test_polynomials_of_the_inner_loop() -> None:
    x = np.concatenate([np.linspace(-3, 3, 997), np.array([110.25, 333.5, 1000.75, 0.0])])
    out = np.empty((x.size, 4))
    _each(x, out)
    np.testing.assert_allclose(out[:, 0], np.cos(2 * np.pi * x), atol=2e-12)
    np.testing.assert_allclose(out[:, 1], np.sin(2 * np.pi * x), atol=2e-12)
    near = np.abs(x) < 16
    np.testing.assert_allclose(out[near, 2], np.exp(-np.abs(x[near])), rtol=2e-9)
    assert np.all(out[~near, 2] < 1e-6)
    np.testing.assert_allclose(out[:, 3], 1 / np.sqrt(1 + x * x), rtol=1e-13)


def test_whole_cap_weights_add_up_to_its_area() -> None:
    cap = bowl(20e-3).surface
    assert isinstance(cap, Cap)
    assert whole_cap(cap, 1.5e-3).weights.sum() == pytest.approx(cap.area, rel=1e-12)


def test_every_tile_has_the_same_area() -> None:
    cap = bowl(20e-3, rings=4, sectors=6).surface
    points = by_element(cap, 1.5e-3)
    areas = [points.weights[a:b].sum() for a, b in zip(points.offsets, points.offsets[1:], strict=False)]
    np.testing.assert_allclose(areas, cap.area / 24, rtol=1e-10)


def test_tiles_run_anticlockwise_from_x_and_outwards() -> None:
    points = by_element(bowl(20e-3, rings=2, sectors=4).surface, 1.5e-3)
    centres = [points.positions[a:b].mean(axis=0) for a, b in zip(points.offsets, points.offsets[1:], strict=False)]
    assert centres[0][0] > 0 and centres[0][1] > 0
    assert centres[1][0] < 0 and centres[1][1] > 0
    assert math.hypot(*centres[4][:2]) > math.hypot(*centres[0][:2])


def test_discs_lie_across_their_normals() -> None:
    surface = array().surface
    points = by_element(surface, 1.5e-3)
    assert points.weights.sum() == pytest.approx(surface.area, rel=1e-12)
    for e, (position, normal) in enumerate(zip(surface.positions, surface.normals, strict=True)):  # type: ignore[union-attr]
        own = points.positions[points.offsets[e] : points.offsets[e + 1]] - np.array(position)
        assert np.abs(own @ np.array(normal)).max() < 1e-15
        assert np.linalg.norm(own, axis=1).max() < 3e-3


def test_depth_of_surfaces() -> None:
    assert depth(bowl(0.0).surface) == pytest.approx(60e-3 - math.sqrt(60e-3**2 - 30e-3**2))
    assert depth(array().surface) == pytest.approx(60e-3 * (1 - math.cos(0.45)) + 3e-3 * math.sin(0.45))


def test_acoustic_power_is_that_of_a_plane_wave_over_the_elements_that_are_on() -> None:
    device, fluid = bowl(20e-3, rings=2, sectors=4), Fluid.of(LOSSLESS, 1e6)
    speed = element_velocities(device.drive(8.0, elements_off=(0, 3)), fluid)
    assert speed[0] == 0 and speed[3] == 0
    on = device.surface.area * 6 / 8
    assert abs(speed[1]) == pytest.approx(math.sqrt(2 * 8.0 / (1.5e6 * on)))


def test_phases_of_the_drive_are_phases_of_the_velocity() -> None:
    device, fluid = bowl(20e-3, rings=1, sectors=4), Fluid.of(LOSSLESS, 1e6)
    speed = element_velocities(device.drive(1.0, phases=(0.0, 0.5, -1.0, 2.0)), fluid)
    np.testing.assert_allclose(np.angle(speed), (0.0, 0.5, -1.0, 2.0), atol=1e-12)


def test_angles_of_the_aperture() -> None:
    cosines = aperture_cosines(bowl(20e-3).surface)
    assert math.cos(math.asin(0.5)) < cosines.min() < cosines.max() < math.cos(math.asin(1 / 6))
    assert float(beam_radius(bowl(0.0).surface, 40e-3)) == pytest.approx(20e-3 * math.tan(math.pi / 6))


@pytest.mark.parametrize("shift", [0.0, 0.3, -0.45])
def test_a_peak_between_samples_is_found(shift: float) -> None:
    # |P| of a line focus: a sinc whose square is sampled 2.7 times per shortest period.
    x = np.arange(41) - 20 - shift
    line = np.abs(np.sinc(0.37 * x))
    peak = line_peak(line, 20)
    assert peak.index == pytest.approx(20 + shift, abs=0.03)
    assert peak.gain * line[20] == pytest.approx(1.0, abs=0.002)
    assert peak.width == pytest.approx(1.2067 / 0.37, rel=0.01)


def test_a_peak_at_the_edge_has_no_width() -> None:
    peak = line_peak(np.linspace(1.0, 0.8, 20), 0)
    assert peak.index == 0 and math.isnan(peak.width)
