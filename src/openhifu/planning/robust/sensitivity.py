"""Which input goes along with which figure, and how surely: rank correlations on the draws of a study."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from openhifu.model.robustness import Influence, ScenarioOutcome

RESAMPLES = 400
"""Studies resampled from the scenarios, for the range of a correlation."""

FEWEST = 8
"""Scenarios below which nothing is said about what goes along with what."""


def correlations(values: NDArray[np.float64], figure: NDArray[np.float64]) -> NDArray[np.float64]:
    """Spearman's rank correlation of each column with a figure; 0 where either never changes.

    Args:
        values: shape (scenarios, inputs).
        figure: shape (scenarios,).
    """
    ranks, own = rankdata(values, axis=0), rankdata(figure)
    ranks, own = ranks - ranks.mean(axis=0), own - own.mean()
    norm = np.sqrt((ranks**2).sum(axis=0) * (own**2).sum())
    return np.asarray(np.where(norm > 0, own @ ranks / np.where(norm > 0, norm, 1), 0.0))


def influences(
    outcomes: tuple[ScenarioOutcome, ...],
    inputs: tuple[tuple[str, str], ...],
    figures: dict[str, NDArray[np.float64]],
    seed: int,
) -> tuple[Influence, ...]:
    """All inputs on all figures, the strongest first within each figure.

    The range of a correlation comes from resampling scenarios. With many inputs some idle one always looks strong: an
    influence counts as certain only beyond what the strongest of as many idle inputs reaches in 95 of 100 studies
    (normal approximation of Spearman's correlation, its variance 1 / (n - 1)).

    Args:
        outcomes: of the scenarios.
        inputs: name and unit of everything drawn.
        figures: values of each figure over the scenarios.
        seed: of the resampling.
    """
    count = len(outcomes)
    if count < FEWEST or not inputs:
        return ()
    values = np.array([o.inputs for o in outcomes])
    idle = NormalDist().inv_cdf(1 - 0.05 / (2 * len(inputs))) / math.sqrt(count - 1)
    rng = np.random.default_rng([seed, 2])
    picks = rng.integers(0, count, (RESAMPLES, count))
    found: list[Influence] = []
    for name, figure in figures.items():
        own = correlations(values, figure)
        again = np.array([correlations(values[p], figure[p]) for p in picks])
        low, high = np.percentile(again, [5, 95], axis=0)
        for n in np.argsort(-np.abs(own), kind="stable"):
            found.append(
                Influence(
                    figure=name,
                    input=inputs[n][0],
                    unit=inputs[n][1],
                    correlation=float(own[n]),
                    low=float(low[n]),
                    high=float(high[n]),
                    certain=bool(abs(own[n]) > idle),
                )
            )
    return tuple(found)
