"""Accuracy of fields against closed forms and sums made another way, as rows that can be re-run at any time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.field import AcousticField
from openhifu.acoustics.flat_layers import through_flat_layers
from openhifu.acoustics.oneil import oneil_on_axis
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.radial import RadialField
from openhifu.acoustics.rayleigh import pressure_at
from openhifu.acoustics.solve import solve
from openhifu.acoustics.source import Fluid, element_velocities
from openhifu.acoustics.validation_pictures import amplitudes
from openhifu.acoustics.validation_setups import (
    LOSSLESS,
    array,
    axis_of,
    bowl,
    box,
    layered,
    lossy,
    piston_points,
    rectangle_points,
    rectangles,
    substance,
)
from openhifu.base.field import Field
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.base.picture import Curve, Picture
from openhifu.base.validation import ValidationRow, run_cases
from openhifu.model.drive import Drive
from openhifu.model.medium import Medium
from openhifu.model.pose import Pose
from openhifu.model.tissuemap import TissueMap
from openhifu.model.transducer import Cap, PistonArray, RectangleArray, Transducer

_HOLE = 20e-3


def _pressure(field: AcousticField) -> Field:
    if field.pressure is None:
        raise TypeError("the case must record pressure")
    return field.pressure


def _worst(found: NDArray, truth: NDArray) -> float:
    """Largest difference relative to the largest true value."""
    return float(np.abs(found - truth).max() / np.abs(truth).max())


def _march(drive: Drive, medium: Medium, energy: bool = False) -> AcousticField:
    return solve(AcousticProblem(drive, medium), Recording(pressure=True, heat=False, energy=energy), "marching")


def _oneil(drive: Drive, fluid: Fluid, z: NDArray[np.float64]) -> NDArray[np.complex128]:
    surface = drive.transducer.surface
    if not isinstance(surface, Cap):
        raise TypeError("the closed form is that of a cap")
    return oneil_on_axis(surface, abs(element_velocities(drive, fluid)[0]), fluid, z)


def _rayleigh_on_axis(hole: float, case: str) -> ValidationRow:
    drive, fluid = bowl(hole).drive(1.0), Fluid.of(LOSSLESS, 1e6)
    z = np.linspace(12e-3, 100e-3, 500)
    found = pressure_at(drive, np.stack([0 * z, 0 * z, z], axis=-1), fluid)
    truth = _oneil(drive, fluid, z)
    picture = amplitudes(1e3 * z, found, truth, of="O'Neil")
    return ValidationRow.of(case, _worst(found, truth), 1e-6, "of peak", "O'Neil on the axis", picture)


def _adaptive(cap: Cap, speed: complex, fluid: Fluid, points: NDArray[np.float64]) -> NDArray[np.complex128]:
    """The Rayleigh integral of a cap by adaptive Gauss-Kronrod quadrature in both angles, all points at once."""
    from scipy.integrate import quad_vec

    radius, (hole, rim) = cap.focal_length, cap.half_angles

    def ring(theta: float) -> NDArray[np.complex128]:
        r, z = radius * math.sin(theta), radius * (1 - math.cos(theta))

        def wave(phi: float) -> NDArray[np.complex128]:
            distance = np.linalg.norm(points - np.array([r * math.cos(phi), r * math.sin(phi), z]), axis=1)
            return np.exp(1j * fluid.wavenumber * distance) / distance

        return radius * r * quad_vec(wave, 0.0, 2 * math.pi, epsrel=1e-7)[0]

    return -1j * fluid.omega * fluid.density * speed / (2 * math.pi) * quad_vec(ring, hole, rim, epsrel=1e-6)[0]


def _off_axis() -> ValidationRow:
    drive, fluid = bowl(_HOLE).drive(1.0), Fluid.of(LOSSLESS, 1e6)
    x = np.linspace(0.0, 6e-3, 25)
    points = np.stack([x, 0.3 * x, 60e-3 - 0.5 * x], axis=-1)
    surface = drive.transducer.surface
    if not isinstance(surface, Cap):
        raise TypeError("a bowl is a cap")
    truth = _adaptive(surface, element_velocities(drive, fluid)[0], fluid, points)
    found = pressure_at(drive, points, fluid)
    picture = amplitudes(1e3 * x, found, truth, "off the axis [mm]", "adaptive quadrature")
    return ValidationRow.of(
        "cap off its axis, Rayleigh", _worst(found, truth), 1e-4, "of peak", "adaptive quadrature", picture
    )


def _marched_on_axis(hole: float, case: str) -> ValidationRow:
    drive, grid = bowl(hole).drive(1.0), box()
    field = _march(drive, Medium.uniform(LOSSLESS, grid))
    truth = _oneil(drive, Fluid.of(LOSSLESS, 1e6), axis_of(grid))
    picture = amplitudes(1e3 * axis_of(grid), _on_axis(field), truth, of="O'Neil")
    return ValidationRow.of(case, 100 * _worst(_on_axis(field), truth), 0.5, "% of peak", "O'Neil on the axis", picture)


def _on_axis(field: AcousticField) -> NDArray:
    pressure = _pressure(field)
    nx, ny, _ = pressure.grid.shape
    return pressure.data[nx // 2, ny // 2]


def _lossy_field() -> ValidationRow:
    drive, grid = bowl(_HOLE).drive(1.0), box()
    field = _march(drive, Medium.uniform(lossy(), grid))
    truth = _oneil(drive, Fluid.of(lossy(), 1e6), axis_of(grid))
    picture = amplitudes(1e3 * axis_of(grid), _on_axis(field), truth, of="O'Neil, complex k")
    figure = 100 * _worst(_on_axis(field), truth)
    return ValidationRow.of("lossy medium, marched", figure, 0.5, "% of peak", "O'Neil with complex k", picture)


def _lossy_focus() -> ValidationRow:
    """The largest amplitude alone."""
    drive, grid = bowl(_HOLE).drive(1.0), box()
    found = np.abs(_on_axis(_march(drive, Medium.uniform(lossy(), grid))))
    truth = np.abs(_oneil(drive, Fluid.of(lossy(), 1e6), axis_of(grid)))
    picture = amplitudes(1e3 * axis_of(grid), found, truth, of="O'Neil, complex k")
    figure = 100 * abs(float(found.max() / truth.max()) - 1)
    return ValidationRow.of("focus in a lossy medium, marched", figure, 0.3, "%", "O'Neil with complex k", picture)


def _lossy_ratio() -> ValidationRow:
    """Attenuation at the focus alone: with loss over without, marched and exact."""
    drive, grid = bowl(0.0).drive(1.0), box()
    z = axis_of(grid)
    at = int(np.argmin(np.abs(z - 60e-3)))
    ratios = [
        np.abs(with_loss / without)
        for with_loss, without in (
            [_on_axis(_march(drive, Medium.uniform(m, grid))) for m in (lossy(), LOSSLESS)],
            [_oneil(drive, Fluid.of(m, 1e6), z) for m in (lossy(), LOSSLESS)],
        )
    ]
    figure = 100 * abs(float(ratios[0][at] / ratios[1][at]) - 1)
    near = slice(at - 15, at + 15)
    picture = amplitudes(1e3 * z[near], ratios[0][near], ratios[1][near], of="closed forms")
    return ValidationRow.of("attenuation at the focus", figure, 0.5, "%", "ratio of closed forms, complex k", picture)


def _energy(medium: Medium, case: str) -> ValidationRow:
    balance = _march(bowl(_HOLE).drive(1.0), medium, energy=True).energy
    if balance is None:
        raise TypeError("the case must record energy")
    parts = [balance.attenuated, balance.reflected, balance.lateral, balance.leaving]
    found = np.cumsum(parts) / balance.emitted
    curves = (
        Curve.of("attenuated, + reflected, + lateral, + leaving", np.arange(4), found, points=True),
        Curve.of("emitted", np.arange(4), np.ones(4), reference=True),
    )
    picture = Picture("where the power went", "share of emitted power", curves)
    figure = 100 * abs(balance.closure)
    return ValidationRow.of(case, figure, 2.0, "% of emitted", "conservation of energy", picture)


def _slab(diameter: float, limit: float, case: str) -> ValidationRow:
    """Water, 10 mm of fat, 10 mm of muscle, water: pressure behind, against the exact one-way spectrum."""
    drive, grid = bowl(0.0, diameter).drive(1.0), box()
    names = ("water", "fat", "muscle", "water")
    h, counts = grid.spacing[2], (10, 25, 25, grid.shape[2] - 60)
    field = _march(drive, layered(grid, names, counts))
    fluids = [Fluid.of(substance(name), 1e6) for name in names]
    fluids[0] = fluids[-1] = Fluid.of(LOSSLESS, 1e6)
    half = 160
    x = np.arange(-half, half) * h
    radius = np.hypot(x[:, None], x[None, :])
    start = RadialField(drive, fluids[0], grid.affine[2:3, 3], float(radius.max())).plane(0, radius)
    top = int(np.argmax(np.abs(_on_axis(field))[70:])) + 70
    beyond = np.arange(max(top - 8, 65), min(top + 9, grid.shape[2]), 2)
    spans = [(counts[0] - 0.5) * h, counts[1] * h, counts[2] * h]
    truth = np.array(
        [
            through_flat_layers(start, h, [*zip(fluids[:3], spans, strict=True), (fluids[3], n * h - sum(spans))])
            for n in beyond
        ]
    )[:, half, half]
    found = _on_axis(field)[beyond]
    figure = 100 * abs(float(np.abs(found).max() / np.abs(truth).max()) - 1)
    picture = amplitudes(1e3 * axis_of(grid)[beyond], found, truth, of="exact spectrum")
    return ValidationRow.of(case, figure, limit, "% of peak", "exact one-way spectrum of flat layers", picture)


def _tiles() -> ValidationRow:
    fluid, z = Fluid.of(LOSSLESS, 1e6), np.linspace(30e-3, 90e-3, 200)
    points = np.stack([0.02 * np.sin(900 * z), 0.01 * np.cos(700 * z), z], axis=-1)
    whole, cut = (pressure_at(bowl(_HOLE, rings=r, sectors=s).drive(1.0), points, fluid) for r, s in ((1, 1), (3, 8)))
    picture = amplitudes(1e3 * z, cut, whole, of="one piece")
    return ValidationRow.of("tiles, all on", _worst(cut, whole), 1e-4, "of peak", "the same cap in one piece", picture)


def _elements_off() -> ValidationRow:
    """Through the march: the field with some elements off and the field with only those on add up to the whole."""
    device, grid = bowl(_HOLE, rings=3, sectors=8), box()
    off = (0, 5, 9, 10, 17)
    on = tuple(n for n in range(24) if n not in off)
    medium = layered(grid, ("water", "fat", "muscle"), (10, 25, grid.shape[2] - 35))
    # Equal element areas: power in proportion to the number of elements keeps the velocity the same.
    parts = [
        _pressure(_march(device.drive(1.0 * n / 24, elements_off=e), medium)).data
        for n, e in ((24, ()), (19, off), (5, on))
    ]
    together = parts[1] + parts[2]
    n = grid.shape[0] // 2
    picture = amplitudes(1e3 * axis_of(grid), together[n, n], parts[0][n, n], of="all elements")
    figure = _worst(together, parts[0])
    return ValidationRow.of("elements off, marched", figure, 1e-4, "of peak", "superposition", picture)


def _steering(device: Transducer, case: str) -> ValidationRow:
    focus = np.array([4e-3, -2e-3, 62e-3])
    fluid = Fluid.of(LOSSLESS, device.frequency)
    surface = device.surface
    if not isinstance(surface, PistonArray | RectangleArray):
        raise TypeError("the case is that of an array")
    reach = np.linalg.norm(np.array(surface.positions) - focus, axis=1)
    phases = tuple(float(p) for p in -fluid.wavenumber * reach)
    drive = device.drive(1.0, phases=phases)
    x = np.linspace(-8e-3, 8e-3, 60)
    targets = focus + np.stack([x, 0.4 * x, 0.2 * x], axis=-1)
    speed = element_velocities(drive, fluid)
    truth = np.zeros(len(targets), complex)
    for e in range(device.elements):
        points, weight = (
            rectangle_points(surface, e) if isinstance(surface, RectangleArray) else piston_points(surface, e)
        )
        distance = np.linalg.norm(targets[:, None] - points, axis=2)
        truth += speed[e] * np.sum(weight * np.exp(1j * fluid.wavenumber * distance) / distance, axis=1)
    truth *= -1j * fluid.omega * fluid.density / (2 * np.pi)
    found = pressure_at(drive, targets, fluid)
    picture = amplitudes(1e3 * x, found, truth, "across the steered focus [mm]", "midpoint rule")
    return ValidationRow.of(case, _worst(found, truth), 1e-4, "of peak", "sum over a fine midpoint rule", picture)


def _translation() -> ValidationRow:
    """A source moved by whole voxels in a fixed grid: the same field, as many voxels further on."""
    voxels, grid = np.array([8, -6, 4]), box()
    device, off = bowl(_HOLE, rings=3, sectors=8), (1, 2, 20)
    fixed = Grid(grid.shape, grid.affine, Frame.PATIENT)
    fields = []
    for n in (0, 1):
        x, y, z = n * voxels * grid.spacing[0]
        pose = Pose(focus=(float(x), float(y), float(60e-3 + z)), direction=(0.0, 0.0, -1.0), roll=math.pi)
        beam = Grid(grid.shape, _turned(grid, np.array(pose.axes), np.zeros(3), fixed), Frame.PATIENT)
        fields.append(_pressure(_march(device.drive(1.0, elements_off=off, pose=pose), Medium.uniform(LOSSLESS, beam))))
    inner = slice(30, 121), slice(30, 121), slice(10, 110)
    turn = np.rint(np.array(fields[0].grid.affine[:3, :3]).T @ voxels / grid.spacing[0]).astype(int)
    moved = tuple(slice(s.start + t, s.stop + t) for s, t in zip(inner, turn, strict=True))
    a, b = fields[1].data[moved], fields[0].data[inner]
    n = a.shape[0] // 2
    picture = amplitudes(np.arange(a.shape[2]), a[n, n], b[n, n], "voxel along the beam", "unmoved")
    return ValidationRow.of("source moved", _worst(a, b), 1e-2, "of peak", "the field moved by as many voxels", picture)


def _turned(like: Grid, axes: NDArray[np.float64], apex: NDArray[np.float64], source: Grid) -> NDArray[np.float64]:
    """Affine in the patient of a grid given in the source's axes."""
    out = np.eye(4)
    out[:3, :3] = axes.T * like.spacing[0]
    out[:3, 3] = apex + axes.T @ source.affine[:3, 3]
    return out


def _oblique() -> ValidationRow:
    """Layers crossed in the patient's frame by a tilted beam against the same layers in the transducer's own frame."""
    grid, device = box(), bowl(_HOLE)
    own = layered(grid, ("water", "fat", "muscle"), (10, 25, grid.shape[2] - 35))
    c, s = math.cos(0.7), math.sin(0.7)
    pose = Pose(focus=(0.05, -0.02, 0.1), direction=(-c * 0.6, -s, -c * 0.8), roll=0.4)
    axes, apex = np.array(pose.axes), np.array(pose.apex(60e-3))
    beam = Grid(grid.shape, _turned(grid, axes, apex, grid), Frame.PATIENT)
    turned = Medium(TissueMap(beam, own.map.data, own.map.tissues), own.tissues)
    truth, found = _march(device.drive(1.0), own), _march(device.drive(1.0, pose=pose), turned)
    figure = _worst(_pressure(found).data, _pressure(truth).data)
    picture = amplitudes(1e3 * axis_of(grid), _on_axis(found), _on_axis(truth), of="transducer's frame")
    return ValidationRow.of("tilted beam", figure, 1e-5, "of peak", "the same in the transducer's frame", picture)


CASES: dict[str, Callable[[], ValidationRow]] = {
    "bowl-rayleigh": lambda: _rayleigh_on_axis(0.0, "bowl on axis, Rayleigh"),
    "annulus-rayleigh": lambda: _rayleigh_on_axis(_HOLE, "annulus on axis, Rayleigh"),
    "off-axis": _off_axis,
    "bowl-marching": lambda: _marched_on_axis(0.0, "bowl on axis, marched"),
    "annulus-marching": lambda: _marched_on_axis(_HOLE, "annulus on axis, marched"),
    "lossy": _lossy_field,
    "lossy-focus": _lossy_focus,
    "attenuation": _lossy_ratio,
    "energy-lossy": lambda: _energy(Medium.uniform(lossy(), box()), "energy, lossy medium"),
    "energy-layers": lambda: _energy(
        layered(box(), ("water", "fat", "muscle"), (10, 25, box().shape[2] - 35)), "energy, water fat muscle"
    ),
    "slab": lambda: _slab(24e-3, 1.0, "fat and muscle slab, f/2.5"),
    "slab-wide": lambda: _slab(60e-3, 2.0, "fat and muscle slab, f/1"),
    "tiles": _tiles,
    "elements-off": _elements_off,
    "steering": lambda: _steering(array(), "array of discs, steered"),
    "steering-rectangles": lambda: _steering(rectangles(), "array of rectangles, steered"),
    "translation": _translation,
    "oblique": _oblique,
}
"""Every case by its name."""


def validate(names: Iterable[str] = ()) -> tuple[ValidationRow, ...]:
    """Run the named cases, or all.

    Raises:
        UnknownName: if there is no case of a name.
    """
    return run_cases("acoustic validation case", CASES, names)
