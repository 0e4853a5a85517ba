"""The march on other libraries' arrays is the compiled march, and says where it ran."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import openhifu as hifu
from openhifu.acoustics.array_library import LIBRARIES
from openhifu.acoustics.problem import AcousticProblem, Recording, coarse_grid
from openhifu.acoustics.solve import solve
from openhifu.acoustics.validation_setups import bowl, layered
from openhifu.base.errors import CannotModel, UnknownName
from openhifu.base.grid import Grid
from openhifu.model.medium import Medium

_GRID = Grid.box((-24e-3, -24e-3, 40e-3), (24e-3, 24e-3, 65.2e-3), 0.48e-3)
_PROBLEM = AcousticProblem(
    bowl(0.0, 40e-3).drive(10.0),
    layered(_GRID, ("water", "fat", "bone_cortical", "muscle"), (10, 15, 4, _GRID.shape[2] - 29)),
)
_KEEP = Recording(pressure=True, heat=True, energy=True, heat_grid=coarse_grid(_GRID, 2, (3, 5, 7), (40, 41, 20)))


@pytest.mark.parametrize("arrays", LIBRARIES)
def test_field_heat_and_energy_are_those_of_the_compiled_march(arrays: str) -> None:
    if arrays == "jax":
        pytest.importorskip("jax")
    ours = solve(_PROBLEM, _KEEP, "marching")
    theirs = solve(_PROBLEM, _KEEP, "marching", arrays=arrays)
    assert ours.pressure is not None and theirs.pressure is not None
    np.testing.assert_allclose(theirs.pressure.data, ours.pressure.data, atol=3e-5 * ours.peak_pressure)
    assert ours.heat_rate is not None and theirs.heat_rate is not None
    np.testing.assert_allclose(theirs.heat_rate.data, ours.heat_rate.data, atol=1e-4 * ours.heat_rate.data.max())
    assert ours.energy is not None and theirs.energy is not None
    for name in ("emitted", "attenuated", "absorbed", "reflected", "lateral", "leaving"):
        assert getattr(theirs.energy, name) == pytest.approx(getattr(ours.energy, name), rel=1e-4), name
    assert theirs.focus == pytest.approx(ours.focus, abs=1e-6)
    assert theirs.beam_widths == pytest.approx(ours.beam_widths, rel=1e-4)
    assert any(arrays in note for note in theirs.report.notes)


def test_a_method_that_does_not_run_on_arrays_is_refused() -> None:
    with pytest.raises(CannotModel, match="arrays 'numpy' run the linear march, and here the method is 'rayleigh'"):
        hifu.solve(
            bowl(0.0, 40e-3).drive(10.0), Medium.uniform(hifu.tissue("water"), _GRID), "rayleigh", arrays="numpy"
        )


def test_a_library_nobody_knows_is_refused() -> None:
    with pytest.raises(UnknownName, match="library of arrays called 'abacus'; known: jax, numpy"):
        solve(_PROBLEM, _KEEP, "marching", arrays="abacus")


def test_a_missing_library_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(CannotModel, match=r"pip install 'openhifu\[jax\]'"):
        solve(_PROBLEM, _KEEP, "marching", arrays="jax")
