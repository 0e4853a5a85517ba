"""The time domain: what is refused, what does not depend on time step and threads, and how pulses go."""

from __future__ import annotations

import numpy as np
import pytest

from openhifu.acoustics import staggered_lattice
from openhifu.acoustics.nonlinear_fluid import NonlinearFluid
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.pulse import PulseRecord, PulseSource, propagate_pulse
from openhifu.acoustics.relaxation import Relaxations
from openhifu.acoustics.solve import solve
from openhifu.acoustics.timedomain import SETTLED, TimeDomain
from openhifu.acoustics.validation_setups import LOSSLESS, bowl, layered, substance
from openhifu.base.errors import CannotModel, GeometryError, OutOfRange
from openhifu.base.grid import Grid
from openhifu.model.medium import Medium
from openhifu.model.tissuemap import TissueMap

KEEP = Recording(pressure=True, heat=False)
BAND = (0.35e6, 1.45e6)


def small_problem() -> AcousticProblem:
    grid = Grid.box((-6e-3, -6e-3, 55e-3), (6e-3, 6e-3, 60.76e-3), 0.48e-3)
    return AcousticProblem(bowl(0.0, 40e-3).drive(1.0), layered(grid, ("water", "fat"), (6, 7)))


def pressure(problem: AcousticProblem, threads: int = 1) -> np.ndarray:
    field = TimeDomain(threads).solve(problem, KEEP)
    assert field.pressure is not None
    return field.pressure.data


def burst() -> np.ndarray:
    t = 2e-8 * np.arange(300) - 3e-6
    return np.sin(2 * np.pi * 0.9e6 * t) * np.exp(-((t / 1e-6) ** 2))


def heard(medium: Medium, sensors: list[list[int]], **changed: object) -> PulseRecord:
    source = PulseSource(np.array([[4, 4, 4]]), np.array([1e-6]), burst(), 2e-8)
    arguments = {"duration": 14e-6, "band": BAND, **changed}
    return propagate_pulse(medium, source, sensors, **arguments)  # type: ignore[arg-type]


def pulse_grid() -> Grid:
    return Grid.box((0, 0, 0), (4e-3, 4e-3, 10e-3), 0.4e-3)


def test_the_time_step_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    coarse = pressure(small_problem())
    monkeypatch.setattr(staggered_lattice, "_STABLE", 0.5)
    fine = pressure(small_problem())
    # Both have settled to SETTLED; their steps differ by a factor of two, phase errors of which would be some per cent.
    assert np.linalg.norm(fine - coarse) < 2 * SETTLED * np.linalg.norm(fine)


def test_threads_change_no_bit() -> None:
    assert np.array_equal(pressure(small_problem(), 1), pressure(small_problem(), 3))


def test_the_door_knows_the_method() -> None:
    field = solve(small_problem(), KEEP, "timedomain")
    assert field.report.method == "timedomain" and "periods" in field.report.notes[0]
    assert field.peak_pressure > 0


def test_gas_harmonics_and_balances_are_refused() -> None:
    grid = small_problem().medium.grid
    gas = layered(grid, ("water", "gas"), (6, 7))
    drive = bowl(0.0, 40e-3).drive(1.0)
    with pytest.raises(CannotModel, match="gas"):
        TimeDomain().solve(AcousticProblem(drive, gas), KEEP)
    with pytest.raises(CannotModel, match="harmonics"):
        TimeDomain().solve(AcousticProblem(drive, Medium.uniform(LOSSLESS, grid), harmonics=2), KEEP)
    with pytest.raises(CannotModel, match="energy balance"):
        TimeDomain().solve(small_problem(), Recording(energy=True))
    with pytest.raises(OutOfRange, match="thread"):
        pressure(small_problem(), 0)


def test_sound_is_heard_both_ways_alike() -> None:
    grid = pulse_grid()
    data = np.zeros(grid.shape, np.uint8)
    data[:, :, 12:] = 1
    data[3:6, 2:, 8:15] = 2
    tissues = (LOSSLESS, substance("liver"), substance("muscle", sound_speed=2400.0, density=1700.0, attenuation=40.0))
    medium = Medium(TissueMap(grid, data, tuple(t.name for t in tissues)), tissues)
    there = propagate_pulse(
        medium, PulseSource(np.array([[4, 4, 4]]), np.array([1e-6]), burst(), 2e-8), [[7, 5, 20]], 18e-6, BAND
    )
    back = propagate_pulse(
        medium, PulseSource(np.array([[7, 5, 20]]), np.array([1e-6]), burst(), 2e-8), [[4, 4, 4]], 18e-6, BAND
    )
    size = np.linalg.norm(there.traces)
    assert np.linalg.norm(there.traces - back.traces) < 0.01 * size


def test_a_pulse_arrives_with_the_speed_and_size_of_its_medium() -> None:
    record = heard(Medium.uniform(LOSSLESS, pulse_grid()), [[6, 4, 12], [8, 7, 20]])
    near, far = record.traces
    distances = 0.4e-3 * np.linalg.norm(np.array([[2, 0, 8], [4, 3, 16]]), axis=1)
    assert np.abs(near).max() / np.abs(far).max() == pytest.approx(distances[1] / distances[0], rel=0.02)
    delay = record.times[np.argmax(far)] - record.times[np.argmax(near)]
    assert delay == pytest.approx((distances[1] - distances[0]) / 1500.0, abs=1.5 * record.times[0])


@pytest.mark.parametrize("exponent", [0.9, 1.0, 1.3, 2.0])
def test_relaxations_follow_the_power_law(exponent: float) -> None:
    tissue = substance("liver", attenuation=15.0, attenuation_exponent=exponent)
    found = Relaxations.of([NonlinearFluid.of(tissue, 0.8e6, nonlinear=False), None], (0.4e6, 1.6e6), 5e-8)
    assert found.worst < 0.005
    assert np.all(found.strength >= 0) and np.all(found.strength[1] == 0)


def test_bad_pulses_are_refused() -> None:
    medium = Medium.uniform(LOSSLESS, pulse_grid())
    with pytest.raises(OutOfRange, match="outside"):
        heard(medium, [[5, 5, 9]], band=(1.0e6, 1.2e6))
    with pytest.raises(GeometryError, match="too coarse"):
        heard(medium, [[5, 5, 9]], band=(0.3e6, 3e6))
    with pytest.raises(GeometryError, match="voxel indices"):
        heard(medium, [[5, 5, 99]])
    with pytest.raises(OutOfRange, match="positive duration"):
        heard(medium, [[5, 5, 9]], duration=0.0)
