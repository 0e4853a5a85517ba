"""Classes found in a CT as one picture for a person to judge: cuts through the whole body, with and without classes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from openhifu.base.field import Field
from openhifu.base.files import write_whole
from openhifu.model.tissuemap import LabelMap
from openhifu.reporting.figures import style
from openhifu.reporting.words import Words, english

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = ("#e8b48a", "#f2df74", "#b5544b", "#fbf7ec", "#111827", "#4a5a6a", *style.ORGANS)
_AXIAL_SHARES = (0.1, 0.37, 0.63, 0.9)
_WIDTH, _LEGEND = 300.0, 26.0  # mm
_WINDOW = (-160.0, 240.0)  # HU


def segmentation_figure(ct: Field, labels: LabelMap, name: str, out: Path, words: Words | None = None) -> Path:
    """Draw four axial cuts spread over the body, one coronal and one sagittal: the CT above, its classes below.

    Args:
        ct: CT numbers.
        labels: classes on the same grid; 0 is drawn as nothing.
        name: of the scan, for the title.
        out: PNG to write.
        words: the catalogue; English if left out.

    Raises:
        GeometryError: if the labels are on another grid.
        StorageError: if the PNG cannot be written.
    """
    ct.grid.require_same(labels.grid, "the classes")
    catalogue = words or english()
    write_whole(out, style.png(lambda: _draw(ct, labels, name, catalogue), 150))
    return out


def _draw(ct: Field, labels: LabelMap, name: str, words: Words) -> Figure:
    from matplotlib.patches import Patch

    cuts = _cuts(labels.data > 0)
    sizes = [_size(ct, axis) for axis, _ in cuts]
    widths = [across for across, _ in sizes]
    tall = max(up for _, up in sizes) * _WIDTH / sum(widths)
    figure = style.new_figure(_WIDTH, 2 * tall + _LEGEND)
    cells = figure.subplots(2, len(cuts), width_ratios=widths)
    order = sorted(labels.names)
    for column, (axis, index) in enumerate(cuts):
        _show(cells[0, column], ct, ct.data, axis, index, {"cmap": "gray", "vmin": _WINDOW[0], "vmax": _WINDOW[1]})
        _show(cells[1, column], ct, ct.data, axis, index, {"cmap": "gray", "vmin": _WINDOW[0], "vmax": _WINDOW[1]})
        rank = np.searchsorted(order, labels.data)
        shown = np.ma.masked_where(labels.data == 0, rank)
        look = {"cmap": style.flat(list(_COLOURS)), "vmin": -0.5, "vmax": len(_COLOURS) - 0.5, "alpha": 0.75}
        _show(cells[1, column], ct, shown, axis, index, {**look, "interpolation": "nearest"})
    volumes = {n: int(np.count_nonzero(labels.data == n)) * labels.grid.voxel_volume * 1e6 for n in order}
    patches = [
        Patch(
            facecolor=_COLOURS[n % len(_COLOURS)],
            edgecolor="#52606d",
            lw=0.4,
            label=words.say("segmentation.class", name=labels.names[key], ml=f"{volumes[key]:.0f}"),
        )
        for n, key in enumerate(order)
        if volumes[key]
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=len(patches))
    title = words.say("segmentation.title", name=style.literal(name))
    figure.suptitle(f"{title}\n{words.say('segmentation.how_to_read')}", x=0.01, ha="left", fontsize=8)
    return figure


def _cuts(body: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Axis and index of each cut: spread over the body from feet to head, then through its middle."""
    ends = []
    for axis in range(3):
        along = np.flatnonzero(body.any(axis=tuple(n for n in range(3) if n != axis)))
        ends.append((int(along[0]), int(along[-1])) if along.size else (0, body.shape[axis] - 1))
    low, high = ends[2]
    cuts = [(2, round(low + share * (high - low))) for share in _AXIAL_SHARES]
    return [*cuts, *((axis, (ends[axis][0] + ends[axis][1]) // 2) for axis in (1, 0))]


def _size(ct: Field, axis: int) -> tuple[float, float]:
    """Width and height of a cut [m]."""
    across, up = (n for n in range(3) if n != axis)
    return ct.grid.shape[across] * ct.grid.spacing[across], ct.grid.shape[up] * ct.grid.spacing[up]


def _show(axes: Axes, ct: Field, data: NDArray[Any], axis: int, index: int, look: dict[str, Any]) -> None:
    """One cut, right of the patient on the left, front or head at the top."""
    plane = np.take(data, index, axis=axis)
    first, second = (n for n in range(3) if n != axis)
    if ct.grid.affine[first, first] < 0:
        plane = plane[::-1]
    backwards = ct.grid.affine[second, second] < 0
    if (axis == 2) != backwards:  # rows of an axial cut run to the back, those of the others to the head
        plane = plane[:, ::-1]
    width, height = _size(ct, axis)
    axes.imshow(plane.T, extent=(0.0, width, 0.0, height), origin="lower", **look)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
