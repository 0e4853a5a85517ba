"""Marching: what it refuses, how it treats bone and gas, and that it is stable and repeatable."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from openhifu.acoustics.field import AcousticField
from openhifu.acoustics.marching import Marching
from openhifu.acoustics.materials import Materials
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.solve import solve, solve_many
from openhifu.acoustics.validation_setups import LOSSLESS, array, axis_of, bowl, box, layered
from openhifu.base.errors import CannotModel, GeometryError, OutOfRange, UnknownName
from openhifu.base.grid import Grid
from openhifu.model.catalogue import tissue
from openhifu.model.medium import Medium
from openhifu.model.tissue import Property
from openhifu.model.tissuemap import TissueMap

SMALL = Grid.box((-24e-3, -24e-3, 40e-3), (24e-3, 24e-3, 70e-3), 0.48e-3)
PRESSURE = Recording(pressure=True, heat=False)


def medium_of(grid: Grid, data: np.ndarray, names: Sequence[str]) -> Medium:
    values = tuple(LOSSLESS if name == "water" else tissue(name) for name in names)
    return Medium(TissueMap(grid, data.astype(np.uint8), tuple(names)), values)


def with_sheet(name: str, thickness: int = 4, half: bool = False) -> Medium:
    """Water with a sheet of something, across the whole beam or only where x > 0."""
    data = np.zeros(SMALL.shape, np.uint8)
    data[SMALL.shape[0] // 2 if half else 0 :, :, 10 : 10 + thickness] = 1
    return medium_of(SMALL, data, ("water", name))


def march(medium: Medium, recording: Recording = PRESSURE) -> AcousticField:
    return solve(AcousticProblem(bowl(0.0, 40e-3).drive(1.0), medium), recording, "marching")


def at_focus(field: AcousticField) -> float:
    """|P| at the voxel nearest to the geometric focus."""
    assert field.pressure is not None
    return float(np.abs(field.pressure.data[50, 50, 42]))


def test_a_coarse_grid_is_refused_with_the_spacing_it_needs() -> None:
    grid = Grid.box((-30e-3, -30e-3, 40e-3), (30e-3, 30e-3, 70e-3), 0.6e-3)
    with pytest.raises(GeometryError, match=r"0\.6 mm are too coarse.*use 0\.48 mm or less"):
        march(medium_of(grid, np.indices(grid.shape)[2] > 20, ("water", "fat")))


def test_bone_does_not_decide_the_spacing() -> None:
    field = march(with_sheet("bone_cortical"))
    assert np.isfinite(field.peak_pressure)


def test_a_grid_that_cuts_the_beam_is_refused_with_the_width_it_needs() -> None:
    grid = Grid.box((-12e-3, -24e-3, 32e-3), (12e-3, 24e-3, 70e-3), 0.48e-3)
    with pytest.raises(GeometryError, match=r"cuts the beam.*along x.*needs 20\.6 mm on either side"):
        march(Medium.uniform(LOSSLESS, grid))


def test_the_first_plane_must_be_of_one_soft_medium_where_it_is_lit() -> None:
    data = np.ones(SMALL.shape)
    data[:, : SMALL.shape[1] // 2 + 3, 0] = 0
    with pytest.raises(GeometryError, match="water, fat"):
        march(medium_of(SMALL, data, ("water", "fat")))
    with pytest.raises(GeometryError, match="holds bone_cortical"):
        march(medium_of(SMALL, np.indices(SMALL.shape)[2] == 0, ("water", "bone_cortical")))


def test_what_lies_beside_the_beam_on_the_first_plane_does_not_matter() -> None:
    data = np.zeros(SMALL.shape)
    data[:5, :, 0] = 1
    assert march(medium_of(SMALL, data, ("water", "fat"))).peak_pressure > 0


def test_a_medium_of_bone_alone_is_refused() -> None:
    problem = AcousticProblem(bowl(0.0).drive(1.0), Medium.uniform(tissue("bone_cortical"), SMALL))
    assert "full-wave" in (Marching().refuses(problem) or "")
    with pytest.raises(CannotModel, match="soft tissue"):
        solve(problem, PRESSURE, "marching")


def test_values_that_are_not_physical_are_refused() -> None:
    broken = tissue("liver").replaced({Property.DENSITY: -1.0}, "made wrong on purpose")
    with pytest.raises(OutOfRange, match="liver"):
        march(Medium.uniform(broken, SMALL))


@pytest.mark.parametrize("name", ["gas", "lung_inflated"])
def test_nothing_passes_through_gas(name: str) -> None:
    field = march(with_sheet(name))
    assert field.pressure is not None
    assert np.all(field.pressure.data[..., 10:] == 0)
    assert any(name in note and "zero" in note for note in field.report.notes)


def test_gas_over_half_the_beam_leaves_the_other_half() -> None:
    field, free = march(with_sheet("gas", 1, half=True)), march(Medium.uniform(LOSSLESS, SMALL))
    # The sheet's edge lies half a voxel beyond the axis, so it leaves a little less than half.
    assert 0.44 < at_focus(field) / at_focus(free) < 0.5


def test_a_sheet_of_bone_transmits_as_at_normal_incidence() -> None:
    bone = tissue("bone_cortical")
    field = march(with_sheet("bone_cortical"))
    free = march(Medium.uniform(LOSSLESS, SMALL))
    z1, z2 = 1.5e6, bone.value(Property.DENSITY) * bone.value(Property.SOUND_SPEED)
    loss = bone.attenuation.at(1e6) * 4 * 0.48e-3
    expected = 4 * z1 * z2 / (z1 + z2) ** 2 * np.exp(-loss)
    # Slightly less: rays cross the sheet at up to 19 degrees, and the mean slope lengthens their way.
    assert at_focus(field) / at_focus(free) == pytest.approx(expected, rel=0.03)
    assert any("shear" in text for text in field.report.omits)


def test_pressure_in_bone_is_the_raised_one() -> None:
    field, free = march(with_sheet("bone_cortical")), march(Medium.uniform(LOSSLESS, SMALL))
    assert field.pressure is not None and free.pressure is not None
    raised = np.abs(field.pressure.data[50, 50, 10] / free.pressure.data[50, 50, 10])
    z2 = 1908 * 3515
    assert raised == pytest.approx(2 * z2 / (z2 + 1.5e6), rel=0.05)


def test_rubble_of_every_kind_neither_blows_up_nor_makes_energy() -> None:
    rng = np.random.default_rng(7)
    names = ("water", "fat", "muscle", "bone_cortical", "gas", "cartilage", "bone_cancellous")
    coarse = rng.choice(len(names), (34, 34, 22), p=(0.3, 0.2, 0.2, 0.1, 0.02, 0.1, 0.08))
    data = np.kron(coarse, np.ones((3, 3, 3), int))[: SMALL.shape[0], : SMALL.shape[1], : SMALL.shape[2]]
    data[..., :4] = 0
    field = march(medium_of(SMALL, data, names), Recording(pressure=True, energy=True))
    assert field.pressure is not None and field.heat_rate is not None and field.energy is not None
    assert np.all(np.isfinite(field.pressure.data)) and np.all(np.isfinite(field.heat_rate.data))
    accounted = field.energy.attenuated + field.energy.reflected + field.energy.lateral + field.energy.leaving
    assert 0.85 * field.energy.emitted < accounted < 1.05 * field.energy.emitted


def test_heat_adds_up_to_the_absorbed_power() -> None:
    grid = box()
    medium = layered(grid, ("water", "liver"), (10, grid.shape[2] - 10))
    field = march(medium, Recording(energy=True))
    assert field.heat_rate is not None and field.energy is not None
    heat = float(field.heat_rate.data.sum(dtype=float)) * grid.voxel_volume
    last = float(field.heat_rate.data[..., -1].sum(dtype=float)) * grid.voxel_volume
    assert heat - last / 2 == pytest.approx(field.energy.absorbed, rel=1e-4)


def test_steering_by_phases_moves_the_focus() -> None:
    device, wanted = array(), np.array([3e-3, -2e-3, 60e-3])
    k = 2 * np.pi * 1e6 / 1500
    surface = device.surface
    reach = np.linalg.norm(np.array(surface.positions) - wanted, axis=1)  # type: ignore[union-attr]
    drive = device.drive(1.0, phases=tuple(float(p) for p in -k * reach))
    field = solve(AcousticProblem(drive, Medium.uniform(LOSSLESS, box())), Recording(heat=False), "marching")
    assert field.focus == pytest.approx(tuple(wanted), abs=1.2e-3)
    straight = solve(AcousticProblem(device.drive(1.0), Medium.uniform(LOSSLESS, box())), Recording(heat=False))
    assert straight.focus[:2] == pytest.approx((0, 0), abs=1e-4)


def test_a_peak_between_voxels_is_not_missed() -> None:
    device = bowl(0.0)
    peaks = []
    for shift in (0.0, 0.2e-3):
        grid = Grid.box((-30e-3 + shift, -30e-3 + shift, 32e-3), (30e-3 + shift, 30e-3 + shift, 80e-3), 0.4e-3)
        peaks.append(solve(AcousticProblem(device.drive(1.0), Medium.uniform(LOSSLESS, grid)), PRESSURE, "marching"))
    assert peaks[1].peak_pressure == pytest.approx(peaks[0].peak_pressure, rel=3e-3)
    assert peaks[1].focus == pytest.approx(peaks[0].focus, abs=5e-5)


def spots(device) -> list[AcousticProblem]:
    medium = layered(box(), ("water", "fat", "muscle"), (10, 25, box().shape[2] - 35))
    return [AcousticProblem(device.drive(1.0, elements_off=off), medium) for off in ((), (1, 2), (5,), (1, 2, 5, 9))]


def test_fields_do_not_depend_on_the_number_of_threads_and_keep_their_order() -> None:
    problems = spots(bowl(20e-3, rings=3, sectors=8))
    one, three = (solve_many(problems, threads=n) for n in (1, 3))
    for problem, a, b in zip(problems, one, three, strict=True):
        assert a.drive is problem.drive
        assert a.heat_rate is not None and b.heat_rate is not None
        assert np.array_equal(a.heat_rate.data, b.heat_rate.data)
    assert one[0].focal_intensity > one[1].focal_intensity > one[3].focal_intensity


@pytest.mark.parametrize("sectors", [6, 8, 20])
def test_element_planes_made_by_turning_and_mirroring_are_those_summed_directly(sectors: int) -> None:
    device = bowl(20e-3, rings=2, sectors=sectors)
    medium = Medium.uniform(LOSSLESS, box())
    patterns = [tuple(range(n, 2 * sectors, 3)) for n in range(2)]
    problems = [AcousticProblem(device.drive(1.0, elements_off=off), medium) for off in patterns]
    for marched, problem in zip(solve_many(problems, PRESSURE, "marching"), problems, strict=True):
        exact = solve(
            AcousticProblem(problem.drive, Medium.uniform(LOSSLESS, box().crop((70, 60, 60), (80, 90, 75)))),
            PRESSURE,
            "rayleigh",
        )
        assert marched.pressure is not None and exact.pressure is not None
        gap = np.abs(marched.pressure.data[70:80, 60:90, 60:75] - exact.pressure.data).max()
        assert gap < 5e-3 * marched.peak_pressure


def test_each_problem_may_have_its_own_recording() -> None:
    first, second = solve_many(spots(bowl(20e-3, rings=3, sectors=8))[:2], [PRESSURE, Recording()])
    assert first.pressure is not None and first.heat_rate is None
    assert second.pressure is None and second.heat_rate is not None


def test_progress_is_told_after_every_field() -> None:
    told: list[float] = []
    solve_many(spots(bowl(20e-3, rings=3, sectors=8)), progress=lambda stage, fraction: told.append(fraction))
    assert told == [0.25, 0.5, 0.75, 1.0]


def test_auto_says_which_and_why() -> None:
    tiny = Grid.box((-2e-3, -2e-3, 55e-3), (2e-3, 2e-3, 65e-3), 0.4e-3)
    uniform = solve(AcousticProblem(bowl(0.0).drive(1.0), Medium.uniform(LOSSLESS, tiny)))
    assert uniform.report.method == "rayleigh" and "uniform" in uniform.report.why
    layers = layered(box(), ("water", "fat"), (10, box().shape[2] - 10))
    mixed = solve(AcousticProblem(bowl(20e-3).drive(1.0), layers))
    assert mixed.report.method == "marching" and "fat" in mixed.report.why


def test_a_method_is_obeyed_or_refused() -> None:
    mixed = AcousticProblem(bowl(0.0).drive(1.0), layered(box(), ("water", "fat"), (10, box().shape[2] - 10)))
    with pytest.raises(CannotModel, match="water, fat.*'marching'"):
        solve(mixed, method="rayleigh")
    with pytest.raises(UnknownName, match="marching"):
        solve(mixed, method="march")
    with pytest.raises(CannotModel, match="energy"):
        solve(
            AcousticProblem(bowl(0.0).drive(1.0), Medium.uniform(LOSSLESS, SMALL)), Recording(energy=True), "rayleigh"
        )


def test_threads_and_recordings_are_checked() -> None:
    problems = spots(bowl(20e-3, rings=3, sectors=8))
    with pytest.raises(OutOfRange, match="at least one thread"):
        solve_many(problems, threads=0)
    with pytest.raises(OutOfRange, match="2 recordings for 4 problems"):
        solve_many(problems, [PRESSURE, PRESSURE])


def test_no_problems_no_fields() -> None:
    assert solve_many([]) == []


def test_gas_needs_no_attenuation_but_tissue_does() -> None:
    materials = Materials.of(with_sheet("gas"), 1e6)
    assert list(materials.gas) == [False, True]
    assert not materials.hard.any()
    assert materials.slowest == 1500


def test_transmission_tables() -> None:
    materials = Materials.of(with_sheet("bone_cortical"), 1e6)
    there_and_back = materials.transmission()
    z1, z2 = materials.impedance
    assert list(materials.hard) == [False, True]
    assert there_and_back[0, 1] * there_and_back[1, 0] == pytest.approx(4 * z1 * z2 / (z1 + z2) ** 2)
    share = materials.reflected_power()
    # Power is carried symmetrically: what is not turned back passes.
    carried = there_and_back**2 * materials.carried[:, None] / materials.carried[None, :]
    np.testing.assert_allclose(carried + share, 1.0, rtol=1e-12)


def test_on_axis_grid_of_the_setups() -> None:
    assert axis_of(box())[70] == pytest.approx(60e-3)
