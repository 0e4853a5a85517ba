"""The acoustic window as a picture: every direction around a target, and what refuses it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from openhifu.model.window import CandidatePose, WindowMap
from openhifu.reporting.figures import style
from openhifu.reporting.words import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_REFUSAL = ("#d9dee3", "#b9a7c9", "#e0b7a4", "#9fb8b0", "#c9bd8f", "#8f9aa6", "#d3a5b5", "#a5c4d3", "#7a7f87")


def angles(candidate: CandidatePose, window: WindowMap) -> tuple[float, float]:
    """Azimuth and elevation [rad] of a candidate, the azimuth turned into the map's range."""
    x, y, z = candidate.direction
    azimuth, first = math.atan2(y, x), float(window.azimuth.min())
    step = float(np.ptp(window.azimuth)) / max(1, window.azimuth.size - 1)
    turned = (azimuth - first + step / 2) % (2 * math.pi) + first - step / 2
    return turned, math.asin(max(-1.0, min(1.0, z)))


def window_map(window: WindowMap, words: Words) -> Figure:
    """Azimuth against elevation: amplitude in colour, refusals flat, candidates numbered as in the report's table."""
    figure = style.new_figure(style.PAGE_WIDTH, 98)
    axes = figure.add_subplot()
    azimuth, elevation = np.degrees(window.azimuth), np.degrees(window.elevation)
    refused = np.ma.masked_equal(window.refusal, 0)
    colours = [_REFUSAL[n % len(_REFUSAL)] for n in range(max(2, len(window.refusals)))]
    axes.pcolormesh(
        azimuth, elevation, refused.T, cmap=style.flat(colours), vmin=-0.5, vmax=len(colours) - 0.5, shading="nearest"
    )
    good = np.ma.masked_where(window.refusal != 0, np.ma.masked_invalid(window.amplitude))
    shown = axes.pcolormesh(azimuth, elevation, good.T, cmap="viridis", shading="nearest", vmin=0.0)
    bar = figure.colorbar(shown, ax=axes, pad=0.015, aspect=28)
    bar.set_label(words.say("axis.ray_amplitude"))
    bar.outline.set_linewidth(0.4)  # pyright: ignore[reportCallIssue]
    _candidates(axes, window)
    axes.set_xlabel(words.say("axis.azimuth"))
    axes.set_ylabel(words.say("axis.elevation"))
    _compass(axes, words)
    style.framed(axes)
    _legend(figure, window, words, colours)
    return figure


def _candidates(axes: Axes, window: WindowMap) -> None:
    from matplotlib.patheffects import withStroke

    rim = [withStroke(linewidth=1.8, foreground="black")]
    placed = [np.degrees(angles(c, window)) for c in window.candidates]
    for number, (candidate, (x, y)) in enumerate(zip(window.candidates, placed, strict=True), start=1):
        if candidate.chosen:
            axes.plot(x, y, marker="*", ms=13, mfc=style.DELIVERED, mec="white", mew=0.8, zorder=5)
        else:
            axes.plot(x, y, marker="o", ms=4.2, mfc="white", mec="black", mew=0.7, zorder=4)
        axes.annotate(
            f"{number}",
            (x, y),
            xytext=(6, 4),
            textcoords="offset points",
            color="white",
            fontsize=7.5,
            fontweight="bold",
            path_effects=rim,
            zorder=6,
        )


def _compass(axes: Axes, words: Words) -> None:
    """The body's sides along the top: azimuth 0 is the left, 90 degrees the back."""
    left, right = axes.get_xlim()
    sides = {0: "side.left", 90: "side.back", 180: "side.right", 270: "side.front"}
    for turn in (-360, 0, 360):
        for angle, key in sides.items():
            if left <= angle + turn <= right:
                axes.text(
                    angle + turn, 1.015, words.say(key), transform=axes.get_xaxis_transform(), ha="center", fontsize=7
                )
    from matplotlib.ticker import MultipleLocator

    axes.xaxis.set_major_locator(MultipleLocator(30 if right - left > 150 else 15))
    axes.yaxis.set_major_locator(MultipleLocator(15))


def _legend(figure: Figure, window: WindowMap, words: Words, colours: list[str]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    met = [n for n in range(1, len(window.refusals)) if np.any(window.refusal == n)]
    entries: list[Patch | Line2D] = [Patch(facecolor=colours[n], label=style.literal(window.refusals[n])) for n in met]
    dot = {"ls": "", "mew": 0.7}
    if any(c.chosen for c in window.candidates):
        entries.append(
            Line2D([], [], marker="*", ms=9, mfc=style.DELIVERED, mec="white", label=words.say("legend.chosen"), **dot)
        )
    if not all(c.chosen for c in window.candidates):
        entries.append(
            Line2D([], [], marker="o", ms=4.5, mfc="white", mec="black", label=words.say("legend.candidate"), **dot)
        )
    if entries:
        figure.legend(handles=entries, loc="outside lower center", ncols=min(4, len(entries)), columnspacing=1.6)
