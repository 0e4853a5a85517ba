"""How far the target is from its dose, in degrees: pulls where soft coverage has gone flat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.planning.objectives.outcome import CourseOutcome, Slopes, Values

_FLOOR = 0.1  # min; added to every dose, so that cold voxels have a finite lack


@dataclass(frozen=True, eq=False)
class Underdose:
    """Mean over the target of the squared octaves that a voxel lacks; an octave of dose is one degree above 43 C.

    Attributes:
        target: which heeded voxels are target.
        goal: CEM43 [min] to reach.
    """

    target: NDArray[np.bool_]
    goal: float
    name: str = "target below its dose"
    unit: str = "octaves squared"

    def _lacking(self, outcome: CourseOutcome) -> Values:
        return np.maximum(0.0, np.log2(self.goal / (outcome.dose[self.target] + _FLOOR)))

    def value(self, outcome: CourseOutcome) -> float:
        """Squared octaves."""
        return float(np.mean(self._lacking(outcome) ** 2))

    def slopes(self, outcome: CourseOutcome) -> Slopes:
        """Per minute of dose."""
        lacking, dose = self._lacking(outcome), outcome.dose[self.target]
        slope = np.zeros(len(outcome.dose))
        slope[self.target] = -2 * lacking / ((dose + _FLOOR) * np.log(2) * len(lacking))
        return Slopes(dose=slope)
