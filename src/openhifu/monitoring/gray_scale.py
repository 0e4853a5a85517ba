"""Gray-scale change: by how many levels the B-mode image has become brighter, as the operator sees it."""

from __future__ import annotations

import numpy as np

from openhifu.base.errors import OutOfRange
from openhifu.monitoring.ablation_marker import Calibration, Following, MarkerMap, window_mean
from openhifu.monitoring.echo_frames import GRAY_LEVELS, EchoFrame

THRESHOLD_DB = 3.0
"""Rise of echo energy now against before [dB] that told HIFU lesions best (Table 1 of PMC3295907, accuracy 0.71)."""


class GrayScaleChange(Following):
    """An ``AblationMarker``: mean gray level in a window, less that of the first frame.

    Log compression makes equal energy ratios equal differences of gray, so the threshold in decibels becomes one in
    levels by the dynamic range of the screen. It is a derived one: no published threshold in levels was found, and
    ultrasound-guided treatment leaves the judgement of it to the operator.

    Args:
        dynamic_range: of the screen [dB].
        headroom: the brightest shown envelope lies so far [dB] above the root mean square of the first frame.
        width: standard deviation of the Gaussian window [m].

    Raises:
        OutOfRange: if one is not positive.
    """

    def __init__(self, dynamic_range: float = 60.0, headroom: float = 30.0, width: float = 1.5e-3) -> None:
        super().__init__()
        if not (dynamic_range > 0 and headroom > 0 and width > 0):
            raise OutOfRange("dynamic range, headroom and window width must be positive")
        self._range, self._headroom, self._width = dynamic_range, headroom, width
        self._brightest, self._before = 0.0, np.zeros(0)
        self.calibration = Calibration(
            unit="gray levels of 255",
            threshold=THRESHOLD_DB * GRAY_LEVELS / dynamic_range,
            source=f"{THRESHOLD_DB:g} dB of echo energy (PMC3295907, Table 1) on a screen of {dynamic_range:g} dB",
        )

    def follow(self, frame: EchoFrame) -> MarkerMap | None:
        """Change of gray level against the first frame; None for the first."""
        if self.arrived(frame) is None:
            rms = float(np.sqrt(np.mean(np.abs(frame.signal).astype(np.float64) ** 2)))
            self._brightest = rms * 10 ** (self._headroom / 20)
            self._before = self._level(frame)
            return None
        return self.note(MarkerMap(frame.grid, self._level(frame) - self._before, frame.at))

    def _level(self, frame: EchoFrame) -> np.ndarray:
        return window_mean(frame.gray(self._brightest, self._range), frame.grid, self._width)
