"""Axial, coronal and sagittal cut at one common scale, with a place for the legend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openhifu.model.case_data import CaseData
from openhifu.reporting.figures import style
from openhifu.reporting.figures.anatomy import Anatomy, draw_ct, draw_outlines, finish, label_view, letters
from openhifu.reporting.figures.plane import AXIAL, CORONAL, SAGITTAL, Plane, View, body_plane

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARGIN = 6e-3  # m around what is shown
_TITLE = 15.0  # mm a panel needs for its title and tick labels
_LEGEND = 9.0  # mm of a legend below


@dataclass(frozen=True, eq=False)
class Box:
    """What a picture shows: LPS corners [m] and the point all three cuts pass through."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    through: NDArray[np.float64]

    def plane(self, view: View, pixel: float) -> Plane:
        """One of the three cuts."""
        return body_plane(view, self.through, self.low, self.high, pixel)


def body_box(data: CaseData, through: ArrayLike, also: ArrayLike = ()) -> Box:
    """The body in the image (and further LPS points), with some margin."""
    grid = data.tissues.grid
    inside = data.tissues.data != data.tissues.index_of(data.case.background)
    ends = []
    for axis in range(3):
        other = tuple(n for n in range(3) if n != axis)
        found = np.flatnonzero(inside.any(axis=other))
        ends.append((found[0], found[-1]) if found.size else (0, grid.shape[axis] - 1))
    corners = grid.world([[ends[0][a], ends[1][b], ends[2][c]] for a in (0, 1) for b in (0, 1) for c in (0, 1)])
    centre, others = np.asarray(through, float), np.reshape(np.asarray(also, float), (-1, 3))
    low, high = np.vstack([corners, centre]).min(axis=0) - _MARGIN, np.vstack([corners, centre]).max(axis=0) + _MARGIN
    if others.size:
        low = np.minimum(low, others.min(axis=0) - 3 * _MARGIN)
        high = np.maximum(high, others.max(axis=0) + 3 * _MARGIN)
    return Box(low, high, centre)


def cube(through: ArrayLike, half: float) -> Box:
    """A cube around a point, half its edge [m] each way."""
    centre = np.asarray(through, float)
    return Box(centre - half, centre + half, centre)


def three_panels(box: Box, width: float) -> tuple[Figure, dict[View, Axes], Axes]:
    """A figure of a width [mm]: axial cut over coronal, sagittal beside the coronal, a legend's place above that.

    All three share one scale.
    """
    across, deep, tall = (float(v) for v in box.high - box.low)
    scale = (width - 2 * _TITLE) / (across + deep)
    figure = style.new_figure(width, scale * (deep + tall) + 2 * _TITLE)
    cells = figure.add_gridspec(2, 2, width_ratios=[across, deep], height_ratios=[deep, tall])
    panels = {
        AXIAL: figure.add_subplot(cells[0, 0]),
        CORONAL: figure.add_subplot(cells[1, 0]),
        SAGITTAL: figure.add_subplot(cells[1, 1]),
    }
    legend = figure.add_subplot(cells[0, 1])
    legend.set_axis_off()
    return figure, panels, legend


def three_in_a_row(box: Box, width: float) -> tuple[Figure, dict[View, Axes]]:
    """A figure of a width [mm] with the three cuts beside one another at one scale; its legend goes below."""
    across, deep, tall = (float(v) for v in box.high - box.low)
    scale = (width - 3 * _TITLE) / (2 * across + deep)
    figure = style.new_figure(width, scale * max(deep, tall) + _TITLE + _LEGEND)
    cells = figure.add_gridspec(1, 3, width_ratios=[across, across, deep])
    return figure, {view: figure.add_subplot(cells[0, n]) for n, view in enumerate((AXIAL, CORONAL, SAGITTAL))}


def draw_view(axes: Axes, anatomy: Anatomy, view: View, plane: Plane) -> set[int]:
    """CT, outlines, labels and letters of one cut; returns the numbers of the organs it shows."""
    draw_ct(axes, anatomy, plane)
    shown = draw_outlines(axes, anatomy, plane)
    dress(axes, anatomy, view, plane)
    return shown


def dress(axes: Axes, anatomy: Anatomy, view: View, plane: Plane) -> None:
    """Limits, labels and letters of one cut."""
    finish(axes, plane)
    label_view(axes, anatomy, view, plane.through)
    letters(axes, anatomy, view)
