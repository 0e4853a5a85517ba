"""What an ultrasound marker of ablation gives and promises: a value per pixel, and the published scale to read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from openhifu.base.errors import OutOfRange
from openhifu.base.grid import Grid
from openhifu.base.record import Record
from openhifu.monitoring.echo_frames import EchoFrame


class Calibration(Record):
    """The scale of a marker.

    Attributes:
        unit: of the values.
        threshold: value from which on tissue counts as ablated.
        source: who found the threshold, on what, and how well it told ablated from intact tissue.
    """

    unit: str
    threshold: float
    source: str


@dataclass(frozen=True, eq=False)
class MarkerMap:
    """Values of one marker at one time.

    Attributes:
        grid: of the images.
        values: in the unit of the marker's calibration.
        at: s.
    """

    grid: Grid
    values: NDArray[np.float64]
    at: float


class AblationMarker(Protocol):
    """Follows tissue through a sequence of echo images taken in order; the first shows it before heating.

    What every marker promises: ``follow`` returns the value now or None where a frame brings no new one (the first
    frame, for instance); ``strongest`` is the highest value each pixel has had; multiplying all images by one gain
    changes nothing; a frame that is refused changes nothing.
    """

    @property
    def calibration(self) -> Calibration:
        """Unit, threshold and source."""
        ...

    @property
    def strongest(self) -> MarkerMap | None:
        """Highest value of each pixel so far; None before the first value."""
        ...

    def follow(self, frame: EchoFrame) -> MarkerMap | None:
        """The marker after the next frame.

        Raises:
            GeometryError: if the frame is on another grid.
            OutOfRange: if it is not later than the one before.
        """
        ...


class Following:
    """What markers share: the order of frames, and the strongest value so far."""

    def __init__(self) -> None:
        self._last: EchoFrame | None = None
        self._strongest: MarkerMap | None = None

    @property
    def strongest(self) -> MarkerMap | None:
        """Highest value of each pixel so far."""
        return self._strongest

    def arrived(self, frame: EchoFrame) -> EchoFrame | None:
        """Take note of a frame; the one before it, or None.

        Raises:
            GeometryError: if it is on another grid.
            OutOfRange: if it is not later.
        """
        before = self._last
        if before is not None:
            before.grid.require_same(frame.grid, "the echo image")
            if not frame.at > before.at:
                raise OutOfRange(f"an image of {frame.at} s came after one of {before.at} s; give them in order")
        self._last = frame
        return before

    def note(self, found: MarkerMap) -> MarkerMap:
        """Keep the strongest value; returns the map as it came."""
        top = found.values if self._strongest is None else np.maximum(self._strongest.values, found.values)
        self._strongest = MarkerMap(found.grid, top, found.at)
        return found


def window_mean(values: NDArray, grid: Grid, width: float) -> NDArray:
    """Mean over a Gaussian window of standard deviation ``width`` [m], complex values too.

    Raises:
        OutOfRange: if the width is not positive.
    """
    if not width > 0:
        raise OutOfRange(f"a window's width must be positive, got {width} m")
    sigma = [width / h if n > 1 else 0.0 for h, n in zip(grid.spacing, grid.shape, strict=True)]
    if np.iscomplexobj(values):
        return gaussian_filter(np.real(values), sigma) + 1j * gaussian_filter(np.imag(values), sigma)
    return gaussian_filter(values.astype(np.float64), sigma)
