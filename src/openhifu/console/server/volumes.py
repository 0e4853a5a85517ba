"""Fields as bytes for a screen: 256 steps between two ends, linear or by the logarithm."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from openhifu.base.field import Field
from openhifu.base.grid import Grid
from openhifu.console.server.forms import Form
from openhifu.model.history import TreatmentHistory

Scale = Literal["linear", "log10"]
What = Literal["temperature", "dose", "pressure"]

LEAST_DOSE = 1e-2
"""CEM43 [min] drawn as the lowest step: a hundredth of a minute harms nothing."""

MOST_DOSE = 1e4
"""CEM43 [min] drawn as the highest step: forty times what ablates; beyond it nothing changes any more."""

BODY = 37.0
"""degC drawn as the lowest step where nothing is colder."""


class GridShown(Form):
    """Where the voxels of an overlay lie: index to metres, patient LPS."""

    shape: tuple[int, int, int]
    affine: list[list[float]]


class OverlayShown(Form):
    """What the bytes of an overlay mean: ``lowest + byte / 255 * (highest - lowest)``, or ten to the power of that."""

    grid: GridShown
    unit: str
    lowest: float
    highest: float
    scale: Scale


def shown_grid(grid: Grid) -> GridShown:
    """A grid for a screen."""
    return GridShown(shape=grid.shape, affine=grid.affine.tolist())


def overlay(history: TreatmentHistory, what: What) -> tuple[OverlayShown, Field]:
    """What an overlay's bytes will mean, and the field they are made of."""
    if what == "dose":
        field = history.cem43
        ends = dose_ends(field.data)
        return OverlayShown(
            grid=shown_grid(field.grid), unit="min", lowest=ends[0], highest=ends[1], scale="log10"
        ), field
    field = history.peak_temperature if what == "temperature" else history.pressure
    low, high = temperature_ends(field.data) if what == "temperature" else (0.0, max(float(np.max(field.data)), 1.0))
    unit = "degC" if what == "temperature" else "Pa"
    return OverlayShown(grid=shown_grid(field.grid), unit=unit, lowest=low, highest=high, scale="linear"), field


def temperature_ends(data: NDArray[np.floating]) -> tuple[float, float]:
    """Lowest and highest step of a temperature [degC]; at least a kelvin apart."""
    low = min(float(np.min(data)), BODY)
    return low, max(float(np.max(data)), low + 1.0)


def dose_ends(data: NDArray[np.floating]) -> tuple[float, float]:
    """Lowest and highest step of a dose, as the logarithm of minutes; at least a decade apart."""
    low, highest = float(np.log10(LEAST_DOSE)), min(max(float(np.max(data)), LEAST_DOSE), MOST_DOSE)
    return low, max(float(np.log10(highest)), low + 1.0)


def steps(data: NDArray[np.floating], lowest: float, highest: float, scale: Scale) -> NDArray[np.uint8]:
    """Values as bytes; what lies beyond an end gets that end's step."""
    values = np.asarray(data, np.float32)
    if scale == "log10":
        values = np.log10(np.maximum(values, np.float32(LEAST_DOSE)))
    share = (values - np.float32(lowest)) * np.float32(255.0 / (highest - lowest))
    return np.clip(np.rint(share), 0, 255).astype(np.uint8)
