"""Does the target reach its dose?"""

from __future__ import annotations

from collections.abc import Iterator

from openhifu.model.plan import Finding
from openhifu.planning.checks.evidence import Evidence, Rule, below


def check(evidence: Evidence) -> Iterator[Finding]:
    """Share of the target over the prescribed CEM43."""
    wish = evidence.data.case.prescription
    share = evidence.prediction.coverage
    yield below(
        Rule("target coverage", 100 * wish.coverage, "%", "prescription of the case"),
        100 * share,
        f"{100 * share:.1f} % of the target is expected above CEM43 {wish.goal_cem43:.0f} min",
        "closer spots (lateral_spacing, axial_spacing), a longer on_time, or a pose with less bone in the beam",
    )
