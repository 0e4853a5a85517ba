"""The house style of every figure: sizes, colours, and how a figure becomes PNG bytes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import ListedColormap
    from matplotlib.figure import Figure

INK = "#1f2933"
FAINT = "#c9d1d9"
PLANNED = "#0072B2"
DELIVERED = "#D55E00"
TARGET = "#00E5A8"
BODY = "#C8D2DC"
BEAM = "#7FD4FF"
SPOT = "#FFD166"
DOSE_LETHAL = "#FF5A36"
DOSE_LOW = "#FFD400"
ORGANS = ("#56B4E9", "#E69F00", "#CC79A7", "#F0E442", "#009E73", "#999999", "#8C510A", "#B7E1A1")
"""Colours of organs at risk in the case's order: Okabe and Ito's palette, less those of planned and delivered."""

PAGE_WIDTH = 174.0  # mm between the margins of A4
_INCH = 25.4  # mm
_DPI = 220


@contextmanager
def house_style() -> Iterator[None]:
    """Matplotlib's defaults with the house's settings, whatever the user's configuration says; restored afterwards."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                "font.family": "DejaVu Sans",
                "font.size": 7.5,
                "axes.titlesize": 8,
                "axes.titleweight": "bold",
                "axes.titlelocation": "left",
                "axes.labelsize": 7.5,
                "axes.edgecolor": "#52606d",
                "axes.labelcolor": INK,
                "axes.titlecolor": INK,
                "axes.linewidth": 0.6,
                "axes.spines.top": False,
                "axes.spines.right": False,
                "xtick.labelsize": 7,
                "ytick.labelsize": 7,
                "xtick.color": "#52606d",
                "ytick.color": "#52606d",
                "xtick.labelcolor": INK,
                "ytick.labelcolor": INK,
                "xtick.major.width": 0.6,
                "ytick.major.width": 0.6,
                "xtick.major.size": 2.5,
                "ytick.major.size": 2.5,
                "legend.fontsize": 7,
                "legend.frameon": False,
                "legend.handlelength": 1.6,
                "lines.linewidth": 1.2,
                "text.color": INK,
                "grid.color": "#e3e8ed",
                "grid.linewidth": 0.5,
                "axes.axisbelow": True,
            }
        )
        yield


def new_figure(width: float, height: float, arranged: bool = True) -> Figure:
    """An empty figure of a size [mm]; its parts arrange themselves without overlapping unless ``arranged`` is false."""
    from matplotlib.figure import Figure

    layout = "constrained" if arranged else None
    return Figure(figsize=(width / _INCH, height / _INCH), layout=layout, facecolor="white")


def png(draw: Callable[[], Figure], dots_per_inch: float = _DPI) -> bytes:
    """PNG bytes of a figure that is drawn in the house style."""
    with house_style():
        figure = draw()
        stream = io.BytesIO()
        figure.savefig(stream, format="png", dpi=dots_per_inch, metadata={"Software": None})
    return stream.getvalue()


def organ_colour(number: int) -> str:
    """Colour of the organ at risk of that number."""
    return ORGANS[number % len(ORGANS)]


def flat(colours: list[str]) -> ListedColormap:
    """A map of integers 0, 1, 2 ... to flat colours."""
    from matplotlib.colors import ListedColormap

    return ListedColormap(colours)


def literal(text: str) -> str:
    """A text of the user's, so that matplotlib takes no dollar sign in it for mathematics."""
    return text.replace("$", r"\$")


def framed(axes: Axes) -> None:
    """Show all four edges, as pictures of anatomy have them."""
    for spine in axes.spines.values():
        spine.set_visible(True)


def gridded(axes: Axes) -> None:
    """Fine lines behind a curve plot."""
    axes.grid(visible=True)


def outlined(axes: Axes, at: tuple[float, float], shift: tuple[float, float], text: str, size: float = 7.5) -> None:
    """White text with a dark rim that reads on any picture.

    Args:
        axes: the picture.
        at: place in axes fractions.
        shift: points right and up from there.
        text: the words.
        size: points.
    """
    from matplotlib.patheffects import withStroke

    axes.annotate(
        text,
        at,
        xycoords="axes fraction",
        xytext=shift,
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=size,
        color="white",
        path_effects=[withStroke(linewidth=1.6, foreground="black")],
    )


def font_folder() -> Path:
    """Where the fonts of the figures lie, so that the pages use the same ones on a machine without any."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf"
