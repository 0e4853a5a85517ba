"""Accuracy of thermal dose and damage against antiderivatives and exact integrals."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid
from openhifu.base.picture import Curve, Picture
from openhifu.base.validation import ValidationRow
from openhifu.thermal.arrhenius import LIVER, ArrheniusDamage
from openhifu.thermal.dose import DoseForm, IsoThermalDose, ThermalDose, cem43_of_history


def _vectors() -> ValidationRow:
    worst = 0.0
    degrees, doses = (43, 45, 47, 50, 52, 54, 56, 57, 60), (240.0, 40.0, 21.0, 16.0, 2.0)
    for celsius in degrees:
        for dose in doses:
            seconds = dose * 60.0 / 2 ** (celsius - 43)
            worst = max(worst, abs(cem43_of_history([0.0, seconds], [celsius, celsius]) / dose - 1.0))
    curves = tuple(
        Curve.of(f"{dose:g} min", degrees, [dose * 60.0 / 2 ** (c - 43) for c in degrees], points=True)
        for dose in doses
    )
    picture = Picture("temperature [degC]", "time that gives the dose [s]", curves, log_y=True)
    truth = "minutes times a whole power of two"
    return ValidationRow.of("CEM43 at constant temperature", worst, 1e-6, "relative", truth, picture)


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
    tops = np.linspace(43.5, 56.9, 30)
    curves = tuple(
        Curve.of(f"{form.name.lower()} form", tops, [cem43_of_history([0, 8.0], [37.0, t], form) for t in tops])
        for form in DoseForm
    )
    exact = Curve.of("antiderivative", tops, [ramp_truth(37.0, t, 8.0, DoseForm.CONTINUOUS) for t in tops], True)
    picture = Picture("ramp from 37 degC within 8 s to [degC]", "CEM43 [min]", (*curves, exact), log_y=True)
    return ValidationRow.of(
        "CEM43 of ramps up and down, both forms", worst, 1e-6, "relative", "antiderivative", picture
    )


def _running() -> ValidationRow:
    grid = Grid.box((0, 0, 0), (1e-3, 1e-3, 63e-3), 1e-3)
    base = np.broadcast_to(np.linspace(36.0, 56.0, grid.shape[2]), grid.shape)
    times = np.linspace(0.0, 60.0, 121)
    history = base[0, 0] + 0.9 * np.sin(times / 7.0)[:, None]
    worst, curves = 0.0, []
    for dose in (ThermalDose(grid, floor=-math.inf), IsoThermalDose(grid)):
        fields = [Field(grid, np.broadcast_to(row, grid.shape), Quantity.TEMPERATURE) for row in history]
        for before, after in zip(fields[:-1], fields[1:], strict=True):
            dose.add(before, after, 0.5)
        truth = np.array([cem43_of_history(times, history[:, n], dose.form) for n in range(grid.shape[2])])
        got = dose.field.data[0, 0]
        finite = np.isfinite(truth) & (truth > 0)
        worst = max(worst, float(np.max(np.abs(got[finite] / truth[finite] - 1.0))))
        curves.append(Curve.of(f"{dose.form.name.lower()} form", base[0, 0][finite], got[finite]))
        curves.append(Curve.of("float64 integral", base[0, 0][finite], truth[finite], reference=True))
    picture = Picture("mean temperature [degC]", "CEM43 of 60 s [min]", tuple(curves), log_y=True)
    return ValidationRow.of(
        "CEM43 as a running float32 field, both forms", worst, 1e-4, "relative", "float64 integral", picture
    )


def _arrhenius() -> ValidationRow:
    """A running damage over ramps of 5 K a step against a fine quadrature."""
    grid = Grid.box((0, 0, 0), (1e-3, 1e-3, 20e-3), 1e-3)
    tops = np.linspace(50.0, 90.0, grid.shape[2])
    course = np.concatenate([np.linspace(0, 1, 9), np.linspace(1, 0, 17)[1:]])[:, None] * (tops - 37.0) + 37.0
    damage = ArrheniusDamage(grid, LIVER)
    for before, after in zip(course[:-1], course[1:], strict=True):
        planes = [np.broadcast_to((row - 37.0).astype(np.float32), grid.shape) for row in (before, after)]
        damage.accumulate(planes[0], planes[1], 0, 37.0, 1.0)
    fine = np.linspace(0, 24, 24001)
    truth = np.array(
        [
            np.trapezoid(np.exp(LIVER.log_rate(np.interp(fine, np.arange(25.0), course[:, n]))), fine)
            for n in range(len(tops))
        ]
    )
    got = damage.field.data[0, 0]
    error = float(np.abs(got / truth - 1).max())
    curves = (Curve.of("running field", tops, got), Curve.of("quadrature", tops, truth, reference=True))
    picture = Picture("8 s up and 16 s down again, top [degC]", "Arrhenius damage of liver", curves, log_y=True)
    return ValidationRow.of("Arrhenius damage as a running field", error, 1e-3, "relative", "fine quadrature", picture)


CASES: dict[str, Callable[[], ValidationRow]] = {
    "cem43": _vectors,
    "ramps": _ramps,
    "running-dose": _running,
    "arrhenius": _arrhenius,
}
"""Every case by its name."""
