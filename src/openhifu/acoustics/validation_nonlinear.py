"""Accuracy of harmonics and shocks against closed forms, refinement and linear solvers, as rows to be re-run."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.axisymmetric import Axisymmetric
from openhifu.acoustics.burgers import steepen
from openhifu.acoustics.burgers_exact import blackstock, fubini, mendousse
from openhifu.acoustics.flat_layers import through_flat_layers
from openhifu.acoustics.hankel import HankelTransform
from openhifu.acoustics.nonlinear_fluid import NonlinearFluid
from openhifu.acoustics.oneil import oneil_on_axis
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.radial import RadialField
from openhifu.acoustics.radial_march import LayeredPath, RadialMarch
from openhifu.acoustics.radial_source import disc_radius, first_station, first_waves, round_cap
from openhifu.acoustics.radial_stations import FOCAL_STEP, STEP, focal_zone
from openhifu.acoustics.rayleigh import RayleighIntegral
from openhifu.acoustics.source import Fluid, element_velocities
from openhifu.acoustics.validation_pictures import along_axis, amplitudes
from openhifu.acoustics.validation_setups import LOSSLESS, bowl, device, lossy, substance
from openhifu.base.grid import Grid
from openhifu.base.picture import Curve, Picture
from openhifu.base.validation import ValidationRow
from openhifu.model.medium import Medium
from openhifu.model.tissuemap import TissueMap
from openhifu.model.transducer import Cap

_FIRST = np.arange(5)  # harmonics compared


def plane_wave(sigma: float, steps: int, harmonics: int, gol: float = np.inf) -> NDArray[np.float64]:
    """Harmonics of a plane wave that was a sine, after so many steps, attenuated by n^2 / gol per shock distance."""
    wave = np.zeros((1, harmonics), np.complex128)
    wave[0, 0] = -1j
    step = sigma / steps
    half = np.exp(-0.5 * step * np.arange(1, harmonics + 1) ** 2 / gol)
    for _ in range(steps):
        wave *= half
        steepen(wave, np.array([step]), np.zeros(1))
        wave *= half
    return np.abs(wave[0])


def _relative(found: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """Largest relative error of the first harmonics, in percent."""
    return 100 * float(np.max(np.abs(found[_FIRST] / truth[_FIRST] - 1)))


def _spectra(pairs: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]], of: str) -> Picture:
    """Harmonics over their number: found and true, per name."""
    curves = []
    for name, (found, truth) in pairs.items():
        numbers = np.arange(1, _FIRST.size + 1)
        curves.append(Curve.of(name, numbers, found[_FIRST], points=True))
        curves.append(Curve.of(of, numbers, truth[_FIRST], reference=True))
    return Picture("harmonic", "amplitude", tuple(curves), log_y=True)


def _fubini() -> ValidationRow:
    found, truth = plane_wave(0.8, 40, 48), fubini(0.8, 5)
    picture = _spectra({"sigma 0.8": (found, truth)}, "Fubini")
    figure = _relative(found, truth)
    return ValidationRow.of("plane wave before its shock, 5 harmonics", figure, 0.1, "%", "Fubini, sigma 0.8", picture)


def _blackstock() -> ValidationRow:
    figure = max(
        _relative(plane_wave(sigma, steps, 64), blackstock(sigma, 5))
        for sigma in (1.5, 3.0, 5.0)
        for steps in (25, 200)
    )
    pairs = {f"sigma {s:g}": (plane_wave(s, 200, 64), blackstock(s, 5)) for s in (1.5, 5.0)}
    picture = _spectra(pairs, "Blackstock")
    return ValidationRow.of("lossless shock, 5 harmonics", figure, 1.0, "%", "Blackstock, sigma 1.5 to 5", picture)


def _viscous() -> ValidationRow:
    figure = max(_relative(plane_wave(s, 100, 64, 25.0), mendousse(s, 25.0, 5)) for s in (1.5, 3.5, 5.0))
    pairs = {f"sigma {s:g}": (plane_wave(s, 100, 64, 25.0), mendousse(s, 25.0, 5)) for s in (1.5, 5.0)}
    words = "Mendousse (Fay where old), Gol'dberg 25, to sigma 5"
    picture = _spectra(pairs, "Mendousse")
    return ValidationRow.of("thermoviscous shock, 5 harmonics", figure, 1.0, "%", words, picture)


def _thin_grid(low: float, high: float, spacing: float) -> Grid:
    """A few columns around the axis, from ``low`` to ``high`` [m]."""
    return Grid.box((-spacing, -spacing, low), (spacing, spacing, high), spacing)


def _linear_axis() -> ValidationRow:
    drive, grid = bowl(20e-3).drive(1.0), _thin_grid(16e-3, 100e-3, 0.5e-3)
    problem = AcousticProblem(drive, Medium.uniform(lossy(), grid))
    field = Axisymmetric().solve(problem, Recording(pressure=True, heat=False))
    fluid, surface = Fluid.of(lossy(), 1e6), round_cap(drive)
    z = grid.affine[2, 3] + grid.axis(2)
    truth = oneil_on_axis(surface, abs(element_velocities(drive, fluid)[0]), fluid, z)
    if field.pressure is None:
        raise TypeError("the case must record pressure")
    figure = 100 * float(np.abs(field.pressure.data[1, 1] - truth).max() / np.abs(truth).max())
    picture = amplitudes(1e3 * z, field.pressure.data[1, 1], truth, of="O'Neil, complex k")
    case, words = "linear annulus on axis, axisymmetric", "O'Neil with complex k"
    return ValidationRow.of(case, figure, 1.0, "% of peak", words, picture)


def _linear_field() -> ValidationRow:
    grid = Grid.box((-20e-3, -0.4e-3, 20e-3), (20e-3, 0.4e-3, 90e-3), 0.4e-3)
    problem = AcousticProblem(bowl(20e-3).drive(1.0), Medium.uniform(LOSSLESS, grid))
    found, truth = (
        solver.solve(problem, Recording(pressure=True, heat=False)).pressure
        for solver in (Axisymmetric(), RayleighIntegral())
    )
    if found is None or truth is None:
        raise TypeError("the case must record pressure")
    figure = 100 * float(np.linalg.norm(found.data - truth.data) / np.linalg.norm(truth.data))
    picture = along_axis(found, truth, "Rayleigh integral")
    return ValidationRow.of("linear field, axisymmetric", figure, 1.0, "% L2", "Rayleigh integral", picture)


def _linear_layers() -> ValidationRow:
    """Water, 10 mm of fat, 10 mm of cortical bone-like speed contrast, water: complex pressure on the axis behind."""
    names, counts, h = ("water", "fat", "muscle"), (20, 25, 95), 0.4e-3
    drive = bowl(0.0).drive(1.0)
    grid = Grid.box((-h, -h, 32e-3), (h, h, 32e-3 + h * (sum(counts) - 1)), h)
    data = np.broadcast_to(np.repeat(np.arange(3, dtype=np.uint8), counts), grid.shape).copy()
    tissues = (LOSSLESS, substance("fat"), substance("muscle", sound_speed=1700.0, density=1300.0))
    problem = AcousticProblem(drive, Medium(TissueMap(grid, data, names), tissues))
    field = Axisymmetric().solve(problem, Recording(pressure=True, heat=False))
    if field.pressure is None:
        raise TypeError("the case must record pressure")
    line, fluids = field.pressure.data[1, 1], [Fluid.of(t, 1e6) for t in tissues]
    half = 160
    x = np.arange(-half, half) * h
    radius = np.hypot(x[:, None], x[None, :])
    start = RadialField(drive, fluids[0], np.array([32e-3]), float(radius.max())).plane(0, radius)
    beyond = np.arange(50, grid.shape[2], 10)
    spans = [(counts[0] - 0.5) * h, counts[1] * h]
    truth = np.array(
        [
            through_flat_layers(start, h, [*zip(fluids[:2], spans, strict=True), (fluids[2], n * h - sum(spans))])[
                half, half
            ]
            for n in beyond
        ]
    )
    figure = 100 * float(np.abs(line[beyond] - truth).max() / np.abs(truth).max())
    picture = amplitudes(32 + 1e3 * h * beyond, line[beyond], truth, of="exact spectrum")
    words = "exact one-way spectrum"
    return ValidationRow.of("linear, flat layers, axisymmetric", figure, 1.5, "% of peak", words, picture)


@cache
def harmonics_at_focus(pressure: float, harmonics: int, points: int, finer: float) -> tuple[NDArray[np.float64], float]:
    """Harmonics at the focus of a 1.1 MHz, 63.2 mm bowl of source pressure [Pa] in water, and the power's closure."""
    water = substance("water", density=1000.0, nonlinearity=5.0)
    cap = Cap(focal_length=63.2e-3, outer_diameter=64e-3, hole_diameter=20e-3)
    fluid = NonlinearFluid.of(water, 1.1e6)
    drive = device(cap, 1.1e6).drive(pressure**2 / (2 * fluid.linear.impedance) * cap.area)
    wavelength = fluid.linear.wavelength
    zone, first = focal_zone(cap, wavelength), first_station(cap, wavelength)
    edge, focus = cap.focal_length - zone, cap.focal_length
    far = np.linspace(first, edge, 2 + int(finer * (edge - first) / (STEP * wavelength)))
    near = np.linspace(edge, focus, 2 + int(finer * zone / (FOCAL_STEP * wavelength)))
    z = np.concatenate([far[:-1], near])
    hankel = HankelTransform(disc_radius(cap, wavelength), points)
    march = RadialMarch(LayeredPath((fluid,), z, np.zeros(z.size, np.intp)), hankel, harmonics)
    emitted, last = 0.0, None
    for last in march.stations(first_waves(drive, fluid, hankel, first, harmonics)):
        emitted = emitted or float(last.budget[4])
    if last is None:
        raise TypeError("a path has stations")
    on_axis = np.abs(hankel.coefficients(last.waves).sum(axis=0))
    attenuated, _, reflected, lateral, leaving = last.budget
    return on_axis, float((emitted - attenuated - reflected - lateral - leaving) / emitted)


def _refined(pressure: float, order: int, limit: float) -> ValidationRow:
    """One harmonic at the focus, as the solver runs by default against finer steps, more radii and harmonics."""
    found, truth = harmonics_at_focus(pressure, 32, 600, 1)[0], harmonics_at_focus(pressure, 40, 700, 2)[0]
    figure = 100 * float(abs(found[order - 1] / truth[order - 1] - 1))
    name = f"harmonic {order} at the focus, {pressure / 1e6:g} MPa source"
    picture = _spectra({"default": (found, truth)}, "refined") if order == 1 else None  # one for its harmonics
    return ValidationRow.of(name, figure, limit, "%", "half the step, 700 radii, 40 harmonics", picture)


def _closure(pressure: float) -> ValidationRow:
    figure = 100 * abs(harmonics_at_focus(pressure, 32, 600, 1)[1])
    return ValidationRow.of(
        f"energy with shocks, {pressure / 1e6:g} MPa source", figure, 2.0, "% of emitted", "conservation of energy"
    )


CASES: dict[str, Callable[[], ValidationRow]] = {
    "fubini": _fubini,
    "blackstock": _blackstock,
    "mendousse": _viscous,
    "axisymmetric-axis": _linear_axis,
    "axisymmetric-field": _linear_field,
    "axisymmetric-layers": _linear_layers,
    "harmonic-1-weak": lambda: _refined(0.25e6, 1, 0.5),
    "harmonic-2-weak": lambda: _refined(0.25e6, 2, 1.5),
    "harmonic-4-weak": lambda: _refined(0.25e6, 4, 5.0),
    "harmonic-1-shock": lambda: _refined(0.8e6, 1, 0.5),
    "harmonic-2-shock": lambda: _refined(0.8e6, 2, 1.5),
    "harmonic-4-shock": lambda: _refined(0.8e6, 4, 5.0),
    "energy-shock": lambda: _closure(0.8e6),
}
"""Every case by its name."""
