"""Speed of heat and dose on this machine, beside the memory traffic it cannot do without, and beside real time."""

from __future__ import annotations

import time
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
from openhifu.thermal.super_steps import SuperSteps
from openhifu.thermal.validation_setups import cube, gaussian_heat
from openhifu.thermal.validation_treatment import lattice_of_spots, moved_heat

_ON, _OFF, _POWER = 18.0, 18.0, 5.0  # s, s, W: 300 spots in three hours


def step(count: int = 160, repetitions: int = 30) -> tuple[Measurement, ...]:
    """Time a step of ``count`` cubed voxels of liver: cooling, heating, and heating with dose in every voxel."""
    grid = Grid.box([0.0] * 3, [(count - 1) * 1e-3] * 3, 1e-3)
    warm = np.random.default_rng(0).uniform(44.0, 52.0, grid.shape)
    start = Field(grid, warm, Quantity.TEMPERATURE)
    solver = Pennes(Medium.uniform(tissue("liver"), grid), tissue("blood"), Boundary.HELD_AT_START, start=start)
    heat = Field(grid, np.full(grid.shape, 5e5, np.float32), Quantity.HEAT_RATE)
    dose, dt = ThermalDose(grid), 0.25
    # Bytes a voxel must move: temperature in and out, heat in, dose in and out; labels by runs count as nothing.
    cases: tuple[tuple[str, int, float | None, Callable[[], None]], ...] = (
        ("bioheat step, cooling", 8, None, lambda: solver.advance(dt)),
        ("bioheat step, heating", 12, None, lambda: solver.advance(dt, heat)),
        ("bioheat step, heating with dose everywhere", 20, 4.0, lambda: solver.advance(dt, heat, dose=dose)),
    )
    rows = []
    for name, moved, goal, act in cases:
        act()
        ours, floor = (1e9 * s for s in (shortest(act, repetitions) / grid.size, moved / memory_bandwidth()))
        rows.append(Measurement.of(f"{name}, {count}^3", ours, "ns per voxel", floor=floor, goal=goal))
        share = 100 * floor / ours
        rows.append(Measurement.of(f"{name}: memory bandwidth reached", share, "%", floor=100.0, more_is_better=True))
    return tuple(rows)


def three_hours(spots: int = 300) -> tuple[Measurement, ...]:
    """A treatment of 300 spots, 18 s on and 18 s off, over 100^3 voxels of 1 mm, with dose and peak of every voxel."""
    grid = cube(50e-3, 1e-3).crop((0, 0, 0), (100, 100, 100))
    medium = Medium.uniform(tissue("liver"), grid)
    solver, dose = Pennes(medium, tissue("blood"), Boundary.HELD_AT_START, track_peak=True), ThermalDose(grid)
    heats = [moved_heat(grid, voxel) for voxel in lattice_of_spots(spots, grid)]
    solver.advance(0.5, heats[0], dose=dose)
    solver.restart()
    begin = time.perf_counter()
    for heat in heats:
        solver.advance(_ON, heat, _POWER, dose=dose)
        solver.advance(_OFF, dose=dose)
    spent = time.perf_counter() - begin
    name = f"{spots} spots in {solver.time / 3600:.1f} h on 100^3 of 1 mm"
    return (
        Measurement.of(name, spent, "s", goal=60.0),
        Measurement.of(f"{name}: times faster than real time", solver.time / spent, "", goal=5.0, more_is_better=True),
    )


def beside_a_treatment() -> tuple[Measurement, ...]:
    """A million voxels under one beam, looked at every quarter of a second, as beside a treatment."""
    grid = cube(50e-3, 1e-3).crop((0, 0, 0), (100, 100, 100))
    medium = Medium.uniform(tissue("liver"), grid)
    solver, dose = Pennes(medium, tissue("blood"), Boundary.HELD_AT_START, track_peak=True), ThermalDose(grid)
    heat = gaussian_heat(grid, 2e-3, 5e6)

    def second() -> None:
        for _ in range(4):
            solver.advance(0.25, heat, dose=dose)
            _ = solver.highest_now

    second()
    ratio = 1.0 / shortest(second, 8)
    return (Measurement.of("beside a treatment, 10^6 voxels at 4 Hz", ratio, "x", goal=5.0, more_is_better=True),)


def cooling() -> tuple[Measurement, ...]:
    """Five minutes of cooling at 0.5 mm: explicit steps against super-time-steps of 4 s."""
    grid = cube(25e-3, 0.5e-3)
    medium, heat = Medium.uniform(tissue("liver"), grid), gaussian_heat(grid, 2e-3, 5e6)
    solvers = [kind(medium, tissue("blood"), Boundary.HELD_AT_START) for kind in (Pennes, SuperSteps)]
    for solver in solvers:
        solver.advance(2.0, heat)
    plain = shortest(lambda: solvers[0].advance(300.0), 1)
    ours = shortest(lambda: solvers[1].advance(300.0, step=4.0), 1)
    return (Measurement.of("cooling for 300 s, 101^3 of 0.5 mm", ours, "s", plain, "explicit steps"),)


BENCHES: dict[str, Callable[[], tuple[Measurement, ...]]] = {
    "bioheat-step": step,
    "three-hours": three_hours,
    "beside-a-treatment": beside_a_treatment,
    "cooling": cooling,
}
"""Every speed claim by its name."""
