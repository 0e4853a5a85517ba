"""The plan that nobody optimised: the same power and the same pause for every spot, in the order they were placed.

It is what an optimised course is measured against, so it is given every advantage that equal numbers leave: the least
power that covers as much as the optimised course does, and the shortest pause that keeps every organ within the same
share of its limit.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from openhifu.base.progress import Progress, silent
from openhifu.planning.objectives.outcome import Timetable
from openhifu.planning.task import Optimised, Task, whole

_POWERS = 7  # halvings of the interval in which the power lies
_PAUSES = 7  # trials of a pause
_LONGEST = 3600.0  # s


def equal_course(task: Task, coverage: float, share: float, progress: Progress = silent) -> Optimised:
    """Equal powers and pauses that come to a coverage and stay within a share of every organ's limit.

    The pause is found on the scout where there is one, the power on the task's own grids.

    Args:
        task: what is treated.
        coverage: share of the target to reach its goal.
        share: of every organ's limit that may be used.
        progress: told how far it is.
    """
    sketch = task.scout or task
    order = tuple(range(len(task.heat)))
    low, high = np.log(max(task.least_pause, 1.0)), np.log(_LONGEST)
    for trial in range(_PAUSES):
        progress("equal plan: pause", trial / _PAUSES)
        middle = (low + high) / 2
        found = whole(sketch, order, _covering(sketch, order, float(np.exp(middle)), coverage), None)
        low, high = (middle, high) if found.over(sketch, share) else (low, middle)
    return whole(task, order, _covering(task, order, float(np.exp(high)), coverage), None, progress)


def _covering(task: Task, order: tuple[int, ...], pause: float, coverage: float) -> Timetable:
    """The least equal power [W] that covers what is asked, with a pause [s]."""
    course, inside, count = task.course(order), task.inside, len(order)
    table = Timetable(np.ones(count), np.full(count, task.on_time), np.full(count, pause))
    low, high = 0.0, float(task.caps.min())
    for _ in range(_POWERS + 3):
        middle = (low + high) / 2
        outcome = course.run(replace(table, powers=np.full(count, middle)))
        low, high = (low, middle) if (outcome.dose[inside] >= task.goal).mean() >= coverage else (middle, high)
    return replace(table, powers=np.full(count, high))
