"""Echo decorrelation: how fast the echo of a site stops resembling itself while tissue is being ablated."""

from __future__ import annotations

import numpy as np

from openhifu.base.errors import OutOfRange
from openhifu.monitoring.ablation_marker import Calibration, Following, MarkerMap, window_mean
from openhifu.monitoring.echo_frames import EchoFrame

_FLOOR = 1e-9
"""Per ms; smaller rates are shown as this, since a logarithm needs one."""


class EchoDecorrelation(Following):
    """An ``AblationMarker``: decorrelation rate between consecutive frames, log10 per millisecond.

    D = 2 (b^2 - |R01|^2) / (tau (b^2 + mean b^2)) with b^2 = R00 R11, where R are means of products of the two analytic
    signals over a Gaussian window and tau is the time between them (Mast et al. 2008; Subramanian et al. 2014,
    Ultrasound Med Biol 40:102). The spatial mean in the denominator keeps pixels with weak echo, whose decorrelation is
    noise, from showing. The threshold of -2.3 stood for 90 % specificity in rabbit liver and tumour (Abbass
    et al. 2019, PLoS One 14:e0226001), applied to the strongest value so far.

    Args:
        longest: s; frames further apart are not compared, and such a frame brings no new value.
        width: standard deviation of the Gaussian window [m].

    Raises:
        OutOfRange: if one is not positive.
    """

    calibration = Calibration(
        unit="log10 per ms",
        threshold=-2.3,
        source="90 % specificity for ablation of rabbit liver and VX2 tumour (Abbass 2019, PLoS One 14:e0226001)",
    )

    def __init__(self, longest: float = 0.05, width: float = 1.5e-3) -> None:
        super().__init__()
        if not (longest > 0 and width > 0):
            raise OutOfRange(f"longest interval and window width must be positive, got {longest} s and {width} m")
        self._longest, self._width = longest, width

    def follow(self, frame: EchoFrame) -> MarkerMap | None:
        """Decorrelation rate against the frame before; None if that is too long ago."""
        before = self.arrived(frame)
        if before is None or frame.at - before.at > self._longest:
            return None
        first, second = (f.signal.astype(np.complex128) for f in (before, frame))
        r00, r11 = (window_mean(np.abs(s) ** 2, frame.grid, self._width) for s in (first, second))
        r01 = np.abs(window_mean(first * np.conj(second), frame.grid, self._width)) ** 2
        both = r00 * r11
        mean = float(both.mean())
        if not mean > 0:
            raise OutOfRange("echo images without any echo have no correlation")
        rate = 2.0 * (both - r01) / (1e3 * (frame.at - before.at) * (both + mean))
        return self.note(MarkerMap(frame.grid, np.log10(np.maximum(rate, _FLOOR)), frame.at))
