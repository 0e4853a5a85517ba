"""Thermal dose at the hottest reading of a target, measured and planned, both while the exposure is on.

CEM43 in minutes, R 0.25 below and 0.5 above 43 degC at every moment (Sapareto and Dewey 1984).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from openhifu.base.units import BODY_TEMPERATURE_C
from openhifu.delivery.titration import growth, reading_of
from openhifu.model.limits import Titration
from openhifu.model.sonication import Sonication

_BREAK = 43.0
_STEPS = 64  # of the planned rise; its dose is then right to a part in a thousand


def cem43(readings: Sequence[tuple[float, float]]) -> float:
    """Dose [min] of ``(s, degC)`` readings in order, linear in between, from body temperature at 0 s."""
    points = ((0.0, BODY_TEMPERATURE_C), *readings)
    return sum(dose_between(b[0] - a[0], a[1], b[1]) for a, b in pairwise(points))


def planned_cem43(sonication: Sonication, rule: Titration, share: float = 1.0) -> float:
    """Dose [min] that the plan expects at the hottest reading by the end of the exposure.

    Args:
        sonication: its on-time and predicted peak.
        rule: how the rise grows, and which share of it the thermometer reads.
        share: of the planned rise that is aimed at.
    """
    rise = share * (reading_of(sonication.predicted_peak, rule) - BODY_TEMPERATURE_C)
    full = growth(sonication.on_time, rule)
    times = [sonication.on_time * n / _STEPS for n in range(1, _STEPS + 1)]
    return cem43([(t, BODY_TEMPERATURE_C + rise * growth(t, rule) / full) for t in times])


def dose_between(duration: float, first: float, last: float) -> float:
    """Minutes of dose while the temperature goes linearly from ``first`` to ``last`` [degC] in ``duration`` [s]."""
    if duration <= 0:
        return 0.0
    if min(first, last) < _BREAK < max(first, last):
        share = (_BREAK - first) / (last - first)
        return dose_between(share * duration, first, _BREAK) + dose_between((1 - share) * duration, _BREAK, last)
    rate = math.log(2.0 if max(first, last) > _BREAK else 4.0)
    low, high = (math.exp(rate * (t - _BREAK)) for t in (first, last))
    mean = (high - low) / (rate * (last - first)) if abs(last - first) > 1e-9 else low
    return mean * duration / 60.0
