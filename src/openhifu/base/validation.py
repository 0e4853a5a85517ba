"""One accuracy claim, measured: what every room's validation cases give back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from pydantic import ConfigDict, Field, InstanceOf

from openhifu.base.errors import UnknownName
from openhifu.base.picture import Picture
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
        picture: what it looks like; not part of the stored row.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=True)

    case: str
    figure: float
    limit: float
    unit: str
    truth: str
    ok: bool
    picture: InstanceOf[Picture] | None = Field(default=None, exclude=True, repr=False)

    @classmethod
    def of(
        cls, case: str, figure: float, limit: float, unit: str, truth: str, picture: Picture | None = None
    ) -> ValidationRow:
        """A row that judges itself."""
        value = float(figure)
        ok = bool(value <= limit)
        return cls(case=case, figure=value, limit=limit, unit=unit, truth=truth, ok=ok, picture=picture)


def run_cases(
    kind: str, cases: Mapping[str, Callable[[], ValidationRow]], names: Iterable[str]
) -> tuple[ValidationRow, ...]:
    """Run the named cases, or all.

    Args:
        kind: what the cases are called in an error.
        cases: every case by its name.
        names: the wanted ones; none for all.

    Raises:
        UnknownName: if there is no case of a name; nothing was run then.
    """
    wanted = tuple(names) or tuple(cases)
    for name in wanted:
        if name not in cases:
            raise UnknownName(kind, name, cases)
    return tuple(cases[name]() for name in wanted)
