"""Contests of the bioheat step with peers: the same cube, source, dose and number of steps."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid
from openhifu.base.measurement import Contest
from openhifu.model.catalogue import tissue
from openhifu.model.medium import Medium
from openhifu.thermal.boundary import Boundary
from openhifu.thermal.dose import ThermalDose
from openhifu.thermal.pennes import Pennes

_COUNT, _SPACING, _STEP = 128, 1e-3, 0.1


def _steps(steps: int) -> Callable[[], object]:
    """Steps with heat, dose and peak of every voxel, as the peers keep them."""
    grid = Grid.box([0.0] * 3, [(_COUNT - 1) * _SPACING] * 3, _SPACING)
    solver = Pennes(Medium.uniform(tissue("liver"), grid), tissue("blood"), Boundary.HELD_AT_START, track_peak=True)
    heat, dose = Field(grid, np.full(grid.shape, 5e5, np.float32), Quantity.HEAT_RATE), ThermalDose(grid)
    return lambda: solver.advance(steps * _STEP, heat, dose=dose, step=_STEP)


def _contest(peer: str, steps: int, ours: int = 200) -> Contest:
    return Contest(
        name=f"bioheat step with dose and peak, {_COUNT}^3",
        peer=f"{peer}_bioheat",
        work={"count": _COUNT, "spacing": _SPACING, "steps": steps, "step": _STEP},
        prepare=partial(_steps, ours),
        scale=1e9 / (_COUNT**3 * ours),
        peer_scale=1e9 / (_COUNT**3 * steps),
        unit="ns per voxel and step",
        repetitions=5,
    )


CONTESTS: dict[str, Contest] = {
    f"bioheat-{peer}": _contest(peer, steps) for peer, steps in (("sonosk", 5), ("kwavers", 2))
}
"""Every contest by its name."""
