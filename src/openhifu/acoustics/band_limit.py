"""Maps of compressibility and density that a coarse lattice can carry: volume fractions through a sharp low-pass."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.interface_kernels import to_voxels
from openhifu.acoustics.interfaces import SubGrid

_KAISER = 6.0
_HALF_WIDTH = 6  # voxels
_BLOCK = 32  # voxels along each side of the blocks that are worked on at a time
_SPECTRUM = 4001  # samples of the pass-band in the filter's integral
Index = tuple[int, int, int]


def low_pass(cells: SubGrid) -> NDArray[np.float64]:
    """Weights of cells around a voxel: a sinc of cut-off pi / h, Kaiser-windowed, undoing the cells' own averaging.

    Reflection at an interface is proportional to the medium's Fourier component at twice the normal wavenumber. The
    pass-band is therefore kept flat up to near pi / h: what the cells take away is divided out.

    Returns:
        Shape (13 cut,): weights of the cells of the voxel and its six neighbours either way, with sum one.
    """
    cut = cells.cut
    at = (np.arange(cut * (2 * _HALF_WIDTH + 1)) + 0.5) / cut - 0.5 - _HALF_WIDTH  # voxels
    k = np.linspace(0, np.pi, _SPECTRUM)
    response = np.cos(np.outer(at, k)) / cells.response(k)
    sinc = np.trapezoid(response, k, axis=1)
    window = np.i0(_KAISER * np.sqrt(np.maximum(1 - (at / (_HALF_WIDTH + 0.5)) ** 2, 0)))
    weights = sinc * window
    return weights / weights.sum()


def _blocks(low: Index, shape: Index) -> Iterator[tuple[Index, Index]]:
    for i in range(0, shape[0], _BLOCK):
        for j in range(0, shape[1], _BLOCK):
            for k in range(0, shape[2], _BLOCK):
                start = (low[0] + i, low[1] + j, low[2] + k)
                size = (min(_BLOCK, shape[0] - i), min(_BLOCK, shape[1] - j), min(_BLOCK, shape[2] - k))
                yield start, size


def band_limited(
    cells: SubGrid,
    low: Index,
    compressibility: NDArray[np.complex128],
    density: NDArray[np.float64],
    kappa: NDArray[np.complex64],
    rho: NDArray[np.float32],
    threads: int,
) -> None:
    """Fill maps on a lattice of voxels.

    What multiplies a continuous field (pressure, normal velocity) is what may be filtered: compressibility and density,
    never the sound speed. Density is filtered as its logarithm, so that it stays positive whatever the contrast (and is
    a little more accurate).

    Args:
        cells: volume fractions.
        low: first voxel of the maps in the grid's lattice, order z, x, y.
        compressibility: per tissue, in any unit.
        density: per tissue, in any unit.
        kappa: filled, order z, x, y.
        rho: filled.
        threads: blocks at a time.
    """
    values = np.stack([compressibility.real, compressibility.imag, np.log(density)], axis=1).astype(np.float32)
    work = partial(_fill, cells, low, values, kappa, rho)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, _blocks(low, (kappa.shape[0], kappa.shape[1], kappa.shape[2]))))


def _fill(
    cells: SubGrid,
    low: Index,
    values: NDArray[np.float32],
    kappa: NDArray[np.complex64],
    rho: NDArray[np.float32],
    block: tuple[Index, Index],
) -> None:
    start, size = block
    part = tuple(slice(a - b, a - b + n) for a, b, n in zip(start, low, size, strict=True))
    lo = (start[0] - _HALF_WIDTH, start[1] - _HALF_WIDTH, start[2] - _HALF_WIDTH)
    hi = (start[0] + size[0] + _HALF_WIDTH, start[1] + size[1] + _HALF_WIDTH, start[2] + size[2] + _HALF_WIDTH)
    tissue = cells.uniform(lo, hi)
    if tissue is not None:
        kappa[part], rho[part] = complex(values[tissue, 0], values[tissue, 1]), np.exp(values[tissue, 2])
        return
    found = to_voxels(cells.mixed(lo, hi, values), low_pass(cells).astype(np.float32), cells.cut)
    kappa[part].real, kappa[part].imag = found[0], found[1]
    rho[part] = np.exp(found[2])
