"""Every accuracy claim of the monitors, re-run: on closed forms, published numbers and simulated images."""

from __future__ import annotations

import pytest

from openhifu.base.errors import UnknownName
from openhifu.base.validation import ValidationRow
from openhifu.monitoring import validation as closed_forms
from openhifu.twin import marker_trial, thermometry_trial
from openhifu.twin import validation as simulated
from openhifu.twin.thermometry_trial import Method, Trial


def sentence(row: ValidationRow) -> str:
    return f"{row.case}: {row.figure:.3g} {row.unit}, limit {row.limit}, against {row.truth}"


@pytest.mark.parametrize("name", closed_forms.CASES)
def test_closed_form(name: str) -> None:
    (row,) = closed_forms.validate([name])
    assert row.ok, sentence(row)


@pytest.mark.parametrize("name", simulated.CASES)
def test_simulated_images(name: str) -> None:
    (row,) = simulated.validate([name])
    assert row.ok, sentence(row)


def test_without_drift_correction_the_limits_are_missed() -> None:
    found = thermometry_trial.run(Trial(method=Method.UNCORRECTED))
    assert found.rms > 5.0
    assert found.dose_volume < 0.6


def test_a_patient_with_another_coefficient_is_misread_by_as_much() -> None:
    """The limit holds for a known coefficient: one that is 5 % off moves the dose volume by more than the limit."""
    found = thermometry_trial.run(Trial(method=Method.SINGLE, coefficient_scale=0.95, snr=1000.0, motion=0.0))
    assert found.hottest_error == pytest.approx(-0.05 * 27.0, abs=0.6)
    assert found.dose_volume < 0.9


def test_decorrelation_tells_better_than_energy_as_published() -> None:
    scores = marker_trial.run([3])
    assert scores["decorrelation"].hot.area > scores["energy"].hot.area


@pytest.mark.parametrize("module", [closed_forms, simulated])
def test_an_unknown_case_is_named(module: object) -> None:
    with pytest.raises(UnknownName, match="roc"):
        module.validate(["rok"])  # type: ignore[attr-defined]
