"""Full wave in the frequency domain: all reflections and refraction in soft tissue and bone, by the Born series."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.born_box import BornBox
from openhifu.acoustics.born_kernels import renew_planes
from openhifu.acoustics.born_medium import BornMedium
from openhifu.acoustics.born_series import BornSeries, Source
from openhifu.acoustics.born_source import source_of
from openhifu.acoustics.compiled import Compilation
from openhifu.acoustics.field import AcousticField, Convergence, SolveReport
from openhifu.acoustics.fullwave_checks import bytes_needed, require_grid, require_memory
from openhifu.acoustics.interfaces import CutLabels, Interfaces, Voxels
from openhifu.acoustics.materials import Materials
from openhifu.acoustics.problem import AcousticProblem, Recording, heat_blocks
from openhifu.acoustics.source import Fluid
from openhifu.acoustics.whole_field import field_of_planes
from openhifu.base.errors import CannotModel, OutOfRange
from openhifu.base.progress import Progress, silent
from openhifu.model.medium import Medium


@dataclass(frozen=True)
class FullWave:
    """Propagator that leaves out nothing of linear acoustics in fluids; obeys ``Propagator``.

    Convergent Born series for psi = p / sqrt(rho) with maps of compressibility and density that are low-passed from
    fractions finer than the voxels, so that reflection at interfaces anywhere between voxels is right at six points per
    wavelength: behind flat or tilted layers of skull |P| is within 1 % (L2) and the peak within 1 %; its phase may be
    off by some hundredths of a radian. With four points per wavelength of the soft tissue nothing on a grid represents
    the reflection: media with interfaces need five, uniform ones three. With interfaces from surfaces the complex field
    is of second order in the voxel, down to an error in proportion to the tolerance.

    Attributes:
        interfaces: where tissues meet, finer than voxels, in agreement with the medium's map; None takes the voxels as
            cubes, whose staircase costs several per cent behind bone (the report says so).
        tolerance: relative residual at which the iteration stops; 1e-3 leaves some tenths of a per cent of the peak.
        most_iterations: after which an unconverged field is refused.
        threads: at a time; the numbers do not depend on them.
        memory: bytes that may be used; None for what the machine has available.
    """

    interfaces: Interfaces | None = None
    tolerance: float = 1e-3
    most_iterations: int = 2000
    threads: int = 2
    memory: float | None = None

    name = "fullwave"
    models = (
        "diffraction",
        "refraction and reflection at all angles, reverberation included",
        "jumps of sound speed, density and attenuation",
        "power-law attenuation per tissue",
        "heat from the absorbed share",
    )
    omits = ("nonlinear propagation", "shear waves in bone", "waves scattered back by the source")

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not 0 < self.tolerance < 1 or self.most_iterations < 1 or self.threads < 1:
            raise OutOfRange(
                f"tolerance must lie between 0 and 1, iterations and threads be one or more; got {self.tolerance}, "
                f"{self.most_iterations}, {self.threads}"
            )

    def refuses(self, problem: AcousticProblem) -> str | None:
        """Refuse gas, whose contrast the low-passed maps cannot carry without turning negative."""
        if (sentence := problem.refused_as_nonlinear) is not None:
            return sentence
        materials = Materials.of(problem.medium, problem.frequency)
        gas = [name for name, light in zip(materials.names, materials.gas, strict=True) if light]
        if not gas:
            return None
        return (
            f"the full-wave solver contains no gas (here: {', '.join(gas)}), whose density is a thousandth of its "
            "surroundings'; ask for method 'marching', which takes gas as a release surface, or crop it away"
        )

    def solve(self, problem: AcousticProblem, recording: Recording, why: str = "asked for") -> AcousticField:
        """Find the field; see ``Propagator``."""
        return self.solve_many([problem], recording, why)[0]

    def solve_many(
        self,
        problems: Sequence[AcousticProblem],
        recording: Recording,
        why: str = "asked for",
        progress: Progress = silent,
    ) -> list[AcousticField]:
        """Find several fields, the medium's maps being made once for those that share it.

        Raises:
            CannotModel: if there is gas, an energy balance is asked for, or the iteration does not converge.
            GeometryError: if grid, source and medium do not fit together, or the grid is too coarse.
            OutOfRange: if the lattice does not fit into memory.
            MissingProperty: if a tissue lacks a value.
        """
        fields: list[AcousticField] = []
        kept: tuple[Medium, BornMedium] | None = None
        for problem in problems:
            started, compilation = time.perf_counter(), Compilation.watch(renew_planes)
            fluid = self._checked(problem, recording)
            box = BornBox.around(problem, fluid)
            require_memory(box, recording, self.memory)
            if kept is None or kept[0] is not problem.medium or kept[1].box != box:
                kept = None  # the old maps go before the new ones come
                kept = problem.medium, self._medium(problem, box, fluid)
            planes, convergence = self._planes(problem, kept[1], progress)
            report = SolveReport(
                method=self.name,
                why=why,
                models=self.models,
                omits=self.omits,
                notes=self._notes(problem, box),
                wall_seconds=time.perf_counter() - started,
                planes=problem.medium.grid.shape[2],
                compiled=compilation.happened(),
                convergence=convergence,
            )
            fields.append(field_of_planes(problem, recording, planes, report))
        return fields

    def _planes(
        self, problem: AcousticProblem, medium: BornMedium, progress: Progress
    ) -> tuple[NDArray[np.complex64], Convergence]:
        """Pressure on the grid [Pa], shape (nz, nx, ny), and how the iteration went."""
        return self.settled(medium, source_of(problem, medium), progress)

    def settled(
        self, medium: BornMedium, source: Source, progress: Progress = silent
    ) -> tuple[NDArray[np.complex64], Convergence]:
        """Pressure on the grid of a medium's box [Pa], shape (nz, nx, ny), from a source in it.

        Raises:
            CannotModel: if the iteration does not converge.
        """
        series = BornSeries(medium, self.threads)
        psi, convergence = series.solve(source, self.tolerance, self.most_iterations, progress)
        if not convergence.reached:
            raise CannotModel(
                f"the full wave has a residual of {convergence.residuals[-1]:.2g} after {convergence.iterations} "
                f"iterations, not {self.tolerance:.2g}; allow more of them"
            )
        crop = medium.box.crop
        return psi[crop] / medium.root[crop], convergence

    def memory_needed(self, problem: AcousticProblem, recording: Recording) -> float:
        """Bytes a solve takes at its highest, estimated before anything is made."""
        return bytes_needed(BornBox.around(problem, self._checked(problem, recording)), recording)

    def _checked(self, problem: AcousticProblem, recording: Recording) -> Fluid:
        """The fluid between source and grid."""
        if (sentence := self.refuses(problem)) is not None:
            raise CannotModel(sentence)
        if recording.energy:
            raise CannotModel("the full-wave solver keeps no energy balance; ask for method 'marching'")
        heat_blocks(problem.medium.grid, recording)
        return require_grid(problem)

    def _medium(self, problem: AcousticProblem, box: BornBox, fluid: Fluid) -> BornMedium:
        medium = problem.medium
        fluids = [
            Fluid.of(tissue, problem.frequency) if here else None
            for tissue, here in zip(medium.tissues, medium.present(), strict=True)
        ]
        cells = (self.interfaces or Voxels()).under(medium.map)
        if isinstance(cells, CutLabels):
            cells = cells.with_before(fluids.index(fluid))
        return BornMedium.of(box, fluids, fluid, cells, self.threads)

    def _notes(self, problem: AcousticProblem, box: BornBox) -> tuple[str, ...]:
        notes = []
        if self.interfaces is None and int(problem.medium.present().sum()) > 1:
            notes.append("interfaces are as coarse as the voxels: behind bone several per cent off; give finer ones")
        if box.continued > 0:
            notes.append(f"the medium was continued {1e3 * box.continued:.0f} mm beside the grid to hold the beam")
        return tuple(notes)
