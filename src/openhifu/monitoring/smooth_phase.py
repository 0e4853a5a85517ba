"""A smooth phase fitted through part of an image and continued over all of it: field drift, or the unheated background.

The phase is a polynomial of the coordinates. Wraps do no harm: its slopes are fitted to the wrapped differences of
neighbours first (Zou et al., Phys Med Biol 2013;58:5735), its constant to the mean direction of what remains, and the
whole is then refined on the remaining phase, which no longer wraps.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product as every

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.base.grid import Grid

_REFINEMENTS = 3


@dataclass(frozen=True, eq=False)
class PhaseFit:
    """A fitted phase.

    Attributes:
        phase: rad, the grid's shape, not wrapped.
        residual: weighted root mean square [rad] of what the fit leaves within its region.
    """

    phase: NDArray[np.float64]
    residual: float


class SmoothPhase:
    """Fits a polynomial phase to the voxels of a region.

    Args:
        grid: of the images.
        region: unheated voxels to fit, at least one more than the polynomial has terms.
        order: total order of the polynomial; 1 for drift, 2 to 4 for a background.

    Raises:
        GeometryError: if the region has another shape.
        OutOfRange: if the order is negative or the region has too few voxels.
    """

    def __init__(self, grid: Grid, region: NDArray[np.bool_], order: int) -> None:
        if region.shape != grid.shape:
            raise GeometryError(f"the region has shape {region.shape}, the grid {grid.shape}")
        if order < 0:
            raise OutOfRange(f"a polynomial's order is 0 or more, got {order}")
        self.order = order
        self._basis = _monomials(grid, order)
        if int(region.sum()) <= len(self._basis):
            raise OutOfRange(
                f"{int(region.sum())} voxels cannot carry a polynomial of order {order} with {len(self._basis)} "
                "terms; give a larger unheated region or a lower order"
            )
        self._region = region
        self._inside = self._basis[:, region]
        self._pairs = _pairs(region, self._basis)

    def fit(self, signal: NDArray[np.complexfloating]) -> PhaseFit:
        """The smooth phase of a complex image; voxels count by their magnitude.

        Raises:
            OutOfRange: if the image is zero throughout the region.
        """
        inside = signal[self._region].astype(np.complex128)
        weights = np.abs(inside)
        total = float(weights.sum())
        if not total > 0:
            raise OutOfRange("the unheated region holds no signal to fit a phase to")
        terms = self._slopes(signal.astype(np.complex128))
        terms[0] += np.angle(np.sum(inside * np.exp(-1j * (terms @ self._inside))))
        gram = (self._inside * weights) @ self._inside.T
        for _ in range(_REFINEMENTS):
            left = np.angle(inside * np.exp(-1j * (terms @ self._inside)))
            terms = terms + np.linalg.lstsq(gram, self._inside @ (weights * left), rcond=None)[0]
        left = np.angle(inside * np.exp(-1j * (terms @ self._inside)))
        residual = float(np.sqrt(np.sum(weights * left**2) / total))
        return PhaseFit(np.tensordot(terms, self._basis, 1), residual)

    def _slopes(self, signal: NDArray[np.complex128]) -> NDArray[np.float64]:
        """Terms but for the constant, from the phase differences of neighbours that both lie in the region."""
        flat = signal.ravel()
        gram, right = np.zeros((len(self._basis),) * 2), np.zeros(len(self._basis))
        for ahead, behind, step in self._pairs:
            turn = flat[ahead] * np.conj(flat[behind])
            weighted = step * np.sqrt(np.abs(turn))
            gram += weighted @ step.T
            right += weighted @ np.angle(turn)
        return np.linalg.lstsq(gram, right, rcond=None)[0].astype(np.float64)


def _monomials(grid: Grid, order: int) -> NDArray[np.float64]:
    """Products of powers of the coordinates, scaled to -1..1, up to a total order; the constant comes first."""
    along = [np.linspace(-1.0, 1.0, n) if n > 1 else np.zeros(1) for n in grid.shape]
    x, y, z = along[0][:, None, None], along[1][None, :, None], along[2][None, None, :]
    powers = [p for p in every(range(order + 1), repeat=3) if sum(p) <= order]
    used = [p for p in sorted(powers, key=sum) if all(n > 1 or e == 0 for n, e in zip(grid.shape, p, strict=True))]
    return np.stack([np.broadcast_to(x**a * y**b * z**c, grid.shape) for a, b, c in used])


Pairs = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]


def _pairs(region: NDArray[np.bool_], basis: NDArray[np.float64]) -> list[Pairs]:
    """Neighbours within the region along each axis: index of the one ahead, of the one behind, and how terms differ."""
    numbers = np.arange(region.size).reshape(region.shape)
    flat = basis.reshape(len(basis), -1)
    pairs = []
    for axis in range(3):
        cut = [slice(None)] * 3
        cut[axis] = slice(1, None)
        after = tuple(cut)
        cut[axis] = slice(None, -1)
        before = tuple(cut)
        both = region[after] & region[before]
        if both.any():
            ahead, behind = numbers[after][both], numbers[before][both]
            pairs.append((ahead, behind, flat[:, ahead] - flat[:, behind]))
    return pairs
