"""What every propagator promises, asked of every propagator."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from openhifu.acoustics.array_library import ArrayLibrary
from openhifu.acoustics.axisymmetric import Axisymmetric
from openhifu.acoustics.field import AcousticField
from openhifu.acoustics.fullwave import FullWave
from openhifu.acoustics.marching import Marching
from openhifu.acoustics.phase_shift import PhaseShift
from openhifu.acoustics.problem import AcousticProblem, Recording, coarse_grid
from openhifu.acoustics.propagator import Propagator
from openhifu.acoustics.rayleigh import RayleighIntegral
from openhifu.acoustics.timedomain import TimeDomain
from openhifu.acoustics.validation_setups import bowl, substance
from openhifu.base.errors import GeometryError, MissingProperty
from openhifu.base.grid import Grid
from openhifu.model.medium import Medium
from openhifu.model.tissue import Missing, Property, Tissue

PROPAGATORS: list[Propagator] = [
    RayleighIntegral(),
    Marching(),
    Marching(ArrayLibrary.named("numpy")),
    PhaseShift(echoes=True),
    Axisymmetric(),
    FullWave(),
    TimeDomain(),
]
EVERYTHING = Recording(pressure=True, heat=True)
TISSUE = substance("liver", attenuation=8.0, absorbed_share=0.7)


def small_grid() -> Grid:
    """48 mm wide, a few planes around the focus of the f/1.5 bowl."""
    return Grid.box((-24e-3, -24e-3, 55e-3), (24e-3, 24e-3, 64.6e-3), 0.48e-3)


def problem(power: float = 10.0, tissue: Tissue = TISSUE) -> AcousticProblem:
    return AcousticProblem(bowl(0.0, 40e-3).drive(power), Medium.uniform(tissue, small_grid()))


@pytest.fixture(scope="module", params=PROPAGATORS, ids=lambda p: p.name)
def propagator(request: pytest.FixtureRequest) -> Propagator:
    return request.param


@pytest.fixture(scope="module")
def field(propagator: Propagator) -> AcousticField:
    return propagator.solve(problem(), EVERYTHING)


def test_four_times_the_power_is_twice_the_pressure(propagator: Propagator, field: AcousticField) -> None:
    more = propagator.solve(problem(40.0), EVERYTHING)
    assert field.pressure is not None and more.pressure is not None
    np.testing.assert_allclose(more.pressure.data, 2 * field.pressure.data, atol=1e-5 * field.peak_pressure)


def test_the_same_problem_gives_the_same_numbers(propagator: Propagator, field: AcousticField) -> None:
    again = propagator.solve(problem(), EVERYTHING)
    assert field.pressure is not None and again.pressure is not None
    assert np.array_equal(again.pressure.data, field.pressure.data)
    assert again.focus == field.focus and again.peak_pressure == field.peak_pressure


def test_heat_is_the_absorbed_share_of_the_loss(field: AcousticField) -> None:
    assert field.pressure is not None and field.heat_rate is not None
    impedance = TISSUE.value(Property.DENSITY) * TISSUE.value(Property.SOUND_SPEED)
    expected = 0.7 * 8.0 * np.abs(field.pressure.data) ** 2 / impedance
    np.testing.assert_allclose(field.heat_rate.data, expected, rtol=1e-4, atol=1e-6 * expected.max())


def test_blocks_of_voxels_conserve_heat(propagator: Propagator, field: AcousticField) -> None:
    coarse = coarse_grid(small_grid(), 3, (10, 7, 2), (20, 25, 6))
    blocks = propagator.solve(problem(), replace(EVERYTHING, heat_grid=coarse)).heat_rate
    assert blocks is not None and field.heat_rate is not None
    assert blocks.grid is coarse
    box = field.heat_rate.data[10:70, 7:82, 2:20].reshape(20, 3, 25, 3, 6, 3)
    np.testing.assert_allclose(blocks.data, box.mean(axis=(1, 3, 5)), rtol=1e-5)
    assert blocks.data.flags.c_contiguous


def test_only_what_is_asked_for_is_kept(propagator: Propagator) -> None:
    field = propagator.solve(problem(), Recording(pressure=False, heat=False))
    assert field.pressure is None and field.heat_rate is None and field.energy is None
    assert field.peak_pressure > 0


def test_the_phase_grows_along_the_beam(field: AcousticField) -> None:
    # exp(+ikz): past the focus the phase advances by k per metre, close to the plane wave's.
    assert field.pressure is not None
    line = field.pressure.data[50, 50]
    advance = np.angle(line[1:] / line[:-1])
    k = 2 * np.pi * 1e6 / TISSUE.value(Property.SOUND_SPEED)
    wrapped = np.angle(np.exp(1j * k * 0.48e-3))
    assert np.all(np.abs(np.angle(np.exp(1j * (advance - wrapped)))) < 0.3)


def test_figures_of_the_focus(field: AcousticField) -> None:
    x, y, z = field.focus
    assert abs(x) < 1e-5 and abs(y) < 1e-5
    assert 55e-3 < z < 60.5e-3
    wide, high, _ = field.beam_widths
    # -6 dB width of a uniform aperture: 1.41 wavelengths times distance over diameter
    assert wide == pytest.approx(1.41 * 1.586e-3 * z / 40e-3, rel=0.05)
    assert high == pytest.approx(wide, rel=1e-3)
    impedance = TISSUE.value(Property.DENSITY) * TISSUE.value(Property.SOUND_SPEED)
    assert field.focal_intensity == pytest.approx(field.peak_pressure**2 / (2 * impedance), rel=1e-6)


def test_the_report_says_what_was_done(propagator: Propagator, field: AcousticField) -> None:
    report = field.report
    assert report.method == propagator.name
    assert report.models == propagator.models
    assert "nonlinear propagation" in report.omits
    assert report.planes == small_grid().shape[2]
    assert report.wall_seconds > 0 and report.why


def test_a_grid_that_touches_the_source_is_refused(propagator: Propagator) -> None:
    grid = Grid.box((-24e-3, -24e-3, 0.5e-3), (24e-3, 24e-3, 5e-3), 0.48e-3)
    near = AcousticProblem(bowl(0.0, 40e-3).drive(1.0), Medium.uniform(TISSUE, grid))
    with pytest.raises(GeometryError, match=r"(start|begin) it at 5.0 mm or beyond"):
        propagator.solve(near, EVERYTHING)


def test_a_heat_grid_of_broken_blocks_is_refused(propagator: Propagator) -> None:
    affine = np.array(small_grid().affine)
    affine[:3, :3] *= 2.5
    with pytest.raises(GeometryError, match="whole blocks"):
        propagator.solve(problem(), Recording(heat_grid=Grid((3, 3, 3), affine, small_grid().frame)))


def test_a_missing_value_is_named(propagator: Propagator) -> None:
    values = {**TISSUE.values, Property.SOUND_SPEED: Missing(reason="nobody measured it")}
    unknown = TISSUE.model_copy(update={"values": values})
    with pytest.raises(MissingProperty, match="sound speed.*nobody measured it"):
        propagator.solve(problem(tissue=unknown), EVERYTHING)
