"""Planes of a source that were made once and are handed on: when they serve, and that they are the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from openhifu.acoustics.source import Fluid
from openhifu.acoustics.source_planes import PlaneLattice, SourcePlanes
from openhifu.acoustics.validation_setups import LOSSLESS, array


def test_planes_made_before_serve_where_source_fluid_period_and_patterns_agree() -> None:
    device, fluid = array(), Fluid.of(LOSSLESS, 1e6)
    lattice = PlaneLattice((40e-3, 40e-3), 30e-3, 4e-3)
    drives = [device.drive(4.0), device.drive(9.0, (1, 2))]
    few = SourcePlanes.of(drives, fluid, lattice).of_patterns(drives)
    assert few.elements.size == 0 and few.serves(drives, fluid, lattice)
    made = SourcePlanes.of(drives, fluid, lattice)
    for drive in drives:
        assert np.allclose(few.sampled(drive), made.sampled(drive), rtol=1e-5)
    assert few.serves(drives[:1], fluid, replace(lattice, z=33e-3))
    assert not few.serves(drives, fluid, replace(lattice, z=50e-3))
    assert not few.serves([device.drive(1.0, (3,))], fluid, lattice)
    assert not few.serves(drives, replace(fluid, sound_speed=1490.0), lattice)
    assert not few.serves(drives, fluid, replace(lattice, extent=(40e-3, 41e-3)))
    other = device.model_copy(update={"frequency": 0.9e6})
    assert not few.serves([other.drive(4.0)], fluid, lattice)
