"""The tissue catalogue: complete, traceable, and equal to the tables it was taken from."""

from __future__ import annotations

import pytest

from openhifu.base.errors import FormatError, MissingProperty, UnknownName
from openhifu.base.units import NEPER_DB
from openhifu.model.catalogue import tissue, tissue_from_entry, tissue_names
from openhifu.model.tissue import Known, Missing, Property

PLACEHOLDER_SPEED = ("gray_matter", "small_intestine", "large_intestine", "bladder_wall", "bile", "thyroid")

TABLE = [
    # tissue, density, sound speed, dB/cm at 1 MHz, exponent, conductivity, heat capacity, perfusion mL/min/kg
    ("water", 994, 1500, 0.00217, 2, 0.60, 4178, 0),
    ("skin", 1109, 1624, 1.838, 1, 0.372, 3390, 106),
    ("fat", 911, 1440, 0.379, 1.086, 0.211, 2348, 33),
    ("muscle", 1090, 1588, 0.617, 1.083, 0.495, 3421, 37),
    ("liver", 1079, 1586, 0.601, 1, 0.519, 3540, 860),
    ("bone_cortical", 1908, 3515, 13.3, 1, 0.32, 1313, 10),
    ("bone_cancellous", 1178, 2118, 13.3, 1.2, 0.312, 2274, 30),
    ("spleen", 1089, 1568, 0.38, 1.383, 0.534, 3596, 1557),
    ("lung_inflated", 394, 949, 20.06, 1, 0.179, 3886, 5688),
]


@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
def test_nominal_values_are_those_of_the_table(row: tuple) -> None:
    name, density, speed, db_per_cm, exponent, conductivity, heat_capacity, perfusion = row
    found = tissue(name)
    assert found.value(Property.DENSITY) == density
    assert found.value(Property.SOUND_SPEED) == speed
    assert found.value(Property.ATTENUATION) * NEPER_DB / 100 == pytest.approx(db_per_cm, rel=1e-12)
    assert found.value(Property.EXPONENT) == exponent
    assert found.value(Property.CONDUCTIVITY) == conductivity
    assert found.value(Property.HEAT_CAPACITY) == heat_capacity
    assert found.value(Property.PERFUSION) * 60e6 == pytest.approx(perfusion, rel=1e-12)


def test_liver_attenuation_at_the_therapy_frequency() -> None:
    assert tissue("liver").attenuation.at(0.8e6) == pytest.approx(5.54, abs=0.01)


def test_ranges_span_the_sources_and_are_not_averages() -> None:
    liver = tissue("liver").known(Property.ATTENUATION)
    assert (liver.low, liver.high) == pytest.approx((0.5 * 100 / NEPER_DB, 0.94 * 100 / NEPER_DB))
    bone = tissue("bone_cortical").known(Property.ATTENUATION)
    assert (bone.low, bone.high) == pytest.approx((4.738 * 100 / NEPER_DB, 20 * 100 / NEPER_DB))
    perfusion = tissue("liver").known(Property.PERFUSION)
    assert (perfusion.low, perfusion.high) == pytest.approx((perfusion.nominal / 2, perfusion.nominal * 2))


@pytest.mark.parametrize("name", tissue_names())
def test_every_tissue_states_every_property_with_its_source(name: str) -> None:
    found = tissue(name)
    assert found.title
    for prop in Property:
        value = found.values[prop]
        if isinstance(value, Known):
            assert value.low <= value.nominal <= value.high
            assert (
                value.low == value.high
                or "range" in value.source
                or ";" in value.source
                or "assumption" in value.source
            )
        else:
            assert isinstance(value, Missing)
            assert value.reason


@pytest.mark.parametrize("name", [n for n in tissue_names() if n != "gas"])
def test_no_tissue_is_transparent(name: str) -> None:
    assert tissue(name).value(Property.ATTENUATION) > 0


@pytest.mark.parametrize("name", tissue_names())
def test_heat_can_be_computed_in_every_tissue(name: str) -> None:
    found = tissue(name)
    for prop in (Property.DENSITY, Property.CONDUCTIVITY, Property.HEAT_CAPACITY):
        assert found.value(prop) > 0
    assert found.value(Property.PERFUSION) >= 0


@pytest.mark.parametrize("name", PLACEHOLDER_SPEED)
def test_a_placeholder_is_not_a_sound_speed(name: str) -> None:
    with pytest.raises(MissingProperty, match="placeholder"):
        tissue(name).value(Property.SOUND_SPEED)


def test_gas_is_never_a_medium() -> None:
    with pytest.raises(MissingProperty, match="'gas' has no attenuation"):
        _ = tissue("gas").attenuation


def test_cartilage_and_fibroid_say_that_they_are_assumed() -> None:
    cartilage = tissue("cartilage").known(Property.ATTENUATION)
    assert "assumption" in cartilage.source
    assert cartilage.nominal == pytest.approx(3 * 100 / NEPER_DB)
    assert "EXTRAPOLATED" in tissue("fibroid").caution


def test_an_unknown_tissue_names_its_neighbours() -> None:
    with pytest.raises(UnknownName, match="no tissue called 'livr'; nearest: liver"):
        tissue("livr")


def test_an_entry_that_leaves_a_property_out_is_refused() -> None:
    entry = {"title": "half a tissue", "density": {"nominal": 1000, "range": [1000, 1000], "source": "measured"}}
    with pytest.raises(FormatError, match="must state .* sound_speed"):
        tissue_from_entry("half", entry)


def test_an_entry_whose_range_misses_its_value_is_refused() -> None:
    entry = {"title": "odd", "density": {"nominal": 1000, "range": [1100, 1200], "source": "measured"}}
    with pytest.raises(FormatError, match="does not contain the nominal value"):
        tissue_from_entry("odd", entry)


def test_an_entry_without_a_source_is_refused() -> None:
    with pytest.raises(FormatError, match="tissue 'odd', density: give nominal, range"):
        tissue_from_entry("odd", {"title": "odd", "density": {"nominal": 1000, "range": [1000, 1000]}})
