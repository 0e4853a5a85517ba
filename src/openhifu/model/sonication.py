"""One exposure of one spot, which refuses itself if it is inconsistent."""

from __future__ import annotations

import math
from typing import Any, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from openhifu.base.record import Record
from openhifu.base.vectors import Vector
from openhifu.model.pose import Pose


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
        steered: places that phases steer the focus to, again and again in turn and equally long, with the whole power
            at each (m along the beam's x, y, z from ``focus``); empty for a focus that stands still.
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
    steered: tuple[Vector, ...] = ()

    @model_serializer(mode="wrap")
    def _still_as_before(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """An exposure whose focus stands still keeps the content, and the hash, it had before any was steered."""
        data = write(self)
        return {key: value for key, value in data.items() if value or key != "steered"}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.acoustic_power > self.power_ceiling * (1 + 1e-9):
            raise ValueError(f"power {self.acoustic_power:.1f} W is above its own ceiling {self.power_ceiling:.1f} W")
        if len(set(self.elements_off)) != len(self.elements_off) or any(e < 0 for e in self.elements_off):
            raise ValueError("elements_off must be distinct, non-negative numbers")
        if not all(math.isfinite(v) for v in self.focus):
            raise ValueError("focus must be finite")
        if not all(math.isfinite(v) for place in self.steered for v in place):
            raise ValueError("every place that the focus is steered to must be finite")
        if len(set(self.steered)) != len(self.steered):
            raise ValueError("the focus is steered to different places; give each once")
        return self

    def places(self, pose: Pose) -> tuple[Vector, ...]:
        """Where the focus is (LPS, m): one place, or all that it is steered to.

        Args:
            pose: the plan's, whose orientation the source keeps.
        """
        return places(self.focus, self.steered, pose)

    @property
    def energy(self) -> float:
        """Acoustic energy [J]."""
        return self.acoustic_power * self.on_time


def places(focus: Vector, steered: tuple[Vector, ...], pose: Pose) -> tuple[Vector, ...]:
    """Where a focus is (LPS, m): one place, or all that it is steered to, given along the axes of a pose."""
    if not steered:
        return (focus,)
    x, y, z = pose.axes
    return tuple(_moved(focus, (a, x), (b, y), (c, z)) for a, b, c in steered)


def _moved(point: Vector, *steps: tuple[float, Vector]) -> Vector:
    """A point after steps of given lengths along given directions."""
    a, b, c = (value + sum(length * axis[n] for length, axis in steps) for n, value in enumerate(point))
    return a, b, c
