"""Dots, lines and slices fill a target evenly, deepest first."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openhifu.base.errors import Infeasible
from openhifu.model.pose import Pose
from openhifu.model.transducer import Travel
from openhifu.planning.spots import beyond_travel, fill, place
from tests.unit.planning.phantom import block, case_data

POSE = Pose(focus=(0.0, 0.130, 0.0), direction=(0.0, -1.0, 0.0))
WISH = case_data(block()).case.prescription


def ball(radius, step=1e-3):
    k = np.arange(-radius, radius + step / 2, step)
    points = np.stack(np.meshgrid(k, k, k, indexing="ij"), -1).reshape(-1, 3)
    return points[np.linalg.norm(points, axis=1) <= radius]


@settings(max_examples=15, deadline=None)
@given(st.floats(4e-3, 12e-3), st.floats(2e-3, 5e-3), st.floats(3e-3, 8e-3))
def test_a_ball_gets_about_one_spot_per_cell_and_none_outside(radius, lateral, axial):
    wish = WISH.model_copy(update={"lateral_spacing": lateral, "axial_spacing": axial})
    rows = fill(ball(radius), wish)
    cell = lateral**2 * np.sqrt(3) / 2 * axial
    expected = 4 / 3 * np.pi * radius**3 / cell
    assert 0.4 * expected - 2 <= len(rows) <= 1.9 * expected + 8
    assert np.linalg.norm(rows[:, :3], axis=1).max() <= radius + 1.2e-3
    away = np.linalg.norm(rows[:, None, :2] - rows[None, :, :2], axis=-1)[rows[:, None, 3] == rows[None, :, 3]]
    assert np.min(away[away > 1e-9], initial=lateral) == pytest.approx(lateral, rel=1e-6)


def test_slices_go_from_deep_to_shallow_and_lines_to_and_fro():
    spots = place(ball(9e-3), WISH, POSE)
    depth = [s.offset[2] for s in spots]
    assert depth == sorted(depth, reverse=True)
    assert spots[0].focus[1] > spots[-1].focus[1]  # deeper is further from the source at y = 0
    slices = [s.slice_index for s in spots]
    assert slices == sorted(slices) and slices[0] == 0
    lines = {}
    for spot in spots:
        lines.setdefault((spot.slice_index, spot.line_index), []).append(spot.offset[0])
    for (_, line), x in lines.items():
        assert x == sorted(x, reverse=line % 2 == 1)


def test_a_target_smaller_than_the_lattice_still_gets_a_spot_or_a_clear_refusal():
    assert len(place(ball(2e-3, 0.5e-3), WISH, POSE)) >= 1
    shell = ball(9e-3)
    shell = shell[np.linalg.norm(shell, axis=1) > 8e-3]
    with pytest.raises(Infeasible, match="smaller lateral_spacing"):
        fill(shell, WISH.model_copy(update={"lateral_spacing": 60e-3, "axial_spacing": 60e-3}))


def test_spots_out_of_reach_are_named():
    spots = place(ball(9e-3), WISH, POSE)
    assert beyond_travel(spots, Travel(x=0.05, y=0.05, z=0.05, tilt=1)) is None
    assert "positioner reaches 4 mm" in (beyond_travel(spots, Travel(x=0.004, y=0.05, z=0.05, tilt=1)) or "")
