"""Points and weights that stand for a radiating surface, element by element."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.model.transducer import Cap, PistonArray, RectangleArray, Surface, VelocityPlane

_PER_WAVELENGTH = 2.2  # points per wavelength of arc, a little above Nyquist of the steepest path
_EXTRA = 8  # points beyond that, so that a smooth integrand converges spectrally
_TILE_PER_WAVELENGTH = 1.7  # Gauss points per wavelength along a tile's edge
_TILE_EXTRA = 4


@dataclass(frozen=True, eq=False)
class SurfacePoints:
    """Quadrature of a surface: the integral of f is the sum of weight * f(position).

    Attributes:
        positions: shape (n, 3), from the apex [m].
        weights: shape (n,) [m2].
        offsets: element e owns points ``offsets[e]:offsets[e + 1]``, shape (elements + 1,).
    """

    positions: NDArray[np.float64]
    weights: NDArray[np.float64]
    offsets: NDArray[np.int64]

    @property
    def size(self) -> int:
        """Number of points."""
        return int(self.weights.size)

    def only(self, elements: list[int]) -> SurfacePoints:
        """The points of some of the elements, in that order."""
        own = [np.arange(self.offsets[e], self.offsets[e + 1]) for e in elements]
        chosen = np.concatenate(own)
        offsets = np.concatenate([[0], np.cumsum([len(points) for points in own])])
        return SurfacePoints(self.positions[chosen], self.weights[chosen], offsets)


def _legendre(low: float, high: float, n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, w = np.polynomial.legendre.leggauss(n)
    return 0.5 * (high - low) * x + 0.5 * (high + low), 0.5 * (high - low) * w


def whole_cap(cap: Cap, wavelength: float) -> SurfacePoints:
    """The cap as one element: Gauss-Legendre in the polar angle, trapezoid around, both spectrally accurate.

    Every point per wavelength more takes eight decades off the error of its field, or more.
    """
    hole, rim = cap.half_angles
    n = math.ceil(_PER_WAVELENGTH * (rim - hole) * cap.focal_length / wavelength) + _EXTRA
    theta, weight = _legendre(hole, rim, n)
    positions, weights = [], []
    for angle, w in zip(theta, weight, strict=True):
        r, z = cap.focal_length * math.sin(angle), cap.focal_length * (1 - math.cos(angle))
        m = math.ceil(_PER_WAVELENGTH * 2 * math.pi * r / wavelength) + _EXTRA
        phi = 2 * math.pi * (np.arange(m) + 0.5) / m
        positions.append(np.stack([r * np.cos(phi), r * np.sin(phi), np.full(m, z)], axis=1))
        weights.append(np.full(m, w * cap.focal_length * r * 2 * math.pi / m))
    flat = np.concatenate(weights)
    return SurfacePoints(np.concatenate(positions), flat, np.array([0, flat.size]))


def _tile(cap: Cap, cosines: tuple[float, float], phis: tuple[float, float], wavelength: float) -> NDArray[np.float64]:
    """Gauss points of one tile, columns x, y, z, weight."""
    radius = cap.focal_length
    inner, outer = math.acos(cosines[0]), math.acos(cosines[1])
    arc, width = radius * (outer - inner), radius * math.sin(outer) * (phis[1] - phis[0])
    theta, wt = _legendre(inner, outer, math.ceil(_TILE_PER_WAVELENGTH * arc / wavelength) + _TILE_EXTRA)
    phi, wp = _legendre(*phis, math.ceil(_TILE_PER_WAVELENGTH * width / wavelength) + _TILE_EXTRA)
    s, c = np.sin(theta)[:, None], np.cos(theta)[:, None]
    x, y = radius * s * np.cos(phi), radius * s * np.sin(phi)
    z = np.broadcast_to(radius * (1 - c), x.shape)
    weight = radius**2 * s * wt[:, None] * wp[None, :]
    return np.stack([x, y, z, weight], axis=-1).reshape(-1, 4)


def _tiles(cap: Cap, wavelength: float) -> list[NDArray[np.float64]]:
    hole, rim = cap.half_angles
    cosines = np.linspace(math.cos(hole), math.cos(rim), cap.rings + 1)
    phis = 2 * math.pi * np.arange(cap.sectors + 1) / cap.sectors
    return [
        _tile(cap, (cosines[r], cosines[r + 1]), (phis[s], phis[s + 1]), wavelength)
        for r in range(cap.rings)
        for s in range(cap.sectors)
    ]


def _pistons(array: PistonArray, wavelength: float) -> list[NDArray[np.float64]]:
    """Discs, each by Gauss-Legendre in the radius and trapezoid around."""
    a = array.element_diameter / 2
    r, wr = _legendre(0.0, a, math.ceil(_TILE_PER_WAVELENGTH * a / wavelength) + _TILE_EXTRA)
    m = math.ceil(_PER_WAVELENGTH * 2 * math.pi * a / wavelength) + _EXTRA
    phi = 2 * math.pi * (np.arange(m) + 0.5) / m
    flat_x, flat_y = (r[:, None] * np.cos(phi)).ravel(), (r[:, None] * np.sin(phi)).ravel()
    weight = np.repeat(wr * r * 2 * math.pi / m, m)
    found = []
    for position, normal in zip(array.positions, array.normals, strict=True):
        n = np.array(normal)
        helper = np.array([0.0, 1.0, 0.0]) if abs(n[1]) < 0.9 else np.array([1.0, 0.0, 0.0])
        u = np.cross(helper, n)
        u /= np.linalg.norm(u)
        v = np.cross(n, u)
        points = np.array(position) + flat_x[:, None] * u + flat_y[:, None] * v
        found.append(np.column_stack([points, weight]))
    return found


def _rectangles(array: RectangleArray, wavelength: float) -> list[NDArray[np.float64]]:
    """Rectangles by Gauss-Legendre along both sides."""
    (x, wx), (y, wy) = (
        _legendre(-side / 2, side / 2, math.ceil(_TILE_PER_WAVELENGTH * side / wavelength) + _TILE_EXTRA)
        for side in array.element_size
    )
    weight = np.outer(wx, wy).ravel()
    found = []
    for position, normal, width in zip(array.positions, array.normals, array.widths, strict=True):
        u, v = np.array(width), np.cross(np.array(normal), np.array(width))
        points = np.array(position) + (x[:, None, None] * u + y[None, :, None] * v).reshape(-1, 3)
        found.append(np.column_stack([points, weight]))
    return found


def _samples(plane: VelocityPlane) -> SurfacePoints:
    """A plane's own samples, each apart, as each has its own velocity."""
    x, y = (h * (np.arange(n) - 0.5 * (n - 1)) for n, h in zip(plane.shape, plane.spacing, strict=True))
    positions = np.empty((*plane.shape, 3))
    positions[..., 0], positions[..., 1], positions[..., 2] = x[:, None], y[None, :], plane.z
    count = plane.shape[0] * plane.shape[1]
    weights = np.full(count, plane.spacing[0] * plane.spacing[1])
    return SurfacePoints(positions.reshape(-1, 3), weights, np.arange(count + 1))


def by_element(surface: Surface, wavelength: float) -> SurfacePoints:
    """The surface with every element's points apart, and those of a plane one by one.

    Args:
        surface: cap, array or plane.
        wavelength: m; decides how dense the points are.
    """
    if isinstance(surface, Cap) and surface.elements == 1:
        return whole_cap(surface, wavelength)
    match surface:
        case VelocityPlane():
            return _samples(surface)
        case Cap():
            parts = _tiles(surface, wavelength)
        case PistonArray():
            parts = _pistons(surface, wavelength)
        case RectangleArray():
            parts = _rectangles(surface, wavelength)
    table = np.concatenate(parts)
    offsets = np.concatenate([[0], np.cumsum([len(p) for p in parts])])
    return SurfacePoints(np.ascontiguousarray(table[:, :3]), np.ascontiguousarray(table[:, 3]), offsets)


def depth(surface: Surface) -> float:
    """Largest z of the radiating surface [m]: waves from all of it have set out beyond this plane."""
    if isinstance(surface, Cap):
        return surface.focal_length * (1 - math.cos(surface.half_angles[1]))
    if isinstance(surface, VelocityPlane):
        return surface.z
    half = surface.element_radius
    tilted = zip(surface.positions, surface.normals, strict=True)
    return max(p[2] + half * math.sqrt(max(0.0, 1 - n[2] ** 2)) for p, n in tilted)
