"""The device catalogue: geometry against closed forms, and everything assumed said so."""

from __future__ import annotations

import math

import numpy as np
import pytest

from openhifu.base.errors import UnknownName
from openhifu.model.catalogue import device_names, transducer
from openhifu.model.transducer import PistonArray

ELEMENTS = {"jc200-like": 1, "jc200-like-185": 1, "jc200-like-256": 256, "bowl-1mhz": 1, "h317-like": 128}


@pytest.mark.parametrize(("name", "count"), ELEMENTS.items())
def test_number_of_elements(name: str, count: int) -> None:
    assert transducer(name).elements == count


def test_the_catalogue_holds_these_devices() -> None:
    assert set(ELEMENTS) <= set(device_names())


@pytest.mark.parametrize("name", ["jc200-like", "jc200-like-256"])
def test_area_of_the_annular_cap(name: str) -> None:
    # Two spherical caps of radius 160 mm: area 2 pi R h with h = R - sqrt(R^2 - a^2).
    radius, rim, hole = 0.160, 0.110, 0.040
    heights = [radius - math.sqrt(radius**2 - a**2) for a in (rim, hole)]
    assert transducer(name).surface.area == pytest.approx(2 * math.pi * radius * (heights[0] - heights[1]), rel=1e-12)


def test_half_angles_of_the_annular_cap() -> None:
    hole, rim = (math.degrees(a) for a in transducer("jc200-like").surface.half_angles)
    assert hole == pytest.approx(14.5, abs=0.05)
    assert rim == pytest.approx(43.4, abs=0.05)


def test_area_of_the_bowl() -> None:
    height = 0.120 - math.sqrt(0.120**2 - 0.060**2)
    assert transducer("bowl-1mhz").surface.area == pytest.approx(2 * math.pi * 0.120 * height, rel=1e-12)


def test_h317_elements_lie_on_their_sphere_and_look_at_its_centre() -> None:
    surface = transducer("h317-like").surface
    assert isinstance(surface, PistonArray)
    centre = np.array([0.0, 0.0, surface.focal_length])
    positions, normals = np.array(surface.positions), np.array(surface.normals)
    reach = centre - positions
    radius = np.linalg.norm(reach, axis=1)
    np.testing.assert_allclose(radius, 0.135, atol=2e-6)
    np.testing.assert_allclose(np.sum(normals * reach, axis=1), radius, rtol=1e-6)
    assert positions[:, 2].min() > 0
    assert surface.area == pytest.approx(128 * math.pi * 4.75e-3**2, rel=1e-12)


def test_h317_elements_do_not_overlap() -> None:
    surface = transducer("h317-like").surface
    assert isinstance(surface, PistonArray)
    positions = np.array(surface.positions)
    apart = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    assert apart[~np.eye(128, dtype=bool)].min() > surface.element_diameter


@pytest.mark.parametrize("name", ELEMENTS)
def test_what_is_assumed_is_said(name: str) -> None:
    device = transducer(name)
    said = " ".join(device.assumptions)
    assert "stand-off" in said and "calibration is nominal" in said
    if name.startswith("jc200"):
        assert f"focal length {1e3 * device.focal_length:.0f} mm" in said
    if name == "h317-like":
        assert "9.5 mm" in said
    assert device.calibration.serial == "nominal"


@pytest.mark.parametrize("name", ELEMENTS)
def test_ceilings_agree_with_one_another(name: str) -> None:
    ceilings = transducer(name).ceilings
    assert ceilings.spot_energy == pytest.approx(ceilings.acoustic_power * ceilings.on_time)
    assert ceilings.spot_energy < ceilings.total_energy


def test_an_unknown_device_brings_the_nearest_names() -> None:
    with pytest.raises(UnknownName, match="jc200-like"):
        transducer("jc200")
