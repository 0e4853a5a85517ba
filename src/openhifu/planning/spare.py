"""Powers that an organ's worst voxel cannot bear, however long it is waited for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from openhifu.base.units import BODY_TEMPERATURE_C
from openhifu.planning.task import Optimised, Task

MOST_CUT = 0.25
"""Largest share of an exposure's power that is given up for an organ at once."""

_NOTED = 0.02  # cuts smaller than this share are not worth making
_WAITED = 1.0  # octaves of excess dose that cooler resuming takes off by itself


def spared(task: Task, found: Optimised, caps: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Lower power caps for the exposures that heat an organ's worst voxel most, where waiting alone does not help.

    What is wanted off the peak is log2 of the excess dose in degrees, less the degree that cooler resuming gives; an
    exposure's share of it is its share of the strongest heating of that voxel.

    Args:
        task: what is treated.
        found: what its powers came to.
        caps: W, of every spot.
        share: of an organ's limit that may be used.
    """
    lowered = caps.copy()
    dose, peak = found.treatment.dose.field.data, found.treatment.peak.data
    order = list(found.order)
    for name, factor in found.over(task, share).items():
        excess = float(np.log2(factor)) - _WAITED
        if excess <= 0:
            continue
        worst = np.unravel_index(int(np.argmax(np.where(task.organs[name][0], dose, -1.0))), dose.shape)
        rise = max(1.0, float(peak[worst]) - found.resume.get(name, BODY_TEMPERATURE_C))
        given = np.array([float(task.heat[i].data[worst]) for i in order]) * found.timetable.powers
        cut = min(MOST_CUT, excess / rise) * given / max(float(given.max()), 1e-9)
        lower = np.where(cut > _NOTED, found.timetable.powers * (1 - cut), np.inf)
        lowered[order] = np.minimum(lowered[order], lower)
    return lowered
