"""Sums of spherical waves from quadrature points: what the Rayleigh integral becomes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.quadrature import SurfacePoints
from openhifu.acoustics.rayleigh_kernels import sum_waves, sum_waves_by_element
from openhifu.acoustics.source import Fluid


def pressure_of(
    targets: NDArray[np.float64], surface: SurfacePoints, velocities: NDArray[np.complex128], fluid: Fluid
) -> NDArray[np.complex128]:
    """Pressure [Pa] at targets (n, 3) of a surface whose elements move at these normal velocities [m/s].

    P(x) = -(i omega rho / 2 pi) * integral of u exp((ik - alpha) R) / R over the surface.
    """
    per_point = np.repeat(velocities, np.diff(surface.offsets))
    weight = -1j * fluid.omega * fluid.density / (2 * np.pi) * per_point * surface.weights
    on = weight != 0
    x, y, z = np.ascontiguousarray(surface.positions[on].T)
    out = np.empty(len(targets), np.complex128)
    cycles = 1.0 / fluid.wavelength
    sum_waves(targets, x, y, z, weight[on].real.copy(), weight[on].imag.copy(), cycles, fluid.attenuation, out)
    return out


def pressure_by_element(targets: NDArray[np.float64], surface: SurfacePoints, fluid: Fluid) -> NDArray[np.complex64]:
    """The same for every element apart, moving at 1 m/s: shape (elements, n)."""
    x, y, z = np.ascontiguousarray(surface.positions.T)
    out = np.empty((surface.offsets.size - 1, len(targets)), np.complex64)
    cycles = 1.0 / fluid.wavelength
    sum_waves_by_element(targets, x, y, z, surface.weights, surface.offsets, cycles, fluid.attenuation, out)
    out *= np.complex64(-1j * fluid.omega * fluid.density / (2 * np.pi))
    return out
