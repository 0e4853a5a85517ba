"""A medium as a time-domain run needs it: how every voxel gives way to pressure, and how heavy it is between voxels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.band_limit import band_limited
from openhifu.acoustics.interfaces import SubGrid
from openhifu.acoustics.materials import GAS_DENSITY
from openhifu.acoustics.source import Fluid
from openhifu.acoustics.staggered_kernels import Stuff
from openhifu.acoustics.staggered_lattice import StaggeredLattice
from openhifu.base.errors import OutOfRange
from openhifu.model.medium import Medium
from openhifu.model.tissue import Property

_TAPS = np.sinc(np.arange(8) + 0.5) * np.i0(6.0 * np.sqrt(1 - ((np.arange(8) + 0.5) / 8.5) ** 2))
_HALF_WAY = (0.5 * _TAPS / _TAPS.sum()).astype(np.float32)
"""Weights of the samples eight either side whose series has its value half-way between the inner two."""


def fluids_of(medium: Medium, frequency: float) -> list[Fluid | None]:
    """The fluid of every tissue that occurs, at a frequency [Hz].

    Raises:
        MissingProperty: if one lacks a value.
    """
    present = medium.present()
    return [Fluid.of(t, frequency) if here else None for t, here in zip(medium.tissues, present, strict=True)]


def gas_in(medium: Medium) -> str | None:
    """Name of a gas that occurs; None if none does."""
    for tissue, here in zip(medium.tissues, medium.present(), strict=True):
        if here and tissue.value(Property.DENSITY) < GAS_DENSITY:
            return tissue.name
    return None


@dataclass(frozen=True, eq=False)
class StaggeredMedium:
    """Maps on a lattice [z, x, y].

    Attributes:
        compressibility: complex, k^2 / (omega^2 rho) [1/Pa]; its imaginary part is the loss.
        density: kg/m3.
        smooth: whether the maps are low-passed, so that the density between voxels is that of their series, and not,
            as at a wall between two voxels, the mean of both.
    """

    compressibility: NDArray[np.complex64]
    density: NDArray[np.float32]
    smooth: bool = False

    @classmethod
    def of_cells(
        cls, cells: SubGrid, lattice: StaggeredLattice, fluids: list[Fluid | None], threads: int
    ) -> StaggeredMedium:
        """Maps low-passed from volume fractions finer than the voxels (``band_limit``).

        Raises:
            OutOfRange: if a tissue attenuates more than a neper per radian, or the contrast is too strong for the maps.
        """
        kappa, rho = _numbers(fluids)
        known = next(n for n, fluid in enumerate(fluids) if fluid is not None)
        scale = float(kappa[known].real)
        kappa[kappa == 0], rho[rho == 0] = scale, rho[known]
        maps = np.empty(lattice.shape, np.complex64), np.empty(lattice.shape, np.float32)
        low = (-lattice.low[0], -lattice.low[1], -lattice.low[2])
        band_limited(cells, low, kappa / scale, rho, *maps, threads)
        if float(maps[0].real.min()) <= 0:
            raise OutOfRange("the contrast is too strong for low-passed maps; give no finer interfaces")
        # A low-passed map overshoots; a loss below zero there would create sound.
        maps[0].imag = np.maximum(maps[0].imag, 0)
        return cls(maps[0] * np.float32(scale), maps[1], smooth=True)

    @classmethod
    def of_labels(cls, labels: NDArray[np.uint8], fluids: list[Fluid | None]) -> StaggeredMedium:
        """Every voxel of one tissue: interfaces are staircases between voxels.

        Raises:
            OutOfRange: if a tissue attenuates more than a neper per radian, beyond which it carries no wave.
        """
        kappa, rho = _numbers(fluids)
        return cls(kappa.astype(np.complex64)[labels], rho.astype(np.float32)[labels])

    @property
    def fastest(self) -> float:
        """A bound [m/s] on the speed of any wave, interfaces of light and stiff voxels included."""
        stiff = 1 / self.compressibility.real
        light = 1 / self.density
        for axis in range(3):
            faces = 2 / (self.density + np.roll(self.density, -1, axis))
            light = np.maximum(light, np.maximum(faces, np.roll(faces, 1, axis)))
        return float(np.sqrt(np.max(stiff * light)))

    def lightness(self, dt: float) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Time step over the density where each velocity is, per axis."""
        a, b, c = ((dt / self._between(axis)).astype(np.float32) for axis in range(3))
        return a, b, c

    def _between(self, axis: int) -> NDArray[np.float32]:
        """Density half a voxel further on."""
        if not self.smooth:
            return 0.5 * (self.density + np.roll(self.density, -1, axis))
        out = np.zeros_like(self.density)
        for n, weight in enumerate(_HALF_WAY):
            out += weight * (np.roll(self.density, -n - 1, axis) + np.roll(self.density, n, axis))
        return out

    def at_one_frequency(self, omega: float, dt: float) -> Stuff:
        """Numbers for waves of one frequency, exact in time.

        In the steady state a leapfrog step multiplies by -i w with w = (2 / dt) sin(omega dt / 2) where the equations
        have -i omega, and a damping by cos(omega dt / 2). Compressibility and damping are scaled so that the discrete
        system obeys the very Helmholtz equation of omega and of these complex maps: no error of the time step is left,
        and no relaxation is needed.
        """
        rate, half = 2 / dt * math.sin(0.5 * omega * dt), math.cos(0.5 * omega * dt)
        kappa = self.compressibility
        damping = 0.5 * dt * (kappa.imag / kappa.real * (rate / half)).astype(np.float32)
        gain = (dt * (rate / omega) ** 2 / kappa.real / (1 + damping)).astype(np.float32)
        decay = ((1 - damping) / (1 + damping)).astype(np.float32)
        none = np.zeros(0, np.float32)
        return Stuff(gain, decay, self.lightness(dt), none, none, np.zeros((0, *kappa.shape), np.float32))


def _numbers(fluids: list[Fluid | None]) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
    """Compressibility and density per tissue; zero where one does not occur."""
    kappa, rho = np.zeros(len(fluids), np.complex128), np.zeros(len(fluids))
    for n, fluid in enumerate(fluids):
        if fluid is None:
            continue
        if fluid.attenuation >= fluid.wavenumber:
            raise OutOfRange(f"an attenuation of {fluid.attenuation} Np/m lets no wave of this frequency through")
        square = (fluid.wavenumber + 1j * fluid.attenuation) ** 2
        kappa[n], rho[n] = square / (fluid.omega**2 * fluid.density), fluid.density
    return kappa, rho


def require_memory(lattice: StaggeredLattice, relaxations: int) -> None:
    """Refuse a run that does not fit in the memory that is free.

    Raises:
        OutOfRange: with both numbers.
    """
    import os

    rims = sum(4 * lattice.layer / n for n in lattice.shape)
    needed = lattice.size * 4 * (16 + 2 * relaxations + rims)
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > 0.9 * free:
        raise OutOfRange(
            f"a time-domain run on {' x '.join(map(str, lattice.shape))} voxels needs {needed / 1e9:.1f} GB and "
            f"{free / 1e9:.1f} GB are free; take a smaller box or a coarser grid"
        )
