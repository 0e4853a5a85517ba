"""Clinical units, converted once at the edges; inside the house everything is SI.

A name ``x_from_y`` takes y and returns x. Neper and decibel: 1 Np = 20/ln(10) dB = 8.685889638 dB.
"""

from __future__ import annotations

import math

NEPER_DB = 20.0 / math.log(10.0)
"""Decibels in one neper."""

BODY_TEMPERATURE_C = 37.0
"""Resting core temperature assumed for tissue and arterial blood, degrees Celsius."""

_READ = {
    "1": (100.0, "%"),
    "m3": (1e6, "mL"),
    "J": (1e-3, "kJ"),
    "s": (1 / 60, "min"),
    "min": (1.0, "min CEM43"),
}
_COUNTS = ("spots",)


def read_in(name: str, unit: str) -> tuple[float, str]:
    """Factor and unit in which people read a figure of a plan; shares in per cent, times in minutes.

    Args:
        name: of the figure; a count (``"spots"``) has no unit.
        unit: in which it is kept; minutes are only kept of thermal dose, since times are kept in seconds.
    """
    return (1.0, "") if name in _COUNTS else _READ.get(unit, (1.0, unit))


def np_per_m_from_db_per_cm(db_per_cm: float) -> float:
    """Attenuation in Np/m of one given in dB/cm."""
    return db_per_cm * 100.0 / NEPER_DB


def db_per_cm_from_np_per_m(np_per_m: float) -> float:
    """Attenuation in dB/cm of one given in Np/m."""
    return np_per_m * NEPER_DB / 100.0


def perfusion_from_ml_min_kg(ml_per_min_per_kg: float) -> float:
    """Perfusion in m3 of blood per second and kg of tissue, of one given in mL/min/kg."""
    return ml_per_min_per_kg * 1e-6 / 60.0


def m_from_mm(mm: float) -> float:
    """Metres of millimetres."""
    return mm * 1e-3


def mm_from_m(m: float) -> float:
    """Millimetres of metres."""
    return m * 1e3


def ml_from_m3(m3: float) -> float:
    """Millilitres of cubic metres."""
    return m3 * 1e6
