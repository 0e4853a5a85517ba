"""Several plans in one figure: every figure as bars, a plan a colour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from openhifu.base.units import read_in
from openhifu.reporting.figures import style
from openhifu.reporting.figures.anatomy import named

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

_COLUMNS = 4


def side_by_side(names: Sequence[str], rows: Sequence[tuple[str, str, Sequence[float]]]) -> Figure:
    """A small chart a figure.

    Args:
        names: of the plans.
        rows: name, SI unit and a value a plan.
    """
    down = math.ceil(len(rows) / _COLUMNS)
    figure = style.new_figure(style.PAGE_WIDTH, 32.0 * down + 10)
    cells = figure.subplots(down, _COLUMNS, squeeze=False).ravel()
    for axes, (name, unit, values) in zip(cells, rows, strict=False):
        factor, told = read_in(name, unit)
        drawn = [factor * v for v in values]
        bars = axes.bar(range(len(drawn)), drawn, color=[style.organ_colour(n) for n in range(len(drawn))], width=0.7)
        axes.bar_label(bars, [f"{v:.3g}" for v in drawn], fontsize=6.5, padding=1)
        axes.set_title(style.literal(named(name)), fontsize=7)
        axes.set_ylabel(told.replace("degC", "\u00b0C"))
        axes.set_xticks([])
        axes.margins(y=0.2)
    for axes in cells[len(rows) :]:
        axes.set_axis_off()
    handles = [_entry(n, name) for n, name in enumerate(names)]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(len(names), 4))
    return figure


def _entry(number: int, name: str) -> Patch:
    from matplotlib.patches import Patch

    return Patch(facecolor=style.organ_colour(number), label=style.literal(name))
