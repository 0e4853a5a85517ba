"""A known movement between a CT and an image of other contrast is found again, and moves only what was accepted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import affine_transform, gaussian_filter

from openhifu.base.errors import GeometryError, NotApproved
from openhifu.base.field import Field, Quantity
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.imaging.registration import RegistrationAccepted, moved, registered
from openhifu.reporting.registration_figure import registration_figure

GRID = Grid(
    (64, 56, 40),
    np.array([[2e-3, 0, 0, -64e-3], [0, 2e-3, 0, -56e-3], [0, 0, 3e-3, -60e-3], [0, 0, 0, 1]]),
    Frame.PATIENT,
)
ANGLE = np.radians(5)
MOVEMENT = np.array(
    [[np.cos(ANGLE), -np.sin(ANGLE), 0, 5e-3], [np.sin(ANGLE), np.cos(ANGLE), 0, -4e-3], [0, 0, 1, 6e-3], [0, 0, 0, 1]]
)


def body() -> Field:
    """An ellipsoid with bones and a cyst, different along every axis."""
    x, y, z = np.moveaxis(GRID.points() * 1e3, -1, 0)
    hu = np.full(GRID.shape, -1000.0, np.float32)
    hu[(x / 50) ** 2 + (y / 42) ** 2 + (z / 90) ** 2 < 1] = 40
    hu[(x - 20) ** 2 + (y + 5) ** 2 + (z - 12) ** 2 < 14**2] = 400
    hu[(x + 15) ** 2 + (y - 16) ** 2 + (z + 20) ** 2 < 10**2] = -100
    hu[(x + 8) ** 2 + (y + 20) ** 2 < 8**2] = 300 + 2 * z[(x + 8) ** 2 + (y + 20) ** 2 < 8**2]
    return Field(GRID, gaussian_filter(hu, 0.7), Quantity.HOUNSFIELD)


def other_contrast(ct: Field) -> Field:
    """An image whose point p shows what the CT has at MOVEMENT p, bright where the CT is dark."""
    back = np.linalg.inv(GRID.affine) @ MOVEMENT @ GRID.affine
    data = affine_transform(ct.data, back[:3, :3], back[:3, 3], order=1, mode="nearest")  # pyright: ignore[reportCallIssue, reportArgumentType]
    return Field(GRID, np.sqrt(np.abs(1200 - data)).astype(np.float32), Quantity.MR_SIGNAL)


def test_a_known_movement_is_found_again_and_moves_only_when_accepted(tmp_path: Path) -> None:
    ct = body()
    mr = other_contrast(ct)
    found = registered(ct, mr)
    points = GRID.points()[8:-8:8, 8:-8:8, 4:-4:4].reshape(-1, 3)
    apart = (points @ (found.transform - MOVEMENT)[:3, :3].T) + (found.transform - MOVEMENT)[:3, 3]
    assert np.linalg.norm(apart, axis=1).max() < 1e-3  # half a voxel
    assert found.information_after > found.information_before
    assert found == registered(ct, mr)
    accepted = RegistrationAccepted(registration=found.content_hash, person="Dr Li", time="2026-01-01T00:00:00+00:00")
    on_ct = moved(mr, ct, found, accepted)
    inside = np.s_[12:-12, 12:-12, 8:-8]
    expected = np.sqrt(np.abs(1200 - ct.data))
    assert np.mean(np.abs(on_ct.data - expected)[inside]) < 0.25 * np.mean(np.abs(mr.data - expected)[inside])
    with pytest.raises(NotApproved, match="look at its picture and accept it first"):
        moved(mr, ct, found.model_copy(update={"overlap": 0.5}), accepted)
    with pytest.raises(GeometryError, match="not the moving image that was registered"):
        moved(ct, ct, found, accepted)
    with pytest.raises(GeometryError, match="not the fixed image that was registered"):
        moved(mr, mr, found, accepted)
    assert registration_figure(ct, mr, found, tmp_path / "r.png").stat().st_size > 20_000


def test_images_that_lie_apart_are_refused() -> None:
    ct = body()
    affine = np.array(GRID.affine)
    affine[0, 3] += 5.0
    with pytest.raises(GeometryError, match="they must overlap"):
        registered(ct, Field(Grid(GRID.shape, affine, Frame.PATIENT), ct.data, Quantity.HOUNSFIELD))
