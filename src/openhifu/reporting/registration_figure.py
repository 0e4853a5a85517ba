"""A registration as one picture: both images in a chessboard, as they came and as they would be moved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from openhifu.base.field import Field
from openhifu.base.files import write_whole
from openhifu.imaging.registration import Registration, preview
from openhifu.reporting.figures import style
from openhifu.reporting.words import Words, english

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SQUARES = 8
_VIEWS = (("registration.axial", 2), ("registration.coronal", 1), ("registration.sagittal", 0))


def registration_figure(
    fixed: Field, moving: Field, registration: Registration, out: Path, words: Words | None = None
) -> Path:
    """Draw three cuts through the middle of the fixed image, before the movement (above) and after it (below).

    Squares alternate between the two images: where edges run on from square to square, the images lie on one another.

    Raises:
        StorageError: if the PNG cannot be written.
    """
    still = Registration.model_copy(registration, update={"matrix": tuple(map(tuple, np.eye(4).tolist()))})
    pairs = (
        ("registration.before", preview(moving, fixed.grid, still)),
        ("registration.after", preview(moving, fixed.grid, registration)),
    )
    catalogue = words or english()
    write_whole(out, style.png(lambda: _draw(fixed, pairs, registration, catalogue)))
    return out


def _draw(fixed: Field, pairs: tuple[tuple[str, Field], ...], registration: Registration, words: Words) -> Figure:
    figure = style.new_figure(210.0, 150.0)
    cells = figure.subplots(2, 3)
    for row, (stage, other) in zip(cells, pairs, strict=True):
        for axes, (view, axis) in zip(row, _VIEWS, strict=True):
            _board(axes, fixed, other, axis)
            axes.set_title(f"{words.say(view)}, {words.say(stage)}")
    title = words.say(
        "registration.moved",
        shift=f"{registration.shift_mm:.1f}",
        turn=f"{registration.turn_degrees:.1f}",
        before=f"{registration.information_before:.2f}",
        after=f"{registration.information_after:.2f}",
        covered=f"{100 * registration.overlap:.0f}",
    )
    figure.suptitle(title, x=0.01, ha="left", fontsize=8)
    figure.supxlabel(words.say("registration.how_to_read"), fontsize=7)
    return figure


def _board(axes: Axes, fixed: Field, other: Field, axis: int) -> None:
    middle = fixed.grid.shape[axis] // 2
    one, two = (_gray(np.take(f.data, middle, axis=axis), f.data) for f in (fixed, other))
    rest = [n for n in range(3) if n != axis]
    spacing = [1e3 * fixed.grid.spacing[n] for n in rest]
    size = max(n * s for n, s in zip(one.shape, spacing, strict=True)) / _SQUARES
    square = [np.floor(np.arange(n) * s / size).astype(int) for n, s in zip(one.shape, spacing, strict=True)]
    mine = (square[0][:, None] + square[1][None, :]) % 2 == 0
    extent = (0.0, one.shape[0] * spacing[0], 0.0, one.shape[1] * spacing[1])
    # Rows of an axial image run to the back of the patient, those of the others to the head.
    axes.imshow(np.where(mine, one, two).T, cmap="gray", extent=extent, origin="upper" if axis == 2 else "lower")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def _gray(plane: NDArray[np.float32], whole: NDArray[np.float32]) -> NDArray[np.float64]:
    """0 to 1 between the percentiles of the whole image that leave out air and metal."""
    low, high = np.percentile(whole[::2, ::2, ::2], [5, 99])
    return np.clip((plane - low) / max(high - low, 1e-9), 0, 1)
