"""A tissue: every property with unit, nominal value, range and source, or an explicit 'missing' with its reason."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, Self

from pydantic import Field, model_validator

from openhifu.base.errors import MissingProperty
from openhifu.base.record import Record
from openhifu.model.absorption import Absorption

REFERENCE_FREQUENCY = 1e6
"""Hz; the frequency at which the catalogue states attenuation."""


class Property(StrEnum):
    """The properties a tissue may have, named with their SI unit in ``UNITS``."""

    DENSITY = "density"
    SOUND_SPEED = "sound_speed"
    ATTENUATION = "attenuation"
    EXPONENT = "attenuation_exponent"
    ABSORBED_SHARE = "absorbed_share"
    NONLINEARITY = "nonlinearity"
    CONDUCTIVITY = "conductivity"
    HEAT_CAPACITY = "heat_capacity"
    PERFUSION = "perfusion"
    METABOLIC_HEAT = "metabolic_heat"


UNITS: dict[Property, str] = {
    Property.DENSITY: "kg/m3",
    Property.SOUND_SPEED: "m/s",
    Property.ATTENUATION: "Np/m at 1 MHz",
    Property.EXPONENT: "1",
    Property.ABSORBED_SHARE: "1",
    Property.NONLINEARITY: "1",
    Property.CONDUCTIVITY: "W/(m K)",
    Property.HEAT_CAPACITY: "J/(kg K)",
    Property.PERFUSION: "m3/(kg s)",
    Property.METABOLIC_HEAT: "W/kg",
}
"""Unit of each property; perfusion is volume of blood per second and mass of tissue; nonlinearity is B/A."""


class Known(Record):
    """A value in SI units with its range across sources.

    Attributes:
        nominal: the value used unless told otherwise.
        low: smallest value among the sources (or stated as an assumption).
        high: largest value among the sources.
        source: where nominal and range come from.
    """

    kind: Literal["known"] = "known"
    nominal: float
    low: float
    high: float
    source: str = Field(min_length=3)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low <= self.nominal <= self.high:
            raise ValueError(f"range {self.low} to {self.high} does not contain the nominal value {self.nominal}")
        return self


class Missing(Record):
    """No value, and why."""

    kind: Literal["missing"] = "missing"
    reason: str = Field(min_length=3)


Value = Known | Missing


class Tissue(Record):
    """One tissue's properties.

    Attributes:
        name: key in the catalogue.
        title: words for people.
        caution: what a user must know before trusting it (e.g. extrapolated); empty if nothing.
        values: one entry per ``Property``; none may be left out.
    """

    name: str = Field(min_length=1)
    title: str
    caution: str = ""
    values: dict[Property, Value]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        absent = [p.value for p in Property if p not in self.values]
        if absent:
            raise ValueError(f"tissue {self.name!r} must state (or declare missing) {', '.join(absent)}")
        return self

    def known(self, prop: Property) -> Known:
        """The entry of a property.

        Raises:
            MissingProperty: if the catalogue declares it missing.
        """
        value = self.values[prop]
        if isinstance(value, Missing):
            raise MissingProperty(self.name, prop.value, value.reason)
        return value

    def value(self, prop: Property) -> float:
        """Nominal value in SI units; raises ``MissingProperty`` like ``known``."""
        return self.known(prop).nominal

    @property
    def attenuation(self) -> Absorption:
        """Attenuation (absorbed and scattered) as one triple."""
        return Absorption(
            coefficient=self.value(Property.ATTENUATION),
            reference_frequency=REFERENCE_FREQUENCY,
            exponent=self.value(Property.EXPONENT),
        )

    @property
    def absorption(self) -> Absorption:
        """The share of the attenuation that becomes heat, as one triple."""
        whole = self.attenuation
        return whole.model_copy(update={"coefficient": whole.coefficient * self.value(Property.ABSORBED_SHARE)})

    def replaced(self, values: dict[Property, float], source: str) -> Tissue:
        """This tissue with other nominal values, exact ones (range of zero width), e.g. a patient's draw.

        Args:
            values: new SI values.
            source: where they come from.
        """
        changed: dict[Property, Value] = {p: Known(nominal=v, low=v, high=v, source=source) for p, v in values.items()}
        return self.model_copy(update={"values": {**self.values, **changed}})
