"""Three numbers that are a point or a direction, for records that must not need numerics."""

from __future__ import annotations

import math

Vector = tuple[float, float, float]


def cross(a: Vector, b: Vector) -> Vector:
    """Right-handed cross product."""
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def unit(a: Vector) -> Vector:
    """The vector divided by its length."""
    n = math.hypot(*a)
    return (a[0] / n, a[1] / n, a[2] / n)
