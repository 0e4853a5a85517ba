"""Power, pause and order of all exposures of a target together, on the temperature that they accumulate.

Order first, by the overlap of the beams in the organs at risk. Then in rounds: powers by a fixed point from the worst
part of each spot's cell and by gradient with the discrete adjoint, pauses by letting every exposure wait for the organs
in the whole treatment, resume temperatures lowered where an organ comes near its limit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from openhifu.base.field import Field
from openhifu.base.progress import Progress, silent
from openhifu.model.limits import OrganLimit
from openhifu.planning.course import Course
from openhifu.planning.objectives.coverage import Uncovered
from openhifu.planning.objectives.outcome import Timetable
from openhifu.planning.objectives.peak import PeakTemperature
from openhifu.planning.objectives.underdose import Underdose
from openhifu.planning.order import heat_aware_order, overlaps
from openhifu.planning.refine import refine_powers
from openhifu.thermal.dose import ThermalDose
from openhifu.thermal.probe import Probe
from openhifu.thermal.solver import BioheatSolver
from openhifu.thermal.treatment import Exposure, RestRule, Treatment, Watch, run_treatment

ROUNDS = 3
"""Rounds of powers and pauses; the second changes pauses by a tenth, the third by a hundredth."""

HEADROOM = 4.0
"""K below the ceiling at which the fixed point aims its hottest voxels."""

NEAR = 0.8
"""Share of an organ's limit that a plan may use."""

_COOLEST = 38.5  # degC; the least temperature an organ is waited for
_LOOK = 5.0  # s between looks at the organs


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be optimised.

    Attributes:
        make_solver: a fresh heat model of the whole region, tracking the peak.
        heat: W/m3 per watt of every spot, on its grid.
        groups: of every spot: lower groups are delivered first.
        target: mask of the target.
        organs: mask and limit of every organ at risk.
        near: the same exposures in a box about the target, in the spots' own order.
        near_target: mask of the target in that box.
        cells: index of the spot whose cell a target voxel is in, for the target voxels of the box in their order.
        on_time: s of every exposure.
        least_pause: s.
        longest_pause: s.
        caps: W that device and site allow each exposure; never traded.
        goal: CEM43 [min].
        ceiling: degC.
        pre_cooling: s before the first exposure.
    """

    make_solver: Callable[[], BioheatSolver]
    heat: tuple[Field, ...]
    groups: tuple[int, ...]
    target: NDArray[np.bool_]
    organs: Mapping[str, tuple[NDArray[np.bool_], OrganLimit]]
    near: Course
    near_target: NDArray[np.bool_]
    cells: NDArray[np.intp]
    on_time: float
    least_pause: float
    longest_pause: float
    caps: NDArray[np.float64]
    goal: float
    ceiling: float
    pre_cooling: float = 0.0


@dataclass(frozen=True, eq=False)
class Optimised:
    """An optimised course.

    Attributes:
        order: spots in order of delivery.
        timetable: in that order.
        resume: degC each organ is waited for.
        treatment: the whole treatment as predicted.
        coverage: share of the target over its goal.
        doses: highest CEM43 [min] of every organ.
        stopped: whether a person stopped it; what is here is then the best so far.
    """

    order: tuple[int, ...]
    timetable: Timetable
    resume: dict[str, float]
    treatment: Treatment
    coverage: float
    doses: dict[str, float]
    stopped: bool

    def over(self, task: Task, share: float = 1.0) -> dict[str, float]:
        """Organs over a share of their limit, with the factor by which they are."""
        factors = {n: self.doses[n] / (share * limit.cem43_max) for n, (_, limit) in task.organs.items()}
        return {name: factor for name, factor in factors.items() if factor > 1}


def optimise(task: Task, progress: Progress = silent) -> Optimised:
    """Optimise a course; the same task gives the same course, bit for bit on one machine."""
    spared = np.any([mask for mask, _ in task.organs.values()], axis=0) if task.organs else np.zeros_like(task.target)
    order = heat_aware_order(overlaps(task.heat, spared), task.groups)
    resume = {name: limit.resume_below for name, (_, limit) in task.organs.items()}
    count = len(order)
    powers = _first_powers(task, order)
    table = Timetable(powers, np.full(count, task.on_time), np.full(count, task.least_pause))
    best: Optimised | None = None
    stopped = False
    try:
        for round_ in range(ROUNDS):
            table = _powered(task, order, table, round_, progress)
            found = whole(task, order, table, resume, progress)
            table = found.timetable
            best = found
            if round_ and not found.over(task, NEAR):
                break
            resume = _cooler(task, found)
    except KeyboardInterrupt:
        if best is None:
            raise
        stopped = True
    assert best is not None  # noqa: S101  at least one round was run
    return replace(best, stopped=stopped)


def whole(
    task: Task, order: tuple[int, ...], table: Timetable, resume: Mapping[str, float], progress: Progress = silent
) -> Optimised:
    """The whole treatment with given powers, each exposure waiting for the organs.

    Args:
        task: what is treated.
        order: spots in order of delivery.
        table: powers and on-times in that order; its pauses are least pauses when no organ is waited for.
        resume: degC each organ is waited for; empty takes the pauses as they are.
        progress: told how far it is.
    """
    solver = task.make_solver()
    grid = solver.grid
    watches = tuple(Watch(Probe(n, grid, task.organs[n][0]), t) for n, t in resume.items())
    rule = RestRule(task.least_pause if watches else 0.0, task.longest_pause, watches, _LOOK)
    given = np.zeros(len(order)) if watches else table.pauses
    exposures = [
        Exposure(task.heat[i], float(p), float(on), float(pause))
        for i, p, on, pause in zip(order, table.powers, table.on_times, given, strict=True)
    ]
    dose = ThermalDose(grid)
    found = run_treatment(solver, exposures, rule, Probe("target", grid, task.target), dose, task.pre_cooling, progress)
    doses = dose.field.data
    return Optimised(
        order=order,
        timetable=replace(table, pauses=np.array([e.rest for e in found.exposures])),
        resume=dict(resume),
        treatment=found,
        coverage=float((doses[task.target] >= task.goal).mean()),
        doses={name: float(doses[mask].max()) for name, (mask, _) in task.organs.items()},
        stopped=False,
    )


def _first_powers(task: Task, order: tuple[int, ...]) -> NDArray[np.float64]:
    """Powers at which the middle spot alone reaches its dose about its focus: two thirds of the way to the ceiling."""
    middle = order[len(order) // 2]
    course = Course(task.near.treatment, (task.near.heat[middle],), task.near.heeded)
    rise = course.run(Timetable(np.ones(1), np.array([task.on_time]), np.zeros(1))).rises.max()
    return np.minimum(task.caps[list(order)], 0.65 * (task.ceiling - 37.0) / float(rise))


def _powered(task: Task, order: tuple[int, ...], table: Timetable, round_: int, progress: Progress) -> Timetable:
    """Powers for given pauses: fixed point on the worst part of every cell, then by gradient."""
    course = Course(task.near.treatment, tuple(task.near.heat[i] for i in order), task.near.heeded)
    inside = task.near_target[task.near.heeded]
    caps = task.caps[list(order)]
    for step in range(6 if round_ == 0 else 2):
        progress(f"powers, round {round_ + 1}", step / 6)
        outcome = course.run(table)
        doses, peaks = outcome.dose[inside], outcome.rises.max(axis=0)[inside] + outcome.body
        worst = np.array([_low(doses[task.cells == i]) for i in order])
        hottest = np.array([_high(peaks[task.cells == i]) for i in order])
        lacking = np.log2(2 * task.goal / np.maximum(worst, 1e-6))
        wanted = table.powers * (1 + np.clip(0.7 * lacking / 13.0, -0.12, 0.15))
        highest = table.powers * (task.ceiling - HEADROOM - 37.0) / np.maximum(hottest - 37.0, 1e-3)
        table = replace(table, powers=np.minimum(np.minimum(wanted, np.maximum(highest, 0.7 * table.powers)), caps))
    wishes = (
        (1.0, Underdose(inside, 1.5 * task.goal)),
        (2.0, Uncovered(inside, 1.1 * task.goal)),
        (0.1, PeakTemperature(task.ceiling - HEADROOM / 2)),
    )
    return replace(table, powers=refine_powers(course, table, wishes, caps, 8 if round_ else 5, progress).powers)


def _low(doses: NDArray[np.float64]) -> float:
    """Dose that stands for the worst part of a cell; infinite for a cell without a voxel of the target."""
    return float(np.percentile(doses, 10)) if len(doses) else np.inf


def _high(peaks: NDArray[np.floating]) -> float:
    return float(peaks.max()) if len(peaks) else 37.0


def _cooler(task: Task, found: Optimised) -> dict[str, float]:
    """Organs near their limit are waited for longer: by a degree at most, as a degree halves the dose; others less."""
    resume = dict(found.resume)
    for name, (_, limit) in task.organs.items():
        octaves = float(np.log2(max(found.doses[name], 1e-3) / (NEAR * limit.cem43_max)))
        resume[name] = float(np.clip(resume[name] - np.clip(octaves, -0.75, 1.5), _COOLEST, limit.resume_below))
    return resume
