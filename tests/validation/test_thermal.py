"""Every accuracy claim of heat and dose, re-run."""

from __future__ import annotations

import pytest

from openhifu.base.errors import UnknownName
from openhifu.thermal.validation import CASES, validate
from openhifu.thermal.validation_heat import gaussian_profiles

LONG = {"superposition"}
"""Cases that take half a minute; ``tests/unit/thermal/test_superposition.py`` has a small cousin."""


@pytest.mark.parametrize("name", [n for n in CASES if n not in LONG])
def test_case(name: str) -> None:
    (row,) = validate([name])
    assert row.ok, f"{row.case}: {row.figure:.3g} {row.unit}, limit {row.limit}, against {row.truth}"


def test_a_coarse_grid_is_worse_than_the_limit_for_a_fine_one() -> None:
    assert 100 * gaussian_profiles(2e-3)[3] / 20.0 > 0.3


def test_an_unknown_case_is_named() -> None:
    with pytest.raises(UnknownName, match="gaussian"):
        validate(["gausian"])
