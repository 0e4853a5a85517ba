"""Temperatures over a ceiling: boiling, or the highest the prescription allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from openhifu.planning.objectives.outcome import CourseOutcome, Slopes, Values


@dataclass(frozen=True, eq=False)
class PeakTemperature:
    """Sum over stretches and voxels of the squared K over a ceiling.

    Attributes:
        ceiling: degC.
        scale: K2 that count as one.
    """

    ceiling: float
    scale: float = 1.0
    name: str = "temperature over its ceiling"
    unit: str = "K squared"

    def _over(self, outcome: CourseOutcome, stretch: int) -> Values:
        return np.maximum(0.0, outcome.rises[stretch].astype(np.float64) + outcome.body - self.ceiling)

    def value(self, outcome: CourseOutcome) -> float:
        """Sum of squares; zero while the ceiling is kept."""
        return sum(float(np.sum(self._over(outcome, n) ** 2)) for n in range(len(outcome.rises))) / self.scale

    def slopes(self, outcome: CourseOutcome) -> Slopes:
        """Per K at the end of every stretch."""

        def per_kelvin(stretch: int) -> Values | None:
            over = self._over(outcome, stretch)
            return 2 * over / self.scale if over.any() else None

        return Slopes(rise=per_kelvin)
