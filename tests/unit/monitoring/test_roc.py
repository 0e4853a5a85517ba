"""ROC curves: ties, ends, and what cannot be judged."""

from __future__ import annotations

import numpy as np
import pytest

from openhifu.base.errors import OutOfRange
from openhifu.monitoring.roc import roc


def test_a_perfect_score_has_area_one_and_a_constant_one_half() -> None:
    truth = np.array([0, 0, 1, 1], bool)
    assert roc([0.1, 0.2, 0.3, 0.4], truth).area == 1.0
    assert roc([0.4, 0.3, 0.2, 0.1], truth).area == 0.0
    assert roc([5.0, 5.0, 5.0, 5.0], truth).area == 0.5


def test_the_area_is_the_chance_of_ranking_rightly_with_ties_counting_half() -> None:
    rng = np.random.default_rng(1)
    score, truth = rng.integers(0, 6, 200).astype(float), rng.random(200) < 0.3
    ahead = score[truth][:, None] - score[~truth][None, :]
    assert roc(score, truth).area == pytest.approx(np.mean((ahead > 0) + 0.5 * (ahead == 0)))


@pytest.mark.parametrize("threshold", [-1.0, 0.0, 0.5, 2.0, 2.5, 7.0])
def test_sensitivity_and_specificity_of_any_threshold(threshold: float) -> None:
    rng = np.random.default_rng(2)
    score, truth = rng.integers(0, 6, 300).astype(float), rng.random(300) < 0.4
    sensitivity, specificity = roc(score, truth).at(threshold)
    assert sensitivity == pytest.approx(np.mean(score[truth] >= threshold))
    assert specificity == pytest.approx(np.mean(score[~truth] < threshold))


def test_what_cannot_be_judged_is_refused() -> None:
    with pytest.raises(OutOfRange, match="both kinds"):
        roc([1.0, 2.0], [True, True])
    with pytest.raises(OutOfRange, match="finite score"):
        roc([1.0, np.nan], [True, False])
