"""Pictures of accuracy claims: curves over one another, or planes side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from openhifu.base.picture import Curve, Panel, Picture
from openhifu.reporting.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = (style.PLANNED, style.DELIVERED, "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_FEW = 24  # points up to which a curve shows them


def claim(title: str, picture: Picture) -> Figure:
    """Draw a claim's picture.

    Args:
        title: what is claimed.
        picture: the data.
    """
    return _planes(title, picture) if picture.panels else _lines(title, picture)


def claim_png(title: str, picture: Picture) -> bytes:
    """PNG bytes of a claim's picture, small enough for a page of many."""
    return style.png(lambda: claim(title, picture), dots_per_inch=130)


def _lines(title: str, picture: Picture) -> Figure:
    figure = style.new_figure(120, 72)
    axes = figure.subplots()
    colours = iter(_COLOURS * (1 + len(picture.curves) // len(_COLOURS)))
    for curve in picture.curves:
        _line(axes, curve, style.INK if curve.reference else next(colours))
    _labelled(axes, picture)
    axes.set_title(style.literal(title))
    style.gridded(axes)
    axes.legend(loc="best")
    return figure


def _line(axes: Axes, curve: Curve, colour: str) -> None:
    if curve.points:
        looks = {"linestyle": "none", "marker": "o", "markersize": 3.5}
    elif curve.reference:
        looks = {"linewidth": 0.8, "zorder": 4}
    else:
        looks = {
            "linewidth": 3.2,
            "alpha": 0.55,
            "solid_capstyle": "round",
            "marker": "o" if curve.x.size <= _FEW else "",
            "markersize": 3,
        }
    axes.plot(curve.x, curve.y, color=colour, label=style.literal(curve.label), **looks)


def _planes(title: str, picture: Picture) -> Figure:
    count = len(picture.panels)
    left, right, low, high = picture.panels[0].extent
    tall = float(np.clip(abs(high - low) / abs(right - left), 0.4, 2.2))
    width = min(style.PAGE_WIDTH, 66.0 * count)
    figure = style.new_figure(width, min(130.0, tall * (width / count - 22) + 22))
    rows = figure.subplots(1, count, sharex=True, sharey=True, squeeze=False)[0]
    for axes, panel in zip(rows, picture.panels, strict=True):
        _plane(figure, axes, panel)
        axes.set_xlabel(picture.x_label)
    rows[0].set_ylabel(picture.y_label)
    figure.suptitle(style.literal(title), x=0.01, ha="left", fontsize=8, fontweight="bold", color=style.INK)
    return figure


def _plane(figure: Figure, axes: Axes, panel: Panel) -> None:
    high = float(np.nanmax(np.abs(panel.values))) if panel.high is None else panel.high
    image = axes.imshow(
        panel.values,
        origin="lower",
        extent=panel.extent,
        aspect="equal",
        interpolation="nearest",
        cmap="RdBu_r" if panel.signed else "magma",
        vmin=-high if panel.signed else min(0.0, float(np.nanmin(panel.values))),
        vmax=high,
    )
    style.framed(axes)
    axes.set_title(style.literal(panel.label), fontweight="normal", fontsize=7.5)
    bar = figure.colorbar(image, ax=axes, shrink=0.9, pad=0.02)
    bar.set_label(panel.unit)
    bar.outline.set_linewidth(0.5)  # pyright: ignore[reportCallIssue] - a spine, whatever its stub says


def _labelled(axes: Axes, picture: Picture) -> None:
    axes.set_xlabel(picture.x_label)
    axes.set_ylabel(picture.y_label)
    if picture.log_x:
        axes.set_xscale("log")
    if picture.log_y:
        axes.set_yscale("log")
