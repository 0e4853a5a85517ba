"""Powers and on-times by a fixed point: every cell of the target just reaches its dose, where the ceiling lets it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from openhifu.base.progress import Progress, silent
from openhifu.base.units import BODY_TEMPERATURE_C
from openhifu.planning.objectives.outcome import Timetable
from openhifu.planning.task import Task, worst_of_cells

HEADROOM = 4.0
"""K below the ceiling at which the hottest exposures are aimed."""

_EDGE_RISE = 13.0  # K above the body at which the edge of a cell stands when it just gets its dose
_DAMPING = 0.7
_MOST = 0.15  # largest share by which a power changes in one step
_SHORTER = 0.1  # share by which an exposure with room to its ceiling is shortened in one step
_ROOM = 0.97  # share of the highest power below which there is such room
_PER_TIME = 0.8  # power goes as on-time to minus this at equal dose of a cell's edge; peaks as its square root


def evened(
    task: Task,
    order: tuple[int, ...],
    table: Timetable,
    aims: NDArray[np.float64],
    caps: NDArray[np.float64],
    steps: int,
    progress: Progress = silent,
) -> Timetable:
    """Powers, and on-times where they are free, at which the worst part of every cell comes to its aim.

    A cell short of dose by a factor f lacks log2(f) degrees, its power rises by that share, damped; peaks are linear in
    the power. The less time heat has to flow off, the less of it a cell takes: exposures are shortened until they are
    as hot as they may be or as short, and lengthened where the highest power does not give the dose.

    Args:
        task: what is treated.
        order: spots in order of delivery.
        table: where to begin, in that order; its pauses are held.
        aims: CEM43 [min] of the worst part of every cell, in that order.
        caps: W that no power may exceed, in that order.
        steps: runs of the box.
        progress: told how far it is.
    """
    course, inside = task.course(order), task.inside
    for step in range(steps):
        progress("powers, cell by cell", step / steps)
        outcome = course.run(table)
        worst = worst_of_cells(task, order, outcome.dose[inside])
        hottest = course.hottest(outcome)
        owns = np.isfinite(worst)  # a cell without a voxel of these grids says nothing
        lacking = np.where(owns, np.log2(np.where(owns, aims, 1.0) / np.where(owns, np.maximum(worst, 1e-6), 1.0)), 0.0)
        wanted = table.powers * (1 + np.clip(_DAMPING * lacking / _EDGE_RISE, -_MOST, _MOST))
        room = task.ceiling - HEADROOM - BODY_TEMPERATURE_C
        highest = table.powers * np.maximum(room / np.maximum(hottest, 1e-3), 0.7)
        warm = task.least_peak - BODY_TEMPERATURE_C
        lowest = table.powers * np.clip(warm / np.maximum(hottest, 1e-3), 0.0, 1 + _MOST)
        powers = np.minimum(np.minimum(np.maximum(wanted, lowest), highest), caps)
        table = replace(table, powers=powers)
        if task.shortest_on_time is not None:
            table = _timed(task.shortest_on_time, task.on_time, table, wanted, np.minimum(highest, caps), caps)
    return table


def _timed(
    shortest: float,
    longest: float,
    table: Timetable,
    wanted: NDArray[np.float64],
    highest: NDArray[np.float64],
    caps: NDArray[np.float64],
) -> Timetable:
    """Exposures with room made shorter and stronger, those that may not be as strong as they should be longer."""
    lacking = np.clip(wanted / np.maximum(highest, 1e-9) - 1, 0.0, _MOST)
    factor = np.where(wanted < _ROOM * highest, 1 - _SHORTER, 1 + lacking)
    times = np.clip(table.on_times * factor, shortest, longest)
    change = table.on_times / times
    powers = np.minimum(table.powers * change**_PER_TIME, np.minimum(highest * change**0.5, caps))
    return replace(table, powers=powers, on_times=times)
