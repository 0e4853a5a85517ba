"""A simulated passive receiver: the drive and its harmonics, bubbles that oscillate or collapse, and its own noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from openhifu.base.errors import OutOfRange
from openhifu.monitoring.cavitation import ReceiveTrace


@dataclass(frozen=True, slots=True)
class ReceiverModel:
    """Receiver and scattered drive; amplitudes are those at the receiver [Pa].

    Attributes:
        drive: therapy frequency [Hz].
        sample_rate: Hz.
        band: lower and upper corner [Hz] of the receiver.
        scattered: amplitudes of the drive and its harmonics, from the fundamental on.
        noise: root mean square of the receiver's own noise before its band.
        hum: root mean square of noise that falls with frequency, below ten times the lower corner.
        wander: standard deviation of the drive's phase per cycle [rad]: no generator is quite pure.
    """

    drive: float
    sample_rate: float
    band: tuple[float, float]
    scattered: tuple[float, ...]
    noise: float
    hum: float
    wander: float


@dataclass(frozen=True, slots=True)
class Bubbles:
    """What bubbles radiate, at the receiver [Pa].

    Attributes:
        stable: amplitude of the line at half the drive frequency; 3/2 and 5/2 have a half and a quarter of it.
        inertial: root mean square of the noise of collapses.
    """

    stable: float = 0.0
    inertial: float = 0.0


SILENT = Bubbles()
_COLLAPSES_PER_CYCLE = 0.5


class Receiver:
    """Records traces.

    Collapses are short pulses at random times, about one in two drive cycles, in the expanded half of it: their
    spectrum is broad and flat up to the receiver's corner. Where bubbles are and how they interact is not modelled.

    Args:
        model: receiver.
        seed: of everything random.

    Raises:
        OutOfRange: if the band does not fit the sample rate.
    """

    def __init__(self, model: ReceiverModel, seed: int) -> None:
        low, high = model.band
        if not 0 < low < high < 0.5 * model.sample_rate:
            raise OutOfRange(f"a band of {low} to {high} Hz does not fit {model.sample_rate} samples/s")
        self.model = model
        self._rng = np.random.default_rng(seed)
        self._filter = butter(2, model.band, btype="bandpass", fs=model.sample_rate, output="sos")

    def trace(self, duration: float, at: float, radiating: bool, bubbles: Bubbles = SILENT) -> ReceiveTrace:
        """Record.

        Args:
            duration: s.
            at: s.
            radiating: whether the therapy is on.
            bubbles: what they radiate; they need a drive.

        Raises:
            OutOfRange: if bubbles sound without a drive.
        """
        if not radiating and bubbles != SILENT:
            raise OutOfRange("bubbles do not sound without a drive")
        model, settle = self.model, 512
        count = round(duration * model.sample_rate) + settle
        sound = model.noise * self._rng.standard_normal(count) + self._hum(count)
        if radiating:
            sound += self._driven(count, bubbles)
        received = np.asarray(sosfilt(self._filter, sound))[settle:]
        return ReceiveTrace(received, model.sample_rate, at)

    def _driven(self, count: int, bubbles: Bubbles) -> NDArray[np.float64]:
        model = self.model
        cycles = np.arange(count) * model.drive / model.sample_rate
        per_sample = model.wander * math.sqrt(model.drive / model.sample_rate)
        phase = 2 * math.pi * (cycles + self._rng.random()) + np.cumsum(per_sample * self._rng.standard_normal(count))
        sound = np.zeros(count)
        for n, amplitude in enumerate(model.scattered):
            sound += amplitude * np.cos((n + 1) * phase)
        for n, share in enumerate((1.0, 0.5, 0.25)):
            sound += bubbles.stable * share * np.cos((n + 0.5) * phase + 2 * math.pi * self._rng.random())
        return sound + self._collapses(phase, bubbles.inertial)

    def _collapses(self, phase: NDArray[np.float64], rms: float) -> NDArray[np.float64]:
        if rms == 0:
            return np.zeros(phase.size)
        chance = 2 * _COLLAPSES_PER_CYCLE * self.model.drive / self.model.sample_rate
        struck = (np.cos(phase) < 0) & (self._rng.random(phase.size) < chance)
        pulses = np.where(struck, self._rng.exponential(size=phase.size), 0.0)
        return rms * pulses / max(float(np.sqrt(np.mean(pulses**2))), 1e-30)

    def _hum(self, count: int) -> NDArray[np.float64]:
        if self.model.hum == 0:
            return np.zeros(count)
        low = butter(1, 10 * self.model.band[0], fs=self.model.sample_rate, output="sos")
        noise = np.asarray(sosfilt(low, self._rng.standard_normal(count)))
        return self.model.hum * noise / float(np.sqrt(np.mean(noise**2)))
