"""Accuracy of heat and dose as rows of data that can be re-run at any time: all cases of the room."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from openhifu.base.validation import ValidationRow, run_cases
from openhifu.thermal import validation_dose, validation_heat, validation_treatment

CASES: dict[str, Callable[[], ValidationRow]] = {
    **validation_heat.CASES,
    **validation_dose.CASES,
    **validation_treatment.CASES,
}
"""Every case by its name."""


def validate(names: Iterable[str] = ()) -> tuple[ValidationRow, ...]:
    """Run the named cases, or all.

    Raises:
        UnknownName: if there is no case of a name.
    """
    return run_cases("thermal validation case", CASES, names)
