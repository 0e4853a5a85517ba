"""Plane waves that steepen, in closed form: harmonics of an initially sinusoidal wave, the oracles of every stepper.

All take sigma, the distance in units of the shock formation distance rho c^3 / (beta omega p0), and give amplitudes
relative to the source pressure p0.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import OutOfRange

_SAMPLES = 4096  # samples of a period of the exact waveform
_PANELS, _POINTS = 64, 32  # panels of the integral over a half-period and Gauss points in each
_SHARPEST = 30.0  # Gol'dberg number beyond which the series of Bessel functions cancels to nothing


def fubini(sigma: float, harmonics: int) -> NDArray[np.float64]:
    """Harmonics 1 to ``harmonics`` of a lossless wave before it shocks: 2 J_n(n sigma) / (n sigma).

    Raises:
        OutOfRange: if sigma is not between 0 and 1.

    Source: E. Fubini-Ghiron, Alta Frequenza 4, 530 (1935); Hamilton and Blackstock, Nonlinear Acoustics, chapter 4.
    """
    if not 0 < sigma <= 1:
        raise OutOfRange(f"Fubini's series holds for sigma above 0 and up to 1, got {sigma}; use blackstock beyond")
    from scipy.special import jv

    n = np.arange(1, harmonics + 1)
    return np.asarray(2 * jv(n, n * sigma) / (n * sigma), dtype=np.float64)


def blackstock(sigma: float, harmonics: int) -> NDArray[np.float64]:
    """Harmonics of a wave without viscosity, before, while and after it shocks (weak shock theory).

    B_n = 2 V / (n pi) + 2 / (n pi sigma) * integral from asin(V) to pi of cos(n (phi - sigma sin phi)), where the
    shock's half height V solves V = sin(sigma V), zero up to sigma = 1.

    Source: D. T. Blackstock, J. Acoust. Soc. Am. 39, 1019 (1966).
    """
    if not sigma > 0:
        raise OutOfRange(f"sigma must be positive, got {sigma}")
    from scipy.optimize import brentq

    start = 0.0 if sigma <= 1 else cast(float, brentq(lambda phi: phi - sigma * np.sin(phi), 1e-9, np.pi))
    node, weight = np.polynomial.legendre.leggauss(_POINTS)
    width = (np.pi - start) / _PANELS
    phi = (start + width * (np.arange(_PANELS)[:, None] + 0.5 * (node + 1))).ravel()
    weight = np.tile(0.5 * width * weight, _PANELS)
    n = np.arange(1, harmonics + 1)
    wave = np.cos(n[:, None] * (phi - sigma * np.sin(phi))[None, :]) @ weight
    return np.asarray(2 * np.sin(start) / (n * np.pi) + 2 * wave / (n * np.pi * sigma), dtype=np.float64)


def fay(sigma: float, gol: float, harmonics: int) -> NDArray[np.float64]:
    """Harmonics of the old, thermoviscous shock: (2 / G) / sinh(n (1 + sigma) / G), G the Gol'dberg number.

    Good beyond sigma of about 3 for G above some tens. Source: R. D. Fay, J. Acoust. Soc. Am. 3, 222 (1931).
    """
    n = np.arange(1, harmonics + 1)
    return np.asarray(2 / gol / np.sinh(n * (1 + sigma) / gol), dtype=np.float64)


def mendousse(sigma: float, gol: float, harmonics: int) -> NDArray[np.float64]:
    """Harmonics of a thermoviscous wave at any distance, exactly (attenuation as frequency squared).

    The logarithmic derivative of I_0(G/2) + 2 sum (-1)^m I_m(G/2) exp(-m^2 sigma / G) cos(m y), times 2 / G.

    Args:
        sigma: distance, positive.
        gol: Gol'dberg number, shock distance times attenuation at the fundamental, inverted.
        harmonics: how many.

    Source: J. S. Mendousse, J. Acoust. Soc. Am. 25, 51 (1953).
    """
    from scipy.special import ive

    if not (sigma > 0 and 0 < gol <= _SHARPEST):
        raise OutOfRange(f"sigma must be positive and the Gol'dberg number up to {_SHARPEST}, got {sigma} and {gol}")
    y = 2 * np.pi * np.arange(_SAMPLES) / _SAMPLES
    m = np.arange(1, 400)
    weight = 2 * (-1.0) ** m * ive(m, gol / 2) * np.exp(-(m**2) * sigma / gol)
    total = ive(0, gol / 2) + weight @ np.cos(np.outer(m, y))
    slope = -(weight * m) @ np.sin(np.outer(m, y))
    wave = 2 / gol * slope / total
    return np.asarray(2 * np.fft.rfft(wave)[1 : harmonics + 1].imag / -_SAMPLES, dtype=np.float64)
