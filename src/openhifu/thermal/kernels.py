"""Compiled inner loops: one explicit bioheat step fused with dose and peak, dose on its own, the hottest of a region.

Temperatures here are float32 rises above the arterial temperature, in arrays padded by one ghost voxel on every side,
so that small rises keep their digits and no loop has an edge. Kernels that call one another stay in one file: numba's
cache on disk watches only the file it compiled.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

from openhifu.thermal.runs import MIXED

_FAST = {"nnan", "nsz", "contract", "reassoc", "arcp"}
_ONE = np.float32(1.0)
_TWO = np.float32(2.0)
_HALF = np.float32(0.5)
_NONE = np.float32(0.0)
_BLOCK = 64
_LEAST = np.float32(1e-5)
"""K; a change within a step smaller than this is taken as this, which moves the dose by less than 4e-6 of itself."""
_PER_LN2 = np.float32(1.0 / math.log(2.0))
_E = tuple(np.float32(math.log(2.0) ** n / math.factorial(n)) for n in range(1, 8))
"""Taylor coefficients of 2**f - 1; to f**7 they leave 4e-9 at f = 0.5."""


@njit(fastmath=_FAST, error_model="numpy", forceinline=True)
def _power_less_one(f):
    """2**f - 1 for f in [-0.5, 0.5], right to the last bits near f = 0 too."""
    p = _E[6]
    p = p * f + _E[5]
    p = p * f + _E[4]
    p = p * f + _E[3]
    p = p * f + _E[2]
    p = p * f + _E[1]
    p = p * f + _E[0]
    return p * f


@njit(fastmath=_FAST, error_model="numpy", forceinline=True)
def _whole_power(n):
    """2**n of a float32 that holds a whole number in [-126, 126], by its exponent bits; no 64-bit integer arises."""
    return np.int32((n + np.float32(127.0)) * np.float32(8388608.0)).view(np.float32)


@njit(fastmath=_FAST, error_model="numpy", forceinline=True)
def _exp2(x):
    """2**x in float32, saturating at 2**-126 and 2**126."""
    x = min(max(x, np.float32(-126.0)), np.float32(126.0))
    n = np.floor(x + _HALF)
    return _whole_power(n) * (_ONE + _power_less_one(x - n))


@njit(fastmath=_FAST, error_model="numpy", forceinline=True)
def _exp2_less_one(x):
    """2**x - 1 in float32 for x >= 0 without cancellation, saturating at 2**126."""
    x = min(x, np.float32(126.0))
    n = np.floor(x + _HALF)
    scale = _whole_power(n)
    return scale * _power_less_one(x - n) + (scale - _ONE)


@njit(fastmath=_FAST, error_model="numpy", forceinline=True)
def _mean_rate(u0, u1):
    """Mean of R**(43 - T) over a step in which T - 43 C goes linearly from u0 to u1, 43 C crossed or not.

    The integrand is 4**u below and 2**u above zero; each part is r(start) (2**(s w) - 1) / (s ln 2), w its width.
    """
    low = min(u0, u1)
    high = max(max(u0, u1), low + _LEAST)
    below = min(low, _NONE)
    above = max(low, _NONE)
    cool = _exp2_less_one(_TWO * (min(high, _NONE) - below)) * _HALF
    hot = _exp2_less_one(max(high, _NONE) - above)
    start = _exp2(_TWO * below + above)
    return (start * cool + max(start, _ONE) * hot) * _PER_LN2 / (high - low)


@njit(fastmath=_FAST, error_model="numpy")
def _above(row, level):
    """How many values are above a level; unlike a maximum, this vectorises."""
    count = _NONE
    for k in range(row.size):
        count += _ONE if row[k] > level else _NONE
    return count


@njit(fastmath=_FAST, error_model="numpy")
def _either_above(one, other, level):
    """How many pairs of values have one above a level."""
    count = _NONE
    for k in range(one.size):
        count += _ONE if max(one[k], other[k]) > level else _NONE
    return count


@njit(fastmath=_FAST, error_model="numpy")
def _highest(row, level):
    """Maximum of a row and a level that is seldom exceeded."""
    if _above(row, level) > _NONE:
        for k in range(row.size):
            level = max(level, row[k])
    return level


@njit(fastmath=_FAST, error_model="numpy")
def _dose_block(before, after, to43, floor, minutes, dose):
    """Add one step to neighbouring voxels; those below ``floor`` [K above 43 C] throughout gain nothing."""
    for k in range(dose.size):
        u0 = before[k] + to43
        u1 = after[k] + to43
        add = minutes * _mean_rate(u0, u1)
        dose[k] += add if max(u0, u1) > floor else _NONE


@njit(fastmath=_FAST, error_model="numpy")
def _dose_row(before, after, to43, floor, minutes, dose):
    """Add one step to a row of the continuous form, block by block: most blocks are too cold to look at."""
    for begin in range(0, dose.size, _BLOCK):
        stop = min(begin + _BLOCK, dose.size)
        row0, row1 = before[begin:stop], after[begin:stop]
        if _either_above(row0, row1, floor - to43) > _NONE:
            _dose_block(row0, row1, to43, floor, minutes, dose[begin:stop])


@njit(fastmath=_FAST, error_model="numpy")
def _step_row(out, c, xm, xp, ym, yp, zm, zp, q, first, last, stops, marks, m, weights, rates, dt, seconds):
    """Conduction, perfusion and heat of one row; a voxel of a mixed run has its own rates and its own loss."""
    begin = np.int64(0)
    for s in range(first, last):
        stop = np.int64(stops[s])
        a = marks[s]
        if a == MIXED:
            for k in range(begin, stop):
                inflow = weights[m, 0] * xm[k] + weights[m, 1] * xp[k] + weights[m, 2] * ym[k]
                inflow += weights[m, 3] * yp[k] + weights[m, 4] * zm[k] + weights[m, 5] * zp[k]
                out[k] = c[k] + dt * (inflow - weights[m, 6] * c[k]) + seconds * weights[m, 7] * q[k]
                m += np.uint32(1)
        else:
            fx, fy, fz, warm = dt * rates[0, a], dt * rates[1, a], dt * rates[2, a], seconds * rates[4, a]
            keep = _ONE - _TWO * (fx + fy + fz) - dt * rates[3, a]
            if keep == _ONE and warm == _NONE:  # held: both buffers carry its temperature since the start
                begin = stop
                continue
            for k in range(begin, stop):
                inflow = fx * (xm[k] + xp[k]) + fy * (ym[k] + yp[k]) + fz * (zm[k] + zp[k])
                out[k] = keep * c[k] + inflow + warm * q[k]
        begin = stop


@njit(fastmath=_FAST, error_model="numpy")
def _stop_perfusion(out, c, lab, rates, dt, dose, level):
    """Give back what perfusion took from voxels whose dose has stopped it."""
    if _above(dose, level) > _NONE:
        for k in range(dose.size):
            if dose[k] > level:
                out[k] += dt * rates[3, lab[k]] * c[k]


@njit(parallel=True, fastmath=_FAST, error_model="numpy", cache=True, nogil=True)
def step(t, out, lab, runs, mixed, stops, marks, weights, rates, dt, gain, heat, scale, dose, dosing, peak, track, top):
    """One explicit step of every voxel, with heat, dose and running peak done while a row is in the cache.

    Args:
        t: rise before the step, padded.
        out: rise after it, padded; ghosts are not touched.
        lab: labels, padded.
        runs: first run of each row (rows + 1).
        mixed: first row of ``weights`` of each row (rows + 1).
        stops: index after the last voxel of each run.
        marks: label of each run or ``MIXED``.
        weights: per voxel of a mixed run (row): six rates of exchange, their sum with the loss [1/s], 1 / (rho c).
        rates: per label: rates of exchange with its like along x, y, z, loss [1/s], 1 / (rho c).
        dt: s.
        gain: K/s a label gains from sources that do not change; of size 1 for none.
        heat: heat rate [W/m3]; along an axis of length 1 it is the same everywhere.
        scale: factor on it.
        dose: CEM43 [min].
        dosing: (on, arterial temperature - 43, floor - 43, minutes of the step, dose at which perfusion stops).
        peak: highest rise so far.
        track: whether to keep it.
        top: highest rise of each plane so far.
    """
    nx, ny, nz = lab.shape[0] - 2, lab.shape[1] - 2, lab.shape[2] - 2
    wide, high = np.int64(heat.shape[0] > 1), np.int64(heat.shape[1] > 1)
    stopping = dosing[4] < np.float32(1e30)
    for x in prange(nx):
        i = x + 1
        highest = top[x]
        for y in range(ny):
            j, r = y + 1, x * ny + y
            first, last, m = runs[r], runs[r + 1], mixed[r]
            row, c = out[i, j, 1 : nz + 1], t[i, j, 1 : nz + 1]
            xm, xp = t[i - 1, j, 1 : nz + 1], t[i + 1, j, 1 : nz + 1]
            ym, yp = t[i, j - 1, 1 : nz + 1], t[i, j + 1, 1 : nz + 1]
            zm, zp = t[i, j, 0:nz], t[i, j, 2 : nz + 2]
            q = heat[np.int64(x) * wide, y * high]
            _step_row(row, c, xm, xp, ym, yp, zm, zp, q, first, last, stops, marks, m, weights, rates, dt, dt * scale)
            if gain.size > 1:
                for k in range(nz):
                    row[k] += dt * gain[lab[i, j, k + 1]]
            if dosing[0] > _NONE:
                if stopping:
                    _stop_perfusion(row, c, lab[i, j, 1 : nz + 1], rates, dt, dose[x, y], dosing[4])
                _dose_row(c, row, dosing[1], dosing[2], dosing[3], dose[x, y])
            highest = _highest(row, highest)
            if track:
                kept = peak[x, y]
                for k in range(nz):
                    kept[k] = max(kept[k], row[k])
        top[x] = highest


@njit(parallel=True, fastmath=_FAST, error_model="numpy", cache=True, nogil=True)
def stage(t, out, first, one, lab, runs, mixed, stops, marks, weights, rates, dt, gain, heat, scale, mix):
    """One stage of a Runge-Kutta-Legendre step, as differences from its beginning, so that what is equal stays equal.

    out <- first + mix0 (t - first) + mix1 (out - first) + mix2 (one - first) + dt L(t).

    Args:
        t: the stage before, padded.
        out: the stage before that; takes the new one.
        first: where the step began.
        one: the first stage.
        lab: see ``step`` for this and all up to ``scale``.
        runs: first run of each row.
        mixed: first row of ``weights`` of each row.
        stops: index after the last voxel of each run.
        marks: label of each run or ``MIXED``.
        weights: of voxels of mixed runs.
        rates: per label.
        dt: s, the stage's share of the step.
        gain: K/s a label gains from sources that do not change; of size 1 for none.
        heat: heat rate [W/m3].
        scale: factor on it.
        mix: weights of t, out and one.
    """
    nx, ny, nz = lab.shape[0] - 2, lab.shape[1] - 2, lab.shape[2] - 2
    wide, high = np.int64(heat.shape[0] > 1), np.int64(heat.shape[1] > 1)
    for x in prange(nx):
        i = x + 1
        euler = np.empty(nz, np.float32)
        for y in range(ny):
            j, r = y + 1, x * ny + y
            c = t[i, j, 1 : nz + 1]
            for k in range(nz):
                euler[k] = c[k]
            xm, xp = t[i - 1, j, 1 : nz + 1], t[i + 1, j, 1 : nz + 1]
            ym, yp = t[i, j - 1, 1 : nz + 1], t[i, j + 1, 1 : nz + 1]
            zm, zp = t[i, j, 0:nz], t[i, j, 2 : nz + 2]
            q = heat[np.int64(x) * wide, y * high]
            a, b, m = runs[r], runs[r + 1], mixed[r]
            _step_row(euler, c, xm, xp, ym, yp, zm, zp, q, a, b, stops, marks, m, weights, rates, dt, dt * scale)
            if gain.size > 1:
                for k in range(nz):
                    euler[k] += dt * gain[lab[i, j, k + 1]]
            row, began, after = out[i, j, 1 : nz + 1], first[i, j, 1 : nz + 1], one[i, j, 1 : nz + 1]
            for k in range(nz):
                grown = mix[0] * (c[k] - began[k]) + mix[1] * (row[k] - began[k]) + mix[2] * (after[k] - began[k])
                row[k] = began[k] + grown + (euler[k] - c[k])


@njit(parallel=True, fastmath=_FAST, error_model="numpy", cache=True, nogil=True)
def note_peaks(t, peak, track, top):
    """Take note of the highest rise so far: of every voxel where ``track``, and of every plane."""
    nx, ny, nz = t.shape[0] - 2, t.shape[1] - 2, t.shape[2] - 2
    for x in prange(nx):
        highest = top[x]
        for y in range(ny):
            row = t[x + 1, y + 1, 1 : nz + 1]
            highest = _highest(row, highest)
            if track:
                kept = peak[x, y]
                for k in range(nz):
                    kept[k] = max(kept[k], row[k])
        top[x] = highest


@njit(parallel=True, fastmath=_FAST, error_model="numpy", cache=True, nogil=True)
def accumulate(before, after, pad, to43, floor, minutes, dose):
    """Add one step to a dose field in the continuous form, from the temperatures at its start and end.

    Args:
        before: temperature less a base, at the start, with ``pad`` ghost voxels on every side.
        after: the same at the end.
        pad: 0 or 1.
        to43: base - 43 C.
        floor: floor - 43 C; voxels below it throughout add nothing.
        minutes: length of the step.
        dose: CEM43 [min].
    """
    nx, ny, nz = dose.shape
    for x in prange(nx):
        for y in range(ny):
            row0, row1 = before[x + pad, y + pad, pad : pad + nz], after[x + pad, y + pad, pad : pad + nz]
            _dose_row(row0, row1, to43, floor, minutes, dose[x, y])


@njit(fastmath=_FAST, error_model="numpy", forceinline=True)
def _mean_rate_of(low, high, s, start, stop):
    """Mean of 2**(s u) over a step from ``low`` to ``high``, counting only the part between ``start`` and ``stop``."""
    a = min(max(low, start), stop)
    b = min(max(high, start), stop)
    return _exp2(s * a) * _exp2_less_one(s * (b - a)) * _PER_LN2 / (s * (high - low))


@njit(parallel=True, fastmath=_FAST, error_model="numpy", cache=True, nogil=True)
def accumulate_iso(before, after, pad, to43, minutes, slow, fast, peak):
    """Add one step to both candidate doses of the ISO form (R 0.25 and R 0.5 throughout, from 39 C) and to the peak.

    Arguments as in ``accumulate``; ``peak`` is the highest temperature less 43 C.
    """
    nx, ny, nz = slow.shape
    begin, end = np.float32(-4.0), np.float32(126.0)
    for x in prange(nx):
        for y in range(ny):
            row0, row1 = before[x + pad, y + pad, pad : pad + nz], after[x + pad, y + pad, pad : pad + nz]
            for k in range(nz):
                u0, u1 = row0[k] + to43, row1[k] + to43
                low = min(u0, u1)
                high = max(max(u0, u1), low + _LEAST)
                slow[x, y, k] += minutes * _mean_rate_of(low, high, _TWO, begin, _NONE)
                fast[x, y, k] += minutes * _mean_rate_of(low, high, _ONE, begin, end)
                peak[x, y, k] = max(peak[x, y, k], max(u0, u1))


@njit(fastmath=_FAST, error_model="numpy", cache=True, nogil=True)
def hottest(t, pad, runs):
    """Highest value of an array with ``pad`` ghost voxels over stretches (i, j, first k, last k + 1) of voxels."""
    level = t[runs[0, 0] + pad, runs[0, 1] + pad, runs[0, 2] + pad]
    for n in range(runs.shape[0]):
        level = _highest(t[runs[n, 0] + pad, runs[n, 1] + pad, runs[n, 2] + pad : runs[n, 3] + pad], level)
    return level


@njit(parallel=True, error_model="numpy", cache=True, nogil=True)
def weigh_rows(heat, t, sums):
    """Sum of heat times a padded state, plane by plane, in float64: the same however many threads share the planes."""
    nx, ny, nz = heat.shape
    for x in prange(nx):
        total = 0.0
        for y in range(ny):
            row, state = heat[x, y], t[x + 1, y + 1, 1 : nz + 1]
            part = 0.0
            for k in range(nz):
                part += np.float64(row[k]) * state[k]
            total += part
        sums[x] = total
