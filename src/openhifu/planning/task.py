"""What is to be optimised, and what a course of exposures comes to: one run of the whole treatment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from openhifu.base.field import Field
from openhifu.base.progress import Progress, silent
from openhifu.model.limits import OrganLimit
from openhifu.planning.course import Course
from openhifu.planning.objectives.outcome import Timetable
from openhifu.planning.scene import TARGET_NAME
from openhifu.thermal.dose import ThermalDose
from openhifu.thermal.probe import Probe
from openhifu.thermal.solver import BioheatSolver
from openhifu.thermal.treatment import Exposure, RestRule, Treatment, Watch, run_treatment

ALLOWED = 0.9
"""Share of an organ's CEM43 limit that a course may use where the task names none; tissue values are uncertain."""


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
        on_time: s of every exposure, or that it may last at most.
        shortest_on_time: s that an exposure may be shortened to; None for none that is shortened.
        least_pause: s.
        longest_pause: s.
        caps: W that device and site allow each exposure; never traded.
        goal: CEM43 [min].
        wished: share of the target that is to reach it.
        ceiling: degC.
        pre_cooling: s before the first exposure.
        zone: where the peak of an exposure is looked for; None for the target.
        watched: the part of an organ that is looked at while it cools; organs that are not named are watched whole.
        least_peak: degC that every exposure should reach; 37 for none.
        allowed: share of an organ's CEM43 limit that the course may use.
        look: s between looks at the organs.
        scout: the same task on coarser grids, on which most of the search runs; None for no search but the task's own.
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
    wished: float = 0.95
    pre_cooling: float = 0.0
    zone: NDArray[np.bool_] | None = None
    watched: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    least_peak: float = 37.0
    allowed: float = ALLOWED
    look: float = 5.0
    scout: Task | None = None
    shortest_on_time: float | None = None

    @property
    def spared(self) -> NDArray[np.bool_]:
        """Voxels of all organs at risk."""
        masks = [mask for mask, _ in self.organs.values()]
        return np.any(masks, axis=0) if masks else np.zeros_like(self.target)

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Which heeded voxels of the box are target."""
        return self.near_target[self.near.heeded]

    def course(self, order: Sequence[int]) -> Course:
        """The exposures in the box, in an order of delivery."""
        return Course(self.near.treatment, tuple(self.near.heat[i] for i in order), self.near.heeded)


@dataclass(frozen=True, eq=False)
class Optimised:
    """An optimised course.

    Attributes:
        order: spots in order of delivery.
        timetable: in that order.
        resume: degC each organ is waited for; empty where none is or the pauses were given.
        treatment: the whole treatment as predicted.
        coverage: share of the target over its goal.
        doses: highest CEM43 [min] of every organ.
        worst: CEM43 [min] that the worst part of every spot's cell reaches, in that order; see ``worst_of_cells``.
        stopped: whether a person stopped it; what is here is then the best so far.
    """

    order: tuple[int, ...]
    timetable: Timetable
    resume: dict[str, float]
    treatment: Treatment
    coverage: float
    doses: dict[str, float]
    worst: NDArray[np.float64]
    stopped: bool

    @property
    def peak(self) -> float:
        """Highest temperature anywhere [degC]."""
        return float(self.treatment.peak.data.max())

    def shares(self, task: Task) -> dict[str, float]:
        """Share of its limit that every organ's dose comes to."""
        return {name: self.doses[name] / limit.cem43_max for name, (_, limit) in task.organs.items()}

    def over(self, task: Task, share: float = 1.0) -> dict[str, float]:
        """Organs over a share of their limit, with the factor by which they are."""
        return {name: found / share for name, found in self.shares(task).items() if found > share}

    def keeps(self, task: Task) -> bool:
        """Whether the goal is reached and every limit kept with what is held back for uncertain tissue."""
        return self.coverage >= task.wished and self.peak <= task.ceiling and not self.over(task, task.allowed)

    def badness(self, task: Task) -> tuple[float, float, float]:
        """What to compare courses by: limits first, then the goal, then time; the smallest is the best."""
        broken = sum(np.log(factor) for factor in self.over(task, task.allowed).values())
        too_hot = max(0.0, self.peak - task.ceiling)
        return float(broken) + too_hot, max(0.0, task.wished - self.coverage), self.treatment.total_time


def whole(
    task: Task,
    order: tuple[int, ...],
    table: Timetable,
    resume: Mapping[str, float] | None,
    progress: Progress = silent,
) -> Optimised:
    """The whole treatment with given powers, each exposure waiting for the organs.

    Args:
        task: what is treated.
        order: spots in order of delivery.
        table: powers and on-times in that order; its pauses count only where they are given.
        resume: degC each organ is waited for, after the least pause; None takes the pauses as they are given.
        progress: told how far it is.
    """
    solver = task.make_solver()
    grid = solver.grid
    waits = {} if resume is None else resume
    watches = tuple(Watch(Probe(n, grid, task.watched.get(n, task.organs[n][0])), t) for n, t in waits.items())
    rule = RestRule(0.0 if resume is None else task.least_pause, task.longest_pause, watches, task.look)
    given = table.pauses if resume is None else np.zeros(len(order))
    exposures = [
        Exposure(task.heat[i], float(p), float(on), float(pause))
        for i, p, on, pause in zip(order, table.powers, table.on_times, given, strict=True)
    ]
    dose = ThermalDose(grid)
    zone = Probe(TARGET_NAME, grid, task.target if task.zone is None else task.zone)
    found = run_treatment(solver, exposures, rule, zone, dose, task.pre_cooling, progress)
    doses = dose.field.data
    return Optimised(
        order=order,
        timetable=replace(table, pauses=np.array([e.rest for e in found.exposures])),
        resume=dict(waits),
        treatment=found,
        coverage=float((doses[task.target] >= task.goal).mean()),
        doses={name: float(doses[mask].max()) for name, (mask, _) in task.organs.items()},
        worst=worst_of_cells(task, order, doses[task.target]),
        stopped=False,
    )


def worst_of_cells(task: Task, order: tuple[int, ...], doses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Dose that stands for the worst part of every cell: what all but the wished share of its voxels reach.

    Infinite for a cell without a voxel of the target.

    Args:
        task: what is treated.
        order: spots in order of delivery.
        doses: CEM43 [min] of the target's voxels in the box.
    """
    left_out = 100 * (1 - task.wished)
    cells = [doses[task.cells == i] for i in order]
    return np.array([np.percentile(c, left_out) if len(c) else np.inf for c in cells])
