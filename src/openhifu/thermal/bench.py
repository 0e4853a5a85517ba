"""Speed of a bioheat step on this machine, beside the memory traffic it cannot do without."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid
from openhifu.base.record import Record
from openhifu.model.catalogue import tissue
from openhifu.model.medium import Medium
from openhifu.thermal.boundary import Boundary
from openhifu.thermal.dose import ThermalDose
from openhifu.thermal.pennes import Pennes


class Measurement(Record):
    """One speed claim, re-run.

    Attributes:
        name: what was timed.
        ours: best of the repetitions.
        other: the same by what it is compared with; None for nothing.
        ratio: other over ours; None for nothing.
        unit: unit of ours, other and floor.
        floor: the time its memory traffic takes at the measured bandwidth.
        load: load average of the machine while it was timed.
    """

    name: str
    ours: float
    other: float | None
    ratio: float | None
    unit: str
    floor: float
    load: float


def bandwidth(size: int = 1 << 24, repetitions: int = 8) -> float:
    """Memory bandwidth [B/s] of a triad a = b + s c in float32, its three arrays counted once each."""
    b, c, out = (np.ones(size, np.float32) for _ in range(3))
    triad = _triad()
    triad(out, b, c, np.float32(2.0))
    best = _best(lambda: triad(out, b, c, np.float32(2.0)), repetitions)
    return 12.0 * size / best


def _triad() -> Callable[[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], np.float32], None]:
    from numba import njit, prange

    @njit(parallel=True)
    def triad(out, b, c, s):  # noqa: ANN001, ANN202
        for n in prange(out.size):
            out[n] = b[n] + s * c[n]

    return triad


def _best(act: Callable[[], object], repetitions: int) -> float:
    """Shortest of several times [s]."""
    times = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        act()
        times.append(time.perf_counter() - begin)
    return min(times)


def bench(count: int = 160, repetitions: int = 30) -> tuple[Measurement, ...]:
    """Time a step of ``count`` cubed voxels of liver: cooling, heating, and heating with dose in every voxel."""
    grid = Grid.box([0.0] * 3, [(count - 1) * 1e-3] * 3, 1e-3)
    warm = np.random.default_rng(0).uniform(44.0, 52.0, grid.shape)
    start = Field(grid, warm, Quantity.TEMPERATURE)
    solver = Pennes(Medium.uniform(tissue("liver"), grid), tissue("blood"), Boundary.HELD_AT_START, start=start)
    heat = Field(grid, np.full(grid.shape, 5e5, np.float32), Quantity.HEAT_RATE)
    dose, dt, speed = ThermalDose(grid), 0.25, bandwidth()
    # Bytes a voxel must move: temperature in and out, heat in, dose in and out; labels by runs count as nothing.
    cases = (
        ("bioheat step, cooling", 8, lambda: solver.advance(dt)),
        ("bioheat step, heating", 12, lambda: solver.advance(dt, heat)),
        ("bioheat step, heating with dose everywhere", 20, lambda: solver.advance(dt, heat, dose=dose)),
    )
    rows = []
    for name, moved, act in cases:
        act()
        ours = _best(act, repetitions) / grid.size * 1e9
        rows.append(
            Measurement(
                name=f"{name}, {count}^3",
                ours=ours,
                other=None,
                ratio=None,
                unit="ns per voxel",
                floor=moved / speed * 1e9,
                load=os.getloadavg()[0],
            )
        )
    return tuple(rows)
