"""Where a beam needs the full wave: from a little before the first bone to a little behind the last."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.interfaces import SubGrid
from openhifu.acoustics.materials import Materials
from openhifu.acoustics.problem import AcousticProblem
from openhifu.acoustics.source import Fluid, beam_radius
from openhifu.model.medium import Medium
from openhifu.model.tissuemap import TissueMap

_BESIDE = 2.0  # wavelengths around the cone of rays in which bone counts
_BEFORE, _BEHIND = 1.5, 1.5  # wavelengths of soft tissue kept before and behind the bone
_LOOK = 3.0  # wavelengths further before it in which the most uniform plane is looked for


@dataclass(frozen=True)
class Slab:
    """Planes of a grid with bone in the beam.

    Attributes:
        first: first plane of the full wave.
        last: its last plane.
        thickest: longest way through bone of any column in the beam [m].
    """

    first: int
    last: int
    thickest: float


def lit_by(problem: AcousticProblem, wavelength: float, beside: float = _BESIDE) -> NDArray[np.bool_]:
    """Voxels within the cone of rays and some wavelengths beside it, shape (nx, ny, nz)."""
    grid, (x0, y0, z0) = problem.medium.grid, problem.first_voxel
    off = np.hypot((x0 + grid.axis(0))[:, None], (y0 + grid.axis(1))[None, :])
    radius = beam_radius(problem.drive.transducer.surface, z0 + grid.axis(2)) + beside * wavelength
    return off[:, :, None] <= radius[None, None, :]


def slab_of(problem: AcousticProblem, materials: Materials) -> Slab | None:
    """Where bone is in the beam; None where there is none."""
    wave = materials.slowest / problem.frequency
    labels, h = problem.medium.map.data, problem.medium.grid.spacing[2]
    bone = materials.hard[labels] & lit_by(problem, wave)
    planes = np.flatnonzero(bone.any(axis=(0, 1)))
    if planes.size == 0:
        return None
    latest = max(0, int(planes[0]) - math.ceil(_BEFORE * wave / h))
    earliest = max(0, latest - math.ceil(_LOOK * wave / h))
    lit = lit_by(problem, wave)
    shares = [_share_of_commonest(labels[:, :, n][lit[:, :, n]]) for n in range(earliest, latest + 1)]
    # Of equally uniform planes the last: the full wave is what costs.
    first = earliest + int(np.flatnonzero(np.array(shares) >= max(shares) - 1e-3)[-1])
    last = min(labels.shape[2] - 1, int(planes[-1]) + math.ceil(_BEHIND * wave / h))
    return Slab(first, last, float(bone.sum(axis=2).max()) * h)


def _share_of_commonest(labels: NDArray[np.uint8]) -> float:
    return float(np.bincount(labels).max() / labels.size) if labels.size else 1.0


def cropped(problem: AcousticProblem, first: int, last: int) -> AcousticProblem:
    """The same question on planes ``first`` to ``last`` of its grid."""
    medium = problem.medium
    nx, ny, _ = medium.grid.shape
    grid = medium.grid.crop((0, 0, first), (nx, ny, last + 1))
    data = np.ascontiguousarray(medium.map.data[:, :, first : last + 1])
    part = Medium(TissueMap(grid, data, medium.map.tissues), medium.tissues)
    return AcousticProblem(problem.drive, part, problem.harmonics)


def commonest_soft(problem: AcousticProblem, materials: Materials, plane: int) -> int:
    """Label of the soft tissue that fills most of the beam on a plane."""
    wave = materials.slowest / problem.frequency
    labels = problem.medium.map.data[:, :, plane][lit_by(problem, wave)[:, :, plane]]
    counts = np.bincount(labels, minlength=materials.present.size)
    return int(np.argmax(np.where(materials.hard | materials.gas, 0, counts)))


def transmitted_into(labels: NDArray[np.uint8], materials: Materials, background: Fluid) -> NDArray[np.float32]:
    """Pressure transmission from a background into each voxel of a plane at normal incidence; 1 into bone and gas."""
    z = np.where(materials.present & ~materials.hard & ~materials.gas, materials.impedance, background.impedance)
    return (2 * z / (z + background.impedance)).astype(np.float32)[labels]


class FromPlane:
    """The cells of a whole map seen from one of its planes on, with one tissue before it; a ``SubGrid``.

    Args:
        cells: of the whole map.
        plane: its plane that becomes the first.
        before: tissue in front of it.
    """

    def __init__(self, cells: SubGrid, plane: int, before: int) -> None:
        self.cut, self._cells, self._plane, self._before = cells.cut, cells, plane, before

    def response(self, k: NDArray[np.float64]) -> NDArray[np.float64]:
        """That of the cells."""
        return self._cells.response(k)

    def uniform(self, low: tuple[int, int, int], high: tuple[int, int, int]) -> int | None:
        """The one tissue of voxels; see ``SubGrid``."""
        if high[0] <= 0:
            return self._before
        start = (max(low[0], 0) + self._plane, *low[1:])
        found = self._cells.uniform(start, (high[0] + self._plane, *high[1:]))
        return found if low[0] >= 0 or found == self._before else None

    def mixed(
        self, low: tuple[int, int, int], high: tuple[int, int, int], values: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Sums of fraction times value; see ``SubGrid``."""
        shape = tuple(self.cut * (b - a) for a, b in zip(low, high, strict=True))
        ahead = self.cut * min(max(-low[0], 0), high[0] - low[0])
        out = np.empty((values.shape[1], *shape), np.float32)
        out[:, :ahead] = values[self._before][:, None, None, None]
        if ahead < shape[0]:
            start, end = (max(low[0], 0) + self._plane, *low[1:]), (high[0] + self._plane, *high[1:])
            out[:, ahead:] = self._cells.mixed(start, end, values)
        return out
