"""A plan's band held against the limits: the 5th and 95th percentiles of a study, not the nominal number."""

from __future__ import annotations

from openhifu.base.outcome import Verdict
from openhifu.model.limits import BandLimits
from openhifu.model.plan import Finding, TreatmentPlan
from openhifu.model.robustness import COVERAGE, PEAK, Band, Robustness, dose_of

LEAST_SCENARIOS = 8
"""Scenarios that a study needs where the site does not say; below, percentiles are the extremes of a handful."""


def limits_of(plan: TreatmentPlan) -> tuple[BandLimits, str]:
    """The rule for a plan's band, and where it comes from."""
    if plan.site.band is not None:
        return plan.site.band, "site's rule for bands"
    strict = BandLimits(
        coverage=plan.prescription.coverage,
        organ_share=1.0,
        peak_temperature=plan.site.peak_temperature,
        scenarios=LEAST_SCENARIOS,
    )
    return strict, "the plan's own limits, as the site has no rule for bands"


def check_of(name: str) -> str:
    """Name of the check that holds a band of that name against its limit."""
    return f"band of {name}"


def band_findings(plan: TreatmentPlan, study: Robustness) -> tuple[Finding, ...]:
    """Every figure of a study that has a limit, beside it; an error stops approval.

    Args:
        plan: the plan.
        study: of exactly this plan.
    """
    rule, source = limits_of(plan)
    found = [_enough(study, rule, source)]
    covered, hottest = study.band(COVERAGE), study.band(PEAK)
    found.append(_missing(COVERAGE, source) if covered is None else _covered(covered, rule, source))
    if hottest is None:
        found.append(_missing(PEAK, source))
    else:
        sentence = f"95 % of the scenarios stay below {hottest.high:.1f} degC at the hottest point"
        remedy = "less power, or a shorter on_time"
        found.append(_above(hottest, rule.peak_temperature, "degC", source, sentence, remedy))
    for organ in plan.organs:
        name, of = dose_of(organ.name), f"{organ.limit.source}; {source}"
        band = study.band(name)
        if band is None:
            found.append(_missing(name, of))
            continue
        limit = rule.organ_share * organ.limit.cem43_max
        sentence = f"95 % of the scenarios stay below CEM43 {band.high:.3g} min in {organ.name}"
        remedy = "longer pauses, another pose, or the measurement that the ranking of influences names"
        found.append(_above(band, limit, "min CEM43", of, sentence, remedy))
    return tuple(found)


def _missing(name: str, source: str) -> Finding:
    """What was not studied does not pass."""
    return Finding(
        check=check_of(name),
        verdict=Verdict.ERROR,
        sentence=f"the study has no band of {name}",
        value=0,
        limit=1,
        unit="bands",
        at_least=True,
        source=source,
        remedy="study the plan anew with openhifu robust",
    )


def _enough(study: Robustness, rule: BandLimits, source: str) -> Finding:
    count = len(study.outcomes)
    short = count < rule.scenarios
    return Finding(
        check="scenarios",
        verdict=Verdict.ERROR if short else Verdict.OK,
        sentence=f"{count} of {study.asked} scenarios were finished",
        value=count,
        limit=rule.scenarios,
        unit="1",
        at_least=True,
        source=source,
        remedy=f"run at least {rule.scenarios} scenarios" if short else "",
    )


def _covered(band: Band, rule: BandLimits, source: str) -> Finding:
    short = not band.low >= rule.coverage
    return Finding(
        check=check_of(COVERAGE),
        verdict=Verdict.ERROR if short else Verdict.OK,
        sentence=f"95 % of the scenarios cover more than {100 * band.low:.1f} % of the target",
        value=100 * band.low,
        limit=100 * rule.coverage,
        unit="%",
        at_least=True,
        source=source,
        remedy="closer spots, a larger margin, or the measurement that the ranking names" if short else "",
    )


def _above(band: Band, limit: float, unit: str, source: str, sentence: str, remedy: str) -> Finding:
    over = not band.high <= limit
    return Finding(
        check=check_of(band.name),
        verdict=Verdict.ERROR if over else Verdict.OK,
        sentence=sentence,
        value=band.high,
        limit=limit,
        unit=unit,
        source=source,
        remedy=remedy if over else "",
    )
