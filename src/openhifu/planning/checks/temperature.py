"""Peak temperature: high enough to ablate at once, low enough not to boil."""

from __future__ import annotations

from collections.abc import Iterator

from openhifu.model.plan import Finding
from openhifu.planning.checks.evidence import Evidence, Rule, above, below


def check(evidence: Evidence) -> Iterator[Finding]:
    """Hottest point of the treatment against boiling, and each exposure against the prescribed window."""
    wish, site = evidence.data.case.prescription, evidence.data.case.site
    hottest = evidence.prediction.peak_temperature
    yield above(
        Rule("boiling", 100.0, "degC", "boiling point of water at 1 atm; tissue water boils near it", warn=0.97),
        hottest,
        f"the hottest point is expected to reach {hottest:.1f} degC",
        "less power, or a shorter on_time",
    )
    yield above(
        Rule("peak temperature", min(wish.peak_high, site.peak_temperature), "degC", "prescription and site", warn=1.0),
        hottest,
        f"the hottest point is expected to reach {hottest:.1f} degC",
        "less power, or a shorter on_time",
    )
    coolest = min(evidence.sonications, key=lambda s: s.predicted_peak)
    yield below(
        Rule("coolest exposure", wish.peak_low, "degC", "prescription of the case", hard=False),
        coolest.predicted_peak,
        f"exposure {coolest.index + 1} is expected to reach only {coolest.predicted_peak:.1f} degC",
        "more power or a longer on_time, if the organs at risk allow",
    )
