"""Accuracy of the time domain against closed forms and the Rayleigh integral, as rows to be re-run."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.field import AcousticField
from openhifu.acoustics.fullwave import FullWave
from openhifu.acoustics.interfaces import Plane, Surfaces
from openhifu.acoustics.nonlinear_fluid import NonlinearFluid
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.pulse import PulseSource, propagate_pulse
from openhifu.acoustics.radial import RadialField
from openhifu.acoustics.rayleigh import RayleighIntegral
from openhifu.acoustics.source import Fluid
from openhifu.acoustics.timedomain import TimeDomain
from openhifu.acoustics.validation_pictures import along_axis, amplitudes
from openhifu.acoustics.validation_setups import LOSSLESS, bowl, lossy, substance
from openhifu.base.field import Field
from openhifu.base.grid import Grid
from openhifu.base.picture import Curve, Picture
from openhifu.base.validation import ValidationRow
from openhifu.model.drive import Drive
from openhifu.model.medium import Medium
from openhifu.model.tissue import Tissue
from openhifu.model.tissuemap import TissueMap

_KEEP = Recording(pressure=True, heat=False)
_BAND = (0.35e6, 1.45e6)


def _bone() -> Tissue:
    """Numbers of cortical bone under another name."""
    return substance("fat", sound_speed=2800.0, density=1850.0, attenuation=46.0)


def _box(spacing: float = 0.5e-3) -> Grid:
    """24 x 24 x 15 mm around the focus of the 60 mm bowls."""
    half = 24 * spacing
    return Grid.box((-half, -half, 52e-3), (half, half, 52e-3 + 30 * spacing), spacing)


def _recorded(field: AcousticField) -> Field:
    if field.pressure is None:
        raise TypeError("the case must record pressure")
    return field.pressure


def _l2(found: Field, truth: Field) -> float:
    """Relative L2 difference of two complex fields, %."""
    return 100 * float(np.linalg.norm(found.data - truth.data) / np.linalg.norm(truth.data))


def _uniform(tissue: Tissue, case: str) -> ValidationRow:
    problem = AcousticProblem(bowl(0.0, 40e-3).drive(1.0), Medium.uniform(tissue, _box()))
    found, truth = (_recorded(solver.solve(problem, _KEEP)) for solver in (TimeDomain(), RayleighIntegral()))
    picture = along_axis(found, truth, "Rayleigh integral")
    return ValidationRow.of(case, _l2(found, truth), 0.5, "% L2", "Rayleigh integral, complex field", picture)


def beyond_a_wall(drive: Drive, beyond: Tissue, grid: Grid, wall: float) -> NDArray[np.complex128]:
    """Pressure [Pa] on the axis of a round source in lossless water before and beyond a flat wall, reflection included.

    Args:
        drive: of 1 MHz.
        beyond: tissue of the half-space behind the wall.
        grid: whose planes are wanted; it begins where the exact spectrum is taken.
        wall: distance of the wall from the apex [m].
    """
    near, far = Fluid.of(LOSSLESS, 1e6), Fluid.of(beyond, 1e6)
    h, half, start = 0.4e-3, 200, float(grid.affine[2, 3])
    x = np.arange(-half, half) * h
    radius = np.hypot(x[:, None], x[None, :])
    spectrum = np.fft.fft2(RadialField(drive, near, np.array([start]), float(radius.max())).plane(0, radius))
    k = 2 * np.pi * np.fft.fftfreq(2 * half, h)
    lateral = k[:, None] ** 2 + k[None, :] ** 2
    one, two = (np.sqrt((f.wavenumber + 1j * f.attenuation) ** 2 - lateral + 0j) for f in (near, far))
    ratio = far.density * one / (near.density * two)
    wall -= start
    # What passes is continued by its spectrum; the axis is the mean of the spectrum.
    truth = np.empty(grid.shape[2], np.complex128)
    for n, z in enumerate(grid.axis(2)):
        there = np.exp(1j * one * z) + (ratio - 1) / (ratio + 1) * np.exp(1j * one * (2 * wall - z))
        if z > wall:
            there = 2 * ratio / (ratio + 1) * np.exp(1j * (one * wall + two * (z - wall)))
        wave = np.fft.ifft2(spectrum * np.where(lateral < (0.98 * near.wavenumber) ** 2, there, 0))
        truth[n] = wave[half, half]
    return truth


def _interface(beyond: Tissue, case: str, limit: float) -> ValidationRow:
    """Water, then another half-space: the complex field on the axis on both sides, reflection included."""
    grid, device = _box(0.4e-3), bowl(0.0, 40e-3)
    nz, h, first = grid.shape[2], 0.4e-3, 15
    data = np.zeros(grid.shape, np.uint8)
    data[:, :, first:] = 1
    medium = Medium(TissueMap(grid, data, (LOSSLESS.name, beyond.name)), (LOSSLESS, beyond))
    pressure = _recorded(TimeDomain().solve(AcousticProblem(device.drive(1.0), medium), _KEEP))
    truth = beyond_a_wall(device.drive(1.0), beyond, grid, 52e-3 + (first - 0.5) * h)
    line = pressure.data[grid.shape[0] // 2, grid.shape[1] // 2]
    figure = 100 * float(np.linalg.norm(line - truth) / np.linalg.norm(truth))
    picture = amplitudes(1e3 * (52e-3 + h * np.arange(nz)), line, truth, of="exact spectrum")
    return ValidationRow.of(case, figure, limit, "% L2 on axis", "exact spectrum, one interface", picture)


def _full_wave(tissue: Tissue, case: str, limit: float) -> ValidationRow:
    """A layer of 3.1 mm, its faces between the planes, at a fifth of a wavelength, both with the same surfaces."""
    h = 0.28e-3
    grid = Grid.box((-22 * h, -22 * h, 52e-3), (22 * h, 22 * h, 52e-3 + 32 * h), h)
    faces = (54.075e-3, 57.175e-3)
    surfaces = Surfaces(tuple(Plane((0.0, 0.0, z), (0.0, 0.0, 1.0)) for z in faces), (0, 1, 0))
    medium = Medium(TissueMap(grid, surfaces.labels(grid), (LOSSLESS.name, tissue.name)), (LOSSLESS, tissue))
    problem = AcousticProblem(bowl(0.0, 40e-3).drive(1.0), medium)
    solvers = (TimeDomain(2, surfaces), FullWave(surfaces, tolerance=2e-4))
    found, truth = (_recorded(solver.solve(problem, _KEEP)) for solver in solvers)
    words = "full wave in the frequency domain, complex field"
    return ValidationRow.of(case, _l2(found, truth), limit, "% L2", words, along_axis(found, truth, "full wave"))


def _pulse(tissue: Tissue, case: str, limit: float) -> ValidationRow:
    """A small source in the open, heard off the lattice's axes, against the spherical wave of every frequency."""
    grid = Grid.box((0, 0, 0), (10e-3, 10e-3, 20e-3), 0.4e-3)
    interval, middle = 2e-8, 0.9e6
    t = interval * np.arange(300)
    signal = np.sin(2 * np.pi * middle * (t - 3e-6)) * np.exp(-(((t - 3e-6) / 1e-6) ** 2))
    at, ears = np.array([[12, 12, 8]]), np.array([[18, 16, 25], [7, 20, 40], [12, 12, 45]])
    source = PulseSource(at, np.array([1e-6]), signal, interval)
    record = propagate_pulse(Medium.uniform(tissue, grid), source, ears, 24e-6, _BAND)
    fluid = NonlinearFluid.of(tissue, math.sqrt(_BAND[0] * _BAND[1]), nonlinear=False)
    omega = np.linspace(2 * np.pi / 60e-6, 2 * np.pi * 119 / 60e-6, 119)
    spectrum = np.exp(1j * np.outer(omega, t)) @ signal * interval
    k = fluid.wavenumbers_at(omega / fluid.linear.omega)
    worst, curves = 0.0, []
    for ear, trace in zip(ears, record.traces, strict=True):
        r = 0.4e-3 * float(np.linalg.norm(ear - at[0]))
        wave = -1j * omega * fluid.linear.density * 1e-6 * spectrum * np.exp(1j * k * r) / (4 * np.pi * r)
        truth = (np.exp(-1j * np.outer(record.times, omega)) @ wave).real * 2 / 60e-6
        worst = max(worst, float(np.linalg.norm(trace - truth) / np.linalg.norm(truth)))
        curves.append(Curve.of(f"at {1e3 * r:.1f} mm", 1e6 * record.times, trace))
        curves.append(Curve.of("exact", 1e6 * record.times, truth, reference=True))
    picture = Picture("time [us]", "pressure [Pa]", tuple(curves))
    words = "point source, exact power law and dispersion"
    return ValidationRow.of(case, 100 * worst, limit, "% L2 of trace", words, picture)


CASES: dict[str, Callable[[], ValidationRow]] = {
    "timedomain-water": lambda: _uniform(LOSSLESS, "bowl in water, time domain"),
    "timedomain-lossy": lambda: _uniform(lossy(), "bowl in lossy water, time domain"),
    "timedomain-soft-wall": lambda: _interface(substance("fat"), "water to fat, time domain", 1.0),
    "timedomain-hard-wall": lambda: _interface(_bone(), "water to bone, time domain", 4.0),
    "timedomain-fullwave-soft": lambda: _full_wave(substance("fat"), "layer of fat, time domain", 1.0),
    "timedomain-fullwave-bone": lambda: _full_wave(_bone(), "layer of bone, time domain", 4.0),
    "pulse-water": lambda: _pulse(LOSSLESS, "pulse in water", 1.5),
    "pulse-linear-loss": lambda: _pulse(
        substance("liver", attenuation=20.0, attenuation_exponent=1.0), "pulse, loss as frequency", 2.0
    ),
    "pulse-steep-loss": lambda: _pulse(
        substance("liver", attenuation=20.0, attenuation_exponent=1.6), "pulse, loss as frequency to the 1.6", 2.0
    ),
}
"""Every case by its name."""
