"""The lattice of a time-domain run: a grid with room for a source sheet in front and absorbing layers all around."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.staggered_kernels import Motion, Slopes
from openhifu.base.grid import Grid

LAYER = 14
"""Voxels of absorbing layer at each end of each axis."""

_STRENGTH = 2.0  # Np per voxel at the outer face of the absorbing layer
_STABLE = 0.95  # of the largest stable time step


@dataclass(frozen=True, eq=False)
class StaggeredLattice:
    """Sizes, in the order z, x, y.

    Attributes:
        shape: voxels.
        spacing: m.
        low: voxel where the grid begins.
        inner: voxels of the grid.
    """

    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]
    low: tuple[int, int, int]
    inner: tuple[int, int, int]

    @classmethod
    def around(cls, grid: Grid, front: int) -> StaggeredLattice:
        """The lattice of a grid with ``front`` more voxels before its first plane; sizes are fast to transform."""
        from scipy.fft import next_fast_len

        (a, b, c), (dx, dy, dz) = grid.shape, grid.spacing
        low = (LAYER + front, LAYER, LAYER)
        sizes = [cast(int, next_fast_len(n + start + LAYER, True)) for n, start in zip((c, a, b), low, strict=True)]
        return cls((sizes[0], sizes[1], sizes[2]), (dz, dx, dy), low, (c, a, b))

    @property
    def size(self) -> int:
        """Number of voxels."""
        return math.prod(self.shape)

    def extended(self, data: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Labels of the grid [x, y, z] on the lattice [z, x, y], the outermost going on."""
        planes = np.moveaxis(data, 2, 0)
        after = [n - a - b for n, a, b in zip(self.shape, self.low, self.inner, strict=True)]
        return np.pad(planes, list(zip(self.low, after, strict=True)), mode="edge")

    def stable_step(self, fastest: float) -> float:
        """Time step [s] that stays stable where waves go at most this fast [m/s]."""
        return _STABLE * 2 / (fastest * math.pi * math.sqrt(sum(1 / h**2 for h in self.spacing)))

    def slopes(self, dt: float, fastest: float) -> Slopes:
        """Factors of the derivatives, and of the absorbing layers for waves of this speed [m/s]."""
        ahead, back = [], []
        for n, h in zip(self.shape, self.spacing, strict=True):
            k = 2 * np.pi * np.arange(n // 2 + 1) / (n * h)
            ahead.append((1j * k * np.exp(0.5j * k * h) / n).astype(np.complex64))
            back.append((1j * k * np.exp(-0.5j * k * h) / n).astype(np.complex64))
        loss = _STRENGTH * fastest / min(self.spacing) * dt
        m = np.arange(LAYER)
        centres = np.concatenate([LAYER - m, m + 1]) / LAYER
        between = np.concatenate([LAYER - m - 0.5, np.minimum(m + 1.5, LAYER)]) / LAYER
        fades = [np.expm1(-loss * depth**4).astype(np.float32) for depth in (between, centres)]
        return Slopes((ahead[0], ahead[1], ahead[2]), (back[0], back[1], back[2]), fades[0], fades[1])

    def at_rest(self, relaxations: int) -> Motion:
        """No motion anywhere."""
        nz, nx, ny = self.shape

        def zeros(*shape: int) -> NDArray[np.float32]:
            return np.zeros(shape, np.float32)

        def memory() -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
            return zeros(2 * LAYER, nx, ny), zeros(nz, 2 * LAYER, ny), zeros(nz, nx, 2 * LAYER)

        velocities = (zeros(nz, nx, ny), zeros(nz, nx, ny), zeros(nz, nx, ny))
        return Motion(zeros(nz, nx, ny), velocities, zeros(relaxations, nz, nx, ny), memory(), memory())
