"""PRF thermometry against one image taken before heating, with the field drift fitted away in unheated tissue."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from openhifu.base.field import Field
from openhifu.base.grid import Grid
from openhifu.base.units import BODY_TEMPERATURE_C
from openhifu.monitoring.mr_frames import MrFrame, require_alike
from openhifu.monitoring.phase_reader import PhaseReader
from openhifu.monitoring.smooth_phase import SmoothPhase
from openhifu.monitoring.temperature_map import TemperatureMap


class SingleReference:
    """A ``PhaseThermometer`` that subtracts one reference (Ishihara et al. 1995).

    Right as long as nothing moves. Drift of the field is fitted as a polynomial over an unheated region and taken off;
    fat belongs into that region, since it sees the field and not the temperature.

    Args:
        reference: image before heating.
        coefficient: 1/K per voxel (``prf_map``), NaN where there is none.
        drift: fit over unheated tissue; None leaves the drift in.
        start: degC of the tissue in the reference, one number or a field.

    Raises:
        GeometryError: if coefficient or start are of another grid.
        OutOfRange: if no voxel has a coefficient.
    """

    def __init__(
        self,
        reference: MrFrame,
        coefficient: NDArray[np.float64],
        drift: SmoothPhase | None,
        start: float | Field = BODY_TEMPERATURE_C,
    ) -> None:
        self._reader = PhaseReader(reference.grid, reference.sequence, coefficient, start)
        self._reference, self._drift = reference, drift

    @property
    def grid(self) -> Grid:
        """Of images and temperatures."""
        return self._reference.grid

    @property
    def method(self) -> str:
        """The method in words."""
        drift = "drift left in" if self._drift is None else f"drift polynomial of order {self._drift.order}"
        return f"PRF shift against one reference, {drift}"

    @property
    def turn(self) -> float:
        """Temperature difference [K] of one whole turn."""
        return self._reader.turn

    def read(self, frame: MrFrame) -> TemperatureMap:
        """Temperatures of the next frame; see ``PhaseThermometer.read``."""
        require_alike(frame, self.grid, self._reference.sequence, "the frame")
        product = frame.signal.astype(np.complex128) * np.conj(self._reference.signal)
        phase = self._drift.fit(product).phase if self._drift is not None else 0.0
        difference = np.angle(product * np.exp(-1j * phase))
        return self._reader.read(difference, frame.phase_variance + self._reference.phase_variance, frame.at)
