"""Arrhenius damage: a second, published measure of necrosis beside CEM43, as a running field.

Omega = integral of A exp(-E / (R T)) dt, T in kelvin; a share exp(-Omega) of the tissue is unharmed, and Omega = 1
(63 % harmed) is usually taken as necrosis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openhifu.base.errors import OutOfRange
from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid

GAS_CONSTANT = 8.314462618
"""J/(mol K)."""

ZERO_C = 273.15
"""K at 0 degC."""


@dataclass(frozen=True)
class DamageRate:
    """Published coefficients of one tissue's damage.

    Attributes:
        frequency: A [1/s].
        activation: E [J/mol].
        source: where they come from.

    Raises:
        OutOfRange: if a number is not positive and finite, or the source is missing.
    """

    frequency: float
    activation: float
    source: str

    def __post_init__(self) -> None:
        """Check the numbers."""
        for value in (self.frequency, self.activation):
            if not (math.isfinite(value) and value > 0):
                raise OutOfRange(f"Arrhenius coefficients must be finite and positive, got {value}")
        if not self.source.strip():
            raise OutOfRange("Arrhenius coefficients need their source; name the publication")

    def log_rate(self, celsius: NDArray[np.floating]) -> NDArray[np.floating]:
        """Natural logarithm of the damage rate [1/s] at temperatures [degC]."""
        return math.log(self.frequency) - self.activation / (GAS_CONSTANT * (celsius + ZERO_C))

    def threshold_time(self, celsius: float) -> float:
        """Seconds at a constant temperature [degC] until Omega is 1."""
        return math.exp(-float(self.log_rate(np.asarray(celsius))))


LIVER = DamageRate(
    7.39e39,
    2.577e5,
    "liver, as used for ablation by Chang and Nguyen 2004, Ann. Biomed. Eng. 32:106, after Jacques 1996",
)
"""Coagulation of liver."""

SKIN = DamageRate(3.1e98, 6.28e5, "skin burns, Henriques 1947, Arch. Pathol. 43:489")
"""Burns of skin."""

ARTERY = DamageRate(5.6e63, 4.3e5, "arterial wall, Agah, Pearce, Welch and Motamedi 1994, Lasers Surg. Med. 15:176")
"""Coagulation of arterial wall."""


class ArrheniusDamage:
    """Omega as a running float32 field; a solver adds to it as to a dose.

    Within each half of a step the logarithm of the rate is taken as linear in time, so the rate's mean is a logarithmic
    mean: for a ramp of 7 K within a step this is right to 1e-3.

    Args:
        grid: where.
        rate: whose damage.
    """

    def __init__(self, grid: Grid, rate: DamageRate) -> None:
        self._grid, self._rate = grid, rate
        self._omega = np.zeros(grid.shape, np.float32)

    @property
    def grid(self) -> Grid:
        """Where."""
        return self._grid

    @property
    def rate(self) -> DamageRate:
        """Whose damage, with its source."""
        return self._rate

    @property
    def field(self) -> Field:
        """Omega so far, a copy."""
        return Field(self._grid, self._omega.copy(), Quantity.DAMAGE)

    def volume(self, omega: float = 1.0) -> float:
        """Volume [m3] of the voxels at or over a damage."""
        return int(np.count_nonzero(self._omega >= omega)) * self._grid.voxel_volume

    def accumulate(
        self, before: NDArray[np.float32], after: NDArray[np.float32], pad: int, base: float, duration: float
    ) -> None:
        """Add one step; arguments as for ``Dose.accumulate``."""
        inside = tuple(slice(pad, n - pad) for n in before.shape)
        for plane in range(self._grid.shape[0]):
            first, last = (t[inside][plane].astype(np.float64) + base for t in (before, after))
            self._omega[plane] += (duration * _mean_rate(self._rate, first, last)).astype(np.float32)


def damage_of_history(times: ArrayLike, temperatures: ArrayLike, rate: DamageRate) -> float:
    """Omega of a temperature history [s, degC], sampled finely enough that its logarithm is linear in between.

    Raises:
        OutOfRange: if the times do not increase, the lengths differ, or a value is not finite.
    """
    t, celsius = np.asarray(times, np.float64), np.asarray(temperatures, np.float64)
    if t.ndim != 1 or t.shape != celsius.shape or t.size < 2:
        raise OutOfRange(f"a history needs two or more times with a temperature each, got {t.shape}, {celsius.shape}")
    if not (np.all(np.isfinite(t)) and np.all(np.isfinite(celsius)) and np.all(np.diff(t) > 0)):
        raise OutOfRange("a history needs finite temperatures at finite, increasing times")
    return float(np.sum(np.diff(t) * _mean_rate(rate, celsius[:-1], celsius[1:])))


def _mean_rate(rate: DamageRate, before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean rate [1/s] over a step in which the temperature [degC] goes linearly from one to the other."""
    middle = 0.5 * (before + after)
    return 0.5 * (_half_mean(rate, before, middle) + _half_mean(rate, middle, after))


def _half_mean(rate: DamageRate, one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of a rate that is exponential in time: (r1 - r0) / ln(r1 / r0)."""
    low, high = rate.log_rate(np.minimum(one, other)), rate.log_rate(np.maximum(one, other))
    x = high - low
    growth = np.where(x > 1e-9, np.expm1(np.minimum(x, 700.0)) / np.where(x > 1e-9, x, 1.0), 1.0)
    return np.exp(np.clip(low, -700.0, 700.0)) * growth
