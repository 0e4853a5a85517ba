"""Acoustic power density in skin and near field, exposure by exposure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from openhifu.planning.objectives.outcome import CourseOutcome, Slopes, Values


@dataclass(frozen=True, eq=False)
class PowerDensity:
    """Sum over exposures of the squared share by which the highest intensity in a layer is over its limit.

    Attributes:
        per_watt: highest time-averaged intensity in the layer [W/m2] at 1 W acoustic, of every exposure in order.
        limit: W/m2.
        name: of the layer.
    """

    per_watt: Values
    limit: float
    name: str
    unit: str = "1"

    def _over(self, outcome: CourseOutcome) -> Values:
        return np.maximum(0.0, self.per_watt * outcome.timetable.powers / self.limit - 1)

    def value(self, outcome: CourseOutcome) -> float:
        """Sum of squares; zero while the limit is kept."""
        return float(np.sum(self._over(outcome) ** 2))

    def slopes(self, outcome: CourseOutcome) -> Slopes:
        """Per W of every exposure."""
        return Slopes(powers=2 * self._over(outcome) * self.per_watt / self.limit)
