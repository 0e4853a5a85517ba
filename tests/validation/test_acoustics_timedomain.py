"""Every accuracy claim about the time domain, re-run."""

from __future__ import annotations

import pytest

from openhifu.acoustics.validation_timedomain import CASES


@pytest.mark.parametrize("name", CASES)
def test_claim_holds(name: str) -> None:
    row = CASES[name]()
    assert row.ok, f"{row.case}: {row.figure:.3g} {row.unit}, at most {row.limit} against {row.truth}"
