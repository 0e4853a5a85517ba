"""Powers by a fixed point: every cell of the target just reaches its dose, wherever the ceiling lets it."""

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


def evened(
    task: Task,
    order: tuple[int, ...],
    table: Timetable,
    aims: NDArray[np.float64],
    caps: NDArray[np.float64],
    steps: int,
    progress: Progress = silent,
) -> Timetable:
    """Powers for given pauses at which the worst part of every cell comes to its aim.

    A cell short of dose by a factor f lacks log2(f) degrees, its power rises by that share, damped; peaks are linear in
    the power.

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
        lacking = np.log2(aims / np.maximum(worst, 1e-6))
        wanted = table.powers * (1 + np.clip(_DAMPING * lacking / _EDGE_RISE, -_MOST, _MOST))
        room = task.ceiling - HEADROOM - BODY_TEMPERATURE_C
        highest = table.powers * np.maximum(room / np.maximum(hottest, 1e-3), 0.7)
        warm = task.least_peak - BODY_TEMPERATURE_C
        lowest = table.powers * np.clip(warm / np.maximum(hottest, 1e-3), 0.0, 1 + _MOST)
        table = replace(table, powers=np.minimum(np.minimum(np.maximum(wanted, lowest), highest), caps))
    return table
