"""How long the treatment takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from openhifu.planning.objectives.outcome import CourseOutcome, Slopes


@dataclass(frozen=True)
class TreatmentTime:
    """Seconds of all exposures and pauses."""

    name: str = "treatment time"
    unit: str = "s"

    def value(self, outcome: CourseOutcome) -> float:
        """Seconds."""
        return float(outcome.timetable.on_times.sum() + outcome.timetable.pauses.sum())

    def slopes(self, outcome: CourseOutcome) -> Slopes:
        """One second per second."""
        ones = np.ones(len(outcome.timetable.powers))
        return Slopes(on_times=ones, pauses=ones)
