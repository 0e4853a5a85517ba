"""Closed forms of heat in simple media, in float64: the truths the solvers are held against."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erf, erfc

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Uniform:
    """A uniform perfused medium.

    Attributes:
        diffusivity: D = k / (rho c) [m2/s].
        heat_capacity: rho c [J/(m3 K)].
        loss: rate at which perfusion takes a rise away [1/s].
    """

    diffusivity: float
    heat_capacity: float
    loss: float


@dataclass(frozen=True)
class GaussianSource:
    """Heat rate q0 exp(-x^2 / 2 sx^2 - y^2 / 2 sy^2 - z^2 / 2 sz^2) in unbounded space.

    Attributes:
        peak: q0 [W/m3].
        widths: sx, sy, sz [m].
    """

    peak: float
    widths: tuple[float, float, float]

    def rate(self, points: ArrayLike) -> Array:
        """Heat rate [W/m3] at points (..., 3) [m] from the centre."""
        x = np.asarray(points, np.float64) / np.asarray(self.widths)
        return self.peak * np.exp(-0.5 * np.sum(x * x, axis=-1))

    def mean_rate(self, points: ArrayLike, spacing: float) -> Array:
        """Mean heat rate [W/m3] over cubes of side ``spacing`` [m] around points (..., 3): what a voxel receives."""
        x = np.asarray(points, np.float64)
        mean = np.full(x.shape[:-1], self.peak)
        for n, s in enumerate(self.widths):
            edge = math.sqrt(2.0) * s
            part = erf((x[..., n] + spacing / 2) / edge) - erf((x[..., n] - spacing / 2) / edge)
            mean = mean * part * s * math.sqrt(math.pi / 2.0) / spacing
        return mean

    def rise(self, medium: Uniform, points: ArrayLike, on: float, after: float = 0.0, order: int = 60) -> Array:
        """Temperature rise [K] after heating for ``on`` seconds and cooling for ``after``.

        The response to a flash is a Gaussian of widths sqrt(s^2 + 2 D t) decaying with exp(-loss t); its integral over
        the time since each flash is taken by Gauss-Legendre quadrature in sqrt(t + s^2 / 2 D), which is smooth: 60
        points leave less than 1e-10 of the rise.
        """
        x2 = np.asarray(points, np.float64) ** 2
        least = min(self.widths) ** 2 / (2 * medium.diffusivity)
        low, high = math.sqrt(after + least), math.sqrt(after + on + least)
        nodes, weights = np.polynomial.legendre.leggauss(order)
        total = np.zeros(x2.shape[:-1])
        for node, weight in zip(nodes, weights, strict=True):
            root = 0.5 * (high + low) + 0.5 * (high - low) * node
            t = root * root - least
            spread = np.asarray(self.widths) ** 2 + 2 * medium.diffusivity * t
            shape = math.sqrt(np.prod(np.asarray(self.widths) ** 2 / spread)) * np.exp(-0.5 * np.sum(x2 / spread, -1))
            total += weight * (high - low) * root * math.exp(-medium.loss * t) * shape
        return total * self.peak / medium.heat_capacity


def uniform_heating(medium: Uniform, rate: float, time: float) -> float:
    """Rise [K] after heating everywhere with ``rate`` [W/m3] for ``time`` [s], perfusion carrying heat away."""
    if medium.loss == 0:
        return rate * time / medium.heat_capacity
    return -math.expm1(-medium.loss * time) * rate / (medium.heat_capacity * medium.loss)


def flash_in_box(
    medium: Uniform,
    width: float,
    length: float,
    x: ArrayLike,
    time: float,
    centre: float | None = None,
    images: int = 20,
) -> Array:
    """A Gaussian rise of 1 K and given width [m] in an insulated interval, ``time`` [s] later: mirror images.

    Args:
        medium: what conducts.
        width: sigma at time zero [m].
        length: of the interval [m].
        x: m from one end.
        time: s.
        centre: of the rise [m]; None for the middle.
        images: on either side.
    """
    at = length / 2 if centre is None else centre
    shifts = 2 * length * np.arange(-images, images + 1, dtype=np.float64)
    return _flashes(medium, width, np.concatenate([shifts + at, shifts - at]), x, time)


def flash_in_ring(
    medium: Uniform,
    width: float,
    length: float,
    x: ArrayLike,
    time: float,
    centre: float | None = None,
    images: int = 20,
) -> Array:
    """The same in a periodic interval; arguments as for ``flash_in_box``."""
    at = length / 2 if centre is None else centre
    return _flashes(medium, width, length * np.arange(-images, images + 1, dtype=np.float64) + at, x, time)


def _flashes(medium: Uniform, width: float, centres: Array, x: ArrayLike, time: float) -> Array:
    """Heat kernels of flashes at several places in the open."""
    spread = width**2 + 2 * medium.diffusivity * time
    total = np.exp(-((np.asarray(x, np.float64)[..., None] - centres) ** 2) / (2 * spread)).sum(-1)
    return total * width / math.sqrt(spread) * math.exp(-medium.loss * time)


def two_layer_steady(
    k: tuple[float, float], lengths: tuple[float, float], ends: tuple[float, float], x: Array
) -> Array:
    """Steady temperature of two slabs in contact whose outer faces are held.

    Args:
        k: conductivities [W/(m K)].
        lengths: thicknesses [m].
        ends: temperatures of the outer faces.
        x: m from the first face.
    """
    flux = (ends[0] - ends[1]) / (lengths[0] / k[0] + lengths[1] / k[1])
    return np.where(x <= lengths[0], ends[0] - flux * x / k[0], ends[1] + flux * (sum(lengths) - x) / k[1])


def two_halves(first: Uniform, second: Uniform, rise: float, x: Array, time: float) -> Array:
    """Two unbounded halves in contact at x = 0, the first (x < 0) ``rise`` [K] above the second at time zero.

    Carslaw and Jaeger, Conduction of Heat in Solids (1959), 2.16: each side follows an error function towards the
    temperature of the contact, which does not change. Without perfusion.
    """
    e1 = first.heat_capacity * math.sqrt(first.diffusivity)
    e2 = second.heat_capacity * math.sqrt(second.diffusivity)
    s1, s2 = (2 * math.sqrt(m.diffusivity * time) for m in (first, second))
    contact = e1 / (e1 + e2)
    return rise * np.where(x < 0, contact + (1 - contact) * erf(-x / s1), contact * erfc(x / s2))
