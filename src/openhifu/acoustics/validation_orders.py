"""How fast every solver's error falls as it is refined, against the order that its docstring states."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.burgers_exact import blackstock
from openhifu.acoustics.field import AcousticField
from openhifu.acoustics.fullwave import FullWave
from openhifu.acoustics.hybrid import Hybrid
from openhifu.acoustics.interfaces import Plane, Sphere, Surfaces
from openhifu.acoustics.marching import Marching
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.quadrature import by_element
from openhifu.acoustics.source import Fluid, element_velocities
from openhifu.acoustics.timedomain import TimeDomain
from openhifu.acoustics.validation_fullwave import SMALL_BONE, Layers, exact_field
from openhifu.acoustics.validation_nonlinear import harmonics_at_focus, plane_wave
from openhifu.acoustics.validation_setups import LOSSLESS, bowl, device, substance
from openhifu.acoustics.validation_timedomain import beyond_a_wall
from openhifu.acoustics.wave_sums import pressure_of
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.base.picture import Curve, Picture
from openhifu.base.validation import ValidationRow
from openhifu.model.catalogue import tissue
from openhifu.model.medium import Medium
from openhifu.model.tissuemap import TissueMap
from openhifu.model.transducer import Cap

_KEEP = Recording(pressure=True, heat=False)
_SHORT = 0.2  # of an order: how much less than stated may be measured


def _pressure(field: AcousticField) -> NDArray[np.complex64]:
    if field.pressure is None:
        raise TypeError("the case must record pressure")
    return field.pressure.data


def _off(found: NDArray, truth: NDArray) -> float:
    """Relative L2 difference."""
    return float(np.linalg.norm(found - truth) / np.linalg.norm(truth))


def _row(
    case: str, x_label: str, sizes: Sequence[float], errors: Sequence[float], stated: float, truth: str
) -> ValidationRow:
    """Least-squares slope of log error over log size, held against a stated order."""
    x, y = np.log(np.array(sizes)), np.log(np.array(errors))
    measured = float(np.polyfit(x, y, 1)[0])
    line = errors[-1] * (np.array(sizes) / sizes[-1]) ** stated
    curves = (
        Curve.of(f"measured: order {measured:.2f}", sizes, errors, points=True),
        Curve.of(f"as stated: order {stated:g}", sizes, line, reference=True),
    )
    picture = Picture(x_label, "relative L2 error", curves, log_x=True, log_y=True)
    return ValidationRow.of(f"order, {case}", stated - measured, _SHORT, "below stated", truth, picture)


def _rayleigh() -> ValidationRow:
    """Decades of error per point per wavelength, 22 mm before a bowl."""
    fluid, source = Fluid.of(LOSSLESS, 1e6), bowl(20e-3)
    x = np.linspace(-25e-3, 25e-3, 60)
    points = np.stack([x, 0.3 * x, np.full_like(x, 22e-3)], axis=-1)
    velocity = element_velocities(source.drive(1.0), fluid)

    def summed(density: float) -> NDArray[np.complex128]:
        return pressure_of(points, by_element(source.surface, fluid.wavelength * 2.2 / density), velocity, fluid)

    densities, truth = np.array([0.7, 0.9, 1.1, 1.3]), summed(6.0)
    errors = np.array([_off(summed(float(d)), truth) for d in densities])
    slope = -float(np.polyfit(densities, np.log10(errors), 1)[0])
    line = errors[0] * 10.0 ** (-8 * (densities - densities[0]))
    curves = (
        Curve.of(f"measured: {slope:.1f} decades a point", densities, errors, points=True),
        Curve.of("as stated: 8 decades a point", densities, line, reference=True),
    )
    picture = Picture("points per wavelength", "relative L2 error", curves, log_y=True)
    words = "sums of 6 points per wavelength"
    return ValidationRow.of("order, Rayleigh quadrature", 8 - slope, _SHORT, "decades below stated", words, picture)


def _marching() -> ValidationRow:
    """Steps along the beam alone, through two curved faces; the difference from one halving to the next."""
    half, z0, wide = 19e-3, 10.5e-3, 0.25e-3
    cap = Cap(focal_length=30e-3, outer_diameter=60e-3 * math.sin(math.radians(25)), hole_diameter=0.0)
    wall = Surfaces((Sphere((4e-3, 0.0, 72e-3), 60e-3), Sphere((-5e-3, 3e-3, 58e-3), 40e-3)), (0, 1, 2))
    names = ("water", "fat", "muscle")
    tissues = (LOSSLESS, tissue("fat"), tissue("muscle"))
    count, steps = 2 * round(half / wide) + 1, (0.4e-3, 0.2e-3, 0.1e-3, 0.05e-3)
    fields = []
    for step in steps:
        affine = np.diag([wide, wide, step, 1.0])
        affine[:3, 3] = -half, -half, z0
        grid = Grid((count, count, round(24e-3 / step) + 1), affine, Frame.TRANSDUCER)
        problem = AcousticProblem(
            device(cap, 1e6).drive(10.0), Medium(TissueMap(grid, wall.labels(grid), names), tissues)
        )
        planes = _pressure(Marching().solve(problem, _KEEP))[20:-20, 20:-20, :: round(steps[0] / step)]
        fields.append(planes[..., 35:])
    errors = [_off(a, b) for a, b in zip(fields[:-1], fields[1:], strict=True)]
    words = "the same with half the step"
    return _row("marching, step along the beam", "step [mm]", [1e3 * s for s in steps[:-1]], errors, 1.0, words)


@cache
def _layer(step: float, tolerance: float) -> tuple[NDArray[np.complex64], NDArray[np.complex128]]:
    """Full wave and exact pressure behind a layer of bone between the voxels."""
    layers = SMALL_BONE.shifted(0.2e-3)
    surfaces = layers.surfaces()
    problem = layers.problem(surfaces, step)
    grid = problem.medium.grid
    x, z = grid.affine[0, 3] + grid.axis(0), grid.affine[2, 3] + grid.axis(2)
    behind = z > layers.boundaries[-1] + 0.6e-3
    found = _pressure(FullWave(surfaces, tolerance=tolerance).solve(problem, _KEEP))[:, grid.shape[1] // 2, behind]
    return found, exact_field(layers, problem, x, z[behind]).T


def _fullwave_voxel() -> ValidationRow:
    steps = (0.5e-3, 0.4e-3, 0.3e-3)
    errors = [_off(*_layer(h, 1e-4)) for h in steps]
    words = "exact layers, complex field"
    return _row("full wave, voxel, bone from surfaces", "voxel [mm]", [1e3 * h for h in steps], errors, 2.0, words)


def _fullwave_tolerance() -> ValidationRow:
    tolerances, truth = (1e-2, 3e-3, 1e-3, 3e-4), _layer(0.5e-3, 1e-6)[0]
    errors = [_off(_layer(0.5e-3, t)[0], truth) for t in tolerances]
    return _row("full wave, residual", "residual", tolerances, errors, 1.0, "residual of 1e-6")


def _hybrid_tolerance() -> ValidationRow:
    narrow = SMALL_BONE.shifted(0.2e-3)
    layers = Layers(narrow.cap, narrow.names, narrow.boundaries, 24e-3, (7e-3, 30e-3))
    surfaces = layers.surfaces()
    problem = layers.problem(surfaces)

    def behind(tolerance: float) -> NDArray[np.complex64]:
        field = Hybrid(FullWave(surfaces, tolerance=tolerance)).solve(problem, _KEEP)
        return _pressure(field)[18:-18, 18:-18, 20:]

    tolerances, truth = (1e-2, 3e-3, 1e-3, 3e-4), behind(1e-5)
    errors = [_off(behind(t), truth) for t in tolerances]
    return _row("hybrid, residual across bone", "residual", tolerances, errors, 1.0, "residual of 1e-5")


def _steps_of_harmonics() -> ValidationRow:
    """Harmonics at the focus of a weak beam; the difference from one halving of all steps to the next."""
    fields = [harmonics_at_focus(0.25e6, 24, 400, refined)[0][:4] for refined in (0.5, 1.0, 2.0)]
    errors = [_off(a, b) for a, b in zip(fields[:-1], fields[1:], strict=True)]
    words = "the same with half the steps"
    return _row("axisymmetric, steps, no shock", "steps relative to the default", [2.0, 1.0], errors, 2.0, words)


def _shocks() -> ValidationRow:
    """Harmonics of a shock at sigma 3 by how many are carried, so by how finely the period is sampled."""
    counts, truth = np.array([32, 64, 128]), blackstock(3.0, 5)
    errors = [_off(plane_wave(3.0, 100, int(n))[:5], truth) for n in counts]
    return _row("shock capturing, samples of a period", "1 / harmonics", list(1.0 / counts), errors, 2.0, "Blackstock")


def _time() -> ValidationRow:
    """Voxels as they are, water to fat at the face between two of them."""
    fat, errors, steps, wall = substance("fat"), [], (0.45e-3, 0.36e-3, 0.27e-3), 56e-3
    for step in steps:
        first = round(4e-3 / step + 0.5)
        low = wall - (first - 0.5) * step
        half = step * round(9e-3 / step)
        grid = Grid.box((-half, -half, low), (half, half, low + step * (first + round(5e-3 / step))), step)
        labels = Surfaces((Plane((0.0, 0.0, wall), (0.0, 0.0, 1.0)),), (0, 1)).labels(grid)
        medium = Medium(TissueMap(grid, labels, (LOSSLESS.name, fat.name)), (LOSSLESS, fat))
        problem = AcousticProblem(bowl(0.0, 40e-3).drive(1.0), medium)
        line = _pressure(TimeDomain().solve(problem, _KEEP))[grid.shape[0] // 2, grid.shape[1] // 2]
        errors.append(_off(line, beyond_a_wall(problem.drive, fat, grid, wall)))
    sizes = [1e3 * h for h in steps]
    return _row(
        "time domain, voxel at a wall of fat", "voxel [mm]", sizes, errors, 1.0, "exact spectrum, one interface"
    )


CASES: dict[str, Callable[[], ValidationRow]] = {
    "order-rayleigh": _rayleigh,
    "order-marching": _marching,
    "order-fullwave-voxel": _fullwave_voxel,
    "order-fullwave-residual": _fullwave_tolerance,
    "order-hybrid-residual": _hybrid_tolerance,
    "order-axisymmetric": _steps_of_harmonics,
    "order-shock": _shocks,
    "order-timedomain": _time,
}
"""Every case by its name."""
