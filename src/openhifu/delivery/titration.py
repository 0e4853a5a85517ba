"""How strongly this patient heats compared with the plan, and the power factor that follows."""

from __future__ import annotations

import math

from openhifu.base.units import BODY_TEMPERATURE_C
from openhifu.delivery.steps import StepResult
from openhifu.model.limits import Titration
from openhifu.model.sonication import Sonication

LEAST_READINGS = 3
"""Fewer readings than this during an exposure say nothing."""


def growth(time: float, rule: Titration) -> float:
    """Rise after ``time`` [s] of constant power, in units of the rise after ``(e - 1) * growth_time``.

    A Gaussian line source in a conducting medium: T(t) ~ ln(1 + t / t0), t0 = w^2 / (4 kappa).
    """
    return math.log1p(time / rule.growth_time)


def heating_ratio(result: StepResult, sonication: Sonication, rule: Titration, baseline: float) -> float | None:
    """Measured rise per watt over the plan's, or None where too little was read to tell.

    The plan's rise at the end of the exposure, shortened by ``growth`` and by what the thermometer's voxel averages
    away, is fitted by least squares to the later half of the readings: noise averages out, no maximum is taken.

    Args:
        result: of an exposure of this sonication, at any power and on-time.
        sonication: as planned.
        rule: titration of the prescription.
        baseline: temperature [degC] from which the rise is counted.
    """
    late = [(t, value) for t, value in result.target if t >= result.on_time / 2 and t > 0]
    if len(late) < LEAST_READINGS or result.power <= 0:
        return None
    planned = rule.reading_share * (sonication.predicted_peak - BODY_TEMPERATURE_C)
    full = growth(sonication.on_time, rule)
    model = [planned * growth(t, rule) / full for t, _ in late]
    overlap = sum(m * (value - baseline) for m, (_, value) in zip(model, late, strict=True))
    per_planned_watt = overlap / sum(m * m for m in model)
    ratio = per_planned_watt * sonication.acoustic_power / result.power
    return ratio if math.isfinite(ratio) and ratio > 0 else None


def clamped(scale: float, rule: Titration) -> float:
    """The factor within the limits of the approved plan."""
    return min(max(scale, rule.lowest_scale), rule.highest_scale)


def next_scale(scale: float, ratio: float | None, rule: Titration, damping: float) -> float:
    """The factor for the next exposure.

    Args:
        scale: factor in force.
        ratio: ``heating_ratio`` of the last exposure; None keeps the factor.
        rule: titration of the prescription.
        damping: share of the way, in the logarithm, towards ``1 / ratio``.
    """
    if ratio is None:
        return scale
    return clamped(math.exp((1 - damping) * math.log(scale) - damping * math.log(ratio)), rule)


def reading_of(temperature: float, rule: Titration) -> float:
    """What the thermometer reads [degC] when the hottest point is at ``temperature`` [degC]."""
    return BODY_TEMPERATURE_C + rule.reading_share * (temperature - BODY_TEMPERATURE_C)
