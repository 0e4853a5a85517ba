"""Where a beam peaks, how high and how wide it is, between the voxels of a grid."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.grid import Grid
from openhifu.base.vectors import Vector

_FINER = 32  # samples per voxel when a line is looked at closely


@dataclass(frozen=True)
class LinePeak:
    """The peak of |P| along a line of voxels.

    Attributes:
        index: fractional index of the maximum.
        gain: maximum over the largest sample; 1 or more.
        width: full width at half the maximum, in samples; NaN where the line ends before |P| has fallen so far.
    """

    index: float
    gain: float
    width: float


def line_peak(line: NDArray[np.floating], n: int) -> LinePeak:
    """Peak of |P| near sample ``n`` of a line, between the samples.

    |P|^2 varies no faster than twice the lateral wavenumber, which a grid fit for marching still samples; a quintic
    spline through it finds what lies between. Lines of fewer than six samples are taken as they are.
    """
    square = np.asarray(line, dtype=np.float64) ** 2
    if square.size < 6 or square[n] == 0:
        return LinePeak(float(n), 1.0, math.nan)
    from scipy.interpolate import make_interp_spline

    fine = np.arange((square.size - 1) * _FINER + 1) / _FINER
    close = make_interp_spline(np.arange(square.size), square, k=5)(fine)
    low, high = max(0, n - 1) * _FINER, min(square.size - 1, n + 1) * _FINER
    top = low + int(np.argmax(close[low : high + 1]))
    level = 0.25 * close[top]
    width = (_crossing(close[top:], level) + _crossing(close[top::-1], level)) / _FINER
    return LinePeak(top / _FINER, math.sqrt(max(1.0, close[top] / square[n])), float(width))


def _crossing(line: NDArray[np.float64], level: float) -> float:
    """Samples from the start of a line to where it falls below a level; NaN if it never does."""
    below = np.flatnonzero(line < level)
    if below.size == 0:
        return math.nan
    m = int(below[0])
    return m - 1 + (line[m - 1] - level) / (line[m - 1] - line[m])


@dataclass(frozen=True)
class Focus:
    """The figures of a focus.

    Attributes:
        point: place of the peak between the voxels, in the grid's frame [m].
        widths: half-amplitude full widths along the grid's axes [m].
        gain: peak |P| over that of the peak voxel.
    """

    point: Vector
    widths: Vector
    gain: float


def focus_on_grid(grid: Grid, peak: tuple[int, int, int], lines: tuple[NDArray[np.floating], ...]) -> Focus:
    """Focus from the peak voxel and |P| along the three grid lines through it.

    The gains of the three lines multiply, as they do for any peak whose shape is a product; for a real focus that is
    good to some tenths of a percent.

    Args:
        grid: where.
        peak: indices of the largest |P|.
        lines: |P| along x, y and z through that voxel, each as long as the grid.
    """
    x, y, z = (line_peak(line, n) for line, n in zip(lines, peak, strict=True))
    a, b, c = grid.world((x.index, y.index, z.index))
    u, v, w = (p.width * h for p, h in zip((x, y, z), grid.spacing, strict=True))
    return Focus((float(a), float(b), float(c)), (u, v, w), x.gain * y.gain * z.gain)
