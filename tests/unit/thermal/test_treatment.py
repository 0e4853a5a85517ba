"""Whole treatments: rests that wait for organs, curves, dose of the joint history."""

from __future__ import annotations

import numpy as np
import pytest

from openhifu.base.errors import CannotModel, GeometryError, OutOfRange
from openhifu.base.outcome import Verdict
from openhifu.model.medium import Medium
from openhifu.thermal.boundary import Boundary
from openhifu.thermal.dose import ThermalDose
from openhifu.thermal.pennes import Pennes
from openhifu.thermal.treatment import Exposure, ExposureResult, RestRule, Treatment, Watch, run_treatment
from tests.thermal_cases import BLOOD, LIVER, ball, cube, spot

GRID = cube(14)
TARGET = ball("target", GRID, 3e-3)
SHELL = ball("shell", GRID, 5e-3)
EXPOSURE = Exposure(spot(GRID, 1e5), power=200.0, on_time=2.0)


def solver() -> Pennes:
    return Pennes(Medium.uniform(LIVER, GRID), BLOOD, Boundary.HELD_AT_START, track_peak=True)


def run(rest: RestRule, count: int = 2, **more: object) -> Treatment:
    return run_treatment(solver(), [EXPOSURE] * count, rest, TARGET, ThermalDose(GRID), **more)  # type: ignore[arg-type]


def test_without_watches_the_rest_is_the_least_one() -> None:
    result = run(RestRule(5.0, 60.0), pre_cooling=3.0)
    assert [e.rest for e in result.exposures] == [5.0, 5.0]
    assert result.total_time == pytest.approx(3 + 2 * (2 + 5))
    assert result.energy == pytest.approx(800.0)
    assert result.outcome.verdict is Verdict.OK


def test_the_rest_lasts_until_every_region_is_cool() -> None:
    rest = RestRule(1.0, 300.0, (Watch(TARGET, 40.0), Watch(SHELL, 60.0)))
    with pytest.raises(GeometryError, match="different names"):
        run(rest)
    watched = ball("watched", GRID, 3e-3)
    result = run(RestRule(1.0, 300.0, (Watch(watched, 40.0), Watch(SHELL, 60.0))))
    curve, time, power = result.curves.hottest["watched"], result.curves.time, result.curves.power
    for n, exposure in enumerate(result.exposures):
        assert exposure.rest > 1.0
        assert exposure.held_up_by == ()
        end = np.flatnonzero(power > 0)[-1] if n else np.flatnonzero(np.diff(power) < 0)[0]
        after = curve[time <= time[end] + exposure.rest + 1e-9][-2:]
        assert after[0] >= 40.0 > after[1]


def test_the_longest_rest_ends_the_wait_and_names_the_region() -> None:
    watched = ball("ribs", GRID, 3e-3)
    result = run(RestRule(1.0, 4.0, (Watch(watched, 37.5),)))
    assert [e.rest for e in result.exposures] == [4.0, 4.0]
    assert all(e.held_up_by == ("ribs",) for e in result.exposures)
    assert result.outcome.verdict is Verdict.WARNING
    assert "ribs" in result.outcome.sentence


def test_an_exposure_may_ask_for_a_longer_rest() -> None:
    longer = Exposure(EXPOSURE.heat, 200.0, 2.0, least_rest=9.5)
    result = run_treatment(solver(), [longer, EXPOSURE], RestRule(5.0, 60.0), TARGET, ThermalDose(GRID))
    assert [e.rest for e in result.exposures] == [9.5, 5.0]


def test_curves_peak_and_dose_are_those_of_the_one_history() -> None:
    result = run(RestRule(3.0, 60.0, (Watch(SHELL, 99.0),)))
    by_hand, dose = solver(), ThermalDose(GRID)
    for _ in range(2):
        for _ in range(2):
            by_hand.advance(1.0, EXPOSURE.heat, 200.0, dose)
        for _ in range(3):
            by_hand.advance(1.0, dose=dose)
    np.testing.assert_array_equal(result.dose.field.data, dose.field.data)
    np.testing.assert_array_equal(result.peak.data, by_hand.peak.data)
    assert result.curves.time[-1] == pytest.approx(by_hand.time)
    assert set(result.curves.hottest) == {"target", "shell"}
    assert result.exposures[1].peak > result.exposures[0].peak
    assert result.exposures[1].peak == pytest.approx(by_hand.highest, abs=1e-5)


def test_the_caller_may_stop_it() -> None:
    seen: list[ExposureResult] = []

    def first_only(exposure: ExposureResult) -> bool:
        seen.append(exposure)
        return False

    result = run(RestRule(1.0, 1.0), count=3, proceed=first_only)
    assert len(seen) == len(result.exposures) == 1
    assert result.outcome.verdict is Verdict.WARNING
    assert "1 of 3" in result.outcome.sentence


def test_progress_is_told() -> None:
    told: list[float] = []
    run(RestRule(1.0, 1.0), progress=lambda stage, fraction: told.append(fraction))
    assert told == [0.5, 1.0]


def test_boiling_outranks_everything_in_the_outcome() -> None:
    hot = Exposure(EXPOSURE.heat, 5000.0, 2.0)
    result = run_treatment(solver(), [hot], RestRule(1.0, 1.0), TARGET, ThermalDose(GRID))
    assert "boils" in result.outcome.sentence


def test_a_treatment_of_no_exposures_is_its_pre_cooling() -> None:
    result = run(RestRule(1.0, 1.0), count=0, pre_cooling=10.0)
    assert result.total_time == 10.0
    assert result.exposures == ()


def test_bad_numbers_are_refused() -> None:
    with pytest.raises(OutOfRange, match="power"):
        Exposure(EXPOSURE.heat, -1.0, 1.0)
    with pytest.raises(OutOfRange, match="on time"):
        Exposure(EXPOSURE.heat, 1.0, float("nan"))
    with pytest.raises(OutOfRange, match="above the longest"):
        RestRule(5.0, 4.0)
    with pytest.raises(OutOfRange, match="interval"):
        RestRule(1.0, 4.0, interval=0.0)
    with pytest.raises(OutOfRange, match="pre-cooling"):
        run(RestRule(1.0, 1.0), pre_cooling=-1.0)
    with pytest.raises(OutOfRange, match="the rule allows"):
        long = Exposure(EXPOSURE.heat, 1.0, 1.0, least_rest=9.0)
        run_treatment(solver(), [long], RestRule(1.0, 4.0), TARGET, ThermalDose(GRID))
    untracked = Pennes(Medium.uniform(LIVER, GRID), BLOOD, Boundary.HELD_AT_START)
    with pytest.raises(CannotModel, match="track_peak"):
        run_treatment(untracked, [EXPOSURE], RestRule(1.0, 1.0), TARGET, ThermalDose(GRID))
