"""Pictures of accuracy claims in acoustics: fields along lines and in planes, ours and the truth."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openhifu.base.field import Field
from openhifu.base.picture import Curve, Panel, Picture


def amplitudes(x: ArrayLike, found: ArrayLike, truth: ArrayLike, x_label: str = "z [mm]", of: str = "truth") -> Picture:
    """Amplitude of two fields along a line, relative to the largest true one.

    Args:
        x: abscissae [mm].
        found: ours.
        truth: what it is held against.
        x_label: quantity and unit along x.
        of: what the truth is called.
    """
    top = float(np.abs(np.asarray(truth)).max())
    curves = (
        Curve.of("ours", x, np.abs(np.asarray(found)) / top),
        Curve.of(of, x, np.abs(np.asarray(truth)) / top, reference=True),
    )
    return Picture(x_label, "|P| / largest", curves)


def along_axis(pressure: Field, truth: Field, of: str = "truth") -> Picture:
    """Amplitudes of two fields on one grid along its middle column."""
    nx, ny, _ = pressure.grid.shape
    z = 1e3 * (pressure.grid.affine[2, 3] + pressure.grid.axis(2))
    return amplitudes(z, pressure.data[nx // 2, ny // 2], truth.data[nx // 2, ny // 2], of=of)


def side_by_side(x: ArrayLike, z: ArrayLike, found: NDArray, truth: NDArray, of: str = "truth") -> Picture:
    """Two planes |P|(z, x) and their difference, relative to the largest true amplitude.

    Args:
        x: across the beam [m].
        z: along it [m].
        found: ours, shape (z, x).
        truth: what it is held against.
        of: what the truth is called.
    """
    x, z = 1e3 * np.asarray(x), 1e3 * np.asarray(z)
    a, b = np.abs(found), np.abs(truth)
    top = float(np.nanmax(b))
    half = 0.5 * (z[1] - z[0]), 0.5 * (x[1] - x[0])
    extent = (z[0] - half[0], z[-1] + half[0], x[0] - half[1], x[-1] + half[1])
    panels = (
        Panel("ours", (a / top).T, extent, "|P| / largest", high=1.0),
        Panel(of, (b / top).T, extent, "|P| / largest", high=1.0),
        Panel("difference", ((a - b) / top).T, extent, "of largest", signed=True),
    )
    return Picture("z [mm]", "x [mm]", panels=panels)


def points(found: ArrayLike, truth: ArrayLike, of: str = "truth") -> Picture:
    """Amplitudes at scattered points, sorted by the true one."""
    a, b = (np.abs(np.asarray(v)).ravel() for v in (found, truth))
    order = np.argsort(b)
    return amplitudes(np.arange(order.size), a[order], b[order], "point, by amplitude", of)
