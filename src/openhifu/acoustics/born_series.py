"""Convergent Born series: the wave equation of a medium solved by iteration, with an honest log of its residual."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.born_kernels import answer_slabs, first_planes, renew_planes
from openhifu.acoustics.born_medium import BornMedium
from openhifu.acoustics.field import Convergence
from openhifu.base.errors import OutOfRange
from openhifu.base.progress import Progress, silent

_CHUNKS = 8  # pieces of a sweep per thread, so that a thread that is held up does not hold up the other


@dataclass(frozen=True, eq=False)
class Source:
    """Sources on some planes of the lattice.

    Attributes:
        first: index of the first of these planes.
        planes: S / sqrt(relative density), shape (n, nx, ny) [Pa/m2].
    """

    first: int
    planes: NDArray[np.complex64]


class BornSeries:
    """Solves lap psi + K psi = -S on a periodic lattice with absorbing layers.

    psi <- psi + gamma (G (V psi + S) - psi), V = K - centre - i scale, G = 1 / (q^2 - centre - i scale),
    gamma = i V / scale: it converges for every medium that creates no sound when scale is at least the largest
    |K - centre|. Two transforms of the lattice an iteration, and three arrays of it.

    Source: Osnabrugge, Leedumrongwatthanakun and Vellekoop, J. Comput. Phys. 322, 113 (2016); the complex centre is
    that of Vettenburg and Vellekoop, arXiv:2207.14222.

    Args:
        medium: what the waves go through.
        threads: at a time; the numbers do not depend on them.
    """

    def __init__(self, medium: BornMedium, threads: int) -> None:
        if threads < 1:
            raise OutOfRange(f"a solve needs at least one thread, got {threads}")
        self._medium, self._threads = medium, threads

    def solve(
        self, source: Source, tolerance: float, most: int, progress: Progress = silent
    ) -> tuple[NDArray[np.complex64], Convergence]:
        """Field psi of a source.

        Args:
            source: S.
            tolerance: norm of G (V psi + S) - psi over the norm of psi at which to stop.
            most: iterations.
            progress: told after every iteration.

        Returns:
            psi in the shape of the lattice, and how the iteration went.
        """
        medium, shape = self._medium, self._medium.box.shape
        work, psi = np.empty(shape, np.complex64), np.zeros(shape, np.complex64)
        sizes, squares = np.zeros((shape[0], 2)), medium.wavenumbers
        shift = complex(medium.centre + 1j * medium.scale)
        log: list[float] = []
        with ThreadPoolExecutor(self._threads) as pool:

            def sweep(job: Callable[[tuple[int, int]], None], n: int) -> None:
                pieces = min(n, _CHUNKS * self._threads)
                cuts = [n * p // pieces for p in range(pieces + 1)]
                list(pool.map(job, zip(cuts[:-1], cuts[1:], strict=True)))

            sweep(lambda part: first_planes(work, source.planes, source.first, part), shape[0])
            while len(log) < most:
                sweep(lambda part: answer_slabs(work, squares, shift, part), shape[1])
                sweep(
                    lambda part: renew_planes(
                        work, psi, medium.potential, source.planes, source.first, medium.scale, part, sizes
                    ),
                    shape[0],
                )
                residual, size = sizes.sum(axis=0)
                log.append(math.sqrt(residual / size) if size > 0 else math.inf)
                progress("full wave", min(1.0, math.log(log[-1]) / math.log(tolerance)) if log[-1] < 1 else 0.0)
                if not log[-1] > tolerance:
                    break
        return psi, Convergence(tuple(log), tolerance)

    def adjoint(
        self, source: Source, tolerance: float, most: int, progress: Progress = silent
    ) -> tuple[NDArray[np.complex64], Convergence]:
        """Field of the adjoint equation: the operator is its own transpose, so only conjugates change."""
        conjugate = Source(source.first, np.conj(source.planes))
        psi, convergence = self.solve(conjugate, tolerance, most, progress)
        return np.conj(psi), convergence
