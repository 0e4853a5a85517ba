"""Round nonlinear beams: what they refuse, what they give back, and the device's fields in water."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from openhifu.acoustics.axisymmetric import Axisymmetric
from openhifu.acoustics.burgers_exact import blackstock, fay, fubini, mendousse
from openhifu.acoustics.hankel import HankelTransform
from openhifu.acoustics.marching import Marching
from openhifu.acoustics.nonlinear_fluid import NonlinearFluid
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.rayleigh import RayleighIntegral
from openhifu.acoustics.solve import solve
from openhifu.acoustics.validation_setups import LOSSLESS, array, bowl, layered, substance
from openhifu.acoustics.water_field import WaterCharacteristics, derated, water_characteristics
from openhifu.acoustics.waveform import shock_amplitude, waveforms
from openhifu.base.errors import CannotModel, MissingProperty, OutOfRange
from openhifu.base.grid import Grid
from openhifu.model.medium import Medium
from openhifu.model.tissue import Missing, Property
from openhifu.model.tissuemap import TissueMap

LIVER = substance("liver")


def thin_grid() -> Grid:
    return Grid.box((-1.2e-3, -0.4e-3, 50e-3), (1.2e-3, 0.4e-3, 66e-3), 0.4e-3)


@pytest.fixture(scope="module")
def fields() -> WaterCharacteristics:
    return water_characteristics(bowl(20e-3), [5.0, 40.0], substance("water"), harmonics=16)


def test_closed_forms_agree_where_they_overlap() -> None:
    np.testing.assert_allclose(blackstock(0.7, 6), fubini(0.7, 6), rtol=1e-9)
    np.testing.assert_allclose(blackstock(40.0, 4), 2 / 41.0 / np.arange(1, 5), rtol=1e-3)
    np.testing.assert_allclose(fay(12.0, 25.0, 4), mendousse(12.0, 25.0, 4), rtol=0.03)


def test_the_transform_knows_areas_and_power() -> None:
    hankel = HankelTransform(30e-3, 128)
    bump = np.exp(-((hankel.radii / 5e-3) ** 2)).astype(np.complex128)[:, None]
    assert float(hankel.areas @ bump[:, 0].real) == pytest.approx(np.pi * 25e-6, rel=1e-6)
    waves = hankel.coefficients(bump)
    power = float(hankel.norms @ np.abs(waves[:, 0]) ** 2)
    assert power == pytest.approx(float(hankel.areas @ np.abs(bump[:, 0]) ** 2), rel=1e-6)
    np.testing.assert_allclose(hankel.at(waves, [0.0, 5e-3])[:, 0], [1.0, np.exp(-1)], atol=1e-9)


def test_dispersion_goes_with_attenuation() -> None:
    fluid = NonlinearFluid.of(substance("liver", attenuation=10.0, attenuation_exponent=1.0), 1e6)
    k = fluid.wavenumbers(4)
    np.testing.assert_allclose(k.imag, 10.0 * np.arange(1, 5))
    # For attenuation linear in frequency the speed rises by (2 / pi)(alpha / omega) c^2 per e-fold of frequency.
    speeds = 2 * np.pi * 1e6 * np.arange(1, 5) / k.real
    rise = speeds[3] - speeds[0]
    expected = 2 / np.pi * 10.0 / (2 * np.pi * 1e6) * fluid.linear.sound_speed**2 * np.log(4)
    assert rise == pytest.approx(expected, rel=0.01)
    near = NonlinearFluid.of(substance("liver", attenuation=10.0, attenuation_exponent=1.001), 1e6).wavenumbers(4)
    np.testing.assert_allclose(near.real, k.real, rtol=1e-5)


def test_a_shock_is_told_from_a_steep_wave() -> None:
    n = np.arange(1, 65)
    saw = np.zeros(n.size, np.complex128)
    saw[:] = 2e6j / np.pi / n  # rises at once by 2 MPa and falls slowly
    assert shock_amplitude(saw) == pytest.approx(2e6, rel=0.2)
    assert shock_amplitude(np.array([1e6, 1e5], np.complex128)) == 0.0
    assert waveforms(np.array([[0, 3.0j]]))[0].max() == pytest.approx(3.0)


def test_harmonics_carry_heat_and_the_first_is_depleted() -> None:
    medium = Medium.uniform(LIVER, thin_grid())
    everything = Recording(pressure=True, heat=True, energy=True)
    nonlinear = AcousticProblem(bowl(20e-3).drive(60.0), medium, harmonics=3)
    found = solve(nonlinear, everything, "axisymmetric")
    linear = solve(replace(nonlinear, harmonics=1), everything, "axisymmetric")
    assert found.pressure is not None and found.heat_rate is not None and linear.heat_rate is not None
    assert len(found.harmonics) == 2 and linear.harmonics == ()
    sizes = [found.peak_pressure, *(np.abs(h.data).max() for h in found.harmonics)]
    assert linear.peak_pressure > sizes[0] > sizes[1] > sizes[2] > 0
    assert found.heat_rate.data.max() > 1.05 * linear.heat_rate.data.max()
    assert "nonlinear propagation" in linear.report.omits and "nonlinear propagation" not in found.report.omits
    assert found.energy is not None and abs(found.energy.closure) < 0.01


def test_what_it_does_not_contain_is_refused() -> None:
    grid = thin_grid()
    columns = np.zeros(grid.shape, np.uint8)
    columns[0] = 1
    uneven = Medium(TissueMap(grid, columns, ("liver", "fat")), (LIVER, substance("fat")))
    keep = Recording()
    with pytest.raises(CannotModel, match="flat layers"):
        Axisymmetric().solve(AcousticProblem(bowl(0.0).drive(1.0), uneven), keep)
    with pytest.raises(CannotModel, match="cap with every element on"):
        Axisymmetric().solve(AcousticProblem(array().drive(1.0), Medium.uniform(LIVER, grid)), keep)
    gas = layered(grid, ("water", "gas"), (10, grid.shape[2] - 10))
    with pytest.raises(CannotModel, match="gas"):
        Axisymmetric().solve(AcousticProblem(bowl(0.0).drive(1.0), gas), keep)


def test_linear_solvers_refuse_harmonics() -> None:
    problem = AcousticProblem(bowl(0.0).drive(1.0), Medium.uniform(LOSSLESS, thin_grid()), harmonics=2)
    for solver in (RayleighIntegral(), Marching()):
        with pytest.raises(CannotModel, match="method 'axisymmetric'"):
            solver.solve(problem, Recording())
    found = solve(problem)
    assert found.report.method == "axisymmetric"
    assert "harmonics" in found.report.why
    with pytest.raises(OutOfRange, match="one harmonic or more"):
        replace(problem, harmonics=0)


def test_nonlinearity_that_nobody_measured_is_named() -> None:
    values = {**LIVER.values, Property.NONLINEARITY: Missing(reason="nobody measured it")}
    medium = Medium.uniform(LIVER.model_copy(update={"values": values}), thin_grid())
    with pytest.raises(MissingProperty, match="nonlinearity"):
        Axisymmetric().solve(AcousticProblem(bowl(0.0).drive(1.0), medium, harmonics=2), Recording())


def test_fields_in_water_steepen_with_power(fields: WaterCharacteristics) -> None:
    weak, strong = fields.fields
    assert weak.peak_compressional > weak.peak_rarefactional > 0
    asymmetry = [f.peak_compressional / f.peak_rarefactional for f in fields.fields]
    assert asymmetry[1] > asymmetry[0]
    assert strong.harmonic_share > weak.harmonic_share > 0
    assert weak.shock_amplitude == 0.0
    # The fundamental at 5 W is nearly the linear field's.
    grid = Grid.box((-0.4e-3, -0.4e-3, 50e-3), (0.4e-3, 0.4e-3, 66e-3), 0.2e-3)
    linear = solve(AcousticProblem(bowl(20e-3).drive(5.0), Medium.uniform(substance("water"), grid)), method="rayleigh")
    assert weak.harmonics[0] == pytest.approx(linear.peak_pressure, rel=0.03)
    assert 1.5e-3 < weak.intensity.width < 2.2e-3 and weak.intensity.length > 5e-3
    assert 0.3 < weak.spatial_average_intensity / weak.pulse_average_intensity < 1


def test_characteristics_survive_being_written_down(fields: WaterCharacteristics) -> None:
    assert WaterCharacteristics.from_document(fields.to_document(), "memory") == fields


def test_derating_reads_the_field_at_the_power_that_is_left(fields: WaterCharacteristics) -> None:
    weak, strong = fields.fields
    assert derated(fields, 40.0, LIVER, 0.0) == strong
    behind = derated(fields, 40.0, LIVER, 30e-3)
    left = 40.0 * np.exp(-2 * LIVER.attenuation.at(1e6) * 30e-3)
    assert behind.acoustic_power == pytest.approx(left)
    assert weak.peak_compressional < behind.peak_compressional < strong.peak_compressional
    with pytest.raises(OutOfRange, match="make them for more powers"):
        derated(fields, 6.0, LIVER, 60e-3)
    with pytest.raises(OutOfRange, match="negative"):
        derated(fields, 6.0, LIVER, -1e-3)


def test_powers_beyond_the_device_are_refused() -> None:
    with pytest.raises(OutOfRange, match="powers must be positive"):
        water_characteristics(bowl(0.0), [1.0, 5e3], substance("water"))
