"""The scattering potential of a medium on a periodic lattice, its centre and its size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from openhifu.acoustics.band_limit import band_limited
from openhifu.acoustics.born_box import BornBox
from openhifu.acoustics.born_kernels import centred, fade, potential_of
from openhifu.acoustics.interfaces import SubGrid
from openhifu.acoustics.source import Fluid

BYTES_PER_POINT = 33
"""Memory that making the maps and iterating take at most, per lattice point: three complex arrays and a real one are
28; measured, with labels, source and transforms, 33 on 13 million points and 29.5 on 85 million, before the field that
is kept (counted apart) is made."""

_LOSS_SHARE = 0.25  # of the largest Im K is the centre's: absorbing layers then cost fewer iterations
_STRICT = 1.05  # scale over the largest |K - centre|; at 1 waves that no lattice carries would never settle


@dataclass(frozen=True, eq=False)
class BornMedium:
    """A medium as the Born series sees it.

    With psi = p / sqrt(rho), lap psi + K psi = -S / sqrt(rho), K = omega^2 kappa rho - sqrt(rho) lap(1 / sqrt(rho)).

    Attributes:
        box: the lattice.
        background: what lies between source and medium, where relative density is 1.
        potential: V = K - centre - i scale [rad2/m2].
        root: 1 / sqrt(relative density).
        centre: in the middle of all K.
        scale: a little more than the largest |K - centre|.
        clipped: share of voxels where K would have created sound.
    """

    box: BornBox
    background: Fluid
    potential: NDArray[np.complex64]
    root: NDArray[np.float32]
    centre: complex
    scale: float
    clipped: float

    @classmethod
    def of(
        cls, box: BornBox, fluids: list[Fluid | None], background: Fluid, cells: SubGrid, threads: int
    ) -> BornMedium:
        """Make it from volume fractions.

        Args:
            box: the lattice.
            fluids: per tissue index; None where a tissue does not occur.
            background: the fluid of the source, to which the medium fades in the absorbing layers.
            cells: where tissues are.
            threads: blocks at a time.
        """
        square = (background.wavenumber + 1j * background.attenuation) ** 2
        kappa, rho = np.empty(box.shape, np.complex64), np.empty(box.shape, np.float32)
        known = [background if f is None else f for f in fluids]
        density = np.array([f.density / background.density for f in known])
        squares = np.array([(f.wavenumber + 1j * f.attenuation) ** 2 for f in known])
        band_limited(cells, box.low, squares / (square * density), density, kappa, rho, threads)
        fade(kappa, rho, _triple(box.weights()))
        if np.ptp(density) > 0:
            bent = _laplacian(rho, box.spacing, threads)
        else:
            bent = np.zeros_like(rho)
        layers = _triple([np.float32(2 * background.wavenumber) * a for a in box.absorption()])
        low, high, loss, clipped = potential_of(kappa, rho, bent, square, layers)
        del bent
        centre = complex(0.5 * (low + high), _LOSS_SHARE * loss)
        scale = float(centred(kappa, centre)) * _STRICT
        kappa -= np.complex64(1j * scale)
        return cls(box, background, kappa, rho, centre, scale, clipped / rho.size)

    @property
    def wavenumbers(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Squared wavenumbers along z, x, y [rad2/m2]."""
        return _squares(self.box.shape, self.box.spacing)


def _triple(
    parts: list[NDArray[np.float32]],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    a, b, c = parts
    return a, b, c


def _squares(
    shape: tuple[int, int, int], spacing: float
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    return _triple([((2 * np.pi * np.fft.fftfreq(n, spacing)) ** 2).astype(np.float32) for n in shape])


def _laplacian(root: NDArray[np.float32], spacing: float, threads: int) -> NDArray[np.float32]:
    """By the same transforms as the solver's own, so that both see one and the same medium."""
    spectrum = np.asarray(fft.rfftn(root, workers=threads))
    a, b, c = _squares((root.shape[0], root.shape[1], root.shape[2]), spacing)
    across = a[:, None] + b[None, :]
    for n in range(spectrum.shape[2]):
        spectrum[:, :, n] *= -(across + c[n])
    return np.asarray(fft.irfftn(spectrum, s=root.shape, overwrite_x=True, workers=threads), dtype=np.float32)
