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
        seed: of the draw.
        rule: how it was drawn, in words.
        values: everything that was drawn.
    """

    seed: int
    rule: str
    values: tuple[Drawn, ...]


@dataclass(frozen=True)
class PatientTissues:
    """A draw: the tissues, and the record of it."""

    tissues: dict[str, Tissue]
    record: TissueDraw


def draw_tissues(medium: Medium, seed: int, properties: frozenset[Property] = frozenset(Property)) -> PatientTissues:
    """Tissues of one simulated patient.

    Every known property of every tissue that occurs is drawn from a triangular distribution over its published range,
    mode at the nominal value; attenuation and perfusion in the logarithm where the range is positive, as their sources
    differ by factors. Properties are drawn independently, each from its own stream, so that adding a tissue or a
    property changes no other draw; steps that one tissue was split into by its CT numbers are drawn together. Water,
    missing values and ranges of zero width stay.

    Args:
        medium: the plan's tissues and where they occur.
        seed: any integer from 0.
        properties: which properties to draw; the others keep the plan's value.
    """
    tissues, values = {}, []
    for tissue, here in zip(medium.tissues, medium.present(), strict=True):
        if not here or tissue.name in NOT_DRAWN:
            continue
        drawn = [d for p in sorted(properties) if (d := _drawn(tissue, p, seed)) is not None]
        tissues[tissue.name] = tissue.replaced(
            {d.property: d.drawn for d in drawn}, f"drawn for a simulated patient, seed {seed}"
        )
        values += drawn
    rule = "triangular over the published range, mode at nominal; attenuation and perfusion in the logarithm"
    return PatientTissues(tissues, TissueDraw(seed=seed, rule=rule, values=tuple(values)))


def _drawn(tissue: Tissue, prop: Property, seed: int) -> Drawn | None:
    known = tissue.values[prop]
    if not isinstance(known, Known) or known.low >= known.high:
        return None
    rng = np.random.default_rng([seed, _stream(base_name(tissue.name), prop)])
    drawn = _triangular(known, rng, logarithmic=prop in _LOGARITHMIC and known.low > 0)
    return Drawn(tissue=tissue.name, property=prop, nominal=known.nominal, low=known.low, high=known.high, drawn=drawn)


def _triangular(known: Known, rng: np.random.Generator, logarithmic: bool) -> float:
    if not logarithmic:
        return float(rng.triangular(known.low, known.nominal, known.high))
    drawn = math.exp(rng.triangular(math.log(known.low), math.log(known.nominal), math.log(known.high)))
    return min(max(drawn, known.low), known.high)


def _stream(tissue: str, prop: Property) -> int:
    return int.from_bytes(hashlib.sha256(f"{tissue}/{prop.value}".encode()).digest()[:8])
