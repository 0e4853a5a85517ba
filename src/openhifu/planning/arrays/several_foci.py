"""Several foci at once: the drive whose field takes asked pressures at control points (pseudo-inverse method).

With H the responses of the elements at M points, u = W H* (H W H*)^-1 p is the drive of least weighted effort, the sum
of |u_e|^2 / w_e, that makes the pressures p exactly. With all weights one that is the drive of least power; elements
then move unevenly, and a device whose elements have a ceiling gives least where one element must do most. Weights
w_e <- w_e / |u_e|, repeated, make the amplitudes even: of the drives that make the pattern, one near the best use of
the aperture. Source: Ebbini and Cain, IEEE Trans. UFFC 36, 540 (1989).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.source import Fluid
from openhifu.base.errors import CannotModel, OutOfRange
from openhifu.model.drive import Drive
from openhifu.model.pose import Pose
from openhifu.model.transducer import Transducer
from openhifu.planning.arrays.geometric import require_array, wrapped

_WORST = 1e9  # condition of H W H*, beyond which points lie too close to be told apart
_LEAST = 1e-3  # of the mean weight: an element is never quite given up, so that H W H* stays regular


@dataclass(frozen=True, eq=False)
class FociDrive:
    """A drive that makes several foci.

    Attributes:
        drive: phases, amplitudes and the power they need.
        velocity: normal velocity of every element [m/s], complex.
        pressure: complex pressure at every control point [Pa].
        efficiency: mean square of the elements' amplitudes over the square of the largest, 0 to 1: power over what the
            array would radiate with every element at the largest amplitude.
    """

    drive: Drive
    velocity: NDArray[np.complex128]
    pressure: NDArray[np.complex128]
    efficiency: float


def several_foci(
    device: Transducer,
    response: NDArray[np.complex128],
    pressures: Sequence[complex],
    fluid: Fluid,
    rounds: int = 12,
    pose: Pose | None = None,
) -> FociDrive:
    """The drive that makes asked pressures at control points.

    Args:
        device: an array.
        response: of the elements at the points, shape (points, elements) [Pa per m/s].
        pressures: asked for, complex [Pa]; a phase of its own per point is allowed.
        fluid: what lies between source and skin.
        rounds: of weighting for even amplitudes; 0 for least power.
        pose: where the device stands.

    Raises:
        CannotModel: if the device has one element, the points are more than elements or too close to be told apart.
        OutOfRange: if counts differ, all pressures are zero, or the device may not radiate the power.
    """
    require_array(device)
    asked = np.asarray(pressures, np.complex128)
    if asked.ndim != 1 or response.shape != (asked.size, device.elements) or rounds < 0:
        raise OutOfRange(
            f"{asked.size} pressures and {rounds} rounds, for responses of shape {response.shape} and "
            f"{device.elements} elements"
        )
    if not np.all(np.isfinite(asked)) or not np.any(asked):
        raise OutOfRange(f"asked pressures must be finite and not all zero, got {list(asked)}")
    velocity = _least(response, asked, np.ones(device.elements))
    weights = np.ones(device.elements)
    for _ in range(rounds):
        weights = weights / np.maximum(np.abs(velocity), 1e-30)
        weights = np.maximum(weights / weights.mean(), _LEAST)
        velocity = _least(response, asked, weights)
    return _driven(device, response, velocity, fluid, pose)


def _least(
    response: NDArray[np.complex128], asked: NDArray[np.complex128], weights: NDArray[np.float64]
) -> NDArray[np.complex128]:
    """W H* (H W H*)^-1 p."""
    square = (response * weights) @ response.conj().T
    scale = 1 / np.sqrt(np.abs(np.diag(square)))
    condition = np.linalg.cond(square * np.outer(scale, scale)) if np.all(np.isfinite(scale)) else math.inf
    if not condition < _WORST:
        raise CannotModel(
            f"{asked.size} points cannot be given pressures of their own by {response.shape[1]} elements (condition "
            f"{condition:.1g}): ask for fewer, and put them further apart"
        )
    return weights * (response.conj().T @ np.linalg.solve(square, asked))


def _driven(
    device: Transducer,
    response: NDArray[np.complex128],
    velocity: NDArray[np.complex128],
    fluid: Fluid,
    pose: Pose | None,
) -> FociDrive:
    size = np.abs(velocity)
    power = 0.5 * fluid.impedance * device.surface.area / device.elements * float(np.sum(size**2))
    if power > device.ceilings.acoustic_power:
        raise OutOfRange(
            f"these pressures need {power:.3g} W, {device.name} may radiate {device.ceilings.acoustic_power:.3g} W; "
            f"ask for {math.sqrt(device.ceilings.acoustic_power / power):.3g} times the pressures or less"
        )
    amplitudes = tuple(float(a) for a in size / size.max())
    drive = device.drive(power, phases=wrapped(np.angle(velocity)), pose=pose, amplitudes=amplitudes)
    return FociDrive(drive, velocity, response @ velocity, float(np.mean(size**2) / size.max() ** 2))
