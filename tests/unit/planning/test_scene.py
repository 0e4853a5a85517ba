"""The scene of a target: all of it on the grid of heat, with tissue around it, whatever its size."""

from __future__ import annotations

import numpy as np
import pytest

from openhifu.base.errors import GeometryError
from openhifu.base.field import Field, Quantity
from openhifu.imaging import read_case
from openhifu.imaging.pelvis import Pelvis, new_pelvis
from openhifu.model.case_data import CaseData
from openhifu.model.catalogue import transducer
from openhifu.model.pose import Pose
from openhifu.planning import scene as scenes
from openhifu.planning.anatomy import anatomy
from openhifu.planning.scene import BEHIND_TARGET, COARSE, fineness_of, scene
from openhifu.planning.scene_task import scene_task
from openhifu.planning.shots import Shot
from openhifu.planning.spots import Spot

DEVICE = transducer("jc200-like-185")
POSE = Pose(focus=(0.0, 0.0, 0.0), direction=(0.0, -1.0, 0.0))


@pytest.fixture(scope="module", params=[30e-3, 70e-3], ids=["3 cm", "7 cm"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[float, CaseData]:
    folder = tmp_path_factory.mktemp("pelvis") / "case"
    new_pelvis(folder, Pelvis(diameter=request.param, depth=43e-3), DEVICE.name)
    return request.param, read_case(folder)


def test_the_whole_target_lies_on_the_grid_of_heat(case: tuple[float, CaseData]) -> None:
    diameter, data = case
    here = scene(data, DEVICE, anatomy(data, DEVICE.frequency), POSE, COARSE)
    volume = here.target.sum() * here.grids.heat.voxel_volume
    assert volume == pytest.approx(np.pi / 6 * diameter**3, rel=0.03)
    behind = here.grids.heat.world(np.argwhere(np.ones_like(here.target)))[:, 1].max() - diameter / 2
    assert behind >= BEHIND_TARGET - 4e-3
    assert fineness_of(here.grids.heat) == COARSE


def test_a_target_at_the_edge_of_the_grid_is_refused(
    case: tuple[float, CaseData], monkeypatch: pytest.MonkeyPatch
) -> None:
    diameter, data = case
    monkeypatch.setattr(scenes, "BEHIND_FOCUS", diameter / 2 - 4e-3)
    monkeypatch.setattr(scenes, "BEHIND_TARGET", -6e-3)
    with pytest.raises(GeometryError, match="edge of the grid of heat"):
        scene(data, DEVICE, anatomy(data, DEVICE.frequency), POSE, COARSE)


def test_every_spot_has_a_voxel_on_the_scouts_grid_too(case: tuple[float, CaseData]) -> None:
    _, data = case
    here = scene(data, DEVICE, anatomy(data, DEVICE.frequency), POSE, COARSE)
    rng = np.random.default_rng(1)
    places = 12e-3 * rng.uniform(-1, 1, (40, 3))
    spots = tuple(Spot((x, y, z), (0.0, 0.0, 0.0), 0, 0) for x, y, z in places.tolist())
    heated = tuple(Shot((n, n + 1), s.focus, (), 0, 0) for n, s in enumerate(spots) if n % 2 == 0)
    none = Field(here.grids.heat, np.zeros(here.grids.heat.shape, np.float32), Quantity.HEAT_RATE)
    task = scene_task(here, [none] * len(heated), spots, heated, np.full(len(heated), 50.0))
    assert task.scout is not None
    for each in (task, task.scout):
        assert np.array_equal(np.unique(each.cells), np.arange(len(heated)))
