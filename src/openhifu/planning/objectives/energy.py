"""How much acoustic energy the treatment takes."""

from __future__ import annotations

from dataclasses import dataclass

from openhifu.planning.objectives.outcome import CourseOutcome, Slopes


@dataclass(frozen=True)
class Energy:
    """Joules of all exposures."""

    name: str = "acoustic energy"
    unit: str = "J"

    def value(self, outcome: CourseOutcome) -> float:
        """Joules."""
        return float(outcome.timetable.powers @ outcome.timetable.on_times)

    def slopes(self, outcome: CourseOutcome) -> Slopes:
        """Joules per watt are seconds, and the other way round."""
        return Slopes(powers=outcome.timetable.on_times.copy(), on_times=outcome.timetable.powers.copy())
