"""Speed of a bioheat step on this machine, beside the memory traffic it cannot do without."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid
from openhifu.base.measurement import Measurement, memory_bandwidth, shortest
from openhifu.model.catalogue import tissue
from openhifu.model.medium import Medium
from openhifu.thermal.boundary import Boundary
from openhifu.thermal.dose import ThermalDose
from openhifu.thermal.pennes import Pennes


def bench(count: int = 160, repetitions: int = 30) -> tuple[Measurement, ...]:
    """Time a step of ``count`` cubed voxels of liver: cooling, heating, and heating with dose in every voxel."""
    grid = Grid.box([0.0] * 3, [(count - 1) * 1e-3] * 3, 1e-3)
    warm = np.random.default_rng(0).uniform(44.0, 52.0, grid.shape)
    start = Field(grid, warm, Quantity.TEMPERATURE)
    solver = Pennes(Medium.uniform(tissue("liver"), grid), tissue("blood"), Boundary.HELD_AT_START, start=start)
    heat = Field(grid, np.full(grid.shape, 5e5, np.float32), Quantity.HEAT_RATE)
    dose, dt, speed = ThermalDose(grid), 0.25, memory_bandwidth()
    # Bytes a voxel must move: temperature in and out, heat in, dose in and out; labels by runs count as nothing.
    cases = (
        ("bioheat step, cooling", 8, lambda: solver.advance(dt)),
        ("bioheat step, heating", 12, lambda: solver.advance(dt, heat)),
        ("bioheat step, heating with dose everywhere", 20, lambda: solver.advance(dt, heat, dose=dose)),
    )
    rows = []
    for name, moved, act in cases:
        act()
        ours = shortest(act, repetitions) / grid.size * 1e9
        rows.append(Measurement.of(f"{name}, {count}^3", ours, "ns per voxel", floor=moved / speed * 1e9))
    return tuple(rows)


BENCHES: dict[str, Callable[[], tuple[Measurement, ...]]] = {"bioheat-step": bench}
"""Every speed claim by its name."""
