"""Errors fall as fast as the docstrings say; the slower cases run with `openhifu validate`."""

from __future__ import annotations

import pytest

from openhifu.acoustics.validation_orders import CASES

_QUICK = ("order-rayleigh", "order-marching", "order-axisymmetric", "order-shock")


@pytest.mark.parametrize("name", _QUICK)
def test_order_is_as_stated(name: str) -> None:
    row = CASES[name]()
    assert row.ok, f"{row.case}: {row.figure:.3g} {row.unit}, at most {row.limit} against {row.truth}"
