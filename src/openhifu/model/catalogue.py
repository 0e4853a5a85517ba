"""The catalogues shipped with the program: tissues and devices, read from data files."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from openhifu.base.errors import FormatError, UnknownName
from openhifu.base.units import np_per_m_from_db_per_cm, perfusion_from_ml_min_kg
from openhifu.model.tissue import Known, Missing, Property, Tissue, Value
from openhifu.model.transducer import Transducer

_FILE_UNITS: dict[Property, tuple[str, Any]] = {
    Property.ATTENUATION: ("dB/cm at 1 MHz", np_per_m_from_db_per_cm),
    Property.PERFUSION: ("mL/min/kg", perfusion_from_ml_min_kg),
}
"""Properties the tissue file states in clinical units, with the conversion to SI."""


def _value(name: str, prop: Property, entry: dict[str, Any]) -> Value:
    origin = f"tissue {name!r}, {prop.value}"
    if "missing" in entry:
        return Missing.from_data({"reason": entry["missing"]}, origin)
    if not entry.keys() >= {"nominal", "range", "source"} or len(entry["range"]) != 2:
        raise FormatError(f"{origin}: give nominal, range = [low, high] and source, or missing with the reason")
    convert = _FILE_UNITS[prop][1] if prop in _FILE_UNITS else float
    nominal, (low, high) = entry["nominal"], entry["range"]
    data = {"nominal": convert(nominal), "low": convert(low), "high": convert(high), "source": entry["source"]}
    return Known.from_data(data, origin)


def tissue_from_entry(name: str, entry: dict[str, Any]) -> Tissue:
    """A tissue of one table of a tissue file (clinical units for attenuation and perfusion).

    Raises:
        FormatError: if a property is left out or a range does not contain its value.
    """
    data = {
        "name": name,
        "title": entry["title"],
        "caution": entry.get("caution", ""),
        "values": {p: _value(name, p, entry[p.value]) for p in Property if p.value in entry},
    }
    return Tissue.from_data(data, f"tissue {name!r}")


@cache
def _tissues() -> dict[str, Tissue]:
    text = files("openhifu").joinpath("data/tissues.toml").read_text(encoding="utf-8")
    return {name: tissue_from_entry(name, entry) for name, entry in tomllib.loads(text).items()}


@cache
def _devices() -> dict[str, Transducer]:
    folder = files("openhifu").joinpath("data/devices")
    found = {}
    for item in sorted(folder.iterdir(), key=lambda f: f.name):
        if item.name.endswith(".toml"):
            data = tomllib.loads(item.read_text(encoding="utf-8"))
            device = Transducer.from_data(data, item.name)
            found[device.name] = device
    return found


def tissue_names() -> tuple[str, ...]:
    """Names of all tissues in the catalogue."""
    return tuple(_tissues())


def tissue(name: str) -> Tissue:
    """A tissue of the catalogue.

    Raises:
        UnknownName: with the nearest names.
    """
    if name not in _tissues():
        raise UnknownName("tissue", name, _tissues())
    return _tissues()[name]


def device_names() -> tuple[str, ...]:
    """Names of all devices in the catalogue."""
    return tuple(_devices())


def transducer(name: str) -> Transducer:
    """A device of the catalogue.

    Raises:
        UnknownName: with the nearest names.
    """
    if name not in _devices():
        raise UnknownName("device", name, _devices())
    return _devices()[name]
