"""Properties that follow the temperature, and boiling."""

from __future__ import annotations

import numpy as np
import pytest

from openhifu.base.errors import OutOfRange, UnknownName
from openhifu.base.field import Field, Quantity
from openhifu.model.catalogue import tissue
from openhifu.model.medium import Medium
from openhifu.thermal.boundary import Boundary
from openhifu.thermal.dose import ThermalDose
from openhifu.thermal.laws import LATENT_HEAT, Boiling, Follows, TemperatureLaw, linear_law
from openhifu.thermal.pennes import Pennes
from openhifu.thermal.varying import VaryingPennes
from tests.thermal_cases import BLOOD, LIVER, UNPERFUSED, cube, layered, spot

_SOURCE = "chosen for a test"


def law(follows: Follows, *points: tuple[float, float]) -> TemperatureLaw:
    return TemperatureLaw("liver", follows, points, _SOURCE)


def test_without_laws_layers_warm_as_under_the_plain_solver() -> None:
    grid = cube(15)
    medium = layered(grid, LIVER, tissue("fat"), tissue("muscle"))
    plain, varying = (kind(medium, BLOOD, Boundary.HELD_AT_START) for kind in (Pennes, VaryingPennes))
    for solver in (plain, varying):
        solver.advance(10.0, spot(grid), step=0.5)
    assert varying.linear
    np.testing.assert_allclose(plain.temperature.data, varying.temperature.data, atol=2e-5)


@pytest.mark.parametrize(
    ("follows", "hotter"), [(Follows.ABSORPTION, True), (Follows.PERFUSION, False), (Follows.CONDUCTIVITY, False)]
)
def test_what_grows_with_temperature_moves_the_peak_the_right_way(follows: Follows, hotter: bool) -> None:
    grid = cube(15)
    medium, rising = Medium.uniform(LIVER, grid), law(follows, (37.0, 1.0), (100.0, 4.0))
    plain = VaryingPennes(medium, BLOOD, Boundary.INSULATED)
    varying = VaryingPennes(medium, BLOOD, Boundary.INSULATED, (rising,))
    for solver in (plain, varying):
        solver.advance(10.0, spot(grid, 8e6), step=0.2)
    assert not varying.linear
    assert (varying.highest > plain.highest + 0.3) is hotter
    assert _SOURCE in varying.method


def test_a_conductivity_that_rises_shortens_the_stable_step() -> None:
    medium = Medium.uniform(LIVER, cube())
    plain = VaryingPennes(medium, BLOOD, Boundary.INSULATED)
    quick = VaryingPennes(medium, BLOOD, Boundary.INSULATED, (law(Follows.CONDUCTIVITY, (37.0, 1.0), (90.0, 2.0)),))
    assert quick.stable_step == pytest.approx(plain.stable_step / 2)


def test_conduction_that_varies_keeps_heat() -> None:
    grid = cube(16)
    laws = (law(Follows.CONDUCTIVITY, (37.0, 1.0), (70.0, 3.0)),)
    solver = VaryingPennes(Medium.uniform(UNPERFUSED, grid), BLOOD, Boundary.INSULATED, laws)
    solver.advance(5.0, spot(grid, 1e7))
    before = (solver.temperature.data.astype(float) - 37.0).sum()
    solver.advance(120.0)
    assert (solver.temperature.data.astype(float) - 37.0).sum() == pytest.approx(before, rel=1e-5)


def test_water_boils_at_a_hundred_degrees_and_gives_its_heat_back() -> None:
    grid = cube(16)
    solver = VaryingPennes(
        Medium.uniform(UNPERFUSED, grid), BLOOD, Boundary.INSULATED, boiling=Boiling(0.7, _SOURCE), track_peak=True
    )
    solver.advance(20.0, spot(grid, 5e7), dose=ThermalDose(grid), step=0.1)
    assert solver.highest == pytest.approx(100.0, abs=1e-3)
    assert solver.exceeded_boiling
    assert 0.1 < solver.dried.data.max() < 1.0
    assert solver.dried.quantity is Quantity.SHARE
    solver.advance(300.0)
    assert solver.dried.data.max() == 0.0
    assert solver.highest_now < 100.0
    solver.restart()
    assert solver.dried.data.max() == 0.0


def test_dry_tissue_warms_on() -> None:
    grid = cube(3)
    solver = VaryingPennes(Medium.uniform(UNPERFUSED, grid), BLOOD, Boundary.INSULATED, boiling=Boiling(0.01, _SOURCE))
    heat = Field(grid, np.full(grid.shape, 1e8), Quantity.HEAT_RATE)
    solver.advance(5.0, heat, step=0.02)
    assert solver.dried.data.min() == 1.0
    assert solver.highest_now > 101.0
    assert LATENT_HEAT == pytest.approx(2.257e6)


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ((), "rising"),
        (((40.0, 1.0), (37.0, 2.0)), "rising"),
        (((37.0, -1.0),), "0 or more"),
        (((37.0, 0.0),), "positive"),
    ],
)
def test_an_impossible_law_is_refused(points: tuple[tuple[float, float], ...], words: str) -> None:
    with pytest.raises(OutOfRange, match=words):
        law(Follows.CONDUCTIVITY, *points)


def test_laws_and_boiling_need_a_source_and_an_existing_tissue() -> None:
    with pytest.raises(OutOfRange, match="source"):
        linear_law("liver", Follows.ABSORPTION, 0.01, " ")
    with pytest.raises(OutOfRange, match="source"):
        Boiling(0.7, "")
    with pytest.raises(OutOfRange, match="between 0 and 1"):
        Boiling(1.2, _SOURCE)
    with pytest.raises(UnknownName):
        VaryingPennes(
            Medium.uniform(LIVER, cube()),
            BLOOD,
            Boundary.INSULATED,
            (linear_law("spleen", Follows.ABSORPTION, 0.01, _SOURCE),),
        )
    twice = linear_law("liver", Follows.ABSORPTION, 0.01, _SOURCE)
    with pytest.raises(OutOfRange, match="two laws"):
        VaryingPennes(Medium.uniform(LIVER, cube()), BLOOD, Boundary.INSULATED, (twice, twice))
