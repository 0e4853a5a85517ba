"""The acoustic question: a grid that follows the beam, and heat grids made of whole voxels."""

from __future__ import annotations

import math

import numpy as np
import pytest

from openhifu.acoustics.problem import AcousticProblem, Recording, coarse_grid, heat_blocks
from openhifu.acoustics.validation_setups import LOSSLESS, bowl
from openhifu.base.errors import GeometryError
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.model.medium import Medium
from openhifu.model.pose import Pose

DEVICE = bowl(0.0)
POSE = Pose(focus=(0.01, 0.02, 0.03), direction=(-0.6, 0.0, -0.8), roll=0.3)


def beam_grid(turn: float = 0.0) -> Grid:
    axes = np.array(POSE.axes)
    c, s = math.cos(turn), math.sin(turn)
    axes = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) @ axes
    return Grid.along(axes, POSE.focus, (-0.02, -0.03, -0.025), (0.02, 0.03, 0.01), 1e-3, Frame.PATIENT)


def test_first_voxel_is_measured_from_the_apex_along_the_source_axes() -> None:
    problem = AcousticProblem(DEVICE.drive(1.0, pose=POSE), Medium.uniform(LOSSLESS, beam_grid()))
    assert problem.first_voxel == pytest.approx((-0.02, -0.03, 0.06 - 0.025), abs=1e-12)


def test_without_a_pose_the_grid_is_in_the_transducers_frame() -> None:
    grid = Grid.box((-0.01, -0.02, 0.04), (0.01, 0.02, 0.06), 1e-3)
    assert AcousticProblem(DEVICE.drive(1.0), Medium.uniform(LOSSLESS, grid)).first_voxel == (-0.01, -0.02, 0.04)


@pytest.mark.parametrize("turn", [0.01, math.pi / 2, math.pi])
def test_a_grid_that_is_not_parallel_to_the_source_is_refused(turn: float) -> None:
    with pytest.raises(GeometryError, match=r"not parallel.*Grid\.along"):
        AcousticProblem(DEVICE.drive(1.0, pose=POSE), Medium.uniform(LOSSLESS, beam_grid(turn)))


def test_frames_must_agree_with_the_pose() -> None:
    with pytest.raises(GeometryError, match="has no pose"):
        AcousticProblem(DEVICE.drive(1.0), Medium.uniform(LOSSLESS, beam_grid()))
    own = Grid.box((-0.01, -0.02, 0.04), (0.01, 0.02, 0.06), 1e-3)
    with pytest.raises(GeometryError, match="stands in the patient"):
        AcousticProblem(DEVICE.drive(1.0, pose=POSE), Medium.uniform(LOSSLESS, own))


def test_blocks_of_an_oblique_coarse_grid() -> None:
    grid = beam_grid()
    blocks = heat_blocks(grid, Recording(heat_grid=coarse_grid(grid, 2, (3, 4, 5), (10, 11, 12))))
    assert (blocks.size, blocks.first, blocks.shape) == (2, (3, 4, 5), (10, 11, 12))


def test_no_heat_no_blocks() -> None:
    assert heat_blocks(beam_grid(), Recording(heat=False)).shape == (0, 0, 0)


def test_blocks_beyond_the_grid_are_refused() -> None:
    with pytest.raises(GeometryError, match="whole blocks"):
        coarse_grid(beam_grid(), 2, (3, 4, 5), (20, 11, 12))


def test_a_heat_grid_between_voxels_is_refused() -> None:
    grid = beam_grid()
    affine = np.array(coarse_grid(grid, 2, (0, 0, 0), (5, 5, 5)).affine)
    affine[:3, 3] += 0.4e-3
    with pytest.raises(GeometryError, match="whole blocks"):
        heat_blocks(grid, Recording(heat_grid=Grid((5, 5, 5), affine, Frame.PATIENT)))
