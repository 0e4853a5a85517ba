"""One accuracy claim, measured: what every room's validation cases give back."""

from __future__ import annotations

from openhifu.base.record import Record


class ValidationRow(Record):
    """One accuracy claim, re-run.

    Attributes:
        case: name.
        figure: what was measured.
        limit: what it may be at most.
        unit: unit of both.
        truth: what it was held against.
        ok: whether the figure is within the limit.
    """

    case: str
    figure: float
    limit: float
    unit: str
    truth: str
    ok: bool

    @classmethod
    def of(cls, case: str, figure: float, limit: float, unit: str, truth: str) -> ValidationRow:
        """A row that judges itself."""
        value = float(figure)
        return cls(case=case, figure=value, limit=limit, unit=unit, truth=truth, ok=bool(value <= limit))
