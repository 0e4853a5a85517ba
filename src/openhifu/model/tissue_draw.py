"""Tissue of one possible patient: every known property drawn within its published range, from a seed."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np

from openhifu.base.record import Record
from openhifu.model.medium import Medium
from openhifu.model.tissue import Known, Property, Tissue
from openhifu.model.tissuemap import base_name

NOT_DRAWN = frozenset({"water"})
"""Tissues that are known: the coupling water."""

_LOGARITHMIC = frozenset({Property.ATTENUATION, Property.PERFUSION})
"""Properties whose sources differ by factors, not by differences."""


class Drawn(Record):
    """One value of this patient beside the plan's."""

    tissue: str
    property: Property
    nominal: float
    low: float
    high: float
    drawn: float


class TissueDraw(Record):
    """Where a simulated patient's tissue comes from.

    Attributes:
        seed: of the draw; None for the patient in the middle.
        rule: how it was drawn, in words.
        values: everything that was drawn.
    """

    seed: int | None
    rule: str
    values: tuple[Drawn, ...]


@dataclass(frozen=True)
class PatientTissues:
    """A draw: the tissues, and the record of it."""

    tissues: dict[str, Tissue]
    record: TissueDraw


def draw_tissues(
    medium: Medium, seed: int | None, properties: frozenset[Property] = frozenset(Property)
) -> PatientTissues:
    """Tissues of one simulated patient.

    Every known property of every tissue that occurs is drawn from a triangular distribution over its published range,
    mode at the nominal value; attenuation and perfusion in the logarithm where the range is positive, as their sources
    differ by factors. Properties are drawn independently, each from its own stream, so that adding a tissue or a
    property changes no other draw; steps that one tissue was split into by its CT numbers are drawn together. Water,
    missing values and ranges of zero width stay.

    Args:
        medium: the plan's tissues and where they occur.
        seed: any integer from 0; None for the patient in the middle, who has the median of every distribution.
        properties: which properties to draw; the others keep the plan's value.
    """
    tissues, values = {}, []
    for tissue, here in zip(medium.tissues, medium.present(), strict=True):
        if not here or tissue.name in NOT_DRAWN:
            continue
        drawn = [d for p in sorted(properties) if (d := _drawn(tissue, p, seed)) is not None]
        tissues[tissue.name] = tissue.replaced(
            {d.property: d.drawn for d in drawn},
            "the median of what is drawn for simulated patients"
            if seed is None
            else f"drawn for a simulated patient, seed {seed}",
        )
        values += drawn
    rule = "triangular over the published range, mode at nominal; attenuation and perfusion in the logarithm"
    if seed is None:
        rule = f"median of: {rule}"
    return PatientTissues(tissues, TissueDraw(seed=seed, rule=rule, values=tuple(values)))


def _drawn(tissue: Tissue, prop: Property, seed: int | None) -> Drawn | None:
    known = tissue.values[prop]
    if not isinstance(known, Known) or known.low >= known.high:
        return None
    logarithmic = prop in _LOGARITHMIC and known.low > 0
    ends = [known.low, known.nominal, known.high]
    low, mode, high = (math.log(v) for v in ends) if logarithmic else ends
    if seed is None:
        found = _median(low, mode, high)
    else:
        rng = np.random.default_rng([seed, _stream(base_name(tissue.name), prop)])
        found = float(rng.triangular(low, mode, high))
    drawn = min(max(math.exp(found), known.low), known.high) if logarithmic else found
    return Drawn(tissue=tissue.name, property=prop, nominal=known.nominal, low=known.low, high=known.high, drawn=drawn)


def _median(low: float, mode: float, high: float) -> float:
    """Median of a triangular distribution."""
    wide = high - low
    if mode - low >= wide / 2:
        return low + math.sqrt(wide * (mode - low) / 2)
    return high - math.sqrt(wide * (high - mode) / 2)


def _stream(tissue: str, prop: Property) -> int:
    return int.from_bytes(hashlib.sha256(f"{tissue}/{prop.value}".encode()).digest()[:8])
