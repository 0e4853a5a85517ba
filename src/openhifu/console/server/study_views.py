"""A robustness study as people see it: bands of figures, the band of the target's dose-volume curve, what it says."""

from __future__ import annotations

import numpy as np

from openhifu.console.robustness import measure_sentence
from openhifu.console.server.checks_shown import CheckShown, check_shown
from openhifu.console.server.forms import Form
from openhifu.model.band import band_findings
from openhifu.model.plan import TreatmentPlan
from openhifu.model.robustness import CURVE_DOSES, Robustness


class BandShown(Form):
    """A figure over all scenarios: as planned, and its 5th, 50th and 95th percentile."""

    name: str
    unit: str
    nominal: float
    low: float
    median: float
    high: float


class CurveBand(Form):
    """Between which shares of the target lie, at each dose, 90 of 100 scenarios."""

    cem43_min: list[float]
    low: list[float]
    high: list[float]


class StudyShown(Form):
    """A study.

    Attributes:
        scenarios: that were finished.
        asked: that were asked for.
        bands: of every figure.
        target: band of the target's curve; null in a study that kept no curves.
        checks: bands beside their limits; an error stops approval.
        measure: which measurement would help most.
    """

    scenarios: int
    asked: int
    bands: list[BandShown]
    target: CurveBand | None
    checks: list[CheckShown]
    measure: str


def study_shown(plan: TreatmentPlan, study: Robustness) -> StudyShown:
    """A study of a plan for people."""
    return StudyShown(
        scenarios=len(study.outcomes),
        asked=study.asked,
        bands=[
            BandShown(name=b.name, unit=b.unit, nominal=b.nominal, low=b.low, median=b.median, high=b.high)
            for b in study.bands
        ],
        target=_band(study),
        checks=[check_shown(f) for f in band_findings(plan, study)],
        measure=measure_sentence(study),
    )


def _band(study: Robustness) -> CurveBand | None:
    curves = [o.target_curve for o in study.outcomes]
    if not curves or not all(curves):
        return None
    low, high = np.percentile(np.asarray(curves), [5, 95], axis=0)
    return CurveBand(cem43_min=list(CURVE_DOSES), low=low.tolist(), high=high.tolist())
