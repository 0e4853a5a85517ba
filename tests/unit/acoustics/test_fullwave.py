"""The full wave: maps, sources, reciprocity and its adjoint, refusals, and the claims of its docstrings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from openhifu.acoustics.band_limit import band_limited, low_pass
from openhifu.acoustics.born_box import BornBox
from openhifu.acoustics.born_medium import BornMedium
from openhifu.acoustics.born_series import BornSeries
from openhifu.acoustics.born_source import point_sources
from openhifu.acoustics.fullwave import FullWave
from openhifu.acoustics.interfaces import FinerLabels, Plane, Sphere, Surfaces, Voxels, finer_grid
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.solve import solve
from openhifu.acoustics.source import Fluid
from openhifu.acoustics.validation_fullwave import QUICK, SMALL_BONE, SMALL_WATER
from openhifu.acoustics.validation_setups import LOSSLESS, array, substance
from openhifu.base.errors import CannotModel, GeometryError, OutOfRange
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.model.medium import Medium
from openhifu.model.tissuemap import TissueMap
from openhifu.model.transducer import PistonArray

WATER, BONE = Fluid(1000.0, 1500.0, 0.0, 5e5), Fluid(1850.0, 2800.0, 46.0, 5e5)
KEEP = Recording(pressure=True, heat=False)


@pytest.mark.parametrize("name", QUICK)
def test_claim_holds(name: str) -> None:
    row = QUICK[name]()
    assert row.ok, f"{row.case}: {row.figure:.3g} {row.unit}, at most {row.limit} against {row.truth}"


def maps(
    shape: Surfaces | FinerLabels | Voxels, tissue_map: TissueMap
) -> tuple[NDArray[np.complex64], NDArray[np.float32]]:
    nx, ny, nz = tissue_map.grid.shape
    kappa, rho = np.empty((nz, nx, ny), np.complex64), np.empty((nz, nx, ny), np.float32)
    cells = shape.under(tissue_map)
    band_limited(cells, (0, 0, 0), np.array([1.0, 0.15 + 0.01j]), np.array([1.0, 1.85]), kappa, rho, threads=1)
    return kappa, rho


def two_tissues(grid: Grid, surfaces: Surfaces) -> TissueMap:
    return TissueMap(grid, surfaces.labels(grid), ("a", "b"))


def test_maps_move_with_an_interface_by_less_than_a_voxel() -> None:
    """A shift of the interface is a shift of the map: its Fourier components only turn in phase."""
    grid = Grid.box((0, 0, 0), (3e-3, 3e-3, 40e-3), 1e-3)
    k = 2 * np.pi * np.fft.rfftfreq(80)
    spectra = []
    for shift in (0.0, 0.3e-3, 0.5e-3):
        slab = Surfaces((Plane((0, 0, 15e-3 + shift), (0, 0, 1)), Plane((0, 0, 25e-3 + shift), (0, 0, 1))), (0, 1, 0))
        kappa, _ = maps(slab, two_tissues(grid, slab))
        line = np.concatenate([kappa[:, 1, 1].real, np.ones(39)]) - 1
        spectra.append(np.fft.rfft(line) * np.exp(1j * k * shift / 1e-3))
    low = k < 0.8 * np.pi
    for spectrum in spectra[1:]:
        assert np.abs(spectrum - spectra[0])[low].max() < 0.01 * np.abs(spectra[0][0])


def test_a_tilted_plane_has_the_map_of_its_distance() -> None:
    grid = Grid.box((-8e-3, -8e-3, -8e-3), (8e-3, 8e-3, 8e-3), 1e-3)
    tilted = Surfaces((Plane((0, 0, 0), (0.6, 0, 0.8)),), (0, 1))
    turned = Grid(grid.shape, grid.affine, Frame.TRANSDUCER)
    kappa, rho = maps(tilted, two_tissues(turned, tilted))
    far = np.abs(tilted.surfaces[0].distance(grid.points())).transpose(2, 0, 1) > 6.5e-3
    beyond = (tilted.surfaces[0].distance(grid.points()) > 0).transpose(2, 0, 1)
    np.testing.assert_allclose(rho[far & beyond], 1.85, rtol=0.02)
    np.testing.assert_allclose(kappa[far & ~beyond], 1.0, rtol=0.02)
    assert rho.min() > 0.85  # the filter rings, but density stays positive


def test_where_surfaces_cross_map_blocks_and_cells_name_the_same_tissue() -> None:
    """The layer between two of them thins out to nothing; voxel by voxel and block by block its shares are those."""
    grid = Grid.box((-8e-3, -8e-3, 0), (8e-3, 8e-3, 16e-3), 1e-3)
    crossing = Surfaces((Plane((0, 0, 8e-3), (0, 0, 1)), Plane((0, 0, 9e-3), (1, 0, 1))), (0, 1, 2))
    labels = crossing.labels(grid)
    assert labels[0].max() == 1 and set(labels[-1].ravel()) == {0, 2}
    cells = crossing.under(TissueMap(grid, labels, ("a", "b", "c")))
    shares = cells.mixed((0, 0, 0), (17, 17, 17), np.eye(3, dtype=np.float32))
    shares = shares.reshape(3, 17, cells.cut, 17, cells.cut, 17, cells.cut).mean(axis=(2, 4, 6))
    assert shares.min() >= 0
    np.testing.assert_allclose(shares.sum(axis=0), 1, atol=1e-6)
    clear = shares.max(axis=0) > 0.7
    assert np.mean(clear) > 0.8
    assert np.array_equal(shares.argmax(axis=0)[clear], labels.transpose(2, 0, 1)[clear])
    for z, x in ((2, 3), (14, 15), (10, 1), (4, 16)):
        assert cells.uniform((z, x, 4), (z + 1, x + 1, 5)) == labels[x, 4, z]


def test_finer_labels_approach_surfaces() -> None:
    grid = Grid.box((-6e-3, -6e-3, 0), (6e-3, 6e-3, 20e-3), 1e-3)
    ball = Surfaces((Sphere((0.3e-3, 0, 24e-3), 15e-3),), (0, 1))
    coarse = two_tissues(grid, ball)
    truth, _ = maps(ball, coarse)
    errors = []
    for shape in (Voxels(), *(FinerLabels(two_tissues(f, ball)) for f in (finer_grid(grid, 3), finer_grid(grid, 8)))):
        errors.append(float(np.linalg.norm(maps(shape, coarse)[0] - truth)))
    assert errors[1] < 0.4 * errors[0] and errors[2] < 0.5 * errors[1]


def test_the_filter_is_flat_over_what_reflects() -> None:
    cells = SMALL_BONE.surfaces().under(SMALL_BONE.problem(SMALL_BONE.surfaces()).medium.map)
    weights = low_pass(cells)
    at = (np.arange(weights.size) + 0.5) / cells.cut - 6.5
    k = np.linspace(0, 2.2, 30)  # twice the wavenumber of water at six points per wavelength is 2.09 rad per voxel
    response = np.cos(np.outer(k, at)) @ weights * cells.response(k)
    np.testing.assert_allclose(response, 1.0, atol=0.01)


@pytest.fixture(scope="module")
def bone() -> BornMedium:
    problem = SMALL_BONE.problem(SMALL_BONE.surfaces())
    box = replace(BornBox.around(problem, WATER), shape=(120, 72, 72), low=(-44, -31, -31))
    cells = SMALL_BONE.surfaces().under(problem.medium.map)
    return BornMedium.of(box, [WATER, BONE], WATER, cells, threads=1)


def test_a_point_in_water_radiates_a_spherical_wave() -> None:
    problem = SMALL_WATER.problem(SMALL_WATER.surfaces())
    box = BornBox.around(problem, WATER)
    medium = BornMedium.of(box, [WATER], WATER, Voxels().under(problem.medium.map), threads=1)
    source = (1.2e-3, -0.7e-3, 11.1e-3)
    psi, convergence = BornSeries(medium, 2).solve(point_sources(box, WATER, source, 1.0), 1e-3, 500)
    assert convergence.reached and convergence.iterations < 100
    distance = np.linalg.norm(problem.medium.grid.points() - np.array(source), axis=-1).transpose(2, 0, 1)
    truth = np.exp(1j * WATER.wavenumber * distance) / (4 * np.pi * np.maximum(distance, 1e-9))
    away = distance > 5e-3
    error = np.abs(psi[box.crop] - truth)[away]
    assert np.linalg.norm(error) < 0.01 * np.linalg.norm(truth[away])


def test_reciprocity_through_bone_and_the_adjoint(bone: BornMedium) -> None:
    box, series = bone.box, BornSeries(bone, 2)
    before, behind = (0.6e-3, 0.0, 7.2e-3), (-2.1e-3, 1.3e-3, 18.4e-3)
    a, b = (point_sources(box, WATER, p, 1.0) for p in (before, behind))
    from_a, _ = series.solve(a, 1e-4, 500)
    from_b, _ = series.solve(b, 1e-4, 500)
    there = np.sum(from_a[b.first : b.first + b.planes.shape[0]] * b.planes)
    back = np.sum(from_b[a.first : a.first + a.planes.shape[0]] * a.planes)
    assert there == pytest.approx(back, rel=2e-3)
    adjoint, _ = series.adjoint(b, 1e-4, 500)
    inner = np.vdot(adjoint[a.first : a.first + a.planes.shape[0]], a.planes)
    assert np.sum(np.conj(b.planes) * from_a[b.first : b.first + b.planes.shape[0]]) == pytest.approx(inner, rel=2e-3)


def test_threads_do_not_change_the_numbers(bone: BornMedium) -> None:
    source = point_sources(bone.box, WATER, (0.0, 0.0, 8e-3), 1.0)
    one, two = (BornSeries(bone, n).solve(source, 1e-6, 4)[0] for n in (1, 2))
    assert np.array_equal(one, two)


def test_an_array_with_phases_far_from_the_grid_agrees_with_rayleigh() -> None:
    device = array()
    assert isinstance(device.surface, PistonArray)
    reach = np.linalg.norm(np.array(device.surface.positions) - np.array([2e-3, -1e-3, 62e-3]), axis=1)
    phases = tuple(float(p) for p in -2 * np.pi * reach / 1.5e-3)
    grid = Grid.box((-6e-3, -6e-3, 54e-3), (6e-3, 6e-3, 64e-3), 0.45e-3)
    problem = AcousticProblem(device.drive(1.0, phases=phases), Medium.uniform(LOSSLESS, grid))
    truth, found = (solve(problem, KEEP, method).pressure for method in ("rayleigh", "fullwave"))
    assert truth is not None and found is not None
    assert np.linalg.norm(found.data - truth.data) < 0.01 * np.linalg.norm(truth.data)


def test_what_it_cannot_do_is_refused() -> None:
    surfaces = SMALL_BONE.surfaces()
    problem = SMALL_BONE.problem(surfaces)
    with pytest.raises(OutOfRange, match=r"needs 0\.\d+ GB, and 0.01 GB may be used"):
        FullWave(surfaces, memory=1e7).solve(problem, KEEP)
    with pytest.raises(CannotModel, match="allow more of them"):
        FullWave(surfaces, most_iterations=3).solve(problem, KEEP)
    with pytest.raises(CannotModel, match="energy balance"):
        FullWave(surfaces).solve(problem, Recording(energy=True))
    with pytest.raises(GeometryError, match="use 0.6 mm or less"):
        FullWave(surfaces).solve(SMALL_BONE.problem(surfaces, 0.7e-3), KEEP)
    with pytest.raises(GeometryError, match="another tissue than the medium's map"):
        FullWave(SMALL_BONE.shifted(2e-3).surfaces()).solve(problem, KEEP)
    with pytest.raises(OutOfRange, match="part one tissue more"):
        Surfaces((Plane((0, 0, 0), (0, 0, 1)),), (0,))
    with pytest.raises(OutOfRange, match="tolerance"):
        FullWave(tolerance=2.0)


def test_gas_is_refused_by_name() -> None:
    problem = SMALL_BONE.problem(SMALL_BONE.surfaces())
    light = substance("water", density=1.2, sound_speed=340.0).model_copy(update={"name": "cortical"})
    gassy = AcousticProblem(problem.drive, problem.medium.with_tissues({"cortical": light}))
    with pytest.raises(CannotModel, match=r"no gas \(here: cortical\)"):
        FullWave().solve(gassy, KEEP)


def test_a_staircase_is_said_to_be_one_and_auto_does_not_choose_it() -> None:
    problem = SMALL_BONE.problem(SMALL_BONE.surfaces())
    notes = FullWave(tolerance=0.1).solve(problem, KEEP).report.notes
    assert any("as coarse as the voxels" in note for note in notes)
    with pytest.raises(GeometryError, match="cuts the beam"):  # the refusal of marching
        solve(problem, KEEP)
