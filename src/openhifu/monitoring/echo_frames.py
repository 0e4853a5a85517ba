"""Pulse-echo images for ablation markers: the analytic echo signal of a plane, and the gray levels made of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.base.grid import Grid

GRAY_LEVELS = 255
"""Highest gray level of an 8-bit image; the lowest is 0."""


@dataclass(frozen=True, eq=False)
class EchoFrame:
    """One beamformed image before detection.

    Attributes:
        grid: pixel centres; the third axis runs along the beam, the second has one pixel for a plane.
        signal: complex64 analytic signal or its baseband form, the grid's shape, any unit; its magnitude is the
            envelope.
        at: when it was taken [s].

    Raises:
        GeometryError: if the signal has another shape.
        OutOfRange: if the signal is not finite.
    """

    grid: Grid
    signal: NDArray[np.complex64]
    at: float

    def __post_init__(self) -> None:
        """Check shape and numbers."""
        if self.signal.shape != self.grid.shape:
            raise GeometryError(f"an echo image has shape {self.signal.shape}, its grid {self.grid.shape}")
        if not np.all(np.isfinite(self.signal)):
            raise OutOfRange("an echo image needs a finite signal; mask or refuse lines that were not received")

    @classmethod
    def of_rf(cls, grid: Grid, rf: NDArray[np.floating], at: float) -> EchoFrame:
        """A frame from real RF lines along the third axis, by the Hilbert transform of each line.

        Args:
            grid: pixel centres; the spacing along the beam must resolve the carrier (two samples a wavelength of echo).
            rf: real, the grid's shape.
            at: s.
        """
        from scipy.signal import hilbert

        return cls(grid, cast(NDArray[np.complex64], np.asarray(hilbert(rf, axis=2)).astype(np.complex64)), at)

    def gray(self, brightest: float, dynamic_range: float) -> NDArray[np.uint8]:
        """Gray levels 0 to 255 as a B-mode screen shows them: the envelope in decibels below ``brightest``, clipped.

        Args:
            brightest: envelope that is shown as 255.
            dynamic_range: dB from 255 down to 0.

        Raises:
            OutOfRange: if one is not positive.
        """
        if not (0 < brightest < math.inf and 0 < dynamic_range < math.inf):
            raise OutOfRange(f"a gray scale needs a positive top and range, got {brightest} and {dynamic_range} dB")
        decibels = 20.0 * np.log10(np.maximum(np.abs(self.signal) / brightest, 1e-12))
        levels = GRAY_LEVELS * (1.0 + decibels / dynamic_range)
        return np.clip(np.rint(levels), 0, GRAY_LEVELS).astype(np.uint8)
