"""How well a marker tells ablated tissue from intact: the receiver operating characteristic, ties counted rightly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openhifu.base.errors import OutOfRange


@dataclass(frozen=True, eq=False)
class Roc:
    """A curve from (0, 0) to (1, 1).

    Attributes:
        thresholds: falling; a score at or over one counts as positive; infinity first.
        false_rate: share of the negatives that are called positive (1 - specificity).
        true_rate: share of the positives that are (sensitivity).
    """

    thresholds: NDArray[np.float64]
    false_rate: NDArray[np.float64]
    true_rate: NDArray[np.float64]

    @property
    def area(self) -> float:
        """Area under the curve: chance that a positive scores higher than a negative, ties counting half."""
        return float(np.trapezoid(self.true_rate, self.false_rate))

    def at(self, threshold: float) -> tuple[float, float]:
        """Sensitivity and specificity of one threshold."""
        n = int(np.searchsorted(-self.thresholds, -threshold, side="right")) - 1
        return float(self.true_rate[n]), 1.0 - float(self.false_rate[n])


def roc(scores: ArrayLike, truth: ArrayLike) -> Roc:
    """The curve of scores against what is true.

    Args:
        scores: any shape; higher means positive; must be finite.
        truth: booleans of the same shape.

    Raises:
        OutOfRange: if shapes differ, a score is not finite, or there are no positives or no negatives.
    """
    score, positive = np.asarray(scores, np.float64).ravel(), np.asarray(truth, bool).ravel()
    if score.shape != positive.shape or not np.all(np.isfinite(score)):
        raise OutOfRange("a ROC curve needs one finite score for every truth; leave out what could not be judged")
    if positive.all() or not positive.any():
        raise OutOfRange(f"a ROC curve needs both kinds, got {int(positive.sum())} positives of {positive.size}")
    order = np.argsort(-score, kind="stable")
    score, positive = score[order], positive[order]
    ends = np.append(np.flatnonzero(np.diff(score)), score.size - 1)
    hits, misses = np.cumsum(positive)[ends], np.cumsum(~positive)[ends]
    return Roc(np.append(np.inf, score[ends]), np.append(0.0, misses / misses[-1]), np.append(0.0, hits / hits[-1]))
