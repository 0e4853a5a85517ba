"""The hottest part of an organ against its CEM43 limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.planning.objectives.outcome import CourseOutcome, Slopes, Values


@dataclass(frozen=True, eq=False)
class OrganDose:
    """Sum over an organ of the squared share by which the logarithm of its dose is over its limit.

    ln(1 + dose / limit) - ln 2, where positive: zero while the limit is kept, gentle far above it, so that one voxel
    in a thousandfold excess does not drown all others.

    Attributes:
        organ: which heeded voxels are the organ.
        limit: CEM43 [min].
        name: of the organ.
    """

    organ: NDArray[np.bool_]
    limit: float
    name: str
    unit: str = "1"

    def _over(self, outcome: CourseOutcome) -> Values:
        return np.maximum(0.0, np.log1p(outcome.dose[self.organ] / self.limit) - np.log(2))

    def value(self, outcome: CourseOutcome) -> float:
        """Sum of squares; zero while the limit is kept."""
        return float(np.sum(self._over(outcome) ** 2))

    def slopes(self, outcome: CourseOutcome) -> Slopes:
        """Per minute of dose."""
        slope = np.zeros(len(outcome.dose))
        slope[self.organ] = 2 * self._over(outcome) / (self.limit + outcome.dose[self.organ])
        return Slopes(dose=slope)
