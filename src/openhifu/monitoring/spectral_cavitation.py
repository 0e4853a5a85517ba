"""Spectral detection of cavitation with a stated false-alarm rate: half-order lines, and noise between the lines.

A trace is cut into segments whose Hann-weighted power spectra are averaged. In Gaussian noise each averaged power is a
multiple of chi-square with two degrees of freedom per segment, so the ratio of one bin to the mean of others follows
an F distribution, whatever the level: that gives the thresholds. Bins three apart are independent under a Hann window.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.stats import f as f_ratio
from scipy.stats import gamma

from openhifu.base.errors import OutOfRange
from openhifu.monitoring.cavitation import CavitationReading, ReceiveTrace

_STRIDE = 3
"""Bins; closer ones share noise under a Hann window."""
_GUARD = 6
"""Bins on either side of a line that count as the line: main lobe, and the skirts of a drive that is not quite pure."""
_BESIDE = 8
"""Noise bins on either side of a half-order line."""
_SMOOTHED = 9
"""Bins over which the reference spectrum is smoothed to even out the receiver's own colour around a line."""


class SpectralDetector:
    """A ``CavitationDetector``.

    Stable cavitation: power at f/2, 3f/2 and 5f/2 against the noise beside each line, both relative to the colour of
    the reference. Noise that rises everywhere raises both and is no line. The three tests share the false-alarm rate
    (Sidak). Inertial cavitation: mean power between all lines, bin by bin relative to the reference; the mean of so
    many F ratios is taken as a gamma distribution of the same mean and variance. The rate is that over references,
    too: one reference of ten traces shifts its own by about a third of a standard deviation, so take a long one. It
    also asks for a rise of ``least_rise``, for amplifiers whose gain wanders.

    Args:
        drive: frequency of the therapy [Hz].
        reference: traces without output, from the same receiver; at least as long together as a trace to be judged.
        false_alarm_rate: of each verdict, per trace.
        cycles: drive cycles per segment.
        least_rise: dB that broadband noise must rise at least.
        band: lowest and highest frequency [Hz] used for broadband noise, within the receiver's band.

    Raises:
        OutOfRange: if there is no reference, sample rates differ, 5f/2 is beyond half the sample rate, a segment is too
            short to separate the lines, the band is empty, or the rate is not between 0 and 1.
    """

    def __init__(
        self,
        drive: float,
        reference: Sequence[ReceiveTrace],
        false_alarm_rate: float,
        band: tuple[float, float],
        cycles: int = 128,
        least_rise: float = 0.5,
    ) -> None:
        if not reference or len({t.sample_rate for t in reference}) != 1:
            raise OutOfRange("a detector needs reference traces without output, all of one sample rate")
        if not 0 < false_alarm_rate < 1:
            raise OutOfRange(f"a false-alarm rate lies between 0 and 1, got {false_alarm_rate}")
        self._rate = reference[0].sample_rate
        self._length = _segment_length(drive, self._rate, cycles)
        per_line = 0.5 * drive * self._length / self._rate
        if 2.5 * drive >= 0.5 * self._rate or per_line < 2 * (_GUARD + _BESIDE * _STRIDE):
            raise OutOfRange("the lines cannot be told apart: give a higher sample rate or more cycles per segment")
        self._false_alarm_rate, self._least_rise = false_alarm_rate, least_rise
        self._lines = [round(order * per_line) for order in (1, 3, 5)]
        self._between = _between_lines(per_line, self._length, self._rate, band)
        spectra = np.concatenate([self._spectra(t) for t in reference])
        self._reference, self._reference_count = spectra.mean(axis=0), len(spectra)
        self._colour = uniform_filter1d(self._reference, _SMOOTHED)
        if self._reference_count < 3:
            raise OutOfRange(
                "the reference holds fewer than three segments, too few for a variance; record a longer one"
            )

    @property
    def false_alarm_rate(self) -> float:
        """Of each verdict, per trace."""
        return self._false_alarm_rate

    def judge(self, trace: ReceiveTrace) -> CavitationReading:
        """What a trace tells; see ``CavitationDetector.judge``."""
        if trace.sample_rate != self._rate:
            raise OutOfRange(f"the trace has {trace.sample_rate} samples/s, the reference {self._rate}")
        spectra = self._spectra(trace)
        power, count = spectra.mean(axis=0), len(spectra)
        white = power / self._colour
        line = max(white[n] / white[_beside(n)].mean() for n in self._lines)
        noise = float(np.mean(power[self._between] / self._reference[self._between]))
        return CavitationReading(
            trace.at,
            stable=bool(line > self.line_threshold(count)),
            inertial=bool(noise > max(self.noise_threshold(count), 10 ** (self._least_rise / 10))),
            subharmonic=10 * float(np.log10(line)),
            broadband=10 * float(np.log10(noise)),
        )

    def line_threshold(self, count: int) -> float:
        """Power ratio a line must exceed, in a trace of ``count`` segments."""
        each = 1.0 - (1.0 - self._false_alarm_rate) ** (1.0 / len(self._lines))
        return float(f_ratio.isf(each, 2 * count, 2 * count * 2 * _BESIDE))

    def noise_threshold(self, count: int) -> float:
        """Power ratio the noise between the lines must exceed, in a trace of ``count`` segments."""
        top, bottom = 2.0 * count, 2.0 * self._reference_count
        mean, variance = f_ratio.stats(top, bottom, moments="mv")
        variance = float(variance) / len(self._between)
        shape = float(mean) ** 2 / variance
        return float(gamma.isf(self._false_alarm_rate, shape, scale=float(mean) / shape))

    def _spectra(self, trace: ReceiveTrace) -> NDArray[np.float64]:
        """Power spectra of the whole segments of a trace, Hann-weighted, side by side and not overlapping."""
        count = trace.samples.size // self._length
        if count < 1:
            raise OutOfRange(f"a trace of {trace.samples.size} samples is shorter than a segment of {self._length}")
        parts = trace.samples[: count * self._length].reshape(count, self._length).astype(np.float64)
        window = np.hanning(self._length + 1)[:-1]
        return np.abs(np.fft.rfft(parts * window, axis=1)) ** 2


def _segment_length(drive: float, rate: float, cycles: int) -> int:
    """Samples near ``cycles`` drive cycles in which half the drive frequency fits best a whole number of times."""
    around = round(cycles * rate / drive)
    tried = np.arange(max(2, around - around // 20), around + around // 20 + 1)
    turns = 0.5 * drive * tried / rate
    off = np.abs(turns - np.round(turns))
    best = tried[off <= off.min() + 1e-9]
    return int(best[np.argmin(np.abs(best - around))])


def _beside(line: int) -> NDArray[np.intp]:
    """Independent noise bins around a line."""
    away = _GUARD + _STRIDE * np.arange(_BESIDE)
    return np.concatenate([line - away, line + away])


def _between_lines(per_line: float, length: int, rate: float, band: tuple[float, float]) -> NDArray[np.intp]:
    """Independent bins in the band that are at least the guard away from every multiple of half the drive frequency."""
    bins = np.arange(0, length // 2 + 1, _STRIDE)
    frequency = bins * rate / length
    off = np.abs(bins - np.round(bins / per_line) * per_line)
    found = bins[(off >= _GUARD) & (frequency >= band[0]) & (frequency <= band[1])]
    if found.size < 10:
        raise OutOfRange(f"the band {band[0]:g} to {band[1]:g} Hz holds no noise between the lines; widen it")
    return found
