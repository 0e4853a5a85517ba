"""Arrays of rectangles as data."""

from __future__ import annotations

import pytest

from openhifu.acoustics.quadrature import by_element, depth
from openhifu.acoustics.validation_setups import array, rectangles
from openhifu.base.errors import FormatError
from openhifu.model.transducer import RectangleArray, Transducer


def test_it_is_read_back_as_it_was_written() -> None:
    made = rectangles()
    assert Transducer.from_document(made.to_document(), "a test") == made
    assert made.elements == 24
    assert made.surface.area == pytest.approx(24 * 35e-6)


def test_its_points_cover_every_element_once() -> None:
    surface = rectangles().surface
    points = by_element(surface, 1.5e-3)
    assert points.weights.sum() == pytest.approx(surface.area)
    assert len(points.offsets) == 25
    assert depth(array().surface) < depth(surface) < depth(array().surface) + 2e-3


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"element_size": (0.0, 1e-3)}, "positive width"),
        ({"widths": ((1.0, 0.0, 0.0),)}, "widths"),
        ({"widths": ((0.0, 0.0, 1.0),) * 2}, "perpendicular"),
        ({"normals": ((0.0, 0.0, 2.0),) * 2}, "unit vector"),
    ],
)
def test_an_impossible_one_is_refused(changed: dict, words: str) -> None:
    data = {
        "focal_length": 0.06,
        "element_size": (2e-3, 3e-3),
        "positions": ((0.0, 0.0, 0.0), (5e-3, 0.0, 0.0)),
        "normals": ((0.0, 0.0, 1.0),) * 2,
        "widths": ((1.0, 0.0, 0.0),) * 2,
    }
    with pytest.raises(FormatError, match=words):
        RectangleArray.from_data({**data, **changed}, "a test")
