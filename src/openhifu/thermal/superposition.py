"""Many spots from the response of one: rises add, and move with the spot, where uniform tissue keeps its properties.

Doses never add: they belong to the one temperature history that all spots make together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import CannotModel, GeometryError, OutOfRange
from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid
from openhifu.base.units import BODY_TEMPERATURE_C
from openhifu.model.medium import Medium
from openhifu.thermal.solver import BioheatSolver

_FORGOTTEN = 1e-7  # of the highest rise: below it a spot's rise is taken as gone
_TRIAL = 1e4  # W of the exposure that is solved, so that small rises keep their digits beside body temperature
_ON_LATTICE = 1e-6  # of a step of the time lattice


def require_linear(solver: BioheatSolver) -> None:
    """Refuse a solver whose rises do not add.

    Raises:
        CannotModel: naming what makes them not add.
    """
    if not solver.linear:
        raise CannotModel(
            f"temperature rises add only where properties are constant; this solver is: {solver.method}; "
            "step the whole treatment instead"
        )


@dataclass(frozen=True)
class Shot:
    """One exposure of a treatment made of equal spots.

    Attributes:
        voxel: of the treatment's grid where the spot's centre lies.
        start: when output begins [s].
        power: W acoustic.
    """

    voxel: tuple[int, int, int]
    start: float
    power: float


@dataclass(frozen=True, eq=False)
class SpotResponse:
    """Rise of one exposure of 1 W, on a lattice of times since its start.

    Attributes:
        spacing: of the voxels [m].
        on_time: of the exposure [s].
        lattice: s between the times; the first is one lattice step after the start.
        rises: K, shape (times, a, b, c); the spot's centre is the middle voxel.
        left_out: highest rise [K] at the time after the last: what superposition leaves out of each spot, at most.
    """

    spacing: tuple[float, float, float]
    on_time: float
    lattice: float
    rises: NDArray[np.float32]
    left_out: float

    @classmethod
    def of(
        cls,
        solver: BioheatSolver,
        medium: Medium,
        heat: Field,
        on_time: float,
        lattice: float,
        step: float | None = None,
        most: int = 400,
    ) -> SpotResponse:
        """Solve one exposure and its cooling, until less than 1e-7 of the highest rise is left.

        Args:
            solver: fresh, at rest, linear, on the heat's grid.
            medium: the solver's; one tissue everywhere.
            heat: W/m3 per watt, the spot in the middle voxel of an odd number along each axis.
            on_time: s, a whole number of lattice steps.
            lattice: s.
            step: longest step [s]; give one to be held against a treatment stepped alike, as left to themselves solvers
                take shorter steps while they heat.
            most: times to keep at most.

        Raises:
            CannotModel: if the solver is not linear or the medium not uniform.
            GeometryError: if the grid has no middle voxel.
            OutOfRange: if the on-time is not on the lattice.
        """
        require_linear(solver)
        if np.count_nonzero(medium.present()) != 1:
            raise CannotModel("a spot's response moves with the spot only in uniform tissue; step the whole treatment")
        if any(n % 2 == 0 for n in heat.grid.shape):
            raise GeometryError(f"a response needs a middle voxel; {heat.grid.describe()} has an even number somewhere")
        count = round(on_time / lattice)
        if count < 1 or abs(count * lattice - on_time) > _ON_LATTICE * lattice:
            raise OutOfRange(f"an on-time of {on_time} s is no whole number of lattice steps of {lattice} s")
        kept: list[NDArray[np.float32]] = []
        highest = 0.0
        for n in range(most + 1):
            solver.advance(lattice, heat if n < count else None, _TRIAL, step=step)
            rise = ((solver.temperature.data.astype(np.float64) - BODY_TEMPERATURE_C) / _TRIAL).astype(np.float32)
            top = float(rise.max())
            highest = max(highest, top)
            if n == most or (n >= count and top < _FORGOTTEN * highest):
                return cls(heat.grid.spacing, on_time, lattice, np.stack(kept), top)
            kept.append(rise)
        raise AssertionError  # the loop always returns

    def temperature(self, grid: Grid, shots: Sequence[Shot], time: float) -> Field:
        """Temperature [degC] that many exposures have made together at a time [s].

        Args:
            grid: of the treatment, with the response's spacing.
            shots: the exposures; those that begin later do not count.
            time: s, a whole number of lattice steps after every start.

        Raises:
            GeometryError: if the spacing differs.
            OutOfRange: if a start is off the lattice, or a power is negative.
        """
        if not np.allclose(grid.spacing, self.spacing, rtol=1e-9):
            raise GeometryError(f"the response has voxels of {self.spacing} m, the treatment of {grid.spacing} m")
        total = np.zeros(grid.shape, np.float64)
        for shot in shots:
            lag = round((time - shot.start) / self.lattice)
            if abs(lag * self.lattice - (time - shot.start)) > _ON_LATTICE * self.lattice:
                raise OutOfRange(f"an exposure at {shot.start} s is off the lattice of {self.lattice} s at {time} s")
            if not (math.isfinite(shot.power) and shot.power >= 0):
                raise OutOfRange(f"the power of an exposure must be finite and not negative, got {shot.power} W")
            if 1 <= lag <= len(self.rises):
                _add_moved(total, self.rises[lag - 1], shot)
        return Field(grid, (total + BODY_TEMPERATURE_C).astype(np.float32), Quantity.TEMPERATURE)


def _add_moved(total: NDArray[np.float64], rise: NDArray[np.float32], shot: Shot) -> None:
    """Add a response with its middle at a voxel; what falls outside the grid is left out."""
    into, of = [], []
    for n, size, width in zip(shot.voxel, total.shape, rise.shape, strict=True):
        first = n - width // 2
        low, high = max(first, 0), min(first + width, size)
        if high <= low:
            return
        into.append(slice(low, high))
        of.append(slice(low - first, high - first))
    total[tuple(into)] += shot.power * rise[tuple(of)]
