"""Energy per ablated volume and ablated share of generated fibroids against their size, beside a published cohort."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from openhifu.model.fibroids import FibroidOutcome
from openhifu.reporting.cohort import FIBROIDS_2021, Cohort
from openhifu.reporting.figures import style
from openhifu.reporting.words import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def fibroids(found: Sequence[FibroidOutcome], words: Words, beside: Cohort = FIBROIDS_2021) -> Figure:
    """A line a perfusion grade.

    Args:
        found: the cohort; what was not treated is left out.
        words: the catalogue.
        beside: the published cohort.
    """
    figure = style.new_figure(style.PAGE_WIDTH, 80)
    left, right = figure.subplots(1, 2)
    treated = [o for o in found if not o.refused]
    _lines(left, treated, lambda o: o.eef)
    _lines(right, treated, lambda o: 100 * o.ratio)
    left.axhline(1e-9 * beside.eef, color=style.INK, lw=1, ls="--", label=_median(words, beside))
    low, high = (100 * v for v in beside.npv_ratio_range)
    right.axhline(100 * beside.npv_ratio, color=style.INK, lw=1, ls="--", label=_median(words, beside))
    right.axhspan(
        low, high, color=style.INK, alpha=0.1, lw=0, label=words.say("follow.quartiles_of", count=beside.treatments)
    )
    left.set_ylim(bottom=0)
    right.set_ylim(0, 103)
    for axes, title, up in ((left, "follow.energy", "follow.eef"), (right, "follow.share", "follow.npv_ratio")):
        axes.set_title(words.say(title))
        axes.set_ylabel(words.say(up))
        axes.set_xlabel(words.say("fibroids.diameter"))
        axes.set_xlim(1e2 * min(o.diameter for o in found) - 1, 1e2 * max(o.diameter for o in found) + 1)
        style.gridded(axes)
    handles, labels = right.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=5)
    figure.supxlabel(words.say("fibroids.caption", source=beside.source), fontsize=6.5)
    return figure


def _median(words: Words, beside: Cohort) -> str:
    return words.say("follow.median_of", count=beside.treatments)


def _lines(axes: Axes, found: Sequence[FibroidOutcome], value: Callable[[FibroidOutcome], float | None]) -> None:
    for number, grade in enumerate(dict.fromkeys(o.grade for o in found)):
        points = [(1e2 * o.diameter, value(o)) for o in found if o.grade == grade]
        there = [(d, v) for d, v in points if v is not None]
        axes.plot(
            [d for d, _ in there],
            [v for _, v in there],
            marker="o",
            ms=4,
            lw=1.2,
            color=style.organ_colour(number),
            label=style.literal(grade),
        )
