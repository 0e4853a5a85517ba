"""Speed and reach of the optimiser on a target of 100 mL with some 350 spots."""

from __future__ import annotations

import time
from collections.abc import Callable

from openhifu.base.measurement import Measurement
from openhifu.planning.equal import equal_course
from openhifu.planning.large_target import LargeTarget
from openhifu.planning.optimise import optimise
from openhifu.planning.task import ALLOWED

SHORTER = 1 / 0.7
"""How many times longer the plan that nobody optimised should take at least."""


def large_target(spacing: float = 2e-3) -> tuple[Measurement, ...]:
    """Optimise powers, pauses and order of all spots together; heat and fields of the model beam included.

    Then, outside the time of planning, the plan with equal powers and equal pauses that covers as much and keeps the
    same share of every organ's limit.

    Args:
        spacing: edge of a voxel [m].
    """
    begin = time.perf_counter()
    task = LargeTarget(spacing).task()
    found = optimise(task)
    spent = time.perf_counter() - begin
    worst = max(found.shares(task).values())
    equal = equal_course(task, found.coverage, worst)
    name = f"100 mL target, {len(found.order)} spots"
    equals = f"equal power and pause: {equal.timetable.powers[0]:.0f} W, {equal.timetable.pauses[0]:.0f} s"
    hours, longer = found.treatment.total_time / 3600, equal.treatment.total_time / 3600
    return (
        Measurement.of(f"{name}: planned in", spent, "s", goal=180.0),
        Measurement.of(f"{name}: covered", 100 * found.coverage, "% of target", goal=95.0, more_is_better=True),
        Measurement.of(f"{name}: treatment", hours, "h", longer, equals, goal=SHORTER),
        Measurement.of(f"{name}: dose of the most heated organ", 100 * worst, "% of its limit", goal=100 * ALLOWED),
        Measurement.of(f"{name}: highest temperature", found.peak, "degC", goal=task.ceiling),
        Measurement.of(f"{name}: energy", found.treatment.energy / 1e3, "kJ"),
        Measurement.of("equal power and pause: covered", 100 * equal.coverage, "% of target"),
        Measurement.of(
            "equal power and pause: dose of the most heated organ", 100 * max(equal.shares(task).values()), "% of limit"
        ),
        Measurement.of("equal power and pause: energy", equal.treatment.energy / 1e3, "kJ"),
    )


BENCHES: dict[str, Callable[[], tuple[Measurement, ...]]] = {"plan-large": large_target}
"""Every speed claim by its name; the large target takes minutes."""
