"""Pressure from a hydrophone's voltage, divided by its complex sensitivity frequency by frequency, with uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import FormatError, OutOfRange
from openhifu.records.measurement_files import read_columns

_ROLL_OFF = 16
"""Exponent of the low-pass's squared magnitude, 1 / (1 + (f / cutoff)^16): no phase, 3 dB at the cutoff."""

_LEAST_SHARE = 1e-4
"""Share of a waveform's energy that may lie outside the calibrated band before it is refused."""

Outside = Literal["refuse", "drop"]


@dataclass(frozen=True, eq=False)
class HydrophoneResponse:
    """Complex sensitivity of a hydrophone with its amplifier.

    Attributes:
        frequencies: Hz, rising.
        sensitivity: V/Pa, complex, for exp(+i omega t).
        uncertainty: relative, coverage factor 2, at each frequency.
    """

    frequencies: NDArray[np.float64]
    sensitivity: NDArray[np.complex128]
    uncertainty: NDArray[np.float64]

    def at(self, frequencies: NDArray[np.float64]) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
        """Sensitivity and uncertainty at other frequencies of the band, linear in magnitude and unwrapped phase."""
        phase = np.unwrap(np.angle(self.sensitivity))
        size = np.interp(frequencies, self.frequencies, np.abs(self.sensitivity))
        turned = np.interp(frequencies, self.frequencies, phase)
        spread = np.interp(frequencies, self.frequencies, self.uncertainty)
        return np.asarray(size * np.exp(1j * turned), np.complex128), np.asarray(spread, np.float64)


@dataclass(frozen=True, eq=False)
class PressureWaveform:
    """A pressure waveform with what is known of its error.

    Attributes:
        pressure: Pa.
        uncertainty: Pa at each time, coverage factor 2: calibration and noise, squares added; meant for peaks, since
            the calibration's part vanishes where the waveform crosses zero.
        noise_gain: noise of the pressure over that of the voltage divided by one number, the sensitivity at the
            strongest frequency; 1 for a flat hydrophone without low-pass.
        dropped: share of the voltage's energy that lies outside the calibrated band and was left out.
    """

    pressure: NDArray[np.float64]
    uncertainty: NDArray[np.float64]
    noise_gain: float
    dropped: float


def read_response(path: Path) -> HydrophoneResponse:
    """A response from CSV with ``frequency_mhz``, ``sensitivity_v_pa``, ``phase_rad`` and ``uncertainty`` (k = 2).

    Raises:
        FileProblem: if there is no such file.
        FormatError: if a column is missing, frequencies do not rise, or a sensitivity or uncertainty is not positive.
    """
    columns = read_columns(path)
    names = ("frequency_mhz", "sensitivity_v_pa", "phase_rad", "uncertainty")
    missing = [name for name in names if name not in columns]
    if missing:
        raise FormatError(f"{path} has the columns {', '.join(columns)}; it needs {', '.join(missing)}")
    frequencies, size, phase, spread = (columns[name] for name in names)
    if len(frequencies) < 3 or np.any(np.diff(frequencies) <= 0) or frequencies[0] < 0:
        raise FormatError(f"{path}: frequencies must rise, three or more of them")
    if np.any(size <= 0) or np.any(spread <= 0) or np.any(spread >= 1):
        raise FormatError(f"{path}: sensitivities must be positive, and relative uncertainties between 0 and 1")
    return HydrophoneResponse(1e6 * frequencies, np.asarray(size * np.exp(1j * phase), np.complex128), spread)


def read_voltage(path: Path) -> tuple[NDArray[np.float64], float]:
    """Voltage [V] and time step [s] from CSV with ``time_us`` at even times and ``voltage_v``.

    Raises:
        FileProblem: if there is no such file.
        FormatError: if a column is missing or the times are uneven.
    """
    columns = read_columns(path)
    if "time_us" not in columns or "voltage_v" not in columns:
        raise FormatError(f"{path} has the columns {', '.join(columns)}; it needs time_us and voltage_v")
    steps = np.diff(columns["time_us"])
    if steps.size < 7 or steps.min() <= 0 or np.ptp(steps) > 0.01 * steps.mean():
        raise FormatError(f"{path}: the times must rise evenly, eight of them or more")
    return columns["voltage_v"], 1e-6 * float(steps.mean())


def deconvolved(
    voltage: NDArray[np.float64],
    step: float,
    response: HydrophoneResponse,
    cutoff: float,
    noise: float,
    outside: Outside = "refuse",
) -> PressureWaveform:
    """Pressure of a measured voltage: its spectrum over the sensitivity, under a low-pass against noise.

    As in IEC 62127-1 and the tutorial of Weber, Wilkens and Eichstaedt (github.com/Ma-Weber/Tutorial-Deconvolution).
    The waveform must be recorded whole, since it is taken as periodic. A constant voltage is an offset, and left out.

    Args:
        voltage: V, at even times.
        step: s between them.
        response: the hydrophone's; nothing is extrapolated beyond its band.
        cutoff: Hz of the low-pass, within the band.
        noise: standard deviation of the voltage's noise [V], white.
        outside: what to do with signal outside the calibrated band: refuse, or drop it.

    Raises:
        OutOfRange: if the cutoff lies outside the band, signal does and is not to be dropped, or noise or a voltage is
            not a number.
    """
    if not (noise >= 0 and np.isfinite(noise) and np.all(np.isfinite(voltage))):
        raise OutOfRange(f"noise must be a number of zero or more volts, and every voltage a number; got {noise} V")
    low, high = float(response.frequencies[0]), float(response.frequencies[-1])
    if not low < cutoff <= high:
        raise OutOfRange(
            f"a low-pass at {cutoff / 1e6:g} MHz lies outside the calibration's {_band(low, high)}; lower it"
        )
    count = voltage.size
    spectrum = np.fft.rfft(voltage - voltage.mean())
    frequencies = np.asarray(np.fft.rfftfreq(count, step), np.float64)
    known = (frequencies >= low) & (frequencies <= high)
    energy = np.abs(spectrum) ** 2
    dropped = float(energy[~known].sum() / max(energy.sum(), np.finfo(float).tiny))
    expected = float(noise**2 * count * np.count_nonzero(~known) / max(energy.sum(), np.finfo(float).tiny))
    if outside == "refuse" and dropped > _LEAST_SHARE + 2 * expected:
        raise OutOfRange(
            f"{100 * dropped:.2g} % of the waveform's energy lies outside {_band(low, high)}, where the hydrophone is "
            "calibrated; calibrate it there, or choose to drop that part"
        )
    sensitivity, spread = response.at(frequencies[known])
    inverse = np.zeros(frequencies.size, complex)
    inverse[known] = 1 / (sensitivity * np.sqrt(1 + (frequencies[known] / cutoff) ** _ROLL_OFF))
    relative = np.zeros(frequencies.size)
    relative[known] = spread
    pressure = np.fft.irfft(spectrum * inverse, count)
    twice = np.where((frequencies == 0) | (2 * frequencies * step >= 1 - 1e-9), 1.0, 2.0)
    scatter = noise * np.sqrt(float(np.sum(twice * np.abs(inverse) ** 2)) / count)
    # A calibration taken to be off in the same direction throughout: its error goes with the waveform itself, and is
    # understated where that crosses zero. Peaks are what is read from it.
    off = np.abs(np.fft.irfft(spectrum * inverse * relative, count))
    strongest = int(np.argmax(energy * known))
    gain = scatter * abs(1 / inverse[strongest]) / noise if noise > 0 else float("nan")
    return PressureWaveform(pressure, np.hypot(off, 2 * scatter), gain, dropped)


def _band(low: float, high: float) -> str:
    return f"{low / 1e6:g} to {high / 1e6:g} MHz"
