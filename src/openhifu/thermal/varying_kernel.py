"""Compiled step of bioheat whose properties follow the temperature, with boiling."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

_ZERO, _ONE, _TWO = np.float32(0.0), np.float32(1.0), np.float32(2.0)


@njit(error_model="numpy")
def _factor(table, label, celsius):
    """A law's factor at a temperature [degC], linear between whole degrees."""
    last = np.float32(table.shape[1] - 1)
    at = min(max(celsius, _ZERO), last - np.float32(1e-3))
    n = np.int64(at)
    share = at - np.float32(n)
    return (_ONE - share) * table[label, n] + share * table[label, n + 1]


@njit(error_model="numpy")
def _inflow(t, lab, i, j, k, di, dj, dk, half, conducts, arterial, h):
    """Heat [W/m3] that a voxel gets from one neighbour: difference over the resistances of both half voxels."""
    a, b = lab[i, j, k], lab[i + di, j + dj, k + dk]
    other = t[i + di, j + dj, k + dk]
    own = t[i, j, k]
    resistance = half[a] / _factor(conducts, a, own + arterial) + half[b] / _factor(conducts, b, other + arterial)
    return (other - own) / (resistance * h)


@njit(parallel=True, error_model="numpy", cache=True, nogil=True)
def step(t, out, lab, spacing, halves, capacity, loss, gain, laws, dt, arterial, heat, scale, latent, store):
    """One explicit step.

    Args:
        t: rise above the arterial temperature before, padded.
        out: the same after it; ghosts are not touched.
        lab: labels, padded.
        spacing: m along each axis.
        halves: resistance [m2 K/W] of half a voxel per axis and label, at body temperature; infinite: no conduction.
        capacity: rho c [J/(m3 K)] per label; infinite where the temperature is held.
        loss: perfusion loss [1/s] per label.
        gain: K/s per label from metabolism.
        laws: factors of conductivity, perfusion and absorption (3, labels, degrees).
        dt: s.
        arterial: degC.
        heat: W/m3; of one voxel along an axis where it is the same everywhere.
        scale: factor on it.
        latent: J/m3 per label that evaporates all its water; zero for no boiling.
        store: J/m3 evaporated so far.
    """
    nx, ny, nz = lab.shape[0] - 2, lab.shape[1] - 2, lab.shape[2] - 2
    wide, high = np.int64(heat.shape[0] > 1), np.int64(heat.shape[1] > 1)
    cap = np.float32(100.0) - arterial
    hx, hy, hz = spacing[0], spacing[1], spacing[2]
    for x in prange(nx):
        i = x + 1
        for y in range(ny):
            j = y + 1
            for z in range(nz):
                k = z + 1
                a = lab[i, j, k]
                own = t[i, j, k]
                if not np.isfinite(capacity[a]):
                    out[i, j, k] = own
                    continue
                flow = _inflow(t, lab, i, j, k, -1, 0, 0, halves[0], laws[0], arterial, hx)
                flow += _inflow(t, lab, i, j, k, 1, 0, 0, halves[0], laws[0], arterial, hx)
                flow += _inflow(t, lab, i, j, k, 0, -1, 0, halves[1], laws[0], arterial, hy)
                flow += _inflow(t, lab, i, j, k, 0, 1, 0, halves[1], laws[0], arterial, hy)
                flow += _inflow(t, lab, i, j, k, 0, 0, -1, halves[2], laws[0], arterial, hz)
                flow += _inflow(t, lab, i, j, k, 0, 0, 1, halves[2], laws[0], arterial, hz)
                celsius = own + arterial
                q = scale * heat[x * wide, y * high, z] * _factor(laws[2], a, celsius)
                rate = (flow + q) / capacity[a] - loss[a] * _factor(laws[1], a, celsius) * own + gain[a]
                new = own + dt * rate
                full = latent[a]
                if full > _ZERO:
                    kept = store[x, y, z]
                    energy = (new - cap) * capacity[a] + kept  # above (or below) water at 100 degC
                    if energy <= _ZERO:
                        kept = _ZERO
                    elif energy < full:
                        new, kept = cap, energy
                    else:
                        new, kept = cap + (energy - full) / capacity[a], full
                    if kept == _ZERO:
                        new = cap + energy / capacity[a]
                    store[x, y, z] = kept
                out[i, j, k] = new
