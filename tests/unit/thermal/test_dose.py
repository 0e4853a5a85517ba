"""CEM43: exact integrals, both forms, and running fields."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.base.field import Field, Quantity
from openhifu.thermal.dose import DoseForm, IsoThermalDose, ThermalDose, cem43_of_history
from tests.thermal_cases import cube, temperature

DEGREES = st.floats(30.0, 90.0)
HISTORY = st.lists(st.tuples(st.floats(0.01, 100.0), DEGREES), min_size=1, max_size=8)


def course(start: float, steps: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    times, degrees = [0.0], [start]
    for seconds, value in steps:
        times.append(times[-1] + seconds)
        degrees.append(value)
    return times, degrees


@pytest.mark.parametrize(("degrees", "seconds"), [(43, 14400), (45, 3600), (47, 900), (50, 112.5), (52, 28.125)])
def test_240_minutes_take_the_published_time(degrees: float, seconds: float) -> None:
    assert cem43_of_history([0, seconds], [degrees, degrees]) == pytest.approx(240.0, rel=1e-12)


@pytest.mark.parametrize(("degrees", "seconds"), [(54, 7.031), (56, 1.758), (57, 0.8789), (60, 0.1099)])
def test_240_minutes_take_the_published_rounded_time(degrees: float, seconds: float) -> None:
    assert cem43_of_history([0, seconds], [degrees, degrees]) == pytest.approx(240.0, rel=5e-4)


def test_a_ramp_across_43_agrees_with_quadrature() -> None:
    def rate(t: float) -> float:
        degrees = 37.0 + 15.0 * t / 12.0
        return (0.25 if degrees < 43 else 0.5) ** (43.0 - degrees) / 60.0

    truth = quad(rate, 0, 12, points=[4.8], epsabs=0, epsrel=1e-12)[0]
    assert cem43_of_history([0, 12], [37, 52]) == pytest.approx(truth, rel=1e-10)


@settings(max_examples=100)
@given(DEGREES, HISTORY, st.floats(0.05, 0.95), st.sampled_from(list(DoseForm)))
def test_splitting_a_stretch_changes_nothing(
    start: float, steps: list[tuple[float, float]], share: float, form: DoseForm
) -> None:
    times, degrees = course(start, steps)
    whole = cem43_of_history(times, degrees, form)
    between = times[0] + share * (times[1] - times[0])
    value = degrees[0] + share * (degrees[1] - degrees[0])
    split = cem43_of_history([times[0], between, *times[1:]], [degrees[0], value, *degrees[1:]], form)
    assert split == pytest.approx(whole, rel=1e-9, abs=1e-12)


@settings(max_examples=100)
@given(DEGREES, HISTORY, st.floats(0.0, 5.0), st.sampled_from(list(DoseForm)))
def test_warmer_is_never_less(start: float, steps: list[tuple[float, float]], more: float, form: DoseForm) -> None:
    times, degrees = course(start, steps)
    assert cem43_of_history(times, np.add(degrees, more), form) >= cem43_of_history(times, degrees, form) * (1 - 1e-12)


@settings(max_examples=60)
@given(DEGREES, HISTORY, HISTORY)
def test_doses_of_stretches_add(
    start: float, first: list[tuple[float, float]], then: list[tuple[float, float]]
) -> None:
    times, degrees = course(start, first)
    later, warmth = course(degrees[-1], then)
    joined = cem43_of_history([*times, *(times[-1] + t for t in later[1:])], [*degrees, *warmth[1:]])
    assert joined == pytest.approx(cem43_of_history(times, degrees) + cem43_of_history(later, warmth), rel=1e-9)


def test_the_iso_form_ignores_mild_warmth_and_calls_57_degrees_ablated() -> None:
    assert cem43_of_history([0, 3600], [38.9, 38.9], DoseForm.ISO) == 0.0
    assert cem43_of_history([0, 60, 60.1], [37, 57, 37], DoseForm.ISO) == math.inf
    assert cem43_of_history([0, 3600], [38.9, 38.9]) > 0.1


def test_the_forms_differ_after_a_dip_below_43() -> None:
    times, degrees = [0.0, 1.0, 1.001, 61.0], [44.0, 44.0, 42.0, 42.0]
    continuous, iso = cem43_of_history(times, degrees), cem43_of_history(times, degrees, DoseForm.ISO)
    assert iso - continuous == pytest.approx(0.5 - 0.25, rel=1e-3)


@pytest.mark.parametrize(
    ("times", "degrees"),
    [([0], [43]), ([0, 1], [43]), ([0, 0], [43, 43]), ([1, 0], [43, 43]), ([0, 1], [43, math.nan])],
)
def test_a_history_that_is_none_is_refused(times: list[float], degrees: list[float]) -> None:
    with pytest.raises(OutOfRange, match="a history needs"):
        cem43_of_history(times, degrees)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(37.0, 95.0), min_size=3, max_size=6), st.floats(0.05, 3.0))
def test_the_running_field_follows_the_exact_integral(degrees: list[float], seconds: float) -> None:
    grid = cube(3)
    for dose in (ThermalDose(grid, floor=-math.inf), IsoThermalDose(grid)):
        for before, after in zip(degrees[:-1], degrees[1:], strict=True):
            dose.add(temperature(grid, before), temperature(grid, after), seconds)
        # The field's temperatures are float32, whose last bit at 80 C is worth 5e-6 of the dose.
        truth = cem43_of_history(
            np.arange(len(degrees)) * seconds, np.array(degrees, np.float32).astype(float), dose.form
        )
        got = float(dose.field.data[1, 1, 1])
        assert got == pytest.approx(truth, rel=1e-4, abs=1e-9) or abs(max(degrees) - 57) < 1e-4


def test_below_the_floor_nothing_is_counted_and_the_loss_is_what_is_stated() -> None:
    grid = cube(3)
    dose, whole = ThermalDose(grid), ThermalDose(grid, floor=-math.inf)
    for d in (dose, whole):
        d.add(temperature(grid, 37.9), temperature(grid, 37.9), 3600.0)
    assert dose.field.data.max() == 0.0
    assert 0.05 < whole.field.data.max() < 0.06


def test_the_volume_counts_voxels_at_or_over_the_threshold() -> None:
    grid = cube(4)
    dose = ThermalDose(grid)
    warm = np.full(grid.shape, 37.0)
    warm[1, 2, :3] = 56.0
    field = Field(grid, warm, Quantity.TEMPERATURE)
    dose.add(field, field, 2.0)
    assert dose.volume() == pytest.approx(3e-9)
    assert dose.volume(cem43=1e6) == 0.0


@pytest.mark.parametrize("kind", [ThermalDose, IsoThermalDose])
def test_what_cannot_be_added_is_refused_and_nothing_changes(kind: type[ThermalDose | IsoThermalDose]) -> None:
    grid = cube(3)
    dose, warm = kind(grid), temperature(grid, 50.0)
    dose.add(warm, warm, 1.0)
    before = dose.field.data.copy()
    with pytest.raises(GeometryError, match="another grid"):
        dose.add(warm, temperature(cube(4), 50.0), 1.0)
    with pytest.raises(GeometryError, match="give temperature"):
        dose.add(warm, Field(grid, warm.data, Quantity.CEM43), 1.0)
    with pytest.raises(OutOfRange, match="not negative"):
        dose.add(warm, warm, -1.0)
    with pytest.raises(OutOfRange, match="not finite"):
        dose.add(warm, temperature(grid, math.nan), 1.0)
    np.testing.assert_array_equal(dose.field.data, before)
