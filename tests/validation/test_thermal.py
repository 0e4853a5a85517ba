"""Every accuracy claim of heat and dose, re-run."""

from __future__ import annotations

import pytest

from openhifu.base.errors import UnknownName
from openhifu.thermal.validation import CASES, gaussian_error, validate


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    (row,) = validate([name])
    assert row.ok, f"{row.case}: {row.figure:.3g} {row.unit}, limit {row.limit}, against {row.truth}"


def test_a_coarse_grid_is_worse_than_the_limit_for_a_fine_one() -> None:
    assert 100 * gaussian_error(2e-3) > 0.3


def test_an_unknown_case_is_named() -> None:
    with pytest.raises(UnknownName, match="gaussian"):
        validate(["gausian"])
