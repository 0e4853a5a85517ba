"""What any driver must do, run against every driver there is: see docs/driver-contract.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from openhifu.base.errors import OutOfRange
from openhifu.delivery.protocols import (
    LEASE_LIMIT,
    Answer,
    Cooler,
    Devices,
    Generator,
    Imager,
    Lease,
    Operator,
    PatientButton,
    Positioner,
    Thermometer,
)
from openhifu.twin.clock import SimulatedClock
from openhifu.twin.machine import simulated_machine
from tests.unit.delivery.bench import QUIET, PointPatient, device


@dataclass(frozen=True)
class Rig:
    """A machine and the way to let time go by on it."""

    devices: Devices
    wait: Callable[[float], None]
    now: Callable[[], float]

    @property
    def generator(self) -> Generator:
        return self.devices.generator

    def fire(self, on_time: float = 10.0, exposure: int = 1) -> Lease:
        lease = Lease(exposure, 0, LEASE_LIMIT)
        assert self.generator.load(50.0, on_time, ()).answer is Answer.OK
        assert self.generator.fire(lease).answer is Answer.OK
        return lease


def simulated() -> Rig:
    clock = SimulatedClock()
    machine = simulated_machine(clock, device(), (0.0, 0.0, 0.0), PointPatient(), 1, QUIET)
    return Rig(machine.devices, clock.sleep, clock.now)


@pytest.fixture(params=[simulated], ids=lambda make: make.__name__)
def rig(request: pytest.FixtureRequest) -> Rig:
    return request.param()


def test_it_speaks_every_protocol(rig: Rig) -> None:
    d = rig.devices
    for part, protocol in (
        (d.generator, Generator),
        (d.positioner, Positioner),
        (d.thermometer, Thermometer),
        (d.imager, Imager),
        (d.cooler, Cooler),
        (d.button, PatientButton),
        (d.operator, Operator),
    ):
        assert isinstance(part, protocol)


def test_no_lease_is_longer_than_the_limit() -> None:
    for duration in (0.0, -0.1, 0.201, float("nan"), float("inf")):
        with pytest.raises(OutOfRange):
            Lease(1, 0, duration)


def test_output_ends_when_nobody_renews(rig: Rig) -> None:
    rig.fire()
    rig.wait(0.19)
    assert rig.generator.reading().radiating
    rig.wait(0.02)
    reading = rig.generator.reading()
    assert not reading.radiating
    assert reading.on_time <= LEASE_LIMIT + 1e-9
    assert reading.forward_power == 0.0
    rig.wait(10.0)
    assert rig.generator.reading().on_time <= LEASE_LIMIT + 1e-9


def test_a_lapsed_lease_cannot_be_renewed(rig: Rig) -> None:
    lease = rig.fire()
    rig.wait(0.25)
    assert rig.generator.renew(lease.renewed()).answer is Answer.REFUSED
    assert not rig.generator.reading().radiating


def test_renewals_hold_it_and_an_old_one_does_not(rig: Rig) -> None:
    lease = rig.fire()
    for _ in range(20):
        rig.wait(0.1)
        lease = lease.renewed()
        assert rig.generator.renew(lease).answer is Answer.OK
    assert rig.generator.reading().on_time == pytest.approx(2.0)
    rig.wait(0.1)
    assert rig.generator.renew(lease).answer is Answer.REFUSED  # the same lease again
    assert rig.generator.renew(Lease(0, 99, LEASE_LIMIT)).answer is Answer.REFUSED  # of another exposure
    rig.wait(0.11)
    assert not rig.generator.reading().radiating


def test_its_own_timer_ends_the_exposure(rig: Rig) -> None:
    lease = rig.fire(on_time=0.25)
    for _ in range(4):
        rig.wait(0.1)
        lease = lease.renewed()
        assert rig.generator.renew(lease).answer is Answer.OK  # after the timer's end this has no effect
    reading = rig.generator.reading()
    assert not reading.radiating
    assert reading.on_time == pytest.approx(0.25)
    assert reading.energy == pytest.approx(50.0 * 0.25, rel=0.15)


def test_off_ends_it_now_and_is_always_allowed(rig: Rig) -> None:
    assert rig.generator.off().answer is Answer.OK
    rig.fire()
    rig.wait(0.05)
    for _ in range(3):
        status = rig.generator.off()
        assert status.answer is Answer.OK
        assert not rig.generator.reading().radiating
        assert rig.now() <= status.deadline
    assert rig.generator.reading().on_time == pytest.approx(0.05)


def test_off_forgets_what_was_loaded(rig: Rig) -> None:
    rig.generator.load(50.0, 1.0, ())
    assert rig.generator.reading().ready
    rig.generator.off()
    assert not rig.generator.reading().ready
    assert rig.generator.fire(Lease(1, 0, 0.1)).answer is Answer.REFUSED


def test_one_load_is_one_exposure(rig: Rig) -> None:
    assert rig.generator.fire(Lease(1, 0, 0.1)).answer is Answer.REFUSED
    rig.fire()
    assert rig.generator.load(50.0, 1.0, ()).answer is Answer.REFUSED  # it radiates
    assert rig.generator.fire(Lease(2, 0, 0.1)).answer is Answer.REFUSED
    rig.generator.off()
    assert rig.generator.fire(Lease(3, 0, 0.1)).answer is Answer.REFUSED


def test_loading_never_radiates(rig: Rig) -> None:
    rig.generator.load(50.0, 1.0, ())
    rig.wait(1.0)
    assert rig.generator.reading().forward_power == 0.0


@pytest.mark.parametrize(
    ("power", "on_time", "off"),
    [(401.0, 1.0, ()), (50.0, 61.0, ()), (0.0, 1.0, ()), (float("nan"), 1.0, ()), (50.0, 1.0, (1,))],
)
def test_beyond_its_ceilings_it_loads_nothing(rig: Rig, power: float, on_time: float, off: tuple[int, ...]) -> None:
    assert rig.generator.load(power, on_time, off).answer is Answer.REFUSED
    assert not rig.generator.reading().ready


def test_the_axes_take_their_time_and_arrive_exactly(rig: Rig) -> None:
    there = (0.01, 0.0, -0.005)
    status = rig.devices.positioner.move_to(there)
    assert status.answer is Answer.OK
    half = rig.devices.positioner.reading()
    assert half.moving
    rig.wait(status.deadline - rig.now())
    arrived = rig.devices.positioner.reading()
    assert not arrived.moving
    assert arrived.focus == there


def test_the_axes_stop_on_the_way(rig: Rig) -> None:
    status = rig.devices.positioner.move_to((0.02, 0.0, 0.0))
    rig.wait((status.deadline - rig.now()) / 2)
    rig.devices.positioner.stop()
    here = rig.devices.positioner.reading()
    assert not here.moving
    assert 0.0 < here.focus[0] < 0.02
    rig.wait(10.0)
    assert rig.devices.positioner.reading().focus == here.focus


@pytest.mark.parametrize("place", [(0.06, 0.0, 0.0), (0.0, float("nan"), 0.0)])
def test_out_of_reach_is_refused(rig: Rig, place: tuple[float, float, float]) -> None:
    before = rig.devices.positioner.reading().focus
    assert rig.devices.positioner.move_to(place).answer is Answer.REFUSED
    rig.wait(5.0)
    assert rig.devices.positioner.reading().focus == before


def test_readings_are_fresh(rig: Rig) -> None:
    for _ in range(3):
        now, d = rig.now(), rig.devices
        for at in (d.generator.reading().at, d.positioner.reading().at, d.button.reading().at, d.cooler.reading().at):
            assert now <= at <= rig.now()
        assert now - 1.0 <= d.thermometer.reading().at <= rig.now()
        rig.wait(1.0)


def test_water_heads_for_its_temperature(rig: Rig) -> None:
    cooler = rig.devices.cooler
    before = cooler.reading().temperature
    assert cooler.set_temperature(15.0).answer is Answer.OK
    rig.wait(600.0)
    assert abs(cooler.reading().temperature - 15.0) < 0.1 < abs(before - 15.0)
    assert cooler.set_temperature(80.0).answer is Answer.REFUSED
