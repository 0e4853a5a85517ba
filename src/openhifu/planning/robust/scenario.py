"""One possible reality of a treatment: tissue, aim, breathing and power, drawn from a seed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.vectors import Vector
from openhifu.model.medium import Medium
from openhifu.model.pose import Pose
from openhifu.model.robustness import Uncertainty
from openhifu.model.tissue import UNITS, Property, Tissue
from openhifu.model.tissue_draw import draw_tissues
from openhifu.model.tissuemap import base_name

VARIED = frozenset(Property) - {Property.NONLINEARITY, Property.METABOLIC_HEAT}
"""Properties that the linear field and the heat model of a plan know."""

_HEAD_FOOT = np.array([0.0, 0.0, 1.0])
_MEAN_LENGTH = 2 * math.sqrt(2 / math.pi)  # of a vector of three independent standard normal components
_MEAN_SIZE = math.sqrt(2 / math.pi)  # of one such component
_LEAST_POWER = 0.5  # share of the calibrated power; nobody would treat on less


@dataclass(frozen=True, eq=False)
class Scenario:
    """What is drawn.

    Attributes:
        number: place in the study.
        seed: of the tissue, as ``draw_tissues`` takes it.
        tissues: drawn tissues by name.
        offset: m (LPS); error of the source's place over the whole treatment.
        motion: m (LPS); displacement of each exposure's focus in the tissue, shape (exposures, 3).
        power: acoustic power over the calibrated one.
        inputs: name, unit and SI value of everything drawn.
    """

    number: int
    seed: int
    tissues: dict[str, Tissue]
    offset: Vector
    motion: NDArray[np.float64]
    power: float
    inputs: tuple[tuple[str, str, float], ...]


def nominal(exposures: int) -> Scenario:
    """The plan as it stands: nothing drawn."""
    return Scenario(-1, 0, {}, (0.0, 0.0, 0.0), np.zeros((exposures, 3)), 1.0, ())


def draw(medium: Medium, pose: Pose, exposures: int, given: Uncertainty, seed: int, number: int) -> Scenario:
    """Scenario ``number`` of a study; each depends on seed and number alone, not on how many there are.

    Tissue values as ``draw_tissues`` draws them. The error of the source's place is normal and the same in every
    direction; the largest displacement during a breath-hold is half-normal, each exposure's own uniform within it.

    Args:
        medium: the plan's tissues.
        pose: of the plan; errors are told along and across its beam.
        exposures: how many.
        given: what is not known.
        seed: of the study.
        number: from 0.
    """
    own = int(np.random.SeedSequence([seed, number]).generate_state(1)[0] >> 1)
    patient = draw_tissues(medium, own, VARIED)
    rng = np.random.default_rng([seed, number, 1])
    offset = rng.standard_normal(3) * given.position / _MEAN_LENGTH
    breath = abs(float(rng.standard_normal())) * given.breathing / _MEAN_SIZE
    motion = breath * rng.uniform(-1, 1, exposures)[:, None] * _HEAD_FOOT
    power = max(1 + given.power * float(rng.standard_normal()), _LEAST_POWER)
    along = float(offset @ np.asarray(pose.axes)[2])
    across = math.sqrt(max(float(offset @ offset) - along**2, 0.0))
    inputs = {f"{d.property.value.replace('_', ' ')} of {base_name(d.tissue).replace('_', ' ')}":
              (UNITS[d.property], d.drawn) for d in reversed(patient.record.values)}  # fmt: skip
    others = (
        (given.position, "position across the beam", "m", across),
        (given.position, "position along the beam", "m", along),
        (given.breathing, "breathing", "m", breath),
        (given.power, "calibration of the power", "1", power),
    )
    told = [(name, unit, value) for name, (unit, value) in sorted(inputs.items())]
    told += [(name, unit, value) for varied, name, unit, value in others if varied > 0]
    return Scenario(
        number, own, patient.tissues, (float(offset[0]), float(offset[1]), float(offset[2])), motion, power, tuple(told)
    )
