"""Power, pause and order of all exposures of a target together, on the temperature that they accumulate.

Order first: as the spots were placed, where neighbours warm each other, or by the least overlap of the beams in the
organs at risk, whichever is shorter after two rounds. Then in rounds: powers at which the worst part of every
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
from openhifu.planning.spare import spared
from openhifu.planning.task import Optimised, Task, whole, worst_of_cells

TRIED, SCOUTED, LEAST, ROUNDS = 2, 8, 2, 4
"""Rounds of each order that is tried; rounds after that, at most and at least; rounds at most on the task's own grids
after a scout's."""

CARRIED = 5
"""Corrections at most of the powers that a scout found, before they are tried on the task's own grids."""

NEAR = 0.94
"""Share of what a course may use of an organ's limit that rounds steer to."""

SURPLUS = 0.006
"""Share of the target by which rounds steer over what is wished: grids and rounds differ by about as much."""

_COOLEST = 38.5  # degC; the least temperature an organ is waited for
_PER_OCTAVE = 0.55  # K of resume temperature an octave of an organ's dose asks for; two octaves a K below 43 C
_TIME_OF_COVERAGE = 0.8  # share of the time that covering all rather than nothing costs, by its slope near the wish
_MOST_OCTAVES = 4.0  # of dose that a cell may be told to lack


@dataclass(frozen=True, eq=False)
class _Draft:
    """A course in the making.

    Attributes:
        order: spots in order of delivery.
        table: in that order.
        resume: degC each organ is waited for.
        lack: factor by which the dose of the worst part of every cell is to grow; None before a whole run.
        coverage: share of the target that the last whole run covered.
        aim: CEM43 every cell is aimed at, in goals.
        caps: W that no power may exceed, of every spot.
        age: rounds behind it.
        ready: whether the powers need no change before the next whole run.
    """

    order: tuple[int, ...]
    table: Timetable
    resume: dict[str, float]
    caps: NDArray[np.float64]
    lack: NDArray[np.float64] | None = None
    coverage: float = 0.0
    aim: float = 1.0
    age: int = 0
    ready: bool = False


class _Search:
    """Rounds of a search; what it has so far is there when a person stops it."""

    def __init__(self, task: Task, progress: Progress) -> None:
        self.draft = _first(task, tuple(range(len(task.heat))))
        self.best: Optimised | None = None
        self._own, self._progress = task, progress

    def choose_order(self, task: Task) -> None:
        """The order that takes less time after a few rounds from the same start, the placed one where equal.

        What an order covers less than is wished counts as time: a per cent of the target costs somewhat less than one.
        """
        placed = tuple(range(len(task.heat)))
        orders = dict.fromkeys((placed, heat_aware_order(overlaps(task.heat, task.spared), task.groups)))
        tried: list[tuple[float, int, _Draft]] = []
        for number, order in enumerate(orders):
            self.draft, time = _first(task, order), 0.0
            for round_ in range(TRIED):
                step = _part(self._progress, "choosing an order", number * TRIED + round_, len(orders) * TRIED)
                found = self._round(task, step)
                missing = max(0.0, task.wished - found.coverage)
                time = found.treatment.total_time * (1 + _TIME_OF_COVERAGE * missing)
            tried.append((time, number, self.draft))
        self.draft = min(tried, key=lambda t: t[:2])[2]

    def rounds(self, task: Task, most: int, least: int, name: str) -> None:
        """Rounds on a task's grids until a course keeps everything; the draft is then the best one's."""
        best: tuple[Optimised, _Draft] | None = None
        for number in range(most):
            draft = self.draft
            found = self._round(task, _part(self._progress, name, number, most))
            if best is None or found.badness(task) < best[0].badness(task):
                best = found, replace(self.draft, table=found.timetable, resume=draft.resume, caps=draft.caps)
                self.best = found if task is self._own else None
            if number + 1 >= least and best[0].keeps(task):
                break
        if best is not None:
            self.draft = best[1]

    def _round(self, task: Task, progress: Progress) -> Optimised:
        """Powers, then the whole treatment; the draft becomes what it asks for."""
        progress("powers", 0.0)
        if not self.draft.ready:
            self._even(task, 2 if self.draft.age else 4, progress)
        draft = self.draft
        found = whole(task, draft.order, draft.table, draft.resume, progress)
        self.draft = _answer(task, draft, found)
        return found

    def after(self, draft: _Draft) -> Optimised:
        """One round from a draft."""
        self.draft = draft
        return self._round(self._own, self._progress)

    def carry(self, scout: Task) -> None:
        """Powers that cover on the task's own grids what is wished, from the doses of the scout's cells on.

        What the box on the scout's grids covers less than the whole run there does, it is taken to cover less here too.
        """
        order, table, caps = self.draft.order, self.draft.table, self.draft.caps[list(self.draft.order)]
        doses = scout.course(order).run(table).dose[scout.inside]
        hidden = self.draft.coverage - float((doses >= scout.goal).mean())
        aims = worst_of_cells(scout, order, doses)
        aims = np.where(np.isfinite(aims), aims, self._own.goal)
        for _ in range(CARRIED):
            table = evened(self._own, order, table, aims, caps, 2, silent)
            doses = self._own.course(order).run(table).dose[self._own.inside]
            lacking = self._own.wished + SURPLUS - hidden - float((doses >= self._own.goal).mean())
            if lacking <= 0:
                break
            aims = aims * 2.0 ** float(np.clip(20 * lacking, 0.1, 0.5))
        self.draft = replace(self.draft, table=table, lack=None, ready=True)

    def _even(self, task: Task, steps: int, progress: Progress) -> None:
        order, table, lack = self.draft.order, self.draft.table, self.draft.lack
        if lack is None:
            aims = np.full(len(order), task.goal)
        else:  # the box knows less of the heat around it than the whole run did: aims are relative to what it says
            aims = lack * worst_of_cells(task, order, task.course(order).run(table).dose[task.inside])
        caps = self.draft.caps[list(order)]
        self.draft = replace(self.draft, table=evened(task, order, table, aims, caps, steps, progress))


def optimise(task: Task, progress: Progress = silent) -> Optimised:
    """Optimise a course; the same task gives the same course, bit for bit on one machine.

    Ctrl-C ends it with the best course so far, run once as a whole if there was none yet.
    """
    search = _Search(task, progress)
    stopped = False
    try:
        search.choose_order(task.scout or task)
        if task.scout is not None:
            search.rounds(task.scout, SCOUTED, LEAST, "scouting on coarse grids")
            search.carry(task.scout)
            search.rounds(task, ROUNDS, 1, "powers, pauses, whole treatment")
        else:
            search.rounds(task, SCOUTED, LEAST, "powers, pauses, whole treatment")
    except KeyboardInterrupt:
        stopped = True
    draft = search.draft
    best = search.best or whole(task, draft.order, draft.table, draft.resume, progress)
    return replace(best, stopped=stopped)


def continued(task: Task, found: Optimised, progress: Progress = silent) -> Optimised:
    """One more round from a course that was found, for a task that may differ in its limits."""
    search = _Search(task, progress)
    begin = _Draft(found.order, found.timetable, found.resume, task.caps, age=TRIED)
    return search.after(_answer(task, begin, found))


def _part(progress: Progress, name: str, number: int, of: int) -> Progress:
    """Progress of one round among several: what takes its time is the whole treatment."""
    return lambda stage, fraction: progress(name, (number + (fraction if stage == "treatment" else 0.0)) / of)


def _first(task: Task, order: tuple[int, ...]) -> _Draft:
    """An order with powers at which the middle spot alone comes half way to the ceiling."""
    middle, count = order[len(order) // 2], len(order)
    rise = task.course((middle,)).run(Timetable(np.ones(1), np.array([task.on_time]), np.zeros(1))).rises.max()
    powers = np.minimum(task.caps[list(order)], 0.5 * (task.ceiling - BODY_TEMPERATURE_C) / float(rise))
    table = Timetable(powers, np.full(count, task.on_time), np.full(count, max(task.least_pause, 2 * task.on_time)))
    return _Draft(order, table, {n: limit.resume_below for n, (_, limit) in task.organs.items()}, task.caps)


def _answer(task: Task, draft: _Draft, found: Optimised) -> _Draft:
    """What a round asks of the next one.

    Organs near their limit are waited for longer, others less, and spared where waiting does not help; cells that lack
    dose get more, the aim of all falls where more is covered than wished.
    """
    resume = dict(found.resume)
    for name, share in found.shares(task).items():
        change = _PER_OCTAVE * float(np.log2(max(share, 1e-3) / (NEAR * task.allowed)))
        highest = task.organs[name][1].resume_below
        resume[name] = float(np.clip(resume[name] - np.clip(change, -0.5, 1.5), _COOLEST, highest))
    surplus = found.coverage - task.wished - SURPLUS
    aim = draft.aim * 2.0 ** float(-np.clip(15 * surplus, -0.3, 0.4))
    lack = aim * task.goal / np.maximum(found.worst, 1e-6)
    lack = np.clip(lack, 2.0**-_MOST_OCTAVES, 2.0**_MOST_OCTAVES)
    patient = draft.age + 1 < TRIED  # the first rounds only wait longer
    caps = draft.caps if patient else spared(task, found, draft.caps, NEAR * task.allowed)
    return _Draft(draft.order, found.timetable, resume, caps, lack, found.coverage, aim, draft.age + 1)
