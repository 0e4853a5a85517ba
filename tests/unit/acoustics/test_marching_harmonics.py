"""Harmonics marched around the focus: against the axisymmetric solver, superposed, scaled, and refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from openhifu.acoustics.choosing import Method, choose
from openhifu.acoustics.marching_harmonics import HarmonicMarching
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.solve import solve
from openhifu.acoustics.validation_harmonics import CASES
from openhifu.acoustics.validation_setups import array, device, substance
from openhifu.base.errors import CannotModel, MissingProperty
from openhifu.base.grid import Grid
from openhifu.model.medium import Medium
from openhifu.model.tissue import Missing, Property
from openhifu.model.tissuemap import TissueMap
from openhifu.model.transducer import Cap

_KEEP = Recording(pressure=True)
_WATER = substance("water", density=1000.0, sound_speed=1500.0, nonlinearity=5.0)
_CAP = Cap(focal_length=24e-3, outer_diameter=16e-3, hole_diameter=0.0)


def problem(power: float = 5.0, harmonics: int = 2, bump: bool = True) -> AcousticProblem:
    """A small bowl on a lens of muscle beside its axis."""
    grid = Grid.box((-15e-3, -15e-3, 13e-3), (15e-3, 15e-3, 27e-3), 0.45e-3)
    x, y = (grid.affine[n, 3] + grid.axis(n) for n in (0, 1))
    labels = np.zeros(grid.shape, np.uint8)
    near = (x[:, None, None] - 4e-3) ** 2 + y[None, :, None] ** 2 < (6e-3) ** 2
    labels[np.broadcast_to(near & (np.arange(grid.shape[2]) > 6)[None, None, :], grid.shape)] = 1 if bump else 0
    tissues = (_WATER, substance("muscle"))
    medium = Medium(TissueMap(grid, labels, tuple(t.name for t in tissues)), tissues)
    return AcousticProblem(device(_CAP, 1e6).drive(power), medium, harmonics)


@pytest.mark.parametrize("name", [n for n in CASES if n.startswith("harmonics-3d-small")])
def test_harmonics_are_those_of_the_axisymmetric_solver(name: str) -> None:
    row = CASES[name]()
    assert row.ok, f"{row.case}: {row.figure:.3g} {row.unit}, at most {row.limit} against {row.truth}"


def test_beside_a_lens_the_first_is_the_linear_field_and_the_second_grows_with_the_square() -> None:
    weak, more = (solve(problem(p), _KEEP, "marching") for p in (0.02, 0.08))
    linear = solve(replace(problem(0.08), harmonics=1), _KEEP, "marching")
    assert weak.pressure is not None and more.pressure is not None and linear.pressure is not None
    assert more.peak_pressure == pytest.approx(linear.peak_pressure, rel=0.01)
    off = np.abs(np.abs(more.pressure.data) - np.abs(linear.pressure.data))[20:-20, 20:-20].max()
    assert off < 0.02 * linear.peak_pressure
    one, two = (float(np.abs(f.harmonics[0].data).max()) for f in (weak, more))
    assert two / one == pytest.approx(4.0, rel=0.01)
    assert "harmonics from" in more.report.notes[0] and "harmonics and shocks" in more.report.models[-1]


def test_numbers_do_not_depend_on_threads() -> None:
    one, two = (HarmonicMarching(threads).solve(problem(), _KEEP) for threads in (1, 2))
    assert one.heat_rate is not None and two.heat_rate is not None
    assert np.array_equal(one.heat_rate.data, two.heat_rate.data)
    assert np.array_equal(one.harmonics[0].data, two.harmonics[0].data)


def test_auto_marches_harmonics_where_nothing_is_round() -> None:
    assert choose(problem(), _KEEP, "auto")[0] is Method.MARCHING
    assert choose(problem(bump=False), _KEEP, "auto")[0] is Method.AXISYMMETRIC


def test_what_it_does_not_contain_is_refused() -> None:
    with pytest.raises(CannotModel, match="8 at most"):
        solve(problem(harmonics=9), _KEEP, "marching")
    with pytest.raises(CannotModel, match="no energy balance"):
        solve(problem(), Recording(energy=True), "marching")
    bone = substance("bone_cortical")
    there = problem().medium
    stiff = Medium(TissueMap(there.grid, there.map.data, (_WATER.name, bone.name)), (_WATER, bone))
    with pytest.raises(CannotModel, match="bone_cortical lies in the beam"):
        solve(AcousticProblem(problem().drive, stiff, 2), _KEEP, "marching")
    with pytest.raises(CannotModel, match="soft tissue only"):
        solve(AcousticProblem(array().drive(1.0), stiff, 2), _KEEP)


def test_nonlinearity_that_nobody_measured_is_named() -> None:
    there = problem().medium
    values = {**there.tissues[1].values, Property.NONLINEARITY: Missing(reason="nobody measured it")}
    medium = Medium(there.map, (_WATER, there.tissues[1].model_copy(update={"values": values})))
    with pytest.raises(MissingProperty, match="nonlinearity"):
        solve(AcousticProblem(problem().drive, medium, 2), _KEEP, "marching")
