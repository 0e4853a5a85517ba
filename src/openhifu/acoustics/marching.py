"""One-way marching of a source's field through labelled tissue: hybrid angular spectrum."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.array_library import ArrayLibrary
from openhifu.acoustics.array_march import ArrayMarch
from openhifu.acoustics.compiled import Compilation
from openhifu.acoustics.field import AcousticField, EnergyBalance, SolveReport
from openhifu.acoustics.fourier import fast_size
from openhifu.acoustics.label_stack import LabelStack
from openhifu.acoustics.marching_checks import SPONGE_CELLS, coupling_label, require_fine_enough, require_whole_beam
from openhifu.acoustics.marching_kernels import Beam, Tables, march
from openhifu.acoustics.marching_record import answer, forward_power, noted, omitted, room
from openhifu.acoustics.materials import Materials
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.source import Fluid, aperture_cosines, beam_radius
from openhifu.acoustics.source_planes import PlaneLattice, SourcePlanes
from openhifu.base.errors import CannotModel

_SPONGE = 1.3  # Np per wavelength at the very edge of the grid
_NARROWEST = 3.0  # wavelengths: radius around the axis that counts as beam even at the focus


@dataclass(frozen=True, eq=False)
class Prepared:
    """A problem with what it shares with others of the same medium or source.

    Attributes:
        problem: the question.
        stack: its labels, plane by plane.
        materials: its tissues' numbers.
        fluid: what lies between source and grid.
        source: planes of the source.
    """

    problem: AcousticProblem
    stack: LabelStack
    materials: Materials
    fluid: Fluid
    source: SourcePlanes


class Marching:
    """Propagator for soft tissue with what bone and gas it meets declared in its report; obeys ``Propagator``.

    Each step is diffraction by the angular spectrum at a reference (k + i alpha) that is the mean of the soft tissue
    inside the beam, then a screen for each voxel's departure from it over the mean slope of the rays, and the pressure
    transmission 2 Z2 / (Z1 + Z2) where the label changes. Exact in a uniform medium, lossy or not; refraction and
    transmission are to first order in the contrast and for waves near the mean slope. Source: Vyas and Christensen,
    IEEE Trans. UFFC 59, 1093 (2012), with the mean slope taken from the aperture so that the field stays linear.

    Interfaces lie to within half a step, so the field is of first order in the step along the beam, or better.

    The outer ``SPONGE_CELLS`` voxels at each lateral side absorb what arrives there.

    Args:
        library: arrays of another library to march with, on the hardware it has; None runs the compiled loops.
    """

    name = "marching"
    models = (
        "diffraction of the forward wave",
        "refraction in soft tissue",
        "power-law attenuation per tissue",
        "transmission at interfaces, normal incidence",
        "heat from the absorbed share",
    )
    omits = (
        "nonlinear propagation",
        "reflected waves (standing waves, mirror focus)",
        "dependence of transmission on angle",
    )

    def __init__(self, library: ArrayLibrary | None = None) -> None:
        """Compiled loops, or a library's arrays."""
        self.library = library
        self._march = march if library is None else ArrayMarch(library)

    def refuses(self, problem: AcousticProblem) -> str | None:
        """Refuse harmonics and media without any soft tissue; the rest is taken, with its limits in the report."""
        if (sentence := problem.refused_as_nonlinear) is not None:
            return sentence
        return self.refuses_materials(Materials.of(problem.medium, problem.frequency))

    def refuses_materials(self, materials: Materials) -> str | None:
        """The same for tables that are at hand."""
        if np.any(materials.present & ~materials.hard & ~materials.gas):
            return None
        return (
            "one-way marching needs soft tissue or water to march through, and this medium is bone or gas throughout; "
            "ask for a full-wave method"
        )

    def solve(self, problem: AcousticProblem, recording: Recording, why: str = "asked for") -> AcousticField:
        """Find the field; see ``Propagator``."""
        return self.run(self.prepare([problem])[0], recording, why)

    def prepare(self, problems: Sequence[AcousticProblem], given: SourcePlanes | None = None) -> list[Prepared]:
        """Check all problems and make what they share: labels per map, source planes per transducer and lattice.

        Args:
            problems: the questions.
            given: source planes made before, used where they serve.

        Raises:
            CannotModel, GeometryError, MissingProperty: see ``Propagator``.
        """
        stacks: dict[int, LabelStack] = {}
        found: list[tuple[LabelStack, Materials, Fluid]] = []
        for problem in problems:
            key = id(problem.medium.map)
            if key not in stacks:
                stacks[key] = LabelStack.of(problem.medium.map)
            found.append((stacks[key], *_checked(self, problem, stacks[key])))
        groups: dict[tuple[str, Fluid, tuple[int, int], tuple[float, float]], list[int]] = defaultdict(list)
        for n, problem in enumerate(problems):
            grid = problem.medium.grid
            step = (round(grid.spacing[0], 9), round(grid.spacing[1], 9))
            groups[problem.drive.transducer.content_hash, found[n][2], padded(problem), step].append(n)
        sources: dict[int, SourcePlanes] = {}
        for (_, fluid, shape, step), members in groups.items():
            lattice = PlaneLattice(
                extent=(shape[0] * step[0], shape[1] * step[1]),
                z=min(problems[n].first_voxel[2] for n in members),
                edge=SPONGE_CELLS * max(step),
            )
            drives = [problems[n].drive for n in members]
            served = given is not None and given.serves(drives, fluid, lattice)
            sources |= dict.fromkeys(members, given if served and given else SourcePlanes.of(drives, fluid, lattice))
        return [Prepared(p, *found[n], sources[n]) for n, p in enumerate(problems)]

    def run(self, prepared: Prepared, recording: Recording, why: str) -> AcousticField:
        """March one prepared problem, on one thread and without holding the interpreter."""
        started, compilation = time.perf_counter(), Compilation.watch(march)
        problem, grid = prepared.problem, prepared.problem.medium.grid
        tables, beam = tables_of(prepared.materials), beam_of(prepared)
        shape, edges = padded(problem), edges_of(prepared)
        field = prepared.source.on_grid(problem.drive, shape, problem.first_voxel, grid.spacing[:2])
        keep = room(problem, prepared.materials, recording)
        inside = field[: grid.shape[0], : grid.shape[1]]
        emitted = (
            forward_power(problem, prepared.stack.labels[0], prepared.materials, inside * np.outer(*edges))
            if recording.energy
            else 0.0
        )
        self._march(field, prepared.stack.labels, tables, beam, edges, quadrant_of(prepared), keep)
        energy = None
        if recording.energy:
            leaving = forward_power(problem, prepared.stack.labels[-1], prepared.materials, inside)
            energy = EnergyBalance(emitted, *(float(p) for p in keep.power), leaving=leaving)
        report = SolveReport(
            method=self.name,
            why=why,
            models=self.models,
            omits=self.omits + omitted(prepared.materials),
            notes=noted(prepared.materials) + self._hardware(),
            wall_seconds=time.perf_counter() - started,
            planes=grid.shape[2],
            compiled=compilation.happened(),
        )
        return answer(problem, prepared.stack, prepared.materials, recording, keep, energy, report)

    def _hardware(self) -> tuple[str, ...]:
        """Which library marched, and where; nothing of the compiled loops."""
        return (
            () if self.library is None else (f"marched with the arrays of {self.library.name}, {self.library.device}",)
        )

    def onwards(
        self, problem: AcousticProblem, materials: Materials, entering: NDArray[np.complex64]
    ) -> NDArray[np.complex64]:
        """March a given wave on from the first plane of a grid inside the body.

        Args:
            problem: on that grid; its source only says where the beam goes.
            materials: of the whole medium, whose carried amplitudes the wave has.
            entering: pressure on the first plane [Pa], shape (nx, ny).

        Returns:
            Pressure on every plane [Pa], shape (nz, nx, ny).
        """
        stack = LabelStack.of(problem.medium.map)
        soft = np.flatnonzero(materials.present & ~materials.hard & ~materials.gas)
        fluid = Fluid.of(problem.medium.tissues[int(soft[0])], problem.frequency)
        nowhere = SourcePlanes(fluid, PlaneLattice((1.0, 1.0), 0.0, 1.0), {}, np.empty((0, 0, 0), np.complex64))
        prepared = Prepared(problem, stack, materials, fluid, nowhere)
        tables, shape, edges = tables_of(materials), padded(problem), edges_of(prepared)
        nx, ny, _ = problem.medium.grid.shape
        field = np.zeros(shape, np.complex64)
        field[:nx, :ny] = entering / np.sqrt(np.maximum(tables.square, 1e-12))[stack.labels[0]]
        keep = room(problem, materials, Recording(pressure=True, heat=False))
        self._march(field, stack.labels, tables, beam_of(prepared), edges, quadrant_of(prepared), keep)
        return keep.pressure


def quadrant_of(prepared: Prepared) -> NDArray[np.complex64]:
    """Room for one quadrant of the march's propagator."""
    problem = prepared.problem
    highest = problem.frequency / prepared.materials.slowest
    sides = zip(padded(problem), problem.medium.grid.spacing, strict=False)
    return np.empty([int(highest * n * h) + 1 for n, h in sides], np.complex64)


def _checked(solver: Marching, problem: AcousticProblem, stack: LabelStack) -> tuple[Materials, Fluid]:
    materials = Materials.of(problem.medium, problem.frequency)
    if (sentence := problem.refused_as_nonlinear or solver.refuses_materials(materials)) is not None:
        raise CannotModel(sentence)
    require_fine_enough(problem, materials)
    label = coupling_label(problem, stack, materials, materials.slowest / problem.frequency)
    fluid = Fluid.of(problem.medium.tissues[label], problem.frequency)
    require_whole_beam(problem, fluid.wavelength)
    return materials, fluid


def padded(problem: AcousticProblem) -> tuple[int, int]:
    """Lateral size of the transforms: the grid's, or the next one that is fast."""
    nx, ny, _ = problem.medium.grid.shape
    return fast_size(nx), fast_size(ny)


def tables_of(materials: Materials) -> Tables:
    """The kernels' tables of a medium's materials."""
    ratio = materials.impedance / materials.carried
    return Tables(
        wavenumber=materials.wavenumber,
        attenuation=materials.attenuation,
        soft=materials.present & ~materials.hard & ~materials.gas,
        transmission=materials.transmission(),
        square=ratio.astype(np.float32),
        heat=materials.heat.astype(np.float32),
    )


def beam_of(prepared: Prepared) -> Beam:
    """The geometric beam that a march's reference values follow."""
    problem, fluid = prepared.problem, prepared.fluid
    grid, surface = problem.medium.grid, problem.drive.transducer.surface
    x0, y0, z0 = problem.first_voxel
    dx, dy, dz = grid.spacing
    return Beam(
        centre=np.array([-x0 / dx, -y0 / dy]),
        radius=np.maximum(beam_radius(surface, z0 + grid.axis(2)), _NARROWEST * fluid.wavelength),
        lateral=fluid.wavenumber**2 * (1.0 - aperture_cosines(surface) ** 2),
        fallback=fluid.wavenumber,
        steps=np.array([dx, dy, dz]),
    )


def edges_of(prepared: Prepared) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Factors of one step along x and y: one inside, falling smoothly over the outer voxels."""
    grid = prepared.problem.medium.grid
    loss = _SPONGE * grid.spacing[2] / prepared.fluid.wavelength

    def along(n: int) -> NDArray[np.float32]:
        cells = np.minimum(np.arange(n), np.arange(n)[::-1])
        depth = np.clip(1.0 - cells / SPONGE_CELLS, 0.0, 1.0)
        return np.exp(-loss * np.sin(0.5 * np.pi * depth) ** 2).astype(np.float32)

    return along(grid.shape[0]), along(grid.shape[1])
