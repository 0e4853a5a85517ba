"""PRF thermometry without any reference: the unheated phase is continued from the surroundings into the heated part."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from openhifu.base.field import Field
from openhifu.base.grid import Grid
from openhifu.base.units import BODY_TEMPERATURE_C
from openhifu.monitoring.mr_frames import GradientEcho, MrFrame, require_alike
from openhifu.monitoring.phase_reader import PhaseReader
from openhifu.monitoring.smooth_phase import SmoothPhase
from openhifu.monitoring.temperature_map import TemperatureMap


class Referenceless:
    """A ``PhaseThermometer`` that needs no image before heating (Rieke et al., Magn Reson Med 2004;51:1223).

    Every frame stands for itself, so motion and drift do no harm. It is right only where the unheated phase is a
    polynomial of the given order across surroundings and heated part; the surroundings must be unheated, free of fat
    (whose phase is its own) and lie around the heated part.

    Args:
        sequence: field and echo time of the frames to come.
        coefficient: 1/K per voxel (``prf_map``), NaN where there is none.
        background: fit over the unheated surroundings.
        grid: of the images.
        start: degC of the unheated tissue, one number or a field.

    Raises:
        GeometryError: if coefficient or start are of another grid.
        OutOfRange: if no voxel has a coefficient.
    """

    def __init__(
        self,
        grid: Grid,
        sequence: GradientEcho,
        coefficient: NDArray[np.float64],
        background: SmoothPhase,
        start: float | Field = BODY_TEMPERATURE_C,
    ) -> None:
        self._reader = PhaseReader(grid, sequence, coefficient, start)
        self._grid, self._sequence, self._background = grid, sequence, background

    @property
    def grid(self) -> Grid:
        """Of images and temperatures."""
        return self._grid

    @property
    def method(self) -> str:
        """The method in words."""
        return f"PRF shift without reference, background polynomial of order {self._background.order}"

    @property
    def turn(self) -> float:
        """Temperature difference [K] of one whole turn."""
        return self._reader.turn

    def read(self, frame: MrFrame) -> TemperatureMap:
        """Temperatures of the next frame; see ``PhaseThermometer.read``."""
        require_alike(frame, self._grid, self._sequence, "the frame")
        phase = self._background.fit(frame.signal).phase
        return self._reader.read(
            np.angle(frame.signal.astype(np.complex128) * np.exp(-1j * phase)), frame.phase_variance, frame.at
        )
