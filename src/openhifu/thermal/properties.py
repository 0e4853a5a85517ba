"""The thermal numbers of a medium as tables per label, checked once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import OutOfRange
from openhifu.model.medium import Medium
from openhifu.model.tissue import Property, Tissue
from openhifu.thermal.boundary import HeldTemperature

Table = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ThermalTable:
    """Numbers per label of a medium; labels that are held, insulating or absent exchange nothing on their own account.

    Attributes:
        half_resistance: function of a spacing [m] giving, per label, the resistance [m2 K/W] from voxel centre to face.
        diffusivity: k / (rho c) [m2/s]; NaN where held, insulating or absent.
        heat_capacity: rho c [J/(m3 K)]; infinite where the temperature does not change.
        loss: rho_b c_b w / c [1/s], rate at which perfusion takes a rise away.
        metabolic: Q_m / c [K/s]; zero unless asked for.
        held: temperature [degC] of held labels, NaN elsewhere.
    """

    half_resistance: Callable[[float], Table]
    diffusivity: Table
    heat_capacity: Table
    loss: Table
    metabolic: Table
    held: Table

    def rates(self, spacing: float) -> Table:
        """Rate [1/s] at which a label (row) takes over a difference through a face to a label (column).

        One more row and column than labels: the last stands for "nothing beyond". The face's conductance is the
        harmonic mean of the two half voxels, the same from both sides, so that no heat is lost.
        """
        half = np.append(self.half_resistance(spacing), np.inf)
        whole = half[:, None] + half[None, :]
        with np.errstate(divide="ignore"):
            conductance = np.where(whole > 0, 1.0 / whole, 0.0)
        return conductance / (spacing * np.append(self.heat_capacity, np.inf)[:, None])


def thermal_table(
    medium: Medium,
    blood: Tissue,
    held: Sequence[HeldTemperature] = (),
    insulating: Sequence[str] = (),
    metabolism: bool = False,
) -> ThermalTable:
    """Read and check what the bioheat equation needs.

    Raises:
        MissingProperty: if a tissue that is present and not held or insulating lacks a value.
        OutOfRange: if a value is negative or zero where it must not be.
        UnknownName: if a held or insulating tissue is not in the map.
    """
    n = len(medium.tissues)
    fixed = np.full(n, np.nan)
    film = np.full(n, np.nan)
    for item in held:
        index = medium.map.index_of(item.tissue)
        fixed[index], film[index] = item.temperature, item.film
    closed = np.isin(np.arange(n), [medium.map.index_of(name) for name in insulating])
    still = closed | ~np.isnan(fixed) | ~medium.present()

    def table(prop: Property, least: str) -> Table:
        values = np.array([np.nan if still[i] else t.value(prop) for i, t in enumerate(medium.tissues)])
        bad = ~still & ~(values > 0 if least == "positive" else values >= 0)
        if bad.any():
            i = int(np.argmax(bad))
            raise OutOfRange(
                f"{prop.value.replace('_', ' ')} of {medium.tissues[i].name} is {values[i]}; it must be {least}"
            )
        return values

    conductivity, density = table(Property.CONDUCTIVITY, "positive"), table(Property.DENSITY, "positive")
    specific = table(Property.HEAT_CAPACITY, "positive")
    carried = blood.value(Property.DENSITY) * blood.value(Property.HEAT_CAPACITY)
    loss = table(Property.PERFUSION, "not negative") * carried / specific
    metabolic = table(Property.METABOLIC_HEAT, "not negative") / specific if metabolism else np.zeros(n)

    def half_resistance(spacing: float) -> Table:
        return np.where(closed, np.inf, np.where(np.isnan(fixed), spacing / (2 * conductivity), 1.0 / film))

    return ThermalTable(
        half_resistance,
        conductivity / (density * specific),
        np.where(still, np.inf, density * specific),
        np.where(still, 0.0, loss),
        np.where(still, 0.0, metabolic),
        fixed,
    )
