"""Runs of equal tissue along the rows of a label volume, and the fastest exchange in it: known once, used every step.

A run is uniform when all six neighbours of its voxels carry the same label; its step then needs no look-ups.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

MIXED = 255
"""Mark of a run of voxels that touch another tissue; all other runs carry their own label."""


@njit
def _mark(lab, i, j, k):
    a = lab[i, j, k]
    same = lab[i - 1, j, k] == a and lab[i + 1, j, k] == a and lab[i, j - 1, k] == a and lab[i, j + 1, k] == a
    return np.int64(a) if same and lab[i, j, k - 1] == a and lab[i, j, k + 1] == a else np.int64(MIXED)


@njit(cache=True)
def count_runs(lab):
    """Number of runs of each row of a padded label array, as offsets (rows + 1)."""
    nx, ny, nz = lab.shape[0] - 2, lab.shape[1] - 2, lab.shape[2] - 2
    runs = np.zeros(nx * ny + 1, np.int32)
    for x in range(nx):
        for y in range(ny):
            n, last = 0, -1
            for k in range(1, nz + 1):
                mark = _mark(lab, x + 1, y + 1, k)
                if mark != last:
                    n, last = n + 1, mark
            runs[x * ny + y + 1] = runs[x * ny + y] + n
    return runs


@njit(cache=True)
def fill_runs(lab, runs):
    """Where each run stops, its mark, and how many mixed voxels come before each row (rows + 1)."""
    nx, ny, nz = lab.shape[0] - 2, lab.shape[1] - 2, lab.shape[2] - 2
    stops = np.zeros(runs[-1], np.uint32)
    marks = np.zeros(runs[-1], np.uint8)
    mixed = np.zeros(runs.size, np.uint32)
    for x in range(nx):
        for y in range(ny):
            n, last, count = runs[x * ny + y] - 1, -1, 0
            for k in range(1, nz + 1):
                mark = _mark(lab, x + 1, y + 1, k)
                if mark != last:
                    n, last = n + 1, mark
                    marks[n] = mark
                stops[n] = k
                count += mark == MIXED
            mixed[x * ny + y + 1] = mixed[x * ny + y] + count
    return stops, marks, mixed


@njit(parallel=True, cache=True)
def fill_weights(lab, mixed, gx, gy, gz, loss, warm):
    """Per voxel of a mixed run: rates through its six faces, their sum with its loss [1/s], and 1 / (rho c).

    Args:
        lab: labels, padded.
        mixed: first weight of each row, from ``fill_runs``.
        gx: rates [1/s] between labels through x faces.
        gy: the same for y faces.
        gz: the same for z faces.
        loss: perfusion loss [1/s] per label.
        warm: 1 / (rho c) per label.
    """
    nx, ny, nz = lab.shape[0] - 2, lab.shape[1] - 2, lab.shape[2] - 2
    weights = np.zeros((mixed[-1], 8), np.float32)
    for x in prange(nx):
        for y in range(ny):
            m, i, j = np.int64(mixed[x * ny + y]), x + 1, y + 1
            for k in range(1, nz + 1):
                if _mark(lab, i, j, k) != MIXED:
                    continue
                a = lab[i, j, k]
                weights[m, 0], weights[m, 1] = gx[a, lab[i - 1, j, k]], gx[a, lab[i + 1, j, k]]
                weights[m, 2], weights[m, 3] = gy[a, lab[i, j - 1, k]], gy[a, lab[i, j + 1, k]]
                weights[m, 4], weights[m, 5] = gz[a, lab[i, j, k - 1]], gz[a, lab[i, j, k + 1]]
                weights[m, 6] = weights[m, :6].sum() + loss[a]
                weights[m, 7] = warm[a]
                m += 1
    return weights


@njit(parallel=True, cache=True)
def fastest_rate(lab, gx, gy, gz, loss):
    """Largest sum of all rates [1/s] at which a voxel exchanges with its surroundings (Gershgorin's bound, halved)."""
    nx, ny, nz = lab.shape[0] - 2, lab.shape[1] - 2, lab.shape[2] - 2
    worst = np.zeros(nx)
    for x in prange(nx):
        i, most = x + 1, 0.0
        for j in range(1, ny + 1):
            for k in range(1, nz + 1):
                a = lab[i, j, k]
                rate = loss[a] + gx[a, lab[i - 1, j, k]] + gx[a, lab[i + 1, j, k]]
                rate += gy[a, lab[i, j - 1, k]] + gy[a, lab[i, j + 1, k]]
                rate += gz[a, lab[i, j, k - 1]] + gz[a, lab[i, j, k + 1]]
                most = max(most, rate)
        worst[x] = most
    return worst.max()
