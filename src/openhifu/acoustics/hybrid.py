"""March to near the bone, full wave across it, march on: the cost of the full wave only where there is need of it."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.born_box import BornBox
from openhifu.acoustics.born_kernels import renew_planes
from openhifu.acoustics.born_medium import BornMedium
from openhifu.acoustics.born_source import sheet_through
from openhifu.acoustics.compiled import Compilation
from openhifu.acoustics.field import AcousticField, Convergence, SolveReport
from openhifu.acoustics.fullwave import FullWave
from openhifu.acoustics.fullwave_checks import require_cubes, require_memory, require_points
from openhifu.acoustics.interfaces import Voxels
from openhifu.acoustics.marching import Marching
from openhifu.acoustics.materials import Materials
from openhifu.acoustics.problem import AcousticProblem, Recording, heat_blocks
from openhifu.acoustics.slab import (
    BetweenPlanes,
    Slab,
    commonest_soft,
    cropped,
    handed_over,
    lit_by,
    slab_of,
)
from openhifu.acoustics.source import Fluid, aperture_cosines
from openhifu.acoustics.whole_field import field_of_planes
from openhifu.base.errors import CannotModel

Planes = NDArray[np.complex64]


@dataclass(frozen=True)
class Hybrid:
    """Propagator for soft tissue with bone somewhere on the way; obeys ``Propagator``.

    Bone is looked for within the cone of rays and two wavelengths beside it. The march's wave enters the full wave 1.5
    to 4.5 wavelengths before it, where the tissue is most uniform, and leaves it as far behind the last bone. Within
    these planes every wave is followed; the tissue goes on unchanged beyond the last, so that only the wave onwards is
    handed to the march. Waves that return from further behind and standing waves towards the skin are left out. The
    error across bone is in proportion to the tolerance of the full wave.

    Attributes:
        across: the full wave, with its interfaces, tolerance, threads and memory.
    """

    across: FullWave = FullWave()

    name = "hybrid"
    models = (
        "diffraction, refraction in soft tissue, power-law attenuation per tissue",
        "reflection at all angles and reverberation in and around bone",
        "jumps of sound speed, density and attenuation in bone",
        "heat from the absorbed share",
    )
    omits = (
        "nonlinear propagation",
        "shear waves in bone",
        "waves reflected outside the planes around the bone",
    )

    def refuses(self, problem: AcousticProblem) -> str | None:
        """Refuse harmonics, beams without bone, and gas among the bone."""
        if (sentence := problem.refused_as_nonlinear) is not None:
            return sentence
        materials = Materials.of(problem.medium, problem.frequency)
        if (sentence := Marching().refuses_materials(materials)) is not None:
            return sentence
        slab = slab_of(problem, materials)
        if slab is None:
            return "there is no bone in the beam, which is what this method is for; ask for method 'marching'"
        lit = lit_by(problem, materials.slowest / problem.frequency)[:, :, slab.first : slab.last + 1]
        inside = problem.medium.map.data[:, :, slab.first : slab.last + 1][lit]
        gas = [materials.names[n] for n in np.unique(inside) if materials.gas[n]]
        if not gas:
            return None
        return (
            f"the full wave around the bone contains no gas (here in the beam: {', '.join(gas)}), whose density is a "
            "thousandth of its surroundings'; ask for method 'marching', which takes gas as a release surface"
        )

    def solve(self, problem: AcousticProblem, recording: Recording, why: str = "asked for") -> AcousticField:
        """Find the field; see ``Propagator``."""
        if (sentence := self.refuses(problem)) is not None:
            raise CannotModel(sentence)
        if recording.energy:
            raise CannotModel("the hybrid method keeps no energy balance; ask for method 'marching'")
        heat_blocks(problem.medium.grid, recording)
        started, compilation = time.perf_counter(), Compilation.watch(renew_planes)
        materials = Materials.of(problem.medium, problem.frequency)
        slab = slab_of(problem, materials)
        if slab is None:
            raise CannotModel("there is no bone in the beam")
        require_cubes(problem.medium.grid)
        require_points(problem.medium.grid, materials, problem.frequency)
        before, entering = self._to(problem, materials, slab)
        across, convergence = self._across(problem, materials, slab, entering)
        behind = self._on(problem, materials, slab, across[-1])
        planes = np.concatenate([before, across, behind])
        report = SolveReport(
            method=self.name,
            why=why,
            models=self.models,
            omits=self.omits,
            notes=self._notes(problem, slab),
            wall_seconds=time.perf_counter() - started,
            planes=len(planes),
            compiled=compilation.happened(),
            convergence=convergence,
        )
        return field_of_planes(problem, recording, planes, report)

    def _to(self, problem: AcousticProblem, materials: Materials, slab: Slab) -> tuple[Planes, Planes]:
        """The march up to the slab: planes before it, and the wave on its first plane."""
        marching, keep = Marching(), Recording(pressure=True, heat=False)
        part = cropped(problem, 0, slab.first)
        field = marching.solve(part, keep).pressure
        if field is None:
            raise CannotModel("the march kept no pressure")
        planes = np.ascontiguousarray(np.moveaxis(field.data, 2, 0))
        return planes[:-1], planes[-1]

    def _across(
        self, problem: AcousticProblem, materials: Materials, slab: Slab, entering: Planes
    ) -> tuple[Planes, Convergence]:
        """The full wave from the slab's first plane to its last."""
        label = commonest_soft(problem, materials, slab.first)
        background = Fluid.of(problem.medium.tissues[label], problem.frequency)
        part = cropped(problem, slab.first, slab.last)
        box = BornBox.behind_a_plane(part, background)
        require_memory(box, Recording(pressure=True, heat=False), self.across.memory)
        fluids = [
            Fluid.of(tissue, problem.frequency) if here and not light else None
            for tissue, here, light in zip(problem.medium.tissues, problem.medium.present(), materials.gas, strict=True)
        ]
        whole = (self.across.interfaces or Voxels()).under(problem.medium.map)
        cells = BetweenPlanes(whole, slab.first, slab.last, label)
        medium = BornMedium.of(box, fluids, background, cells, self.across.threads)
        labels = problem.medium.map.data[:, :, slab.first]
        slope = float(np.mean(1 / aperture_cosines(problem.drive.transducer.surface)))
        path = 0.5 * slope * problem.medium.grid.spacing[2]
        wave = entering / handed_over(labels, materials, background, path)
        return self.across.settled(medium, sheet_through(wave, box, background))

    def _on(self, problem: AcousticProblem, materials: Materials, slab: Slab, leaving: Planes) -> Planes:
        """The march from the slab's last plane to the end of the grid."""
        end = problem.medium.grid.shape[2] - 1
        if slab.last == end:
            return np.empty((0, *leaving.shape), np.complex64)
        planes = Marching().onwards(cropped(problem, slab.last, end), materials, leaving)
        return planes[1:]

    def _notes(self, problem: AcousticProblem, slab: Slab) -> tuple[str, ...]:
        z = 1e3 * (problem.first_voxel[2] + problem.medium.grid.axis(2))
        notes = [
            f"full wave from {z[slab.first]:.1f} to {z[slab.last]:.1f} mm from the apex, across up to "
            f"{1e3 * slab.thickest:.1f} mm of bone; marched before and behind"
        ]
        if self.across.interfaces is None:
            notes.append("interfaces are as coarse as the voxels: behind bone several per cent off; give finer ones")
        return tuple(notes)
