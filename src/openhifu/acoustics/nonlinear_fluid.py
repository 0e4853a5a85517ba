"""What a harmonic wave must know of a fluid: loss and speed of every harmonic, and how fast it steepens."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.source import Fluid
from openhifu.base.errors import OutOfRange
from openhifu.model.tissue import Property, Tissue

_NEAR_ONE = 1e-6  # exponents this close to one take the limit of the dispersion formula


@dataclass(frozen=True)
class NonlinearFluid:
    """A fluid with power-law attenuation and its dispersion.

    Attributes:
        name: for messages.
        linear: density, sound speed and attenuation at the fundamental.
        exponent: of the attenuation's power law.
        absorbed_share: share of the attenuation that becomes heat.
        beta: coefficient of nonlinearity 1 + B / 2A; 0 where only the linear field is asked for.
    """

    name: str
    linear: Fluid
    exponent: float
    absorbed_share: float
    beta: float

    @classmethod
    def of(cls, tissue: Tissue, frequency: float, nonlinear: bool = True) -> NonlinearFluid:
        """The numbers of a tissue.

        Raises:
            MissingProperty: if it lacks one, B/A included where ``nonlinear``.
            OutOfRange: if its attenuation rises too steeply for a causal dispersion (exponent 3).
        """
        exponent = tissue.value(Property.EXPONENT)
        if exponent >= 3:
            raise OutOfRange(f"{tissue.name}: no dispersion belongs to an attenuation exponent of {exponent}; below 3")
        beta = 1 + 0.5 * tissue.value(Property.NONLINEARITY) if nonlinear else 0.0
        fluid = Fluid.of(tissue, frequency)
        return cls(tissue.name, fluid, exponent, tissue.value(Property.ABSORBED_SHARE), beta)

    def attenuation(self, harmonics: int) -> NDArray[np.float64]:
        """Np/m at harmonics 1 to ``harmonics``."""
        return self.linear.attenuation * np.arange(1.0, harmonics + 1) ** self.exponent

    def wavenumbers(self, harmonics: int) -> NDArray[np.complex128]:
        """Complex wavenumber [rad/m] of each harmonic."""
        return self.wavenumbers_at(np.arange(1.0, harmonics + 1))

    def wavenumbers_at(self, n: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Complex wavenumber [rad/m] at multiples n of the fundamental, whole or not: n omega / c_n + i alpha_n.

        1/c_n = 1/c + (alpha / omega) tan(pi y / 2) (n^(y-1) - 1), at y = 1 its limit -(2 / pi)(alpha / omega) ln n;
        c is the speed at the fundamental.

        Source: T. L. Szabo, J. Acoust. Soc. Am. 97, 14 (1995).
        """
        y, fluid = self.exponent, self.linear
        if abs(y - 1) < _NEAR_ONE:
            bend = -2 / math.pi * np.log(n)
        else:
            bend = math.tan(0.5 * math.pi * y) * (n ** (y - 1) - 1)
        slowness = 1 / fluid.sound_speed + fluid.attenuation / fluid.omega * bend
        return np.asarray(n * fluid.omega * slowness + 1j * fluid.attenuation * n**y, dtype=np.complex128)

    @property
    def steepening(self) -> float:
        """Reach per metre, omega beta / (rho c^3) [1/(Pa m)]: see ``burgers``."""
        fluid = self.linear
        return fluid.omega * self.beta / (fluid.density * fluid.sound_speed**3)
