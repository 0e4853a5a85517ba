"""Frames, grids, fields and poses: what may be composed, and that it is right."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.base.field import Field, Quantity
from openhifu.base.frames import Frame, Transform
from openhifu.base.grid import Grid
from openhifu.model.pose import Pose
from openhifu.model.tissuemap import TissueMap

angle = st.floats(-math.pi, math.pi)


def turn(a):
    c, s = math.cos(a), math.sin(a)
    matrix = np.eye(4)
    matrix[:2, :2] = [[c, -s], [s, c]]
    return matrix


def test_transforms_compose_only_where_frames_meet():
    there = Transform(Frame.TRANSDUCER, Frame.PATIENT, turn(0.3))
    back = there.inverse()
    assert np.allclose(there.then(back).matrix, np.eye(4))
    with pytest.raises(GeometryError, match="do not meet"):
        there.then(there)


def test_a_mirror_is_not_a_rigid_transform():
    with pytest.raises(OutOfRange, match="rigid"):
        Transform(Frame.TRANSDUCER, Frame.PATIENT, np.diag([-1.0, 1, 1, 1]))


@given(angle, angle, angle)
def test_a_pose_has_right_handed_orthonormal_axes_with_z_from_apex_to_focus(azimuth, elevation, roll):
    c = math.cos(elevation)
    direction = (c * math.cos(azimuth), c * math.sin(azimuth), math.sin(elevation))
    pose = Pose(focus=(0.1, 0.2, 0.3), direction=direction, roll=roll)
    axes = np.array(pose.axes)
    assert np.allclose(axes @ axes.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(axes) == pytest.approx(1.0)
    assert np.allclose(np.array(pose.apex(0.16)) + 0.16 * axes[2], pose.focus)


def test_a_grid_along_a_beam_puts_its_indices_where_the_beam_is():
    pose = Pose(focus=(0.01, -0.02, 0.03), direction=(0.6, 0.0, -0.8))
    grid = Grid.along(pose.axes, pose.focus, (-0.01, -0.01, -0.02), (0.01, 0.01, 0.01), 1e-3, Frame.PATIENT)
    assert grid.shape == (21, 21, 31)
    assert np.allclose(grid.world((10, 10, 20)), pose.focus)
    assert np.allclose(grid.world((10, 10, 0)), np.array(pose.focus) - 0.02 * np.array(pose.axes[2]))
    assert np.allclose(grid.index(grid.world([(3, 4, 5)])), [(3, 4, 5)])
    assert grid.voxel_volume == pytest.approx(1e-9)


def test_sheared_grids_and_fields_of_another_shape_are_refused():
    affine = np.eye(4)
    affine[0, 1] = 0.2
    with pytest.raises(GeometryError, match="orthogonal"):
        Grid((2, 2, 2), affine, Frame.PATIENT)
    grid = Grid.box((0, 0, 0), (1, 1, 1), 0.5)
    with pytest.raises(GeometryError, match="shape"):
        Field(grid, np.zeros((2, 2, 2)), Quantity.TEMPERATURE)
    with pytest.raises(GeometryError, match="another grid"):
        grid.require_same(Grid.box((0, 0, 0), (1, 1, 1), 0.5, Frame.PATIENT), "heat")


def test_a_linear_field_is_interpolated_exactly():
    grid = Grid.box((0, 0, 0), (1, 1, 1), 0.1)
    x = grid.points()
    field = Field(grid, x[..., 0] + 2 * x[..., 1] - x[..., 2], Quantity.TEMPERATURE)
    points = np.array([[0.33, 0.44, 0.55], [0.01, 0.99, 0.5]])
    assert np.allclose(field.at(points), points @ [1, 2, -1])
    assert np.isnan(field.at([[2.0, 0, 0]])).all()


def test_labels_on_an_oblique_grid_are_the_nearest_voxels_and_outside_is_named():
    rng = np.random.default_rng(1)
    source = Grid((9, 8, 7), np.diag([1e-3, 1e-3, 2.5e-3, 1]), Frame.PATIENT)
    tissues = TissueMap(source, rng.integers(0, 3, source.shape).astype(np.uint8), ("water", "fat", "muscle"))
    pose = Pose(focus=(4e-3, 4e-3, 8e-3), direction=(0.6, 0.48, 0.64))
    grid = Grid.along(pose.axes, pose.focus, (-9e-3,) * 3, (9e-3,) * 3, 0.77e-3, Frame.PATIENT)
    out = tissues.resampled(grid, "fat")
    index = np.floor(source.index(grid.points()) + 0.5).astype(int)
    inside = np.all((index >= 0) & (index < source.shape), axis=-1)
    expected = np.where(inside, tissues.data[tuple(np.moveaxis(np.where(inside[..., None], index, 0), -1, 0))], 1)
    assert np.mean(out.data == expected) > 0.999  # the rest are ties
    assert 0.02 < inside.mean() < 0.98
