"""Lateral Fourier transforms in single precision, with the types that callers rely on."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy import fft


def forward(plane: NDArray[np.inexact], threads: int = 1) -> NDArray[np.complex64]:
    """Two-dimensional transform of a plane, or of each of a stack, unscaled."""
    return cast(NDArray[np.complex64], fft.fft2(plane, workers=threads))


def backward(spectrum: NDArray[np.complex64], threads: int = 1, spent: bool = True) -> NDArray[np.complex64]:
    """The way back, divided by the number of samples; a spectrum that is ``spent`` may be used as scratch space."""
    return cast(NDArray[np.complex64], fft.ifft2(spectrum, overwrite_x=spent, workers=threads))


def fast_size(n: int) -> int:
    """The next size, ``n`` or more, whose transform is fast."""
    return cast(int, fft.next_fast_len(n))


def wavenumbers(n: int, spacing: float) -> NDArray[np.float64]:
    """Lateral wavenumbers [rad/m] of a transform of ``n`` samples ``spacing`` [m] apart, in its order."""
    return np.asarray(2 * np.pi * np.fft.fftfreq(n, spacing), dtype=np.float64)
