"""Accuracy of the monitors against closed forms and published numbers; on simulated images: ``twin.validation``."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ncf, norm

from openhifu.base.grid import Grid
from openhifu.base.validation import ValidationRow, run_cases
from openhifu.monitoring.ablation_marker import window_mean
from openhifu.monitoring.cavitation import ReceiveTrace
from openhifu.monitoring.echo_decorrelation import EchoDecorrelation
from openhifu.monitoring.echo_frames import EchoFrame
from openhifu.monitoring.mr_frames import GradientEcho, MrFrame
from openhifu.monitoring.prf import prf_coefficient
from openhifu.monitoring.roc import roc
from openhifu.monitoring.single_reference import SingleReference
from openhifu.monitoring.smooth_phase import SmoothPhase
from openhifu.monitoring.spectral_cavitation import SpectralDetector

PROTON_HZ_PER_TESLA = 42.577e6
"""Resonance frequency of the proton, as scanners state it; the thermometers use rad/s."""

_SEQUENCE = GradientEcho(1.5, 18e-3)
_DRIVE, _RATE = 0.8e6, 10e6


def _frame(phase: NDArray[np.float64] | float, at: float, noise: float = 0.0, seed: int = 0) -> MrFrame:
    """An image of brightness 1 with a phase [rad]."""
    grid = Grid.box((0, 0, 0), (23e-3, 23e-3, 11e-3), 1e-3)
    rng = np.random.default_rng([seed, round(1e3 * at)])
    parts = noise * rng.standard_normal((2, *grid.shape))
    signal = np.exp(1j * np.broadcast_to(phase, grid.shape)) + parts[0] + 1j * parts[1]
    return MrFrame(grid, signal.astype(np.complex64), at, _SEQUENCE, noise)


def _muscle(reference: MrFrame, start: float = 37.0) -> SingleReference:
    coefficient = np.full(reference.grid.shape, prf_coefficient("muscle"))
    return SingleReference(reference, coefficient, None, start)


def _published() -> ValidationRow:
    start, slope, worst = 28.0, -0.97e-8, 0.0
    thermometer = _muscle(_frame(0.3, 0.0), start)
    for degrees in np.arange(29.0, 44.5, 1.0):
        turns = slope * (degrees - start) * PROTON_HZ_PER_TESLA * _SEQUENCE.field_strength * _SEQUENCE.echo_time
        found = thermometer.read(_frame(0.3 + 2 * math.pi * turns, float(degrees))).temperature.data
        worst = max(worst, float(np.abs(found - degrees).max()) / (degrees - start))
    truth = "muscle 0.97e-8 per degC from 28 to 44 degC (De Poorter 1995)"
    return ValidationRow.of("published coefficient of muscle", 100 * worst, 0.5, "% of rise", truth)


def _thalamus() -> ValidationRow:
    used = abs(prf_coefficient("brain") / 1e-6)
    figure = 100 * abs(used / 0.00909 - 1.0)
    return ValidationRow.of(
        "published coefficient of brain", figure, 0.5, "%", "0.00909 ppm/degC of clinical thalamotomy (PMC6181766)"
    )


def _noise() -> ValidationRow:
    thermometer = _muscle(_frame(0.0, 0.0, 0.0))
    maps = [thermometer.read(_frame(0.0, float(n), 0.05, seed=3)) for n in range(1, 41)]
    scatter = float(np.std([m.temperature.data for m in maps]))
    stated = float(np.sqrt(np.mean([m.deviation**2 for m in maps])))
    figure = 100 * abs(stated / scatter - 1)
    return ValidationRow.of("temperature noise stated, SNR 20", figure, 2.0, "%", "scatter of 40 images")


def _wraps() -> ValidationRow:
    thermometer = _muscle(_frame(0.0, 0.0))
    per_kelvin = prf_coefficient("muscle") * _SEQUENCE.phase_per_shift
    worst = 0.0
    for n, rise in enumerate(np.arange(0.0, 1.8 * thermometer.turn, 0.3 * thermometer.turn)):
        found = thermometer.read(_frame(per_kelvin * rise, n + 1.0)).temperature.data
        worst = max(worst, float(np.abs(found - 37.0 - rise).max()))
    return ValidationRow.of("heating through two wraps", worst, 0.01, "K", "phase made of the temperature")


def _drift() -> ValidationRow:
    frame = _frame(0.0, 0.0)
    x, y, z = np.moveaxis(frame.grid.points(), -1, 0) / 10e-3
    phase = 2.0 + 6.0 * x - 4.0 * y + 3.0 * z + 2.0 * x * y - 1.5 * z * z
    fitted = SmoothPhase(frame.grid, (x - 1.2) ** 2 + (y - 1.2) ** 2 > 0.4, 2).fit(_frame(phase, 1.0).signal).phase
    off = fitted - phase
    figure = float(np.abs(off - 2 * math.pi * np.round(off.mean() / (2 * math.pi))).max())
    return ValidationRow.of("smooth phase of four turns", figure, 1e-4, "rad", "the polynomial it was made of")


def _roc() -> ValidationRow:
    rng, distance = np.random.default_rng(5), 1.5
    truth = np.arange(40000) < 20000
    curve = roc(rng.standard_normal(truth.size) + distance * truth, truth)
    worst = abs(curve.area - float(norm.cdf(distance / math.sqrt(2))))
    sensitivity, specificity = curve.at(0.5)
    worst = max(worst, abs(specificity - float(norm.cdf(0.5))), abs(sensitivity - float(norm.sf(0.5 - distance))))
    return ValidationRow.of("ROC of two normal populations", worst, 0.01, "1", "closed form")


def _decorrelation() -> ValidationRow:
    grid = Grid((200, 1, 400), np.diag([0.25e-3, 0.25e-3, 0.1e-3, 1.0]), _frame(0.0, 0.0).grid.frame)
    rng = np.random.default_rng(6)
    first, fresh = (
        window_mean(rng.standard_normal(grid.shape) + 1j * rng.standard_normal(grid.shape), grid, 0.2e-3)
        for _ in range(2)
    )
    lost, tau = 0.1, 10e-3
    second = math.sqrt(1 - lost) * first + math.sqrt(lost) * fresh
    marker = EchoDecorrelation(width=3e-3)
    marker.follow(EchoFrame(grid, first.astype(np.complex64), 0.0))
    found = marker.follow(EchoFrame(grid, second.astype(np.complex64), tau))
    rate = float(np.mean(10**found.values)) if found is not None else math.inf
    figure = 100 * abs(rate / (lost / (1e3 * tau)) - 1)
    return ValidationRow.of("decorrelation of a known loss of coherence", figure, 5.0, "%", "loss over time")


def _white(rng: np.random.Generator, line: float = 0.0) -> ReceiveTrace:
    """White noise of deviation 1 with a line at half the drive frequency, 12 segments long."""
    count = 12 * 1600
    phase = 2 * math.pi * (0.5 * _DRIVE / _RATE * np.arange(count) + rng.random())
    return ReceiveTrace(rng.standard_normal(count) + line * np.cos(phase), _RATE, 0.0)


def _detector(rng: np.random.Generator, rate: float) -> SpectralDetector:
    reference = [_white(rng) for _ in range(40)]
    return SpectralDetector(_DRIVE, reference, rate, (0.3e6, 4.5e6), least_rise=0.0)


def _false_alarms(what: str) -> ValidationRow:
    rng, wanted, repeats = np.random.default_rng(7), 0.05, 1000
    detector = _detector(rng, wanted)
    wrong = sum(bool(getattr(detector.judge(_white(rng)), what)) for _ in range(repeats)) / repeats
    return ValidationRow.of(
        f"false alarms of {what} cavitation, stated 5 %", abs(wrong - wanted), 0.025, "of 1", "1000 noise traces"
    )


def _detection() -> ValidationRow:
    rng, repeats, amplitude = np.random.default_rng(8), 150, 0.08
    detectors = [_detector(rng, 0.01) for _ in range(4)]
    found = float(np.mean([d.judge(_white(rng, amplitude)).stable for d in detectors for _ in range(repeats)]))
    window = np.hanning(1601)[:-1]
    ratio = 0.25 * amplitude**2 * window.sum() ** 2 / np.sum(window**2)
    chance = float(ncf.sf(detectors[0].line_threshold(12), 24, 24 * 16, 24 * ratio))
    return ValidationRow.of("detection of a weak subharmonic", abs(found - chance), 0.06, "of 1", "noncentral F")


CASES: dict[str, Callable[[], ValidationRow]] = {
    "prf-muscle": _published,
    "prf-brain": _thalamus,
    "phase-noise": _noise,
    "wraps": _wraps,
    "drift": _drift,
    "roc": _roc,
    "decorrelation": _decorrelation,
    "stable-false-alarms": lambda: _false_alarms("stable"),
    "inertial-false-alarms": lambda: _false_alarms("inertial"),
    "subharmonic": _detection,
}
"""Every case by its name."""


def validate(names: Iterable[str] = ()) -> tuple[ValidationRow, ...]:
    """Run the named cases, or all.

    Raises:
        UnknownName: if there is no case of a name.
    """
    return run_cases("monitoring validation case", CASES, names)
