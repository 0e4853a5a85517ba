"""The band of a plan: what each figure came to over many possible patients, beside its limit; and what spreads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from openhifu.model.band import limits_of
from openhifu.model.limits import OrganAtRisk
from openhifu.model.plan import TreatmentPlan
from openhifu.model.robustness import COVERAGE, Robustness, dose_of
from openhifu.reporting.figures import style
from openhifu.reporting.figures.anatomy import named
from openhifu.reporting.words import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEAST = 1e-2  # of a limit: lower doses are drawn there
SHOWN = 8
"""Influences that are drawn."""


def bands(plan: TreatmentPlan, study: Robustness, words: Words) -> Figure:
    """Coverage and peak of every scenario, organ doses over their limits, and influences on coverage.

    Args:
        plan: the plan.
        study: of it.
        words: the catalogue.
    """
    figure = style.new_figure(style.PAGE_WIDTH, 108)
    cells = figure.add_gridspec(2, 2, width_ratios=[1, 1.15])
    rule = limits_of(plan)[0]
    organs = [o for o in plan.organs if study.band(dose_of(o.name)) is not None]
    place = cells[0, 0] if organs else cells[:, 0]
    _scenarios(figure.add_subplot(place), plan, study, rule.coverage, rule.peak_temperature, words)
    if organs:
        _organs(figure.add_subplot(cells[1, 0]), organs, study, rule.organ_share, words)
    _influences(figure.add_subplot(cells[:, 1]), study, words)
    return figure


def _scenarios(
    axes: Axes, plan: TreatmentPlan, study: Robustness, coverage: float, hottest: float, words: Words
) -> None:
    axes.plot(
        [100 * o.coverage for o in study.outcomes],
        [o.peak_temperature for o in study.outcomes],
        ls="", marker="o", ms=3.2, mfc=style.DELIVERED, mec="white", mew=0.4,
    )  # fmt: skip
    expected = plan.prediction
    axes.plot(100 * expected.coverage, expected.peak_temperature, ls="", marker="D", ms=6, color=style.PLANNED, mec="w")
    band = study.band(COVERAGE)
    if band is not None:
        axes.axvspan(100 * band.low, 100 * band.high, color=style.FAINT, alpha=0.6, lw=0)
    axes.axvline(100 * coverage, color=style.INK, lw=0.9, ls="--")
    axes.axhline(hottest, color=style.INK, lw=0.9, ls="--")
    axes.set_xlabel(words.say("robust.coverage"))
    axes.set_ylabel(words.say("robust.peak"))
    axes.set_title(words.say("robust.scenarios_title"))
    style.gridded(axes)


def _organs(axes: Axes, names: list[OrganAtRisk], study: Robustness, share: float, words: Words) -> None:
    for row, organ in enumerate(names):
        values = np.array([next(x.cem43_max for x in o.organs if x.organ == organ.name) for o in study.outcomes])
        limit = share * organ.limit.cem43_max
        drawn = np.maximum(values / limit, _LEAST)
        band = study.band(dose_of(organ.name))
        axes.plot(drawn, np.full(len(drawn), row), ls="", marker="o", ms=2.4, color=style.DELIVERED, alpha=0.35, mew=0)
        if band is not None:
            ends = [max(v / limit, _LEAST) for v in (band.low, band.high)]
            axes.plot(ends, [row, row], color=style.DELIVERED, lw=2.2, solid_capstyle="butt")
            axes.plot(max(band.nominal / limit, _LEAST), row, ls="", marker="D", ms=5, color=style.PLANNED, mec="w")
    axes.axvline(1.0, color=style.INK, lw=0.9, ls="--")
    axes.set_xscale("log")
    axes.set_yticks(range(len(names)), [style.literal(named(o.name)) for o in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel(words.say("robust.dose_over_limit"))
    axes.set_title(words.say("robust.organs_title"))
    style.gridded(axes)


def _influences(axes: Axes, study: Robustness, words: Words) -> None:
    own = [i for i in study.influences if i.figure == COVERAGE][:SHOWN]
    for row, item in enumerate(own):
        colour = style.DELIVERED if item.certain else "#9aa5b1"
        axes.plot([item.low, item.high], [row, row], color=colour, lw=2.2, solid_capstyle="butt")
        axes.plot(item.correlation, row, ls="", marker="o", ms=5, color=colour, mec="white", mew=0.6)
        axes.annotate(
            style.literal(item.input), (0.0, row), xytext=(0, 7), textcoords="offset points", ha="center", fontsize=7,
        )  # fmt: skip
    axes.axvline(0.0, color=style.INK, lw=0.6)
    axes.set_xlim(-1, 1)
    axes.set_ylim(max(len(own), 1) - 0.5, -0.8)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(words.say("robust.correlation"))
    axes.set_title(words.say("robust.influence_title"))
    axes.grid(visible=True, axis="x")
