"""Titration: a patient who heats more or less than planned still gets the peak that was planned."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhifu.delivery.authorisation import Rehearsal
from openhifu.delivery.steps import StepResult
from openhifu.delivery.titration import growth, heating_ratio, next_scale, reading_of
from openhifu.model.events import Purpose, SonicationStarted
from openhifu.twin.machine import MachineModel
from tests.unit.delivery.bench import GROWTH_TIME, PointPatient, deliver, plan, titration

PLANNED_PEAK = 67.0


def readings(ratio: float, power: float, on_time: float, noise: float = 0.0, seed: int = 0) -> StepResult:
    rng, full = random.Random(seed), math.log1p(8.0 / GROWTH_TIME)
    times = range(1, int(on_time) + 1)
    curve = [(float(t), 37.0 + ratio * 0.5 * power * math.log1p(t / GROWTH_TIME) / full) for t in times]
    return StepResult(power=power, on_time=on_time, target=tuple((t, v + rng.gauss(0, noise)) for t, v in curve))


@given(st.floats(0.5, 2.0), st.floats(10.0, 120.0), st.sampled_from([4.0, 6.0, 8.0]))
def test_the_ratio_is_exact_on_the_growth_law(ratio: float, power: float, on_time: float) -> None:
    spot = plan().sonications[0]
    if on_time == 4.0:  # times 2, 3, 4 remain: just enough
        assert heating_ratio(readings(ratio, power, 3.0), spot, titration(), 37.0) is None
    found = heating_ratio(readings(ratio, power, on_time), spot, titration(), 37.0)
    assert found == pytest.approx(ratio, rel=1e-9)


def test_noise_averages_out() -> None:
    """A full exposure under 1 K of noise: 5 late readings of 30 K give the ratio to 1 K / 30 K / sqrt(5) = 1.5 %."""
    spot = plan().sonications[0]
    errors = [heating_ratio(readings(1.0, 60.0, 8.0, 1.0, s), spot, titration(), 37.0) or 0.0 for s in range(400)]
    mean = sum(errors) / len(errors)
    spread = math.sqrt(sum((e - mean) ** 2 for e in errors) / len(errors))
    assert mean == pytest.approx(1.0, abs=0.003)
    assert spread == pytest.approx(0.0165, rel=0.15)


def test_what_the_voxel_averages_away_is_not_taken_for_a_cold_patient() -> None:
    rule = titration().model_copy(update={"reading_share": 0.8})
    shown = readings(0.8, 60.0, 8.0)  # the true rise is the planned one, the thermometer shows 80 % of it
    assert heating_ratio(shown, plan().sonications[0], rule, 37.0) == pytest.approx(1.0)
    assert reading_of(95.0, rule) == pytest.approx(37.0 + 0.8 * 58.0)


def test_too_little_or_absurd_readings_say_nothing() -> None:
    spot, rule = plan().sonications[0], titration()
    assert heating_ratio(StepResult(power=60.0, on_time=8.0), spot, rule, 37.0) is None
    assert heating_ratio(readings(-1.0, 60.0, 8.0), spot, rule, 37.0) is None
    assert next_scale(1.2, None, rule, 0.5) == 1.2


@given(st.floats(0.6, 1.6), st.floats(0.05, 20.0), st.floats(0.01, 1.0))
def test_the_factor_stays_within_its_limits_and_moves_the_right_way(scale: float, ratio: float, part: float) -> None:
    found = next_scale(scale, ratio, titration(), part)
    assert 0.6 <= found <= 1.6
    wanted = 1 / ratio
    assert min(scale, wanted) - 1e-12 <= found <= max(scale, wanted) + 1e-12 or found in (0.6, 1.6)


def test_growth_is_a_logarithm() -> None:
    assert growth(0.0, titration()) == 0.0
    assert growth(math.e - 1, titration()) == pytest.approx(1.0)


@pytest.mark.parametrize("factor", [0.7, 1.0, 1.3])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_patient_thirty_percent_off_is_brought_to_the_planned_peak(tmp_path: Path, factor: float, seed: int) -> None:
    """With 1 K of noise and a calibration error; without titration the peak would be 9 K off."""
    patient = PointPatient(factor=factor)
    bench = deliver(tmp_path / "j", Rehearsal(plan(spots=8, titrate=titration())), patient, MachineModel(), seed=seed)
    test, *peaks = patient.peaks
    assert test < 50.0
    # The test exposure rises by some 6 to 12 K under 1 K of noise: the first exposure is good to about 10 %.
    assert abs(peaks[0] - PLANNED_PEAK) < 7.0
    assert abs(peaks[1] - PLANNED_PEAK) < 4.0
    assert max(abs(p - PLANNED_PEAK) for p in peaks[3:]) < 1.5
    started = [e.what for e in bench.journal.events if isinstance(e.what, SonicationStarted)]
    assert [s.purpose for s in started] == [Purpose.TEST] + [Purpose.TREAT] * 8
    gain = bench.run.gain
    assert started[-1].scale * gain * factor == pytest.approx(1.0, rel=0.04)


def test_without_titration_the_planned_power_is_delivered(tmp_path: Path) -> None:
    patient = PointPatient(factor=0.7)
    bench = deliver(tmp_path / "j", Rehearsal(plan(spots=2)), patient)
    assert patient.peaks == pytest.approx([58.0, 58.0], abs=0.1)
    started = [e.what for e in bench.journal.events if isinstance(e.what, SonicationStarted)]
    assert [(s.scale, s.power) for s in started] == [(1.0, 60.0)] * 2


def test_the_sonications_own_ceiling_holds(tmp_path: Path) -> None:
    patient = PointPatient(factor=0.5)
    of = plan(spots=3, titrate=titration().model_copy(update={"highest_scale": 3.0}))
    capped = of.model_copy(
        update={"sonications": tuple(s.model_copy(update={"power_ceiling": 75.0}) for s in of.sonications)}
    )
    bench = deliver(tmp_path / "j", Rehearsal(capped), patient)
    started = [e.what for e in bench.journal.events if isinstance(e.what, SonicationStarted)]
    assert [s.power for s in started[1:]] == pytest.approx([75.0] * 3)
    assert started[1].scale == pytest.approx(2.0, rel=0.01)
