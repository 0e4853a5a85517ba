"""The lattice of a full-wave solve: the grid, room for the source in front of it, and absorbing layers all around."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.fourier import fast_size
from openhifu.acoustics.problem import AcousticProblem
from openhifu.acoustics.quadrature import depth
from openhifu.acoustics.rayleigh import pressure_at
from openhifu.acoustics.source import Fluid, beam_radius
from openhifu.model.transducer import Cap, Surface, VelocityPlane

_SHEET, _BLOB = 0.4, 0.25  # standard deviations of a source sheet and of the blobs of a surface, in wavelengths
_THINNEST = 1.5  # voxels: the least that a lattice can carry
_NEAR = 0.5  # of the source's radius: closer to its rim than this, edge waves run too far sideways for a sheet
_CLEAR_AHEAD, _CLEAR_BEHIND = 5.0, 3.0  # standard deviations between sheet and grid, sheet and absorbing layer
_LAYER = 4.0  # wavelengths of absorbing layer at each side
_FEWEST = 12  # voxels of it
_NEPERS = 4.0  # lost by a wave that crosses one layer straight
_BESIDE = 2.0  # wavelengths of room beside the geometric beam
_HELD = 0.97  # share of the squared pressure that a sheet must hold
_SPREAD = 0.6  # tangent of the angle off the axis to which it is looked for
_LOOKS = 3000  # points at which it is
_TAPERED = 0.6  # outer share of the layer in which the medium fades to water


@dataclass(frozen=True)
class BornBox:
    """A periodic lattice, axes in the order z, x, y.

    Attributes:
        shape: voxels.
        low: first voxel in the grid's lattice.
        layers: voxels of absorbing layer at the low and high end of each axis.
        inside: voxels of the grid itself.
        spacing: m.
        surface: whether the source's own surface radiates in the box; a sheet in front of the grid does otherwise.
        blur: standard deviation of the source [m].
        sheet: z of the sheet from the apex [m].
        plane: z of the plane where the source's field is sampled [m].
        first: centre of the first voxel in the source's own axes, x, y, z [m].
    """

    shape: tuple[int, int, int]
    low: tuple[int, int, int]
    layers: tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
    inside: tuple[int, int, int]
    spacing: float
    surface: bool
    blur: float
    sheet: float
    plane: float
    first: tuple[float, float, float]

    @classmethod
    def around(cls, problem: AcousticProblem, fluid: Fluid) -> BornBox:
        """The smallest box that holds grid, source sheet and beam.

        Args:
            problem: source and grid.
            fluid: what lies between source and grid.
        """
        grid, surface, h = problem.medium.grid, problem.drive.transducer.surface, problem.medium.grid.spacing[0]
        wave = fluid.wavelength
        x0, y0, z0 = problem.first_voxel
        nx, ny, nz = grid.shape
        near = z0 - depth(surface) < _NEAR * source_radius(surface)
        sigma = max((_BLOB if near else _SHEET) * wave, _THINNEST * h)
        sheet = z0 - _CLEAR_AHEAD * sigma
        plane = max(z0, depth(surface) + wave)
        radius = float(max(beam_radius(surface, sheet), beam_radius(surface, plane))) + _BESIDE * wave
        ahead = _CLEAR_AHEAD * sigma
        if near:
            radius, ahead = max(radius, source_radius(surface) + _CLEAR_AHEAD * sigma), z0
        else:
            steep = math.tan(surface.half_angles[1])
            start = max(sheet, depth(surface) + wave)
            radius = max(radius, _holding_radius(problem, fluid, start) + (start - sheet) * steep + wave)
        layer = max(_FEWEST, math.ceil(_LAYER * wave / h))
        room = [(math.ceil((ahead + _CLEAR_BEHIND * sigma) / h), 0)]
        for start, n in ((x0, nx), (y0, ny)):
            room.append((max(0, math.ceil((start + radius) / h)), max(0, math.ceil((radius - start) / h) - n + 1)))
        inside = (nz, nx, ny)
        counts = [fast_size(a + n + b + 2 * layer) for (a, b), n in zip(room, inside, strict=True)]
        spare = [c - (a + n + b + 2 * layer) for c, (a, b), n in zip(counts, room, inside, strict=True)]
        low = [-(layer + a) for a, _ in room]
        return cls(
            shape=(counts[0], counts[1], counts[2]),
            low=(low[0], low[1], low[2]),
            layers=((layer, layer + spare[0]), (layer, layer + spare[1]), (layer, layer + spare[2])),
            inside=inside,
            spacing=h,
            surface=near,
            blur=sigma,
            sheet=sheet,
            plane=plane,
            first=(x0 + h * low[1], y0 + h * low[2], z0 + h * low[0]),
        )

    @classmethod
    def behind_a_plane(cls, problem: AcousticProblem, fluid: Fluid) -> BornBox:
        """The box of a grid whose first plane a given wave enters: a sheet before it, absorbing layers around it.

        Args:
            problem: grid and where it lies.
            fluid: what lies before the plane.
        """
        h, (x0, y0, z0) = problem.medium.grid.spacing[0], problem.first_voxel
        nx, ny, nz = problem.medium.grid.shape
        sigma = max(_SHEET * fluid.wavelength, _THINNEST * h)
        layer = max(_FEWEST, math.ceil(_LAYER * fluid.wavelength / h))
        ahead = math.ceil((_CLEAR_AHEAD + _CLEAR_BEHIND) * sigma / h)
        counts = [fast_size(n + 2 * layer) for n in (nz + ahead, nx, ny)]
        spare = [c - n - 2 * layer for c, n in zip(counts, (nz + ahead, nx, ny), strict=True)]
        low = (-layer - ahead, -layer, -layer)
        return cls(
            shape=(counts[0], counts[1], counts[2]),
            low=low,
            layers=((layer, layer + spare[0]), (layer, layer + spare[1]), (layer, layer + spare[2])),
            inside=(nz, nx, ny),
            spacing=h,
            surface=False,
            blur=sigma,
            sheet=z0 - _CLEAR_AHEAD * sigma,
            plane=z0,
            first=(x0 + h * low[1], y0 + h * low[2], z0 + h * low[0]),
        )

    @property
    def points(self) -> int:
        """Voxels in all."""
        return self.shape[0] * self.shape[1] * self.shape[2]

    @property
    def crop(self) -> tuple[slice, slice, slice]:
        """Where the grid lies in the box."""
        a, b, c = (slice(-low, -low + n) for low, n in zip(self.low, self.inside, strict=True))
        return a, b, c

    @property
    def continued(self) -> float:
        """How far beside the grid the medium had to be continued to hold the beam, absorbing layers aside [m]."""
        sides = [-self.low[n] - self.layers[n][0] for n in (1, 2)]
        sides += [self.shape[n] + self.low[n] - self.inside[n] - self.layers[n][1] for n in (1, 2)]
        return max(sides) * self.spacing

    def depths(self) -> list[NDArray[np.float64]]:
        """How deep every index of each axis lies in its absorbing layer: 0 inside, 1 at the outermost face."""
        out = []
        for n, (a, b) in zip(self.shape, self.layers, strict=True):
            at = np.arange(n) + 0.5
            out.append(np.maximum(np.maximum((a - at) / a, (at - (n - b)) / b), 0.0))
        return out

    def absorption(self) -> list[NDArray[np.float32]]:
        """Np/m along each axis: rises as sine squared, for the same loss in a thick layer as in a thin one."""
        out = []
        for inward, n, (a, b) in zip(self.depths(), self.shape, self.layers, strict=True):
            cells = np.where(np.arange(n) < n // 2, a, b)
            out.append((2 * _NEPERS / (cells * self.spacing) * np.sin(0.5 * np.pi * inward) ** 2).astype(np.float32))
        return out

    def weights(self) -> list[NDArray[np.float32]]:
        """Share of the medium, along each axis, that is kept: falls to zero so that the maps are periodic."""
        fades = [np.clip((d - (1 - _TAPERED)) / _TAPERED, 0.0, 1.0) for d in self.depths()]
        return [(np.cos(0.5 * np.pi * f) ** 2).astype(np.float32) for f in fades]


def _holding_radius(problem: AcousticProblem, fluid: Fluid, z: float) -> float:
    """Radius [m] around the axis that holds nearly all of the squared pressure on a plane: side lobes count too.

    The plane is looked at along a golden spiral out to where a source could send anything that matters.
    """
    reach = source_radius(problem.drive.transducer.surface) + _SPREAD * z
    radius = reach * (np.arange(_LOOKS) + 0.5) / _LOOKS
    angle = np.pi * (3 - math.sqrt(5)) * np.arange(_LOOKS)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle), np.full(_LOOKS, z)], axis=1)
    own = problem.drive.model_copy(update={"pose": None})
    held = np.cumsum(radius * np.abs(pressure_at(own, points, fluid)) ** 2)
    return float(radius[int(np.searchsorted(held, _HELD * held[-1]))])


def source_radius(surface: Surface) -> float:
    """Largest distance of the radiating surface from its axis [m]."""
    if isinstance(surface, VelocityPlane):
        return surface.reach
    if not isinstance(surface, Cap):
        return max(math.hypot(x, y) for x, y, _ in surface.positions) + surface.element_radius
    return surface.outer_diameter / 2
