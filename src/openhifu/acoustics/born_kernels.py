"""Compiled sweeps of the convergent Born series: each passes once over the lattice, plane by plane or slab by slab."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray
from rocket_fft import c2c

_FAST = {"reassoc", "contract", "nsz", "arcp", "nnan", "ninf"}


@njit(nogil=True, cache=True, fastmath=_FAST)
def renew_planes(
    work: NDArray[np.complex64],
    psi: NDArray[np.complex64],
    potential: NDArray[np.complex64],
    source: NDArray[np.complex64],
    first: int,
    scale: float,
    planes: tuple[int, int],
    sizes: NDArray[np.float64],
) -> None:
    """From Green's answer to the next question, for some planes.

    psi <- psi + gamma (answer - psi) with gamma = i V / scale, then V psi + S. Transforms over x and y are undone
    before and done after, while the plane is in the cache.

    Args:
        work: spectrum of the answer over x and y; spectrum of the next question afterwards.
        psi: the field.
        potential: V.
        source: S on some planes.
        first: the first of these.
        scale: of V.
        planes: first and one beyond the last.
        sizes: filled with the squared norms of (answer - psi) and of psi, by plane.
    """
    _, nx, ny = work.shape
    axes = np.array([0, 1])
    one, share = 1.0, 1.0 / (nx * ny)
    factor = np.complex64(1j / scale)
    for i in range(planes[0], planes[1]):
        plane = work[i]
        c2c(plane, plane, axes, False, share, 1)
        lit = 0 <= i - first < source.shape[0]
        residual, size = 0.0, 0.0
        for j in range(nx):
            part, whole = np.float32(0.0), np.float32(0.0)
            for k in range(ny):
                v = potential[i, j, k]
                old = psi[i, j, k]
                change = plane[j, k] - old
                new = old + factor * v * change
                psi[i, j, k] = new
                plane[j, k] = v * new
                part += change.real * change.real + change.imag * change.imag
                whole += new.real * new.real + new.imag * new.imag
            residual += part
            size += whole
        if lit:
            plane += source[i - first]
        sizes[i, 0], sizes[i, 1] = residual, size
        c2c(plane, plane, axes, True, one, 1)


@njit(nogil=True, cache=True, fastmath=_FAST)
def first_planes(
    work: NDArray[np.complex64],
    source: NDArray[np.complex64],
    first: int,
    planes: tuple[int, int],
) -> None:
    """The first question, the source alone, transformed over x and y."""
    axes = np.array([0, 1])
    one = 1.0
    for i in range(planes[0], planes[1]):
        plane = work[i]
        plane[:] = 0
        if 0 <= i - first < source.shape[0]:
            plane += source[i - first]
        c2c(plane, plane, axes, True, one, 1)


@njit(nogil=True, cache=True, fastmath=_FAST)
def answer_slabs(
    work: NDArray[np.complex64],
    squares: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]],
    shift: complex,
    slabs: tuple[int, int],
) -> None:
    """Green's function 1 / (q^2 - shift) of the lattice, for some slabs of one lateral wavenumber along x.

    Args:
        work: spectrum of the question over x and y; that of the answer afterwards.
        squares: squared wavenumbers along z, x and y.
        shift: square of the complex wavenumber of the reference medium.
        slabs: first and one beyond the last.
    """
    nz, _, ny = work.shape
    slab = np.empty((nz, ny), np.complex64)
    axis = np.array([0])
    one, share = 1.0, 1.0 / nz
    real, imaginary = np.float32(shift.real), np.float32(shift.imag)
    for j in range(slabs[0], slabs[1]):
        for i in range(nz):
            slab[i] = work[i, j]
        c2c(slab, slab, axis, True, one, 1)
        for i in range(nz):
            base = squares[0][i] + squares[1][j] - real
            for k in range(ny):
                a = base + squares[2][k]
                inverse = np.float32(1.0) / (a * a + imaginary * imaginary)
                value = slab[i, k]
                slab[i, k] = np.complex64(
                    complex(
                        (value.real * a - value.imag * imaginary) * inverse,
                        (value.imag * a + value.real * imaginary) * inverse,
                    )
                )
        c2c(slab, slab, axis, False, share, 1)
        for i in range(nz):
            work[i, j] = slab[i]


@njit(nogil=True, cache=True, fastmath=_FAST)
def fade(
    kappa: NDArray[np.complex64],
    rho: NDArray[np.float32],
    weights: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]],
) -> None:
    """Let maps that are one in the background fade to it; density becomes 1 / sqrt(density)."""
    nz, nx, ny = rho.shape
    one = np.float32(1.0)
    for i in range(nz):
        for j in range(nx):
            outer = weights[0][i] * weights[1][j]
            for k in range(ny):
                w = outer * weights[2][k]
                kappa[i, j, k] = one + w * (kappa[i, j, k] - one)
                rho[i, j, k] = one / np.sqrt(one + w * (rho[i, j, k] - one))


@njit(nogil=True, cache=True, fastmath=_FAST)
def potential_of(
    kappa: NDArray[np.complex64],
    root: NDArray[np.float32],
    bent: NDArray[np.float32],
    square: complex,
    layers: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]],
) -> tuple[float, float, float, int]:
    """Square of the local wavenumber, in place of the compressibility.

    K = square * kappa * rho - (lap g) / g + i * layer, g = ``root`` = rho^(-1/2). Where the filter's ringing would make
    it create sound (Im K < 0), it is clipped.

    Args:
        kappa: relative compressibility; K afterwards.
        root: g.
        bent: spectral Laplacian of g.
        square: of the background's wavenumber.
        layers: absorbing layer along each axis [1/m2]; the strongest counts, not the sum.

    Returns:
        Smallest and largest Re K, largest Im K, and how many were clipped.
    """
    nz, nx, ny = root.shape
    factor = np.complex64(square)
    low, high, most = np.float32(1e30), np.float32(-1e30), np.float32(0.0)
    clipped = 0
    for i in range(nz):
        for j in range(nx):
            outer = max(layers[0][i], layers[1][j])
            for k in range(ny):
                g = root[i, j, k]
                value = factor * kappa[i, j, k] / (g * g)
                loss = value.imag
                if loss < 0:
                    clipped += 1
                    loss = np.float32(0.0)
                loss += max(outer, layers[2][k])
                square_here = value.real - bent[i, j, k] / g
                kappa[i, j, k] = np.complex64(complex(square_here, loss))
                low, high, most = min(low, square_here), max(high, square_here), max(most, loss)
    return float(low), float(high), float(most), clipped


@njit(nogil=True, cache=True, fastmath=_FAST)
def centred(potential: NDArray[np.complex64], centre: complex) -> float:
    """Subtract the centre in place and return the largest size left."""
    middle = np.complex64(centre)
    largest = np.float32(0.0)
    flat = potential.ravel()
    for n in range(flat.size):
        value = flat[n] - middle
        flat[n] = value
        largest = max(largest, value.real * value.real + value.imag * value.imag)
    return np.sqrt(largest)


@njit(nogil=True, cache=True)
def add_blobs(
    planes: NDArray[np.complex64],
    places: NDArray[np.float64],
    strengths: NDArray[np.complex128],
    sigma: float,
    reach: int,
) -> None:
    """Add Gaussian blobs of given integrals (in voxels cubed) to a block of planes.

    Args:
        planes: shape (nz, nx, ny); what of a blob lies outside is lost.
        places: fractional indices z, x, y, shape (n, 3).
        strengths: shape (n,).
        sigma: voxels.
        reach: voxels that a blob goes either way.
    """
    width = 2 * reach + 1
    along = np.empty((3, width))
    corner = np.empty(3, np.int64)
    for n in range(strengths.size):
        for axis in range(3):
            corner[axis] = int(np.rint(places[n, axis])) - reach
            for m in range(width):
                away = (corner[axis] + m - places[n, axis]) / sigma
                along[axis, m] = np.exp(-0.5 * away * away) / (np.sqrt(2 * np.pi) * sigma)
        for a in range(max(0, -corner[0]), min(width, planes.shape[0] - corner[0])):
            for b in range(max(0, -corner[1]), min(width, planes.shape[1] - corner[1])):
                value = strengths[n] * along[0, a] * along[1, b]
                for c in range(max(0, -corner[2]), min(width, planes.shape[2] - corner[2])):
                    planes[corner[0] + a, corner[1] + b, corner[2] + c] += value * along[2, c]
