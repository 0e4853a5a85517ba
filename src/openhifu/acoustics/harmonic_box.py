"""The box around the focus in which harmonics are marched: where it lies in the grid, how finely it is sampled."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.fourier import backward, fast_size, forward
from openhifu.acoustics.marching_checks import SPONGE_CELLS
from openhifu.acoustics.problem import AcousticProblem
from openhifu.acoustics.source import Fluid, beam_radius
from openhifu.base.errors import GeometryError

HALF_WIDTH = 30e-3
"""m on either side of the source's axis, or as far as the grid goes."""

_MARGIN = 2.0  # wavelengths around the cone of rays that the box holds on its first plane
_SAMPLES = 2.0  # per wavelength of the highest harmonic along the steepest ray


@dataclass(frozen=True)
class HarmonicBox:
    """Columns and planes of a grid, sampled finer across the beam.

    Attributes:
        low: first column along x and y.
        count: columns along x and y.
        first: first plane.
        finer: samples per voxel across the beam.
        spacing: of the samples along x and y [m].
    """

    low: tuple[int, int]
    count: tuple[int, int]
    first: int
    finer: int
    spacing: tuple[float, float]

    @classmethod
    def around(cls, problem: AcousticProblem, fluid: Fluid) -> HarmonicBox:
        """The box of a problem.

        Raises:
            GeometryError: if the grid ends before the box could begin.
        """
        grid, surface, (x0, y0, z0) = problem.medium.grid, problem.drive.transducer.surface, problem.first_voxel
        spans = []
        for start, n in ((x0, 0), (y0, 1)):
            h, size = grid.spacing[n], grid.shape[n]
            a = max(0, math.ceil((-HALF_WIDTH - start) / h))
            b = min(size, math.floor((HALF_WIDTH - start) / h) + 1)
            while fast_size(b - a) != b - a:
                a, b = (a + 1, b) if (b - a) % 2 else (a, b - 1)
            spans.append((a, b - a, min(-(start + a * h), start + (b - 1) * h) - SPONGE_CELLS * h))
        reach = beam_radius(surface, z0 + grid.axis(2)) + _MARGIN * fluid.wavelength
        focus = surface.focal_length - z0
        fits = np.flatnonzero((reach <= min(s[2] for s in spans)) & (grid.axis(2) < focus))
        if fits.size == 0:
            raise GeometryError(
                "harmonics are marched within 30 mm of the axis, from where the whole beam is that narrow, but no "
                "plane of the grid before the focus holds it; widen the grid or let it reach the focus"
            )
        sine = math.sin(surface.half_angles[1])
        finest = fluid.wavelength / (_SAMPLES * problem.harmonics * max(sine, 0.2))
        finer = max(1, math.ceil(max(grid.spacing[:2]) / finest - 1e-9))
        spacing = (grid.spacing[0] / finer, grid.spacing[1] / finer)
        return cls((spans[0][0], spans[1][0]), (spans[0][1], spans[1][1]), int(fits[0]), finer, spacing)

    @property
    def shape(self) -> tuple[int, int]:
        """Samples along x and y."""
        return self.count[0] * self.finer, self.count[1] * self.finer

    @property
    def columns(self) -> tuple[slice, slice]:
        """Columns of the grid."""
        return (slice(self.low[0], self.low[0] + self.count[0]), slice(self.low[1], self.low[1] + self.count[1]))

    def refined(self, plane: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """A plane of the grid on the box's samples, faded at the edges, filled in by its own spectrum."""
        own = plane[self.columns]
        fades = [_fade(n) for n in self.count]
        spectrum = forward(own * np.outer(fades[0], fades[1]))
        wide = np.zeros(self.shape, np.complex64)
        a, b = self.count[0] // 2, self.count[1] // 2
        for rows in (slice(0, a), slice(-a, None)):
            for columns in (slice(0, b), slice(-b, None)):
                wide[rows, columns] = spectrum[rows, columns]
        return backward(wide) * np.float32(self.finer**2)

    def on_voxels(self, samples: NDArray) -> NDArray:
        """The samples that lie on the grid's columns."""
        return samples[..., :: self.finer, :: self.finer]

    def spread(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A plane of the grid's labels on the box's samples, each that of the nearest column."""
        own = labels[self.columns]
        index = [np.minimum((np.arange(n * self.finer) + self.finer // 2) // self.finer, n - 1) for n in self.count]
        return np.ascontiguousarray(own[np.ix_(index[0], index[1])])


def _fade(n: int) -> NDArray[np.float32]:
    """One inside, falling to zero over the outer voxels."""
    inward = np.minimum(np.arange(n) + 0.5, n - np.arange(n) - 0.5)
    return (np.sin(0.5 * np.pi * np.minimum(inward / SPONGE_CELLS, 1.0)) ** 2).astype(np.float32)
