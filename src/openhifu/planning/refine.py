"""Powers by gradient: the weighted clinical wishes of a whole course, lowered within bounds that nothing can trade."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.progress import Progress, silent
from openhifu.planning.course import Course
from openhifu.planning.objectives.outcome import Objective, Timetable

_RANGE = 4.0  # factor by which a power may leave its start, downwards


@dataclass(frozen=True, eq=False)
class Refined:
    """What refining came to.

    Attributes:
        powers: W of every exposure, the best that was seen.
        before: weighted sum of the wishes at the start.
        after: the same for ``powers``.
        runs: courses that were run, each forwards and backwards.
        stopped: whether a person stopped it early.
    """

    powers: NDArray[np.float64]
    before: float
    after: float
    runs: int
    stopped: bool


def refine_powers(
    course: Course,
    start: Timetable,
    wishes: Sequence[tuple[float, Objective]],
    caps: NDArray[np.float64],
    rounds: int = 12,
    progress: Progress = silent,
) -> Refined:
    """Lower a weighted sum of wishes over the powers, on-times and pauses held (L-BFGS-B on their logarithms).

    The same course gives the same powers, bit for bit on one machine. Ctrl-C ends it with the best powers so far.

    Args:
        course: the exposures.
        start: where to begin.
        wishes: weights and objectives.
        caps: W that no power may exceed: device, site, and what organs leave.
        rounds: courses to run at most, about.
        progress: told how far it is.
    """
    from scipy.optimize import minimize

    begin = np.log(np.minimum(start.powers, caps))
    bounds = list(zip(np.minimum(begin, np.log(caps)) - np.log(_RANGE), np.log(caps), strict=True))
    seen: list[tuple[float, NDArray[np.float64]]] = []

    def cost(logs: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        powers = np.minimum(np.exp(logs), caps)
        outcome = course.run(Timetable(powers, start.on_times, start.pauses))
        value, slope = course.value_and_gradient(outcome, wishes)
        seen.append((value, powers))
        progress("powers by gradient", min(1.0, len(seen) / (1.5 * rounds)))
        return value, slope * powers

    stopped = False
    try:
        minimize(
            cost, begin, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": rounds, "maxfun": 2 * rounds}
        )
    except KeyboardInterrupt:
        if not seen:
            raise
        stopped = True
    value, powers = min(seen, key=lambda s: s[0])
    return Refined(powers, seen[0][0], value, len(seen), stopped)
