"""Accuracy of heat and dose against closed forms, as rows of data that can be re-run at any time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import UnknownName
from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid
from openhifu.base.validation import ValidationRow
from openhifu.model.catalogue import tissue
from openhifu.model.medium import Medium
from openhifu.model.tissue import Property, Tissue
from openhifu.model.tissuemap import TissueMap
from openhifu.thermal import exact
from openhifu.thermal.boundary import Boundary, HeldTemperature
from openhifu.thermal.dose import DoseForm, IsoThermalDose, ThermalDose, cem43_of_history
from openhifu.thermal.pennes import Pennes
from openhifu.thermal.shutdown import PerfusionShutdown
from openhifu.thermal.spectral import Spectral

_WHY = "a value chosen for validation"


def uniform_of(substance: Tissue, blood: Tissue) -> exact.Uniform:
    """The numbers the closed forms need, of one tissue."""
    specific = substance.value(Property.HEAT_CAPACITY)
    capacity = substance.value(Property.DENSITY) * specific
    carried = blood.value(Property.DENSITY) * blood.value(Property.HEAT_CAPACITY)
    return exact.Uniform(
        substance.value(Property.CONDUCTIVITY) / capacity,
        capacity,
        substance.value(Property.PERFUSION) * carried / specific,
    )


def gaussian_error(spacing: float, share: float | None = None, width: float = 1.5e-3, on: float = 8.0) -> float:
    """Largest error of a Gaussian source in liver, as a share of the peak rise (20 K).

    Args:
        spacing: m.
        share: step as a share of the stable one; None leaves it to the solver.
        width: sigma of the source [m].
        on: s of heating.
    """
    liver, blood = tissue("liver"), tissue("blood")
    half = round(16e-3 / spacing) * spacing
    grid = Grid.box([-half] * 3, [half] * 3, spacing)
    source = exact.GaussianSource(1.0, (width, width, width))
    points = grid.points()
    truth = source.rise(uniform_of(liver, blood), points, on)
    scale = 20.0 / truth.max()
    solver = Pennes(Medium.uniform(liver, grid), blood, Boundary.HELD_AT_START)
    rate = Field(grid, source.mean_rate(points, spacing), Quantity.HEAT_RATE)
    solver.advance(on, rate, scale, step=None if share is None else share * solver.stable_step)
    return float(np.abs(solver.temperature.data - 37.0 - truth * scale).max() / 20.0)


def _gaussian() -> ValidationRow:
    figure = 100 * gaussian_error(0.5e-3)
    return ValidationRow.of(
        "Gaussian source in perfused liver, 0.5 mm", figure, 0.3, "% of peak rise", "closed form, quadrature"
    )


def _order() -> ValidationRow:
    order = math.log2(gaussian_error(1e-3, 1.0) / gaussian_error(0.5e-3, 1.0))
    return ValidationRow.of(
        "order of convergence, 1 and 0.5 mm", abs(order - 2.0), 0.15, "from 2", "closed form, step as h squared"
    )


def _vectors() -> ValidationRow:
    worst = 0.0
    for degrees in (43, 45, 47, 50, 52, 54, 56, 57, 60):
        for dose in (240.0, 40.0, 21.0, 16.0, 2.0):
            seconds = dose * 60.0 / 2 ** (degrees - 43)
            worst = max(worst, abs(cem43_of_history([0.0, seconds], [degrees, degrees]) / dose - 1.0))
    return ValidationRow.of(
        "CEM43 at constant temperature", worst, 1e-6, "relative", "minutes times a whole power of two"
    )


def ramp_truth(low: float, high: float, seconds: float, form: DoseForm) -> float:
    """CEM43 [min] of a ramp between two temperatures on either side of 43 C (below 57 C), by the antiderivative."""
    ln2, slope = math.log(2.0), (high - low) / (seconds / 60.0)
    if form is DoseForm.ISO:
        return (2 ** (high - 43) - 2 ** (max(low, 39.0) - 43)) / (ln2 * slope)
    return ((1 - 4 ** (low - 43)) / (2 * ln2) + (2 ** (high - 43) - 1) / ln2) / slope


def _ramps() -> ValidationRow:
    worst = 0.0
    for form in DoseForm:
        for low, high, seconds in ((37.0, 55.0, 8.0), (40.0, 44.0, 600.0), (42.999, 56.9, 0.1)):
            truth = ramp_truth(low, high, seconds, form)
            for ends in ((low, high), (high, low)):
                worst = max(worst, abs(cem43_of_history([0.0, seconds], ends, form) / truth - 1.0))
    return ValidationRow.of("CEM43 of ramps up and down, both forms", worst, 1e-6, "relative", "antiderivative")


def _running() -> ValidationRow:
    grid = Grid.box((0, 0, 0), (1e-3, 1e-3, 63e-3), 1e-3)
    base = np.broadcast_to(np.linspace(36.0, 56.0, grid.shape[2]), grid.shape)
    times = np.linspace(0.0, 60.0, 121)
    history = base[0, 0] + 0.9 * np.sin(times / 7.0)[:, None]
    worst = 0.0
    for dose in (ThermalDose(grid, floor=-math.inf), IsoThermalDose(grid)):
        fields = [Field(grid, np.broadcast_to(row, grid.shape), Quantity.TEMPERATURE) for row in history]
        for before, after in zip(fields[:-1], fields[1:], strict=True):
            dose.add(before, after, 0.5)
        truth = np.array([cem43_of_history(times, history[:, n], dose.form) for n in range(grid.shape[2])])
        got = dose.field.data[0, 0]
        finite = np.isfinite(truth) & (truth > 0)
        worst = max(worst, float(np.max(np.abs(got[finite] / truth[finite] - 1.0))))
    return ValidationRow.of("CEM43 as a running float32 field, both forms", worst, 1e-4, "relative", "float64 integral")


def _conservation() -> ValidationRow:
    grid = Grid.box((0, 0, 0), (23e-3, 23e-3, 23e-3), 1e-3)
    blood, still = tissue("blood"), {Property.PERFUSION: 0.0}
    tissues = tuple(tissue(n).replaced(still, _WHY) for n in ("fat", "muscle", "bone_cortical"))
    x = np.arange(24)
    layers = np.broadcast_to(np.digitize(x, (8, 13)).astype(np.uint8)[:, None, None], grid.shape).copy()
    medium = Medium(TissueMap(grid, layers, tuple(t.name for t in tissues)), tissues)
    start = np.full(grid.shape, 37.0)
    start[7:10, 9:14, 9:14] = 77.0
    solver = Pennes(medium, blood, Boundary.INSULATED, start=Field(grid, start, Quantity.TEMPERATURE))
    capacity = np.array([uniform_of(t, blood).heat_capacity for t in tissues])[layers]
    solver.advance(300.0)
    before = float((capacity * (start - 37.0)).sum())
    after = float((capacity * (solver.temperature.data.astype(np.float64) - 37.0)).sum())
    return ValidationRow.of(
        "heat kept across fat, muscle and bone, 300 s", abs(after / before - 1.0), 1e-4, "relative", "no loss"
    )


def _line(length: float, spacing: float) -> tuple[Grid, NDArray[np.float64]]:
    """A row of voxels along z and their centres [m] from its first face."""
    count = round(length / spacing)
    grid = Grid.box((0, 0, 0), (spacing / 2, spacing / 2, (count - 1) * spacing), spacing)
    grid = grid.crop((0, 0, 0), (1, 1, count))
    return grid, (np.arange(count, dtype=np.float64) + 0.5) * spacing


def _layers(names: tuple[str, ...], tissues: tuple[Tissue, ...], grid: Grid, edges: tuple[int, ...]) -> Medium:
    index = np.digitize(np.arange(grid.shape[2]), edges).astype(np.uint8)
    renamed = tuple(t.model_copy(update={"name": n}) for n, t in zip(names, tissues, strict=True))
    return Medium(TissueMap(grid, index.reshape(grid.shape).copy(), names), renamed)


def _pair() -> tuple[Tissue, Tissue]:
    """Two substances without perfusion whose conductivities differ by a factor of three."""
    values = {Property.PERFUSION: 0.0, Property.CONDUCTIVITY: 0.2}
    first = tissue("muscle").replaced(values, _WHY)
    return first, first.replaced({Property.CONDUCTIVITY: 0.6}, _WHY)


def _slab_steady() -> ValidationRow:
    spacing, count = 1e-3, 20
    grid, x = _line((count + 2) * spacing, spacing)
    first, second = _pair()
    medium = _layers(("warm", "a", "b", "cold"), (first, first, second, first), grid, (1, 9, count + 1))
    held = (HeldTemperature("warm", 45.0), HeldTemperature("cold", 35.0))
    solver = Pennes(medium, tissue("blood"), Boundary.INSULATED, held=held)
    solver.advance(8000.0)
    inside = x[1:-1] - spacing
    truth = exact.two_layer_steady((0.2, 0.6), (8 * spacing, 12 * spacing), (45.0, 35.0), inside)
    figure = 100 * float(np.abs(solver.temperature.data[0, 0, 1:-1] - truth).max()) / 10.0
    return ValidationRow.of("two layers, conductivity 1 to 3, steady", figure, 0.5, "% of difference", "closed form")


def _slab_transient() -> ValidationRow:
    spacing = 0.25e-3
    grid, x = _line(40e-3, spacing)
    first, second = _pair()
    middle = grid.shape[2] // 2
    medium = _layers(("a", "b"), (first, second), grid, (middle,))
    start = np.where(np.arange(grid.shape[2]) < middle, 57.0, 37.0).reshape(grid.shape)
    solver = Pennes(medium, tissue("blood"), Boundary.INSULATED, start=Field(grid, start, Quantity.TEMPERATURE))
    solver.advance(60.0)
    blood = tissue("blood")
    truth = exact.two_halves(uniform_of(first, blood), uniform_of(second, blood), 20.0, x - x[middle] + spacing / 2, 60)
    figure = 100 * float(np.abs(solver.temperature.data[0, 0] - 37.0 - truth).max()) / 20.0
    return ValidationRow.of(
        "two layers, conductivity 1 to 3, transient", figure, 0.5, "% of difference", "error functions"
    )


def _flash() -> ValidationRow:
    spacing, length, width = 0.5e-3, 30e-3, 3e-3
    grid, x = _line(length, spacing)
    still = tissue("muscle").replaced({Property.PERFUSION: 0.0}, _WHY)
    medium = Medium.uniform(still, grid)
    numbers = uniform_of(still, tissue("blood"))
    begin = 37.0 + 20.0 * exact.flash_in_box(numbers, width, length, x, 0.0)
    solver = Pennes(
        medium,
        tissue("blood"),
        Boundary.INSULATED,
        start=Field(grid, begin.reshape(grid.shape), Quantity.TEMPERATURE),
    )
    solver.advance(200.0)
    truth = 20.0 * exact.flash_in_box(numbers, width, length, x, 200.0)
    figure = 100 * float(np.abs(solver.temperature.data[0, 0] - 37.0 - truth).max()) / 20.0
    return ValidationRow.of("heat kernel in an insulated box, 200 s", figure, 0.1, "% of first peak", "mirror images")


def _uniform() -> ValidationRow:
    liver, blood = tissue("liver"), tissue("blood")
    grid = Grid.box((0, 0, 0), (4e-3, 4e-3, 4e-3), 1e-3)
    solver = Pennes(Medium.uniform(liver, grid), blood, Boundary.INSULATED)
    solver.advance(60.0, Field(grid, np.full(grid.shape, 1e6), Quantity.HEAT_RATE))
    truth = exact.uniform_heating(uniform_of(liver, blood), 1e6, 60.0)
    figure = 100 * float(np.abs(solver.temperature.data - 37.0 - truth).max()) / truth
    return ValidationRow.of("heating everywhere against perfusion, 60 s", figure, 0.5, "% of rise", "closed form")


def _spectral() -> ValidationRow:
    liver, blood = tissue("liver"), tissue("blood")
    grid = Grid.box([-20e-3] * 3, [20e-3] * 3, 1e-3)
    source = exact.GaussianSource(1.0, (2e-3, 2e-3, 3e-3))
    points = grid.points()
    truth = source.rise(uniform_of(liver, blood), points, 8.0, after=5.0)
    scale = 20.0 / truth.max()
    solver = Spectral(Medium.uniform(liver, grid), blood)
    solver.advance(8.0, Field(grid, source.rate(points), Quantity.HEAT_RATE), scale)
    solver.advance(5.0)
    figure = float(np.abs(solver.temperature.data - 37.0 - truth * scale).max() / 20.0)
    return ValidationRow.of(
        "Gaussian source by cosine modes, 1 mm", figure, 1e-6, "of peak rise", "closed form, quadrature"
    )


def _shutdown() -> ValidationRow:
    liver, blood = tissue("liver"), tissue("blood")
    grid = Grid.box([-9e-3] * 3, [9e-3] * 3, 1e-3)
    source = exact.GaussianSource(1.0, (2e-3, 2e-3, 2e-3))
    rate = Field(grid, source.mean_rate(grid.points(), 1e-3), Quantity.HEAT_RATE)
    rule = PerfusionShutdown(240.0, _WHY)
    results = []
    for step in (0.1, 0.02):
        solver = Pennes(Medium.uniform(liver, grid), blood, Boundary.HELD_AT_START, shutdown=rule)
        dose = ThermalDose(grid)
        solver.advance(8.0, rate, 1.5e7, dose=dose, step=step)
        hot = solver.temperature.data.astype(np.float64) - 37.0
        solver.advance(8.0, dose=dose, step=step)
        results.append(np.stack([hot, solver.temperature.data.astype(np.float64) - 37.0]))
    figure = 100 * float(np.abs(results[0] - results[1]).max() / results[1].max())
    return ValidationRow.of(
        "perfusion stopped by dose, steps of 0.1 s", figure, 0.5, "% of peak rise", "steps of 0.02 s"
    )


CASES: dict[str, Callable[[], ValidationRow]] = {
    "gaussian": _gaussian,
    "order": _order,
    "cem43": _vectors,
    "ramps": _ramps,
    "running-dose": _running,
    "conservation": _conservation,
    "slab-steady": _slab_steady,
    "slab-transient": _slab_transient,
    "flash": _flash,
    "uniform": _uniform,
    "spectral": _spectral,
    "shutdown": _shutdown,
}
"""Every case by its name."""


def validate(names: Iterable[str] = ()) -> tuple[ValidationRow, ...]:
    """Run the named cases, or all.

    Raises:
        UnknownName: if there is no case of a name.
    """
    wanted = tuple(names) or tuple(CASES)
    for name in wanted:
        if name not in CASES:
            raise UnknownName("thermal validation case", name, CASES)
    return tuple(CASES[name]() for name in wanted)
