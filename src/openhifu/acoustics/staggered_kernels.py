"""One time step of sound on a staggered lattice, every derivative by transforms along its own axis, in two sweeps.

The lattice is [z, x, y]. Pressure lies at voxel centres and whole steps, velocity between them and at half steps. The
first sweep goes through sheets of constant x and does all that happens along z; the second goes through planes of
constant z and does the rest, with the sheet or plane in the cache. Absorbing layers stretch every derivative at the
ends of its axis by a recursion (convolutional perfectly matched layer, equal to the split-field one but with memory
only there; Roden and Gedney, Microw. Opt. Technol. Lett. 27, 334 (2000)).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from rocket_fft import c2r, r2c

_FAST = {"reassoc", "contract", "nsz", "arcp"}


class Motion(NamedTuple):
    """What moves: pressure [Pa], velocities [m/s], relaxing compressions, and the memory of the absorbing layers.

    Attributes:
        p: pressure.
        u: velocity along z, x, y, each displaced by half a voxel towards higher indices.
        q: compressions still to come, one array per relaxation.
        thrust: memory of the pressure's derivatives, per axis (2 layer, then the lattice's other two axes in order).
        growth: memory of the velocities' derivatives, likewise.
    """

    p: NDArray[np.float32]
    u: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
    q: NDArray[np.float32]
    thrust: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
    growth: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


class Stuff(NamedTuple):
    """What resists: numbers per voxel, with the time step in them.

    Attributes:
        gain: dt / compressibility, damping included.
        decay: what is left of the pressure after a step by damping alone.
        light: dt / density at each velocity's place, per axis.
        rate: share of a relaxing compression that relaxes in a step, over dt [1/s], per relaxation.
        keep: what is left of it after the step.
        uptake: compression taken up per pressure at either end of the step [1/Pa], per relaxation and voxel.
    """

    gain: NDArray[np.float32]
    decay: NDArray[np.float32]
    light: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
    rate: NDArray[np.float32]
    keep: NDArray[np.float32]
    uptake: NDArray[np.float32]


class Slopes(NamedTuple):
    """How derivatives are taken: factors on spectra, and the absorbing layers.

    Attributes:
        ahead: i k exp(i k h / 2) / n per axis: from centres to the places between.
        back: i k exp(-i k h / 2) / n per axis: from there to centres.
        fade_ahead: b - 1 of the layers at the places between, (2 layer,), per axis, first the low end.
        fade_back: the same at centres.
    """

    ahead: tuple[NDArray[np.complex64], NDArray[np.complex64], NDArray[np.complex64]]
    back: tuple[NDArray[np.complex64], NDArray[np.complex64], NDArray[np.complex64]]
    fade_ahead: NDArray[np.float32]
    fade_back: NDArray[np.float32]


@njit(nogil=True, cache=True, fastmath=_FAST)
def _along_rows(
    sheet: NDArray[np.float32], spectrum: NDArray[np.complex64], factor: NDArray[np.complex64], out: NDArray[np.float32]
) -> None:
    """Derivative along the last axis."""
    axes = np.array([1])
    r2c(sheet, spectrum, axes, True, 1.0, 1)
    for i in range(spectrum.shape[0]):
        for k in range(spectrum.shape[1]):
            spectrum[i, k] *= factor[k]
    c2r(spectrum, out, axes, False, 1.0, 1)


@njit(nogil=True, cache=True, fastmath=_FAST)
def _along_columns(
    sheet: NDArray[np.float32], spectrum: NDArray[np.complex64], factor: NDArray[np.complex64], out: NDArray[np.float32]
) -> None:
    """Derivative along the first axis."""
    axes = np.array([0])
    r2c(sheet, spectrum, axes, True, 1.0, 1)
    for k in range(spectrum.shape[0]):
        f = factor[k]
        for j in range(spectrum.shape[1]):
            spectrum[k, j] *= f
    c2r(spectrum, out, axes, False, 1.0, 1)


@njit(nogil=True, cache=True, fastmath=_FAST)
def _fade_columns(slope: NDArray[np.float32], memory: NDArray[np.float32], fade: NDArray[np.float32]) -> None:
    """Absorbing layers at both ends of the first axis; ``memory`` is (2 layer, columns)."""
    layer, n = fade.size // 2, slope.shape[0]
    for m in range(2 * layer):
        i = m if m < layer else n - 2 * layer + m
        a = fade[m]
        for j in range(slope.shape[1]):
            memory[m, j] += a * (memory[m, j] + slope[i, j])
            slope[i, j] += memory[m, j]


@njit(nogil=True, cache=True, fastmath=_FAST)
def _fade_rows(slope: NDArray[np.float32], memory: NDArray[np.float32], fade: NDArray[np.float32]) -> None:
    """Absorbing layers at both ends of the last axis; ``memory`` is (rows, 2 layer)."""
    layer, n = fade.size // 2, slope.shape[1]
    for i in range(slope.shape[0]):
        for m in range(2 * layer):
            j = m if m < layer else n - 2 * layer + m
            memory[i, m] += fade[m] * (memory[i, m] + slope[i, j])
            slope[i, j] += memory[i, m]


@njit(nogil=True, cache=True, fastmath=_FAST)
def sweep_sheets(motion: Motion, stuff: Stuff, slopes: Slopes, first: int, last: int) -> None:
    """All that happens along z, in sheets ``first`` to ``last`` (exclusive): velocity, then the pressure's share."""
    nz, _, ny = motion.p.shape
    sheet, out = np.empty((nz, ny), np.float32), np.empty((nz, ny), np.float32)
    spectrum = np.empty((nz // 2 + 1, ny), np.complex64)
    p, u, light = motion.p, motion.u[0], stuff.light[0]
    for i in range(first, last):
        for k in range(nz):
            for j in range(ny):
                sheet[k, j] = p[k, i, j]
        _along_columns(sheet, spectrum, slopes.ahead[0], out)
        _fade_columns(out, motion.thrust[0][:, i], slopes.fade_ahead)
        for k in range(nz):
            for j in range(ny):
                sheet[k, j] = u[k, i, j] - light[k, i, j] * out[k, j]
                u[k, i, j] = sheet[k, j]
        _along_columns(sheet, spectrum, slopes.back[0], out)
        _fade_columns(out, motion.growth[0][:, i], slopes.fade_back)
        for m in range(motion.q.shape[0]):
            q, uptake = motion.q[m], stuff.uptake[m]
            for k in range(nz):
                for j in range(ny):
                    out[k, j] -= stuff.rate[m] * q[k, i, j]
                    q[k, i, j] = stuff.keep[m] * q[k, i, j] + uptake[k, i, j] * p[k, i, j]
        for k in range(nz):
            for j in range(ny):
                p[k, i, j] = stuff.decay[k, i, j] * p[k, i, j] - stuff.gain[k, i, j] * out[k, j]


@njit(nogil=True, cache=True, fastmath=_FAST)
def sweep_planes(motion: Motion, stuff: Stuff, slopes: Slopes, first: int, last: int) -> None:
    """The rest of the step in planes ``first`` to ``last`` (exclusive), then the next lateral velocities."""
    _, nx, ny = motion.p.shape
    out, more = np.empty((nx, ny), np.float32), np.empty((nx, ny), np.float32)
    rows, columns = np.empty((nx, ny // 2 + 1), np.complex64), np.empty((nx // 2 + 1, ny), np.complex64)
    for k in range(first, last):
        p, gain = motion.p[k], stuff.gain[k]
        _along_columns(motion.u[1][k], columns, slopes.back[1], out)
        _fade_columns(out, motion.growth[1][k], slopes.fade_back)
        _along_rows(motion.u[2][k], rows, slopes.back[2], more)
        _fade_rows(more, motion.growth[2][k], slopes.fade_back)
        for i in range(nx):
            for j in range(ny):
                p[i, j] -= gain[i, j] * (out[i, j] + more[i, j])
        for m in range(motion.q.shape[0]):
            q, uptake = motion.q[m, k], stuff.uptake[m, k]
            for i in range(nx):
                for j in range(ny):
                    q[i, j] += uptake[i, j] * p[i, j]
        _along_columns(p, columns, slopes.ahead[1], out)
        _fade_columns(out, motion.thrust[1][k], slopes.fade_ahead)
        _along_rows(p, rows, slopes.ahead[2], more)
        _fade_rows(more, motion.thrust[2][k], slopes.fade_ahead)
        for i in range(nx):
            for j in range(ny):
                motion.u[1][k, i, j] -= stuff.light[1][k, i, j] * out[i, j]
                motion.u[2][k, i, j] -= stuff.light[2][k, i, j] * more[i, j]


@njit(nogil=True, cache=True, fastmath=_FAST)
def add_sheet(
    p: NDArray[np.float32],
    gain: NDArray[np.float32],
    profile: NDArray[np.float32],
    first: int,
    lateral: NDArray[np.complex64],
    turn: complex,
) -> None:
    """Volume source of one step: profile along z from plane ``first``, times Re(lateral * turn)."""
    a, b = np.float32(turn.real), np.float32(turn.imag)
    for n in range(profile.size):
        k = first + n
        for i in range(lateral.shape[0]):
            for j in range(lateral.shape[1]):
                s = lateral[i, j].real * a - lateral[i, j].imag * b
                p[k, i, j] += gain[k, i, j] * profile[n] * s


@njit(nogil=True, cache=True, fastmath=_FAST)
def correlate(
    p: NDArray[np.float32], turn: complex, low: NDArray[np.int64], out: NDArray[np.complex64], first: int, last: int
) -> None:
    """Add p times a complex number to ``out``, the part of the lattice that begins at ``low``."""
    a, b = np.float32(turn.real), np.float32(turn.imag)
    for k in range(first, last):
        for i in range(out.shape[1]):
            for j in range(out.shape[2]):
                v = p[k + low[0], i + low[1], j + low[2]]
                out[k, i, j] += complex(v * a, v * b)
