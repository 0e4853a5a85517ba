"""Holograms from the tables scanning tanks write: CSV, one line a point, with the unit in the name of the column."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.hologram import Hologram
from openhifu.acoustics.source import Fluid
from openhifu.base.errors import FormatError
from openhifu.records.measurement_files import read_columns

_COLUMNS = {
    "pressure_pa": "Pa",
    "pressure_kpa": "kPa",
    "pressure_mpa": "MPa",
    "velocity_m_s": "m/s",
    "velocity_mm_s": "mm/s",
}
"""Column of an amplitude, and its unit; with ``re_`` or ``im_`` before it, of a real or imaginary part."""

_UNEVEN = 0.01  # of a step: how far a point may lie from its place on the lattice


def read_hologram(
    path: Path, z: float, fluid: Fluid, relative_uncertainty: float, time_sign: Literal["minus", "plus"]
) -> Hologram:
    """A hologram from CSV with ``x_mm``, ``y_mm`` from the beam's axis and an amplitude with its unit.

    Amplitudes are ``pressure_kpa`` (or ``_pa``, ``_mpa`` for MPa, ``velocity_m_s``, ``velocity_mm_s``) with
    ``phase_rad`` or ``phase_deg``, or ``re_pressure_kpa`` with ``im_pressure_kpa``, and so on.

    Args:
        path: the file.
        z: of the plane from the apex [m].
        fluid: what it was measured in.
        relative_uncertainty: of the amplitudes (k = 2).
        time_sign: ``minus`` where phases belong to exp(-i omega t), ``plus`` for exp(+i omega t).

    Raises:
        FileProblem: if there is no such file.
        FormatError: if no column says quantity and unit, or the points are no lattice centred on the axis.
        GeometryError: if the points lie too far apart.
    """
    columns = read_columns(path)
    values, unit = _amplitudes(columns, path)
    if time_sign == "plus":
        values = np.conj(values)
    missing = [name for name in ("x_mm", "y_mm") if name not in columns]
    if missing:
        raise FormatError(f"{path} has the columns {', '.join(columns)}; it needs {' and '.join(missing)}")
    (x, i), (y, j) = (_lattice(1e-3 * columns[name], name, path) for name in ("x_mm", "y_mm"))
    if len(set(zip(i.tolist(), j.tolist(), strict=True))) != i.size or i.size != x.size * y.size:
        raise FormatError(
            f"{path} has {i.size} points for a lattice of {x.size} x {y.size}; give each of its points once"
        )
    plane = np.empty((x.size, y.size), np.complex128)
    plane[i, j] = values
    return Hologram.measured(plane, unit, (_step(x), _step(y)), z, fluid, relative_uncertainty)


def _amplitudes(columns: dict[str, NDArray[np.float64]], path: Path) -> tuple[NDArray[np.complex128], str]:
    for name, unit in _COLUMNS.items():
        if f"re_{name}" in columns and f"im_{name}" in columns:
            return np.asarray(columns[f"re_{name}"] + 1j * columns[f"im_{name}"], np.complex128), unit
        for phase, scale in (("phase_rad", 1.0), ("phase_deg", np.pi / 180)):
            if name in columns and phase in columns:
                return np.asarray(columns[name] * np.exp(1j * scale * columns[phase]), np.complex128), unit
    raise FormatError(
        f"{path} has the columns {', '.join(columns)}, of which none says quantity and unit: it needs one of "
        f"{', '.join(_COLUMNS)} with phase_rad or phase_deg, or the same with re_ and im_ before it"
    )


def _lattice(at: NDArray[np.float64], name: str, path: Path) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Rising coordinates of a regular lattice centred on zero, and the place of every point in it."""
    order = np.unique(np.round(at, 9))
    if order.size < 2:
        raise FormatError(f"{path}, column {name}: all points have one value; a plane needs many")
    step = float(np.median(np.diff(order)))
    count = round(float(order[-1] - order[0]) / step) + 1
    even = order[0] + step * np.arange(count)
    place = np.rint((at - order[0]) / step).astype(np.intp)
    if np.max(np.abs(at - even[np.clip(place, 0, count - 1)])) > _UNEVEN * step:
        raise FormatError(f"{path}, column {name}: the points do not lie {1e3 * step:.3g} mm apart throughout")
    if abs(even[0] + even[-1]) > _UNEVEN * 2 * step:
        middle = 500 * (even[0] + even[-1])
        raise FormatError(
            f"{path}, column {name}: the scan's middle lies {middle:.3g} mm from the axis; give coordinates from the "
            "beam's axis and a scan that is as wide on either side"
        )
    return even, place


def _step(at: NDArray[np.float64]) -> float:
    return float(at[-1] - at[0]) / (at.size - 1)
