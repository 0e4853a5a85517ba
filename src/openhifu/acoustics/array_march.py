"""The march of ``marching_kernels.march`` written over whole planes, for libraries that run them on other hardware.

The same operator: the same reference values, propagator, screens, absorbing edges and energy tally, from the same
tables. Only the order of sums differs, so both agree to the rounding of single precision.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.array_library import ArrayLibrary
from openhifu.acoustics.marching_kernels import (
    Beam,
    Keep,
    Tables,
    beam_means,
    make_propagator,
    make_screens,
    mean_slope,
    references,
)


def diffracted(xp: Any, field: Any, propagator: Any) -> Any:
    """A plane's amplitude one step on, through the mean of the tissue in the beam: shape (rows, columns)."""
    return xp.fft.ifft2(xp.fft.fft2(field) * propagator).astype(xp.complex64)


def screened(field: Any, screens: Any, pair: Any, edges: Any) -> Any:
    """Departure from the mean, transmission and absorbing edges on the plane that was reached.

    Args:
        field: amplitude, (rows, columns).
        screens: factor of every pair of labels.
        pair: index of each voxel's pair: label before it times the number of labels, plus its own.
        edges: factors of the absorbing edges; zero beyond the grid.
    """
    return field * screens[pair] * edges


class ArrayMarch:
    """March a plane through labels with a library's arrays; called exactly as ``marching_kernels.march`` is.

    Args:
        library: whose arrays.
    """

    def __init__(self, library: ArrayLibrary) -> None:
        """Compile the steps, where the library does."""
        self.library = library
        xp = library.xp

        def step(field: Any, propagator: Any, screens: Any, pair: Any, edges: Any) -> Any:
            reached = diffracted(xp, field, propagator)
            return reached, screened(reached, screens, pair, edges)

        self._step = library.compiled(step)

    def __call__(
        self,
        field: NDArray[np.complex64],
        labels: NDArray[np.uint8],
        tables: Tables,
        beam: Beam,
        edges: tuple[NDArray[np.float32], NDArray[np.float32]],
        quadrant: NDArray[np.complex64],
        keep: Keep,
    ) -> None:
        """March; arguments and results as those of ``marching_kernels.march``."""
        xp, many = self.library.xp, tables.wavenumber.size
        nz, nx, ny = labels.shape
        rows, columns = field.shape
        beyond = ((0, rows - nx), (0, columns - ny))
        edge = xp.asarray(np.pad(np.outer(*edges), beyond))
        chosen = references(beam_means(labels, tables, beam))
        before = np.pad(labels[0], beyond).astype(np.int32)
        wave = xp.asarray(field) * edge
        kept = _Kept(xp, labels, tables, keep)
        kept.plane(0, wave)
        kept.losses(0, wave, beam, 0.5)
        propagator, screens, cosine = None, None, 1.0
        for n in range(1, nz):
            if n == 1 or np.any(chosen[n] != chosen[n - 1]):
                k, alpha = chosen[n]
                make_propagator(quadrant, k, alpha, field.shape, beam)
                propagator, cosine = xp.asarray(_whole(quadrant, field.shape)), 1.0 / mean_slope(k, beam)
                screens = xp.asarray(_screens(k, alpha, tables, beam))
            here = np.pad(labels[n], beyond).astype(np.int32)
            reached, wave = self._step(wave, propagator, screens, xp.asarray(before * many + here), edge)
            kept.interfaces(n, reached, edge, cosine, beam)
            kept.plane(n, wave)
            kept.losses(n, wave, beam, 1.0 if n < nz - 1 else 0.5)
            before = here
        kept.bring(self.library)
        field[...] = self.library.on_host(wave)


def _whole(quadrant: NDArray[np.complex64], shape: tuple[int, int]) -> NDArray[np.complex64]:
    """The propagator on the whole spectrum, from one quadrant."""
    out = np.zeros(shape, np.complex64)
    sides = [np.minimum(np.arange(n), n - np.arange(n)) for n in shape]
    rows, columns = (np.flatnonzero(side < m) for side, m in zip(sides, quadrant.shape, strict=True))
    out[np.ix_(rows, columns)] = quadrant[np.ix_(sides[0][rows], sides[1][columns])]
    return out


def _screens(k: float, alpha: float, tables: Tables, beam: Beam) -> NDArray[np.complex64]:
    many = tables.wavenumber.size
    parts = np.ones(many * many, np.float32), np.zeros(many * many, np.float32)
    make_screens(parts, k, alpha, tables, beam)
    return (parts[0] + 1j * parts[1]).astype(np.complex64)


class _Kept:
    """What a ``Keep`` asks for, gathered as the library's arrays and brought over at the end."""

    def __init__(self, xp: Any, labels: NDArray[np.uint8], tables: Tables, keep: Keep) -> None:
        self.xp, self.labels, self.tables, self.keep = xp, labels, tables, keep
        self.square, self.heat = xp.asarray(tables.square), xp.asarray(tables.heat)
        self.tables_of_losses, self.reflected = xp.asarray(keep.losses), xp.asarray(keep.reflected)
        self.largest: list[Any] = []
        self.windows: list[Any] = []
        self.pressures: list[Any] = []
        self.powers: list[Any] = []
        self.blocks: dict[int, Any] = {}
        self.best, self.peak = xp.zeros(labels.shape[1:], xp.float32), xp.asarray(-1.0, dtype=xp.float32)

    def plane(self, n: int, wave: Any) -> None:
        """Note |P|^2 of plane n, and what is made of it."""
        xp, (nx, ny) = self.xp, self.labels.shape[1:]
        inside, here = wave[:nx, :ny], xp.asarray(self.labels[n].astype(np.int32))
        factor = self.square[here]
        square = (inside.real**2 + inside.imag**2) * factor
        largest = xp.max(square)
        self.largest.append(largest)
        self.best = xp.where(largest > self.peak, square, self.best)
        self.peak = xp.maximum(largest, self.peak)
        i, j = self.keep.corner
        p, q = self.keep.window.shape[1:]
        self.windows.append(square[i : i + p, j : j + q])
        if self.keep.pressure.size:
            self.pressures.append(inside * xp.sqrt(factor))
        self._heat(n, square, here)

    def _heat(self, n: int, square: Any, here: Any) -> None:
        """Add the plane's heat to the layer of blocks that it belongs to."""
        keep, size = self.keep, self.keep.block
        layers, rows, columns = keep.heat.shape
        layer = (n - int(keep.first[2])) // size
        if not 0 <= layer < layers or rows * columns == 0:
            return
        x, y = int(keep.first[0]), int(keep.first[1])
        cut = (square * self.heat[here])[x : x + rows * size, y : y + columns * size]
        share = cut.reshape(rows, size, columns, size).sum(axis=(1, 3)) / size**3
        self.blocks[layer] = self.blocks[layer] + share if layer in self.blocks else share

    def losses(self, n: int, wave: Any, beam: Beam, share: float) -> None:
        """Add the power attenuated and absorbed on plane n, of which ``share`` of a voxel's thickness counts."""
        if not self.keep.power.size:
            return
        xp, (nx, ny) = self.xp, self.labels.shape[1:]
        here = xp.asarray(self.labels[n].astype(np.int32))
        power = xp.abs(wave[:nx, :ny]) ** 2 * (share * float(np.prod(beam.steps)))
        both = [xp.sum(power * self.tables_of_losses[m][here]) for m in (0, 1)]
        self.powers.append((*both, 0.0, 0.0))

    def interfaces(self, n: int, reached: Any, edge: Any, cosine: float, beam: Beam) -> None:
        """Add the power turned back at interfaces and swallowed at the edges, before the screens are applied."""
        if not self.keep.power.size:
            return
        xp, (nx, ny) = self.xp, self.labels.shape[1:]
        before, here = (xp.asarray(self.labels[m].astype(np.int32)) for m in (n - 1, n))
        area = cosine * float(beam.steps[0] * beam.steps[1])
        power = xp.abs(reached[:nx, :ny]) ** 2 * self.tables_of_losses[2][before] * area
        back = power * self.reflected[before, here]
        swallowed = xp.sum((power - back) * (1.0 - edge[:nx, :ny] ** 2))
        self.powers.append((0.0, 0.0, xp.sum(back), swallowed))

    def bring(self, library: ArrayLibrary) -> None:
        """Copy everything into the ``Keep``."""
        keep, host = self.keep, library.on_host
        for n, (largest, window) in enumerate(zip(self.largest, self.windows, strict=True)):
            keep.largest[n], keep.window[n] = float(largest), host(window)
        for n, pressure in enumerate(self.pressures):
            keep.pressure[n] = host(pressure)
        for layer, block in self.blocks.items():
            keep.heat[layer] = host(block)
        keep.best[...] = host(self.best)
        for part in self.powers:
            keep.power[:] += [float(p) for p in part]
