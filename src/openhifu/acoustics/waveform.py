"""Waveforms of periodic waves from their harmonics, and what is read off them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_SAMPLES_PER_HARMONIC = 8
_FOOT = 0.05  # share of the steepest slope at which a shock front begins and ends
_LONGEST = 0.1  # of a period: a rise that takes longer is no shock


def waveforms(waves: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Pressure over one period [Pa], shape (points, samples), of harmonics (points, harmonics); time runs forwards."""
    count = waves.shape[1]
    samples = max(64, _SAMPLES_PER_HARMONIC * count)
    spectrum = np.zeros((waves.shape[0], samples // 2 + 1), np.complex128)
    spectrum[:, 1 : count + 1] = np.conj(waves) * (0.5 * samples)
    return np.asarray(np.fft.irfft(spectrum, samples, axis=1), dtype=np.float64)


def shock_amplitude(wave: NDArray[np.complex128]) -> float:
    """Rise of the pressure [Pa] across the steepest front of a period, zero if that is no shock.

    The front reaches as far as the slope exceeds a twentieth of its maximum; a front longer than a tenth of the period
    is a steep wave and no shock.

    Args:
        wave: harmonics of one point [Pa].
    """
    p = waveforms(wave[None, :])[0]
    slope = np.roll(p, -1) - p
    top = int(np.argmax(slope))
    turned = np.roll(slope, p.size // 2 - top)
    middle = p.size // 2
    low = middle - int(np.argmax(turned[middle::-1] < _FOOT * turned[middle])) + 1
    high = middle + int(np.argmax(turned[middle:] < _FOOT * turned[middle]))
    return float(turned[low:high].sum()) if high - low <= _LONGEST * p.size else 0.0


def half_width(places: NDArray[np.float64], line: NDArray[np.float64], level: float) -> float:
    """Distance from the first place to where a line falls below a share of its first value; 0 if it never does."""
    below = np.flatnonzero(line < level * line[0])
    if below.size == 0:
        return 0.0
    m = int(below[0])
    share = (line[m - 1] - level * line[0]) / (line[m - 1] - line[m])
    return float(places[m - 1] + share * (places[m] - places[m - 1]))
