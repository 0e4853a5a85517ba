"""Round beams through flat layers, linear or with harmonics and shocks, at every angle: a propagator."""

from __future__ import annotations

import dataclasses
import math
import time

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.burgers import steepen
from openhifu.acoustics.compiled import Compilation
from openhifu.acoustics.field import AcousticField, EnergyBalance, SolveReport
from openhifu.acoustics.hankel import HankelTransform
from openhifu.acoustics.materials import GAS_DENSITY
from openhifu.acoustics.nonlinear_fluid import NonlinearFluid
from openhifu.acoustics.problem import AcousticProblem, Recording, heat_blocks
from openhifu.acoustics.quadrature import depth
from openhifu.acoustics.radial_march import LayeredPath, RadialMarch, Station
from openhifu.acoustics.radial_source import RadialResolution, disc_radius, first_station, first_waves, round_cap
from openhifu.acoustics.radial_stations import stations_between
from openhifu.acoustics.rayleigh_kernels import sum_waves
from openhifu.acoustics.whole_field import field_of_planes
from openhifu.base.errors import CannotModel, GeometryError
from openhifu.base.field import Field, Quantity
from openhifu.model.medium import Medium
from openhifu.model.tissue import Property
from openhifu.model.transducer import Cap

_FEWEST_CARRIED = 32  # harmonics carried where any are asked for, so that the first are not cut short
_SPARE = 1.3  # of the grid's reach: radius of the disc, whose rim absorbs
_MIRRORED = 8  # samples beyond the axis, so that a spline through the radii is even there


class Axisymmetric:
    """Propagator for whole caps in front of flat layers; obeys ``Propagator``.

    For ``problem.harmonics`` of 1 the field is linear; for more, at least ``_FEWEST_CARRIED`` harmonics are carried and
    the first of them given back. The method and its order are those of ``RadialMarch`` and ``burgers``.
    """

    name = "axisymmetric"
    models = (
        "diffraction of a round beam, every angle",
        "transmission of flat layers, every angle",
        "power-law attenuation and its dispersion",
        "harmonics and shocks, where harmonics are asked for",
        "heat of every harmonic and of shocks",
    )
    omits = ("reflected waves (standing waves, mirror focus)", "layers that are not flat and normal to the axis")

    def refuses(self, problem: AcousticProblem) -> str | None:
        """Refuse sources that are not round, media that change across the beam, and gas."""
        try:
            round_cap(problem.drive)
        except CannotModel as refusal:
            return str(refusal)
        medium = problem.medium
        if np.any(medium.map.data != medium.map.data[:1, :1]):
            return (
                "the axisymmetric method contains only flat layers normal to the axis, and this medium changes across "
                "the beam; ask for method 'marching'"
            )
        for tissue, here in zip(medium.tissues, medium.present(), strict=True):
            if here and tissue.value(Property.DENSITY) < GAS_DENSITY:
                return f"a one-way method does not pass through gas ({tissue.name}); ask for a full-wave method"
        return None

    def solve(self, problem: AcousticProblem, recording: Recording, why: str = "asked for") -> AcousticField:
        """Find the field on the whole grid; see ``Propagator``."""
        if (sentence := self.refuses(problem)) is not None:
            raise CannotModel(sentence)
        heat_blocks(problem.medium.grid, recording)
        started, compilation = time.perf_counter(), Compilation.watch(steepen, sum_waves)
        carried = 1 if problem.harmonics == 1 else max(_FEWEST_CARRIED, 2 * problem.harmonics)
        fluids, labels = _layers(problem.medium, problem.frequency, carried > 1)
        cap = round_cap(problem.drive)
        coupling = fluids[labels[0]]
        path, planes = _stations(problem, cap, fluids, labels, carried > 1)
        resolution = RadialResolution.fitting(problem.drive, coupling.linear.wavelength, carried)
        radius = max(disc_radius(cap, coupling.linear.wavelength), _SPARE * _largest_radius(problem))
        march = RadialMarch(path, HankelTransform(radius, resolution.points), carried)
        start = first_waves(problem.drive, coupling, march.hankel, float(path.stations[0]), carried)
        voxels = _Voxels(problem, planes)
        energy, emitted = None, 0.0
        for station in march.stations(start):
            emitted = emitted or float(station.budget[4])
            voxels.keep(station, march.hankel)
            attenuated, absorbed, reflected, lateral, leaving = (float(p) for p in station.budget)
            energy = EnergyBalance(emitted, attenuated, absorbed, reflected, lateral, leaving)
        report = SolveReport(
            method=self.name,
            why=why,
            models=self.models,
            omits=self.omits if carried > 1 else (*self.omits, "nonlinear propagation"),
            notes=(f"{carried} harmonics at {resolution.points} radii and {path.stations.size} stations",),
            wall_seconds=time.perf_counter() - started,
            planes=problem.medium.grid.shape[2],
            compiled=compilation.happened(),
        )
        field = field_of_planes(problem, recording, voxels.waves[0], report, voxels.heat)
        return dataclasses.replace(
            field, harmonics=voxels.fields(recording), energy=energy if recording.energy else None
        )


class _Voxels:
    """The field on the voxels of a problem's grid, gathered plane by plane."""

    def __init__(self, problem: AcousticProblem, planes: dict[int, int]) -> None:
        grid = self._grid = problem.medium.grid
        x, y = (problem.first_voxel[n] + grid.axis(n) for n in (0, 1))
        self._radii = np.hypot(x[:, None], y[None, :])
        self._planes = planes
        shape = (grid.shape[2], grid.shape[0], grid.shape[1])
        self.waves = np.zeros((problem.harmonics, *shape), np.complex64)
        self.heat = np.zeros(shape, np.float32)

    def keep(self, station: Station, hankel: HankelTransform) -> None:
        """Take what a station has if it lies on a plane of the grid."""
        if station.number not in self._planes:
            return
        from scipy.interpolate import make_interp_spline

        plane = self._planes[station.number]
        count = min(self.waves.shape[0], station.waves.shape[1])
        columns = np.column_stack([station.waves[:, :count].real, station.waves[:, :count].imag, station.heat])
        radii = np.concatenate([-hankel.radii[_MIRRORED - 1 :: -1], hankel.radii])
        table = np.concatenate([columns[_MIRRORED - 1 :: -1], columns])
        last = int(np.searchsorted(radii, self._radii.max())) + 8
        values = make_interp_spline(radii[:last], table[:last], k=5)(self._radii)
        self.waves[:count, plane] = np.moveaxis(values[..., :count] + 1j * values[..., count : 2 * count], 2, 0)
        self.heat[plane] = np.maximum(values[..., -1], 0.0)

    def fields(self, recording: Recording) -> tuple[Field, ...]:
        """The second harmonic and up, where pressure is asked for."""
        if not recording.pressure:
            return ()
        return tuple(Field(self._grid, np.moveaxis(wave, 0, 2), Quantity.PRESSURE) for wave in self.waves[1:])


def _layers(medium: Medium, frequency: float, nonlinear: bool) -> tuple[tuple[NonlinearFluid, ...], NDArray[np.intp]]:
    """The fluids that occur, and the one of every plane."""
    column = np.asarray(medium.map.data[0, 0])
    met = [int(n) for n in np.unique(column)]
    fluids = tuple(NonlinearFluid.of(medium.tissues[n], frequency, nonlinear) for n in met)
    return fluids, np.searchsorted(met, column)


def _largest_radius(problem: AcousticProblem) -> float:
    grid = problem.medium.grid
    reach = [
        max(abs(problem.first_voxel[n]), abs(problem.first_voxel[n] + grid.spacing[n] * (grid.shape[n] - 1)))
        for n in (0, 1)
    ]
    return math.hypot(*reach)


def _stations(
    problem: AcousticProblem,
    cap: Cap,
    fluids: tuple[NonlinearFluid, ...],
    labels: NDArray[np.intp],
    nonlinear: bool,
) -> tuple[LayeredPath, dict[int, int]]:
    """Stations from the rim of the source through every plane of the grid, and the plane of each that lies on one."""
    grid, coupling = problem.medium.grid, fluids[labels[0]]
    wavelength = coupling.linear.wavelength
    planes = problem.first_voxel[2] + grid.axis(2)
    first = first_station(cap, wavelength)
    if planes[0] < first * (1 - 1e-9):
        raise GeometryError(
            f"the grid begins {1e3 * planes[0]:.1f} mm from the apex of the source, whose surface reaches to "
            f"{1e3 * depth(cap):.1f} mm; begin it at {1e3 * first:.1f} mm or beyond"
        )
    marks = planes if planes[0] <= first + 1e-9 else np.append(first, planes)
    kinds = labels if marks.size == planes.size else np.append(labels[:1], labels)
    z, label, numbers = [float(marks[0])], [int(kinds[0])], {0: 0} if marks.size == planes.size else {}
    for n in range(1, marks.size):
        inner = stations_between(float(marks[n - 1]), float(marks[n]), cap, wavelength, nonlinear)
        nearer = inner - marks[n - 1] < marks[n] - inner
        z += [float(v) for v in inner] + [float(marks[n])]
        label += [int(kinds[n - 1] if near else kinds[n]) for near in nearer] + [int(kinds[n])]
        numbers[len(z) - 1] = n + planes.size - marks.size
    return LayeredPath(fluids, np.array(z), np.array(label)), numbers
