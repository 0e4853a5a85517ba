"""Curves: temperatures and power over time, and dose against volume."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from openhifu.model.history import TreatmentHistory
from openhifu.model.limits import OrganAtRisk
from openhifu.reporting.figures import style
from openhifu.reporting.figures.anatomy import named
from openhifu.reporting.figures.beam import history_key
from openhifu.reporting.numbers import Regions
from openhifu.reporting.words import Words
from openhifu.thermal.lesion import dose_volume

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DOSES = np.logspace(-2, 5, 240)  # CEM43 minutes
_CUBIC_MM = 1e9  # per m3


@dataclass(frozen=True, eq=False)
class Told:
    """A history with how its lines look.

    Attributes:
        history: planned or delivered.
        colour: of lines that belong to no organ.
        dashes: line style.
    """

    history: TreatmentHistory
    colour: str
    dashes: str


def told(planned: TreatmentHistory, delivered: TreatmentHistory | None) -> tuple[Told, ...]:
    """Planned dashed, delivered solid; a plan alone solid."""
    if delivered is None:
        return (Told(planned, style.PLANNED, "-"),)
    return Told(planned, style.PLANNED, "--"), Told(delivered, style.DELIVERED, "-")


def temperatures(stories: tuple[Told, ...], target: str, organs: tuple[OrganAtRisk, ...], words: Words) -> Figure:
    """Hottest point of the target, of each organ at risk, and the acoustic power, over the minutes of the treatment.

    Args:
        stories: what is drawn.
        target: name of the target among the curves.
        organs: organs in the order of their colours; those without a curve are left out.
        words: the catalogue.
    """
    figure = style.new_figure(style.PAGE_WIDTH, 138)
    upper, middle, lower = figure.subplots(3, 1, sharex=True, height_ratios=[1.15, 1.25, 0.7])
    for story in stories:
        curves = story.history.curves
        minutes = curves.time / 60
        look = {"ls": story.dashes, "lw": 0.9, "alpha": 0.9}
        upper.plot(minutes, curves.hottest[target], color=story.colour, **look)
        lower.plot(minutes, curves.power, color=story.colour, drawstyle="steps-post", **look)
        for number, organ in enumerate(organs):
            if organ.name in curves.hottest:
                middle.plot(minutes, curves.hottest[organ.name], color=style.organ_colour(number), **look)
    for axes, key in ((upper, "axis.target_temperature"), (middle, "axis.organ_temperature"), (lower, "axis.power")):
        axes.set_ylabel(words.say(key))
        style.gridded(axes)
        axes.margins(x=0.01)
    lower.set_ylim(bottom=0)
    lower.set_xlabel(words.say("axis.minutes"))
    upper.set_title(words.say("curves.target_title"))
    middle.set_title(words.say("curves.organs_title"))
    lower.set_title(words.say("curves.power_title"))
    present = [o.name for o in organs if any(o.name in s.history.curves.hottest for s in stories)]
    figure.legend(
        handles=[*_story_handles(stories, words), *_organ_handles(organs, present)],
        loc="outside lower center",
        ncols=6,
        columnspacing=1.5,
    )
    return figure


def dose_volumes(
    stories: tuple[Told, ...], masks: tuple[Regions, ...], organs: tuple[OrganAtRisk, ...], words: Words
) -> Figure:
    """Share of the target, and volume of each organ, that received at least each dose.

    Args:
        stories: what is drawn.
        masks: target and organs on each story's dose grid.
        organs: organs in the order of their colours; those outside the box are left out.
        words: the catalogue.
    """
    figure = style.new_figure(style.PAGE_WIDTH, 84)
    left, right = figure.subplots(1, 2)
    present: set[str] = set()
    for story, found in zip(stories, masks, strict=True):
        cem43 = story.history.cem43
        look = {"ls": story.dashes, "lw": 1.4}
        left.plot(_DOSES, 100 * dose_volume(cem43, found.target, _DOSES), color=story.colour, **look)
        for number, organ in enumerate(organs):
            mask = found.organs[organ.name]
            if mask.any():
                present.add(organ.name)
                volume = dose_volume(cem43, mask, _DOSES) * np.count_nonzero(mask) * cem43.grid.voxel_volume * _CUBIC_MM
                right.plot(_DOSES, np.where(volume > 0, volume, np.nan), color=style.organ_colour(number), **look)
    _limits(right, organs, present)
    _dose_axes(left, right, words)
    right.set_xlim(_DOSES[0], _highest(stories, masks, organs))
    figure.legend(
        handles=[*_story_handles(stories, words), *_organ_handles(organs, list(present)), *_limit_handle(words)],
        loc="outside lower center",
        ncols=6,
        columnspacing=1.5,
    )
    return figure


def _highest(stories: tuple[Told, ...], masks: tuple[Regions, ...], organs: tuple[OrganAtRisk, ...]) -> float:
    """The power of ten beyond every organ's dose and limit, at least 1000."""
    doses = [1e2, *(o.limit.cem43_max for o in organs)]
    for story, found in zip(stories, masks, strict=True):
        doses += [float(story.history.cem43.data[m].max()) for m in found.organs.values() if m.any()]
    return float(min(10 ** (np.floor(np.log10(max(doses))) + 1), _DOSES[-1]))


def _dose_axes(left: Axes, right: Axes, words: Words) -> None:
    for axes in (left, right):
        axes.set_xscale("log")
        axes.set_xlim(_DOSES[0], _DOSES[-1])
        axes.set_xlabel(words.say("axis.cem43"))
        style.gridded(axes)
        for level in (17.0, 240.0):
            axes.axvline(level, color=style.INK, lw=0.6, ls=":")
            axes.text(
                level, 1.01, f"{level:g}", transform=axes.get_xaxis_transform(), ha="center", va="bottom", fontsize=6.5
            )
    left.set_ylim(0, 102)
    left.set_ylabel(words.say("axis.target_share"))
    right.set_yscale("log")
    right.set_ylabel(words.say("axis.organ_volume"))
    left.set_title(words.say("curves.target_dose_title"), pad=12)
    right.set_title(words.say("curves.organ_dose_title"), pad=12)


def _limits(axes: Axes, organs: tuple[OrganAtRisk, ...], present: set[str]) -> None:
    """A downward triangle at each organ's limit: its curve must end to the left of it."""
    for number, organ in enumerate(organs):
        if organ.name in present:
            axes.plot(
                organ.limit.cem43_max,
                0.03,
                marker="v",
                ms=5.5,
                color=style.organ_colour(number),
                mec=style.INK,
                mew=0.4,
                transform=axes.get_xaxis_transform(),
                zorder=4,
                clip_on=False,
            )


def _story_handles(stories: tuple[Told, ...], words: Words) -> list[Artist]:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color=s.colour, ls=s.dashes, lw=1.4, label=words.say(history_key(s.history))) for s in stories
    ]


def _organ_handles(organs: tuple[OrganAtRisk, ...], present: list[str]) -> list[Artist]:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color=style.organ_colour(n), lw=1.6, label=style.literal(named(o.name)))
        for n, o in enumerate(organs)
        if o.name in present
    ]


def _limit_handle(words: Words) -> list[Artist]:
    from matplotlib.lines import Line2D

    return [
        Line2D(
            [], [], ls="", marker="v", ms=5, color="#9aa5b1", mec=style.INK, mew=0.4, label=words.say("legend.limit")
        )
    ]
