"""Fields on anatomy in planes that contain the beam's axis: pressure, peak temperature, thermal dose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openhifu.base.field import Field
from openhifu.model.history import TreatmentHistory
from openhifu.model.plan import TreatmentPlan
from openhifu.model.pose import Pose
from openhifu.reporting.figures import style
from openhifu.reporting.figures.anatomy import (
    Anatomy,
    draw_ct,
    draw_outlines,
    finish,
    handles,
    scale_bar,
    target_centre,
)
from openhifu.reporting.figures.plane import Plane, box_along

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PIXEL = 0.4e-3  # m
_SIDE = 32e-3  # m shown on each side of the axis at most
_LEFT, _BOTTOM, _TITLE = 13.5, 10.0, 6.0  # mm a panel needs for its labels and title
_LEGEND = 9.0  # mm of the legend below
_BAR = 17.0  # mm of a colour bar
_LEVELS_DB = (-20.0, -12.0, -6.0)
_LEVEL_WIDTHS = (0.5, 0.8, 1.3)
_ISOTHERMS = (43.0, 56.0)  # degC: where CEM43 starts to halve the time per degree; where a second is enough
_COOLEST = 37.0  # degC


@dataclass(frozen=True)
class BeamCut:
    """One plane that contains the beam's axis, or lies across it.

    Attributes:
        title: key of its title.
        right: axis of the source that points right: 0 x, 1 y, 2 along the beam.
        up: axis that points up.
    """

    title: str
    right: int
    up: int


_ALONG_X = BeamCut("cut.along_x", 2, 0)
_ALONG_Y = BeamCut("cut.along_y", 2, 1)
_ACROSS = BeamCut("cut.across", 0, 1)
_AXIS_WORDS = ("axis.beam_x", "axis.beam_y", "axis.beam_z")


def beam_plane(field: Field, pose: Pose, origin: ArrayLike, cut: BeamCut, side: float = _SIDE) -> Plane:
    """A cut through ``origin``, as large as the field's grid along the beam and at most ``side`` [m] across it."""
    axes = np.asarray(pose.axes)
    low, high = box_along(field.grid, axes, origin)
    low[:2], high[:2] = np.maximum(low[:2], -side), np.minimum(high[:2], side)
    place = np.asarray(origin, float)
    edges = (float(low[cut.right]), float(low[cut.up])), (float(high[cut.right]), float(high[cut.up]))
    return Plane(place, place, axes[cut.right], axes[cut.up], *edges, _PIXEL)


def sampled(field: Field, plane: Plane, outside: float) -> NDArray[np.float64]:
    """A field's values on a cut's pixels as an image of rows (up) and columns (right)."""
    return field.resampled(plane.grid, outside).data[:, :, 0].T


def pressure(anatomy: Anatomy, plan: TreatmentPlan, history: TreatmentHistory) -> Figure:
    """Pressure amplitude of the representative spot in two planes through its focus, with isolines below its peak."""
    shot = plan.sonications[history.pressure_of]
    amplitude = Field(history.pressure.grid, np.abs(history.pressure.data) * 1e-6, history.pressure.quantity)
    top = float(amplitude.data.max())
    cuts = (_ALONG_X, _ALONG_Y)
    planes = [beam_plane(amplitude, plan.pose, shot.focus, cut) for cut in cuts]
    figure, panels = _sheet(planes, _BAR)
    shown: set[int] = set()
    for axes, cut, plane in zip(panels, cuts, planes, strict=True):
        draw_ct(axes, anatomy, plane)
        shown |= draw_outlines(axes, anatomy, plane, close=True)
        value = sampled(amplitude, plane, 0.0)
        veil = np.clip(value / (0.15 * top), 0.0, 0.85)
        _overlay(axes, plane, value, veil, (0.0, top))
        levels = [top * 10 ** (db / 20) for db in _LEVELS_DB]
        axes.contour(*plane.centres(), value, levels=levels, colors="white", linewidths=_LEVEL_WIDTHS)
        _dress(axes, anatomy, cut, plane)
    _bar(figure, panels, (0.0, top), anatomy.words.say("axis.pressure"))
    _legend(figure, [*handles(anatomy, shown), *_level_handles(anatomy)])
    return figure


def temperature(anatomy: Anatomy, plan: TreatmentPlan, histories: tuple[TreatmentHistory, ...]) -> Figure:
    """Highest temperature ever reached, in two planes through the target's centre; planned beside delivered."""
    centre = target_centre(anatomy.data, plan.target)
    top = max(_COOLEST + 1.0, *(float(h.peak_temperature.data.max()) for h in histories))
    cells = [(cut, h) for cut in (_ALONG_X, _ALONG_Y) for h in histories]
    planes = [beam_plane(h.peak_temperature, plan.pose, centre, cut) for cut, h in cells]
    figure, panels = _sheet(planes, _BAR)
    shown: set[int] = set()
    for axes, (cut, history), plane in zip(panels, cells, planes, strict=True):
        draw_ct(axes, anatomy, plane)
        shown |= draw_outlines(axes, anatomy, plane, close=True)
        value = sampled(history.peak_temperature, plane, _COOLEST)
        veil = np.clip((value - _COOLEST - 0.5) / 6.0, 0.0, 0.8)
        _overlay(axes, plane, value, veil, (_COOLEST, top))
        axes.contour(*plane.centres(), value, levels=_ISOTHERMS, colors="white", linewidths=_LEVEL_WIDTHS[1:])
        _dress(axes, anatomy, cut, plane, history)
    _bar(figure, panels, (_COOLEST, top), anatomy.words.say("axis.peak_temperature"))
    _legend(figure, [*handles(anatomy, shown), *_isotherm_handles(anatomy)])
    return figure


def dose(anatomy: Anatomy, plan: TreatmentPlan, histories: tuple[TreatmentHistory, ...]) -> Figure:
    """Contours of CEM43 240 and 17 min in two planes along the beam and one across it; planned beside delivered."""
    centre = target_centre(anatomy.data, plan.target)
    logs = [Field(h.cem43.grid, np.log10(np.maximum(h.cem43.data, 1e-6)), h.cem43.quantity) for h in histories]
    pairs = list(zip(histories, logs, strict=True))
    cells = [(cut, h, log) for cut in (_ALONG_X, _ALONG_Y, _ACROSS) for h, log in pairs]
    planes = [beam_plane(log, plan.pose, centre, cut) for cut, _, log in cells]
    figure, panels = _sheet(planes, 0.0)
    shown: set[int] = set()
    for axes, (cut, history, log), plane in zip(panels, cells, planes, strict=True):
        draw_ct(axes, anatomy, plane)
        shown |= draw_outlines(axes, anatomy, plane, close=True)
        _dose_lines(axes, plane, sampled(log, plane, -6.0))
        _dress(axes, anatomy, cut, plane, history)
    _legend(figure, [*handles(anatomy, shown), *_dose_handles(anatomy)])
    return figure


def _sheet(planes: list[Plane], beside: float) -> tuple[Figure, list[Axes]]:
    """A figure with a panel per plane in two columns, row by row, all at one scale.

    Args:
        planes: what the panels show; a column is as wide as the widest.
        beside: mm kept free at the right for a colour bar.
    """
    sizes = [(p.extent[1] - p.extent[0], p.extent[3] - p.extent[2]) for p in planes]
    column = (style.PAGE_WIDTH - beside - 2 * _LEFT - 2.0) / 2
    scale = column / max(w for w, _ in sizes)
    heights = [scale * max(h for _, h in sizes[n : n + 2]) for n in range(0, len(sizes), 2)]
    tall = sum(heights) + len(heights) * (_TITLE + _BOTTOM) + _LEGEND
    figure = style.new_figure(style.PAGE_WIDTH, tall, arranged=False)
    panels, top = [], tall
    for n, (w, h) in enumerate(sizes):
        row, side = divmod(n, 2)
        if side == 0:
            top -= _TITLE + heights[row] + (_BOTTOM if row else 0.0)
        left = _LEFT + side * (column + _LEFT)
        panels.append(
            figure.add_axes((left / style.PAGE_WIDTH, top / tall, scale * w / style.PAGE_WIDTH, scale * h / tall))
        )
    return figure, panels


def _overlay(
    axes: Axes, plane: Plane, value: NDArray[np.float64], veil: NDArray[np.float64], span: tuple[float, float]
) -> None:
    """A field in colour over the anatomy, as opaque as ``veil`` says pixel by pixel."""
    axes.imshow(value, extent=plane.extent, origin="lower", cmap="inferno", vmin=span[0], vmax=span[1], alpha=veil)


def _dress(axes: Axes, anatomy: Anatomy, cut: BeamCut, plane: Plane, history: TreatmentHistory | None = None) -> None:
    """Limits, labels, scale bar, and the title with the history it shows."""
    say = anatomy.words.say
    finish(axes, plane)
    axes.set_xlabel(say(_AXIS_WORDS[cut.right]))
    axes.set_ylabel(say(_AXIS_WORDS[cut.up]))
    scale_bar(axes, anatomy, 10.0)
    title = say(cut.title)
    if history is not None:
        title = say("cut.of_history", history=say(history_key(history)), cut=title)
    axes.set_title(title)


def _dose_lines(axes: Axes, plane: Plane, log: NDArray[np.float64]) -> None:
    x, y = plane.centres()
    if log.max() >= np.log10(240.0):
        axes.contourf(x, y, log, levels=[np.log10(240.0), 99.0], colors=[style.DOSE_LETHAL], alpha=0.28)
        axes.contour(x, y, log, levels=[np.log10(240.0)], colors=[style.DOSE_LETHAL], linewidths=1.4)
    if log.max() >= np.log10(17.0):
        axes.contour(
            x, y, log, levels=[np.log10(17.0)], colors=[style.DOSE_LOW], linewidths=1.0, linestyles=[(0, (3, 2))]
        )


def history_key(history: TreatmentHistory) -> str:
    """Catalogue key of a history's title."""
    return "word.planned" if history.title == "planned" else "word.delivered"


def _bar(figure: Figure, panels: list[Axes], span: tuple[float, float], label: str) -> None:
    """A colour bar at the right, as tall as all rows together."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    top, bottom = panels[0].get_position().y1, panels[-1].get_position().y0
    place = figure.add_axes((1 - (_BAR - 4.0) / style.PAGE_WIDTH, bottom, 3.0 / style.PAGE_WIDTH, top - bottom))
    figure.colorbar(ScalarMappable(Normalize(*span), "inferno"), cax=place).set_label(label)


def _legend(figure: Figure, entries: list[Artist]) -> None:
    figure.legend(handles=entries, loc="lower center", ncols=min(5, len(entries)), columnspacing=1.5, borderaxespad=0.2)


def _level_handles(anatomy: Anatomy) -> list[Artist]:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color="#8795a1", lw=w, label=anatomy.words.say("legend.below_peak", db=f"{-db:g}"))
        for db, w in zip(_LEVELS_DB, _LEVEL_WIDTHS, strict=True)
    ]


def _isotherm_handles(anatomy: Anatomy) -> list[Artist]:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color="#8795a1", lw=w, label=anatomy.words.say("legend.isotherm", celsius=f"{t:g}"))
        for t, w in zip(_ISOTHERMS, _LEVEL_WIDTHS[1:], strict=True)
    ]


def _dose_handles(anatomy: Anatomy) -> list[Artist]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    say = anatomy.words.say
    return [
        Patch(facecolor=(style.DOSE_LETHAL, 0.35), edgecolor=style.DOSE_LETHAL, lw=1.4, label=say("legend.dose_240")),
        Line2D([], [], color=style.DOSE_LOW, lw=1.4, ls=(0, (3, 2)), label=say("legend.dose_17")),
    ]
