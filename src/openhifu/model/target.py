"""What is to be treated: a sphere, an ellipsoid or a label, in patient LPS metres."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from openhifu.base.record import Record
from openhifu.base.vectors import Vector


class Sphere(Record):
    """All points within ``radius`` [m] of ``centre`` (LPS, m)."""

    kind: Literal["sphere"] = "sphere"
    centre: Vector
    radius: float = Field(gt=0)


class Ellipsoid(Record):
    """An ellipsoid with semi-axes [m] along L, P and S around ``centre`` (LPS, m)."""

    kind: Literal["ellipsoid"] = "ellipsoid"
    centre: Vector
    semi_axes: Vector


class LabelTarget(Record):
    """Everything a label of the case's label map covers."""

    kind: Literal["label"] = "label"
    label: str


Target = Annotated[Sphere | Ellipsoid | LabelTarget, Field(discriminator="kind")]
