"""Speed and reach of the optimiser on a target of 100 mL with some 350 spots."""

from __future__ import annotations

import time
from collections.abc import Callable

from openhifu.base.measurement import Measurement
from openhifu.planning.large_target import LargeTarget
from openhifu.planning.optimise import optimise


def large_target(spacing: float = 2e-3) -> tuple[Measurement, ...]:
    """Optimise powers, pauses and order of all spots together; heat and fields of the model beam included.

    Args:
        spacing: edge of a voxel [m].
    """
    begin = time.perf_counter()
    found = optimise(LargeTarget(spacing).task())
    spent = time.perf_counter() - begin
    name = f"100 mL target, {len(found.order)} spots"
    return (
        Measurement.of(f"{name}: planned in", spent, "s", goal=180.0),
        Measurement.of(f"{name}: covered", 100 * found.coverage, "% of target", goal=95.0, more_is_better=True),
        Measurement.of(f"{name}: treatment", found.treatment.total_time / 3600, "h"),
    )


BENCHES: dict[str, Callable[[], tuple[Measurement, ...]]] = {"plan-large": large_target}
"""Every speed claim by its name; the large target takes minutes."""
