"""Share of the target that does not reach its dose, counted softly around the goal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.planning.objectives.outcome import CourseOutcome, Slopes, Values

_LEAST = 1e-6  # min; below it a dose is nothing


@dataclass(frozen=True, eq=False)
class Uncovered:
    """Mean over the target of 1 - s(log2(dose / goal) / width), s the logistic function.

    Attributes:
        target: which heeded voxels are target.
        goal: CEM43 [min] that counts as ablated.
        width: octaves of dose over which a voxel changes sides; an octave is one degree above 43 C.
    """

    target: NDArray[np.bool_]
    goal: float
    width: float = 0.5
    name: str = "target not covered"
    unit: str = "1"

    def _missed(self, outcome: CourseOutcome) -> Values:
        octaves = np.log2(np.maximum(outcome.dose[self.target], _LEAST) / self.goal) / self.width
        return 1 / (1 + np.exp(np.clip(octaves, -60, 60)))

    def value(self, outcome: CourseOutcome) -> float:
        """Share of the target."""
        return float(self._missed(outcome).mean())

    def slopes(self, outcome: CourseOutcome) -> Slopes:
        """Per minute of dose."""
        missed = self._missed(outcome)
        dose = outcome.dose[self.target]
        slope = np.zeros(len(outcome.dose))
        per_octave = -missed * (1 - missed) / (self.width * len(missed))
        slope[self.target] = np.where(dose > _LEAST, per_octave / (np.maximum(dose, _LEAST) * np.log(2)), 0.0)
        return Slopes(dose=slope)
