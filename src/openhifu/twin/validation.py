"""Accuracy of the monitors on simulated images of a known truth, as rows of data that can be re-run at any time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache

import numpy as np

from openhifu.base.field import Field, Quantity
from openhifu.base.validation import ValidationRow, run_cases
from openhifu.monitoring.echo_energy import EchoEnergy, temperature_of_change
from openhifu.monitoring.spectral_cavitation import SpectralDetector
from openhifu.twin import marker_trial, thermometry_trial
from openhifu.twin.echo_scanner import EchoScanner
from openhifu.twin.receiver import SILENT, Bubbles, Receiver, ReceiverModel
from openhifu.twin.thermometry_trial import Found, Method, Trial

_IMAGED = "voxel means of the simulated patient, SNR 25, 0.1 ppm drift, 1 mm motion"


@cache
def _found(method: Method, peak: float = 66.0) -> Found:
    return thermometry_trial.run(Trial(method=method, peak=peak))


def _temperature(method: Method) -> ValidationRow:
    return ValidationRow.of(f"MR temperature, {method}", _found(method).rms, 1.5, "K RMS where heated", _IMAGED)


def _wrapped() -> ValidationRow:
    figure = _found(Method.MULTI, 95.0).rms
    return ValidationRow.of("MR temperature past a wrap, to 95 degC", figure, 1.5, "K RMS where heated", _IMAGED)


def _dose(method: Method) -> ValidationRow:
    figure = 100 * abs(_found(method).dose_volume - 1)
    return ValidationRow.of(f"MR dose volume over 240, {method}", figure, 10.0, "%", "dose on the 1 mm grid")


def _stated() -> ValidationRow:
    found = _found(Method.MULTI)
    figure = 100 * abs(found.predicted / found.rms - 1)
    return ValidationRow.of("MR noise stated against error found", figure, 15.0, "%", _IMAGED)


def _motion() -> ValidationRow:
    figure = 1e3 * _found(Method.MULTI).motion_error
    return ValidationRow.of("MR displacement, voxels of 2 x 2 x 3 mm", figure, 0.5, "mm RMS", "breathing as simulated")


@cache
def _scores() -> dict[str, marker_trial.MarkerScores]:
    return marker_trial.run((1, 2))


def _marker(name: str, published: float) -> ValidationRow:
    figure = 1.0 - _scores()[name].ablated.area
    truth = f"dose of 240 in two simulated exposures; in vivo {published} (Subramanian 2014)"
    return ValidationRow.of(f"1 - area under ROC, {name}", figure, 1 - published, "1", truth)


def _specificity() -> ValidationRow:
    scores = _scores()["decorrelation"]
    figure = 100 * (1.0 - scores.ablated.at(scores.threshold)[1])
    truth = "dose of 240; the threshold of -2.3 meant 10 % (Abbass 2019)"
    return ValidationRow.of("false positives of decorrelation at its threshold", figure, 20.0, "%", truth)


def _change() -> ValidationRow:
    model = replace(marker_trial.LIVER, patchiness=(0.0, 0.0))
    plane = marker_trial.imaging_plane()
    worst = 0.0
    for degrees in (60.0, 84.0):
        scanner, marker = EchoScanner(plane, model, 4), EchoEnergy(width=4e-3)
        cold, warm = (Field(plane, np.full(plane.shape, t), Quantity.TEMPERATURE) for t in (37.0, degrees))
        dose = Field(plane, np.zeros(plane.shape), Quantity.CEM43)
        marker.follow(scanner.image(cold, dose, 0.0))
        found = marker.follow(scanner.image(warm, dose, 0.01))
        if found is not None:
            worst = max(worst, abs(float(temperature_of_change(np.mean(found.values))) - degrees))
    return ValidationRow.of("tissue-change scale read from RF images", worst, 3.0, "K", "uniform 60 and 84 degC")


def _receiver(seed: int) -> tuple[Receiver, SpectralDetector]:
    model = ReceiverModel(0.8e6, 10e6, (0.2e6, 4.5e6), (100.0, 30.0, 10.0, 4.0, 2.0), 1.0, 2.0, 1e-4)
    receiver = Receiver(model, seed)
    reference = [receiver.trace(2e-3, 0.0, radiating=False) for _ in range(40)]
    return receiver, SpectralDetector(model.drive, reference, 0.01, (0.5e6, 4e6))


def _share(seed: int, bubbles: Bubbles, what: str, repeats: int) -> float:
    receiver, detector = _receiver(seed)
    readings = [detector.judge(receiver.trace(2e-3, 1.0 + n, True, bubbles)) for n in range(repeats)]
    return sum(bool(getattr(r, what)) for r in readings) / repeats


def _false_cavitation() -> ValidationRow:
    figure = 100 * max(_share(5, SILENT, what, 300) for what in ("stable", "inertial"))
    truth = "300 traces with drive and harmonics 40 dB over noise; 1 % stated"
    return ValidationRow.of("false alarms of cavitation under drive", figure, 2.5, "%", truth)


def _missed_cavitation() -> ValidationRow:
    lines = _share(6, Bubbles(stable=0.5), "stable", 100)
    noise = _share(7, Bubbles(inertial=1.0), "inertial", 100)
    figure = 100 * (1 - min(lines, noise))
    truth = "100 traces each; line of half, collapses of once the receiver's noise"
    return ValidationRow.of("cavitation missed", figure, 5.0, "%", truth)


CASES: dict[str, Callable[[], ValidationRow]] = {
    "mr-multi-baseline": lambda: _temperature(Method.MULTI),
    "mr-single-reference": lambda: _temperature(Method.SINGLE),
    "mr-referenceless": lambda: _temperature(Method.REFERENCELESS),
    "mr-wrapped": _wrapped,
    "mr-dose-multi-baseline": lambda: _dose(Method.MULTI),
    "mr-dose-single-reference": lambda: _dose(Method.SINGLE),
    "mr-dose-referenceless": lambda: _dose(Method.REFERENCELESS),
    "mr-stated-noise": _stated,
    "mr-motion": _motion,
    "roc-gray-scale": lambda: _marker("gray scale", 0.734),
    "roc-energy": lambda: _marker("energy", 0.734),
    "roc-decorrelation": lambda: _marker("decorrelation", 0.832),
    "decorrelation-threshold": _specificity,
    "tissue-change-scale": _change,
    "cavitation-false-alarms": _false_cavitation,
    "cavitation-missed": _missed_cavitation,
}
"""Every case by its name."""


def validate(names: Iterable[str] = ()) -> tuple[ValidationRow, ...]:
    """Run the named cases, or all.

    Raises:
        UnknownName: if there is no case of a name.
    """
    return run_cases("twin validation case", CASES, names)
