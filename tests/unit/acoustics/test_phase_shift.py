"""Marching at every tissue's wavenumber: what it refuses, what interfaces turn back, and the angles they stand at."""

from __future__ import annotations

import numpy as np
import pytest

from openhifu.acoustics.crossings import directions, rays_of, towards
from openhifu.acoustics.interfaces import Interfaces, Plane, Surfaces
from openhifu.acoustics.label_stack import LabelStack
from openhifu.acoustics.marching import Marching
from openhifu.acoustics.materials import Materials
from openhifu.acoustics.phase_shift import PhaseShift
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.solve import solve
from openhifu.acoustics.source import Fluid
from openhifu.acoustics.validation_setups import LOSSLESS, bowl, substance
from openhifu.acoustics.volume_shares import VolumeShares
from openhifu.base.errors import CannotModel, GeometryError
from openhifu.base.grid import Grid
from openhifu.model.catalogue import tissue
from openhifu.model.medium import Medium
from openhifu.model.tissuemap import TissueMap

KEEP = Recording(pressure=True, heat=False)
GRID = Grid.box((-24e-3, -24e-3, 45e-3), (24e-3, 24e-3, 68e-3), 0.4e-3)
DEPTH = 55e-3  # m, where the interface crosses the axis


def behind(lean: float) -> Surfaces:
    return Surfaces((Plane((0.0, 0.0, DEPTH), (np.sin(lean), 0.0, np.cos(lean))),), (0, 1))


def problem(surfaces: Surfaces, name: str = "fat") -> AcousticProblem:
    labels = TissueMap(GRID, surfaces.labels(GRID), ("water", name))
    return AcousticProblem(bowl(0.0, 40e-3).drive(10.0), Medium(labels, (LOSSLESS, tissue(name))))


def test_in_a_uniform_lossy_tissue_both_marches_agree() -> None:
    uniform = Medium.uniform(substance("liver", attenuation=8.0, absorbed_share=0.7), GRID)
    asked = AcousticProblem(bowl(0.0, 40e-3).drive(10.0), uniform)
    one, other = (s.solve(asked, KEEP) for s in (Marching(), PhaseShift(echoes=True)))
    assert other.peak_pressure == pytest.approx(one.peak_pressure, rel=2e-3)


def test_bone_and_an_energy_balance_are_refused_by_name() -> None:
    asked = problem(behind(0.0), "bone_cortical")
    with pytest.raises(CannotModel, match="bone_cortical.*'hybrid'"):
        solve(asked, KEEP, "phaseshift")
    with pytest.raises(CannotModel, match="energy balance"):
        PhaseShift().solve(problem(behind(0.0)), Recording(energy=True))


def test_interfaces_that_do_not_belong_to_the_map_are_refused() -> None:
    with pytest.raises(GeometryError, match="another tissue"):
        PhaseShift(behind(0.3)).solve(problem(behind(0.0)), KEEP)


@pytest.mark.parametrize("lean", [0.0, 0.1, 0.25])
def test_normals_and_rays_are_those_of_the_plane(lean: float) -> None:
    asked = problem(behind(lean))
    labels, materials = LabelStack.of(asked.medium.map).labels, Materials.of(asked.medium, 1e6)
    rays = rays_of(asked, materials, Fluid.of(LOSSLESS, 1e6))
    n = round((DEPTH - 45e-3) / 0.4e-3) + 1
    rows, columns = np.nonzero(labels[n] != labels[n - 1])
    inner = np.hypot(rows - 60, columns - 60) < 4  # in the cone of rays
    assert inner.any()
    incident, axial, normal = directions(labels, n, rows[inner], columns[inner], rays)
    np.testing.assert_allclose(normal, np.cos(lean), atol=0.02)
    x, y = (GRID.affine[0, 3] + 0.4e-3 * m[inner] for m in (rows, columns))
    z = rays.focus[0] * 0.4e-3 - 0.4e-3 * (n - 0.5)
    away = np.sqrt(x**2 + y**2 + z**2)
    np.testing.assert_allclose(axial, z / away, rtol=1e-6)
    np.testing.assert_allclose(incident, abs(-x * np.sin(lean) + z * np.cos(lean)) / away, atol=0.05)


def test_beside_the_cone_of_rays_none_is_steeper_than_that_of_the_rim() -> None:
    asked = problem(behind(0.0))
    materials, water = Materials.of(asked.medium, 1e6), Fluid.of(LOSSLESS, 1e6)
    rays, ray = rays_of(asked, materials, water), np.empty(3)
    rim = 20e-3 / 60e-3
    plane = 25  # 5.2 mm before the focus, where the cone of rays is 1.8 mm wide
    for column, sine in ((62, 0.8e-3 / np.hypot(0.8e-3, 5.2e-3)), (70, rim), (115, rim)):
        towards(rays, (plane, column, 60), 1.0, ray)
        assert ray[1] == pytest.approx(-sine, rel=1e-6) and ray[2] == 0
        assert np.linalg.norm(ray) == pytest.approx(1.0)
    towards(rays, (50, 115, 60), 1.0, ray)  # as far behind it they leave the axis
    assert ray[1] == pytest.approx(rim, rel=1e-6)


def test_an_interface_turns_back_what_its_impedances_say() -> None:
    surfaces: Interfaces = behind(0.0)
    asked = problem(behind(0.0))
    forward, both = (PhaseShift(surfaces, echoes).solve(asked, KEEP).pressure for echoes in (False, True))
    assert forward is not None and both is not None
    last = round((DEPTH - 45e-3) / 0.4e-3) - 1  # the last plane of water
    echo, onwards = (both.data - forward.data)[60, 60, last], forward.data[60, 60, last]
    fat, water = 911 * 1440, 1000 * 1500
    assert abs(echo / onwards) == pytest.approx((water - fat) / (water + fat), rel=0.1)


def test_shares_of_a_voxel_add_up_to_one_and_place_the_interface() -> None:
    surfaces = behind(0.0)
    asked = problem(surfaces)
    shares = VolumeShares.of(LabelStack.of(asked.medium.map).labels, asked.medium.map, surfaces)
    column = np.array([shares.plane(n)[:, 60, 60] for n in range(GRID.shape[2])])
    np.testing.assert_allclose(column.sum(axis=1), 1.0, atol=1e-6)
    water = column[:, 0].sum() * 0.4e-3
    assert water == pytest.approx(DEPTH - (45e-3 - 0.2e-3), abs=0.02e-3)
