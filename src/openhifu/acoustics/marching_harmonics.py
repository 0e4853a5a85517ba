"""The march with harmonics: the fundamental on the whole grid, harmonics and shocks in a box around the focus."""

from __future__ import annotations

import dataclasses
import math
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.burgers import steepen
from openhifu.acoustics.compiled import Compilation
from openhifu.acoustics.field import AcousticField, SolveReport
from openhifu.acoustics.fullwave_checks import available_memory
from openhifu.acoustics.harmonic_box import HarmonicBox
from openhifu.acoustics.harmonic_march import HarmonicMarch, Stretch
from openhifu.acoustics.marching import Marching, Prepared
from openhifu.acoustics.marching_checks import SPONGE_CELLS
from openhifu.acoustics.marching_kernels import march
from openhifu.acoustics.materials import Materials
from openhifu.acoustics.nonlinear_fluid import NonlinearFluid
from openhifu.acoustics.problem import AcousticProblem, Recording, heat_blocks
from openhifu.acoustics.slab import lit_by
from openhifu.acoustics.source import aperture_cosines, beam_radius
from openhifu.acoustics.whole_field import field_of_planes
from openhifu.base.errors import CannotModel, OutOfRange
from openhifu.base.field import Field, Quantity

MOST_HARMONICS = 8
_SPARE = 4  # harmonics carried beyond those asked for, so that the last of them are not cut short
_STEP, _FOCAL_STEP = 0.3, 0.1  # wavelengths between stations, and in the focal zone
_FOCAL_ZONE = 2.0  # wavelengths times the square of the f-number: half its length
_FAINTEST = 0.2  # of the usual amplitude on the box's first plane: what a dark fringe counts as
_EDGE_LOSS = 1.3  # Np per wavelength at the very edge of the box
_RAY_STEPS = 64  # samples of the way from the source to the box


@dataclass(frozen=True)
class HarmonicMarching:
    """Propagator for harmonics and shocks of any source in soft tissue; obeys ``Propagator``.

    The linear march finds the fundamental on the whole grid. From the first plane on which the beam lies within 30 mm
    of the axis, all harmonics are marched together (``HarmonicMarch``) on samples that hold the highest asked for.
    Before it every ray steepens like a plane wave whose amplitude grows as 1 / R, through the tissues it meets.

    Attributes:
        threads: at a time; the numbers do not depend on them.
    """

    threads: int = 2

    name = "marching"
    models = (*Marching.models, "harmonics and shocks, with the dispersion of power laws, within 30 mm of the axis")
    omits = tuple(o for o in Marching.omits if o != "nonlinear propagation")

    def refuses(self, problem: AcousticProblem) -> str | None:
        """Refuse more than eight harmonics, and bone or gas in the beam."""
        if problem.harmonics > MOST_HARMONICS:
            return (
                f"{problem.harmonics} harmonics are asked for, and the march carries {MOST_HARMONICS} at most; ask for "
                "method 'axisymmetric', or for fewer"
            )
        materials = Materials.of(problem.medium, problem.frequency)
        if (sentence := Marching().refuses_materials(materials)) is not None:
            return sentence
        lit = lit_by(problem, materials.slowest / problem.frequency)
        met = np.unique(problem.medium.map.data[lit])
        stiff = [materials.names[n] for n in met if materials.hard[n] or materials.gas[n]]
        if not stiff:
            return None
        return f"harmonics are marched through soft tissue only, and {', '.join(stiff)} lies in the beam; ask for one"

    def solve(self, problem: AcousticProblem, recording: Recording, why: str = "asked for") -> AcousticField:
        """Find the field; see ``Propagator``."""
        if (sentence := self.refuses(problem)) is not None:
            raise CannotModel(sentence)
        if recording.energy:
            raise CannotModel("with harmonics the march keeps no energy balance; ask for method 'axisymmetric'")
        heat_blocks(problem.medium.grid, recording)
        started, compilation = time.perf_counter(), Compilation.watch(march, steepen)
        marching = Marching()
        prepared = marching.prepare([dataclasses.replace(problem, harmonics=1)])[0]
        _require_memory(problem, recording)
        linear = marching.run(prepared, Recording(pressure=True, heat=False), why).pressure
        if linear is None:
            raise CannotModel("the march kept no pressure")
        planes = np.ascontiguousarray(np.moveaxis(linear.data, 2, 0))
        body = _Body.of(problem, prepared)
        box = HarmonicBox.around(problem, prepared.fluid)
        waves, heat = self._boxed(problem, prepared, body, box, planes)
        report = SolveReport(
            method=self.name,
            why=why,
            models=self.models,
            omits=self.omits,
            notes=self._notes(problem, box, prepared.materials),
            wall_seconds=time.perf_counter() - started,
            planes=problem.medium.grid.shape[2],
            compiled=compilation.happened(),
        )
        field = field_of_planes(problem, recording, planes, report, heat)
        kept = recording.pressure
        fields = [Field(problem.medium.grid, np.moveaxis(w, 0, 2), Quantity.PRESSURE) for w in waves if kept]
        return dataclasses.replace(field, harmonics=tuple(fields))

    def _notes(self, problem: AcousticProblem, box: HarmonicBox, materials: Materials) -> tuple[str, ...]:
        z = 1e3 * (problem.first_voxel[2] + problem.medium.grid.axis(2)[box.first])
        across = f"{1e3 * box.spacing[0]:.2g} mm"
        where = (
            f"harmonics from {z:.1f} mm from the apex on, {box.shape[0]} x {box.shape[1]} samples {across} apart; "
            "outside that box the field is linear and holds no harmonics"
        )
        if not (materials.hard | materials.gas).any():
            return (where,)
        return where, "bone and gas beside the beam count as its commonest tissue where harmonics are marched"

    def _boxed(
        self, problem: AcousticProblem, prepared: Prepared, body: _Body, box: HarmonicBox, planes: NDArray[np.complex64]
    ) -> tuple[NDArray[np.complex64], NDArray[np.float32]]:
        """Second and higher harmonics and the heat on the grid; the fundamental goes into ``planes``."""
        materials = prepared.materials
        waves = np.zeros((problem.harmonics - 1, *planes.shape), np.complex64)
        heat = materials.heat.astype(np.float32)[prepared.stack.labels] * np.abs(planes) ** 2
        carried = problem.harmonics + _SPARE
        slope = float(np.mean(1 / aperture_cosines(problem.drive.transducer.surface)))
        way, marks = _way(problem, prepared, body, box)
        runner = HarmonicMarch(body.fluids, body.transmission, box.spacing, slope, _edges(box), self.threads)
        start = _first_waves(problem, prepared, body, box, planes[box.first], carried)
        rows, columns = box.columns
        inner = [slice(s.start + SPONGE_CELLS, s.stop - SPONGE_CELLS) for s in (rows, columns)]
        own = np.s_[SPONGE_CELLS:-SPONGE_CELLS, SPONGE_CELLS:-SPONGE_CELLS]
        for number, passing in enumerate(runner.stations(start, way)):
            if number not in marks:
                continue
            n = marks[number]
            at = box.on_voxels(passing.waves)
            labels = body.labels[n][rows, columns]
            hot = body.heat(at, labels) + box.on_voxels(passing.shock)
            planes[n, inner[0], inner[1]] = at[0][own]
            heat[n, inner[0], inner[1]] = hot[own]
            count = min(waves.shape[0], at.shape[0] - 1)
            waves[:count, n, inner[0], inner[1]] = at[1 : count + 1][:, own[0], own[1]]
        return waves, heat


@dataclass(frozen=True, eq=False)
class _Body:
    """The soft tissues a beam may meet, numbered anew.

    Attributes:
        fluids: one for each number.
        labels: number at every voxel, shape (nz, nx, ny); bone and gas beside the beam count as its commonest tissue.
        transmission: of pressure from number (row) to number (column).
        coupling: number of what lies between source and grid.
    """

    fluids: tuple[NonlinearFluid, ...]
    labels: NDArray[np.uint8]
    transmission: NDArray[np.float64]
    coupling: int

    @classmethod
    def of(cls, problem: AcousticProblem, prepared: Prepared) -> _Body:
        materials, stack = prepared.materials, prepared.stack.labels
        soft = materials.present & ~materials.hard & ~materials.gas
        counts = np.bincount(stack.ravel(), minlength=soft.size) * soft
        used = np.flatnonzero(soft)
        numbers = np.full(soft.size, int(np.searchsorted(used, int(np.argmax(counts)))), np.uint8)
        numbers[used] = np.arange(used.size)
        fluids = tuple(NonlinearFluid.of(problem.medium.tissues[n], problem.frequency) for n in used)
        linear = [f.linear for f in fluids]
        z = np.array([f.impedance for f in linear])
        transmission = 2 * z[None, :] / (z[:, None] + z[None, :])
        return cls(fluids, numbers[stack], transmission, linear.index(prepared.fluid))

    def heat(self, waves: NDArray[np.complex64], labels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Heat rate of harmonics [W/m3] at samples with these numbers."""
        rates = np.array(
            [f.absorbed_share * f.attenuation(waves.shape[0]) / f.linear.impedance for f in self.fluids], np.float32
        )
        return np.einsum("nxy,xyn->xy", np.abs(waves) ** 2, rates[labels])


def _require_memory(problem: AcousticProblem, recording: Recording) -> None:
    """Refuse what does not fit.

    Raises:
        OutOfRange: with the numbers.
    """
    planes = 3 + problem.harmonics * (2 if recording.pressure else 1)
    needed, most = 8.0 * planes * problem.medium.grid.size, available_memory()
    if needed > most:
        raise OutOfRange(
            f"{problem.harmonics} harmonics on {problem.medium.grid.describe()} need {needed / 1e9:.1f} GB, and "
            f"{most / 1e9:.1f} GB may be used; shrink the grid or ask for fewer"
        )


def _edges(box: HarmonicBox) -> NDArray[np.float32]:
    """Factor per wavelength of way at every sample of the box."""
    depth = []
    for n, cells in zip(box.shape, box.count, strict=True):
        inward = np.minimum(np.arange(n), np.arange(n)[::-1]) / (n / cells)
        depth.append(np.sin(0.5 * np.pi * np.clip(1 - inward / SPONGE_CELLS, 0.0, 1.0)) ** 2)
    return np.exp(-_EDGE_LOSS * (depth[0][:, None] + depth[1][None, :])).astype(np.float32)


def _way(
    problem: AcousticProblem, prepared: Prepared, body: _Body, box: HarmonicBox
) -> tuple[list[Stretch], dict[int, int]]:
    """Steps from plane to plane of the box, and the grid's plane of every station that lies on one."""
    grid, surface, fluid = problem.medium.grid, problem.drive.transducer.surface, prepared.fluid
    x0, y0, z0 = problem.first_voxel
    z, h = z0 + grid.axis(2), grid.spacing[2]
    off = np.hypot((x0 + grid.axis(0))[:, None], (y0 + grid.axis(1))[None, :])
    zone = _FOCAL_ZONE * fluid.wavelength / (2 * math.tan(surface.half_angles[1])) ** 2
    way, marks = [], {0: box.first}
    for n in range(box.first, grid.shape[2] - 1):
        lit = off <= max(float(beam_radius(surface, z[n] + 0.5 * h)), 3 * fluid.wavelength)
        shares = sum(np.bincount(body.labels[m][lit], minlength=len(body.fluids)) for m in (n, n + 1)) / (2 * lit.sum())
        near = abs(z[n] + 0.5 * h - surface.focal_length) < zone
        count = math.ceil(h / ((_FOCAL_STEP if near else _STEP) * fluid.wavelength) - 1e-9)
        count += 1 - count % 2  # odd, so that the interface lies midway of one
        here, there = box.spread(body.labels[n]), box.spread(body.labels[n + 1])
        for m in range(count):
            before, behind = (here if 2 * m < count else there), (here if 2 * m + 2 < count + 1 else there)
            way.append(Stretch(h / count, np.asarray(shares), before, behind))
        marks[len(way)] = n + 1
    return way, marks


def _first_waves(
    problem: AcousticProblem,
    prepared: Prepared,
    body: _Body,
    box: HarmonicBox,
    plane: NDArray[np.complex64],
    carried: int,
) -> NDArray[np.complex64]:
    """Harmonics on the box's first plane, as far as every ray has steepened on its way there."""
    start = np.zeros((carried, *box.shape), np.complex64)
    start[0] = box.refined(plane)
    reach = np.asarray(np.kron(_reach(problem, body, box), np.ones((box.finer, box.finer))), np.float64)
    # On its way a ray had the amplitude of its neighbours, not that of the bright or dark fringe it ends in.
    size, lit = np.abs(start[0]), reach > 0
    usual = float(np.sum(size[lit] ** 2) / max(float(np.sum(size[lit])), 1e-30))
    reach *= usual / np.maximum(size, _FAINTEST * usual + 1e-30)
    columns = np.ascontiguousarray(start.reshape(carried, -1).T.astype(np.complex128))
    steepen(columns, reach.ravel(), np.zeros(reach.size))
    return np.ascontiguousarray(columns.T.reshape(start.shape).astype(np.complex64))


def _reach(problem: AcousticProblem, body: _Body, box: HarmonicBox) -> NDArray[np.float64]:
    """How far each column's ray has steepened before the box [1/Pa], per amplitude where it enters, shape of columns.

    Along the ray the amplitude grows towards the focus as 1 / R and falls by attenuation: the integral of the
    steepening over the way, each part weighted by the amplitude there over that at the box. Waves outside the cone of
    rays count as fresh.
    """
    grid, surface = problem.medium.grid, problem.drive.transducer.surface
    rows, columns = box.columns
    x = (problem.first_voxel[0] + grid.axis(0))[rows][:, None]
    y = (problem.first_voxel[1] + grid.axis(1))[columns][None, :]
    z0, z = problem.first_voxel[2], problem.first_voxel[2] + float(grid.axis(2)[box.first])
    ahead = surface.focal_length - z
    left = np.sqrt(x**2 + y**2 + ahead**2)
    angle = np.arccos(np.clip(ahead / left, -1, 1))
    steepening = np.array([f.steepening for f in body.fluids])
    loss = np.array([f.linear.attenuation for f in body.fluids])
    total, lost = np.zeros(left.shape), np.zeros(left.shape)
    step = (surface.focal_length - left) / _RAY_STEPS
    for n in range(_RAY_STEPS):
        share = (left + (n + 0.5) * step) / left
        i = np.clip(np.rint((x * share - problem.first_voxel[0]) / grid.spacing[0]), 0, grid.shape[0] - 1)
        j = np.clip(np.rint((y * share - problem.first_voxel[1]) / grid.spacing[1]), 0, grid.shape[1] - 1)
        k = np.rint((surface.focal_length - ahead * share - z0) / grid.spacing[2])
        inside = body.labels[np.maximum(k, 0).astype(int), i.astype(int), j.astype(int)]
        label = np.where(k < 0, body.coupling, inside)
        lost += loss[label] * step
        total += steepening[label] * step * np.exp(lost) / share
    low, high = surface.half_angles
    return np.where((angle >= low) & (angle <= high), np.maximum(total, 0.0), 0.0)
