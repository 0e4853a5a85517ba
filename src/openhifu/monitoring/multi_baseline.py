"""PRF thermometry against a library of images taken over the range of motion: each frame finds its own reference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import OutOfRange
from openhifu.base.field import Field
from openhifu.base.grid import Grid
from openhifu.base.units import BODY_TEMPERATURE_C
from openhifu.monitoring.mr_frames import MrFrame, require_alike
from openhifu.monitoring.phase_reader import PhaseReader
from openhifu.monitoring.smooth_phase import PhaseFit, SmoothPhase
from openhifu.monitoring.temperature_map import TemperatureMap


class MultiBaseline:
    """A ``PhaseThermometer`` for tissue that moves (Vigen et al., Magn Reson Med 2003;50:1003; de Senneville 2007).

    The baseline of a frame is the one that leaves least phase in the unheated region once the drift is fitted away: it
    was taken at nearly the same position. What the positions between two baselines differ by remains as error.

    Args:
        library: images before heating, two or more, over the whole range of motion.
        coefficient: 1/K per voxel (``prf_map``), NaN where there is none.
        drift: fit over unheated tissue.
        start: degC of the tissue in the library, one number or a field.

    Raises:
        GeometryError: if an image, coefficient or start are of another grid or sequence.
        OutOfRange: if there are fewer than two baselines or no voxel has a coefficient.
    """

    def __init__(
        self,
        library: Sequence[MrFrame],
        coefficient: NDArray[np.float64],
        drift: SmoothPhase,
        start: float | Field = BODY_TEMPERATURE_C,
    ) -> None:
        if len(library) < 2:
            raise OutOfRange(f"a library needs two baselines or more, got {len(library)}; one is a single reference")
        for frame in library[1:]:
            require_alike(frame, library[0].grid, library[0].sequence, "a baseline")
        self._library, self._drift = tuple(library), drift
        self._reader = PhaseReader(library[0].grid, library[0].sequence, coefficient, start)

    @property
    def grid(self) -> Grid:
        """Of images and temperatures."""
        return self._library[0].grid

    @property
    def method(self) -> str:
        """The method in words."""
        return f"PRF shift against {len(self._library)} baselines, drift polynomial of order {self._drift.order}"

    @property
    def turn(self) -> float:
        """Temperature difference [K] of one whole turn."""
        return self._reader.turn

    def read(self, frame: MrFrame) -> TemperatureMap:
        """Temperatures of the next frame; see ``PhaseThermometer.read``."""
        require_alike(frame, self.grid, self._library[0].sequence, "the frame")
        best, fit = self._choose(frame)
        difference = np.angle(frame.signal.astype(np.complex128) * np.conj(best.signal) * np.exp(-1j * fit.phase))
        return self._reader.read(difference, frame.phase_variance + best.phase_variance, frame.at)

    def _choose(self, frame: MrFrame) -> tuple[MrFrame, PhaseFit]:
        fits = [(b, self._drift.fit(frame.signal.astype(np.complex128) * np.conj(b.signal))) for b in self._library]
        return min(fits, key=lambda pair: pair[1].residual)
