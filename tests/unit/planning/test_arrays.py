"""Phases and amplitudes of arrays: steering, time reversal and several foci against the fields they really make."""

from __future__ import annotations

import numpy as np
import pytest

from openhifu.acoustics.adjoint import sensitivities, square_at
from openhifu.acoustics.materials import Materials
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.responses import responses_at, responses_in
from openhifu.acoustics.solve import solve
from openhifu.acoustics.source import Fluid, element_velocities
from openhifu.acoustics.validation_setups import LOSSLESS, array, bowl, layered
from openhifu.base.errors import CannotModel, FormatError, GeometryError, OutOfRange
from openhifu.base.field import Field
from openhifu.base.grid import Grid
from openhifu.base.vectors import Vector
from openhifu.model.catalogue import tissue
from openhifu.model.medium import Medium
from openhifu.model.tissuemap import TissueMap
from openhifu.planning.arrays.aberration import corrected, corrected_with
from openhifu.planning.arrays.geometric import geometric_phases
from openhifu.planning.arrays.several_foci import several_foci
from openhifu.planning.arrays.sparing import BoneView, at_pressure, curve, spared

_DEVICE = array()
_FLUID = Fluid.of(LOSSLESS, 1e6)

_GRID = Grid.box((-32e-3, -32e-3, 26e-3), (32e-3, 32e-3, 64e-3), 0.45e-3)
_AT = _GRID.world(np.rint(_GRID.index((3e-3, -2e-3, 58e-3))))
_FOCUS: Vector = (float(_AT[0]), float(_AT[1]), float(_AT[2]))


def through(medium: Medium, phases: tuple[float, ...] = (), amplitudes: tuple[float, ...] = ()) -> AcousticProblem:
    return AcousticProblem(_DEVICE.drive(1.0, phases=phases, amplitudes=amplitudes), medium)


def bumpy() -> Medium:
    """Fat of uneven depth over muscle."""
    soft = layered(_GRID, ("water", "fat", "muscle"), (10, 16, _GRID.shape[2] - 26))
    data = soft.map.data.copy()
    rough = np.random.default_rng(3).integers(0, 9, (10, 10))
    deep = np.kron(rough, np.ones((15, 15), int))[: data.shape[0], : data.shape[1]]
    for n in range(9):
        data[:, :, 26 + n][deep > n] = 1
    return Medium(TissueMap(_GRID, data, soft.map.tissues), soft.tissues)


_BUMPY = bumpy()
_WATER = Fluid.of(_BUMPY.tissues[0], 1e6)


def pressure(problem: AcousticProblem) -> Field:
    field = solve(problem, Recording(pressure=True, heat=False), "marching").pressure
    assert field is not None
    return field


def at(problem: AcousticProblem, point: Vector) -> complex:
    return complex(pressure(problem).data[_GRID.voxel(point)])


def test_responses_add_up_to_the_marched_field() -> None:
    rng = np.random.default_rng(0)
    phases = tuple(float(p) for p in rng.uniform(-3, 3, _DEVICE.elements))
    amplitudes = tuple(float(a) for a in rng.uniform(0, 1, _DEVICE.elements))
    problem = through(_BUMPY, phases, amplitudes)
    truth = at(problem, _FOCUS)
    power = 0.5 * _WATER.impedance * _DEVICE.surface.area / _DEVICE.elements * np.sum(np.square(amplitudes))
    velocity = np.array(amplitudes) * np.exp(1j * np.array(phases)) / np.sqrt(power)
    by_row = responses_at(problem, [_FOCUS])[0] @ velocity
    assert abs(by_row - truth) < 2e-3 * abs(truth)
    mask = np.zeros(_GRID.shape, bool)
    mask[_GRID.voxel(_FOCUS)] = True
    by_column = velocity @ responses_in(problem, mask)[:, 0]
    assert abs(by_column - truth) < 2e-3 * abs(truth)


def test_through_a_uniform_medium_correction_returns_geometric_phases() -> None:
    found = corrected(through(Medium.uniform(LOSSLESS, _GRID)), _FOCUS, _FLUID)
    geometric = np.array(geometric_phases(_DEVICE, _FOCUS, _FLUID))
    apart = np.exp(1j * (np.array(found.drive.phases) - geometric))
    assert np.abs(np.angle(apart / apart.mean())).max() < 0.05
    again = corrected(through(Medium.uniform(LOSSLESS, _GRID), tuple(geometric)), _FOCUS, _FLUID)
    assert 1.0 <= again.gain < 1.001


def test_correction_through_uneven_fat_gains_what_it_says_and_leaves_no_slope() -> None:
    geometric = geometric_phases(_DEVICE, _FOCUS, _WATER)
    before = through(_BUMPY, geometric)
    found = corrected(before, _FOCUS, _WATER)
    assert found.gain > 1.05 and found.coherence == pytest.approx(1 / found.gain)
    after = AcousticProblem(found.drive, _BUMPY)
    assert abs(at(before, _FOCUS)) == pytest.approx(found.before, rel=2e-3)
    assert abs(at(after, _FOCUS)) == pytest.approx(found.after, rel=2e-3)
    left = sensitivities(after, square_at(_FOCUS))
    assert np.abs(left.phase).max() < 1e-2 * np.abs(left.amplitude).max()
    first = sensitivities(before, square_at(_FOCUS))
    assert np.corrcoef(np.sign(first.phase), np.sign(found.turned))[0, 1] > 0.5


@pytest.mark.parametrize("seed", range(5))
def test_correction_never_loses(seed: int) -> None:
    phases = tuple(float(p) for p in np.random.default_rng(seed).uniform(-3, 3, _DEVICE.elements))
    assert corrected(through(_BUMPY, phases), _FOCUS, _WATER).gain >= 1.0


def test_several_foci_reach_asked_pressures_in_the_marched_field() -> None:
    points: list[Vector] = [(-4e-3, 0.0, 58e-3), (4e-3, 0.0, 58e-3), (0.0, 4e-3, 58e-3)]
    asked = np.array([2e5, 2e5, 1e5 * np.exp(0.7j)])
    response = responses_at(through(_BUMPY), points)
    least, even = (several_foci(_DEVICE, response, list(asked), _WATER, rounds=n) for n in (0, 12))
    for found in (least, even):
        field = pressure(AcousticProblem(found.drive, _BUMPY))
        made = np.array([field.data[_GRID.voxel(p)] for p in points])
        assert np.abs(made - asked).max() < 5e-3 * np.abs(asked).max()
    assert even.efficiency > least.efficiency + 0.05
    assert even.drive.acoustic_power >= least.drive.acoustic_power


def test_one_focus_asked_of_several_foci_is_time_reversal() -> None:
    response = responses_at(through(_BUMPY), [_FOCUS])
    even = several_foci(_DEVICE, response, [1e5], _WATER)
    best = corrected(through(_BUMPY), _FOCUS, _WATER)
    apart = np.exp(1j * (np.array(even.drive.phases) - np.array(best.drive.phases)))
    assert np.abs(np.angle(apart / apart.mean())).max() < 1e-3
    assert even.efficiency == pytest.approx(1.0, abs=1e-3)


def test_what_cannot_be_steered_is_refused_with_the_reason() -> None:
    with pytest.raises(CannotModel, match="one element"):
        geometric_phases(bowl(0.0), _FOCUS, _FLUID)
    with pytest.raises(GeometryError, match="cannot be steered to"):
        geometric_phases(_DEVICE, (np.nan, 0.0, 0.0), _FLUID)
    with pytest.raises(GeometryError, match="off the grid"):
        corrected(through(_BUMPY), (0.0, 0.0, 1.0), _WATER)
    response = responses_at(through(_BUMPY), [_FOCUS, _FOCUS])
    with pytest.raises(CannotModel, match="further apart"):
        several_foci(_DEVICE, response, [1.0, 2.0], _WATER)
    with pytest.raises(OutOfRange, match="times the pressures or less"):
        several_foci(_DEVICE, response[:1], [1e12], _WATER)
    with pytest.raises(OutOfRange, match="not all zero"):
        several_foci(_DEVICE, response[:1], [0.0], _WATER)


@pytest.mark.parametrize(
    ("amplitudes", "off", "words"),
    [((1.0,), (), "amplitudes for"), ((-1.0,) + 23 * (1.0,), (), "zero or more"), ((1.0,) + 23 * (0.0,), (0,), "zero")],
)
def test_amplitudes_that_say_nothing_are_refused(amplitudes, off, words) -> None:
    with pytest.raises(FormatError, match=words):
        _DEVICE.drive(1.0, off, amplitudes=amplitudes)


def barred() -> tuple[AcousticProblem, BoneView, np.ndarray]:
    """A bar of bone over half of the beam, and what the elements do to it."""
    soft = layered(_GRID, ("water", "fat", "muscle"), (10, 16, _GRID.shape[2] - 26))
    data = soft.map.data.copy()
    data[30:64, 20:120, 30:34] = 3
    bone = tissue("bone_cortical")
    medium = Medium(TissueMap(_GRID, data, (*soft.map.tissues, bone.name)), (*soft.tissues, bone))
    problem = through(medium, geometric_phases(_DEVICE, _FOCUS, _WATER))
    mask = data == 3
    heat = Materials.of(medium, 1e6).heat[data[mask]]
    focus = responses_at(problem, [_FOCUS])[0]
    view = BoneView(_DEVICE, _WATER, focus, responses_in(problem, mask), heat, _GRID.voxel_volume)
    return problem, view, mask


def test_weighted_elements_spare_bone_at_equal_focal_pressure() -> None:
    problem, view, mask = barred()
    found = corrected_with(problem.drive, view.focus, _WATER).drive
    plain = at_pressure(view, element_velocities(found, _WATER), 1e6, "all on")
    curve_ = curve(view, 1e6, (0.1, 1.0, 10.0))
    for one in curve_:
        assert one.pressure == pytest.approx(1e6, rel=1e-6)
        assert one.bound <= one.highest * (1 + 1e-6)
    assert curve_[0].highest < plain.highest / 5
    assert np.all(np.diff([c.highest for c in curve_]) > 0)
    assert np.all(np.diff([c.power for c in curve_]) < 0)
    assert spared(view, 1e6, 0.1, rounds=0).absorbed < curve_[0].absorbed < plain.absorbed
    best = curve_[0]
    really = solve(AcousticProblem(best.drive(_DEVICE, None), problem.medium), Recording(pressure=True), "marching")
    assert really.pressure is not None and really.heat_rate is not None
    assert abs(really.pressure.data[_GRID.voxel(_FOCUS)]) == pytest.approx(1e6, rel=5e-3)
    assert really.heat_rate.data[mask].max() == pytest.approx(best.highest, rel=0.02)


def test_sparing_asked_for_nothing_is_refused() -> None:
    view = BoneView(_DEVICE, _WATER, np.zeros(24, complex), np.ones((24, 2), np.complex64), np.ones(2), 1e-9)
    with pytest.raises(OutOfRange, match="positive"):
        spared(view, 0.0, 0.1)
    with pytest.raises(CannotModel, match="arrives at the focus"):
        spared(view, 1e6, 0.1)
