"""Where the source is: its focus, the direction from focus to apex, and its roll."""

from __future__ import annotations

import math
from typing import Self

from pydantic import Field, model_validator

from openhifu.base.record import Record
from openhifu.base.vectors import Vector, cross, unit


class Pose(Record):
    """Position and orientation of a source in patient LPS.

    Attributes:
        focus: geometric focus [m].
        direction: unit vector from the focus towards the apex (against the beam).
        roll: rotation [rad] about the beam axis.
    """

    focus: Vector
    direction: Vector
    roll: float = Field(default=0.0)

    @model_validator(mode="after")
    def _is_unit(self) -> Self:
        if abs(math.hypot(*self.direction) - 1) > 1e-6:
            raise ValueError(f"direction {self.direction} is not a unit vector")
        return self

    def apex(self, focal_length: float) -> Vector:
        """Apex of the radiating surface [m]."""
        f, d = self.focus, self.direction
        return (f[0] + focal_length * d[0], f[1] + focal_length * d[1], f[2] + focal_length * d[2])

    @property
    def axes(self) -> tuple[Vector, Vector, Vector]:
        """Unit vectors of the source's x, y and z (along the beam) in LPS.

        x is perpendicular to the beam and to the patient's long axis (S), turned by ``roll``; for a beam along S, to
        P instead.
        """
        z: Vector = (-self.direction[0], -self.direction[1], -self.direction[2])
        helper: Vector = (0.0, 0.0, 1.0) if abs(z[2]) < 0.95 else (0.0, 1.0, 0.0)
        x0 = unit(cross(helper, z))
        y0 = cross(z, x0)
        c, s = math.cos(self.roll), math.sin(self.roll)
        x = unit((c * x0[0] + s * y0[0], c * x0[1] + s * y0[1], c * x0[2] + s * y0[2]))
        return x, unit(cross(z, x)), z

    def moved_to(self, focus: Vector) -> Pose:
        """The same orientation with the focus elsewhere."""
        return self.model_copy(update={"focus": focus})
