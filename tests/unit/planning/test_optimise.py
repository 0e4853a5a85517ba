"""The optimiser on three spots beside an organ: what it may never do, and that it does the same twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid
from openhifu.model.catalogue import tissue
from openhifu.model.limits import OrganLimit
from openhifu.model.medium import Medium
from openhifu.planning.course import Course
from openhifu.planning.equal import equal_course
from openhifu.planning.even import evened
from openhifu.planning.objectives.outcome import Timetable
from openhifu.planning.optimise import SCOUTED, optimise
from openhifu.planning.spare import MOST_CUT, spared
from openhifu.planning.task import ALLOWED, Optimised, Task, whole
from openhifu.thermal.adjoint import LinearTreatment
from openhifu.thermal.boundary import Boundary
from openhifu.thermal.pennes import Pennes

GRID = Grid.box([-16e-3] * 3, [16e-3] * 3, 2e-3)
MEDIUM = Medium.uniform(tissue("liver"), GRID)
POINTS = GRID.points()
CENTRES = np.array([-4e-3, 0.0, 4e-3])
CAP = 12.0


def heat_at(x: float) -> Field:
    squared = ((POINTS - (x, 0, 0)) ** 2).sum(-1)
    return Field(GRID, (1.3e6 * np.exp(-squared / 2 / 3e-3**2)).astype(np.float32), Quantity.HEAT_RATE)


def task(limit: float = 16.0) -> Task:
    heat = tuple(heat_at(x) for x in CENTRES)
    target = (np.abs(POINTS[..., 0]) <= 6e-3) & (np.abs(POINTS[..., 1:]).max(-1) <= 2e-3)
    organ = POINTS[..., 1] > 7e-3
    near = Course(LinearTreatment(MEDIUM, tissue("blood"), Boundary.HELD_AT_START, 1.0), heat, target)
    return Task(
        make_solver=lambda: Pennes(MEDIUM, tissue("blood"), Boundary.HELD_AT_START, track_peak=True),
        heat=heat,
        groups=(0, 0, 1),
        target=target,
        organs={"organ": (organ, OrganLimit(organ="organ", cem43_max=limit, resume_below=42.0, source="for a test"))},
        near=near,
        near_target=target,
        cells=np.abs(POINTS[target][:, :1] - CENTRES).argmin(axis=1),
        on_time=20.0,
        least_pause=5.0,
        longest_pause=600.0,
        caps=np.full(3, CAP),
        goal=240.0,
        ceiling=90.0,
    )


@pytest.fixture(scope="module")
def found() -> Optimised:
    return optimise(task())


def test_a_spot_without_a_voxel_of_its_own_keeps_its_power() -> None:
    given = task()
    lost = replace(given, cells=np.where(given.cells == 2, 1, given.cells))  # as on a grid too coarse for the third
    table = Timetable(np.full(3, 5.0), np.full(3, 20.0), np.full(3, 5.0))
    aims = np.array([240.0, 240.0, np.inf])
    after = evened(lost, (0, 1, 2), table, aims, lost.caps, 1)
    assert np.isfinite(after.powers).all()
    assert after.powers[2] == 5.0 and after.powers[0] != 5.0


def test_the_target_is_covered_and_every_hard_limit_kept(found: Optimised) -> None:
    assert found.coverage >= 0.95
    assert found.timetable.powers.max() <= CAP
    assert found.treatment.peak.data.max() <= 90.0
    assert not found.over(task())
    assert not found.stopped


def test_lower_groups_are_delivered_first_and_every_spot_once(found: Optimised) -> None:
    assert sorted(found.order) == [0, 1, 2]
    assert found.order[-1] == 2


def test_the_same_task_gives_the_same_course(found: Optimised) -> None:
    again = optimise(task())
    assert again.order == found.order
    np.testing.assert_array_equal(again.timetable.powers, found.timetable.powers)
    np.testing.assert_array_equal(again.timetable.pauses, found.timetable.pauses)


def test_ctrl_c_leaves_the_best_course_so_far() -> None:
    rounds: list[float] = []

    def impatient(stage: str, fraction: float) -> None:
        if "whole treatment" in stage:
            rounds.append(fraction * SCOUTED)
            if rounds[-1] >= 1:
                raise KeyboardInterrupt

    stopped = optimise(task(limit=0.01), impatient)
    assert stopped.stopped
    assert len(stopped.order) == 3
    assert 1 <= max(rounds) < 2, "it went on after the second round began"


def test_ctrl_c_before_the_first_whole_run_still_leaves_a_course() -> None:
    asked: list[str] = []

    def impatient(stage: str, fraction: float) -> None:
        asked.append(stage)
        if len(asked) == 1:
            raise KeyboardInterrupt

    stopped = optimise(task(), impatient)
    assert stopped.stopped
    assert stopped.treatment.total_time >= 3 * 25.0


def test_a_scout_on_the_same_grids_leads_to_a_course_that_keeps_everything(found: Optimised) -> None:
    led = optimise(replace(task(), scout=task()))
    assert led.keeps(task())
    assert led.treatment.total_time <= 1.1 * found.treatment.total_time


def test_the_placed_order_is_left_only_for_a_shorter_one(found: Optimised) -> None:
    alike = optimise(replace(task(), groups=(0, 1, 2)))
    assert alike.order == (0, 1, 2)
    assert found.treatment.total_time <= 1.02 * alike.treatment.total_time


def test_an_organ_that_waiting_cannot_help_takes_power_from_the_exposures_that_heat_it_most(found: Optimised) -> None:
    asked = task()
    heated = whole(asked, found.order, replace(found.timetable, powers=1.6 * found.timetable.powers), found.resume)
    strict = replace(asked, organs={"organ": (asked.organs["organ"][0], strict_limit(heated.doses["organ"] / 8))})
    caps = spared(strict, heated, asked.caps, 1.0)
    cut = caps[list(found.order)] / heated.timetable.powers
    assert cut.min() >= 1 - MOST_CUT
    assert cut.min() < 0.98
    np.testing.assert_array_equal(spared(asked, found, asked.caps, 1.0), asked.caps)


def strict_limit(dose: float) -> OrganLimit:
    return OrganLimit(organ="organ", cem43_max=dose, resume_below=42.0, source="for a test")


def test_equal_powers_and_pauses_cover_as_much_and_take_longer(found: Optimised) -> None:
    plain = equal_course(task(), found.coverage, ALLOWED)
    assert np.ptp(plain.timetable.powers) == 0
    assert np.ptp(plain.timetable.pauses) == 0
    assert plain.coverage >= found.coverage - 0.02
    assert not plain.over(task(), ALLOWED)
    assert plain.treatment.total_time > found.treatment.total_time


def test_without_organs_every_pause_is_the_least(found: Optimised) -> None:
    free = optimise(replace(task(), organs={}))
    np.testing.assert_allclose(free.timetable.pauses, 5.0)
    assert free.coverage >= 0.95


def test_every_exposure_comes_to_the_least_peak_that_is_asked(found: Optimised) -> None:
    cold = min(e.peak for e in found.treatment.exposures)
    asked = optimise(replace(task(), least_peak=cold + 4.0))
    assert min(e.peak for e in asked.treatment.exposures) >= cold + 3.0


@pytest.mark.parametrize("shortest", [10.0, 6.0])
def test_exposures_that_may_be_shorter_take_less_energy_and_time(found: Optimised, shortest: float) -> None:
    wanted = replace(task(), shortest_on_time=shortest, caps=np.full(3, 4 * CAP))
    shorter = optimise(wanted)
    assert shorter.keeps(wanted)
    assert np.all((shorter.timetable.on_times >= shortest) & (shorter.timetable.on_times <= 20.0))
    assert shorter.treatment.energy < 0.85 * found.treatment.energy
    assert shorter.treatment.total_time < 0.7 * found.treatment.total_time


def test_where_the_power_does_not_give_the_dose_an_exposure_stays_long() -> None:
    wanted = replace(task(), shortest_on_time=3.0)
    shorter = optimise(wanted)
    assert shorter.keeps(wanted)
    assert shorter.timetable.powers.max() <= CAP
    at_cap = shorter.timetable.powers >= 0.95 * CAP
    assert at_cap.any()
    assert shorter.timetable.on_times[at_cap].max() > 6.0
