"""Accuracy of the heat solvers against closed forms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid
from openhifu.base.validation import ValidationRow
from openhifu.model.catalogue import tissue
from openhifu.model.medium import Medium
from openhifu.model.tissue import Property
from openhifu.model.tissuemap import TissueMap
from openhifu.thermal import exact
from openhifu.thermal.boundary import Boundary, HeldTemperature
from openhifu.thermal.pennes import Pennes
from openhifu.thermal.spectral import Spectral
from openhifu.thermal.super_steps import SuperSteps
from openhifu.thermal.validation_setups import (
    BLOOD,
    LIVER,
    STILL,
    WHY,
    along,
    cube,
    gaussian_heat,
    layers,
    line,
    order_of,
    order_picture,
    pair,
    uniform_of,
)

_RISE = 20.0  # K at the peak


def gaussian_profiles(
    spacing: float, share: float | None = None, width: float = 1.5e-3, on: float = 8.0
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], float]:
    """Rise of a Gaussian source in liver along the axis [K]: places [m], ours, closed form; and the largest error [K].

    Args:
        spacing: m.
        share: step as a share of the stable one; None leaves it to the solver.
        width: sigma of the source [m].
        on: s of heating.
    """
    grid = cube(16e-3, spacing)
    source = exact.GaussianSource(1.0, (width, width, width))
    truth = source.rise(uniform_of(LIVER, BLOOD), grid.points(), on)
    scale = _RISE / truth.max()
    solver = Pennes(Medium.uniform(LIVER, grid), BLOOD, Boundary.HELD_AT_START)
    step = None if share is None else share * solver.stable_step
    solver.advance(on, gaussian_heat(grid, width), scale, step=step)
    found, middle = solver.temperature.data - 37.0, grid.shape[0] // 2
    error = float(np.abs(found - truth * scale).max())
    return grid.affine[2, 3] + grid.axis(2), found[middle, middle], truth[middle, middle] * scale, error


def _gaussian() -> ValidationRow:
    z, found, truth, error = gaussian_profiles(0.5e-3)
    return ValidationRow.of(
        "Gaussian source in perfused liver, 0.5 mm",
        100 * error / _RISE,
        0.3,
        "% of peak rise",
        "closed form, quadrature",
        along("z [mm]", 1e3 * z, found, truth),
    )


def _order() -> ValidationRow:
    sizes = [2e-3, 1e-3, 0.5e-3]
    errors = [gaussian_profiles(h, 1.0)[3] / _RISE for h in sizes]
    order = order_of(sizes[1:], errors[1:])
    return ValidationRow.of(
        "order in space of explicit Pennes, 1 and 0.5 mm",
        abs(order - 2.0),
        0.15,
        "from 2",
        "closed form, step as h squared",
        order_picture([1e3 * h for h in sizes], errors, "voxel [mm]", 2),
    )


def _flash_profiles(spacing: float, boundary: Boundary) -> tuple[NDArray, NDArray, NDArray]:
    """A flash of heat spreading in a box of 30 mm for 200 s: places [m], ours and closed form [K]."""
    length, width, time = 30e-3, 3e-3, 200.0
    grid, x = line(length, spacing)
    numbers = uniform_of(STILL, BLOOD)
    kernel = exact.flash_in_box if boundary is Boundary.INSULATED else exact.flash_in_ring
    at = length / 2 if boundary is Boundary.INSULATED else length / 3
    begin = 37.0 + _RISE * kernel(numbers, width, length, x, 0.0, centre=at)
    start = Field(grid, begin.reshape(grid.shape), Quantity.TEMPERATURE)
    solver = Pennes(Medium.uniform(STILL, grid), BLOOD, boundary, start=start)
    solver.advance(time, step=0.5 * solver.stable_step)  # at h^2 / 6 D the errors of a line cancel
    return x, solver.temperature.data[0, 0] - 37.0, _RISE * kernel(numbers, width, length, x, time, centre=at)


def _flash(boundary: Boundary, words: str) -> ValidationRow:
    x, found, truth = _flash_profiles(0.5e-3, boundary)
    return ValidationRow.of(
        f"heat kernel in {words}, 200 s",
        100 * float(np.abs(found - truth).max()) / _RISE,
        0.1,
        "% of first peak",
        "mirror images" if boundary is Boundary.INSULATED else "periodic images",
        along("x [mm]", 1e3 * x, found, truth),
    )


def _flash_order(boundary: Boundary, words: str) -> ValidationRow:
    sizes = [2e-3, 1e-3, 0.5e-3]
    errors = []
    for h in sizes:
        _, found, truth = _flash_profiles(h, boundary)
        errors.append(float(np.abs(found - truth).max()) / _RISE)
    order = order_of(sizes, errors)
    picture = order_picture([1e3 * h for h in sizes], errors, "voxel [mm]", 2)
    return ValidationRow.of(f"order in space in {words}", abs(order - 2.0), 0.2, "from 2", "images", picture)


def _kept_float32() -> ValidationRow:
    """Heat put into fat, muscle and bone stays there."""
    grid = Grid.box((0, 0, 0), (23e-3, 23e-3, 23e-3), 1e-3)
    none = {Property.PERFUSION: 0.0}
    tissues = tuple(tissue(n).replaced(none, WHY) for n in ("fat", "muscle", "bone_cortical"))
    index = np.digitize(np.arange(24), (8, 13)).astype(np.uint8)
    labels = np.ascontiguousarray(np.broadcast_to(index[:, None, None], grid.shape))
    medium = Medium(TissueMap(grid, labels, tuple(t.name for t in tissues)), tissues)
    start = np.full(grid.shape, 37.0)
    start[7:10, 9:14, 9:14] = 77.0
    solver = Pennes(medium, BLOOD, Boundary.INSULATED, start=Field(grid, start, Quantity.TEMPERATURE))
    capacity = np.array([uniform_of(t, BLOOD).heat_capacity for t in tissues])[labels]
    before, times, kept = float((capacity * (start - 37.0)).sum()), [0.0], [1.0]
    for _ in range(10):
        solver.advance(30.0)
        times.append(solver.time)
        kept.append(float((capacity * (solver.temperature.data.astype(np.float64) - 37.0)).sum()) / before)
    return ValidationRow.of(
        "heat kept across fat, muscle and bone, 300 s, float32",
        float(np.abs(np.array(kept) - 1.0).max()),
        1e-4,
        "relative",
        "no loss",
        along("time [s]", times, kept, np.ones(len(times)), "heat over heat put in"),
    )


def _kept_float64() -> ValidationRow:
    grid = cube(10e-3, 1e-3)
    solver = Spectral(Medium.uniform(STILL, grid), BLOOD)
    heat = gaussian_heat(grid, 2e-3, 3e6)
    solver.advance(10.0, heat)
    put_in, times, kept = 10.0 * float(heat.data.astype(np.float64).sum()), [0.0], [1.0]
    capacity = uniform_of(STILL, BLOOD).heat_capacity
    for _ in range(10):
        solver.advance(30.0)
        times.append(solver.time - 10.0)
        kept.append(capacity * float((solver.temperature.data - 37.0).sum()) / put_in)
    return ValidationRow.of(
        "heat kept in an insulated box, 300 s, float64",
        float(np.abs(np.array(kept) - 1.0).max()),
        1e-6,
        "relative",
        "no loss",
        along("time [s]", times, kept, np.ones(len(times)), "heat over heat put in"),
    )


def _slab_steady() -> ValidationRow:
    spacing, count = 1e-3, 20
    grid, x = line((count + 2) * spacing, spacing)
    first, second = pair()
    medium = layers(("warm", "a", "b", "cold"), (first, first, second, first), grid, (1, 9, count + 1))
    held = (HeldTemperature("warm", 45.0), HeldTemperature("cold", 35.0))
    solver = Pennes(medium, BLOOD, Boundary.INSULATED, held=held)
    solver.advance(8000.0)
    inside = x[1:-1] - spacing
    truth = exact.two_layer_steady((0.2, 0.6), (8 * spacing, 12 * spacing), (45.0, 35.0), inside)
    found = solver.temperature.data[0, 0, 1:-1]
    return ValidationRow.of(
        "two layers, conductivity 1 to 3, steady",
        100 * float(np.abs(found - truth).max()) / 10.0,
        0.5,
        "% of difference",
        "closed form",
        along("x [mm]", 1e3 * inside, found, truth, "temperature [degC]"),
    )


def _slab_transient() -> ValidationRow:
    grid, x = line(40e-3, 0.25e-3)
    first, second = pair()
    middle = grid.shape[2] // 2
    medium = layers(("a", "b"), (first, second), grid, (middle,))
    start = np.where(np.arange(grid.shape[2]) < middle, 57.0, 37.0).reshape(grid.shape)
    solver = Pennes(medium, BLOOD, Boundary.INSULATED, start=Field(grid, start, Quantity.TEMPERATURE))
    solver.advance(60.0)
    at = x - x[middle] + 0.125e-3
    truth = exact.two_halves(uniform_of(first, BLOOD), uniform_of(second, BLOOD), _RISE, at, 60.0)
    found = solver.temperature.data[0, 0] - 37.0
    return ValidationRow.of(
        "two layers, conductivity 1 to 3, transient",
        100 * float(np.abs(found - truth).max()) / _RISE,
        0.5,
        "% of difference",
        "error functions",
        along("x [mm]", 1e3 * at, found, truth),
    )


def _uniform() -> ValidationRow:
    grid = cube(2e-3, 1e-3)
    solver = Pennes(Medium.uniform(LIVER, grid), BLOOD, Boundary.INSULATED)
    heat = Field(grid, np.full(grid.shape, 1e6), Quantity.HEAT_RATE)
    times, found, truth = [0.0], [0.0], [0.0]
    for _ in range(12):
        solver.advance(5.0, heat)
        times.append(solver.time)
        found.append(solver.highest_now - 37.0)
        truth.append(exact.uniform_heating(uniform_of(LIVER, BLOOD), 1e6, solver.time))
    error = float(np.abs(np.array(found) - truth).max()) / truth[-1]
    picture = along("time [s]", times, found, truth)
    return ValidationRow.of(
        "heating everywhere against perfusion, 60 s", 100 * error, 0.5, "% of rise", "closed form", picture
    )


def _spectral() -> ValidationRow:
    grid = cube(20e-3, 1e-3)
    source = exact.GaussianSource(1.0, (2e-3, 2e-3, 3e-3))
    points = grid.points()
    truth = source.rise(uniform_of(LIVER, BLOOD), points, 8.0, after=5.0)
    scale = _RISE / truth.max()
    solver = Spectral(Medium.uniform(LIVER, grid), BLOOD)
    solver.advance(8.0, Field(grid, source.rate(points), Quantity.HEAT_RATE), scale)
    solver.advance(5.0)
    found, n = solver.temperature.data - 37.0, grid.shape[0] // 2
    return ValidationRow.of(
        "Gaussian source by cosine modes, 1 mm",
        float(np.abs(found - truth * scale).max() / _RISE),
        1e-6,
        "of peak rise",
        "closed form, quadrature",
        along("z [mm]", 1e3 * (grid.affine[2, 3] + grid.axis(2)), found[n, n], truth[n, n] * scale),
    )


def _super_steps() -> ValidationRow:
    """Cooling after a short exposure in steps of 8 stable ones, against the exact modes on the same voxels."""
    grid = cube(12e-3, 0.5e-3)
    medium, heat = Medium.uniform(LIVER, grid), gaussian_heat(grid, 1.5e-3, 1e7)
    truth, ours = Spectral(medium, BLOOD), SuperSteps(medium, BLOOD, Boundary.INSULATED)
    for solver in (truth, ours):
        solver.advance(4.0, heat)
    for solver in (truth, ours):
        solver.advance(60.0, step=2.5 if solver is ours else None)
    a, b = (s.temperature.data.astype(float) - 37.0 for s in (ours, truth))
    n = grid.shape[0] // 2
    top = truth.highest - 37.0
    z = 1e3 * (grid.affine[2, 3] + grid.axis(2))
    picture = along("z [mm]", z, a[n, n], b[n, n])
    figure = 100 * float(np.abs(a - b).max() / top)
    return ValidationRow.of("super-time-steps, cooling 60 s", figure, 0.3, "% of peak rise", "cosine modes", picture)


def _super_order() -> ValidationRow:
    """Against the exponential of the same finite volumes: what is left is the error of time alone."""
    from scipy.linalg import expm

    grid, x = line(30e-3, 0.5e-3)
    numbers, count, lasts = uniform_of(STILL, BLOOD), grid.shape[2], 48.0
    begin = exact.flash_in_box(numbers, 3e-3, 30e-3, x, 0.0)
    start = Field(grid, (37.0 + _RISE * begin).reshape(grid.shape), Quantity.TEMPERATURE)
    exchange = np.eye(count, k=1) + np.eye(count, k=-1)
    exchange -= np.diag(exchange.sum(axis=1))
    truth = _RISE * expm(lasts * numbers.diffusivity / 0.5e-3**2 * exchange) @ begin
    sizes, errors = [12.0, 8.0, 6.0], []
    for dt in sizes:
        solver = SuperSteps(Medium.uniform(STILL, grid), BLOOD, Boundary.INSULATED, start=start)
        solver.advance(lasts, step=dt)
        errors.append(float(np.abs(solver.temperature.data[0, 0] - 37.0 - truth).max()) / _RISE)
    order = order_of(sizes, errors)
    picture = order_picture(sizes, errors, "step [s]", 2)
    words = "exponential of the same finite volumes"
    return ValidationRow.of("order in time of super-time-steps", abs(order - 2.0), 0.3, "from 2", words, picture)


CASES: dict[str, Callable[[], ValidationRow]] = {
    "gaussian": _gaussian,
    "order": _order,
    "flash": lambda: _flash(Boundary.INSULATED, "an insulated box"),
    "flash-order": lambda: _flash_order(Boundary.INSULATED, "an insulated box"),
    "flash-periodic": lambda: _flash(Boundary.PERIODIC, "a periodic box"),
    "flash-periodic-order": lambda: _flash_order(Boundary.PERIODIC, "a periodic box"),
    "conservation": _kept_float32,
    "conservation-float64": _kept_float64,
    "slab-steady": _slab_steady,
    "slab-transient": _slab_transient,
    "uniform": _uniform,
    "spectral": _spectral,
    "super-steps": _super_steps,
    "super-steps-order": _super_order,
}
"""Every case by its name."""
