"""Every check of a plan, one subject a file; each finding has its number, its limit and the limit's source."""

from __future__ import annotations

from openhifu.model.plan import Finding
from openhifu.planning.checks import (
    cavitation,
    coverage,
    distances,
    energy,
    far_field,
    mirror_focus,
    organ_dose,
    temperature,
    validity,
)
from openhifu.planning.checks.evidence import Evidence

ALL = (
    coverage.check,
    organ_dose.check,
    temperature.check,
    cavitation.check,
    energy.check,
    mirror_focus.check,
    distances.check,
    far_field.check,
    validity.check,
)


def run_checks(evidence: Evidence) -> tuple[Finding, ...]:
    """All findings, in the order of the subjects."""
    return tuple(finding for check in ALL for finding in check(evidence))
