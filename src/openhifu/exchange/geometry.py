"""Fields as DICOM planes: rows and columns along the grid's first two axes, right-handed, in millimetres LPS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import GeometryError
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid


@dataclass(frozen=True, eq=False)
class Planes:
    """A volume as planes.

    Attributes:
        pixels: (plane, row, column).
        orientation: direction cosines along a row and down a column.
        positions: centre of the first pixel of each plane [mm], in order along the planes' normal.
        pixel_spacing: between rows and between columns [mm].
        spacing: between planes [mm].
    """

    pixels: NDArray[Any]
    orientation: tuple[float, ...]
    positions: NDArray[np.float64]
    pixel_spacing: tuple[float, float]
    spacing: float


def planes_of(data: NDArray[Any], grid: Grid) -> Planes:
    """Planes of values on a grid of the patient's frame; a left-handed grid is turned over along its third axis.

    Raises:
        GeometryError: if the grid is not in the patient's frame.
    """
    if grid.frame is not Frame.PATIENT:
        raise GeometryError(f"DICOM images lie in {Frame.PATIENT}, this one is in {grid.frame}: transform first")
    affine = np.array(grid.affine)
    if np.linalg.det(affine[:3, :3]) < 0:
        data = data[:, :, ::-1]
        affine[:3, 3] = grid.world((0, 0, grid.shape[2] - 1))
        affine[:3, 2] *= -1
    across, down, deep = grid.spacing
    steps = affine[:3, 2] * 1e3
    positions = affine[:3, 3] * 1e3 + np.arange(grid.shape[2])[:, None] * steps
    cosines = (*(affine[:3, 0] / across), *(affine[:3, 1] / down))
    return Planes(
        pixels=np.ascontiguousarray(data.transpose(2, 1, 0)),
        orientation=tuple(round(float(v), 12) for v in cosines),
        positions=positions,
        pixel_spacing=(1e3 * down, 1e3 * across),
        spacing=1e3 * deep,
    )


def decimals(values: Any) -> list[str]:
    """Numbers as DICOM decimal strings: at most 16 characters, as exact as fits."""
    return [decimal(float(v)) for v in np.ravel(values)]


def decimal(value: float) -> str:
    """One number as a decimal string."""
    for digits in range(16, 3, -1):
        text = f"{value:.{digits}g}"
        if len(text) <= 16:
            return text
    raise GeometryError(f"{value} does not fit a DICOM decimal string")


def grid_of(
    orientation: Any, first: Any, pixel_spacing: Any, step: NDArray[np.float64], shape: tuple[int, int, int]
) -> Grid:
    """The grid (column, row, plane) of planes read from DICOM.

    Args:
        orientation: six direction cosines.
        first: position of the first plane [mm].
        pixel_spacing: between rows and between columns [mm].
        step: from plane to plane [mm].
        shape: columns, rows, planes.
    """
    cosines = np.asarray([float(v) for v in orientation])
    rows, columns = (float(v) for v in pixel_spacing)
    along = cosines[:3] / np.linalg.norm(cosines[:3])
    down = cosines[3:] - along * (along @ cosines[3:])
    down = down / np.linalg.norm(down)
    affine = np.eye(4)
    affine[:3, :3] = np.stack([along * columns, down * rows, step], axis=1) * 1e-3
    affine[:3, 3] = np.asarray([float(v) for v in first]) * 1e-3
    return Grid(shape, affine, Frame.PATIENT)
