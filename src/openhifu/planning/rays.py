"""Straight rays from a focus back to the radiating surface: what they meet and what is left of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from openhifu.model.pose import Pose
from openhifu.model.transducer import Cap, Transducer, VelocityPlane
from openhifu.planning.anatomy import Anatomy, Way

_STEP = 1.0e-3  # metres between samples along a ray


@dataclass(frozen=True, eq=False)
class Bundle:
    """Directions from the focus to points of equal solid angle on the aperture, in the transducer's axes.

    Attributes:
        directions: unit vectors focus to surface, shape (n, 3); z is minus the beam.
        element: element each ray belongs to, shape (n,); -1 for rays through the hole, used for geometry only.
        length: m from focus to surface, shape (n,).
    """

    directions: NDArray[np.float64]
    element: NDArray[np.int64]
    length: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Traced:
    """What rays met.

    Attributes:
        met: one bit per ``Way`` (1 << way) a ray ran through, shape (n,).
        attenuation: integral of attenuation [Np] through soft tissue, cartilage and bowel, shape (n,).
        skin: m from the focus to where the ray last left tissue, shape (n,).
        cut: whether the ray left the image while still in tissue, shape (n,).
    """

    met: NDArray[np.uint8]
    attenuation: NDArray[np.float64]
    skin: NDArray[np.float64]
    cut: NDArray[np.bool_]

    def meets(self, way: Way) -> NDArray[np.bool_]:
        """Rays that ran through a class."""
        return (self.met >> int(way)) & 1 == 1


def cap_bundle(cap: Cap, rays_per_ring: int, rings: int) -> Bundle:
    """Rays over a cap: rings of equal area, ``rays_per_ring`` evenly around each; the hole is covered too."""
    inner, outer = cap.half_angles
    hole_rings = max(1, rings // 6) if inner > 0 else 0
    cosines = [np.cos(inner) + (np.cos(outer) - np.cos(inner)) * (np.arange(rings) + 0.5) / rings]
    if hole_rings:
        cosines.append(1 + (np.cos(inner) - 1) * (np.arange(hole_rings) + 0.5) / hole_rings)
    cos_theta = np.concatenate(cosines)
    phi = 2 * np.pi * (np.arange(rays_per_ring) + 0.5) / rays_per_ring
    c, p = np.meshgrid(cos_theta, phi, indexing="ij")
    s = np.sqrt(1 - c**2)
    directions = np.stack([s * np.cos(p), s * np.sin(p), -c], axis=-1).reshape(-1, 3)
    ring = np.concatenate([np.arange(rings) * cap.rings // rings, np.full(hole_rings, -1)])
    sector = (p[0] / (2 * np.pi) * cap.sectors).astype(int)
    element = np.where(ring[:, None] < 0, -1, ring[:, None] * cap.sectors + sector[None, :]).ravel()
    return Bundle(directions, element.astype(np.int64), np.full(len(directions), cap.focal_length))


def bundle(transducer: Transducer, fine: bool) -> Bundle:
    """Rays for a device: some hundreds for searching, several per element when ``fine``."""
    surface = transducer.surface
    if isinstance(surface, Cap):
        if fine:
            return cap_bundle(surface, max(64, 4 * surface.sectors), max(16, 3 * surface.rings))
        return cap_bundle(surface, 48, 16)
    if isinstance(surface, VelocityPlane):
        cap = Cap(
            focal_length=surface.focal_length,
            outer_diameter=2 * surface.focal_length * math.sin(surface.half_angle),
            hole_diameter=0.0,
        )
        return cap_bundle(cap, 64 if fine else 48, 16)
    points = np.asarray(surface.positions) - np.array([0.0, 0.0, surface.focal_length])
    length = np.linalg.norm(points, axis=1)
    return Bundle(points / length[:, None], np.arange(len(points)), length)


@numba.njit(cache=True, parallel=True)
def _trace(
    start: NDArray[np.float64],
    directions: NDArray[np.float64],
    length: NDArray[np.float64],
    step: float,
    way: NDArray[np.uint8],
    tissue: NDArray[np.uint8],
    alpha: NDArray[np.float64],
    met: NDArray[np.uint8],
    attenuation: NDArray[np.float64],
    skin: NDArray[np.float64],
    cut: NDArray[np.bool_],
) -> None:  # pragma: no cover - compiled
    sx, sy, sz = way.shape
    for r in numba.prange(directions.shape[0]):
        n = int(length[r] / step)
        bits, total, last, left = 0, 0.0, 0.0, False
        for m in range(n):
            s = (m + 0.5) * step
            x = start[0] + s * directions[r, 0] + 0.5
            y = start[1] + s * directions[r, 1] + 0.5
            z = start[2] + s * directions[r, 2] + 0.5
            if x < 0.0 or y < 0.0 or z < 0.0 or x >= sx or y >= sy or z >= sz:
                left = bits != 0 and last > s - 2.5 * step
                break
            w = way[int(x), int(y), int(z)]
            if w != 0:
                bits |= 1 << w
                total += alpha[tissue[int(x), int(y), int(z)]] * step
                last = s + 0.5 * step
        met[r], attenuation[r], skin[r], cut[r] = bits, total, last, left


def trace(
    view: Anatomy, focus: NDArray[np.float64], directions: NDArray[np.float64], length: NDArray[np.float64]
) -> Traced:
    """Follow rays from a focus outwards.

    Args:
        view: the anatomy; its grid must be aligned with the patient's axes.
        focus: m, LPS.
        directions: unit vectors in LPS, shape (n, 3).
        length: m to follow each ray, shape (n,).
    """
    n = len(directions)
    inverse = np.linalg.inv(view.grid.affine)
    index_directions = np.ascontiguousarray(directions @ inverse[:3, :3].T)
    result = Traced(np.zeros(n, np.uint8), np.zeros(n), np.zeros(n), np.zeros(n, bool))
    _trace(
        view.grid.index(focus),
        index_directions,
        length,
        _STEP,
        view.way,
        view.tissue,
        view.attenuation,
        result.met,
        result.attenuation,
        result.skin,
        result.cut,
    )
    return result


def turned(rays: Bundle, pose: Pose) -> NDArray[np.float64]:
    """The bundle's directions in patient LPS for a pose."""
    return rays.directions @ np.asarray(pose.axes)
