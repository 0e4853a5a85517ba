"""Bone crossed by the full wave between two marches, and how a method is chosen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from openhifu.acoustics.choosing import Method, choose
from openhifu.acoustics.fullwave import FullWave
from openhifu.acoustics.hybrid import Hybrid
from openhifu.acoustics.marching import Marching
from openhifu.acoustics.materials import Materials
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.slab import handed_over
from openhifu.acoustics.solve import solve
from openhifu.acoustics.source import Fluid
from openhifu.acoustics.validation_fullwave import SMALL_BONE, Layers
from openhifu.acoustics.validation_setups import bowl, layered, substance
from openhifu.base.errors import CannotModel, UnknownName
from openhifu.base.grid import Grid
from openhifu.model.medium import Medium
from openhifu.model.tissuemap import TissueMap

_KEEP = Recording(pressure=True, heat=False)


def bone_in_water() -> tuple[AcousticProblem, Hybrid]:
    shifted = SMALL_BONE.shifted(0.2e-3)
    wide = Layers(shifted.cap, shifted.names, shifted.boundaries, 24e-3, (7e-3, 30e-3))
    surfaces = wide.surfaces()
    return wide.problem(surfaces), Hybrid(FullWave(surfaces))


def soft(extra: str = "", spacing: float = 0.45e-3) -> AcousticProblem:
    """Water, fat and muscle with a bar of something in the muscle."""
    grid = Grid.box((-32e-3, -32e-3, 32e-3), (32e-3, 32e-3, 64e-3), spacing)
    medium = layered(grid, ("water", "fat", "muscle"), (8, 12, grid.shape[2] - 20))
    if extra:
        data = medium.map.data.copy()
        data[:, grid.shape[1] // 2 - 8 : grid.shape[1] // 2, 26:34] = 3
        one = substance(extra)
        medium = Medium(TissueMap(grid, data, (*medium.map.tissues, one.name)), (*medium.tissues, one))
    return AcousticProblem(bowl(0.0, 40e-3).drive(1.0), medium)


def test_it_agrees_with_the_full_wave_behind_bone_and_says_where_it_was_one() -> None:
    problem, hybrid = bone_in_water()
    found, truth = hybrid.solve(problem, _KEEP), hybrid.across.solve(problem, _KEEP)
    assert found.pressure is not None and truth.pressure is not None
    behind = np.s_[18:-18, 18:-18, 16:]  # without the march's absorbing edges
    a, b = np.abs(found.pressure.data[behind]), np.abs(truth.pressure.data[behind])
    assert np.linalg.norm(a - b) < 0.02 * np.linalg.norm(b)
    assert abs(a.max() / b.max() - 1) < 0.01
    assert "4.0 mm of bone" in found.report.notes[0]
    assert found.report.convergence is not None and found.report.convergence.reached


def test_numbers_do_not_depend_on_threads_and_power_scales_them() -> None:
    problem, hybrid = bone_in_water()
    one = Hybrid(replace(hybrid.across, threads=1, tolerance=1e-2)).solve(problem, _KEEP).pressure
    two = Hybrid(replace(hybrid.across, threads=2, tolerance=1e-2)).solve(problem, _KEEP).pressure
    assert one is not None and two is not None
    assert np.array_equal(one.data, two.data)


@pytest.mark.parametrize(
    ("problem", "words"),
    [(soft(), "no bone in the beam"), (AcousticProblem(soft().drive, soft().medium, 2), "nonlinear")],
)
def test_what_it_is_not_for_is_refused(problem: AcousticProblem, words: str) -> None:
    with pytest.raises(CannotModel, match=words):
        Hybrid().solve(problem, _KEEP)


def test_gas_among_the_bone_is_refused_by_name() -> None:
    problem = soft("bone_cortical", 0.28e-3)
    data = problem.medium.map.data.copy()
    data[100:110, 100:110, 28:30] = 4
    gas = substance("gas")
    tissues = (*problem.medium.map.tissues, gas.name)
    medium = Medium(TissueMap(problem.medium.grid, data, tissues), (*problem.medium.tissues, gas))
    with pytest.raises(CannotModel, match="gas"):
        Hybrid().solve(AcousticProblem(problem.drive, medium), _KEEP)
    assert choose(AcousticProblem(problem.drive, medium), _KEEP, "auto")[0] is Method.MARCHING


def test_the_method_follows_what_lies_along_the_beam() -> None:
    method, why = choose(soft(), _KEEP, "auto")
    assert method is Method.MARCHING and "soft tissue" in why
    method, why = choose(soft("bone_cortical", 0.28e-3), _KEEP, "auto")
    assert method is Method.HYBRID and "mm of bone" in why
    uniform = AcousticProblem(
        soft().drive, Medium.uniform(substance("liver"), Grid.box((0, 0, 55e-3), (4e-3,) * 2 + (60e-3,), 0.4e-3))
    )
    assert choose(uniform, _KEEP, "auto")[0] is Method.RAYLEIGH
    assert choose(soft(), Recording(energy=True), "auto")[0] is Method.MARCHING
    assert choose(soft("bone_cortical"), _KEEP, "marching") == (Method.MARCHING, "asked for")


def test_bone_on_a_grid_too_coarse_for_it_is_refused_with_the_spacing_that_is_needed() -> None:
    with pytest.raises(CannotModel, match=r"3\.6 mm of bone.*too coarse.*0\.288 mm"):
        choose(soft("bone_cortical"), _KEEP, "auto")
    with pytest.raises(UnknownName, match="hybrid"):
        choose(soft(), _KEEP, "hybird")


def test_the_door_takes_it_by_name() -> None:
    problem, _ = bone_in_water()
    field = solve(problem, _KEEP, "hybrid")
    assert field.report.method == "hybrid"
    assert field.peak_pressure != pytest.approx(Marching().solve(problem, _KEEP).peak_pressure, rel=0.02)


def test_a_wave_handed_over_has_come_from_the_faces_of_its_voxels_to_their_centres() -> None:
    problem = soft()
    materials = Materials.of(problem.medium, problem.frequency)
    water, fat = (Fluid.of(problem.medium.tissues[n], problem.frequency) for n in (0, 1))
    found = handed_over(np.array([0, 1], np.uint8), materials, water, 0.2e-3)
    way = np.exp(1j * (fat.wavenumber - water.wavenumber) * 0.2e-3 - (fat.attenuation - water.attenuation) * 0.2e-3)
    assert np.allclose(found, [1.0, 2 * fat.impedance / (fat.impedance + water.impedance) * way], rtol=1e-5)
