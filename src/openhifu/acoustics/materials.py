"""What marching needs to know of each tissue: its class and one number per property and label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import OutOfRange
from openhifu.model.medium import Medium
from openhifu.model.tissue import Property

SOFT_SPEEDS = (0.88 * 1500.0, 1.12 * 1590.0)
"""m/s; within 12 % of the sound speed of water (1500) or of muscle and liver (1590), refraction is followed."""

HARD_SPEEDS = (0.88 * 1500.0, 1.12 * 1500.0)
"""m/s; beyond (bone), the phase is that of the nearest of these speeds. Half a millimetre of bone more or less turns
the phase by a radian, so what passes through bone has no phase to be trusted; the limit keeps the screens smooth."""

SOFT_IMPEDANCE = 2.4e6
"""Pa s/m; anything harder is bone-like whatever its sound speed."""

GAS_DENSITY = 600.0
"""kg/m3; anything lighter (gas, inflated lung) is a release surface that transmits nothing."""


@dataclass(frozen=True, eq=False)
class Materials:
    """Tables over the label index; entries of labels that do not occur are zero.

    The march carries Q = P sqrt(carried / impedance). In soft tissue the carried impedance is the tissue's own, so Q is
    the pressure. In bone (and gas, where Q vanishes) it is the lowest of the soft tissues', so that a wave which slips
    sideways out of bone brings its power along and not the pressure that bone had raised: bone can then never feed
    energy in, however jagged it is.

    Attributes:
        names: tissue names.
        present: whether the label occurs.
        hard: whether it is bone-like (outside ``SOFT_SPEEDS`` or above ``SOFT_IMPEDANCE``).
        gas: whether it is gas-like (density below ``GAS_DENSITY``).
        wavenumber: omega / c, in bone with c limited to ``HARD_SPEEDS`` [rad/m].
        attenuation: Np/m at the frequency.
        impedance: rho c [Pa s/m].
        carried: impedance of the carried amplitude [Pa s/m].
        heat: heat rate per squared pressure, alpha_abs / (rho c) [W/m3 per Pa2].
        slowest: smallest sound speed of the soft tissues [m/s].
    """

    names: tuple[str, ...]
    present: NDArray[np.bool_]
    hard: NDArray[np.bool_]
    gas: NDArray[np.bool_]
    wavenumber: NDArray[np.float64]
    attenuation: NDArray[np.float64]
    impedance: NDArray[np.float64]
    carried: NDArray[np.float64]
    heat: NDArray[np.float64]
    slowest: float

    @classmethod
    def of(cls, medium: Medium, frequency: float) -> Materials:
        """Tables of a medium at a frequency.

        Args:
            medium: tissues.
            frequency: Hz.

        Raises:
            MissingProperty: if a tissue that occurs has no density or sound speed, or, unless it is gas, no attenuation
                or absorbed share.
            OutOfRange: if one of these is not finite or density or sound speed are not positive.
        """
        occurs = medium.present()
        n, omega = len(medium.tissues), 2 * np.pi * frequency
        table = {name: np.zeros(n) for name in ("c", "rho", "alpha", "absorbed")}
        for m in np.flatnonzero(occurs):
            tissue = medium.tissues[m]
            table["c"][m], table["rho"][m] = tissue.value(Property.SOUND_SPEED), tissue.value(Property.DENSITY)
            if table["rho"][m] >= GAS_DENSITY:
                table["alpha"][m] = tissue.attenuation.at(frequency)
                table["absorbed"][m] = tissue.absorption.at(frequency)
            _require_physical(tissue.name, *(table[name][m] for name in table))
        c, rho = table["c"], table["rho"]
        gas = occurs & (rho < GAS_DENSITY)
        hard = occurs & ~gas & ((c < SOFT_SPEEDS[0]) | (c > SOFT_SPEEDS[1]) | (rho * c > SOFT_IMPEDANCE))
        soft = occurs & ~gas & ~hard
        impedance = np.where(occurs, rho * c, 1.0)
        lowest = impedance[soft].min() if soft.any() else impedance.max()
        return cls(
            names=tuple(t.name for t in medium.tissues),
            present=occurs,
            hard=hard,
            gas=gas,
            wavenumber=np.where(occurs, omega / np.where(soft, np.maximum(c, 1.0), np.clip(c, *HARD_SPEEDS)), 0.0),
            attenuation=table["alpha"],
            impedance=impedance,
            carried=np.where(hard | gas, lowest, impedance),
            heat=table["absorbed"] / impedance,
            slowest=float(c[soft].min()) if soft.any() else SOFT_SPEEDS[0],
        )

    def transmission(self) -> NDArray[np.float64]:
        """Factor on the carried amplitude from label a (row) to label b (column) at normal incidence; zero into gas.

        2 Z_b / (Z_a + Z_b) for the pressure, times the change between pressure and carried amplitude.
        """
        z, scale = self.impedance, np.sqrt(self.carried / self.impedance)
        pressure = 2 * z[None, :] / (z[:, None] + z[None, :])
        factor = pressure * scale[None, :] / scale[:, None]
        factor[:, self.gas] = 0.0
        factor[self.gas, :] = 0.0
        return factor

    def reflected_power(self) -> NDArray[np.float64]:
        """Share of the power turned back from label a (row) to b (column) at normal incidence; all of it by gas."""
        z = self.impedance
        share = ((z[None, :] - z[:, None]) / (z[None, :] + z[:, None])) ** 2
        share[:, self.gas] = 1.0
        return share


def _require_physical(name: str, c: float, rho: float, alpha: float, absorbed: float) -> None:
    if not (np.isfinite(c + rho + alpha + absorbed) and c > 0 and rho > 0 and alpha >= absorbed >= 0):
        raise OutOfRange(
            f"tissue {name!r} has sound speed {c} m/s, density {rho} kg/m3, attenuation {alpha} Np/m, of which "
            f"{absorbed} absorbed; all must be finite, speed and density positive, and no more may be absorbed "
            "than attenuated"
        )
