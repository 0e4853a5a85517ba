"""Checks as people see them: value beside limit, with the limit's source."""

from __future__ import annotations

from openhifu.base.outcome import Verdict
from openhifu.console.server.forms import Form
from openhifu.model.plan import Finding


class CheckShown(Form):
    """A check: its value beside its limit, with the limit's source."""

    name: str
    verdict: Verdict
    value: float
    limit: float
    unit: str
    ok: bool
    source: str
    sentence: str
    remedy: str


def check_shown(f: Finding) -> CheckShown:
    """A finding for people."""
    return CheckShown(
        name=f.check,
        verdict=f.verdict,
        value=f.value,
        limit=f.limit,
        unit=f.unit,
        ok=f.verdict is Verdict.OK,
        source=f.source,
        sentence=f.sentence,
        remedy=f.remedy,
    )
