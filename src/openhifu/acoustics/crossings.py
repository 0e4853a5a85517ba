"""Where rays cross from one tissue to the next between two planes, at which angle, and what passes and turns back.

A march meets an interface column by column, as a factor on the voxels whose label changes. A ray that runs along a
sloping interface meets more of such voxels than one interface's worth, a ray against it fewer: the number is
``cos(angle to the normal) / (cos(angle to the axis) * normal's share along the axis)``, and the factors here are made
so that a ray takes the transmission of one interface, whatever the slope.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from openhifu.acoustics.materials import Materials
from openhifu.acoustics.problem import AcousticProblem
from openhifu.acoustics.source import Fluid

_HALF_WINDOW = 4  # voxels: radius of the ball whose labels say which way an interface faces
_GRAZING = 0.15  # smallest cosine to a normal: beyond 81 degrees a staircase of labels has no angle to be trusted
_STEEPEST = 0.3  # smallest share along the axis of a ray or a normal
_WAIST = 2.0  # wavelengths from the focus within which rays of all directions meet: their mean, the axis, is taken


class Rays(NamedTuple):
    """Rays that all run to one point in the fluid before the source, and keep their lateral wavenumber in what follows.

    Attributes:
        focus: fractional index of that point, axes z, x, y.
        bending: per label, sine of a ray's angle to the axis there over its sine in the fluid.
        steps: voxel size along z, x, y [m].
        waist: distance from the focus along the axis within which rays count as parallel to it [m].
        steepest: sine of the angle to the axis, in the fluid, of the ray from the rim. Beside the cone of rays, where
            only diffracted waves go, it is taken for that of all: towards the focus no wave runs there, and the deeper
            an interface reaches beside the focus, the further from the truth that would be.
    """

    focus: NDArray[np.float64]
    bending: NDArray[np.float64]
    steps: NDArray[np.float64]
    waist: float
    steepest: float


@dataclass(frozen=True, eq=False)
class Crossing:
    """What changes tissue between plane n - 1 and plane n, as factors on the pressure of its voxels.

    Attributes:
        voxels: row and column of each such voxel of a plane.
        onwards: what a forward wave keeps.
        back: what is turned back of it.
        out: what a backward wave keeps.
        again: what is turned forward of that.
    """

    voxels: tuple[NDArray[np.int64], NDArray[np.int64]]
    onwards: NDArray[np.float32]
    back: NDArray[np.float32]
    out: NDArray[np.float32]
    again: NDArray[np.float32]


def rays_of(problem: AcousticProblem, materials: Materials, fluid: Fluid) -> Rays:
    """Rays to the geometric focus of a problem's source."""
    x0, y0, z0 = problem.first_voxel
    dx, dy, dz = problem.medium.grid.spacing
    focal = problem.drive.transducer.focal_length
    return Rays(
        focus=np.array([(focal - z0) / dz, -x0 / dx, -y0 / dy]),
        bending=fluid.wavenumber / np.where(materials.present, materials.wavenumber, fluid.wavenumber),
        steps=np.array([dz, dx, dy]),
        waist=_WAIST * fluid.wavelength,
        steepest=math.sin(problem.drive.transducer.surface.half_angles[1]),
    )


def crossings(labels: NDArray[np.uint8], materials: Materials, rays: Rays) -> list[Crossing]:
    """What changes tissue on the way to every plane; nothing on the way to the first.

    Args:
        labels: (nz, nx, ny).
        materials: numbers per label.
        rays: where the wave runs.
    """
    found = []
    for n in range(labels.shape[0]):
        rows, columns = np.nonzero(labels[n] != labels[max(n - 1, 0)])
        a, b = labels[max(n - 1, 0)][rows, columns], labels[n][rows, columns]
        met = _factors(a, b, directions(labels, n, rows, columns, rays), materials)
        found.append(Crossing((rows, columns), *(part.astype(np.float32) for part in met)))
    return found


def _factors(
    a: NDArray[np.uint8], b: NDArray[np.uint8], cosines: NDArray[np.float64], materials: Materials
) -> tuple[NDArray[np.float64], ...]:
    """Factors onwards, back, out and again of voxels that change from label a to label b.

    Pressure coefficients of a plane wave, 2 Z_b' / (Z_a' + Z_b') with Z' = rho c / cos and Snell's law; source: Pierce,
    Acoustics (1989), section 3-6. A march that is symmetric in its two media keeps the flux through planes of equal
    depth, |p|^2 times the area of a bundle of rays there, where the pressure of a plane wave keeps |p|: the square root
    of the areas makes up for it.
    """
    k, z = materials.wavenumber, materials.impedance
    incident, axial, normal = cosines
    ratio = k[a] / k[b]
    refracted = np.sqrt(np.maximum(1.0 - (1.0 - incident**2) * ratio**2, _GRAZING**2))
    beyond = np.maximum(ratio * axial + (refracted - ratio * incident) * normal, _STEEPEST)
    mirrored = np.maximum(np.abs(axial - 2.0 * incident * normal), _STEEPEST)
    before, after = z[a] / incident, z[b] / refracted
    reflected = (after - before) / (after + before)
    area = np.sqrt(refracted * axial / (incident * beyond))
    met = 0.5 * (incident / axial + refracted / beyond) / normal
    return (
        ((1.0 + reflected) * area) ** met,
        reflected * incident / (mirrored * normal),
        ((1.0 - reflected) / area) ** met,
        -reflected * refracted / (beyond * normal),
    )


@njit(nogil=True, cache=True)
def directions(
    labels: NDArray[np.uint8], n: int, rows: NDArray[np.int64], columns: NDArray[np.int64], rays: Rays
) -> NDArray[np.float64]:
    """Cosines of the rays to the interface's normal, of the rays to the axis, and of the normals to the axis.

    Args:
        labels: (nz, nx, ny).
        n: the plane that is reached.
        rows: of the voxels that change label on the way to it.
        columns: of the same.
        rays: where the wave runs.

    Returns:
        Shape (3, voxels).
    """
    out = np.empty((3, rows.size))
    normal, ray = np.empty(3), np.empty(3)
    for m in range(rows.size):
        i, j = rows[m], columns[m]
        facing(labels, (n, i, j), (labels[n - 1, i, j], labels[n, i, j]), rays.steps, normal)
        length = np.sqrt(normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2)
        towards(rays, (n, i, j), float(rays.bending[labels[n - 1, i, j]]), ray)
        dot = normal[0] * ray[0] + normal[1] * ray[1] + normal[2] * ray[2]
        out[0, m] = max(_GRAZING, abs(dot) / length)
        out[1, m] = ray[0]
        out[2, m] = max(_STEEPEST, abs(normal[0]) / length)
    return out


@njit(nogil=True, cache=True)
def towards(rays: Rays, here: tuple[int, int, int], bending: float, ray: NDArray[np.float64]) -> None:
    """Direction of the ray through the face before a voxel, along z, x, y; its part along z is positive."""
    n, i, j = here
    z = (rays.focus[0] - (n - 0.5)) * rays.steps[0]
    x, y = (rays.focus[1] - i) * rays.steps[1], (rays.focus[2] - j) * rays.steps[2]
    ray[0], ray[1], ray[2] = 1.0, 0.0, 0.0
    if abs(z) < rays.waist:
        return
    length = np.sqrt(z * z + x * x + y * y)
    off = np.sqrt(x * x + y * y)
    lateral = min(min(off / length, rays.steepest) * bending, np.sqrt(1.0 - _STEEPEST**2))
    size = np.sign(z) * lateral / max(off, 1e-12)
    ray[0] = np.sqrt(1.0 - lateral * lateral)
    ray[1], ray[2] = x * size, y * size


@njit(nogil=True, cache=True)
def facing(
    labels: NDArray[np.uint8],
    here: tuple[int, int, int],
    pair: tuple[int, int],
    steps: NDArray[np.float64],
    normal: NDArray[np.float64],
) -> None:
    """Which way an interface faces at the face between plane n - 1 and n, along z, x, y: a vector of any length.

    The first moment of (label b) - (label a) in a ball around it; a ball, as a cube would lean towards its own sides.
    """
    nz, nx, ny = labels.shape
    n, i, j = here
    a, b = pair
    radius = _HALF_WINDOW * min(steps[0], steps[1], steps[2])
    reach = (radius / steps).astype(np.int64) + 1
    normal[:] = 0.0
    for p in range(n - reach[0], n + reach[0]):
        z = (p - n + 0.5) * steps[0]
        for q in range(i - reach[1], i + reach[1] + 1):
            x = (q - i) * steps[1]
            for r in range(j - reach[2], j + reach[2] + 1):
                y = (r - j) * steps[2]
                if z * z + x * x + y * y > radius * radius:
                    continue
                # Beyond the grid its outermost voxels go on.
                label = labels[min(max(p, 0), nz - 1), min(max(q, 0), nx - 1), min(max(r, 0), ny - 1)]
                side = 1.0 if label == b else (-1.0 if label == a else 0.0)
                normal[0] += side * z
                normal[1] += side * x
                normal[2] += side * y
