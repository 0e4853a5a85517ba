"""A whole course of exposures in linear tissue, forwards with its dose, and backwards with what every watt does to it.

Doses belong to the one temperature history that all exposures make together; rises are linear in the powers, dose is
not, and its derivative follows the chain from dose to the temperatures at both ends of every stretch of time and from
there by the transposed steps of the heat model to the powers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import OutOfRange
from openhifu.base.field import Field
from openhifu.base.units import BODY_TEMPERATURE_C
from openhifu.planning.course_kernels import add_dose, add_slopes
from openhifu.planning.objectives.outcome import CourseOutcome, Objective, Slopes, Timetable, Values
from openhifu.thermal.adjoint import LinearTreatment, Stretch

ON_PIECE, PAUSE_PIECE = 4.0, 15.0
"""s at most between two temperatures of the dose's integral, with and without a beam."""


@dataclass(frozen=True, eq=False)
class Course:
    """Exposures ready to be run with any powers, on-times and pauses.

    Attributes:
        treatment: the linear heat model.
        heat: W/m3 per watt of every exposure, in order of delivery.
        heeded: voxels whose dose and temperature any objective looks at.
    """

    treatment: LinearTreatment
    heat: tuple[Field, ...]
    heeded: NDArray[np.bool_]

    def run(self, timetable: Timetable) -> CourseOutcome:
        """Run a timetable from rest.

        Raises:
            OutOfRange: if it is not one of these exposures, or a number is negative or not finite.
        """
        stretches, _ = self._stretches(timetable)
        rises = np.empty((len(stretches), int(self.heeded.sum())), np.float32)

        def keep(number: int, rise: NDArray[np.float32]) -> None:
            rises[number] = rise[self.heeded]

        self.treatment.forward(stretches, keep)
        outcome = CourseOutcome(
            timetable, np.zeros(rises.shape[1]), rises, BODY_TEMPERATURE_C, self.heat[0].grid.voxel_volume
        )
        add_dose(rises, _minutes(stretches), BODY_TEMPERATURE_C - 43.0, outcome.dose)
        return outcome

    def hottest(self, outcome: CourseOutcome) -> Values:
        """Highest rise [K] of a heeded voxel from the beginning of every exposure to the end of its pause."""
        _, owner = self._stretches(outcome.timetable)
        found = np.zeros(len(self.heat))
        np.maximum.at(found, owner, outcome.rises.max(axis=1))
        return found

    def gradient(self, outcome: CourseOutcome, slopes: Slopes) -> Values:
        """Derivative of an objective with respect to the powers, per W, through temperature and dose and directly."""
        stretches, owner = self._stretches(outcome.timetable)
        minutes = _minutes(stretches)
        where = np.flatnonzero(self.heeded)
        whole = np.zeros(self.heeded.shape, np.float32)

        def sensitivity(number: int) -> NDArray[np.float32] | None:
            given = np.zeros(len(outcome.dose))
            if slopes.dose is not None:
                add_slopes(outcome.rises, number, minutes, outcome.body - 43.0, slopes.dose, given)
            direct = slopes.rise(number) if slopes.rise is not None else None
            if direct is not None:
                given += direct
            whole.reshape(-1)[where] = given
            return whole

        found = np.zeros(len(self.heat))
        if slopes.dose is not None or slopes.rise is not None:
            np.add.at(found, owner, self.treatment.gradient(stretches, sensitivity))
        return found if slopes.powers is None else found + slopes.powers

    def value_and_gradient(
        self, outcome: CourseOutcome, wishes: Sequence[tuple[float, Objective]]
    ) -> tuple[float, Values]:
        """Weighted sum of objectives and its derivative with respect to the powers, by one run backwards."""
        total = 0.0
        dose, powers, rises = np.zeros(len(outcome.dose)), np.zeros(len(self.heat)), []
        for weight, wish in wishes:
            total += weight * wish.value(outcome)
            slope = wish.slopes(outcome)
            if slope.dose is not None:
                dose += weight * slope.dose
            if slope.powers is not None:
                powers += weight * slope.powers
            if slope.rise is not None:
                rises.append((weight, slope.rise))

        def rise(number: int) -> Values | None:
            parts = [(w, r(number)) for w, r in rises]
            there = [w * p for w, p in parts if p is not None]
            return np.sum(there, axis=0) if there else None

        return total, self.gradient(outcome, Slopes(dose=dose, rise=rise, powers=powers))

    def _stretches(self, timetable: Timetable) -> tuple[list[Stretch], NDArray[np.intp]]:
        """The timetable in pieces, and which exposure each belongs to."""
        columns = (timetable.powers, timetable.on_times, timetable.pauses)
        if any(len(c) != len(self.heat) or not np.all(np.isfinite(c) & (c >= 0)) for c in columns):
            raise OutOfRange(
                f"a timetable of {len(timetable.powers)} exposures, for a course of {len(self.heat)}, "
                "or with a power or time that is negative or not finite"
            )
        parts: list[Stretch] = []
        owner: list[int] = []
        for i, (power, on, pause) in enumerate(zip(*columns, strict=True)):
            for duration, piece, heat in ((on, ON_PIECE, self.heat[i]), (pause, PAUSE_PIECE, None)):
                count = math.ceil(duration / piece - 1e-9)
                if count == 0:
                    continue
                parts += [Stretch(float(duration) / count, heat, float(power) if heat else 0.0)] * count
                owner += [i] * count
        return parts, np.array(owner, np.intp)


def _minutes(stretches: Sequence[Stretch]) -> Values:
    return np.array([s.duration / 60 for s in stretches])
