"""The layered oracle against O'Neil, figures published for skull-like layers, and itself."""

from __future__ import annotations

import math

import numpy as np
import pytest

from openhifu.acoustics.layered_oracle import FlatStack, LayeredField
from openhifu.acoustics.oneil import oneil_on_axis
from openhifu.acoustics.source import Fluid
from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.base.units import np_per_m_from_db_per_cm
from openhifu.model.transducer import Cap

BOWL = Cap(focal_length=64e-3, outer_diameter=64e-3, hole_diameter=0.0)
SPEED = 0.04


def fluid(speed: float, density: float, db_per_cm: float) -> Fluid:
    return Fluid(density, speed, np_per_m_from_db_per_cm(db_per_cm), 5e5)


WATER = fluid(1500, 1000, 0)
LOSSY = fluid(1500, 1000, 1)
BONE = fluid(2800, 1850, 4)


@pytest.mark.parametrize("medium", [WATER, LOSSY])
def test_on_the_axis_of_a_uniform_fluid_it_is_oneil(medium: Fluid) -> None:
    z = np.linspace(9e-3, 120e-3, 200)
    found = LayeredField(BOWL, SPEED, FlatStack((medium,))).at(0.0, z)[:, 0]
    truth = oneil_on_axis(BOWL, SPEED, medium, z)
    assert np.abs(found - truth).max() < 1e-9 * np.abs(truth).max()


@pytest.mark.parametrize(
    ("stack", "peak", "place"),
    [
        (FlatStack((WATER,)), 1094.39e3, 62.0e-3),
        (FlatStack((LOSSY,)), 539.24e3, 60.5e-3),
        (FlatStack((WATER, BONE, WATER), (30e-3, 36.5e-3)), 420.54e3, 55.5e-3),
    ],
    ids=["water", "lossy", "cortical"],
)
def test_the_published_peaks_of_the_transcranial_benchmarks(stack: FlatStack, peak: float, place: float) -> None:
    z = np.arange(37e-3, 120.1e-3, 0.5e-3)
    found = np.abs(LayeredField(BOWL, SPEED, stack).at(0.0, z)[:, 0])
    assert found.max() == pytest.approx(peak, rel=1e-5)
    assert z[np.argmax(found)] == pytest.approx(place, abs=1e-6)


def test_a_layer_of_the_same_fluid_changes_nothing() -> None:
    z, r = np.linspace(15e-3, 80e-3, 40), np.linspace(0, 20e-3, 12)
    cut = LayeredField(BOWL, SPEED, FlatStack((WATER, WATER, WATER), (30e-3, 36.5e-3))).at(r, z)
    whole = LayeredField(BOWL, SPEED, FlatStack((WATER,))).at(r, z)
    assert np.abs(cut - whole).max() < 1e-9 * np.abs(whole).max()


def test_pressure_is_continuous_across_a_boundary() -> None:
    field = LayeredField(BOWL, SPEED, FlatStack((WATER, BONE, WATER), (30e-3, 36.5e-3)))
    for at in (30e-3, 36.5e-3):
        before, after = field.at([0.0, 5e-3], [at - 1e-9, at + 1e-9])
        np.testing.assert_allclose(before, after, rtol=1e-4)


def test_plane_waves_at_every_angle_agree_with_the_axisymmetric_sum() -> None:
    field = LayeredField(BOWL, SPEED, FlatStack((WATER, BONE, WATER), (30e-3, 36.5e-3)))
    x, z = np.array([-6e-3, 0.0, 4e-3]), np.array([45e-3, 55.5e-3])
    truth = field.at(np.hypot(x, 2e-3), z)
    assert np.abs(field.beyond(x, 2e-3, z) - truth).max() < 1e-4 * np.abs(truth).max()


def test_a_tilt_and_its_opposite_are_mirror_images() -> None:
    x, z = np.linspace(-5e-3, 5e-3, 5), np.array([50e-3, 55e-3])
    left, right = (
        LayeredField(BOWL, SPEED, FlatStack((WATER, BONE, WATER), (30e-3, 36.5e-3), tilt)).beyond(x, 0.0, z)
        for tilt in (-0.2, 0.2)
    )
    np.testing.assert_allclose(left, right[:, ::-1], atol=1e-6 * np.abs(left).max())
    assert np.abs(right[:, 0]).max() != pytest.approx(np.abs(right[:, -1]).max(), rel=1e-2)


def test_stacks_that_make_no_sense_are_refused() -> None:
    slow = fluid(1400, 950, 0)
    with pytest.raises(OutOfRange, match="one boundary fewer"):
        FlatStack((WATER,), (1e-2,))
    with pytest.raises(OutOfRange, match="increase"):
        FlatStack((WATER, BONE, WATER), (3e-2, 2e-2))
    with pytest.raises(OutOfRange, match="guides waves"):
        FlatStack((WATER, slow, WATER), (2e-2, 3e-2))
    with pytest.raises(OutOfRange, match="quarter turn"):
        FlatStack((WATER, BONE), (3e-2,), math.pi / 2)
    with pytest.raises(GeometryError, match="touches the radiating surface"):
        LayeredField(BOWL, SPEED, FlatStack((WATER, BONE), (5e-3,)))
    with pytest.raises(OutOfRange, match="ask for 'beyond'"):
        LayeredField(BOWL, SPEED, FlatStack((WATER, BONE), (3e-2,), 0.1)).at(0.0, 4e-2)
