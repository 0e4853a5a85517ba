"""What every bioheat solver promises: heat in, temperature out, stepwise, and never a half-made step."""

from __future__ import annotations

import math
from typing import Protocol

from openhifu.base.errors import OutOfRange
from openhifu.base.field import Field
from openhifu.base.grid import Grid
from openhifu.thermal.dose import Dose
from openhifu.thermal.probe import Probe

BOILING_C = 100.0
"""degC; above it tissue boils, which no solver of this room models: they flag it and do not clip."""


class BioheatSolver(Protocol):
    """Pennes' bioheat equation on one grid, from a start temperature onwards.

    rho c dT/dt = div(k grad T) - rho w rho_b c_b (T - T_a) + rho Q_m + q (Pennes 1948), w the perfusion [m3/(kg s)],
    T_a the arterial temperature, Q_m the metabolic heat [W/kg]. A call that is refused leaves the state as it was.
    """

    @property
    def grid(self) -> Grid:
        """Where temperature, heat and dose live."""
        ...

    @property
    def method(self) -> str:
        """The method and the physics it contains, in words, for the record of a plan."""
        ...

    @property
    def linear(self) -> bool:
        """Whether temperature rises add: properties constant, perfusion too."""
        ...

    @property
    def time(self) -> float:
        """Seconds since the start."""
        ...

    @property
    def stable_step(self) -> float:
        """Longest step [s] the method allows; infinite where any is exact."""
        ...

    @property
    def temperature(self) -> Field:
        """Temperature now [degC], a copy."""
        ...

    @property
    def highest_now(self) -> float:
        """Highest temperature anywhere now [degC]."""
        ...

    @property
    def highest(self) -> float:
        """Highest temperature [degC] that any voxel has had at the end of a step, start included."""
        ...

    @property
    def exceeded_boiling(self) -> bool:
        """Whether ``highest`` reached 100 C, beyond which temperatures and doses are no longer meaningful."""
        ...

    @property
    def peak(self) -> Field:
        """Highest temperature of each voxel so far [degC].

        Raises:
            CannotModel: if the solver was not asked to track it.
        """
        ...

    def hottest(self, probe: Probe) -> float:
        """Highest temperature now [degC] among the voxels of a probe."""
        ...

    def advance(
        self,
        duration: float,
        heat: Field | None = None,
        scale: float = 1.0,
        dose: Dose | None = None,
        step: float | None = None,
    ) -> None:
        """Go on by exactly ``duration`` [s], in equal steps.

        Args:
            duration: s, not negative.
            heat: heat rate [W/m3] at scale 1, constant during this call; None for none.
            scale: factor on ``heat``, e.g. acoustic power [W] when ``heat`` is per watt.
            dose: running dose to add to, on the same grid.
            step: longest step [s] to take; None leaves it to the solver, which says in its docstring what it takes.

        Raises:
            OutOfRange: if duration or scale are negative or not finite, the heat is negative or not finite, or ``step``
                is not positive or beyond ``stable_step``.
            GeometryError: if heat or dose are on another grid or the field is no heat rate.
        """
        ...

    def restart(self) -> None:
        """Back to the start: temperature, time, peak."""
        ...


def equal_steps(duration: float, stable: float, wanted: float | None) -> tuple[int, float]:
    """Number and length [s] of equal steps that make up a duration.

    Args:
        duration: s.
        stable: longest step allowed [s].
        wanted: longest step asked for [s], or None.

    Raises:
        OutOfRange: if the duration is negative or not finite, or the step asked for is not positive or too long.
    """
    if not (math.isfinite(duration) and duration >= 0):
        raise OutOfRange(f"a duration must be finite and not negative, got {duration} s")
    if wanted is not None and not (math.isfinite(wanted) and wanted > 0):
        raise OutOfRange(f"a step must be finite and positive, got {wanted} s; leave it out for the longest stable one")
    if wanted is not None and wanted > stable * (1 + 1e-9):
        raise OutOfRange(
            f"a step of {wanted:.4g} s is beyond the stability limit of {stable:.4g} s on this grid; "
            "give a shorter one, or none for the longest stable one"
        )
    longest = stable if wanted is None else wanted
    count = max(1, math.ceil(duration / longest - 1e-9)) if duration > 0 else 0
    return count, duration / max(count, 1)
