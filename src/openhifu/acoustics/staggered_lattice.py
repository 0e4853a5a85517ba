"""The lattice of a time-domain run: a grid with room for a source sheet in front and absorbing layers all around."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.staggered_kernels import Motion, Slopes
from openhifu.base.grid import Grid

_LAYER = 4.0  # wavelengths of absorbing layer at each end of each axis
_FEWEST = 16  # voxels of it
_NEPERS = 5.6  # lost by a wave that crosses one layer straight
_STABLE = 0.95  # of the largest stable time step


@dataclass(frozen=True, eq=False)
class StaggeredLattice:
    """Sizes, in the order z, x, y.

    Attributes:
        shape: voxels.
        spacing: m.
        low: voxel where the grid begins.
        inner: voxels of the grid.
        layer: voxels of absorbing layer at each end of each axis.
    """

    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]
    low: tuple[int, int, int]
    inner: tuple[int, int, int]
    layer: int

    @classmethod
    def around(
        cls, grid: Grid, wavelength: float, front: int = 0, beside: tuple[int, int] = (0, 0)
    ) -> StaggeredLattice:
        """The lattice of a grid, absorbing layers and more room around it; sizes are fast to transform.

        Args:
            grid: the grid.
            wavelength: for which the layers are made [m].
            front: voxels more before its first plane.
            beside: voxels more at either side along x and y.
        """
        from scipy.fft import next_fast_len

        (a, b, c), (dx, dy, dz) = grid.shape, grid.spacing
        layer = max(_FEWEST, math.ceil(_LAYER * wavelength / min(grid.spacing)))
        low = (layer + front, layer + beside[0], layer + beside[1])
        ends = (layer, low[1], low[2])
        sizes = [
            cast(int, next_fast_len(start + n + end, True)) for start, n, end in zip(low, (c, a, b), ends, strict=True)
        ]
        return cls((sizes[0], sizes[1], sizes[2]), (dz, dx, dy), low, (c, a, b), layer)

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
        count = self.layer
        loss = 5 * _NEPERS / count * fastest / min(self.spacing) * dt
        m = np.arange(count)
        centres = np.concatenate([count - m, m + 1]) / count
        between = np.concatenate([count - m - 0.5, np.minimum(m + 1.5, count)]) / count
        fades = [np.expm1(-loss * depth**4).astype(np.float32) for depth in (between, centres)]
        return Slopes((ahead[0], ahead[1], ahead[2]), (back[0], back[1], back[2]), fades[0], fades[1])

    def at_rest(self, relaxations: int) -> Motion:
        """No motion anywhere."""
        nz, nx, ny = self.shape

        def zeros(*shape: int) -> NDArray[np.float32]:
            return np.zeros(shape, np.float32)

        def memory() -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
            rim = 2 * self.layer
            return zeros(rim, nx, ny), zeros(nz, rim, ny), zeros(nz, nx, rim)

        velocities = (zeros(nz, nx, ny), zeros(nz, nx, ny), zeros(nz, nx, ny))
        return Motion(zeros(nz, nx, ny), velocities, zeros(relaxations, nz, nx, ny), memory(), memory())
