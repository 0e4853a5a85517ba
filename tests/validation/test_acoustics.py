"""Every accuracy claim of the acoustics room, re-run."""

from __future__ import annotations

import pytest

from openhifu.acoustics.validation import CASES, validate
from openhifu.base.errors import UnknownName


@pytest.mark.parametrize("name", CASES)
def test_claim_holds(name: str) -> None:
    (row,) = validate([name])
    assert row.ok, f"{row.case}: {row.figure:.3g} {row.unit}, at most {row.limit} against {row.truth}"


def test_an_unknown_case_is_refused_with_the_nearest_names() -> None:
    with pytest.raises(UnknownName, match="bowl-marching"):
        validate(["bowl-march"])
