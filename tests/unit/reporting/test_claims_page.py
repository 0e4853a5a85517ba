"""The page of accuracy claims and the pictures on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from openhifu.base.errors import GeometryError
from openhifu.base.picture import Curve, Panel, Picture
from openhifu.base.validation import ValidationRow
from openhifu.reporting.claims_page import Claim, write_claims

_X = np.linspace(0, 1, 50)
_LINES = Picture("z [mm]", "|P| [Pa]", (Curve.of("ours", _X, _X**2), Curve.of("exact", _X, _X**2, reference=True)))
_PLANES = Picture(
    "x [mm]",
    "y [mm]",
    panels=(
        Panel("ours", np.outer(_X, _X), (0, 1, 0, 1), "K"),
        Panel("difference", np.outer(_X, _X) - 0.5, (0, 1, 0, 1), "K", signed=True),
    ),
)


@pytest.mark.parametrize("picture", [_LINES, _PLANES])
def test_a_page_has_a_row_and_a_picture_for_each_claim(tmp_path: Path, picture: Picture) -> None:
    rows = {
        "good": ValidationRow.of("a case, good", 0.1, 1.0, "%", "closed form", picture),
        "bad": ValidationRow.of("a bad case, |P|", 2.0, 1.0, "%", "closed form"),
    }
    page = write_claims(tmp_path, "thermal", [Claim(name, row, 0.1) for name, row in rows.items()])
    text = page.read_text()
    assert "| [a case, good](#a-case-good) | 0.1 | 1 | % | closed form | yes |" in text
    assert r"| a bad case, \|P\| | 2 | 1 | % | closed form | **no** |" in text
    assert (tmp_path / "thermal" / "good.png").read_bytes().startswith(b"\x89PNG")
    assert not (tmp_path / "thermal" / "bad.png").exists()


def test_a_row_keeps_no_picture_in_its_record() -> None:
    row = ValidationRow.of("a case", 0.1, 1.0, "%", "closed form", _LINES)
    assert row.picture is _LINES
    assert set(row.data()) == {"case", "figure", "limit", "unit", "truth", "ok"}


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(GeometryError, match="one length"):
        Curve.of("x", _X, _X[:-1])
    with pytest.raises(GeometryError, match="real"):
        Curve.of("x", _X, _X * 1j)
    with pytest.raises(GeometryError, match="plane"):
        Panel("x", _X, (0, 1, 0, 1), "K")
    with pytest.raises(GeometryError, match="one of the two"):
        Picture("x", "y")
