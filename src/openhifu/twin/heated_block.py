"""A block of muscle under fat, heated by a beam-like source: a known truth for monitors to be measured against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid
from openhifu.model.catalogue import tissue
from openhifu.model.medium import Medium
from openhifu.model.tissuemap import TissueMap
from openhifu.thermal.boundary import Boundary
from openhifu.thermal.dose import ThermalDose
from openhifu.thermal.pennes import Pennes

_FAT, _MUSCLE = 0, 1


@dataclass(frozen=True, eq=False)
class Moment:
    """The truth at one time.

    Attributes:
        at: s since the heating began.
        temperature: degC.
        cem43: dose so far [min].
    """

    at: float
    temperature: Field
    cem43: Field


@dataclass(frozen=True, eq=False)
class HeatedBlock:
    """A heated piece of tissue, at the moments it was looked at.

    Attributes:
        tissues: anatomy on the fine grid.
        moments: in order, the first before any heating.
        dose_volume: volume [m3] at or over 240 CEM43 at the end, on the fine grid.
    """

    tissues: TissueMap
    moments: tuple[Moment, ...]
    dose_volume: float

    def unheated(self, grid: Grid, beyond: float, width: float) -> NDArray[np.bool_]:
        """Voxels of another grid outside the heated column.

        Args:
            grid: of the images, in the same frame.
            beyond: m from the axis of the heating.
            width: m of the surroundings that count, from there outwards.
        """
        points = grid.points()
        r = np.hypot(points[..., 0], points[..., 1])
        return (r >= beyond) & (r <= beyond + width)


def block_tissues(half: float, depth: float, fat: float, spacing: float) -> TissueMap:
    """Muscle from 0 to ``depth`` [m] along z behind ``fat`` [m] of fat, reaching ``half`` [m] to each side."""
    grid = Grid.box((-half, -half, -fat), (half, half, depth), spacing)
    z = grid.points()[..., 2]
    return TissueMap(grid, np.where(z < -0.25 * spacing, _FAT, _MUSCLE).astype(np.uint8), ("fat", "muscle"))


def heat_block(
    tissues: TissueMap,
    centre: float,
    widths: tuple[float, float],
    peak: float,
    on: float,
    times: tuple[float, ...],
) -> HeatedBlock:
    """Heat a block by a Gaussian source and note the truth at given times.

    Args:
        tissues: made by ``block_tissues``.
        centre: m, depth of the source in the muscle.
        widths: m, standard deviations of the heat rate across and along the beam.
        peak: highest temperature [degC] anywhere at the end of heating.
        on: s of heating, from time 0.
        times: s, rising, the first 0, the last not before ``on``.
    """
    grid, blood = tissues.grid, tissue("blood")
    medium = Medium(tissues, tuple(tissue(name) for name in tissues.tissues))
    points = grid.points()
    r2 = points[..., 0] ** 2 + points[..., 1] ** 2
    shape = np.exp(-0.5 * (r2 / widths[0] ** 2 + (points[..., 2] - centre) ** 2 / widths[1] ** 2))
    rate = Field(grid, 1e6 * shape, Quantity.HEAT_RATE)
    trial = Pennes(medium, blood, Boundary.HELD_AT_START)
    trial.advance(on, rate)
    scale = (peak - 37.0) / (trial.highest_now - 37.0)
    solver, dose = Pennes(medium, blood, Boundary.HELD_AT_START), ThermalDose(grid)
    moments = []
    for at in times:
        _advance_to(solver, dose, at, on, rate, scale)
        moments.append(Moment(at, solver.temperature, dose.field))
    return HeatedBlock(tissues, tuple(moments), dose.volume())


def _advance_to(solver: Pennes, dose: ThermalDose, at: float, on: float, rate: Field, scale: float) -> None:
    hot = max(0.0, min(at, on) - solver.time)
    if hot > 0:
        solver.advance(hot, rate, scale, dose, step=min(0.1, solver.stable_step))
    if at > solver.time:
        solver.advance(at - solver.time, dose=dose, step=min(0.1, solver.stable_step))
