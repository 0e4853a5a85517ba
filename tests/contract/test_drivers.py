"""What any driver must do, run against every driver there is: see docs/driver-contract.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import pytest

from openhifu.base.errors import OutOfRange
from openhifu.base.vectors import Vector
from openhifu.delivery.clock import RealClock
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
from openhifu.twin.bench import lively_machine
from openhifu.twin.clock import SimulatedClock
from openhifu.twin.machine import MachineModel, SimulatedOperator, simulated_machine
from openhifu.twin.remote import RemoteMachine
from openhifu.twin.served import MachineProcess
from tests.unit.delivery.bench import QUIET, PointPatient, device

QUICK = MachineModel(
    temperature_noise=0.0,
    meter_noise=0.0,
    calibration_error=False,
    axis_speed=0.05,
    frame_time=0.2,
    idle_frame_time=0.2,
    water_time=0.3,
)


@dataclass(frozen=True)
class Rig:
    """A machine and the way to let time go by on it.

    ``late`` [s] is what real time may be late by, ``apart`` [s] what the two clocks may differ by.
    """

    devices: Devices
    wait: Callable[[float], None]
    now: Callable[[], float]
    late: float = 1e-9
    apart: float = 1e-9
    water_time: float = 600.0

    @property
    def generator(self) -> Generator:
        return self.devices.generator

    def fire(self, on_time: float = 10.0, exposure: int = 1) -> Lease:
        lease = Lease(exposure, 0, LEASE_LIMIT, self.now())
        assert self.generator.load(50.0, on_time, ()).answer is Answer.OK
        assert self.generator.fire(lease).answer is Answer.OK
        return lease


def simulated(address: str) -> Iterator[Rig]:
    """The simulated machine in this process, as fast as it can."""
    clock = SimulatedClock()
    machine = simulated_machine(clock, device(), (0.0, 0.0, 0.0), PointPatient(), 1, QUIET)
    yield Rig(machine.devices, clock.sleep, clock.now)


def over_a_socket(address: str) -> Iterator[Rig]:
    """The simulated machine in another process, in real time."""
    clock = RealClock()
    operator = SimulatedOperator(clock, QUIET)
    with RemoteMachine(address, clock) as machine:
        yield Rig(machine.devices(operator), clock.sleep, clock.now, late=5.0, apart=1e-3, water_time=2.0)


@pytest.fixture(scope="module")
def tcp_address() -> Iterator[str]:
    with MachineProcess(partial(lively_machine, model=QUICK)) as process:
        yield process.address


@pytest.fixture(scope="module")
def unix_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path = str(tmp_path_factory.mktemp("socket") / "machine")
    with MachineProcess(partial(lively_machine, model=QUICK), path) as process:
        yield process.address


@pytest.fixture(params=["simulated", "tcp", "unix"])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    if request.param == "simulated":
        yield from simulated("")
    else:
        yield from over_a_socket(request.getfixturevalue(f"{request.param}_address"))


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
            Lease(1, 0, duration, 0.0)


def test_output_ends_when_nobody_renews(rig: Rig) -> None:
    rig.fire()
    rig.wait(0.05)
    assert rig.generator.reading().radiating
    rig.wait(0.16)
    reading = rig.generator.reading()
    assert not reading.radiating
    assert reading.on_time <= LEASE_LIMIT + 1e-9
    assert reading.forward_power == 0.0
    rig.wait(1.0)
    assert rig.generator.reading().on_time <= LEASE_LIMIT + 1e-9


def test_a_lapsed_lease_cannot_be_renewed(rig: Rig) -> None:
    lease = rig.fire()
    rig.wait(0.25)
    assert rig.generator.renew(lease.renewed(rig.now())).answer is Answer.REFUSED
    assert not rig.generator.reading().radiating


def test_renewals_hold_it_and_an_old_one_does_not(rig: Rig) -> None:
    lease = rig.fire()
    for _ in range(24):
        rig.wait(0.05)
        lease = lease.renewed(rig.now())
        assert rig.generator.renew(lease).answer is Answer.OK
    on_time = rig.generator.reading().on_time
    assert 1.2 - 1e-6 <= on_time <= 1.2 + rig.late
    rig.wait(0.05)
    assert rig.generator.renew(lease).answer is Answer.REFUSED  # the same lease again
    assert rig.generator.renew(Lease(0, 99, LEASE_LIMIT, rig.now())).answer is Answer.REFUSED  # of another exposure
    rig.wait(0.16)
    assert not rig.generator.reading().radiating


def test_a_lease_counts_from_when_it_was_sent_however_late_it_comes(rig: Rig) -> None:
    lease = rig.fire().renewed(rig.now())
    rig.wait(0.12)
    assert rig.generator.renew(lease).answer is Answer.OK
    rig.wait(0.09)
    reading = rig.generator.reading()
    assert not reading.radiating
    assert 0.19 <= reading.on_time <= LEASE_LIMIT + rig.apart


def test_a_renewal_that_lapsed_on_its_way_is_refused_and_holds_nothing(rig: Rig) -> None:
    first = rig.fire()
    rig.wait(0.1)
    old = replace(first.renewed(rig.now()), sent=rig.now() - LEASE_LIMIT - 0.01)
    assert rig.generator.renew(old).answer is Answer.REFUSED
    rig.wait(0.11)
    assert not rig.generator.reading().radiating


def test_an_order_to_fire_that_lapsed_on_its_way_fires_nothing(rig: Rig) -> None:
    assert rig.generator.load(50.0, 10.0, ()).answer is Answer.OK
    lease = Lease(1, 0, LEASE_LIMIT, rig.now())
    rig.wait(0.21)
    assert rig.generator.fire(lease).answer is Answer.REFUSED
    assert not rig.generator.reading().radiating


def test_a_lease_from_the_future_lasts_no_longer(rig: Rig) -> None:
    """As after a step of the engine's clock."""
    assert rig.generator.load(50.0, 10.0, ()).answer is Answer.OK
    assert rig.generator.fire(Lease(1, 0, LEASE_LIMIT, rig.now() + 100.0)).answer is Answer.OK
    rig.wait(0.21)
    assert not rig.generator.reading().radiating


def test_its_own_timer_ends_the_exposure(rig: Rig) -> None:
    lease = rig.fire(on_time=0.25)
    for _ in range(8):
        rig.wait(0.05)
        lease = lease.renewed(rig.now())
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
        assert status.deadline - status.at <= 0.02 + 1e-9
    assert 0.05 - 1e-6 <= rig.generator.reading().on_time <= 0.05 + min(rig.late, LEASE_LIMIT)


def test_off_forgets_what_was_loaded(rig: Rig) -> None:
    rig.generator.load(50.0, 1.0, ())
    assert rig.generator.reading().ready
    rig.generator.off()
    assert not rig.generator.reading().ready
    assert rig.generator.fire(Lease(1, 0, 0.1, rig.now())).answer is Answer.REFUSED


def test_one_load_is_one_exposure(rig: Rig) -> None:
    assert rig.generator.fire(Lease(1, 0, 0.1, rig.now())).answer is Answer.REFUSED
    rig.fire()
    assert rig.generator.load(50.0, 1.0, ()).answer is Answer.REFUSED  # it radiates
    assert rig.generator.fire(Lease(2, 0, 0.1, rig.now())).answer is Answer.REFUSED
    rig.generator.off()
    assert rig.generator.fire(Lease(3, 0, 0.1, rig.now())).answer is Answer.REFUSED


def test_a_fire_that_comes_again_does_not_begin_what_is_loaded_next(rig: Rig) -> None:
    lease = rig.fire()
    rig.generator.off()
    assert rig.generator.load(50.0, 1.0, ()).answer is Answer.OK
    assert rig.generator.fire(lease).answer is Answer.REFUSED
    assert not rig.generator.reading().radiating


def test_a_new_engine_meets_a_silent_machine(tcp_address: str) -> None:
    """Whatever the one before left: loaded, or radiating under a lease that has not lapsed yet."""
    clock = RealClock()
    with RemoteMachine(tcp_address, clock) as machine:
        Rig(machine.devices(SimulatedOperator(clock, QUIET)), clock.sleep, clock.now).fire()
    with RemoteMachine(tcp_address, clock) as machine:
        generator = machine.devices(SimulatedOperator(clock, QUIET)).generator
        assert not generator.reading().radiating
        assert generator.load(50.0, 1.0, ()).answer is Answer.OK
    with RemoteMachine(tcp_address, clock) as machine:
        assert not machine.devices(SimulatedOperator(clock, QUIET)).generator.reading().ready


def test_loading_never_radiates(rig: Rig) -> None:
    rig.generator.load(50.0, 1.0, ())
    rig.wait(1.0)
    assert rig.generator.reading().forward_power == 0.0


@pytest.mark.parametrize(
    ("power", "on_time", "off", "steered"),
    [
        (401.0, 1.0, (), ()),
        (50.0, 61.0, (), ()),
        (0.0, 1.0, (), ()),
        (float("nan"), 1.0, (), ()),
        (50.0, 1.0, (1,), ()),
        (50.0, 1.0, (), ((0.0, 0.0, 0.0), (1e-3, 0.0, 0.0))),  # one element steers nothing
        (50.0, 1.0, (), ((0.0, 0.0, float("nan")),)),
    ],
)
def test_beyond_what_it_can_it_loads_nothing(
    rig: Rig, power: float, on_time: float, off: tuple[int, ...], steered: tuple[Vector, ...]
) -> None:
    assert rig.generator.load(power, on_time, off, steered).answer is Answer.REFUSED
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
    begun = rig.devices.positioner.reading().focus[0]
    status = rig.devices.positioner.move_to((0.04, 0.0, 0.0))
    rig.wait((status.deadline - rig.now()) / 3)
    rig.devices.positioner.stop()
    here = rig.devices.positioner.reading()
    assert not here.moving
    assert begun < here.focus[0] < 0.04
    rig.wait(1.0)
    assert rig.devices.positioner.reading().focus == here.focus


@pytest.mark.parametrize("place", [(0.06, 0.0, 0.0), (0.0, float("nan"), 0.0)])
def test_out_of_reach_is_refused(rig: Rig, place: tuple[float, float, float]) -> None:
    before = rig.devices.positioner.reading().focus
    assert rig.devices.positioner.move_to(place).answer is Answer.REFUSED
    rig.wait(0.5)
    assert rig.devices.positioner.reading().focus == before


def test_readings_are_fresh(rig: Rig) -> None:
    for _ in range(3):
        now, d = rig.now(), rig.devices
        for at in (d.generator.reading().at, d.positioner.reading().at, d.button.reading().at, d.cooler.reading().at):
            assert now <= at <= rig.now()
        assert now - 1.0 <= d.thermometer.reading().at <= rig.now()
        rig.wait(0.3)


def test_water_heads_for_its_temperature(rig: Rig) -> None:
    cooler = rig.devices.cooler
    before = cooler.reading().temperature
    assert cooler.set_temperature(15.0).answer is Answer.OK
    rig.wait(rig.water_time)
    assert abs(cooler.reading().temperature - 15.0) < 0.1 < abs(before - 15.0)
    assert cooler.set_temperature(80.0).answer is Answer.REFUSED
