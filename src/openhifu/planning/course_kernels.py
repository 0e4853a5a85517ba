"""Compiled dose of a whole course: every voxel's CEM43 over all stretches, and what each rise gives to it.

A temperature goes linearly from one end of a stretch to the other; the dose of the stretch is the exact integral of
R**(43 - T), R 0.25 below and 0.5 above 43 C, so that both depend only on the values at the ends.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

_LN2, _LN4 = math.log(2.0), math.log(4.0)
_COLD = -5.0  # K above 43 C; what stays below adds less than 4 s of CEM43 an hour
_MELTED = 60.0  # K above 43 C, beyond which dose grows no more; far above boiling, never reached by a plan
_FLAT = 1e-3  # K; a change smaller than this is integrated by its middle
_CHUNK = 128


@njit(error_model="numpy", forceinline=True)
def _rate(u):
    """Minutes of CEM43 a minute at ``u`` K above 43 C."""
    return math.exp(_LN4 * u) if u < 0 else math.exp(_LN2 * u)


@njit(error_model="numpy", forceinline=True)
def _integral(u, rate):
    """Integral of the rate over temperature up to ``u``, whose rate is known."""
    return rate / _LN4 if u < 0 else 1 / _LN4 + (rate - 1) / _LN2


@njit(error_model="numpy", forceinline=True)
def _mean(u0, rate0, u1, rate1):
    """Mean rate over a linear change."""
    if abs(u1 - u0) < _FLAT:
        return _rate((u0 + u1) / 2)
    return (_integral(u1, rate1) - _integral(u0, rate0)) / (u1 - u0)


@njit(parallel=True, error_model="numpy", cache=True, nogil=True)
def add_dose(rises, minutes, to43, dose):
    """Add all stretches to the dose of every voxel.

    Args:
        rises: K above arterial temperature at the end of every stretch (stretches, voxels); zero before the first.
        minutes: of every stretch.
        to43: arterial temperature - 43 C.
        dose: CEM43 [min] of every voxel.
    """
    count, voxels = rises.shape
    for chunk in prange((voxels + _CHUNK - 1) // _CHUNK):
        begin = chunk * _CHUNK
        stop = min(begin + _CHUNK, voxels)
        before = np.full(stop - begin, to43)
        rates = np.full(stop - begin, _rate(to43))
        for n in range(count):
            for v in range(begin, stop):
                k = v - begin
                u = min(np.float64(rises[n, v]) + to43, _MELTED)
                cold = u <= _COLD
                rate = 0.0 if cold and before[k] <= _COLD else _rate(u)
                if not (cold and before[k] <= _COLD):
                    if rates[k] == 0.0:
                        rates[k] = _rate(before[k])
                    dose[v] += minutes[n] * _mean(before[k], rates[k], u, rate)
                before[k], rates[k] = u, rate


@njit(error_model="numpy", forceinline=True)
def _end_slope(u, other):
    """Derivative of the mean rate between ``u`` and the other end with respect to ``u``."""
    if max(u, other) <= _COLD or u >= _MELTED:
        return 0.0
    if abs(u - other) < _FLAT:
        middle = (u + other) / 2
        return _rate(middle) * (_LN4 if middle < 0 else _LN2) / 2
    rate = _rate(u)
    return (rate - _mean(other, _rate(other), u, rate)) / (u - other)


@njit(parallel=True, error_model="numpy", cache=True, nogil=True)
def add_slopes(rises, number, minutes, to43, per_dose, given):
    """Add what the rises at the end of one stretch give to an objective of the dose.

    Args:
        rises: as for ``add_dose``.
        number: of the stretch.
        minutes: of every stretch.
        to43: arterial temperature - 43 C.
        per_dose: derivative of the objective with respect to the dose of every voxel.
        given: derivative with respect to the rise of every voxel.
    """
    count, voxels = rises.shape
    for chunk in prange((voxels + _CHUNK - 1) // _CHUNK):
        for v in range(chunk * _CHUNK, min(chunk * _CHUNK + _CHUNK, voxels)):
            if per_dose[v] == 0.0:
                continue
            u = min(np.float64(rises[number, v]) + to43, _MELTED)
            before = min(np.float64(rises[number - 1, v]) + to43, _MELTED) if number else to43
            slope = minutes[number] * _end_slope(u, before)
            if number + 1 < count:
                after = min(np.float64(rises[number + 1, v]) + to43, _MELTED)
                slope += minutes[number + 1] * _end_slope(u, after)
            given[v] += per_dose[v] * slope
