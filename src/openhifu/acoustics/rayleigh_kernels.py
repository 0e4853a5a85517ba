"""Compiled sums of spherical waves: the inner loops of the Rayleigh integral, in float64."""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

# Sums may be reordered (that is what lets them run in vector registers); the order is fixed once compiled.
_FAST = {"reassoc", "contract", "nsz", "arcp", "nnan", "ninf"}


@njit(inline="always", fastmath=_FAST)
def cis_cycles(cycles: float) -> tuple[float, float]:
    """Cosine and sine of 2 pi * cycles, to 1e-12: half turns are taken out, a polynomial does the rest.

    The coefficients are least-squares fits on Chebyshev nodes of a quarter turn either way.
    """
    half_turns = np.floor(2.0 * cycles + 0.5)
    x = cycles - 0.5 * half_turns
    sign = 1.0 - 4.0 * abs(0.5 * half_turns - np.floor(0.5 * half_turns))
    u = x * x
    cosine = 60.24331267731577 + u * (-26.39496107042471 + u * 7.53666664709256)
    cosine = 64.93939372101615 + u * (-85.4567882058928 + u * cosine)
    cosine = 0.9999999999992504 + u * (-19.739208801001546 + u * cosine)
    sine = 42.05813528788193 + u * (-15.081489287475014 + u * 3.6658880287317146)
    sine = 81.60524914918331 + u * (-76.70584755658447 + u * sine)
    sine = x * (6.283185307179269 + u * (-41.341702239904336 + u * sine))
    return sign * cosine, sign * sine


@njit(inline="always", fastmath=_FAST)
def decay(exponent: float) -> float:
    """exp(-exponent) to 1e-9 for exponents from 0 to 16, without a branch: a short series to the 64th power.

    Beyond 16 it is small but not exact.
    """
    x = min(exponent, 60.0) * (-1.0 / 64.0)
    y = 1.0 / 24.0 + x * (1.0 / 120.0 + x * (1.0 / 720.0 + x * (1.0 / 5040.0 + x * (1.0 / 40320.0))))
    y = 1.0 + x * (1.0 + x * (0.5 + x * (1.0 / 6.0 + x * y)))
    y = y * y
    y = y * y
    y = y * y
    y = y * y
    y = y * y
    return y * y


@njit(inline="always", fastmath=_FAST)
def inverse_root(square: float) -> float:
    """1 / sqrt in float64: a float32 root and one Newton step, twice as fast as the float64 root."""
    rough = np.float64(np.float32(1.0) / np.sqrt(np.float32(square)))
    return rough * (1.5 - 0.5 * square * rough * rough)


@njit(parallel=True, nogil=True, fastmath=_FAST, cache=True)
def sum_waves(
    targets: NDArray[np.float64],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    z: NDArray[np.float64],
    weight_re: NDArray[np.float64],
    weight_im: NDArray[np.float64],
    per_metre: float,
    alpha: float,
    out: NDArray[np.complex128],
) -> None:
    """out[t] = sum_j weight_j exp((2 pi i per_metre - alpha) R) / R over all sources, R their distance to target t."""
    for t in prange(targets.shape[0]):
        tx, ty, tz = targets[t, 0], targets[t, 1], targets[t, 2]
        re, im = 0.0, 0.0
        for j in range(x.size):
            square = (tx - x[j]) ** 2 + (ty - y[j]) ** 2 + (tz - z[j]) ** 2
            inverse = inverse_root(square)
            distance = square * inverse
            c, s = cis_cycles(distance * per_metre)
            inverse *= decay(alpha * distance)
            re += inverse * (weight_re[j] * c - weight_im[j] * s)
            im += inverse * (weight_re[j] * s + weight_im[j] * c)
        out[t] = complex(re, im)


@njit(parallel=True, nogil=True, fastmath=_FAST, cache=True)
def sum_waves_by_element(
    targets: NDArray[np.float64],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    z: NDArray[np.float64],
    weight: NDArray[np.float64],
    offsets: NDArray[np.int64],
    per_metre: float,
    alpha: float,
    out: NDArray[np.complex64],
) -> None:
    """out[e, t]: the same sum over the sources of each element apart, with real weights."""
    for t in prange(targets.shape[0]):
        tx, ty, tz = targets[t, 0], targets[t, 1], targets[t, 2]
        for e in range(offsets.size - 1):
            re, im = 0.0, 0.0
            for j in range(offsets[e], offsets[e + 1]):
                square = (tx - x[j]) ** 2 + (ty - y[j]) ** 2 + (tz - z[j]) ** 2
                inverse = inverse_root(square)
                distance = square * inverse
                c, s = cis_cycles(distance * per_metre)
                inverse *= weight[j] * decay(alpha * distance)
                re += inverse * c
                im += inverse * s
            out[e, t] = complex(re, im)
