"""Pictures of what is followed over time: a cohort beside the published one, and a device's quality against limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from openhifu.base.files import write_whole
from openhifu.reporting.cohort import FIBROIDS_2021, Cohort
from openhifu.reporting.figures import style
from openhifu.reporting.words import Words, english

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class CohortPoint:
    """One treatment of the picture: target volume [mL], EEF [J/mm3], NPV ratio, duration [min], and whether imaged."""

    target_ml: float
    eef: float | None
    npv_ratio: float
    minutes: float
    imaged: bool


@dataclass(frozen=True)
class TrendLine:
    """One figure over time: name, unit, times, values, half-widths of uncertainty (None unknown) and limits."""

    name: str
    unit: str
    times: tuple[datetime, ...]
    values: tuple[float, ...]
    uncertainties: tuple[float | None, ...]
    low: float | None
    high: float | None


def cohort_figure(
    points: Sequence[CohortPoint], out: Path, beside: Cohort = FIBROIDS_2021, words: Words | None = None
) -> Path:
    """Energy per ablated volume, ablated share and time against the target's volume, the published medians behind.

    Raises:
        StorageError: if the PNG cannot be written.
    """
    catalogue = words or english()
    write_whole(out, style.png(lambda: _draw_cohort(points, beside, catalogue)))
    return out


def trend_figure(lines: Sequence[TrendLine], title: str, out: Path) -> Path:
    """Every figure over time with its limits.

    Raises:
        StorageError: if the PNG cannot be written.
    """
    write_whole(out, style.png(lambda: _draw_trends(lines, title)))
    return out


def _draw_cohort(points: Sequence[CohortPoint], beside: Cohort, words: Words) -> Figure:
    from matplotlib.ticker import FuncFormatter

    figure = style.new_figure(style.PAGE_WIDTH, 66.0)
    axes = figure.subplots(1, 3)
    size = [p.target_ml for p in points]
    with_eef = [p for p in points if p.eef is not None]
    _dots(axes[0], [p.target_ml for p in with_eef], [p.eef or 0.0 for p in with_eef], [p.imaged for p in with_eef])
    median = words.say("follow.median_of", count=beside.treatments)
    axes[0].axhline(1e-9 * beside.eef, color=style.PLANNED, lw=1, ls="--", label=median)
    axes[0].set_title(words.say("follow.energy"))
    axes[0].set_ylabel(words.say("follow.eef"))
    axes[0].set_ylim(0, 1.15 * max([1e-9 * beside.eef, *(p.eef or 0.0 for p in points)]))
    _dots(axes[1], size, [100 * p.npv_ratio for p in points], [p.imaged for p in points])
    low, high = (100 * v for v in beside.npv_ratio_range)
    quartiles = words.say("follow.quartiles_of", count=beside.treatments)
    axes[1].axhspan(low, high, color=style.PLANNED, alpha=0.12, lw=0, label=quartiles)
    axes[1].axhline(100 * beside.npv_ratio, color=style.PLANNED, lw=1, ls="--")
    axes[1].set_title(words.say("follow.share"))
    axes[1].set_ylabel(words.say("follow.npv_ratio"))
    axes[1].set_ylim(0, 1.08 * max([100.0, *(100 * p.npv_ratio for p in points)]))
    _dots(axes[2], size, [p.minutes for p in points], [p.imaged for p in points])
    axes[2].set_title(words.say("follow.time"))
    axes[2].set_ylabel(words.say("follow.duration"))
    axes[2].set_ylim(bottom=0)
    for one in axes:
        one.set_xscale("log")
        one.set_xlim(0.5 * min(size), 2 * max(size))
        for which in (one.xaxis.set_major_formatter, one.xaxis.set_minor_formatter):
            which(FuncFormatter(lambda v, _: f"{v:g}" if f"{v:.0e}"[0] in "125" else ""))
        one.set_xlabel(words.say("follow.volume"))
        style.gridded(one)
    for one in axes[:2]:
        one.legend(loc="lower left")
    figure.supxlabel(words.say("follow.caption", source=beside.source), fontsize=6.5)
    return figure


def _dots(axes: Axes, x: Sequence[float], y: Sequence[float], filled: Sequence[bool]) -> None:
    for a, b, full in zip(x, y, filled, strict=True):
        axes.plot(a, b, "o", ms=4.5, color=style.DELIVERED, mfc=style.DELIVERED if full else "white")


def _draw_trends(lines: Sequence[TrendLine], title: str) -> Figure:
    columns = min(len(lines), 3)
    rows = -(-len(lines) // columns)
    figure = style.new_figure(style.PAGE_WIDTH, 52.0 * rows + 8)
    cells = np.ravel(figure.subplots(rows, columns, squeeze=False))
    for axes, line in zip(cells, lines, strict=False):
        _draw_trend(axes, line)
    for axes in cells[len(lines) :]:
        axes.set_axis_off()
    figure.suptitle(style.literal(title), fontsize=9, fontweight="bold", x=0.01, ha="left")
    return figure


def _draw_trend(axes: Axes, line: TrendLine) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num

    times = date2num(line.times)
    widths = [0.0 if u is None else u for u in line.uncertainties]
    axes.errorbar(times, line.values, yerr=widths, fmt="o-", ms=3.5, lw=1, capsize=2, color=style.PLANNED)
    for limit in (line.low, line.high):
        if limit is not None:
            axes.axhline(limit, color=style.DOSE_LETHAL, lw=1, ls="--")
    for when, value in zip(times, line.values, strict=True):
        out = (line.low is not None and value < line.low) or (line.high is not None and value > line.high)
        if out:
            axes.plot(when, value, "o", ms=6, color=style.DOSE_LETHAL, mfc="none")
    axes.margins(x=0.1, y=0.25)
    locator = AutoDateLocator(minticks=2, maxticks=4)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    axes.set_title(line.name, fontsize=7)
    axes.set_ylabel(line.unit if line.unit != "1" else "ratio")
    style.gridded(axes)
