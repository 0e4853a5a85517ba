"""Gradients through a whole treatment: the transposed steps of explicit Pennes, backwards in time.

The step T' = A T + dt W q has A = 1 + dt C^-1 S with S symmetric (every face conducts the same both ways) and W = C^-1,
C the heat capacity of the voxels. So A^T = C A C^-1: with mu = C^-1 lambda the adjoint runs through the same kernel,

    mu_n = A mu_(n+1) + C^-1 dJ/dT_n        dJ/dP = dt sum over steps and voxels of q mu,

q the heat rate per watt: what a watt does to J is read off as heat times adjoint (reciprocity of conduction). Start and
held temperatures do not depend on powers, so the adjoint is held at zero where temperatures are held.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import OutOfRange
from openhifu.base.field import Field
from openhifu.model.medium import Medium
from openhifu.model.tissue import Tissue
from openhifu.thermal import kernels
from openhifu.thermal.boundary import Boundary, HeldTemperature
from openhifu.thermal.finite_volumes import FiniteVolumes, wrap_ghosts
from openhifu.thermal.padded import NO_ARRAY
from openhifu.thermal.properties import thermal_table
from openhifu.thermal.solver import equal_steps

_INSIDE = (slice(1, -1),) * 3
_NO_DOSE = np.zeros(5, np.float32)


@dataclass(frozen=True, eq=False)
class Stretch:
    """A part of a treatment with constant power.

    Attributes:
        duration: s.
        heat: heat rate per watt [W/m3]; None for none.
        power: W.
    """

    duration: float
    heat: Field | None = None
    power: float = 0.0


Observer = Callable[[int, NDArray[np.float32]], None]
"""Told the number of a stretch and the rise [K] at its end."""

Sensitivity = Callable[[int], NDArray[np.float32] | None]
"""Derivative of the objective with respect to the rises at the end of a stretch; None where they do not matter."""


class LinearTreatment:
    """A treatment of linear tissue, forwards and backwards, in the same steps.

    Args:
        medium: tissues on the grid.
        blood: what perfuses.
        boundary: what the outer faces do.
        step: longest step [s] with a beam; at most the stable one.
        rest_step: longest step [s] without one, where temperatures are smooth; None for ``step``.
        held: tissues kept at a temperature.
        insulating: tissues that conduct no heat.

    Raises:
        OutOfRange: if the step is beyond the stable one.
        MissingProperty: if a tissue lacks a thermal value.
    """

    def __init__(
        self,
        medium: Medium,
        blood: Tissue,
        boundary: Boundary,
        step: float,
        held: Sequence[HeldTemperature] = (),
        insulating: Sequence[str] = (),
        rest_step: float | None = None,
    ) -> None:
        table = thermal_table(medium, blood, held, insulating)
        self._volumes, self._grid = FiniteVolumes.of(medium, table, boundary, False), medium.grid
        self._step, self._rest_step = step, step if rest_step is None else rest_step
        for longest in (self._step, self._rest_step):
            if not 0 < longest <= self._volumes.stable_step * (1 + 1e-9):
                limit = self._volumes.stable_step
                raise OutOfRange(f"a step of {longest} s is beyond the stability limit of {limit:.4g} s")
        nx, _, nz = self._grid.shape
        self._silent, self._top = np.zeros((1, 1, nz), np.float32), np.full(nx, np.inf, np.float32)
        self._sums = np.zeros(nx)
        self._warm = self._volumes.layout[6][4][self._volumes.layout[0][_INSIDE]]  # 1 / C per voxel

    def forward(self, stretches: Sequence[Stretch], observe: Observer) -> None:
        """Run from rest at arterial temperature; the rise at the end of every stretch is shown, not kept."""
        now, after = self._zeros(), self._zeros()
        for number, part in enumerate(stretches):
            for dt in self._steps(part):
                now, after = self._advance(now, after, dt, part.heat, part.power)
            observe(number, now[_INSIDE])

    def gradient(self, stretches: Sequence[Stretch], sensitivity: Sensitivity) -> NDArray[np.float64]:
        """Derivative of an objective with respect to the power of each stretch [1/W times its unit].

        Args:
            stretches: of the treatment, as they ran.
            sensitivity: derivative with respect to the rises at the end of each stretch, shape of the grid.
        """
        now, after = self._zeros(), self._zeros()
        found = np.zeros(len(stretches))
        for number in range(len(stretches) - 1, -1, -1):
            given, part = sensitivity(number), stretches[number]
            if given is not None:
                now[_INSIDE] += self._warm * given
            for dt in self._steps(part):
                if part.heat is not None:
                    kernels.weigh_rows(part.heat.data, now, self._sums)
                    found[number] += dt * float(self._sums.sum())
                now, after = self._advance(now, after, dt, None, 0.0)
        return found

    def _zeros(self) -> NDArray[np.float32]:
        return np.zeros(tuple(n + 2 for n in self._grid.shape), np.float32)

    def _steps(self, part: Stretch) -> list[float]:
        count, dt = equal_steps(part.duration, self._rest_step if part.heat is None else self._step, None)
        return [dt] * count

    def _advance(
        self, now: NDArray[np.float32], after: NDArray[np.float32], dt: float, heat: Field | None, power: float
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        if self._volumes.periodic:
            wrap_ghosts(now)
        source = self._silent if heat is None else heat.data
        kernels.step(
            now, after, *self._volumes.layout, np.float32(dt), self._volumes.gain, source, np.float32(power),
            NO_ARRAY, _NO_DOSE, NO_ARRAY, False, self._top,
        )  # fmt: skip
        return after, now
