"""The full wave behind a flat layer of bone, between the voxels too, against the exact field of the layered stack."""

from __future__ import annotations

import numpy as np
import pytest

from openhifu.acoustics.fullwave import FullWave
from openhifu.acoustics.interfaces import Plane, Surfaces
from openhifu.acoustics.layered_oracle import FlatStack, LayeredField
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.source import Fluid
from openhifu.acoustics.validation_setups import device, substance
from openhifu.base.grid import Grid
from openhifu.model.medium import Medium
from openhifu.model.tissuemap import TissueMap
from openhifu.model.transducer import Cap

FREQUENCY, VELOCITY = 500e3, 0.04
CAP = Cap(focal_length=30e-3, outer_diameter=24e-3, hole_diameter=0.0)
WATER = substance("water", sound_speed=1500.0, density=1000.0, attenuation=0.0, attenuation_exponent=0.0)
BONE = substance(
    "bone_cortical",
    sound_speed=2800.0,
    density=1850.0,
    attenuation=46.05,
    attenuation_exponent=0.0,
    absorbed_share=1.0,
)


@pytest.mark.parametrize("shift", [0.0, 0.2e-3])
def test_bone_anywhere_between_the_voxels(shift: float) -> None:
    bounds = (12e-3 + shift, 16e-3 + shift)
    surfaces = Surfaces(tuple(Plane((0.0, 0.0, b), (0.0, 0.0, 1.0)) for b in bounds), (0, 1, 0))
    grid = Grid.box((-16e-3, -16e-3, 6e-3), (16e-3, 16e-3, 40e-3), 0.5e-3)
    medium = Medium(TissueMap(grid, surfaces.labels(grid), ("water", "bone_cortical")), (WATER, BONE))
    power = 0.5 * 1000.0 * 1500.0 * VELOCITY**2 * CAP.area
    problem = AcousticProblem(device(CAP, FREQUENCY).drive(power), medium)
    field = FullWave(surfaces).solve(problem, Recording(pressure=True, heat=False))
    assert field.pressure is not None and field.report.convergence is not None
    assert field.report.convergence.reached

    fluids = tuple(Fluid.of(t, FREQUENCY) for t in (WATER, BONE, WATER))
    exact = LayeredField(CAP, VELOCITY, FlatStack(fluids, bounds, 0.0))
    axis, z = 32, grid.affine[2, 3] + grid.axis(2)
    radius = np.abs(grid.affine[0, 3] + grid.axis(0))
    found, truth = np.abs(field.pressure.data[:, axis, :].T), np.abs(exact.at(radius, z))
    behind = z > bounds[-1] + 1e-3
    error = np.linalg.norm(found[behind] - truth[behind]) / np.linalg.norm(truth[behind])
    assert error < 0.02
    assert found[behind].max() / truth[behind].max() == pytest.approx(1.0, abs=0.015)
