"""Which limits bind a course, and what each would buy if it were a tenth wider: the course found anew, one at a time.

On the scout's grids, where a round costs a second or two: the same course is taken one round further with the limits as
they are and with each of them widened, and the two are compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from openhifu.base.progress import Progress, silent
from openhifu.base.units import BODY_TEMPERATURE_C
from openhifu.model.plan import Relaxation
from openhifu.planning import even
from openhifu.planning.optimise import NEAR, continued
from openhifu.planning.task import Optimised, Task, whole

WIDER = 0.1
"""Share by which a limit is widened."""

_CLOSE = 0.95  # share of what rounds steer to at which a dose binds
_AT = 0.999  # share of a bound at which a number sits on it
_OFTEN = 0.1  # share of the pauses that must be the shortest allowed for it to bind


def certify(task: Task, found: Optimised, progress: Progress = silent) -> tuple[Relaxation, ...]:
    """What binds a course, the dearest in time first; deterministic.

    Args:
        task: what was optimised, with its scout if it has one.
        found: the course.
        progress: told how far it is.
    """
    sketch = task.scout or task
    widened = list(_widened(task, sketch, found))
    if not widened:
        return ()
    resume = {name: degrees for name, degrees in found.resume.items() if name in sketch.organs}
    start = whole(sketch, found.order, found.timetable, resume)
    plain = continued(sketch, start)
    relaxed: list[Relaxation] = []
    for number, (limit, change, wider) in enumerate(widened, 1):
        progress("what limits cost", number / (len(widened) + 1))
        other = continued(wider, start)
        saved = plain.treatment.total_time - other.treatment.total_time
        gained = other.coverage - plain.coverage
        relaxed.append(Relaxation(limit=limit, change=change, time_saved=saved, coverage_gained=gained))
    return tuple(sorted(relaxed, key=lambda r: -r.time_saved))


def _widened(task: Task, sketch: Task, found: Optimised) -> Iterator[tuple[str, str, Task]]:
    """Every limit that binds, in words, with the sketch in which it is wider."""
    yield from _organs(task, sketch, found)
    pauses, powers = found.timetable.pauses, found.timetable.powers
    peak = max(e.peak for e in found.treatment.exposures)
    room = task.ceiling - even.HEADROOM - BODY_TEMPERATURE_C
    if peak - BODY_TEMPERATURE_C >= _CLOSE * room:
        more = WIDER * (task.ceiling - BODY_TEMPERATURE_C)
        yield "highest temperature", f"{more:.1f} K more", replace(sketch, ceiling=task.ceiling + more)
    if np.any(powers >= _AT * task.caps[list(found.order)]):
        yield "power of an exposure", "a tenth more", replace(sketch, caps=(1 + WIDER) * task.caps)
    if float((pauses <= task.least_pause / _AT).mean()) >= _OFTEN:
        least = (1 - WIDER) * task.least_pause
        yield "shortest pause", f"{least:.0f} s instead of {task.least_pause:.0f} s", replace(sketch, least_pause=least)
    shortest = task.shortest_on_time
    if shortest is not None and float((found.timetable.on_times <= shortest / _AT).mean()) >= _OFTEN:
        shorter = (1 - WIDER) * shortest
        change = f"{shorter:.1f} s instead of {shortest:.1f} s"
        yield "shortest exposure", change, replace(sketch, shortest_on_time=shorter)
    if np.any(pauses >= _AT * task.longest_pause):
        longest = (1 + WIDER) * task.longest_pause
        change = f"{longest:.0f} s instead of {task.longest_pause:.0f} s"
        yield "longest pause", change, replace(sketch, longest_pause=longest)


def _organs(task: Task, sketch: Task, found: Optimised) -> Iterator[tuple[str, str, Task]]:
    """Doses at what may be used of their limit; organs that are waited for down to the temperature the site names."""
    hottest, shares = found.treatment.peak.data, found.shares(task)
    for name, (coarse, limit) in sketch.organs.items():
        if shares[name] >= _CLOSE * NEAR * task.allowed:
            dose = (1 + WIDER) * limit.cem43_max
            change = f"{dose:.1f} instead of {limit.cem43_max:.1f} min CEM43"
            wider = limit.model_copy(update={"cem43_max": dose})
            yield f"dose of {name}", change, replace(sketch, organs={**sketch.organs, name: (coarse, wider)})
        waited = found.resume.get(name, BODY_TEMPERATURE_C) >= limit.resume_below - 1e-6
        if waited and float(hottest[task.organs[name][0]].max()) > limit.resume_below:
            warmer = limit.resume_below + WIDER * (limit.resume_below - BODY_TEMPERATURE_C)
            change = f"{warmer:.1f} instead of {limit.resume_below:.1f} degC"
            wider = limit.model_copy(update={"resume_below": warmer})
            yield f"waiting for {name}", change, replace(sketch, organs={**sketch.organs, name: (coarse, wider)})
