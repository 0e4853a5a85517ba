"""From a temperature volume to a reading: averaging over the instrument's voxels, hottest voxel per region, noise."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.base.field import Field
from openhifu.base.grid import Grid
from openhifu.base.units import BODY_TEMPERATURE_C
from openhifu.delivery.protocols import TemperatureReading
from openhifu.monitoring.block_kernel import hottest_mean

TARGET = "target"
"""Name of the region that is to be heated; every other region is an organ at risk."""


class RegionThermometer:
    """Reads the hottest instrument voxel of each region.

    An instrument voxel is a block of whole grid voxels and shows their mean; it belongs to every region it touches, so
    a thin region is read with the partial volume of its neighbours, as on a scanner. A region without any voxel on the
    grid lies outside what is heated and reads body temperature.

    Args:
        grid: of the temperature volumes.
        regions: mask on that grid per name; ``TARGET`` must be among them.
        voxel: edge of the instrument's voxel [m]; rounded to whole grid voxels, at least one.

    Raises:
        GeometryError: if a mask has another shape, or the target has no voxel.
        OutOfRange: if the voxel is not positive or larger than the grid.
    """

    def __init__(self, grid: Grid, regions: Mapping[str, NDArray[np.bool_]], voxel: float) -> None:
        """Find the blocks of each region."""
        if not voxel > 0:
            raise OutOfRange(f"a thermometer's voxel must be positive, got {voxel} m")
        if TARGET not in regions or not regions[TARGET].any():
            raise GeometryError("the thermometer needs a target with at least one voxel on the grid")
        self._factors = tuple(max(1, round(voxel / h)) for h in grid.spacing)
        if any(f > n for f, n in zip(self._factors, grid.shape, strict=True)):
            raise OutOfRange(f"a thermometer's voxel of {voxel} m is larger than the grid")
        self.grid = grid
        self._blocks: dict[str, NDArray[np.int32]] = {}
        for name, mask in regions.items():
            if mask.shape != grid.shape:
                raise GeometryError(f"region {name!r} has shape {mask.shape}, the grid {grid.shape}")
            touched = np.argwhere(_blocks(mask.astype(np.float32), self._factors))
            self._blocks[name] = (touched * self._factors).astype(np.int32)

    def read(self, temperature: Field) -> dict[str, float]:
        """Hottest block of each region [degC], free of noise."""
        return {
            name: float(hottest_mean(temperature.data, blocks, *self._factors)) if len(blocks) else BODY_TEMPERATURE_C
            for name, blocks in self._blocks.items()
        }


def noisy(values: Mapping[str, float], at: float, deviation: float, rng: np.random.Generator) -> TemperatureReading:
    """A reading as an instrument would give it.

    Each region's value gets its own normal error. That the hottest of many noisy voxels reads high is not modelled: an
    instrument that takes maxima is expected to correct for it.

    Args:
        values: hottest block per region [degC], ``TARGET`` among them.
        at: s, when the image was taken.
        deviation: standard deviation [K].
        rng: source of the noise.
    """
    shown = {name: value + deviation * float(rng.standard_normal()) for name, value in values.items()}
    organs = tuple((name, value) for name, value in shown.items() if name != TARGET)
    return TemperatureReading(at, shown[TARGET], organs)


def _blocks(data: NDArray[np.float32], factors: tuple[int, ...]) -> NDArray[np.float32]:
    """Sums over blocks; voxels beyond the last whole block are left out."""
    for axis, factor in enumerate(factors):
        whole = data.shape[axis] // factor * factor
        ahead = (slice(None),) * axis
        parts = [data[(*ahead, slice(phase, whole, factor))] for phase in range(factor)]
        data = sum(parts[1:], parts[0])
    return data
