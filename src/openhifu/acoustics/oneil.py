"""Closed form of the field on the axis of a focused annulus: the oracle of every other solver."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openhifu.acoustics.source import Fluid
from openhifu.model.transducer import Cap


def oneil_on_axis(cap: Cap, velocity: float, fluid: Fluid, z: ArrayLike) -> NDArray[np.complex128]:
    """Pressure [Pa] on the axis of a uniformly vibrating spherical cap with or without a hole.

    P = omega rho u F / (k (F - z)) * (exp(ik r_hole) - exp(ik r_rim)), r the distances to the edges and k complex where
    the fluid attenuates: the annulus is the bowl less the hole. The difference is written as a sine of half the path
    difference, so that nothing cancels near the focus.

    Args:
        cap: the source; its cuts into elements do not matter.
        velocity: normal velocity amplitude [m/s].
        fluid: the uniform medium.
        z: distances from the apex [m], any shape.

    Source: H. T. O'Neil, J. Acoust. Soc. Am. 21, 516 (1949); the integral over the cap is elementary for complex k too.
    """
    at = np.asarray(z, dtype=np.float64)
    radius, (hole, rim) = cap.focal_length, cap.half_angles
    k = fluid.wavenumber + 1j * fluid.attenuation
    d = radius - at
    near_edge = np.sqrt(radius**2 + d**2 - 2 * radius * d * np.cos(hole))
    far_edge = np.sqrt(radius**2 + d**2 - 2 * radius * d * np.cos(rim))
    rate = radius * (np.cos(hole) - np.cos(rim)) / (near_edge + far_edge)
    wave = np.exp(0.5j * k * (near_edge + far_edge))
    return -2j * fluid.omega * fluid.density * velocity * radius * rate * np.sinc(k * rate * d / np.pi) * wave
