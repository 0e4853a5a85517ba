"""Volume of an organ over a dose, counted softly around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.planning.objectives.outcome import CourseOutcome, Slopes, Values

_LEAST = 1e-6  # min


@dataclass(frozen=True, eq=False)
class OrganVolume:
    """Volume [m3] of an organ over a dose, each voxel counted by a logistic function of its octaves over it.

    Attributes:
        organ: which heeded voxels are the organ.
        limit: CEM43 [min].
        name: of the organ.
        width: octaves of dose over which a voxel changes sides.
    """

    organ: NDArray[np.bool_]
    limit: float
    name: str
    width: float = 0.5
    unit: str = "m3"

    def _shares(self, outcome: CourseOutcome) -> Values:
        octaves = np.log2(np.maximum(outcome.dose[self.organ], _LEAST) / self.limit) / self.width
        return 1 / (1 + np.exp(-np.clip(octaves, -60, 60)))

    def value(self, outcome: CourseOutcome) -> float:
        """Volume [m3]."""
        return float(np.sum(self._shares(outcome))) * outcome.voxel_volume

    def slopes(self, outcome: CourseOutcome) -> Slopes:
        """Per minute of dose."""
        shares, dose = self._shares(outcome), outcome.dose[self.organ]
        slope = np.zeros(len(outcome.dose))
        per_octave = outcome.voxel_volume * shares * (1 - shares) / self.width
        slope[self.organ] = np.where(dose > _LEAST, per_octave / (np.maximum(dose, _LEAST) * np.log(2)), 0.0)
        return Slopes(dose=slope)
