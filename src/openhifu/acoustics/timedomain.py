"""Continuous waves by stepping through time until nothing changes any more: a propagator that others are checked by."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.compiled import Compilation
from openhifu.acoustics.field import AcousticField, SolveReport
from openhifu.acoustics.fourier import backward, forward, wavenumbers
from openhifu.acoustics.interfaces import CutLabels, Interfaces
from openhifu.acoustics.label_stack import LabelStack
from openhifu.acoustics.marching_checks import coupling_label, require_fine_enough, require_whole_beam
from openhifu.acoustics.materials import Materials
from openhifu.acoustics.problem import AcousticProblem, Recording, heat_blocks
from openhifu.acoustics.source import Fluid, beam_radius
from openhifu.acoustics.source_planes import PlaneLattice, SourcePlanes
from openhifu.acoustics.staggered_kernels import add_sheet, correlate, sweep_planes, sweep_sheets
from openhifu.acoustics.staggered_lattice import StaggeredLattice
from openhifu.acoustics.staggered_medium import StaggeredMedium, fluids_of, gas_in, require_memory
from openhifu.acoustics.staggered_run import StaggeredRun
from openhifu.acoustics.whole_field import field_of_planes
from openhifu.base.errors import CannotModel

SETTLED = 2e-3
"""Relative change of the field from one period to the next at which a continuous wave counts as steady."""

_RAMP = 4  # periods over which the source is switched on
_SHEET = 0.4  # wavelengths: standard deviation of the source sheet
_REACH = 4.0  # standard deviations of it on either side of its middle
_STEEPEST = 0.2  # of k: smallest wavenumber along z that the sheet sends
_SKIRT = 3.0  # wavelengths beside the cone of rays that the sheet has room for
_PATIENCE = 6.0  # crossings of the box after which a wave that has not settled is given back as it is


@dataclass(frozen=True, eq=False)
class _Sheet:
    """Volume source: profile over planes from ``first``, times a lateral amplitude [1/s]."""

    first: int
    profile: NDArray[np.float32]
    lateral: NDArray[np.complex64]


class TimeDomain:
    """Propagator in the time domain; obeys ``Propagator``.

    First-order equations on a staggered lattice, derivatives by Fourier transform along each axis, leapfrog in time.
    At one frequency the error of the time step is known and taken out (``StaggeredMedium.at_one_frequency``), so no
    k-space factor is needed and only the sampling of interfaces is left: without finer ``interfaces`` voxels are of one
    tissue, staircases, first order in the voxel where speed or density jump and spectral elsewhere. The source is a
    sheet in front of the grid that sends the forward field of the true one and lets reflections through.

    Args:
        threads: how many.
        interfaces: where tissues meet, finer than voxels, in agreement with the medium's map: maps of compressibility
            and density are then low-passed from volume fractions, as for the full wave. None takes voxels as they are.
    """

    name = "timedomain"
    models = (
        "diffraction, refraction and every reflection",
        "jumps of sound speed, density and attenuation",
        "power-law attenuation per tissue, at the one frequency",
        "heat from the absorbed share",
    )
    omits = ("nonlinear propagation", "shear waves in bone", "waves scattered back by the source")

    def __init__(self, threads: int = 2, interfaces: Interfaces | None = None) -> None:
        self._threads, self._interfaces = threads, interfaces

    def refuses(self, problem: AcousticProblem) -> str | None:
        """Refuse harmonics and gas."""
        if (sentence := problem.refused_as_nonlinear) is not None:
            return sentence
        if (gas := gas_in(problem.medium)) is not None:
            return (
                f"the time-domain method holds no contrast as strong as that of {gas}; relabel it, or ask for method "
                "'marching', for which it is a release surface"
            )
        return None

    def solve(self, problem: AcousticProblem, recording: Recording, why: str = "asked for") -> AcousticField:
        """Find the field; see ``Propagator``."""
        if (sentence := self.refuses(problem)) is not None:
            raise CannotModel(sentence)
        if recording.energy:
            raise CannotModel("the time-domain method keeps no energy balance; ask for method 'marching'")
        heat_blocks(problem.medium.grid, recording)
        started, compilation = time.perf_counter(), Compilation.watch(sweep_sheets, sweep_planes)
        fluid = _coupling(problem)
        front = 2 * math.ceil(_REACH * _SHEET * fluid.wavelength / problem.medium.grid.spacing[2])
        lattice = StaggeredLattice.around(problem.medium.grid, fluid.wavelength, front, _beside(problem, fluid, front))
        require_memory(lattice, 0)
        medium = self._medium(problem, fluid, lattice)
        planes, note = self._settle(problem, fluid, lattice, medium, front)
        report = SolveReport(
            method=self.name,
            why=why,
            models=self.models,
            omits=self.omits,
            notes=(note,),
            wall_seconds=time.perf_counter() - started,
            planes=problem.medium.grid.shape[2],
            compiled=compilation.happened(),
        )
        return field_of_planes(problem, recording, planes, report)

    def _medium(self, problem: AcousticProblem, fluid: Fluid, lattice: StaggeredLattice) -> StaggeredMedium:
        fluids = fluids_of(problem.medium, problem.frequency)
        if self._interfaces is None:
            return StaggeredMedium.of_labels(lattice.extended(problem.medium.map.data), fluids)
        cells = self._interfaces.under(problem.medium.map)
        if isinstance(cells, CutLabels):
            cells = cells.with_before(fluids.index(fluid))
        return StaggeredMedium.of_cells(cells, lattice, fluids, self._threads)

    def _settle(
        self, problem: AcousticProblem, fluid: Fluid, lattice: StaggeredLattice, medium: StaggeredMedium, front: int
    ) -> tuple[NDArray[np.complex64], str]:
        """Complex amplitude on the grid's planes once a period differs little from the one before, and a note."""
        fastest = medium.fastest
        steps = math.ceil(1 / (problem.frequency * lattice.stable_step(fastest)))
        dt = 1 / (problem.frequency * steps)
        stuff = medium.at_one_frequency(problem.omega, dt)
        sheet = _sheet(problem, fluid, lattice, front, dt)
        motion = lattice.at_rest(0)
        slowest = min(f.sound_speed for f in fluids_of(problem.medium, problem.frequency) if f is not None)
        crossing = lattice.shape[0] * lattice.spacing[0] / slowest * problem.frequency
        low = np.array(lattice.low)
        last, change, period = np.zeros(lattice.inner, np.complex64), 1.0, 0
        with StaggeredRun(motion, stuff, lattice.slopes(dt, fastest), self._threads) as run:
            while change > SETTLED and period < _RAMP + _PATIENCE * crossing:
                measured = period >= _RAMP + math.ceil(crossing)
                found = np.zeros(lattice.inner if measured else (0, 0, 0), np.complex64)
                for n in range(period * steps, (period + 1) * steps):
                    push = _push(sheet, motion.p, stuff.gain, problem.omega * dt, n, steps)
                    run.step(push)
                    if measured:
                        turn = 2 / steps * np.exp(1j * problem.omega * dt * (n + 1))
                        run.shared(lambda a, b, t=turn, f=found: correlate(motion.p, t, low, f, a, b), found.shape[0])
                period += 1
                if measured:
                    change = float(np.linalg.norm(found - last) / np.linalg.norm(found))
                    last = found
        return last, (
            f"{period} periods of {steps} steps on {' x '.join(map(str, lattice.shape))} voxels; the last one changed "
            f"the field by {100 * change:.2g} %"
        )


def _push(
    sheet: _Sheet, p: NDArray[np.float32], gain: NDArray[np.float32], angle: float, n: int, steps: int
) -> Callable[[], None]:
    """What the source adds at step n, in the middle of which it is taken."""
    grown = min(1.0, (n + 0.5) / (_RAMP * steps))
    turn = complex(np.sin(0.5 * np.pi * grown) ** 2 * np.exp(-1j * angle * (n + 0.5)))
    return lambda: add_sheet(p, gain, sheet.profile, sheet.first, sheet.lateral, turn)


def _coupling(problem: AcousticProblem) -> Fluid:
    """The fluid before the grid, after the checks every gridded solver makes."""
    materials = Materials.of(problem.medium, problem.frequency)
    require_fine_enough(problem, materials)
    first = np.ascontiguousarray(np.moveaxis(problem.medium.map.data[:, :, :1], 2, 0))
    label = coupling_label(problem, LabelStack(first), materials, materials.slowest / problem.frequency)
    fluid = Fluid.of(problem.medium.tissues[label], problem.frequency)
    require_whole_beam(problem, fluid.wavelength, sponge=0)
    return fluid


def _beside(problem: AcousticProblem, fluid: Fluid, front: int) -> tuple[int, int]:
    """Voxels that the beam needs beside the grid where the sheet is, along x and y."""
    grid, (x0, y0, z0) = problem.medium.grid, problem.first_voxel
    radius = float(beam_radius(problem.drive.transducer.surface, z0 - front // 2 * grid.spacing[2]))
    radius += _SKIRT * fluid.wavelength
    counts = []
    for start, n in ((x0, 0), (y0, 1)):
        h = grid.spacing[n]
        counts.append(max(0, math.ceil((start + radius) / h), math.ceil((radius - start) / h) - grid.shape[n] + 1))
    return counts[0], counts[1]


def _sheet(problem: AcousticProblem, fluid: Fluid, lattice: StaggeredLattice, front: int, dt: float) -> _Sheet:
    """The sheet that sends the source's field: S(kt) g(z) with S = 2 kz P / (w rho ghat(kz)), w as leapfrog has it.

    ghat is summed over the voxels the profile has, so cutting the profile off costs nothing; P is the forward field on
    the sheet's middle plane, without waves that run almost along it.
    """
    dz, dx, dy = lattice.spacing
    half = front // 2
    at = dz * np.arange(-half, half + 1)
    profile = np.exp(-0.5 * (at / (_SHEET * fluid.wavelength)) ** 2).astype(np.float32)
    _, nx, ny = lattice.shape
    x0, y0, z0 = problem.first_voxel
    planes = PlaneLattice(extent=(nx * dx, ny * dy), z=z0, edge=lattice.layer * max(dx, dy))
    source = SourcePlanes.of([problem.drive], fluid, planes)
    first = (x0 - lattice.low[1] * dx, y0 - lattice.low[2] * dy, z0 - half * dz)
    spectrum = forward(source.on_grid(problem.drive, (nx, ny), first, (dx, dy)))
    lateral = wavenumbers(nx, dx)[:, None] ** 2 + wavenumbers(ny, dy)[None, :] ** 2
    k = fluid.wavenumber
    kept = lateral < (1 - _STEEPEST**2) * k * k
    kz = np.sqrt((k + 1j * fluid.attenuation) ** 2 - np.where(kept, lateral, 0.0))
    response = sum(dz * g * np.exp(-1j * kz * z) for g, z in zip(profile, at, strict=True))
    rate = 2 / dt * math.sin(0.5 * fluid.omega * dt)
    spectrum *= np.where(kept, 2 * kz / (rate * fluid.density * response), 0.0).astype(np.complex64)
    return _Sheet(lattice.low[0] - 2 * half, profile, backward(spectrum))
