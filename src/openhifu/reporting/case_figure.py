"""A case as one picture: three cuts through the target, as CT with outlines and as tissues."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from openhifu.base.files import write_whole
from openhifu.model.case_data import CaseData
from openhifu.model.regions import target_mask
from openhifu.reporting.figures import style
from openhifu.reporting.figures.anatomy import Anatomy, handles, named, outline, scale_bar, target_centre
from openhifu.reporting.figures.plane import AXIAL, CORONAL, SAGITTAL, Plane
from openhifu.reporting.figures.three_views import Box, body_box, draw_view, dress
from openhifu.reporting.numbers import labels_on
from openhifu.reporting.words import Words, english

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH = 300.0  # mm; a picture for the screen
_TISSUES = {
    "water": "#dfe9f2",
    "gas": "#111827",
    "skin": "#e8b48a",
    "fat": "#f2df74",
    "subcutaneous_fat": "#f6eaa8",
    "muscle": "#b5544b",
    "liver": "#7a2e28",
    "bone_cortical": "#fbf7ec",
    "bone_cancellous": "#d3bd9a",
    "cartilage": "#7fd0c0",
    "lung_inflated": "#4a5a6a",
    "blood": "#e0243c",
    "heart_muscle": "#a23e6c",
    "kidney": "#c9772c",
    "spleen": "#6d4c9d",
    "pancreas": "#e3a72f",
    "spinal_cord": "#5d8aa8",
    "gut_contents": "#7d8f69",
    "small_intestine": "#d996a8",
    "large_intestine": "#b06a80",
}
"""Colours of common tissues; others take the next of ``_OTHERS``."""
_OTHERS = ("#4f772d", "#577590", "#b08968", "#90a955", "#e07a5f", "#3d5a80", "#81b29a", "#c08497", "#8338ec", "#06d6a0")


def case_figure(data: CaseData, out: Path, words: Words | None = None) -> Path:
    """Draw a case into a PNG file.

    Three cuts through the target's centre in LPS millimetres, patient's right on the left of the axial and coronal
    ones: above the CT (soft-tissue window) with target, organs at risk and body outline, below the same cuts as
    tissues.

    Args:
        data: the case.
        out: the PNG file to write; replaced whole if it exists.
        words: the catalogue; English if left out.

    Returns:
        ``out``.

    Raises:
        StorageError: if it cannot be written; nothing is then left half-written.
    """
    anatomy = Anatomy(data, data.case.target, data.case.organs, words or english())
    write_whole(out, style.png(lambda: _draw(anatomy)))
    return out


def _draw(anatomy: Anatomy) -> Figure:
    data, say = anatomy.data, anatomy.words.say
    box = body_box(data, target_centre(data, anatomy.target))
    across, deep, tall = (float(v) for v in box.high - box.low)
    scale = (_WIDTH - 95.0) / (2 * across + deep)
    figure = style.new_figure(_WIDTH, 2 * scale * max(deep, tall) + 52)
    cells = figure.add_gridspec(2, 4, width_ratios=[across, across, deep, 45.0 / scale])
    shown: set[int] = set()
    for column, view in enumerate((AXIAL, CORONAL, SAGITTAL)):
        plane = box.plane(view, 1.0e-3)
        shown |= draw_view(figure.add_subplot(cells[0, column]), anatomy, view, plane)
        scale_bar(figure.axes[-1], anatomy, 50.0)
        _draw_tissues(figure.add_subplot(cells[1, column]), anatomy, plane)
        dress(figure.axes[-1], anatomy, view, plane)
        scale_bar(figure.axes[-1], anatomy, 50.0)
    _legends(figure.add_subplot(cells[0, 3]), figure.add_subplot(cells[1, 3]), anatomy, box, shown)
    figure.suptitle(
        style.literal(say("case.title", case=data.case.name, pseudonym=data.case.pseudonym)),
        fontsize=10,
        fontweight="bold",
        x=0.01,
        ha="left",
    )
    figure.supxlabel(say("case.footer"), fontsize=7, x=0.01, ha="left")
    return figure


def _colours(anatomy: Anatomy) -> list[str]:
    """A colour per tissue index of the map."""
    names = anatomy.data.tissues.tissues
    others = [name for name in names if name not in _TISSUES]
    return [_TISSUES.get(name) or _OTHERS[others.index(name) % len(_OTHERS)] for name in names]


def _draw_tissues(axes: Axes, anatomy: Anatomy, plane: Plane) -> None:
    colours = _colours(anatomy)
    index = anatomy.tissues(plane).data[:, :, 0]
    cmap = style.flat(colours)
    axes.imshow(
        index.T,
        extent=plane.extent,
        origin="lower",
        cmap=cmap,
        vmin=-0.5,
        vmax=len(colours) - 0.5,
        interpolation="nearest",
    )
    goal = target_mask(anatomy.target, plane.grid, labels_on(anatomy.data.labels, plane.grid))[:, :, 0]
    outline(axes, plane, goal, style.TARGET, 1.4)


def _legends(upper: Axes, lower: Axes, anatomy: Anatomy, box: Box, organs: set[int]) -> None:
    from matplotlib.patches import Patch

    say, tissues = anatomy.words.say, anatomy.data.tissues
    shown: set[int] = set()
    for view in (AXIAL, CORONAL, SAGITTAL):
        shown |= set(np.unique(anatomy.tissues(box.plane(view, 1.0e-3)).data).tolist())
    colours = _colours(anatomy)
    patches = [
        Patch(facecolor=colours[n], edgecolor="#52606d", lw=0.4, label=style.literal(named(tissues.tissues[n])))
        for n in sorted(shown)
    ]
    for axes, entries, key in (
        (upper, handles(anatomy, organs), "legend.outlines"),
        (lower, patches, "legend.tissues"),
    ):
        axes.set_axis_off()
        legend = axes.legend(handles=entries, loc="upper left", borderaxespad=0.0, title=say(key), alignment="left")
        legend.get_title().set_fontweight("bold")
