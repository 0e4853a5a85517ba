"""Every objective's derivative against finite differences; the dose of a course against the heat room's own."""

from __future__ import annotations

import numpy as np
import pytest

from openhifu.base.errors import OutOfRange
from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid
from openhifu.model.catalogue import tissue
from openhifu.model.medium import Medium
from openhifu.planning.course import Course
from openhifu.planning.objectives.coverage import Uncovered
from openhifu.planning.objectives.energy import Energy
from openhifu.planning.objectives.organ_dose import OrganDose
from openhifu.planning.objectives.organ_volume import OrganVolume
from openhifu.planning.objectives.outcome import Objective, Timetable
from openhifu.planning.objectives.peak import PeakTemperature
from openhifu.planning.objectives.power_density import PowerDensity
from openhifu.planning.objectives.treatment_time import TreatmentTime
from openhifu.planning.objectives.underdose import Underdose
from openhifu.thermal.adjoint import LinearTreatment
from openhifu.thermal.boundary import Boundary
from openhifu.thermal.dose import ThermalDose
from openhifu.thermal.pennes import Pennes

GRID = Grid.box([-16e-3] * 3, [16e-3] * 3, 2e-3)
MEDIUM = Medium.uniform(tissue("liver"), GRID)
POINTS = GRID.points()


def heat_at(x: float) -> Field:
    squared = ((POINTS - (x, 0, 0)) ** 2).sum(-1)
    return Field(GRID, (1.3e6 * np.exp(-squared / 2 / 3e-3**2)).astype(np.float32), Quantity.HEAT_RATE)


def course() -> Course:
    model = LinearTreatment(MEDIUM, tissue("blood"), Boundary.HELD_AT_START, 1.0)
    return Course(model, (heat_at(-4e-3), heat_at(0.0), heat_at(5e-3)), np.ones(GRID.shape, bool))


TABLE = Timetable(np.array([5.0, 4.5, 6.0]), np.array([16.0, 20.0, 12.0]), np.array([10.0, 25.0, 30.0]))
NEAR = (np.abs(POINTS).max(-1) <= 7e-3).ravel()
FAR = (POINTS[..., 1] > 4e-3).ravel()

WISHES: list[Objective] = [
    Uncovered(NEAR, 240.0),
    Underdose(NEAR, 480.0),
    OrganDose(FAR, 0.02, "far"),
    OrganVolume(FAR, 0.05, "far"),
    PeakTemperature(55.0),
    PowerDensity(np.array([900.0, 1100.0, 1000.0]), 4000.0, "skin"),
    TreatmentTime(),
    Energy(),
]


@pytest.mark.parametrize("wish", WISHES, ids=lambda w: w.name)
def test_slopes_with_respect_to_power_agree_with_finite_differences(wish: Objective):
    ours = course()
    outcome = ours.run(TABLE)
    slopes = wish.slopes(outcome)
    given = ours.gradient(outcome, slopes)
    direction = np.array([0.7, 0.4, 0.6])

    def along(step: float) -> float:
        powers = TABLE.powers + step * direction
        return wish.value(ours.run(Timetable(powers, TABLE.on_times, TABLE.pauses)))

    found = (8 * (along(0.01) - along(-0.01)) - (along(0.02) - along(-0.02))) / 0.12
    assert abs(given @ direction - found) <= 1e-3 * abs(found) + 1e-12
    if not isinstance(wish, TreatmentTime):
        assert wish.value(outcome) > 0
        assert abs(found) > 0


@pytest.mark.parametrize("wish", [TreatmentTime(), Energy()], ids=lambda w: w.name)
def test_slopes_with_respect_to_times_agree_with_finite_differences(wish: Objective):
    ours = course()
    slopes = wish.slopes(ours.run(TABLE))
    moved = ours.run(Timetable(TABLE.powers, TABLE.on_times + [0.0, 0.5, 0.0], TABLE.pauses))
    assert slopes.on_times is not None
    assert wish.value(moved) - wish.value(ours.run(TABLE)) == pytest.approx(0.5 * slopes.on_times[1])


def test_dose_of_a_course_is_that_of_the_heat_room():
    ours = course()
    outcome = ours.run(TABLE)
    solver, dose = Pennes(MEDIUM, tissue("blood"), Boundary.HELD_AT_START), ThermalDose(GRID)
    for heat, power, on, pause in zip(ours.heat, TABLE.powers, TABLE.on_times, TABLE.pauses, strict=True):
        solver.advance(on, heat, power, dose, step=1.0)
        solver.advance(pause, None, 1.0, dose, step=1.0)
    theirs = dose.field.data.ravel()
    hot = theirs > 10
    assert hot.sum() > 20
    assert np.abs(np.log2(outcome.dose[hot] / theirs[hot])).max() < 0.25  # a quarter of a degree


def test_a_timetable_of_other_exposures_is_refused():
    with pytest.raises(OutOfRange, match="course of 3"):
        course().run(Timetable(np.ones(2), np.ones(2), np.ones(2)))
