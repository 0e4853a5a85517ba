"""The patient under every picture: CT in gray, outlines, scale bar, orientation letters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openhifu.model.case_data import CaseData
from openhifu.model.limits import OrganAtRisk
from openhifu.model.regions import organ_mask, target_mask
from openhifu.model.target import LabelTarget, Target
from openhifu.model.tissuemap import TissueMap
from openhifu.reporting.figures import style
from openhifu.reporting.figures.plane import Plane, View
from openhifu.reporting.numbers import labels_on
from openhifu.reporting.words import Words

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

_WINDOW = (-160.0, 240.0)  # HU, soft tissue
_TINT = 0.22  # opacity of an organ's filling
_SMOOTH = 1.0e-3  # m; outlines of label maps are smoothed by this much so that slices do not show as stairs


@dataclass(frozen=True, eq=False)
class Anatomy:
    """What is drawn under a picture.

    Attributes:
        data: the case.
        target: what is treated.
        organs: organs at risk, in the order of their colours.
        words: the catalogue.
    """

    data: CaseData
    target: Target
    organs: tuple[OrganAtRisk, ...]
    words: Words

    def tissues(self, plane: Plane) -> TissueMap:
        """Materials of a picture's pixels."""
        return self.data.tissues.resampled(plane.grid, self.data.case.background)


def target_centre(data: CaseData, target: Target) -> NDArray[np.float64]:
    """Centre of a target [m, LPS]; the centroid of a label."""
    if not isinstance(target, LabelTarget):
        return np.asarray(target.centre, float)
    grid = data.ct.grid
    return grid.world(np.argwhere(target_mask(target, grid, data.labels))).mean(axis=0)


def target_reach(data: CaseData, target: Target) -> float:
    """Largest distance [m] of a target's points from its centre."""
    if not isinstance(target, LabelTarget):
        return target.radius if target.kind == "sphere" else max(target.semi_axes)
    grid = data.ct.grid
    points = grid.world(np.argwhere(target_mask(target, grid, data.labels)))
    return float(np.linalg.norm(points - points.mean(axis=0), axis=1).max())


def draw_ct(axes: Axes, anatomy: Anatomy, plane: Plane) -> None:
    """CT numbers in gray, soft-tissue window; black where the image ends."""
    hu = anatomy.data.ct.resampled(plane.grid, outside=-1000.0).data[:, :, 0]
    axes.imshow(
        hu.T,
        extent=plane.extent,
        origin="lower",
        cmap="gray",
        vmin=_WINDOW[0],
        vmax=_WINDOW[1],
        interpolation="bilinear",
    )


def outline(axes: Axes, plane: Plane, mask: NDArray[np.bool_], colour: str, width: float, fill: float = 0.0) -> bool:
    """Smoothed outline of a mask (right, up) and its filling to an opacity; False where there is nothing to draw."""
    from scipy.ndimage import gaussian_filter

    if not mask.any() or mask.all():
        return False
    soft = gaussian_filter(mask.astype(np.float32), _SMOOTH / plane.pixel, mode="nearest").T
    x, y = plane.centres()
    if soft.max() <= 0.5:
        return False
    if fill > 0:
        axes.contourf(x, y, soft, levels=[0.5, 2.0], colors=[colour], alpha=fill)
    if width > 0:
        axes.contour(x, y, soft, levels=[0.5], colors=[colour], linewidths=width)
    return True


def draw_outlines(axes: Axes, anatomy: Anatomy, plane: Plane, close: bool = False) -> set[int]:
    """Body, organs at risk and target; returns the numbers of the organs that the picture shows.

    Labelled organs are outlined and lightly filled. Layers told by their tissue only (skin, fat, muscle) are everywhere
    in a whole body, so they are only tinted there.

    Args:
        axes: the picture.
        anatomy: what is drawn.
        plane: the cut.
        close: whether this is a close view under a field: layers are then outlined, and nothing is filled.
    """
    data, grid = anatomy.data, plane.grid
    labels, tissues = labels_on(data.labels, grid), anatomy.tissues(plane)
    body = ~tissues.mask(data.case.background)[:, :, 0]
    outline(axes, plane, body, style.BODY, 0.6)
    shown: set[int] = set()
    for number, organ in enumerate(anatomy.organs):
        mask = organ_mask(organ, grid, labels, tissues)[:, :, 0]
        width, fill = (0.8 if organ.labels else 0.5, 0.0) if close else (0.8 if organ.labels else 0.0, _TINT)
        if outline(axes, plane, mask, style.organ_colour(number), width, fill):
            shown.add(number)
    goal = target_mask(anatomy.target, grid, labels)[:, :, 0]
    outline(axes, plane, goal, style.TARGET, 1.4)
    return shown


def handles(anatomy: Anatomy, shown: set[int]) -> list[Artist]:
    """Legend entries of target, body, and the organs of these numbers."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    say = anatomy.words.say
    entries: list[Artist] = [Line2D([], [], color=style.TARGET, lw=1.8, label=say("legend.target"))]
    for number in sorted(shown):
        organ, colour = anatomy.organs[number], style.organ_colour(number)
        entries.append(
            Patch(facecolor=(colour, 0.35), edgecolor=colour, lw=1.0, label=style.literal(named(organ.name)))
        )
    entries.append(Line2D([], [], color="#8795a1", lw=1.2, label=say("legend.body")))
    return entries


def named(name: str) -> str:
    """A name of a case or catalogue as people read it."""
    return name.replace("_", " ")


def minus(number: str) -> str:
    """A number with a true minus sign."""
    return number.replace("-", "\u2212")


def scale_bar(axes: Axes, anatomy: Anatomy, length: float, right: bool = False, top: bool = False) -> None:
    """A white bar of a length [mm] with its words, in the lower left corner unless told otherwise."""
    from matplotlib.patheffects import withStroke

    low, high = axes.get_xlim()
    share = length / abs(high - low)
    x, y = 0.95 - share if right else 0.05, 0.92 if top else 0.06
    axes.plot(
        [x, x + share],
        [y, y],
        transform=axes.transAxes,
        color="white",
        lw=2.0,
        solid_capstyle="butt",
        path_effects=[withStroke(linewidth=3.4, foreground="black")],
        scalex=False,
        scaley=False,
    )
    text = anatomy.words.say("figure.scale", length=f"{length:g}")
    style.outlined(axes, (x + share / 2, y), (0, -7 if top else 7), text, 7.0)


def letters(axes: Axes, anatomy: Anatomy, view: View) -> None:
    """Orientation letters at the four edges."""
    say = anatomy.words.say
    left, right, bottom, top = (say(key) for key in view.letters)
    style.outlined(axes, (0.0, 0.5), (7, 0), left, 8.0)
    style.outlined(axes, (1.0, 0.5), (-7, 0), right, 8.0)
    style.outlined(axes, (0.5, 0.0), (0, 7), bottom, 8.0)
    style.outlined(axes, (0.5, 1.0), (0, -7), top, 8.0)


def finish(axes: Axes, plane: Plane) -> None:
    """Fix the limits to the picture's edges, equal scale on both axes."""
    left, right, bottom, top = plane.extent
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.set_aspect("equal")
    style.framed(axes)


def label_view(axes: Axes, anatomy: Anatomy, view: View, through: ArrayLike) -> None:
    """Title with the cut's own coordinate, and axes in LPS millimetres."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    say = anatomy.words.say
    normal = np.cross(view.right, view.up)
    cut = float(np.abs(normal) @ np.asarray(through, float)) * 1e3
    axes.set_title(say(view.name, cut=minus(f"{cut:.1f}")))
    axes.set_xlabel(say(view.axes[0]))
    axes.set_ylabel(say(view.axes[1]))
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: minus(f"{view.up_sign * v + 0.0:.0f}")))
