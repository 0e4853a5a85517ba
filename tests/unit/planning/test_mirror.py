"""The mirror focus of a flat wall: no contrast, no mirror; narrow beams obey the textbook, wide ones geometry."""

from __future__ import annotations

import math

import pytest

from openhifu.acoustics.source import Fluid
from openhifu.base.errors import GeometryError
from openhifu.model.catalogue import tissue, transducer
from openhifu.model.tissue import Property, Tissue
from openhifu.model.transducer import Cap, Transducer
from openhifu.planning.mirror import FlatWall, Layer, heat_before, mirror_focus, rise_bound

_WATER, _FAT, _MUSCLE = (
    tissue(n).replaced({Property.ATTENUATION: 0.0}, "test") for n in ("water", "subcutaneous_fat", "muscle")
)


def narrow() -> Transducer:
    """Half-angle 6 degrees."""
    cap = Cap(focal_length=0.16, outer_diameter=0.0335, hole_diameter=0.0)
    return transducer("jc200-like").model_copy(update={"surface": cap})


def wall(layer: Tissue, beyond: Tissue, depth: float, thickness: float = 40e-3) -> FlatWall:
    return FlatWall(_WATER, (Layer(layer, thickness),), beyond, depth)


def impedance(of: Tissue) -> float:
    return Fluid.of(of, 800e3).impedance


def test_without_contrast_nothing_comes_back_and_the_focus_is_oneils() -> None:
    device = transducer("jc200-like")
    found = mirror_focus(device.drive(100.0), wall(_WATER, _WATER, 20e-3))
    assert found.pressure < 1e-6 * found.focal_pressure
    hole, rim = device.surface.half_angles
    fluid = Fluid.of(_WATER, device.frequency)
    speed = math.sqrt(2 * 100.0 / (fluid.impedance * device.surface.area))
    oneil = fluid.impedance * speed * fluid.wavenumber * device.focal_length * (math.cos(hole) - math.cos(rim))
    assert found.focal_pressure == pytest.approx(oneil, rel=1e-3)


def test_a_narrow_beam_is_turned_back_by_the_coefficient_of_normal_incidence() -> None:
    dense = _MUSCLE.replaced({Property.DENSITY: 1300.0}, "test")
    found, other = (mirror_focus(narrow().drive(100.0), wall(_FAT, beyond, 20e-3)) for beyond in (_MUSCLE, dense))
    fat = impedance(_FAT)
    one, two = ((z - fat) / (z + fat) for z in (impedance(_MUSCLE), impedance(dense)))
    assert found.pressure / other.pressure == pytest.approx(one / two, rel=0.01)
    assert found.intensity == pytest.approx(found.pressure**2 / (2 * fat))
    lossy = wall(tissue("subcutaneous_fat"), _MUSCLE, 20e-3)
    there = mirror_focus(narrow().drive(100.0), lossy)
    assert heat_before(narrow().drive(100.0), lossy, there.before) == pytest.approx(there.heat_rate)


def test_in_one_fluid_the_arriving_wave_is_oneils_far_before_the_focus() -> None:
    cap = Cap(focal_length=0.16, outer_diameter=0.12, hole_diameter=0.0)
    device = transducer("jc200-like").model_copy(update={"surface": cap})
    lossy = _WATER.model_copy(update={"name": "lossy"}).replaced({Property.ATTENUATION: 1e-3}, "test")
    fluid, speed = Fluid.of(lossy, device.frequency), math.sqrt(2 * 100.0 / (impedance(_WATER) * cap.area))
    half = cap.half_angles[1]
    for before in (5e-3, 12e-3, 30e-3):
        z = cap.focal_length - 10e-3 - before
        rise = cap.focal_length * (1 - math.cos(half))
        edge = math.hypot(z - rise, 0.5 * cap.outer_diameter)
        exact = 2 * fluid.impedance * speed * math.sin(fluid.wavenumber * (edge - z) / 2) / (1 - z / cap.focal_length)
        square = heat_before(device.drive(100.0), wall(lossy, lossy, 10e-3), before) * fluid.impedance
        assert square / lossy.absorption.at(device.frequency) == pytest.approx(exact**2, rel=0.01, abs=1e-3 * 4e12)


@pytest.mark.parametrize("depth", [10e-3, 20e-3, 30e-3])
def test_it_falls_as_far_before_the_muscle_as_the_focus_lies_behind(depth: float) -> None:
    drive = transducer("jc200-like").drive(400.0)
    found = mirror_focus(drive, wall(_FAT, _MUSCLE, depth))
    assert found.before == pytest.approx(depth, abs=2e-3)
    assert found.tissue == "subcutaneous_fat" and 0.8e-3 < found.width < 2e-3
    in_water = mirror_focus(drive, wall(_FAT, _MUSCLE, depth, thickness=depth - 8e-3))
    assert in_water.tissue == "water" and in_water.heat_rate == 0.0


def test_the_rise_is_that_of_adiabatic_heating_at_first_and_slower_later() -> None:
    lossy = tissue("subcutaneous_fat")
    drive = transducer("jc200-like").drive(400.0)
    found = mirror_focus(drive, wall(lossy, _MUSCLE, 20e-3))
    capacity = lossy.value(Property.DENSITY) * lossy.value(Property.HEAT_CAPACITY)
    assert rise_bound(found, lossy, 0.01) == pytest.approx(found.heat_rate * 0.01 / capacity, rel=0.01)
    assert rise_bound(found, lossy, 20.0) < 0.5 * found.heat_rate * 20.0 / capacity
    weaker = mirror_focus(transducer("jc200-like").drive(100.0), wall(lossy, _MUSCLE, 20e-3))
    assert rise_bound(weaker, lossy, 5.0) == pytest.approx(0.25 * rise_bound(found, lossy, 5.0))


def test_a_wall_without_layers_or_of_negative_depth_is_refused() -> None:
    with pytest.raises(GeometryError, match="needs a layer"):
        FlatWall(_WATER, (), _MUSCLE, 1e-2)
    with pytest.raises(GeometryError, match="zero or more"):
        wall(_FAT, _MUSCLE, -1e-3)
