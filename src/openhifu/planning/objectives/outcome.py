"""What objectives look at: a whole course of exposures as it ran, and how an objective answers with slopes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
"""One number per voxel that is heeded, or per exposure."""


@dataclass(frozen=True, eq=False)
class Timetable:
    """What is asked of every exposure, in order of delivery.

    Attributes:
        powers: W acoustic.
        on_times: s.
        pauses: s after each exposure.
    """

    powers: Values
    on_times: Values
    pauses: Values


@dataclass(frozen=True, eq=False)
class CourseOutcome:
    """A course of exposures as it ran.

    Attributes:
        timetable: what was asked.
        dose: CEM43 [min] of every heeded voxel, continuous form.
        rises: K above arterial temperature at the end of every stretch, shape (stretches, heeded voxels).
        body: arterial temperature [degC].
        voxel_volume: m3.
    """

    timetable: Timetable
    dose: Values
    rises: NDArray[np.float32]
    body: float
    voxel_volume: float


@dataclass(frozen=True, eq=False)
class Slopes:
    """Derivatives of an objective with respect to what it looks at; None where it does not look.

    Attributes:
        dose: per minute of every heeded voxel.
        rise: gives, for the number of a stretch, the derivative per K at its end.
        powers: per W, with temperatures held.
        on_times: per s, with temperatures held.
        pauses: per s, with temperatures held.
    """

    dose: Values | None = None
    rise: Callable[[int], Values | None] | None = None
    powers: Values | None = None
    on_times: Values | None = None
    pauses: Values | None = None


class Objective(Protocol):
    """One clinical wish as a number that is better the smaller it is, with its derivative."""

    @property
    def name(self) -> str:
        """What is wished, in a few words."""
        ...

    @property
    def unit(self) -> str:
        """Unit of the value."""
        ...

    def value(self, outcome: CourseOutcome) -> float:
        """The number."""
        ...

    def slopes(self, outcome: CourseOutcome) -> Slopes:
        """Its derivatives."""
        ...
