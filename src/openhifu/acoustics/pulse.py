"""Pulses and transients through any medium: what sensors hear of sources with a signal."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openhifu.acoustics.nonlinear_fluid import NonlinearFluid
from openhifu.acoustics.relaxation import Relaxations
from openhifu.acoustics.staggered_lattice import StaggeredLattice
from openhifu.acoustics.staggered_medium import gas_in, require_memory
from openhifu.acoustics.staggered_run import StaggeredRun
from openhifu.base.errors import CannotModel, GeometryError, OutOfRange
from openhifu.base.grid import Grid
from openhifu.model.medium import Medium

_POINTS_PER_WAVELENGTH = 2.5  # of the shortest wavelength of the band
_OUTSIDE = 1e-2  # share of a signal's energy that may lie outside the band
_BEYOND = 1.25  # of the band's upper end: highest frequency that is carried over between sampled and true time

Turn = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class PulseSource:
    """Small sources of volume that share one signal.

    Attributes:
        voxels: indices (x, y, z) of the medium's grid, shape (n, 3).
        rates: volume velocity of each per unit of the signal [m3/s], shape (n,).
        signal: samples, the first at time zero, silent before and after.
        interval: between samples [s].
    """

    voxels: NDArray[np.integer]
    rates: NDArray[np.float64]
    signal: NDArray[np.float64]
    interval: float


@dataclass(frozen=True, eq=False)
class PulseRecord:
    """What was heard.

    Attributes:
        times: s.
        traces: pressure at every sensor [Pa], shape (sensors, times).
        attenuation_error: largest error of the relaxations' attenuation within the band, relative to its largest.
    """

    times: NDArray[np.float64]
    traces: NDArray[np.float64]
    attenuation_error: float


def propagate_pulse(
    medium: Medium,
    source: PulseSource,
    sensors: ArrayLike,
    duration: float,
    band: tuple[float, float],
    threads: int = 2,
) -> PulseRecord:
    """Run a pulse through a medium in open space: the outermost voxels go on beyond the grid.

    Derivatives are spectral and time goes by leapfrog, whose error depends on frequency alone: a step turns omega into
    (2 / dt) sin(omega dt / 2). The signal is warped by that before the run and the traces are warped back after it, so
    speed is exact at every frequency in every tissue without a k-space factor. Attenuation and dispersion are those of
    up to four relaxations fitted to each tissue's power law over the band, to ``attenuation_error``.

    Args:
        medium: tissues on a grid, in any frame.
        source: where and what.
        sensors: voxel indices (x, y, z), shape (m, 3).
        duration: s.
        band: lowest and highest frequency of the signal [Hz].
        threads: how many; the numbers do not depend on it.

    Raises:
        CannotModel: if the medium holds gas.
        GeometryError: if the grid is too coarse for the band, or voxels lie outside it.
        MissingProperty: if a tissue lacks a value.
        OutOfRange: if numbers are not positive, or the signal has much of its energy outside the band.

    Source: J. Koene, J. Robertsson, F. Broggini and F. Andersson, Geophys. J. Int. 213, 1 (2018), for the warping.
    """
    if (gas := gas_in(medium)) is not None:
        raise CannotModel(f"the time-domain method holds no contrast as strong as that of {gas}; relabel it")
    heard = np.atleast_2d(np.asarray(sensors, dtype=np.int64))
    _require(source, duration, band, threads)
    fluids = _fluids(medium, band)
    _require_fine(medium.grid, fluids, band)
    longest = max(f.linear.sound_speed for f in fluids if f is not None) / math.sqrt(band[0] * band[1])
    lattice = StaggeredLattice.around(medium.grid, longest)
    require_memory(lattice, 4)
    labels = lattice.extended(medium.map.data)
    dt = lattice.stable_step(fastest := Relaxations.of(fluids, band).medium(labels).fastest)
    relaxations = Relaxations.of(fluids, band, dt)
    steps = math.ceil(duration / dt)
    stuff = relaxations.stuff(labels, dt)
    motion = lattice.at_rest(relaxations.times.size)
    ears = tuple(_places(medium.grid, heard, lattice.layer).T)
    push_at = tuple(_places(medium.grid, source.voxels, lattice.layer).T)
    weights = stuff.gain[push_at] * (source.rates / medium.grid.voxel_volume).astype(np.float32)
    highest = 2 * np.pi * band[1] * _BEYOND
    arrive = np.linspace(0.0, source.interval * (source.signal.size - 1), source.signal.size)
    times = np.linspace(dt, dt * steps, steps)
    signal = _warped(source.signal, arrive, times - 0.5 * dt, _slower(dt), highest).astype(np.float32)
    traces = np.empty((heard.shape[0], steps))
    with StaggeredRun(motion, stuff, lattice.slopes(dt, fastest), threads) as run:
        for n in range(steps):
            run.step(lambda s=signal[n]: np.add.at(motion.p, push_at, weights * s))
            traces[:, n] = motion.p[ears]
    heard_truly = [_warped(trace, times, times, _faster(dt), highest) for trace in traces]
    return PulseRecord(times, np.array(heard_truly).reshape(traces.shape), relaxations.worst)


def _slower(dt: float) -> Turn:
    """From a frequency of the run to the one it stands for."""
    return lambda omega: 2 / dt * np.sin(0.5 * omega * dt)


def _faster(dt: float) -> Turn:
    """From a true frequency to the one that stands for it in the run."""
    return lambda omega: 2 / dt * np.arcsin(0.5 * omega * dt)


def _warped(
    signal: NDArray[np.float64], at: NDArray[np.float64], wanted: NDArray[np.float64], turned: Turn, highest: float
) -> NDArray[np.float64]:
    """A signal whose spectrum at omega is the given one's at ``turned(omega)``, at the wanted times."""
    interval = float(at[1] - at[0])
    span = 2 * max(float(at[-1]), float(wanted[-1]))
    count = int(highest * span / (2 * np.pi))
    omega = np.linspace(2 * np.pi / span, 2 * np.pi * count / span, count)
    spectrum = np.exp(1j * np.outer(turned(omega), at)) @ signal * interval
    return np.asarray((np.exp(-1j * np.outer(wanted, omega)) @ spectrum).real * 2 / span, dtype=np.float64)


def _fluids(medium: Medium, band: tuple[float, float]) -> list[NonlinearFluid | None]:
    """Tissues that occur, at the middle of the band."""
    middle = math.sqrt(band[0] * band[1])
    return [
        NonlinearFluid.of(t, middle, nonlinear=False) if here else None
        for t, here in zip(medium.tissues, medium.present(), strict=True)
    ]


def _require(source: PulseSource, duration: float, band: tuple[float, float], threads: int) -> None:
    count = len(source.voxels)
    if not (duration > 0 and 0 < band[0] < band[1] and source.interval > 0 and threads >= 1):
        raise OutOfRange(
            f"a pulse needs a positive duration and interval, a rising band and a thread; got {duration} s, "
            f"{source.interval} s, {band} Hz, {threads}"
        )
    if source.rates.shape != (count,) or source.signal.ndim != 1 or source.signal.size < 2:
        raise OutOfRange(f"{count} source voxels need as many rates and one signal of two samples or more")
    if not np.all(np.isfinite(source.signal)) or not np.all(np.isfinite(source.rates)):
        raise OutOfRange("signal and rates must be finite")
    size = 8 * source.signal.size
    energy = np.abs(np.fft.rfft(source.signal, size)) ** 2
    frequency = np.fft.rfftfreq(size, source.interval)
    outside = float(energy[(frequency < band[0]) | (frequency > band[1])].sum() / energy.sum())
    if outside > _OUTSIDE:
        raise OutOfRange(
            f"{100 * outside:.0f} % of the signal's energy lie outside {band[0]:.3g} to {band[1]:.3g} Hz, where the "
            "medium would be guessed; widen the band or filter the signal"
        )


def _require_fine(grid: Grid, fluids: list[NonlinearFluid | None], band: tuple[float, float]) -> None:
    slowest = min(f.linear.sound_speed for f in fluids if f is not None)
    needed = slowest / band[1] / _POINTS_PER_WAVELENGTH
    if max(grid.spacing) > needed * (1 + 1e-9):
        raise GeometryError(
            f"voxels of {1e3 * max(grid.spacing):.3g} mm are too coarse for {band[1] / 1e6:.3g} MHz, whose shortest "
            f"wavelength is {1e3 * slowest / band[1]:.3g} mm: use {1e3 * needed:.3g} mm or less"
        )


def _places(grid: Grid, voxels: NDArray[np.integer], layer: int) -> NDArray[np.int64]:
    """Indices (z, x, y) of a pulse's lattice."""
    at = np.asarray(voxels, dtype=np.int64)
    if at.ndim != 2 or at.shape[1] != 3 or np.any(at < 0) or np.any(at >= np.array(grid.shape)):
        raise GeometryError(f"sources and sensors are voxel indices (n, 3) inside a grid of {grid.shape}")
    return at[:, [2, 0, 1]] + layer
