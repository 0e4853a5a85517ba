"""Patient and pose: the whole body with the source's beam, and the target with its spots close up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from openhifu.model.plan import TreatmentPlan
from openhifu.model.transducer import Transducer
from openhifu.reporting.figures import style
from openhifu.reporting.figures.anatomy import Anatomy, handles, scale_bar, target_centre, target_reach
from openhifu.reporting.figures.cone import draw_cone, reach_of_source
from openhifu.reporting.figures.plane import Plane
from openhifu.reporting.figures.three_views import body_box, cube, draw_view, three_in_a_row, three_panels

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STEEP = 0.15  # sine of the angle to a cut's normal below which the beam has no direction in it worth drawing
_NEAR = 6.0  # mm; spots within this of a cut are drawn on it


def overview(anatomy: Anatomy, plan: TreatmentPlan, device: Transducer) -> Figure:
    """Three cuts through the reference focus with the part of the beam that lies in each."""
    box = body_box(anatomy.data, plan.pose.focus, reach_of_source(plan.pose, device))
    figure, panels, place = three_panels(box, style.PAGE_WIDTH)
    shown: set[int] = set()
    for view, axes in panels.items():
        plane = box.plane(view, 1.0e-3)
        shown |= draw_view(axes, anatomy, view, plane)
        across, upward = plane.right @ plan.pose.direction, plane.up @ plan.pose.direction
        scale_bar(axes, anatomy, 50.0, right=bool(across < 0), top=bool(upward > 0))
        draw_cone(axes, plane, plan.pose, device)
    entries = [*handles(anatomy, shown), *_beam_handles(anatomy)]
    place.legend(handles=entries, loc="center left", borderaxespad=0.5, labelspacing=0.7)
    return figure


def close_up(anatomy: Anatomy, plan: TreatmentPlan) -> Figure:
    """Three cuts through the target's centre with the spots near each, and the direction of the beam."""
    centre = target_centre(anatomy.data, plan.target)
    box = cube(centre, 1.7 * target_reach(anatomy.data, plan.target) + 4e-3)
    figure, panels = three_in_a_row(box, style.PAGE_WIDTH)
    foci = np.array([s.focus for s in plan.sonications])
    shown: set[int] = set()
    for view, axes in panels.items():
        plane = box.plane(view, 0.3e-3)
        shown |= draw_view(axes, anatomy, view, plane)
        scale_bar(axes, anatomy, 10.0)
        spots = plane.project(foci)
        far = np.abs(spots[:, 2]) > _NEAR
        axes.plot(*spots[far, :2].T, ls="", marker="o", ms=2.4, mfc="none", mec=style.SPOT, mew=0.5, alpha=0.7)
        axes.plot(*spots[~far, :2].T, ls="", marker="o", ms=3.0, mfc=style.SPOT, mec="black", mew=0.4)
        _beam_arrow(axes, plane, np.asarray(plan.pose.direction))
    entries = [*handles(anatomy, shown), *_spot_handles(anatomy)]
    figure.legend(handles=entries, loc="outside lower center", ncols=min(6, len(entries)), columnspacing=1.5)
    return figure


def _beam_arrow(axes: Axes, plane: Plane, direction: NDArray[np.float64]) -> None:
    """An arrow that comes in from the edge along the beam's shadow in this cut; short where the beam is steep to it."""
    shadow = np.array([direction @ plane.right, direction @ plane.up])
    left, right, bottom, top = plane.extent
    centre, half = np.array([left + right, bottom + top]) / 2, (right - left) / 2
    length = float(np.linalg.norm(shadow))
    if length < _STEEP:
        return
    tail = centre + shadow / length * 0.95 * half
    head = tail - shadow * 0.3 * half
    axes.annotate(
        "",
        xy=(head[0], head[1]),
        xytext=(tail[0], tail[1]),
        arrowprops={"arrowstyle": "-|>", "color": style.BEAM, "lw": 1.4},
    )


def _beam_handles(anatomy: Anatomy) -> list[Artist]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    say = anatomy.words.say
    return [
        Patch(facecolor=(style.BEAM, 0.35), edgecolor=style.BEAM, lw=0.8, label=say("legend.beam")),
        Line2D([], [], color=style.BEAM, lw=2.2, label=say("legend.source")),
        Line2D([], [], color=style.BEAM, lw=0.9, ls=(0, (4, 3)), label=say("legend.axis")),
    ]


def _spot_handles(anatomy: Anatomy) -> list[Artist]:
    from matplotlib.lines import Line2D

    say = anatomy.words.say
    near = Line2D([], [], ls="", marker="o", ms=4.5, mfc=style.SPOT, mec="black", mew=0.4)
    near.set_label(say("legend.spot_near", mm=f"{_NEAR:g}"))
    far = Line2D([], [], ls="", marker="o", ms=3.5, mfc="none", mec="#b8860b", mew=0.8, label=say("legend.spot_far"))
    arrow = Line2D([], [], color=style.BEAM, lw=1.2, marker=">", ms=4, label=say("legend.beam_direction"))
    return [near, far, arrow]
