"""A torso that is known voxel by voxel, scanned with blur and noise: what classes found in a CT are held against."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from openhifu.base.field import Field, Quantity
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.imaging.segmentation.classes import CLASS_TISSUES
from openhifu.imaging.segmentation.filters import smoothed
from openhifu.model.tissuemap import LabelMap

_SHAPE, _SPACING = (270, 210, 48), (1.2e-3, 1.2e-3, 2.5e-3)
_NUMBER = {name: n for n, (name, _) in enumerate(CLASS_TISSUES, start=1)}
_BLUR, _NOISE = 0.6e-3, 20.0  # m, HU: of a usual abdominal scan
_SKIN = 2e-3  # m
_HIGHEST_LUNG = 20.0  # mm above the middle where the lungs begin

Painted = tuple[NDArray[np.float32], NDArray[np.uint8]]


def torso_phantom(seed: int = 1) -> tuple[Field, LabelMap]:
    """The scan [HU], and the classes it was made of.

    An elliptic body on a table, with skin, fat and a wall of muscle; ribs as hollow tubes that run obliquely, a
    vertebra column with canal; aorta, heart, kidneys and a loop of bowel filled with contrast agent, the aorta 2 mm
    from the bone; gas in bowel, lungs. Blurred by the scanner, with noise.

    Args:
        seed: of the noise.
    """
    affine = np.diag([*_SPACING, 1.0])
    affine[:3, 3] = [-0.5 * (n - 1) * s for n, s in zip(_SHAPE, _SPACING, strict=True)]
    grid = Grid(_SHAPE, affine, Frame.PATIENT)
    x, y, z = np.moveaxis(grid.points().astype(np.float32) * 1e3, -1, 0)
    values = np.full(_SHAPE, -1000, np.float32)
    classes = np.zeros(_SHAPE, np.uint8)
    picture = (values, classes)
    values[(y > 112) & (y < 114) & (np.abs(x) < 120)] = 100  # the table
    _wall(picture, x, y)
    _cavities(picture, x, y, z)
    _filled_with_contrast(picture, x, y, z)
    _skeleton(picture, x, y, z)
    blurred = smoothed(values, _BLUR, _SPACING)
    noise = np.random.default_rng(seed).normal(0, _NOISE, _SHAPE).astype(np.float32)
    scan = Field(grid, np.rint(blurred + noise).astype(np.float32), Quantity.HOUNSFIELD)
    return scan, LabelMap(grid, classes, {n: name for name, n in _NUMBER.items()})


def _paint(picture: Painted, where: NDArray[np.bool_], hounsfield: float, name: str) -> None:
    values, classes = picture
    values[where] = hounsfield
    classes[where] = _NUMBER[name]


def _ellipse(x: NDArray[np.float32], y: NDArray[np.float32], a: float, b: float) -> NDArray[np.float32]:
    return np.hypot(x / a, y / b)


def _wall(picture: Painted, x: NDArray[np.float32], y: NDArray[np.float32]) -> None:
    _paint(picture, _ellipse(x, y, 150, 105) < 1, 50, "skin")
    _paint(picture, _ellipse(x, y, 150 - 1e3 * _SKIN, 105 - 1e3 * _SKIN) < 1, -100, "fat")
    _paint(picture, _ellipse(x, y, 132, 87) < 1, 55, "muscle")
    _paint(picture, _ellipse(x, y, 110, 66) < 1, -105, "fat")
    _paint(picture, _ellipse(x - 20, y - 2, 85, 56) < 1, 60, "muscle")


def _cavities(picture: Painted, x: NDArray[np.float32], y: NDArray[np.float32], z: NDArray[np.float32]) -> None:
    for side in (-1, 1):
        _paint(picture, (_ellipse(x - side * 68, y + 2, 38, 52) < 1) & (z > _HIGHEST_LUNG), -820, "lung_air")
    _paint(picture, np.hypot(np.hypot(x - 55, y + 30), z + 30) < 16, -1000, "gas")
    _paint(picture, np.hypot(np.hypot(x + 60, y + 28), z + 32) < 11, -1000, "gas")


def _filled_with_contrast(
    picture: Painted, x: NDArray[np.float32], y: NDArray[np.float32], z: NDArray[np.float32]
) -> None:
    _paint(picture, np.hypot(x - 12, y - 24) < 11, 380, "muscle")
    _paint(picture, np.sqrt((x - 10) ** 2 + (y + 18) ** 2 + (z - 40) ** 2) < 26, 360, "muscle")
    _paint(picture, np.sqrt((x - 20) ** 2 + (y + 25) ** 2 + ((z + 35) / 1.5) ** 2) < 10, 290, "muscle")
    for side in (-1, 1):
        kidney = np.sqrt(((x - side * 62) / 24) ** 2 + ((y - 30) / 20) ** 2 + ((z + 20) / 34) ** 2)
        _paint(picture, kidney < 1, 215, "muscle")
        _paint(picture, kidney < 0.5, 90, "muscle")


def _skeleton(picture: Painted, x: NDArray[np.float32], y: NDArray[np.float32], z: NDArray[np.float32]) -> None:
    column = _ellipse(x, y - 56, 24, 19)
    arch = np.hypot(x, y - 84)
    _paint(picture, (column < 1) | (arch < 14), 600, "bone")
    _paint(picture, _ellipse(x, y - 56, 22, 17) < 1, 170, "bone")
    _paint(picture, arch < 10, 25, "muscle")
    for number in range(-6, 7):
        for side in (-1, 1):
            # A rib falls from the back to the front: the angle along the wall grows with the height.
            angle = 0.9 * np.pi * (number + 6) / 12 - 0.4 * np.pi + 0.004 * z
            middle = (side * 121 * np.cos(angle), 76 * np.sin(angle))
            across = np.hypot((x - middle[0]) / 1.5, y - middle[1])
            _paint(picture, across < 5, 700, "bone")
            _paint(picture, across < 3.2, 150, "bone")
