"""The exposure of the ten lines: heat, cool, look."""

from __future__ import annotations

import numpy as np
import pytest

from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.base.outcome import Verdict
from openhifu.model.medium import Medium
from openhifu.thermal.heat import heat
from tests.thermal_cases import LIVER, cube, spot

GRID = cube(16)
MEDIUM = Medium.uniform(LIVER, GRID)


def test_an_exposure_heats_doses_and_cools() -> None:
    result = heat(spot(GRID, 4e7), MEDIUM, on=3.0, off=20.0)
    assert 55 < result.peak_temperature < 95
    assert result.temperature.data.max() == pytest.approx(result.peak_temperature, abs=0.01)
    assert result.peak.data.max() == pytest.approx(result.peak_temperature, abs=0.01)
    assert result.times[0] == 0 and result.times[-1] == pytest.approx(23.0)
    assert result.times[int(np.argmax(result.hottest))] == pytest.approx(3.0)
    assert result.hottest[-1] < 45
    assert result.dose.volume(cem43=240) > 0
    assert result.outcome.verdict is Verdict.OK


def test_boiling_is_a_warning_with_its_temperature() -> None:
    result = heat(spot(GRID, 2e8), MEDIUM, on=2.0, off=0.0)
    assert result.peak_temperature > 100
    assert result.outcome.verdict is Verdict.WARNING
    assert "boils" in result.outcome.sentence
    assert result.outcome.remedy


def test_heat_of_another_grid_and_bad_times_are_refused() -> None:
    with pytest.raises(GeometryError, match="another grid"):
        heat(spot(cube(8)), MEDIUM, on=1.0, off=1.0)
    with pytest.raises(OutOfRange, match="duration"):
        heat(spot(GRID), MEDIUM, on=-1.0, off=1.0)
    with pytest.raises(OutOfRange, match="duration"):
        heat(spot(GRID), MEDIUM, on=1.0, off=float("nan"))
    with pytest.raises(OutOfRange, match="stability limit"):
        heat(spot(GRID), MEDIUM, on=1.0, off=1.0, step=50.0)
