"""Clinical units of the keys in case and preset files, converted exactly, digit by digit, both ways.

A key ends in its unit: ``radius_mm = 11`` is the record's ``radius = 0.011``. Numbers pass through ``Decimal``, so that
reading what was written gives back the very same float.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, Strict, model_validator


@dataclass(frozen=True)
class Unit:
    """The unit a key ends in, and how many SI units it is."""

    suffix: str
    si: Decimal


MM = Unit("_mm", Decimal("0.001"))
SECONDS = Unit("_s", Decimal(1))
MINUTES = Unit("_min", Decimal(60))
CEM43_MINUTES = Unit("_min", Decimal(1))
CELSIUS = Unit("_c", Decimal(1))
WATT = Unit("_w", Decimal(1))
JOULE = Unit("_j", Decimal(1))
KILOJOULE = Unit("_kj", Decimal(1000))
HOUNSFIELD = Unit("_hu", Decimal(1))
SHARE = Unit("", Decimal(1))

Number = Annotated[Decimal, Strict()]
Positive = Annotated[Number, Field(gt=0)]
NotNegative = Annotated[Number, Field(ge=0)]
Point = tuple[Number, Number, Number]


class Section(BaseModel):
    """A table of a case file: frozen, and a key it does not know is refused with the nearest that it does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        unknown = [str(key) for key in given if key not in cls.model_fields]
        if unknown:
            near = difflib.get_close_matches(unknown[0], cls.model_fields, n=3, cutoff=0.4) or sorted(cls.model_fields)
            raise ValueError(f"unknown key {unknown[0]!r}; nearest: {', '.join(near)}")
        return given

    def to_si(self) -> dict[str, Any]:
        """The fields under their record names, in SI units."""
        found = {}
        for key, info in type(self).model_fields.items():
            value = getattr(self, key)
            unit = _unit(info.metadata)
            if unit is not None:
                found[key.removesuffix(unit.suffix)] = _times(value, unit.si)
            elif value is not None:
                found[key] = value.to_si() if isinstance(value, Section) else value
        return found

    @classmethod
    def from_si(cls, data: Mapping[str, Any]) -> Self:
        """Build from a record's data (SI units, record names)."""
        fields = {}
        for key, info in cls.model_fields.items():
            unit = _unit(info.metadata)
            fields[key] = data[key] if unit is None else _divided(data[key.removesuffix(unit.suffix)], unit.si)
        return cls.model_validate(fields)


def decimals(value: Any) -> Any:
    """Parsed TOML with every number as a Decimal (give ``tomllib`` ``parse_float=Decimal`` too)."""
    if isinstance(value, Mapping):
        return {key: decimals(item) for key, item in value.items()}
    if isinstance(value, list):
        return [decimals(item) for item in value]
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _unit(metadata: list[Any]) -> Unit | None:
    return next((item for item in metadata if isinstance(item, Unit)), None)


def _times(value: Any, factor: Decimal) -> Any:
    if value is None:
        return None
    if isinstance(value, tuple):
        return tuple(_times(item, factor) for item in value)
    return float(value * factor)


def _divided(value: Any, factor: Decimal) -> Any:
    if value is None:
        return None
    if isinstance(value, list | tuple):
        return tuple(_divided(item, factor) for item in value)
    return Decimal(repr(float(value))) / factor
