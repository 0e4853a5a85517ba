"""Seven-point finite volumes on a label map, laid out for the compiled kernels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import OutOfRange
from openhifu.model.medium import Medium
from openhifu.thermal import runs
from openhifu.thermal.boundary import Boundary
from openhifu.thermal.properties import ThermalTable

_MOST_LABELS = 254

Layout = tuple[
    NDArray[np.uint8],
    NDArray[np.int32],
    NDArray[np.uint32],
    NDArray[np.uint32],
    NDArray[np.uint8],
    NDArray[np.float32],
    NDArray[np.float32],
]
"""Labels, first runs, mixed voxels before each row, stops, marks, weights and rates: see ``kernels.step``."""


@dataclass(frozen=True, eq=False)
class FiniteVolumes:
    """The operator of Pennes' equation in space.

    The heat through a face is its harmonic-mean conductance times the difference, the same seen from both sides, so
    that heat is conserved across fat, muscle and bone.

    Attributes:
        layout: arrays of the kernels.
        periodic: whether ghosts are to be copied from the opposite faces before every step.
        gain: K/s that a label gains from metabolism; of size 1 for none.
        stable_step: longest step [s] of forward Euler that keeps every weight positive: the inverse of the fastest
            exchange rate of any voxel, h^2 / 6 D in uniform tissue.
    """

    layout: Layout
    periodic: bool
    gain: NDArray[np.float32]
    stable_step: float

    @classmethod
    def of(cls, medium: Medium, table: ThermalTable, boundary: Boundary, metabolism: bool) -> FiniteVolumes:
        """The operator of a medium.

        Raises:
            OutOfRange: if there are more tissues than labels.
        """
        count = len(medium.tissues)
        if count > _MOST_LABELS:
            raise OutOfRange(f"at most {_MOST_LABELS} tissues fit a map, got {count}")
        labels = _padded(medium.map.data, boundary, count)
        gx, gy, gz = (table.rates(h) for h in medium.grid.spacing)
        loss, warm = np.append(table.loss, 0.0), np.append(1.0 / table.heat_capacity, 0.0)
        fastest = float(runs.fastest_rate(labels, gx, gy, gz, loss))
        first = runs.count_runs(labels)
        stops, marks, mixed = runs.fill_runs(labels, first)
        weights = runs.fill_weights(labels, mixed, gx, gy, gz, loss, warm)
        rates = np.array([np.diag(gx), np.diag(gy), np.diag(gz), loss, warm], np.float32)
        gain = np.append(table.metabolic, 0.0) if metabolism else np.zeros(1)
        return cls(
            (labels, first, mixed, stops, marks, weights, rates),
            boundary is Boundary.PERIODIC,
            gain.astype(np.float32),
            1.0 / fastest if fastest > 0 else math.inf,
        )


def _padded(labels: NDArray[np.uint8], boundary: Boundary, beyond: int) -> NDArray[np.uint8]:
    """Labels with one ghost voxel around: the same tissue where held, nothing where insulated, or the far face's."""
    if boundary is Boundary.INSULATED:
        return np.pad(labels, 1, constant_values=beyond)
    if boundary is Boundary.PERIODIC:
        return np.pad(labels, 1, mode="wrap")
    return np.pad(labels, 1, mode="edge")


def wrap_ghosts(values: NDArray[np.float32]) -> None:
    """Fill the ghost voxels of a padded array from the opposite faces, in place."""
    for axis in range(3):
        whole = np.moveaxis(values, axis, 0)
        whole[0], whole[-1] = whole[-2], whole[1]
