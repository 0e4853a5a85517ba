"""Compiled plane-by-plane march: diffraction in the lateral spectrum, refraction and loss in space."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from rocket_fft import c2c

from openhifu.acoustics.rayleigh_kernels import cis_cycles, decay

_FAST = {"reassoc", "contract", "nsz", "arcp", "nnan", "ninf"}
_STALE = 2e-3  # relative change of the reference wavenumber after which the propagator is made anew
_STALE_LOSS = 2e-2  # relative change of the reference attenuation after which it is
_GRAZING = 0.98  # lateral wavenumbers above this share of k are dropped: they run along the planes
_STEEPEST = 0.3  # smallest cosine counted in the mean slope of the rays


class Tables(NamedTuple):
    """Numbers per label; see ``Materials``."""

    wavenumber: NDArray[np.float64]
    attenuation: NDArray[np.float64]
    soft: NDArray[np.bool_]
    transmission: NDArray[np.float64]
    square: NDArray[np.float32]
    heat: NDArray[np.float32]


class Beam(NamedTuple):
    """The geometric beam on the lattice: it sets reference values, never the field.

    Attributes:
        centre: fractional lateral index of the source's axis, shape (2,).
        radius: radius of the beam on each plane [m], shape (nz,).
        lateral: squared lateral wavenumbers of equal shares of the aperture [rad2/m2].
        fallback: wavenumber where the beam holds no soft tissue [rad/m].
        steps: voxel size along x, y, z [m].
    """

    centre: NDArray[np.float64]
    radius: NDArray[np.float64]
    lateral: NDArray[np.float64]
    fallback: float
    steps: NDArray[np.float64]


class Keep(NamedTuple):
    """Where results go; arrays of size zero are not kept.

    Attributes:
        pressure: (nz, nx, ny).
        heat: block means (planes, rows, columns).
        first: voxel index (x, y, z) of the first block.
        block: voxels per block and axis.
        window: |P|^2 near the axis on every plane (nz, rows, columns).
        corner: lateral index of the window's first voxel.
        best: |P|^2 on the plane with the largest |P| (nx, ny).
        largest: largest |P|^2 of each plane (nz,).
        power: attenuated, absorbed, reflected and lateral power [W].
        losses: attenuation and heat per |Q|^2 [W/m3 per Pa2] and 1 / (2 carried impedance), shape (3, labels).
        reflected: share of the power turned back, (labels, labels).
    """

    pressure: NDArray[np.complex64]
    heat: NDArray[np.float32]
    first: NDArray[np.int64]
    block: int
    window: NDArray[np.float32]
    corner: NDArray[np.int64]
    best: NDArray[np.float32]
    largest: NDArray[np.float64]
    power: NDArray[np.float64]
    losses: NDArray[np.float64]
    reflected: NDArray[np.float64]


@njit(nogil=True, cache=True)
def beam_means(labels: NDArray[np.uint8], tables: Tables, beam: Beam) -> NDArray[np.float64]:
    """Mean wavenumber and attenuation of the soft tissue inside the beam on every plane, shape (nz, 2)."""
    nz, nx, ny = labels.shape
    out = np.empty((nz, 2))
    counts = np.empty(tables.wavenumber.size)
    for n in range(nz):
        counts[:] = 0
        for i in range(0, nx, 2):
            off = (i - beam.centre[0]) * beam.steps[0]
            chord = beam.radius[n] ** 2 - off * off
            if chord <= 0:
                continue
            half = np.sqrt(chord) / beam.steps[1]
            low, high = max(0, int(beam.centre[1] - half)), min(ny, int(beam.centre[1] + half) + 1)
            for j in range(low, high, 2):
                counts[labels[n, i, j]] += 1
        total, k, alpha = 0.0, 0.0, 0.0
        for m in range(counts.size):
            if tables.soft[m]:
                total += counts[m]
                k += counts[m] * tables.wavenumber[m]
                alpha += counts[m] * tables.attenuation[m]
        out[n, 0] = k / total if total > 0 else beam.fallback
        out[n, 1] = alpha / total if total > 0 else 0.0
    return out


@njit(nogil=True, cache=True)
def references(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Reference wavenumber and attenuation of the step onto each plane: kept until the beam's mean has left them."""
    chosen = np.zeros_like(means)
    k, alpha = -1.0, 0.0
    for n in range(1, len(means)):
        near_k, near_alpha = 0.5 * (means[n - 1, 0] + means[n, 0]), 0.5 * (means[n - 1, 1] + means[n, 1])
        if abs(near_k - k) > _STALE * near_k or abs(near_alpha - alpha) > _STALE_LOSS * near_alpha:
            k, alpha = near_k, near_alpha
        chosen[n, 0], chosen[n, 1] = k, alpha
    return chosen


@njit(nogil=True, cache=True)
def mean_slope(k: float, beam: Beam) -> float:
    """Mean of 1 / cos(angle to the axis) over the aperture's rays in tissue of wavenumber k."""
    total = 0.0
    for square in beam.lateral:
        total += 1.0 / np.sqrt(max(1.0 - square / (k * k), _STEEPEST**2))
    return total / beam.lateral.size


@njit(nogil=True, cache=True, fastmath=_FAST)
def make_propagator(table: NDArray[np.complex64], k: float, alpha: float, shape: tuple[int, int], beam: Beam) -> None:
    """One quadrant of exp(i kz h) with kz = sqrt((k + i alpha)^2 - kt^2); zero for evanescent and grazing waves."""
    du = 2 * np.pi / (shape[0] * beam.steps[0])
    dv = 2 * np.pi / (shape[1] * beam.steps[1])
    h = beam.steps[2]
    limit = (_GRAZING * k) ** 2
    imaginary = 2 * k * alpha
    for a in range(table.shape[0]):
        for b in range(table.shape[1]):
            lateral = (a * du) ** 2 + (b * dv) ** 2
            real = max(k * k - alpha * alpha - lateral, 1e-3 * k * k)
            kz = np.sqrt(0.5 * (real + np.sqrt(real * real + imaginary * imaginary)))
            c, s = cis_cycles(kz * h / (2 * np.pi))
            size = decay(0.5 * imaginary / kz * h) if lateral < limit else 0.0
            table[a, b] = complex(np.float32(size * c), np.float32(size * s))


@njit(nogil=True, cache=True)
def make_screens(
    screens: tuple[NDArray[np.float32], NDArray[np.float32]], k: float, alpha: float, tables: Tables, beam: Beam
) -> None:
    """Factors (real, imaginary) from label a to label b over one step, relative to the reference (k, alpha)."""
    path = beam.steps[2] * mean_slope(k, beam)
    many = tables.wavenumber.size
    for a in range(many):
        for b in range(many):
            phase = (0.5 * (tables.wavenumber[a] + tables.wavenumber[b]) - k) * path
            loss = (0.5 * (tables.attenuation[a] + tables.attenuation[b]) - alpha) * path
            size = tables.transmission[a, b] * np.exp(-loss)
            screens[0][a * many + b] = size * np.cos(phase)
            screens[1][a * many + b] = size * np.sin(phase)


@njit(nogil=True, cache=True, fastmath=_FAST)
def diffract(field: NDArray[np.complex64], table: NDArray[np.complex64]) -> None:
    """Propagate the field in place by one step; only columns of the spectrum that propagate are transformed."""
    rows, columns = field.shape
    high_a, high_b = table.shape[0] - 1, table.shape[1] - 1
    along_x, along_y = np.array([0]), np.array([1])
    low, high = field[:, : high_b + 1], field[:, columns - high_b :]
    one, scale = 1.0, 1.0 / (rows * columns)
    c2c(field, field, along_y, True, one, 1)
    c2c(low, low, along_x, True, one, 1)
    c2c(high, high, along_x, True, one, 1)
    for i in range(rows):
        a = min(i, rows - i)
        if a > high_a:
            field[i, :] = 0.0
            continue
        for j in range(high_b + 1):
            field[i, j] *= table[a, j]
        for j in range(high_b + 1, columns - high_b):
            field[i, j] = 0.0
        for j in range(columns - high_b, columns):
            field[i, j] *= table[a, columns - j]
    c2c(low, low, along_x, False, one, 1)
    c2c(high, high, along_x, False, one, 1)
    for i in range(rows):
        for j in range(high_b + 1, columns - high_b):
            field[i, j] = 0.0
    c2c(field, field, along_y, False, scale, 1)


@njit(nogil=True, cache=True, fastmath=_FAST)
def heat_row(
    row: NDArray[np.float32], labels: NDArray[np.uint8], n: int, i: int, heat: NDArray[np.float32], keep: Keep
) -> None:
    """Add the heat of one row of |P|^2 to the blocks it belongs to."""
    p, q = n - keep.first[2], i - keep.first[0]
    if p < 0 or q < 0 or p >= keep.block * keep.heat.shape[0] or q >= keep.block * keep.heat.shape[1]:
        return
    target = keep.heat[p // keep.block, q // keep.block]
    share = np.float32(1.0 / keep.block**3)
    for m in range(target.size):
        start = keep.first[1] + m * keep.block
        total = np.float32(0.0)
        for j in range(start, start + keep.block):
            total += row[j] * heat[labels[j]]
        target[m] += share * total


@njit(nogil=True, cache=True, fastmath=_FAST)
def screen_row(
    line: NDArray[np.float32],
    pairs: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    screens: tuple[NDArray[np.float32], NDArray[np.float32]],
    edge: np.float32,
    edges: NDArray[np.float32],
    square: NDArray[np.float32],
    row: NDArray[np.float32],
) -> None:
    """Apply screens and absorbing edges to one row, real and imaginary parts in turn, and note its |P|^2."""
    before, here = pairs
    many = np.uint64(square.size)
    for j in range(row.size):
        # Unsigned, so that no check for counting from the end keeps the loop out of vector registers.
        label = np.uint64(here[j])
        index = np.uint64(before[j]) * many + label
        factor = edge * edges[j]
        c, s = screens[0][index] * factor, screens[1][index] * factor
        x, y = line[2 * j], line[2 * j + 1]
        re, im = x * c - y * s, x * s + y * c
        line[2 * j], line[2 * j + 1] = re, im
        row[j] = (re * re + im * im) * square[label]


@njit(nogil=True, cache=True, fastmath=_FAST)
def enter_plane(
    n: int,
    field: NDArray[np.complex64],
    before: NDArray[np.uint8],
    here: NDArray[np.uint8],
    screens: tuple[NDArray[np.float32], NDArray[np.float32]],
    edges: tuple[NDArray[np.float32], NDArray[np.float32]],
    tables: Tables,
    keep: Keep,
) -> None:
    """Apply screens and absorbing edges on plane n, and measure what the recording keeps of it."""
    nx, ny = here.shape
    row = np.empty(ny, np.float32)
    # Numbers that are not negative sort like their bits, and a maximum of integers runs in vector registers.
    bits = row.view(np.int32)
    top = np.int32(0)
    lines = field.view(np.float32)
    for i in range(nx):
        screen_row(lines[i], (before[i], here[i]), screens, edges[0][i], edges[1], tables.square, row)
        heat_row(row, here[i], n, i, tables.heat, keep)
        for j in range(ny):
            top = max(top, bits[j])
        field[i, ny:] = 0.0
    field[nx:, :] = 0.0
    bits[0] = top
    peak = row[0]
    keep.largest[n] = peak
    if n == 0 or peak > keep.largest[:n].max():
        squares(field[:nx, :ny], here, tables.square, keep.best)
    i, j = keep.corner
    p, q = keep.window.shape[1:]
    squares(field[i : i + p, j : j + q], here[i : i + p, j : j + q], tables.square, keep.window[n])
    if keep.pressure.size:
        for i in range(nx):
            for j in range(ny):
                keep.pressure[n, i, j] = field[i, j] * np.sqrt(tables.square[here[i, j]])


@njit(nogil=True, cache=True, fastmath=_FAST)
def squares(
    field: NDArray[np.complex64], here: NDArray[np.uint8], factor: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    """Squares |P|^2 of a carried amplitude."""
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            value = field[i, j]
            out[i, j] = (value.real * value.real + value.imag * value.imag) * factor[here[i, j]]


@njit(nogil=True, cache=True)
def tally_interfaces(
    field: NDArray[np.complex64],
    before: NDArray[np.uint8],
    here: NDArray[np.uint8],
    edges: tuple[NDArray[np.float32], NDArray[np.float32]],
    cosine: float,
    area: float,
    keep: Keep,
) -> None:
    """Add the power [W] turned back at interfaces and swallowed at the edges, just before the screens are applied."""
    for i in range(here.shape[0]):
        for j in range(here.shape[1]):
            value = field[i, j]
            power = abs(value) ** 2 * keep.losses[2, before[i, j]] * cosine * area
            back = power * keep.reflected[before[i, j], here[i, j]]
            keep.power[2] += back
            keep.power[3] += (power - back) * (1.0 - (edges[0][i] * edges[1][j]) ** 2)


@njit(nogil=True, cache=True)
def tally_losses(field: NDArray[np.complex64], here: NDArray[np.uint8], volume: float, keep: Keep) -> None:
    """Add the power [W] attenuated and absorbed on one plane of voxels."""
    for i in range(here.shape[0]):
        for j in range(here.shape[1]):
            square = abs(field[i, j]) ** 2 * volume
            keep.power[0] += square * keep.losses[0, here[i, j]]
            keep.power[1] += square * keep.losses[1, here[i, j]]


@njit(nogil=True, cache=True)
def march(
    field: NDArray[np.complex64],
    labels: NDArray[np.uint8],
    tables: Tables,
    beam: Beam,
    edges: tuple[NDArray[np.float32], NDArray[np.float32]],
    table: NDArray[np.complex64],
    keep: Keep,
) -> None:
    """March a plane through the labels, in place.

    Args:
        field: carried amplitude on the first plane, padded to the transform's size; on return on the last plane.
        labels: (nz, nx, ny).
        tables: numbers per label.
        beam: reference geometry.
        edges: factors of the absorbing edges along x and y.
        table: room for one quadrant of the propagator.
        keep: where results go.
    """
    nz, many = labels.shape[0], tables.wavenumber.size
    chosen = references(beam_means(labels, tables, beam))
    screens = np.ones(many * many, np.float32), np.zeros(many * many, np.float32)
    volume = beam.steps[0] * beam.steps[1] * beam.steps[2]
    enter_plane(0, field, labels[0], labels[0], screens, edges, tables, keep)
    if keep.power.size:
        tally_losses(field, labels[0], 0.5 * volume, keep)
    k, alpha = -1.0, -1.0
    for n in range(1, nz):
        if chosen[n, 0] != k or chosen[n, 1] != alpha:
            k, alpha = chosen[n, 0], chosen[n, 1]
            make_propagator(table, k, alpha, field.shape, beam)
            make_screens(screens, k, alpha, tables, beam)
        diffract(field, table)
        if keep.power.size:
            cosine = 1.0 / mean_slope(k, beam)
            tally_interfaces(field, labels[n - 1], labels[n], edges, cosine, volume / beam.steps[2], keep)
        enter_plane(n, field, labels[n - 1], labels[n], screens, edges, tables, keep)
        if keep.power.size:
            tally_losses(field, labels[n], volume if n < nz - 1 else 0.5 * volume, keep)
