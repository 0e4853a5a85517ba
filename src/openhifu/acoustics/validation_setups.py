"""Small sources and media that the validation cases share: 1 MHz, focal length 60 mm."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from openhifu.base.grid import Grid
from openhifu.model.catalogue import tissue
from openhifu.model.medium import Medium
from openhifu.model.tissue import Property, Tissue
from openhifu.model.tissuemap import TissueMap
from openhifu.model.transducer import (
    Calibration,
    Cap,
    Ceilings,
    PistonArray,
    RectangleArray,
    Surface,
    Transducer,
    Travel,
)

_WHY = "a value chosen for validation"
_FOCAL = 60e-3


def substance(name: str, **changed: float) -> Tissue:
    """A tissue of the catalogue with other values of some properties (SI, attenuation at 1 MHz)."""
    return tissue(name).replaced({Property(key): value for key, value in changed.items()}, _WHY)


LOSSLESS = substance("water", attenuation=0.0, density=1000.0, sound_speed=1500.0)
"""Water that attenuates nothing."""


def lossy() -> Tissue:
    """Water that attenuates 10 Np/m at 1 MHz, about as much again as soft tissue does."""
    return substance("water", attenuation=10.0, density=1000.0, sound_speed=1500.0)


def bowl(hole: float, diameter: float = 60e-3, rings: int = 1, sectors: int = 1) -> Transducer:
    """A cap of focal length 60 mm at 1 MHz."""
    cap = Cap(focal_length=_FOCAL, outer_diameter=diameter, hole_diameter=hole, rings=rings, sectors=sectors)
    return device(cap, 1e6)


def array() -> Transducer:
    """24 discs of 6 mm on two circles of a sphere of radius 60 mm, at 1 MHz."""
    positions, normals = [], []
    for angle, count in ((0.25, 9), (0.45, 15)):
        for n in range(count):
            phi = 2 * math.pi * n / count + angle
            outward = (math.sin(angle) * math.cos(phi), math.sin(angle) * math.sin(phi), -math.cos(angle))
            positions.append((_FOCAL * outward[0], _FOCAL * outward[1], _FOCAL * (1 + outward[2])))
            normals.append((-outward[0], -outward[1], -outward[2]))
    surface = PistonArray(
        focal_length=_FOCAL, element_diameter=6e-3, positions=tuple(positions), normals=tuple(normals)
    )
    return device(surface, 1e6)


def rectangles() -> Transducer:
    """The same places with rectangles of 5 x 7 mm, each turned its own way."""
    discs = array().surface
    if not isinstance(discs, PistonArray):
        raise TypeError("the array is of discs")
    widths = []
    for n, normal in enumerate(discs.normals):
        first, second = np.linalg.svd(np.array(normal)[None, :])[2][1:]
        turned = math.cos(0.7 * n) * first + math.sin(0.7 * n) * second
        widths.append((float(turned[0]), float(turned[1]), float(turned[2])))
    surface = RectangleArray(
        focal_length=_FOCAL,
        element_size=(5e-3, 7e-3),
        positions=discs.positions,
        normals=discs.normals,
        widths=tuple(widths),
    )
    return device(surface, 1e6)


def device(surface: Surface, frequency: float) -> Transducer:
    """A surface as a device that may do anything."""
    return Transducer(
        name="validation",
        title="a source made for validation",
        frequency=frequency,
        surface=surface,
        ceilings=Ceilings(
            acoustic_power=1e3,
            on_time=1e3,
            spot_energy=1e6,
            total_energy=1e9,
            travel=Travel(x=1.0, y=1.0, z=1.0, tilt=math.pi),
            stand_off=0.0,
        ),
        calibration=Calibration(serial="none", date="2026-01-01", relative_uncertainty=0.5, source="none"),
        assumptions=(),
        source="made for validation",
    )


def box(spacing: float = 0.4e-3) -> Grid:
    """60 x 60 x 48 mm around the focus, a voxel column on the axis."""
    half = 75 * spacing
    return Grid.box((-half, -half, 32e-3), (half, half, 80e-3), spacing)


def axis_of(grid: Grid) -> NDArray[np.float64]:
    """Distances of the planes from the apex [m]."""
    return grid.affine[2, 3] + grid.axis(2)


def layered(grid: Grid, names: tuple[str, ...], planes: tuple[int, ...]) -> Medium:
    """Flat layers across the beam, each so many planes thick; the first is lossless water."""
    tissues = tuple(dict.fromkeys(names))
    data = np.empty(grid.shape, np.uint8)
    start = 0
    for name, count in zip(names, planes, strict=True):
        data[:, :, start : start + count] = tissues.index(name)
        start += count
    values = tuple(LOSSLESS if name == "water" else tissue(name) for name in tissues)
    return Medium(TissueMap(grid, data, tissues), values)


def rectangle_points(surface: RectangleArray, element: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points and areas of one rectangle by a fine midpoint rule."""
    n, (a, b) = 96, surface.element_size
    at = (np.arange(n) + 0.5) / n - 0.5
    x, y = (m.ravel() for m in np.meshgrid(a * at, b * at, indexing="ij"))
    width, normal = np.array(surface.widths[element]), np.array(surface.normals[element])
    points = np.array(surface.positions[element]) + np.stack([x, y], axis=1) @ np.stack(
        [width, np.cross(normal, width)]
    )
    return points, np.full(x.size, a * b / n**2)


def piston_points(surface: PistonArray, element: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points and areas of one disc by a fine midpoint rule on squares, made apart from the solver's quadrature."""
    a, n = surface.element_diameter / 2, 64
    u = a * ((np.arange(n) + 0.5) / n)
    phi = 2 * math.pi * (np.arange(n) + 0.5) / n
    r, p = (m.ravel() for m in np.meshgrid(u, phi, indexing="ij"))
    weight = r * (a / n) * (2 * math.pi / n)
    normal = np.array(surface.normals[element])
    along = np.linalg.svd(normal[None, :])[2][1:]
    points = np.array(surface.positions[element]) + np.stack([r * np.cos(p), r * np.sin(p)], axis=1) @ along
    return points, weight
