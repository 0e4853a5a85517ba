"""Outlines along voxel edges give back exactly the mask they came from, holes and touching corners included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from openhifu.imaging.dicom.contours import filled, outlined
from openhifu.imaging.morphology import Mask


@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.booleans()))
def test_an_outline_filled_is_the_mask(mask: Mask) -> None:
    polygons = outlined(mask)
    assert np.array_equal(filled(polygons, (mask.shape[0], mask.shape[1])), mask)
    assert all(len(p) >= 4 for p in polygons)


def test_a_ring_has_two_borders() -> None:
    ring = np.zeros((7, 7), bool)
    ring[1:6, 1:6] = True
    ring[3, 3] = False
    outer, inner = sorted(outlined(ring), key=len, reverse=True)[0], sorted(outlined(ring), key=len)[0]
    assert len(outlined(ring)) == 2
    assert len(outer) == len(inner) == 4


def test_voxels_that_touch_at_a_corner_stay_apart() -> None:
    assert len(outlined(np.eye(3, dtype=bool))) == 3


def test_a_circle_is_filled_to_its_area() -> None:
    angle = np.linspace(0, 2 * np.pi, 500, endpoint=False)
    circle = np.stack([50 + 30.3 * np.cos(angle), 40 + 30.3 * np.sin(angle)], axis=1)
    assert np.count_nonzero(filled([circle], (100, 90))) == pytest.approx(np.pi * 30.3**2, rel=0.01)
