"""Gradients with respect to elements against differences, through layers and a bone bar."""

from __future__ import annotations

import math

import numpy as np
import pytest

from openhifu.acoustics.adjoint import Functional, sensitivities, square_at, weighted_square
from openhifu.acoustics.marching import Marching
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.validation_setups import array, layered
from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid
from openhifu.model.catalogue import tissue
from openhifu.model.medium import Medium
from openhifu.model.tissuemap import TissueMap

_DEVICE = array()
_FOCUS = (1e-3, 0.5e-3, 60e-3)


def medium() -> Medium:
    grid = Grid.box((-32e-3, -32e-3, 26e-3), (32e-3, 32e-3, 64e-3), 0.45e-3)
    soft = layered(grid, ("water", "fat", "muscle"), (10, 16, grid.shape[2] - 26))
    data = soft.map.data.copy()
    data[30:60, 20:90, 30:34] = 3
    bone = tissue("bone_cortical")
    return Medium(TissueMap(grid, data, (*soft.map.tissues, bone.name)), (*soft.tissues, bone))


_MEDIUM = medium()


def problem(phases: np.ndarray) -> AcousticProblem:
    return AcousticProblem(_DEVICE.drive(1.0, phases=tuple(float(p) for p in phases)), _MEDIUM)


def pressure(phases: np.ndarray) -> Field:
    field = Marching().solve(problem(phases), Recording(pressure=True, heat=False)).pressure
    assert field is not None
    return field


def organ() -> Functional:
    weight = np.zeros(_MEDIUM.grid.shape, np.float32)
    weight[40:55, 60:80, 28:40] = 1e-6
    return weighted_square(Field(_MEDIUM.grid, weight, Quantity.INTENSITY))


@pytest.mark.parametrize("objective", [square_at(_FOCUS), organ()], ids=["focus", "organ"])
def test_phases_move_the_objective_as_the_gradient_says(objective: Functional) -> None:
    phases = np.random.default_rng(1).uniform(-0.6, 0.6, _DEVICE.elements)
    found = sensitivities(problem(phases), objective)
    assert found.value == pytest.approx(objective.value(pressure(phases)), rel=1e-5)
    for element in (0, 11, 20):
        # The objective is a + Re(b exp(i phi)) of one phase: this difference is its derivative, exactly.
        ahead, behind = phases.copy(), phases.copy()
        ahead[element] += math.pi / 2
        behind[element] -= math.pi / 2
        difference = 0.5 * (objective.value(pressure(ahead)) - objective.value(pressure(behind)))
        assert found.phase[element] == pytest.approx(difference, rel=1e-3, abs=1e-3 * np.abs(found.phase).max())


def test_amplitudes_together_scale_a_square_twice() -> None:
    found = sensitivities(problem(np.zeros(_DEVICE.elements)), square_at(_FOCUS))
    assert found.amplitude.sum() == pytest.approx(2 * found.value, rel=1e-3)


def test_phases_of_equal_worth_regain_the_focus() -> None:
    """Time reversal: turning every element's share into one phase gives the highest focus of equal amplitudes."""
    start = np.zeros(_DEVICE.elements)
    objective = square_at(_FOCUS)
    found = sensitivities(problem(start), objective)
    turned = start - np.angle(found.velocity * found.worth)
    best = objective.value(pressure(turned))
    assert best > 1.02 * found.value
    again = sensitivities(problem(turned), objective)
    assert np.abs(again.phase).max() < 1e-2 * np.abs(again.amplitude).max()


def test_a_point_off_the_grid_and_a_slope_without_numbers_are_refused() -> None:
    phases = np.zeros(_DEVICE.elements)
    with pytest.raises(GeometryError, match="off the grid"):
        sensitivities(problem(phases), square_at((0.0, 0.0, 1.0)))
    broken = Functional(lambda _: 0.0, lambda field: np.full(field.grid.shape, np.nan, np.complex64))
    with pytest.raises(OutOfRange, match="not finite"):
        sensitivities(problem(phases), broken)
