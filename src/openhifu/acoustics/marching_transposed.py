"""Compiled transpose of the march: from what each plane's amplitude is worth to what the first plane's is."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from openhifu.acoustics.marching_kernels import (
    Beam,
    Tables,
    beam_means,
    diffract,
    make_propagator,
    make_screens,
    references,
)


@njit(nogil=True, cache=True)
def march_back(
    weight: NDArray[np.complex64],
    sources: NDArray[np.complex64],
    labels: NDArray[np.uint8],
    tables: Tables,
    beam: Beam,
    edges: tuple[NDArray[np.float32], NDArray[np.float32]],
    table: NDArray[np.complex64],
) -> None:
    """The march transposed: what the first plane's amplitude is worth, from what the amplitudes of all planes are.

    Args:
        weight: room for a padded plane, zero; on return dJ/dQ on the first plane.
        sources: dJ/dQ that each plane brings itself, (nz, nx, ny).
        labels: (nz, nx, ny).
        tables: numbers per label.
        beam: reference geometry.
        edges: factors of the absorbing edges along x and y.
        table: room for one quadrant of the propagator.
    """
    nz, many = labels.shape[0], tables.wavenumber.size
    nx, ny = labels.shape[1:]
    # References follow the march's own rule from the front, so that both run the same operator.
    chosen = references(beam_means(labels, tables, beam))
    screens = np.ones(many * many, np.float32), np.zeros(many * many, np.float32)
    k, alpha = -1.0, -1.0
    for n in range(nz - 1, -1, -1):
        for i in range(nx):
            for j in range(ny):
                weight[i, j] += sources[n, i, j]
        if n > 0 and (chosen[n, 0] != k or chosen[n, 1] != alpha):
            k, alpha = chosen[n, 0], chosen[n, 1]
            make_propagator(table, k, alpha, weight.shape, beam)
            make_screens(screens, k, alpha, tables, beam)
        for i in range(nx):
            for j in range(ny):
                factor = edges[0][i] * edges[1][j]
                c, d = np.float32(1.0), np.float32(0.0)
                if n > 0:
                    m = np.int64(labels[n - 1, i, j]) * many + labels[n, i, j]
                    c, d = screens[0][m], screens[1][m]
                weight[i, j] *= complex(c * factor, d * factor)
        if n > 0:
            diffract(weight, table)
