"""The published cohort that a treatment's figures are shown beside."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cohort:
    """Medians of a published series of treatments.

    Attributes:
        treatments: how many.
        npv_ratio: median share of the lesion's volume that was ablated.
        npv_ratio_range: its interquartile range.
        eef: median energy per ablated volume [J/m3].
        source: where it was published.
        small: diameter [m] below which fibroids need more energy per volume, and by what factor at least.
        smallest: diameters [m] that are held against those over ``largest``, and the range of the factor.
        largest: m.
    """

    treatments: int
    npv_ratio: float
    npv_ratio_range: tuple[float, float]
    eef: float
    source: str
    small: tuple[float, float]
    smallest: tuple[tuple[float, float], tuple[float, float]]
    largest: float


FIBROIDS_2021 = Cohort(
    treatments=1000,
    npv_ratio=0.883,
    npv_ratio_range=(0.803, 0.948),
    eef=3.88e9,
    source="Front Oncol 2021;11:725193",
    small=(60e-3, 2.0),
    smallest=((30e-3, 50e-3), (3.0, 4.0)),
    largest=70e-3,
)
"""Uterine fibroids treated under ultrasound guidance; EEF as defined there, energy over ablated volume."""

FOCUSING_FACTOR = 0.7
"""Usual value of eta in EEF = eta P t / NPV; some centres state EEF with it, some without (eta = 1)."""
