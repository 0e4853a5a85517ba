"""Speed of the acoustic solvers, beside their own transforms, the memory's bandwidth, and time stepping."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np

from openhifu.acoustics.array_library import ArrayLibrary
from openhifu.acoustics.bench_kernels import transforms
from openhifu.acoustics.born_box import BornBox
from openhifu.acoustics.fullwave import FullWave
from openhifu.acoustics.marching import Marching
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.quadrature import by_element
from openhifu.acoustics.rayleigh import pressure_at
from openhifu.acoustics.solve import solve_many
from openhifu.acoustics.source import Fluid
from openhifu.acoustics.staggered_lattice import StaggeredLattice
from openhifu.acoustics.staggered_medium import StaggeredMedium, fluids_of
from openhifu.acoustics.staggered_run import StaggeredRun
from openhifu.acoustics.validation_fullwave import BENCHMARKS, Layers
from openhifu.acoustics.validation_setups import LOSSLESS, device, lossy, substance
from openhifu.base.grid import Grid
from openhifu.base.measurement import Measurement, in_turn, memory_bandwidth, shortest
from openhifu.model.catalogue import tissue
from openhifu.model.medium import Medium
from openhifu.model.tissuemap import TissueMap
from openhifu.model.transducer import Cap

_TIME_STEPPING = 23.5e-9  # s per point and step: k-Wave's compiled code on two cores, at its best
_PERIODS, _COURANT, _PEER_LAYER = 50, 0.3, 10  # of a run to the steady state: periods, Courant number, layer points


def _clinical() -> AcousticProblem:
    """Water, muscle and liver in 200 x 200 x 200 mm at 0.5 mm, 1 MHz, a bowl of 160 mm."""
    grid = Grid.box((-99.5e-3, -99.5e-3, 30e-3), (100e-3, 100e-3, 229.5e-3), 0.5e-3)
    x, _, z = (grid.axis(n) for n in range(3))
    skin = 0.03 + 0.5 * (x - 0.1) ** 2 / 0.1
    deep = z[None, None, :] - skin[:, None, None]
    labels = (deep > 0).astype(np.uint8) + (deep > 0.02)
    tissues = (LOSSLESS, tissue("muscle"), tissue("liver"))
    data = np.ascontiguousarray(np.broadcast_to(labels, grid.shape), np.uint8)
    medium = Medium(TissueMap(grid, data, tuple(t.name for t in tissues)), tissues)
    cap = Cap(focal_length=160e-3, outer_diameter=160e-3, hole_diameter=40e-3)
    return AcousticProblem(device(cap, 1e6).drive(100.0), medium)


def marching() -> tuple[Measurement, ...]:
    """One clinical field against its own transforms."""
    problem, solver, keep = _clinical(), Marching(), Recording(heat=False)
    prepared = solver.prepare([problem])[0]
    nx, ny, nz = problem.medium.grid.shape
    field = np.zeros((nx, ny), np.complex64)
    kept = int(problem.frequency / 1500.0 * ny * 0.5e-3)

    def alone() -> None:
        transforms(field, nz - 1, kept)

    def march() -> None:
        solver.run(prepared, keep, "bench")

    march()
    alone()
    ours, theirs = in_turn(march, alone, repetitions=5)
    name = f"marching, {nx} x {ny} x {nz} at 0.5 mm"
    return (
        Measurement.of(f"{name}, one core", ours, "s a focus", floor=theirs),
        Measurement.of(f"{name}: times its own transforms", ours / theirs, "x", goal=1.6),
    )


def arrays() -> tuple[Measurement, ...]:
    """The same field with JAX's arrays, on whatever hardware it has, against the compiled loops on one core.

    Raises:
        CannotModel: if jax is not installed.
    """
    library = ArrayLibrary.named("jax")
    problem, keep = _clinical(), Recording(heat=False)
    ours, theirs = Marching(), Marching(library)
    one, other = ours.prepare([problem])[0], theirs.prepare([problem])[0]
    theirs.run(other, keep, "bench")
    compiled, there = in_turn(
        lambda: ours.run(one, keep, "bench"), lambda: theirs.run(other, keep, "bench"), repetitions=3
    )
    return (
        Measurement.of(f"marching with jax on {library.device}", there, "s a focus"),
        Measurement.of("compiled march's time over jax's", compiled / there, "x", more_is_better=True),
    )


def foci(count: int = 100) -> tuple[Measurement, ...]:
    """Many foci on one core and on two; their grid moves with the source, the medium's labels are shared."""
    problem = _clinical()
    problems = [AcousticProblem(problem.drive, problem.medium)] * count
    keep = Recording(heat=False)
    solve_many(problems[:2], keep, "marching", threads=2)
    few = max(4, count // 10)
    one = shortest(lambda: solve_many(problems[:few], keep, "marching", threads=1), 1) / few
    two = shortest(lambda: solve_many(problems, keep, "marching", threads=2), 1) / count
    return (
        Measurement.of(f"{count} foci on two cores", two, "s a focus", goal=0.7),
        Measurement.of("throughput of two cores over one", one / two, "x", goal=1.8, more_is_better=True),
    )


def rayleigh() -> tuple[Measurement, ...]:
    """Pairs of points and sources a second, two cores, float64-accurate sums."""
    drive, fluid = _clinical().drive, Fluid.of(LOSSLESS, 1e6)
    points = by_element(drive.transducer.surface, fluid.wavelength).size
    targets = np.random.default_rng(0).uniform(-0.02, 0.02, (20_000, 3)) + np.array([0, 0, 0.16])
    pressure_at(drive, targets[:100], fluid)
    spent = shortest(lambda: pressure_at(drive, targets, fluid), 3)
    rate = 1e-6 * points * len(targets) / spent
    return (Measurement.of("Rayleigh integral", rate, "million pairs/s", goal=800.0, more_is_better=True),)


def _full_wave(name: str, layers: Layers, fastest: float, goal: float) -> tuple[Measurement, ...]:
    """A field to about a per cent of converged, against the steps of a time-domain run of the same box."""
    surfaces = layers.surfaces()
    problem, solver = layers.problem(surfaces), FullWave(surfaces, tolerance=3e-3)
    begin = time.perf_counter()
    field = solver.solve(problem, Recording(pressure=True, heat=False))
    spent = time.perf_counter() - begin
    box = BornBox.around(problem, Fluid.of(problem.medium.tissues[0], problem.frequency))
    h = problem.medium.grid.spacing[0]
    points = math.prod(n + 2 * _PEER_LAYER for n in problem.medium.grid.shape)
    steps = math.ceil(_PERIODS / problem.frequency / (_COURANT * h / fastest))
    iterations = field.report.convergence.iterations if field.report.convergence else 1
    beside = f"{steps} time steps at 23.5 ns a point"
    each = 1e9 * spent / (box.points * iterations)
    # Least traffic of an iteration: the work array four times through memory for two transforms, psi and V beside it.
    floor = 1e9 * 8 * 10 / memory_bandwidth()
    return (
        Measurement.of(f"full wave, {name}", spent, "s", _TIME_STEPPING * points * steps, beside, goal=goal),
        Measurement.of(f"full wave, {name}: an iteration", each, "ns per point", floor=floor),
    )


def timedomain(count: int = 108) -> tuple[Measurement, ...]:
    """Steps of a lossy heterogeneous box."""
    grid = Grid.box((0, 0, 0), ((count - 1) * 0.5e-3,) * 2 + ((5 * count // 3 - 1) * 0.5e-3,), 0.5e-3)
    labels = np.zeros(grid.shape, np.uint8)
    labels[:, :, grid.shape[2] // 3 :] = 1
    bone = substance("fat", sound_speed=2800.0, density=1850.0, attenuation=46.0)
    medium = Medium(TissueMap(grid, labels, ("water", "fat")), (lossy(), bone))
    lattice = StaggeredLattice.around(grid, 3e-3)
    stuff = StaggeredMedium.of_labels(lattice.extended(labels), fluids_of(medium, 5e5))
    dt, steps = lattice.stable_step(stuff.fastest), 10
    motion = lattice.at_rest(0)
    motion.p[:] = np.random.default_rng(0).standard_normal(motion.p.shape, np.float32)
    with StaggeredRun(motion, stuff.at_one_frequency(np.pi * 1e6, dt), lattice.slopes(dt, stuff.fastest), 2) as run:

        def several() -> None:
            for _ in range(steps):
                run.step(lambda: None)

        several()
        spent = shortest(several, 3) / steps
    ours = 1e9 * spent / lattice.size
    return (
        Measurement.of(f"time domain, {'x'.join(map(str, lattice.shape))}", ours, "ns per point and step", goal=45.0),
    )


BENCHES: dict[str, Callable[[], tuple[Measurement, ...]]] = {
    "marching": marching,
    "foci": foci,
    "arrays": arrays,
    "rayleigh": rayleigh,
    "fullwave-soft": lambda: _full_wave("soft tissue (BM2)", BENCHMARKS["BM2"], 1500.0, 10.0),
    "fullwave-bone": lambda: _full_wave("skull (BM4)", BENCHMARKS["BM4"], 2800.0, 15.0),
    "timedomain": timedomain,
}
"""Every speed claim by its name."""
