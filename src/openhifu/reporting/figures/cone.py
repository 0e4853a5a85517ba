"""The beam's cone of a source, cut exactly by a plane through its focus."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from openhifu.model.pose import Pose
from openhifu.model.transducer import Transducer
from openhifu.reporting.figures import style
from openhifu.reporting.figures.plane import Plane

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def wedge(direction: NDArray[np.float64], plane: Plane, half_angle: float) -> tuple[float, float] | None:
    """Where a plane through the focus cuts a cone around ``direction``.

    In the plane, the unit vector at angle phi makes cos(angle to the axis) = s cos(phi - phi0), with s the length of
    the axis' shadow in the plane; it lies inside the cone where that is at least cos(half_angle).

    Returns:
        Middle angle phi0 and half-width [rad] in the picture, or None where the plane misses the cone.
    """
    u, v = float(direction @ plane.right), float(direction @ plane.up)
    shadow = math.hypot(u, v)
    if shadow <= math.cos(half_angle):
        return None
    return math.atan2(v, u), math.acos(math.cos(half_angle) / shadow)


def draw_cone(axes: Axes, plane: Plane, pose: Pose, device: Transducer) -> None:
    """The part of the beam in this plane, from the radiating surface to the focus, and the axis' shadow."""
    direction = np.asarray(pose.direction, float)
    focus = plane.project(pose.focus)[:2]
    reach = device.focal_length * 1e3
    inner, outer = device.surface.half_angles
    whole, hole = wedge(direction, plane, outer), wedge(direction, plane, inner)
    shadow = np.array([direction @ plane.right, direction @ plane.up]) * reach
    axes.plot(*np.stack([focus, focus + shadow], axis=1), color=style.BEAM, lw=0.7, ls=(0, (4, 3)))
    if whole is None:
        return
    middle, half = whole
    gap = 0.0 if hole is None else hole[1]
    for a, b in ((middle - half, middle - gap), (middle + gap, middle + half)):
        phi = np.linspace(a, b, 60)
        arc = focus + reach * np.stack([np.cos(phi), np.sin(phi)], axis=1)
        axes.fill(*np.vstack([focus, arc]).T, color=style.BEAM, alpha=0.22, lw=0)
        axes.plot(*arc.T, color=style.BEAM, lw=2.2, solid_capstyle="butt")
        edge = arc[0] if abs(a - (middle - half)) < 1e-12 else arc[-1]
        axes.plot(*np.stack([focus, edge], axis=1), color=style.BEAM, lw=0.7)


def reach_of_source(pose: Pose, device: Transducer) -> NDArray[np.float64]:
    """LPS points [m] on the radiating surface's rim and apex, to size a picture by."""
    x, y, z = (np.asarray(a) for a in pose.axes)
    angle = device.surface.half_angles[1]
    turn = np.linspace(0, 2 * math.pi, 24, endpoint=False)
    rim = np.sin(angle) * (np.outer(np.cos(turn), x) + np.outer(np.sin(turn), y)) - math.cos(angle) * z
    return np.asarray(pose.focus) + device.focal_length * np.vstack([rim, -z])
