"""Our figures beside a published cohort's, as two strips."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openhifu.reporting.cohort import FOCUSING_FACTOR, Cohort
from openhifu.reporting.figures import style
from openhifu.reporting.numbers import TreatmentNumbers
from openhifu.reporting.words import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PER_CUBIC_MM = 1e-9


def strips(planned: TreatmentNumbers, delivered: TreatmentNumbers | None, cohort: Cohort, words: Words) -> Figure:
    """Non-perfused volume ratio and energy per ablated volume: the cohort's median and range, and ours."""
    figure = style.new_figure(style.PAGE_WIDTH, 36)
    left, right = figure.subplots(1, 2)
    ours = [(planned, style.PLANNED, 0.68)] + ([] if delivered is None else [(delivered, style.DELIVERED, 0.32)])
    low, high = cohort.npv_ratio_range
    left.axvspan(100 * low, 100 * high, color=style.FAINT, lw=0)
    left.axvline(100 * cohort.npv_ratio, color=style.INK, lw=1.2)
    right.axvline(cohort.eef * _PER_CUBIC_MM, color=style.INK, lw=1.2)
    top = 2.2 * cohort.eef * _PER_CUBIC_MM
    for numbers, colour, height in ours:
        left.plot(100 * numbers.npv_ratio, height, marker="D", ms=6, color=colour, mec="white", mew=0.6, clip_on=False)
        whole, focused = numbers.eef(), numbers.eef(FOCUSING_FACTOR)
        if whole is not None and focused is not None:
            pair = [focused * _PER_CUBIC_MM, whole * _PER_CUBIC_MM]
            right.plot(pair, [height, height], color=colour, lw=1.0)
            right.plot(pair[1], height, marker="D", ms=6, color=colour, mec="white", mew=0.6)
            right.plot(pair[0], height, marker="o", ms=5, mfc="white", mec=colour, mew=1.2)
            top = max(top, 1.15 * pair[1])
    left.set_xlim(min(50.0, *(100 * n.npv_ratio - 5 for n, _, _ in ours)), 100)
    right.set_xlim(0, top)
    _dress(left, words.say("axis.npv_ratio"), words.say("cohort.npv_title"))
    _dress(right, words.say("axis.eef"), words.say("cohort.eef_title"))
    _legend(figure, delivered is not None, words)
    return figure


def _dress(axes: Axes, label: str, title: str) -> None:
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(label)
    axes.set_title(title)


def _legend(figure: Figure, delivered: bool, words: Words) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    mark = {"ls": "", "marker": "D", "ms": 5, "mec": "white"}
    entries = [Line2D([], [], color=style.PLANNED, label=words.say("word.planned"), **mark)]
    if delivered:
        entries.append(Line2D([], [], color=style.DELIVERED, label=words.say("word.delivered"), **mark))
    ring = {"ls": "", "marker": "o", "ms": 5, "mfc": "white", "mew": 1.2}
    entries.append(Line2D([], [], mec=style.INK, label=words.say("legend.eta", eta=f"{FOCUSING_FACTOR:g}"), **ring))
    figure.legend(
        handles=[
            *entries,
            Line2D([], [], color=style.INK, lw=1.2, label=words.say("legend.median")),
            Patch(facecolor=style.FAINT, label=words.say("legend.quartiles")),
        ],
        loc="outside lower center",
        ncols=5,
        columnspacing=1.6,
    )
