"""The acoustic window: which directions reach a target, how well, and why the others do not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.record import Record
from openhifu.base.vectors import Vector


class CandidatePose(Record):
    """One direction that was looked at closely.

    Attributes:
        direction: unit vector focus to apex (LPS).
        bone: share of the aperture whose rays meet bone.
        cartilage: share that meets cartilage but no bone.
        gas: share that meets gas or lung.
        bowel: share that meets gut.
        amplitude: mean over the aperture of exp(-integral of attenuation) along straight rays, bone opaque.
        skin_angle: rad between the beam axis and the skin's normal.
        depth: m of tissue along the axis from skin to focus.
        stand_off: m of water between the surface and the skin, smallest over the aperture.
        field_intensity: focal intensity per acoustic watt [1/m2] from a field; None where rays already refused it.
        organ_heating: heat rate in the most heated organ at risk over that in the focus; None without a field.
        organ: which organ that is; empty without a field.
        chosen: whether this is the pose of the plan.
        reason: why it won or lost, one sentence.
    """

    direction: Vector
    bone: float
    cartilage: float
    gas: float
    bowel: float
    amplitude: float
    skin_angle: float
    depth: float
    stand_off: float
    field_intensity: float | None
    organ_heating: float | None
    organ: str
    chosen: bool
    reason: str


@dataclass(frozen=True, eq=False)
class WindowMap:
    """All directions around a target.

    Attributes:
        azimuth: rad, angle of the direction (focus to apex) in the axial plane from L towards P, shape (n,).
        elevation: rad, angle above the axial plane towards S, shape (m,).
        amplitude: straight-ray amplitude as in ``CandidatePose``, shape (n, m); NaN where refused.
        refusal: index into ``refusals``, shape (n, m); 0 where not refused.
        refusals: words of each index; index 0 is the empty string.
        candidates: those looked at closely, best first by field.
    """

    azimuth: NDArray[np.float64]
    elevation: NDArray[np.float64]
    amplitude: NDArray[np.float64]
    refusal: NDArray[np.uint8]
    refusals: tuple[str, ...]
    candidates: tuple[CandidatePose, ...]
