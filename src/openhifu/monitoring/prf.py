"""Which tissues tell their temperature by the proton resonance frequency, and how strongly: data with sources."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import FormatError, MissingProperty, UnknownName
from openhifu.base.grid import Grid
from openhifu.model.tissue import Known, Missing
from openhifu.model.tissuemap import TissueMap, nearest

_SAMPLES = 3
"""Samples per voxel edge that decide whether a voxel is of sensitive tissue throughout."""


def _entry(name: str, entry: dict[str, Any]) -> Known | Missing:
    origin = f"PRF coefficient of {name!r}"
    if set(entry) == {"missing"}:
        return Missing.from_data({"reason": entry["missing"]}, origin)
    if set(entry) != {"coefficient"} or not entry["coefficient"].keys() >= {"nominal", "range", "source"}:
        raise FormatError(f"{origin}: give coefficient = {{nominal, range, source}} in ppm/degC, or missing = reason")
    value = entry["coefficient"]
    low, high = value["range"]
    data = {"nominal": 1e-6 * value["nominal"], "low": 1e-6 * low, "high": 1e-6 * high, "source": value["source"]}
    return Known.from_data(data, origin)


@cache
def _table() -> dict[str, Known | Missing]:
    text = files("openhifu").joinpath("data/prf.toml").read_text(encoding="utf-8")
    return {name: _entry(name, entry) for name, entry in tomllib.loads(text).items()}


def prf_names() -> tuple[str, ...]:
    """Every tissue of the table, sensitive or not."""
    return tuple(_table())


def prf_entry(tissue: str) -> Known | Missing:
    """Relative frequency shift per kelvin [1/K] of a tissue with range and source, or why there is none.

    Raises:
        UnknownName: if the table does not have the tissue.
    """
    if tissue not in _table():
        raise UnknownName("tissue with a PRF entry", tissue, _table())
    return _table()[tissue]


def prf_coefficient(tissue: str) -> float:
    """Relative frequency shift per kelvin [1/K], negative.

    Raises:
        UnknownName: if the table does not have the tissue.
        MissingProperty: if it does not tell its temperature.
    """
    entry = prf_entry(tissue)
    if isinstance(entry, Missing):
        raise MissingProperty(tissue, "PRF coefficient", entry.reason)
    return entry.nominal


def prf_map(tissues: TissueMap, grid: Grid) -> NDArray[np.float64]:
    """Coefficient [1/K] of every voxel of an image; NaN where the phase does not tell the temperature.

    A voxel is sampled at 27 points; it counts only if all of them lie in tissues with a coefficient, of which it gets
    the mean. So voxels that hold some fat, bone or gas, or reach beyond the tissue map, are left out.

    Args:
        tissues: anatomy, on any grid of the image's frame.
        grid: of the image.
    """
    entries = [prf_entry(name) for name in tissues.tissues]
    values = np.array([e.nominal if isinstance(e, Known) else np.nan for e in entries] + [np.nan])
    fine = _sampled(grid)
    index = nearest(tissues.data, tissues.grid, fine, len(entries))
    blocks = values[index].reshape([n for size in grid.shape for n in (size, _SAMPLES)])
    return blocks.mean(axis=(1, 3, 5))


def _sampled(grid: Grid) -> Grid:
    """The grid with each voxel cut into ``_SAMPLES`` along every edge."""
    affine = np.array(grid.affine)
    affine[:3, 3] = grid.world([0.5 / _SAMPLES - 0.5] * 3)
    affine[:3, :3] /= _SAMPLES
    a, b, c = (_SAMPLES * n for n in grid.shape)
    return Grid((a, b, c), affine, grid.frame)
