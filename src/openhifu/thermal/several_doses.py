"""Several doses followed at once: both forms of CEM43, or CEM43 with Arrhenius damage beside it."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import OutOfRange
from openhifu.base.field import Field
from openhifu.base.grid import Grid
from openhifu.thermal.dose import Dose, DoseForm


class Accumulates(Protocol):
    """Whatever grows with a temperature history: a dose, a damage."""

    @property
    def grid(self) -> Grid:
        """Where."""
        ...

    def accumulate(
        self, before: NDArray[np.float32], after: NDArray[np.float32], pad: int, base: float, duration: float
    ) -> None:
        """Add one step; see ``Dose.accumulate``."""
        ...


class SeveralDoses:
    """A ``Dose`` that is its first member's to ask and passes every step on to all of them.

    Args:
        dose: whose form, field and volume it gives.
        others: followed beside it.

    Raises:
        GeometryError: if they are not on one grid.
        OutOfRange: if there is no other.
    """

    def __init__(self, dose: Dose, *others: Accumulates) -> None:
        if not others:
            raise OutOfRange("several doses are two or more; hand a single one to the solver as it is")
        for other in others:
            dose.grid.require_same(other.grid, "a dose followed beside another")
        self._dose, self._others = dose, others

    @property
    def grid(self) -> Grid:
        """Where."""
        return self._dose.grid

    @property
    def form(self) -> DoseForm:
        """Form of the first."""
        return self._dose.form

    @property
    def field(self) -> Field:
        """Field of the first [min], a copy."""
        return self._dose.field

    def volume(self, cem43: float = 240.0) -> float:
        """Volume [m3] at or over a dose [min] of the first."""
        return self._dose.volume(cem43)

    def accumulate(
        self, before: NDArray[np.float32], after: NDArray[np.float32], pad: int, base: float, duration: float
    ) -> None:
        """Add one step to all of them."""
        for one in (self._dose, *self._others):
            one.accumulate(before, after, pad, base, duration)
