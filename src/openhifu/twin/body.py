"""What the simulated machine heats: the meeting point of its generator and whatever plays the patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from openhifu.base.vectors import Vector


@dataclass(frozen=True, slots=True)
class Beam:
    """What the generator truly radiates for a while.

    Mean acoustic power [W], geometric focus (LPS, m), elements off, and the places that phases steer to in turn.
    """

    power: float
    focus: Vector
    elements_off: tuple[int, ...]
    steered: tuple[Vector, ...] = ()


class Body(Protocol):
    """Something that is heated."""

    def advance(self, duration: float, beam: Beam | None) -> None:
        """Let time go by [s], with a constant beam or none."""
        ...

    def temperatures(self) -> Mapping[str, float]:
        """Hottest instrument voxel of target and organs now [degC], without noise."""
        ...
