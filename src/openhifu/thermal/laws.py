"""Properties that follow the temperature, each with its source; none is assumed unless it is given."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import OutOfRange

LATENT_HEAT = 2.257e6
"""J/kg, latent heat of evaporation of water at 100 degC (IAPWS)."""

COLDEST, HOTTEST = 0, 140
"""degC between which laws are tabulated, a value per kelvin."""


class Follows(StrEnum):
    """What can follow the temperature."""

    CONDUCTIVITY = "conductivity"
    PERFUSION = "perfusion"
    ABSORPTION = "absorption"


@dataclass(frozen=True)
class TemperatureLaw:
    """A factor on a property's value at body temperature: linear between points, constant beyond the first and last.

    Attributes:
        tissue: name in the tissue map.
        follows: which property.
        points: (temperature [degC], factor), at least one, temperatures rising, factors not negative.
        source: where the factors come from.

    Raises:
        OutOfRange: if a number is impossible or the source is missing.
    """

    tissue: str
    follows: Follows
    points: tuple[tuple[float, float], ...]
    source: str

    def __post_init__(self) -> None:
        """Check the numbers."""
        at = [t for t, _ in self.points]
        fine = all(math.isfinite(t) and math.isfinite(f) and f >= 0 for t, f in self.points)
        if not self.points or not fine or any(b <= a for a, b in zip(at, at[1:], strict=False)):
            raise OutOfRange(
                f"a law of {self.tissue}'s {self.follows} needs rising temperatures with finite factors of 0 or more, "
                f"got {self.points}"
            )
        if self.follows is Follows.CONDUCTIVITY and min(f for _, f in self.points) <= 0:
            raise OutOfRange(f"the conductivity of {self.tissue} must stay positive at every temperature")
        if not self.source.strip():
            raise OutOfRange(f"a law of {self.tissue}'s {self.follows} needs its source; name the publication")

    def table(self) -> NDArray[np.float32]:
        """Factor at every whole degree from ``COLDEST`` to ``HOTTEST``."""
        at, factors = zip(*self.points, strict=True)
        return np.interp(np.arange(COLDEST, HOTTEST + 1), at, factors).astype(np.float32)


def linear_law(
    tissue: str, follows: Follows, per_kelvin: float, source: str, reference: float = 37.0
) -> TemperatureLaw:
    """A factor 1 + per_kelvin (T - reference), from 0 to 100 degC and constant beyond.

    Raises:
        OutOfRange: if the factor turns negative in between, or the source is missing.
    """
    ends = (float(COLDEST), 100.0)
    return TemperatureLaw(tissue, follows, tuple((t, 1.0 + per_kelvin * (t - reference)) for t in ends), source)


@dataclass(frozen=True)
class Boiling:
    """Tissue stays at 100 degC until its water has evaporated, and gives that heat back while it condenses.

    Attributes:
        water_share: mass of water per mass of tissue, of every tissue; 0 to 1.
        source: where the share comes from.

    Raises:
        OutOfRange: if the share is outside 0 to 1 or the source is missing.
    """

    water_share: float
    source: str

    def __post_init__(self) -> None:
        """Check both."""
        if not 0 < self.water_share <= 1:
            raise OutOfRange(f"the share of water in tissue lies between 0 and 1, got {self.water_share}")
        if not self.source.strip():
            raise OutOfRange("the share of water needs its source; name the publication or the assumption")
