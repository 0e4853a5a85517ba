"""The simulated generator tells the patient exactly what it radiated, however rarely the patient asks."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openhifu.delivery.protocols import Lease
from openhifu.twin.clock import SimulatedClock
from openhifu.twin.machine import MachineModel, SimulatedMachine, simulated_machine
from tests.unit.delivery.bench import QUIET, PointPatient, device

RAMP = 0.02


def machine(clock: SimulatedClock, model: MachineModel = QUIET, seed: int = 1) -> SimulatedMachine:
    return simulated_machine(clock, device(), (0.0, 0.0, 0.0), PointPatient(), seed, model)


def radiate(clock: SimulatedClock, rig: SimulatedMachine, power: float, on_time: float, exposure: int) -> None:
    rig.generator.load(power, on_time, ())
    lease = Lease(exposure, 0, 0.2, clock.now())
    rig.generator.fire(lease)
    left = on_time
    while left > 0:
        clock.sleep(min(0.1, left))
        left -= 0.1
        lease = lease.renewed(clock.now())
        rig.generator.renew(lease)


def energy(power: float, on_time: float) -> float:
    return power * (on_time - RAMP * (1 - np.exp(-on_time / RAMP)))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.floats(5.0, 100.0), st.floats(0.05, 2.0), st.floats(0.0, 2.0)), max_size=4), st.integers(1, 9)
)
def test_pieces_fill_the_time_and_carry_the_energy(bursts: list[tuple[float, float, float]], asks: int) -> None:
    clock = SimulatedClock()
    rig = machine(clock)
    for number, (power, on_time, pause) in enumerate(bursts):
        radiate(clock, rig, power, on_time, number + 1)
        clock.sleep(pause + 1e-6)  # beyond the rounding of the clock to nanoseconds
    clock.sleep(0.5)
    cuts = np.linspace(0.0, clock.now(), asks + 1)
    pieces = [p for a, b in itertools.pairwise(cuts) for p in rig.generator.pieces(float(a), float(b))]
    assert sum(d for d, _ in pieces) == pytest.approx(clock.now())
    assert all(d > 0 for d, _ in pieces)
    radiated = sum(d * beam.power for d, beam in pieces if beam)
    assert radiated == pytest.approx(sum(energy(p, t) for p, t, _ in bursts), rel=1e-5, abs=1e-6)


def test_the_ramp_rises_as_said() -> None:
    clock = SimulatedClock()
    rig = machine(clock)
    rig.generator.load(100.0, 5.0, ())
    rig.generator.fire(Lease(1, 0, 0.2, clock.now()))
    clock.sleep(RAMP)
    assert rig.generator.reading().forward_power == pytest.approx(100 * (1 - np.exp(-1)))


def test_a_calibration_error_is_seen_by_the_patient_and_not_by_the_meter() -> None:
    model = MachineModel(meter_noise=0.0)
    clock = SimulatedClock()
    rig = machine(clock, model, seed=8)
    assert rig.gain != 1.0
    radiate(clock, rig, 50.0, 1.0, 1)
    believed = rig.generator.reading().energy
    true = sum(d * beam.power for d, beam in rig.generator.pieces(0.0, clock.now()) if beam)
    assert true / believed == pytest.approx(rig.gain)


def test_calibration_errors_stay_within_the_stated_uncertainty() -> None:
    gains = [machine(SimulatedClock(), MachineModel(), seed).gain for seed in range(300)]
    assert max(abs(g - 1) for g in gains) <= device().calibration.relative_uncertainty + 1e-12
    assert np.std(gains) == pytest.approx(0.045, rel=0.15)


def test_a_lease_that_lapses_between_two_looks_is_known_to_the_patient() -> None:
    clock = SimulatedClock()
    rig = machine(clock)
    rig.generator.load(50.0, 10.0, ())
    rig.generator.fire(Lease(1, 0, 0.2, clock.now()))
    clock.sleep(30.0)
    pieces = rig.generator.pieces(0.0, 30.0)
    assert [(pytest.approx(d), beam is not None) for d, beam in pieces] == [(0.2, True), (29.8, False)]
    assert rig.generator.last_output == pytest.approx(0.2)
