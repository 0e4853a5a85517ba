"""Sources found from measurements: a bowl's field scanned on a plane, brought back, and sent forward again."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.equivalent import SourceStrength, from_hologram, from_sweep
from openhifu.acoustics.hologram import Hologram
from openhifu.acoustics.oneil import oneil_on_axis
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.rayleigh import pressure_at
from openhifu.acoustics.solve import solve
from openhifu.acoustics.source import Fluid, element_velocities
from openhifu.acoustics.validation_pictures import amplitudes
from openhifu.acoustics.validation_setups import LOSSLESS, axis_of, bowl, box
from openhifu.base.picture import Curve, Picture
from openhifu.base.validation import ValidationRow
from openhifu.model.medium import Medium
from openhifu.model.transducer import Cap

_POWER, _HALF, _STEP = 10.0, 30e-3, 0.7e-3  # W; half-width of a scan and its step [m], just under half a wavelength
_HYDROPHONE = 0.1  # its uncertainty, k = 2


def _fluid() -> Fluid:
    return Fluid.of(LOSSLESS, 1e6)


def _scan(z: float, noise: float = 0.0, gain: float = 1.0) -> Hologram:
    """The pressure of a bowl with a hole on a plane, as a hydrophone reads it: noise (rms share), and a wrong gain."""
    n = round(_HALF / _STEP)
    x = _STEP * np.arange(-n, n + 1)
    points = np.stack(np.broadcast_arrays(x[:, None], x[None, :], z), axis=-1)
    pressure = gain * pressure_at(bowl(20e-3).drive(_POWER), points, _fluid())
    if noise:
        chance = np.random.default_rng(3)
        size = noise * math.sqrt(0.5 * float(np.mean(np.abs(pressure) ** 2)))
        pressure = pressure + size * (
            chance.standard_normal(pressure.shape) + 1j * chance.standard_normal(pressure.shape)
        )
    return Hologram.measured(pressure, "Pa", (_STEP, _STEP), z, _fluid(), _HYDROPHONE)


@cache
def _brought_back(z: float) -> SourceStrength:
    return from_hologram(bowl(20e-3), _scan(z))


def _oneil(z: NDArray[np.float64]) -> NDArray[np.complex128]:
    drive = bowl(20e-3).drive(_POWER)
    surface = drive.transducer.surface
    if not isinstance(surface, Cap):
        raise TypeError("a bowl is a cap")
    return oneil_on_axis(surface, abs(element_velocities(drive, _fluid())[0]), _fluid(), z)


def _forward(scanned: float, only_peak: bool, case: str) -> ValidationRow:
    """Scan, back to the rim, and forward by the Rayleigh integral: complex pressure on the axis."""
    source = _brought_back(scanned)
    z = np.linspace(30e-3, 90e-3, 301)
    found = pressure_at(source.device.drive(source.power), np.stack([0 * z, 0 * z, z], axis=1), _fluid())
    truth = _oneil(z)
    top = float(np.abs(truth).max())
    figure = abs(float(np.abs(found).max()) / top - 1) if only_peak else float(np.abs(found - truth).max()) / top
    unit = "% of peak" if not only_peak else "%"
    picture = amplitudes(1e3 * z, found, truth, of="O'Neil")
    return ValidationRow.of(case, 100 * figure, 1.0, unit, "O'Neil on the axis", picture)


def _marched() -> ValidationRow:
    source, grid = _brought_back(30e-3), box()
    problem = AcousticProblem(source.device.drive(source.power), Medium.uniform(LOSSLESS, grid))
    pressure = solve(problem, Recording(pressure=True, heat=False), "marching").pressure
    if pressure is None:
        raise TypeError("the case must record pressure")
    n = grid.shape[0] // 2
    found, z = pressure.data[n, n], axis_of(grid)
    truth = _oneil(z)
    figure = 100 * float(np.abs(found - truth).max() / np.abs(truth).max())
    picture = amplitudes(1e3 * z, found, truth, of="O'Neil")
    return ValidationRow.of("scanned bowl, marched", figure, 1.0, "% of peak", "O'Neil on the axis", picture)


def _stated_uncertainty() -> ValidationRow:
    """Power of scans with noise and a hydrophone near either end of its certificate, over what the result admits."""
    truth = _scan(30e-3).power()
    gains, noises = (1 - 0.9 * _HYDROPHONE, 1.0, 1 + 0.9 * _HYDROPHONE), (0.0, 0.05, 0.2)
    off = np.empty((len(noises), len(gains)))
    for n, noise in enumerate(noises):
        for m, gain in enumerate(gains):
            found = from_hologram(bowl(20e-3), _scan(30e-3, noise, gain))
            off[n, m] = abs(found.power / truth - 1) / found.relative_uncertainty
    places = np.array(gains)
    curves = [Curve.of(f"noise {100 * v:g} %", places, row, points=True) for v, row in zip(noises, off, strict=True)]
    curves.append(Curve.of("as stated", places, np.ones(3), reference=True))
    picture = Picture("gain of the hydrophone", "error of the power / stated uncertainty", tuple(curves))
    words = "power of the scan without noise"
    return ValidationRow.of("power of a noisy scan", float(off.max()), 1.0, "of stated", words, picture)


def _sweep() -> ValidationRow:
    """Power from a sweep with scatter, made with O'Neil's pressures at known powers."""
    drives = np.repeat(np.arange(5.0, 55.0, 5.0), 3)
    chance = np.random.default_rng(4)
    powers = 2e-2 * drives**2
    focal = float(np.abs(_oneil(np.linspace(58e-3, 62e-3, 401))).max()) / math.sqrt(_POWER)
    scatter = 1 + 0.03 * chance.standard_normal(drives.size)
    found = from_sweep(bowl(20e-3), drives, focal * np.sqrt(powers) * scatter, _HYDROPHONE, _fluid())
    x = np.unique(drives[drives <= found.linear_up_to])
    power = np.array([found.power(float(v)) for v in x])
    curves = (Curve.of("from the sweep", x, power, points=True), Curve.of("as made", x, 2e-2 * x**2, reference=True))
    picture = Picture("drive [V]", "acoustic power [W]", curves)
    figure = 100 * abs(found.power_per_square / 2e-2 - 1)
    return ValidationRow.of("power from a sweep", figure, 3.0, "%", "power the sweep was made with", picture)


CASES: dict[str, Callable[[], ValidationRow]] = {
    "hologram-before": lambda: _forward(30e-3, False, "bowl scanned before its focus, Rayleigh"),
    "hologram-behind": lambda: _forward(75e-3, True, "bowl scanned behind its focus, peak"),
    "hologram-marching": _marched,
    "hologram-uncertainty": _stated_uncertainty,
    "sweep-power": _sweep,
}
"""Every case by its name."""
