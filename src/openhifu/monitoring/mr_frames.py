"""Gradient-echo images of MR thermometry: a complex signal on a grid, and what its phase means."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.base.grid import Grid

GYROMAGNETIC_RATIO = 2.675e8
"""rad/(s T) of the proton."""

Complex = NDArray[np.complex64]
Real = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GradientEcho:
    """The two numbers of the sequence that turn a frequency shift into a phase.

    Attributes:
        field_strength: B0 [T].
        echo_time: TE [s].

    Raises:
        OutOfRange: if one is not positive.
    """

    field_strength: float
    echo_time: float

    def __post_init__(self) -> None:
        """Refuse what no scanner has."""
        if not (0 < self.field_strength < math.inf and 0 < self.echo_time < math.inf):
            raise OutOfRange(
                f"a gradient echo needs a positive field and echo time, got {self.field_strength} T, {self.echo_time} s"
            )

    @property
    def phase_per_shift(self) -> float:
        """Phase [rad] of a relative frequency shift of 1: gamma B0 TE; times 1e-6 for one ppm."""
        return GYROMAGNETIC_RATIO * self.field_strength * self.echo_time


@dataclass(frozen=True, eq=False)
class MrFrame:
    """One image.

    Its phase grows with the local frequency: a relative shift d adds ``phase_per_shift * d``, so heated water turns
    backwards. Scanners that count the other way are read with ``of_phase(..., sign=-1)``.

    Attributes:
        grid: voxel centres.
        signal: complex64, the grid's shape, any unit.
        at: when it was taken [s].
        sequence: field and echo time.
        noise: standard deviation of real and imaginary part, in the signal's unit.

    Raises:
        GeometryError: if the signal has another shape.
        OutOfRange: if the signal is not finite or the noise is negative.
    """

    grid: Grid
    signal: Complex
    at: float
    sequence: GradientEcho
    noise: float

    def __post_init__(self) -> None:
        """Check shape and numbers."""
        if self.signal.shape != self.grid.shape:
            raise GeometryError(f"an image has shape {self.signal.shape}, its grid {self.grid.shape}")
        if not (np.all(np.isfinite(self.signal)) and 0 <= self.noise < math.inf):
            raise OutOfRange("an MR image needs a finite signal and a noise that is finite and not negative")

    @classmethod
    def of_phase(
        cls, grid: Grid, magnitude: Real, phase: Real, at: float, sequence: GradientEcho, noise: float, sign: int = 1
    ) -> MrFrame:
        """A frame from a magnitude image and a phase image [rad], as scanners export them.

        Args:
            grid: voxel centres.
            magnitude: any unit, the grid's shape.
            phase: rad, wrapped or not, the grid's shape.
            at: s.
            sequence: field and echo time.
            noise: standard deviation of the magnitude where the signal is strong.
            sign: 1 if the exported phase grows with the frequency, -1 if it falls.

        Raises:
            OutOfRange: if the sign is neither 1 nor -1, or a magnitude is negative.
        """
        if sign not in (1, -1) or np.any(magnitude < 0):
            raise OutOfRange(f"a phase image has sign 1 or -1 and magnitudes of 0 or more, got sign {sign}")
        return cls(grid, (magnitude * np.exp(1j * sign * phase)).astype(np.complex64), at, sequence, noise)

    @property
    def phase_variance(self) -> Real:
        """Variance of the phase per voxel [rad2]: (noise / magnitude)^2, right where the SNR exceeds about 3."""
        magnitude = np.abs(self.signal).astype(np.float64)
        with np.errstate(divide="ignore"):
            return np.where(magnitude > 0, (self.noise / np.where(magnitude > 0, magnitude, 1.0)) ** 2, np.inf)


def require_alike(frame: MrFrame, grid: Grid, sequence: GradientEcho, what: str) -> None:
    """Refuse a frame of another grid or sequence.

    Raises:
        GeometryError: naming ``what``.
    """
    grid.require_same(frame.grid, what)
    if frame.sequence != sequence:
        raise GeometryError(f"{what} was taken with {frame.sequence}, {sequence} is needed")


def noise_of_air(signal: Complex, air: NDArray[np.bool_]) -> float:
    """Noise of an image from voxels without signal: root of half the mean squared magnitude.

    Raises:
        OutOfRange: if no voxel is given.
    """
    if not air.any():
        raise OutOfRange("the noise of an image is measured in air, but no voxel of air was given")
    return float(np.sqrt(0.5 * np.mean(np.abs(signal[air]).astype(np.float64) ** 2)))
