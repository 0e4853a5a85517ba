"""What a claim looks like: curves or planes beside one another, as data; the reporting room draws them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openhifu.base.errors import GeometryError


@dataclass(frozen=True, eq=False)
class Curve:
    """One line of a picture.

    Attributes:
        label: what it is, a few words.
        x: abscissae, in the unit of the picture's ``x_label``.
        y: ordinates, as many, in the unit of its ``y_label``.
        reference: whether it is the truth that the others are held against; drawn thin and black, above them.
        points: whether it is drawn as points.

    Raises:
        GeometryError: if x and y are not two real lists of one length.
    """

    label: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    reference: bool = False
    points: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        if np.ndim(self.x) != 1 or np.shape(self.x) != np.shape(self.y) or np.iscomplexobj(self.y):
            raise GeometryError(
                f"the curve {self.label!r} needs two real lists of one length, got {np.shape(self.x)} and "
                f"{np.shape(self.y)}"
            )

    @classmethod
    def of(cls, label: str, x: ArrayLike, y: ArrayLike, reference: bool = False, points: bool = False) -> Curve:
        """A curve from anything like a list."""
        return cls(label, np.asarray(x, np.float64), np.asarray(y), reference, points)


@dataclass(frozen=True, eq=False)
class Panel:
    """One plane of a picture, shown as colours.

    Attributes:
        label: what it is, a few words.
        values: (n_y, n_x), real; rows follow y.
        extent: left, right, bottom and top edge, in the units of the picture's ``x_label`` and ``y_label``.
        unit: unit of the values.
        signed: whether zero is the middle of the colours, as for a difference.
        high: value at the end of the colours; None for the largest there is.

    Raises:
        GeometryError: if the values are not a real plane.
    """

    label: str
    values: NDArray[np.float64]
    extent: tuple[float, float, float, float]
    unit: str
    signed: bool = False
    high: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        if np.ndim(self.values) != 2 or np.iscomplexobj(self.values):
            raise GeometryError(f"the panel {self.label!r} needs a real plane, got shape {np.shape(self.values)}")


@dataclass(frozen=True, eq=False)
class Picture:
    """A plot of curves, or planes side by side; one of the two.

    Attributes:
        x_label: quantity and unit along x.
        y_label: quantity and unit along y.
        curves: lines in one plot.
        panels: planes side by side, with common axes.
        log_x: whether the abscissa is logarithmic.
        log_y: whether the ordinate is.

    Raises:
        GeometryError: if there are neither curves nor panels, or both.
    """

    x_label: str
    y_label: str
    curves: tuple[Curve, ...] = ()
    panels: tuple[Panel, ...] = ()
    log_x: bool = False
    log_y: bool = False

    def __post_init__(self) -> None:
        """Refuse an empty picture and a mixed one."""
        if bool(self.curves) == bool(self.panels):
            raise GeometryError("a picture has curves or panels, one of the two")
