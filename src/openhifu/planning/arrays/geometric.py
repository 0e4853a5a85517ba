"""Geometric steering: every element is sent ahead by its straight path to the focus, as in a uniform fluid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.quadrature import by_element
from openhifu.acoustics.source import Fluid
from openhifu.base.errors import CannotModel, GeometryError
from openhifu.base.vectors import Vector
from openhifu.model.pose import Pose
from openhifu.model.transducer import Transducer, VelocityPlane


def element_centres(device: Transducer, wavelength: float) -> NDArray[np.float64]:
    """Mean point of every element in the transducer's own frame [m], shape (elements, 3).

    Raises:
        CannotModel: if the source is one measured plane, which has no elements.
    """
    if isinstance(device.surface, VelocityPlane):
        raise CannotModel(f"{device.name} is a measured plane, one element: there is nothing to be steered")
    points = by_element(device.surface, wavelength)
    owner = np.repeat(np.arange(device.elements), np.diff(points.offsets))
    area = np.bincount(owner, weights=points.weights)
    sums = [np.bincount(owner, weights=points.weights * column) for column in points.positions.T]
    return np.stack(sums, axis=1) / area[:, None]


def geometric_phases(device: Transducer, focus: Vector, fluid: Fluid, pose: Pose | None = None) -> tuple[float, ...]:
    """Phases [rad] at which waves of all elements arrive at a point together, along straight paths from their middles.

    Args:
        device: an array.
        focus: where, in the patient if there is a pose, in the transducer's own frame otherwise [m].
        fluid: what lies between.
        pose: where the device stands.

    Raises:
        CannotModel: if the device has one element.
        GeometryError: if the point is not finite, or lies on an element.
    """
    require_array(device)
    at = np.asarray(focus, float)
    if pose is not None:
        at = (at - np.array(pose.apex(device.focal_length))) @ np.array(pose.axes).T
    paths = np.linalg.norm(element_centres(device, fluid.wavelength) - at, axis=1)
    if not np.all(np.isfinite(paths)) or paths.min() < fluid.wavelength:
        raise GeometryError(f"the point {focus} cannot be steered to: it is not finite, or lies on the array")
    return wrapped(-fluid.wavenumber * (paths - paths.mean()))


def wrapped(phases: NDArray[np.float64]) -> tuple[float, ...]:
    """Phases brought to -pi to pi, which drives the same."""
    return tuple(float(p) for p in np.angle(np.exp(1j * phases)))


def require_array(device: Transducer) -> None:
    """Refuse a source of one element.

    Raises:
        CannotModel: naming what would do.
    """
    if device.elements == 1:
        raise CannotModel(
            f"{device.name} has one element, whose phase moves nothing; take an array, such as h317-like or "
            "jc200-like-256"
        )
