"""What MR thermometry gives, and what every method of it promises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.base.field import Field
from openhifu.base.grid import Grid
from openhifu.delivery.protocols import TemperatureReading
from openhifu.monitoring.mr_frames import MrFrame
from openhifu.monitoring.thermometer import TARGET


@dataclass(frozen=True, eq=False)
class TemperatureMap:
    """One measured temperature volume.

    Attributes:
        temperature: degC; NaN where the method cannot tell: no coefficient (fat, bone, gas), or too much noise.
        deviation: standard deviation of it by the noise of the images [K]; NaN where the temperature is.
        at: when the image was taken [s].
    """

    temperature: Field
    deviation: NDArray[np.float64]
    at: float

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Voxels with a temperature."""
        return np.isfinite(self.temperature.data)

    def reading(self, regions: Mapping[str, NDArray[np.bool_]]) -> TemperatureReading:
        """Hottest valid voxel of the target and of each organ, for delivery.

        A region without any valid voxel reads NaN, which delivery takes as missing: thermometry that cannot see an
        organ must not report it as cool. The hottest of many noisy voxels reads high by about two deviations.

        Raises:
            GeometryError: if there is no target or a mask has another shape.
        """
        if TARGET not in regions or any(m.shape != self.temperature.grid.shape for m in regions.values()):
            raise GeometryError("a reading needs a target, and masks on the grid of the temperature map")
        valid = self.valid
        hottest = {
            name: float(self.temperature.data[mask & valid].max()) if np.any(mask & valid) else float("nan")
            for name, mask in regions.items()
        }
        organs = tuple((name, value) for name, value in hottest.items() if name != TARGET)
        return TemperatureReading(self.at, hottest[TARGET], organs)


class PhaseThermometer(Protocol):
    """Temperatures from a sequence of gradient-echo images, taken in order.

    What every method promises: voxels without a coefficient are NaN and nothing else is affected by them; the phase may
    wrap any number of times as long as no voxel changes by half a turn between two frames; ``deviation`` is the
    standard deviation that the noise of the images causes; a frame that is refused changes nothing.
    """

    @property
    def grid(self) -> Grid:
        """Of the images and of the temperatures."""
        ...

    @property
    def method(self) -> str:
        """The method in words, for the record."""
        ...

    @property
    def turn(self) -> float:
        """Smallest temperature difference [K] that looks like none; a voxel may change by less than half of it."""
        ...

    def read(self, frame: MrFrame) -> TemperatureMap:
        """Temperatures of the next frame.

        Raises:
            GeometryError: if the frame is of another grid or sequence.
            OutOfRange: if it is not later than the one before.
        """
        ...


def require_later(at: float, before: float) -> None:
    """Refuse a frame out of order.

    Raises:
        OutOfRange: if ``at`` is not later than ``before``.
    """
    if not at > before:
        raise OutOfRange(f"a frame of {at} s came after one of {before} s; frames must be given in order of time")
