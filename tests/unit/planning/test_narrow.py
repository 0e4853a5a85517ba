"""A beam marched on its own part of the grid heats as on the whole grid, wherever its focus lies."""

from __future__ import annotations

import numpy as np
import pytest

from openhifu.model.pose import Pose
from openhifu.planning import narrow
from openhifu.planning.aim import Beam, steering_phases
from openhifu.planning.beam import Fineness, grids_from
from openhifu.planning.narrow import solve_beams
from tests.unit.planning.phantom import array, block, case_data

POSE = Pose(focus=(0.0, 0.120, 0.0), direction=(0.0, -1.0, 0.0))
FOCI = ((0.0, 0.110, 0.0), (8e-3, 0.126, -8e-3))


@pytest.mark.parametrize("blocks", [2, 4])
def test_a_narrow_grid_gives_the_heat_of_the_whole_one(monkeypatch: pytest.MonkeyPatch, blocks: int) -> None:
    source, data = array(), case_data(block())
    grids = grids_from(source, POSE, -46e-3, -40e-3, 30e-3, 20e-3, Fineness(0.45e-3, blocks))
    medium = data.medium(grids.field)
    beams = [Beam(POSE.moved_to(f)) for f in FOCI]
    beams.append(Beam(beams[0].pose, (), steering_phases(source, (3e-3, 0.0, 0.0)), 3e-3))
    monkeypatch.setattr(narrow, "_WORTH", 0.0)
    whole = solve_beams(medium, source, beams, grids, with_pressure=0)
    monkeypatch.setattr(narrow, "_WORTH", 1.0)
    monkeypatch.setattr(narrow, "_STEP", 4e-3)
    own = solve_beams(medium, source, beams, grids, with_pressure=0)
    for one, other in zip(whole, own, strict=True):
        assert one.heat_rate is not None and other.heat_rate is not None
        assert other.heat_rate.grid.same_as(grids.heat)
        top = one.heat_rate.data.max()
        assert np.abs(one.heat_rate.data - other.heat_rate.data).max() < 5e-3 * top
        assert other.heat_rate.data.sum() == pytest.approx(one.heat_rate.data.sum(), rel=0.01)
        flat = 1e-4 if one.drive.phases == () else 2e-4  # along the axis a steered focus is flatter
        assert np.allclose(one.focus, other.focus, atol=flat)
    assert own[0].pressure is not None and own[0].pressure.data.size < 0.8 * whole[0].pressure.data.size  # pyright: ignore[reportOptionalMemberAccess]
