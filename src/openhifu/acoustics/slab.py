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
_LOOK = 3.0  # wavelengths further away in which the most uniform plane is looked for


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
    lit, end = lit_by(problem, wave), labels.shape[2] - 1
    before, behind, look = (math.ceil(n * wave / h) for n in (_BEFORE, _BEHIND, _LOOK))
    latest, soonest = max(0, int(planes[0]) - before), min(end, int(planes[-1]) + behind)
    # Of equally uniform planes the nearest to the bone: the full wave is what costs.
    first = _most_uniform(labels, lit, range(latest, max(0, latest - look) - 1, -1))
    last = _most_uniform(labels, lit, range(soonest, min(end, soonest + look) + 1))
    return Slab(first, last, float(bone.sum(axis=2).max()) * h)


def _most_uniform(labels: NDArray[np.uint8], lit: NDArray[np.bool_], planes: range) -> int:
    """The first of the planes of which no other is more of one tissue in the beam."""
    shares = np.array([_share_of_commonest(labels[:, :, n][lit[:, :, n]]) for n in planes])
    return planes[int(np.flatnonzero(shares >= shares.max() - 1e-3)[0])]


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


def handed_over(
    labels: NDArray[np.uint8], materials: Materials, background: Fluid, path: float
) -> NDArray[np.complex64]:
    """What a wave in a background becomes on a plane of voxels it enters: transmission, phase and loss up to there.

    Between the background and a voxel lies the voxel's face, half a step before its centre: pressure transmission at
    normal incidence, and the way from face to centre in the voxel's tissue instead of the background. Bone and gas
    count as background.

    Args:
        labels: of the plane.
        materials: numbers of the labels.
        background: what lies before the plane.
        path: length of the rays from the voxels' faces to their centres [m].
    """
    soft = materials.present & ~materials.hard & ~materials.gas
    z = np.where(soft, materials.impedance, background.impedance)
    phase = np.where(soft, materials.wavenumber - background.wavenumber, 0.0)
    loss = np.where(soft, materials.attenuation - background.attenuation, 0.0)
    change = 2 * z / (z + background.impedance) * np.exp((1j * phase - loss) * path)
    return change.astype(np.complex64)[labels]


class BetweenPlanes:
    """The cells of a whole map from one of its planes to another, with nothing new outside; a ``SubGrid``.

    Before the first plane lies one tissue. Beyond the last every column goes on as it is in the middle of that plane,
    so that nothing comes back from there: what arrives at the last plane is the wave that goes on, and nothing else.

    Args:
        cells: of the whole map.
        first: its plane that becomes plane 0.
        last: the last of its planes that is taken.
        before: tissue in front of the first.
    """

    def __init__(self, cells: SubGrid, first: int, last: int, before: int) -> None:
        self.cut, self._cells, self._first, self._before = cells.cut, cells, first, before
        self._count = last - first + 1

    def response(self, k: NDArray[np.float64]) -> NDArray[np.float64]:
        """That of the cells."""
        return self._cells.response(k)

    def uniform(self, low: tuple[int, int, int], high: tuple[int, int, int]) -> int | None:
        """The one tissue of voxels; see ``SubGrid``."""
        if high[0] <= 0:
            return self._before
        start, end = (min(max(z, 0), self._count - 1 + at) + self._first for at, z in enumerate((low[0], high[0])))
        found = self._cells.uniform((start, *low[1:]), (end, *high[1:]))
        return found if low[0] >= 0 or found == self._before else None

    def mixed(
        self, low: tuple[int, int, int], high: tuple[int, int, int], values: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Sums of fraction times value; see ``SubGrid``."""
        start, end = (min(max(z, 0), self._count - 1 + at) for at, z in enumerate((low[0], high[0])))
        found = self._cells.mixed((start + self._first, *low[1:]), (end + self._first, *high[1:]), values)
        cells = np.arange(self.cut * low[0], self.cut * high[0])
        middle = self.cut * (self._count - 1) + self.cut // 2
        out = found[:, np.clip(cells, 0, middle) - self.cut * start]
        out[:, cells < 0] = values[self._before][:, None, None, None]
        return out
