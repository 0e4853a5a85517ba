"""Closed loop against open loop: a dot a simulated patient, on either side of the line where both are equal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from openhifu.model.loops import LoopOutcome
from openhifu.reporting.figures import style
from openhifu.reporting.words import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Pair = tuple[LoopOutcome, LoopOutcome]
"""Open loop and closed loop on the same patient."""


def loops(found: Sequence[Pair], words: Words) -> Figure:
    """Coverage of the target, and healthy tissue over the goal.

    Args:
        found: the study, at least one patient.
        words: the catalogue.
    """
    figure = style.new_figure(style.PAGE_WIDTH, 84)
    left, right = figure.subplots(1, 2)
    _square(left, found, [(100 * a.coverage, 100 * b.coverage) for a, b in found])
    _square(right, found, [(1e6 * a.healthy, 1e6 * b.healthy) for a, b in found])
    texts = (
        (left, "loops.open_coverage", "loops.closed_coverage", "loops.coverage_title"),
        (right, "loops.open_healthy", "loops.closed_healthy", "loops.healthy_title"),
    )
    for axes, across, up, title in texts:
        axes.set_xlabel(words.say(across))
        axes.set_ylabel(words.say(up))
        axes.set_title(words.say(title))
        style.gridded(axes)
    _legend(figure, words)
    return figure


def _square(axes: Axes, found: Sequence[Pair], points: Sequence[tuple[float, float]]) -> None:
    """Both axes alike, with the line of equality."""
    values = [v for point in points for v in point]
    low, high = min(values), max(values)
    edge = max(0.05 * (high - low), 0.02 * abs(high), 1e-3)
    ends = [low - edge, high + edge]
    axes.plot(ends, ends, color=style.INK, lw=0.8, ls="--")
    for (x, y), (_, closed) in zip(points, found, strict=True):
        axes.plot(x, y, ls="", marker="o", ms=4, color=_colour(bool(closed.exceeded)), mec="white", mew=0.5)
    axes.set_xlim(*ends)
    axes.set_ylim(*ends)
    axes.set_aspect("equal")


def _colour(exceeded: bool) -> str:
    return style.DELIVERED if exceeded else style.PLANNED


def _legend(figure: Figure, words: Words) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], ls="", marker="o", color=_colour(over), label=words.say(name))
        for over, name in ((False, "loops.kept"), (True, "loops.exceeded"))
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
