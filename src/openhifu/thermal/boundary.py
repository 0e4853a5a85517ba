"""What surrounds the heated tissue: the faces of the grid, water at a temperature, and what conducts no heat."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from openhifu.base.errors import OutOfRange


class Boundary(Enum):
    """What happens at the outer faces of the grid."""

    INSULATED = "no heat passes the faces"
    HELD_AT_START = "one voxel outside the faces the start temperature stays"
    PERIODIC = "what leaves through one face comes in at the opposite one"


@dataclass(frozen=True)
class HeldTemperature:
    """A tissue (coupling water, a large vessel) that something else keeps at a temperature.

    Attributes:
        tissue: name in the tissue map.
        temperature: degC.
        film: heat transfer coefficient [W/(m2 K)] between it and what it touches; infinite for perfect contact, where
            the surface itself has the temperature.

    Raises:
        OutOfRange: if the temperature is outside 0 to 100 degC or the film coefficient is not positive.
    """

    tissue: str
    temperature: float
    film: float = math.inf

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not 0 <= self.temperature <= 100:
            raise OutOfRange(f"{self.tissue} cannot be held at {self.temperature} degC; give 0 to 100")
        if not self.film > 0:
            raise OutOfRange(f"a film coefficient must be positive, got {self.film} W/(m2 K); infinite is perfect")
