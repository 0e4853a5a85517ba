"""Power, pause and order of all exposures of a target together, on the temperature that they accumulate.

Order first, by the overlap of the beams in the organs at risk. Then in rounds: powers at which the worst part of every
cell just gets its dose, pauses by letting every exposure wait for the organs in the whole treatment, and what the whole
treatment says of cells and organs is what the next round asks for: every cell's lack of dose, cooler organs where one
comes near its limit. Nothing is heated more than the goal needs, because what must be waited for is the energy in the
near field. Most rounds run on coarser grids; the last ones on the task's own give the numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from openhifu.base.progress import Progress, silent
from openhifu.base.units import BODY_TEMPERATURE_C
from openhifu.planning.even import evened
from openhifu.planning.objectives.outcome import Timetable
from openhifu.planning.order import heat_aware_order, overlaps
from openhifu.planning.task import Optimised, Task, whole, worst_of_cells

SCOUTED, LEAST, ROUNDS = 8, 4, 4
"""Rounds of a search from scratch, at most and at least, and rounds at most on the task's own grids after a scout's."""

NEAR = 0.85
"""Share of an organ's limit that rounds steer to, a little under what a plan may use."""

SURPLUS = 0.006
"""Share of the target by which rounds steer over what is wished: grids and rounds differ by about as much."""

_COOLEST = 38.5  # degC; the least temperature an organ is waited for
_PER_OCTAVE = 0.55  # K of resume temperature an octave of an organ's dose asks for; two octaves a K below 43 C
_MOST_OCTAVES = 4.0  # of dose that a cell may be told to lack


@dataclass(frozen=True, eq=False)
class _Draft:
    """A course in the making.

    Attributes:
        order: spots in order of delivery.
        table: in that order.
        resume: degC each organ is waited for.
        lack: factor by which the dose of the worst part of every cell is to grow; None before a whole run.
        aim: CEM43 every cell is aimed at, in goals.
        ready: whether the powers need no change before the next whole run.
    """

    order: tuple[int, ...]
    table: Timetable
    resume: dict[str, float]
    lack: NDArray[np.float64] | None = None
    aim: float = 1.0
    ready: bool = False


class _Search:
    """Rounds of a search; what it has so far is there when a person stops it."""

    def __init__(self, task: Task, progress: Progress) -> None:
        self.draft = _first(task)
        self.best: Optimised | None = None
        self._own, self._progress = task, progress

    def rounds(self, task: Task, most: int, least: int, name: str) -> None:
        """Rounds on a task's grids until a course keeps everything; the draft is then the best one's."""
        best: tuple[Optimised, _Draft] | None = None
        for number in range(most):
            named = _named(self._progress, f"{name} {number + 1}")
            named("powers", 0.0)
            if not self.draft.ready:
                self._even(task, 2 if number else 4, named)
            draft = self.draft
            found = whole(task, draft.order, draft.table, draft.resume, named)
            self.draft = _answer(task, draft, found)
            if best is None or found.badness(task) < best[0].badness(task):
                best = found, replace(self.draft, table=found.timetable, resume=draft.resume)
                self.best = found if task is self._own else None
            if number + 1 >= least and best[0].keeps(task):
                break
        assert best is not None  # noqa: S101  at least one round was run
        self.draft = best[1]

    def carry(self, scout: Task) -> None:
        """Powers that give on the task's own grids what the draft's give on a scout's, cell by cell."""
        order, table = self.draft.order, self.draft.table
        aims = worst_of_cells(scout, order, scout.course(order).run(table).dose[scout.inside])
        table = evened(self._own, order, table, aims, 2, self._progress)
        self.draft = replace(self.draft, table=table, lack=None, ready=True)

    def _even(self, task: Task, steps: int, progress: Progress) -> None:
        order, table, lack = self.draft.order, self.draft.table, self.draft.lack
        if lack is None:
            aims = np.full(len(order), task.goal)
        else:  # the box knows less of the heat around it than the whole run did: aims are relative to what it says
            aims = lack * worst_of_cells(task, order, task.course(order).run(table).dose[task.inside])
        self.draft = replace(self.draft, table=evened(task, order, table, aims, steps, progress))


def optimise(task: Task, progress: Progress = silent) -> Optimised:
    """Optimise a course; the same task gives the same course, bit for bit on one machine.

    Ctrl-C ends it with the best course so far, run once as a whole if there was none yet.
    """
    search = _Search(task, progress)
    stopped = False
    try:
        if task.scout is not None:
            search.rounds(task.scout, SCOUTED, LEAST, "scouting, round")
            search.carry(task.scout)
            search.rounds(task, ROUNDS, 1, "round")
        else:
            search.rounds(task, SCOUTED, LEAST, "round")
    except KeyboardInterrupt:
        stopped = True
    draft = search.draft
    best = search.best or whole(task, draft.order, draft.table, draft.resume, progress)
    return replace(best, stopped=stopped)


def _named(progress: Progress, name: str) -> Progress:
    return lambda stage, fraction: progress(f"{name}: {stage}", fraction)


def _first(task: Task) -> _Draft:
    """The order, and powers at which the middle spot alone comes half way to the ceiling."""
    order = heat_aware_order(overlaps(task.heat, task.spared), task.groups)
    middle, count = order[len(order) // 2], len(order)
    rise = task.course((middle,)).run(Timetable(np.ones(1), np.array([task.on_time]), np.zeros(1))).rises.max()
    powers = np.minimum(task.caps[list(order)], 0.5 * (task.ceiling - BODY_TEMPERATURE_C) / float(rise))
    table = Timetable(powers, np.full(count, task.on_time), np.full(count, max(task.least_pause, 2 * task.on_time)))
    return _Draft(order, table, {name: limit.resume_below for name, (_, limit) in task.organs.items()})


def _answer(task: Task, draft: _Draft, found: Optimised) -> _Draft:
    """What a round asks of the next one.

    Organs near their limit are waited for longer, others less; cells that lack dose get more, the aim of all falls
    where more is covered than wished.
    """
    resume = dict(found.resume)
    for name, share in found.shares(task).items():
        change = _PER_OCTAVE * float(np.log2(max(share, 1e-3) / NEAR))
        highest = task.organs[name][1].resume_below
        resume[name] = float(np.clip(resume[name] - np.clip(change, -0.5, 1.5), _COOLEST, highest))
    surplus = found.coverage - task.wished - SURPLUS
    aim = draft.aim * 2.0 ** float(-np.clip(10 * surplus, -0.2, 0.4))
    lack = aim * task.goal / np.maximum(found.worst, 1e-6)
    lack = np.clip(lack, 2.0**-_MOST_OCTAVES, 2.0**_MOST_OCTAVES)
    return _Draft(draft.order, found.timetable, resume, lack, aim)
