"""Accuracy of whole treatments and of tissue that changes: superposition, adjoint, stopped perfusion, laws, boiling."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid
from openhifu.base.picture import Curve, Panel, Picture
from openhifu.base.validation import ValidationRow
from openhifu.model.medium import Medium
from openhifu.model.tissue import Property
from openhifu.thermal.adjoint import LinearTreatment, Stretch
from openhifu.thermal.boundary import Boundary
from openhifu.thermal.dose import ThermalDose
from openhifu.thermal.laws import LATENT_HEAT, Boiling, Follows, TemperatureLaw
from openhifu.thermal.pennes import Pennes
from openhifu.thermal.shutdown import PerfusionShutdown
from openhifu.thermal.superposition import Shot, SpotResponse
from openhifu.thermal.validation_setups import BLOOD, LIVER, STILL, WHY, along, cube, gaussian_heat, uniform_of
from openhifu.thermal.varying import VaryingPennes
from openhifu.thermal.window import bracket

_SPOT = (1.5e-3, 1.5e-3, 5e-3)  # m, sigma of a spot's heat
_ON, _OFF = 8.0, 12.0  # s


def lattice_of_spots(count: int, grid: Grid, pitch: tuple[int, int, int] = (6, 6, 8)) -> list[tuple[int, int, int]]:
    """Voxels of spots on a lattice about the middle of a grid, the middle first, then outwards."""
    reach = range(-5, 6)
    places = [(a * pitch[0], b * pitch[1], c * pitch[2]) for c in reach for b in reach for a in reach]
    places.sort(key=lambda p: (p[0] ** 2 + p[1] ** 2 + p[2] ** 2, p))
    middle = tuple(n // 2 for n in grid.shape)
    return [(middle[0] + a, middle[1] + b, middle[2] + c) for a, b, c in places[:count]]


def moved_heat(grid: Grid, voxel: tuple[int, int, int]) -> Field:
    """Heat of a spot at a voxel [W/m3 per W], with 1 W absorbed."""
    total = (2 * math.pi) ** 1.5 * math.prod(_SPOT)
    local = grid.points() - grid.world(np.array(voxel, float))
    inside = np.exp(-0.5 * np.sum((local / np.array(_SPOT)) ** 2, axis=-1)) / total
    return Field(grid, inside.astype(np.float32), Quantity.HEAT_RATE)


@cache
def _three_hundred() -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """300 spots stepped and superposed: rises along x at the end, and the largest difference of five times."""
    grid = cube(50e-3, 1e-3)
    medium = Medium.uniform(LIVER, grid)
    spots, power = lattice_of_spots(300, grid), 5.0
    own = cube(30e-3, 1e-3)
    alone = Pennes(Medium.uniform(LIVER, own), BLOOD, Boundary.INSULATED)
    n = own.shape[0] // 2
    response = SpotResponse.of(alone, Medium.uniform(LIVER, own), moved_heat(own, (n, n, n)), _ON, 4.0, step=1.0)
    shots = [Shot(v, n * (_ON + _OFF), power) for n, v in enumerate(spots)]
    direct, worst, top = Pennes(medium, BLOOD, Boundary.INSULATED), 0.0, 0.0
    found = truth = np.zeros(1)
    for n, voxel in enumerate(spots):
        heat = moved_heat(grid, voxel)
        direct.advance(_ON, heat, power, step=1.0)
        if n % 60 == 59:
            summed = response.temperature(grid, shots[: n + 1], direct.time).data.astype(float) - 37.0
            stepped = direct.temperature.data.astype(float) - 37.0
            worst, top = max(worst, float(np.abs(summed - stepped).max())), max(top, float(stepped.max()))
            at = tuple(voxel)
            found, truth = summed[:, at[1], at[2]], stepped[:, at[1], at[2]]
        direct.advance(_OFF, step=1.0)
    return found, truth, worst / top


def _superposition() -> ValidationRow:
    found, truth, error = _three_hundred()
    x = np.arange(found.size) - found.size // 2
    return ValidationRow.of(
        "300 spots superposed against stepped, 100 min",
        100 * error,
        0.1,
        "% of peak rise",
        "explicit steps of the whole treatment",
        along("x [mm]", x, found, truth),
    )


@cache
def _two_spacings() -> tuple[list[float], list[float], list[NDArray[np.float64]]]:
    """24 spots, 18 s on and 18 s off, at 1 and 0.5 mm: peak temperature, volume over 240 CEM43, and the dose's line."""
    peaks, volumes, lines = [], [], []
    for times in (1, 2):
        grid = cube(28e-3, 1e-3 / times)
        solver = Pennes(Medium.uniform(LIVER, grid), BLOOD, Boundary.HELD_AT_START)
        dose = ThermalDose(grid)
        for voxel in lattice_of_spots(24, grid, (6 * times, 6 * times, 8 * times)):
            solver.advance(18.0, moved_heat(grid, voxel), 5.0, dose=dose)
            solver.advance(18.0, dose=dose)
        peaks.append(solver.highest)
        volumes.append(1e6 * dose.volume())
        n = grid.shape[0] // 2
        lines.append(dose.field.data[::times, n, n].astype(float))
    return peaks, volumes, lines


def _spacing(what: int) -> ValidationRow:
    peaks, volumes, lines = _two_spacings()
    rise = [p - 37.0 for p in peaks]
    figures = (100 * abs(rise[0] / rise[1] - 1), 100 * abs(volumes[0] / volumes[1] - 1))
    x = np.arange(lines[0].size) - lines[0].size // 2
    curves = (Curve.of("1 mm", x, lines[0]), Curve.of("0.5 mm", x, lines[1], reference=True))
    return ValidationRow.of(
        ("highest temperature of 24 spots at 1 mm", "volume over 240 min of 24 spots at 1 mm")[what],
        figures[what],
        3.0,
        ("% of rise", "% of volume")[what],
        "the same at 0.5 mm",
        Picture("x [mm]", "CEM43 [min]", curves, log_y=True),
    )


def _adjoint() -> ValidationRow:
    """Derivative of a sum of squared rises with respect to the powers of four stretches."""
    grid = cube(9e-3, 1e-3)
    run = LinearTreatment(Medium.uniform(LIVER, grid), BLOOD, Boundary.HELD_AT_START, 0.4)
    places = ((9, 9, 9), (13, 9, 9), (9, 12, 6))
    powers = np.array([3.0, 5.0, 4.0])

    def stretches(p: NDArray[np.float64]) -> list[Stretch]:
        parts = []
        for place, watts in zip(places, p, strict=True):
            parts += [Stretch(4.0, moved_heat(grid, place), float(watts)), Stretch(6.0)]
        return parts

    kept: dict[int, NDArray[np.float32]] = {}

    def objective(p: NDArray[np.float64]) -> float:
        total = [0.0]

        def observe(number: int, rise: NDArray[np.float32]) -> None:
            kept[number] = rise.copy()
            total[0] += 0.5 * float((rise.astype(float) ** 2).sum())

        run.forward(stretches(p), observe)
        return total[0]

    objective(powers)
    adjoint = run.gradient(stretches(powers), dict(kept).get)[::2]
    differences = []
    for n in range(3):
        step = np.zeros(3)
        step[n] = 1.0  # the objective is quadratic: central differences are exact
        differences.append((objective(powers + step) - objective(powers - step)) / 2)
    error = float(np.abs(adjoint / np.array(differences) - 1).max())
    curves = (Curve.of("adjoint", [1, 2, 3], adjoint, points=True), Curve.of("differences", [1, 2, 3], differences))
    return ValidationRow.of(
        "gradient of a treatment with respect to powers",
        error,
        1e-3,
        "relative",
        "central differences, exact here",
        Picture("exposure", "derivative [K2/W]", curves),
    )


def _shutdown() -> ValidationRow:
    """Perfusion that stops by dose, and that does not: the solver's own steps against ten times finer ones."""
    grid, middle, half = cube(9e-3, 1e-3), (9, 9, 9), 0.5
    heat, medium = gaussian_heat(grid, 2e-3), Medium.uniform(LIVER, grid)
    worst, curves, times = 0.0, [], half * np.arange(33)
    for name, rule in (("stopped", PerfusionShutdown(240.0, WHY)), ("kept", None)):
        courses = []
        for step in (None if rule else 0.05, 0.005):
            solver = Pennes(medium, BLOOD, Boundary.HELD_AT_START, shutdown=rule)
            dose, course = ThermalDose(grid), [np.zeros(grid.shape)]
            for n in range(32):
                solver.advance(half, heat if n < 16 else None, 1.5e7, dose=dose, step=step)
                course.append(solver.temperature.data.astype(np.float64) - 37.0)
            courses.append(np.stack(course))
        worst = max(worst, float(np.abs(courses[0] - courses[1]).max() / courses[1].max()))
        curves.append(Curve.of(f"perfusion {name}", times, courses[0][(slice(None), *middle)]))
        curves.append(Curve.of("steps of 0.005 s", times, courses[1][(slice(None), *middle)], reference=True))
    picture = Picture("time [s]", "rise [K]", tuple(curves))
    return ValidationRow.of(
        "perfusion stopped by dose, and kept", 100 * worst, 0.5, "% of peak rise", "steps of 0.005 s", picture
    )


def _laws_off() -> ValidationRow:
    grid = cube(9e-3, 1e-3)
    plain, varying = (kind(Medium.uniform(LIVER, grid), BLOOD, Boundary.INSULATED) for kind in (Pennes, VaryingPennes))
    heat = gaussian_heat(grid, 2e-3, 8e6)
    for solver in (plain, varying):
        solver.advance(8.0, heat, step=0.5)
    a, b = (s.temperature.data.astype(float) - 37.0 for s in (varying, plain))
    figure = float(np.abs(a - b).max() / b.max())
    picture = along("x [mm]", np.arange(19) - 9, a[:, 9, 9], b[:, 9, 9])
    return ValidationRow.of("varying properties without laws", figure, 1e-5, "of peak rise", "explicit Pennes", picture)


def _perfusion_law() -> ValidationRow:
    """Perfusion that grows with temperature, everywhere alike: logistic growth towards a steady rise."""
    grid, per_kelvin, rate = cube(1e-3, 1e-3), 0.08, 4e5
    law = TemperatureLaw("liver", Follows.PERFUSION, ((37.0, 1.0), (100.0, 1.0 + 63.0 * per_kelvin)), WHY)
    solver = VaryingPennes(Medium.uniform(LIVER, grid), BLOOD, Boundary.INSULATED, (law,))
    numbers = uniform_of(LIVER, BLOOD)
    a, b, c = rate / numbers.heat_capacity, numbers.loss, numbers.loss * per_kelvin  # u' = a - b u - c u^2
    root = math.sqrt(b * b + 4 * a * c)
    times, found = [0.0], [0.0]
    heat = Field(grid, np.full(grid.shape, rate), Quantity.HEAT_RATE)
    for _ in range(30):
        solver.advance(4.0, heat, step=0.1)
        times.append(solver.time)
        found.append(solver.highest_now - 37.0)
    t = np.array(times)
    low, high = (-b - root) / (2 * c), (-b + root) / (2 * c)
    decay = np.exp(-root * t)
    truth = high * low * (decay - 1) / (high * decay - low)
    error = float(np.abs(np.array(found) - truth).max() / truth.max())
    picture = along("time [s]", t, found, truth)
    return ValidationRow.of(
        "perfusion that follows temperature", 100 * error, 0.5, "% of rise", "Riccati equation", picture
    )


def _boiling() -> ValidationRow:
    """Even heating through 100 degC: the time at which half of the water is steam."""
    grid, share, rate = cube(1e-3, 1e-3), 0.7, 5e7
    solver = VaryingPennes(Medium.uniform(STILL, grid), BLOOD, Boundary.INSULATED, boiling=Boiling(share, WHY))
    capacity, heat = uniform_of(STILL, BLOOD).heat_capacity, Field(grid, np.full(grid.shape, rate), Quantity.HEAT_RATE)
    full = share * STILL.value(Property.DENSITY) * LATENT_HEAT
    times, found, truth, steam = [0.0], [37.0], [37.0], 0.0
    for _ in range(90):
        solver.advance(0.5, heat, step=0.05)
        put_in = rate * solver.time
        warm = min(37.0 + put_in / capacity, 100.0)
        evaporated = min(max(put_in - 63.0 * capacity, 0.0), full)
        over = max(put_in - 63.0 * capacity - full, 0.0) / capacity
        times.append(solver.time)
        found.append(solver.highest_now)
        truth.append(warm + over)
        steam = max(steam, abs(float(solver.dried.data.max()) - evaporated / full))
    error = float(np.abs(np.array(found) - np.array(truth)).max()) / 63.0
    picture = along("time [s]", times, found, truth, "temperature [degC]")
    return ValidationRow.of(
        "boiling, temperature and steam", max(error, steam), 1e-3, "relative", "heat put in", picture
    )


def _window() -> ValidationRow:
    """A window of 25 mm around six spots: the peak in a box of twice the width lies between the two bounds."""

    def peak(boundary: Boundary, half: float) -> float:
        grid = cube(half, 1e-3)
        solver = Pennes(Medium.uniform(LIVER, grid), BLOOD, boundary)
        for voxel in lattice_of_spots(6, grid, (3, 3, 4)):
            solver.advance(_ON, moved_heat(grid, voxel), 3.0)
            solver.advance(_OFF)
        solver.advance(_ON, moved_heat(grid, lattice_of_spots(1, grid)[0]), 3.0)
        return solver.highest_now

    found = bracket(lambda boundary: peak(boundary, 12e-3))
    truth = peak(Boundary.INSULATED, 30e-3)
    outside = max(found.low - truth, truth - found.high, 0.0)
    curves = (
        Curve.of("bounds of the window", [0.0, 1.0], [found.low, found.high], points=True),
        Curve.of("box of 60 mm", [0.0, 1.0], [truth, truth], reference=True),
    )
    return ValidationRow.of(
        "a cropped grid brackets the truth",
        outside / (truth - 37.0),
        1e-4,
        "of rise outside the bounds",
        "the same spots in a box of 60 mm",
        Picture("faces held (0) or insulated (1)", "peak temperature [degC]", curves),
    )


def _memory() -> ValidationRow:
    """Arrays of the grid, in float32, that a solver with peak, dose and heat holds at most while it steps."""
    grid = cube(40e-3, 1e-3)
    medium = Medium.uniform(LIVER, grid)
    heat = gaussian_heat(grid, 3e-3, 1e7)
    Pennes(Medium.uniform(LIVER, cube(2e-3, 1e-3)), BLOOD, Boundary.INSULATED).advance(1.0)
    tracemalloc.start()
    solver, dose = Pennes(medium, BLOOD, Boundary.HELD_AT_START, track_peak=True), ThermalDose(grid)
    tracemalloc.reset_peak()
    solver.advance(5.0, heat, dose=dose)
    held = (tracemalloc.get_traced_memory()[1] + heat.data.nbytes) / (4 * grid.size)
    tracemalloc.stop()
    panel = Panel("temperature", solver.temperature.data[40].astype(float), (-40, 40, -40, 40), "degC")
    picture = Picture("z [mm]", "y [mm]", panels=(panel,))
    return ValidationRow.of(
        "memory of a step with dose and peak", held, 8.0, "arrays of the grid", "memory traced", picture
    )


CASES: dict[str, Callable[[], ValidationRow]] = {
    "superposition": _superposition,
    "spacing-peak": lambda: _spacing(0),
    "spacing-volume": lambda: _spacing(1),
    "adjoint": _adjoint,
    "shutdown": _shutdown,
    "laws-off": _laws_off,
    "perfusion-law": _perfusion_law,
    "boiling": _boiling,
    "window": _window,
    "heat-memory": _memory,
}
"""Every case by its name."""
