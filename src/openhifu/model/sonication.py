"""One exposure of one spot, which refuses itself if it is inconsistent."""

from __future__ import annotations

import math
from typing import Self

from pydantic import Field, model_validator

from openhifu.base.record import Record
from openhifu.base.vectors import Vector


class Sonication(Record):
    """One exposure.

    Attributes:
        index: place in the order of delivery, from 0.
        slice_index: slice along the beam, 0 the deepest.
        line_index: line within the slice.
        focus: where the geometric focus goes (LPS, m); the source keeps the plan's orientation.
        acoustic_power: W through the surface of the elements that are on.
        on_time: s.
        cooling_time: least pause [s] after it; the engine waits longer while an organ is above its resume temperature.
        elements_off: elements switched off for this exposure.
        power_ceiling: W; what titration may not exceed.
        predicted_peak: temperature [degC] the plan expects in the target at the end of the exposure.
    """

    index: int = Field(ge=0)
    slice_index: int = Field(ge=0)
    line_index: int = Field(ge=0)
    focus: Vector
    acoustic_power: float = Field(gt=0)
    on_time: float = Field(gt=0)
    cooling_time: float = Field(ge=0)
    elements_off: tuple[int, ...] = ()
    power_ceiling: float = Field(gt=0)
    predicted_peak: float

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.acoustic_power > self.power_ceiling * (1 + 1e-9):
            raise ValueError(f"power {self.acoustic_power:.1f} W is above its own ceiling {self.power_ceiling:.1f} W")
        if len(set(self.elements_off)) != len(self.elements_off) or any(e < 0 for e in self.elements_off):
            raise ValueError("elements_off must be distinct, non-negative numbers")
        if not all(math.isfinite(v) for v in self.focus):
            raise ValueError("focus must be finite")
        return self

    @property
    def energy(self) -> float:
        """Acoustic energy [J]."""
        return self.acoustic_power * self.on_time
