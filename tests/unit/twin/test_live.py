"""Live over a socket: killed engines, stopped exposures, spoilt messages, and clocks that differ."""

from __future__ import annotations

import contextlib
import json
import math
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from openhifu.base.errors import DeviceFault
from openhifu.delivery.clock import RealClock
from openhifu.delivery.protocols import Answer, Lease, TemperatureReading
from openhifu.twin import wire
from openhifu.twin.bench import lively_machine
from openhifu.twin.kill_campaign import run_kills
from openhifu.twin.live import AgreeingOperator
from openhifu.twin.remote import RemoteMachine
from openhifu.twin.served import LiveMachine, answer_engines
from openhifu.twin.stop_latency import measure_stops


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 on this system")
def test_killed_engines_leave_silence_a_journal_and_exactly_the_rest() -> None:
    report = run_kills(8, seed=3, lanes=4)
    assert report.kills == 8
    assert report.ok, report.wrong


def test_stops_are_timed_each_way() -> None:
    """That they are counted and end as they must; how long they took depends on the computer, see the command."""
    report = measure_stops(3, load=0, lanes=1)
    assert sum(w.stops for w in report.ways[:-1]) + report.missed == 3
    assert set(report.missed_because) <= {"fault", "operator stop", "patient stop", "completed", "interlock"}


@dataclass
class OtherClock:
    """The real clock, off by something that may change."""

    offset: float = 0.0

    def now(self) -> float:
        return RealClock().now() + self.offset

    def sleep(self, duration: float) -> None:
        RealClock().sleep(duration)

    def wall(self) -> str:
        return RealClock().wall()


@dataclass
class Served:
    """A machine served from a thread of this process."""

    address: str
    live: LiveMachine
    clock: OtherClock


@pytest.fixture
def served() -> Iterator[Served]:
    clock = OtherClock()
    live, listener = LiveMachine(lively_machine(clock), clock), wire.listening("127.0.0.1:0")
    thread = threading.Thread(target=answer_engines, args=(live, clock, listener), daemon=True)
    thread.start()
    yield Served(wire.address_of(listener), live, clock)
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    live.close()


def test_times_come_as_the_engines(served: Served) -> None:
    served.clock.offset = 1000.0
    clock = RealClock()
    with RemoteMachine(served.address, clock) as machine:
        generator = machine.devices(AgreeingOperator()).generator
        before = clock.now()
        assert before - 0.05 <= generator.reading().at <= clock.now() + 0.05
        status = generator.off()
        assert status.deadline - status.at == pytest.approx(0.02)
        assert abs(status.at - clock.now()) < 1.0
        served.clock.offset = 1000.3
        with pytest.raises(DeviceFault, match="parted"):
            generator.reading()


def test_no_machine_no_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(DeviceFault, match="start it"):
        RemoteMachine(f"127.0.0.1:{port}", RealClock())


def test_what_is_not_an_act_is_refused_and_the_machine_goes_on(served: Served) -> None:
    with RemoteMachine(served.address, RealClock()) as machine:
        for device, act, arguments in (
            ("generator", "explode", ()),
            ("operator", "answer", ("yes",)),
            ("generator", "load", (50.0,)),
            ("generator", "load", ("much", 1.0, ())),
            ("generator", "fire", ({"exposure": 1, "renewal": 0, "duration": 5.0, "sent": 0.0},)),
        ):
            with pytest.raises((DeviceFault, KeyError)):
                machine.ask(device, act, *arguments)
        generator = machine.devices(AgreeingOperator()).generator
        assert not generator.reading().ready
        assert generator.load(50.0, 1.0, ()).answer is Answer.OK
        assert generator.fire(Lease(1, 0, 0.1, RealClock().now())).answer is Answer.OK


def test_a_connection_that_talks_nonsense_is_closed_and_the_next_is_served(served: Served) -> None:
    for nonsense in (b"hello\n", b"[1]\n", b"x" * 200_000):
        with socket.create_connection(("127.0.0.1", int(served.address.rpartition(":")[2])), 5.0) as connection:
            with contextlib.suppress(OSError):  # closed already, before all of it was read
                connection.sendall(nonsense)
                connection.shutdown(socket.SHUT_WR)
                assert connection.recv(10) == b""
    with RemoteMachine(served.address, RealClock()) as machine:
        assert not machine.devices(AgreeingOperator()).generator.reading().radiating


def speaking(answers: Callable[[dict[str, object]], list[dict[str, object]]]) -> str:
    """The address of a machine that answers as it likes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def talk() -> None:
        connection, _ = listener.accept()
        lines = wire.LineReader(connection)
        with connection, listener:
            while (text := lines.next()) is not None:
                for answer in answers(json.loads(text)):
                    connection.sendall(wire.line(answer))

    threading.Thread(target=talk, daemon=True).start()
    return wire.address_of(listener)


def reply(request: dict[str, object], answer: object) -> dict[str, object]:
    return {"id": request["id"], "now": RealClock().now(), "answer": answer}


def now_or(other: Callable[[dict[str, object]], list[dict[str, object]]]) -> Callable[..., list[dict[str, object]]]:
    def answers(request: dict[str, object]) -> list[dict[str, object]]:
        if request["act"] == "now":
            return [reply(request, RealClock().now())]
        return other(request)

    return answers


def test_an_answer_that_comes_twice_or_too_late_is_taken_for_no_other() -> None:
    held: list[dict[str, object]] = []

    def answers(request: dict[str, object]) -> list[dict[str, object]]:
        at = float(len(held))
        held.append(reply(request, {"at": at, "pressed": True}))
        if len(held) == 1:
            return []  # given up by the engine, answered with the next
        return [*held[-2:], held[-1]]

    with RemoteMachine(speaking(now_or(answers)), RealClock()) as machine:
        button = machine.devices(AgreeingOperator()).button
        with pytest.raises(DeviceFault, match="does not answer"):
            button.reading()
        assert [button.reading().at for _ in range(4)] == [1.0, 2.0, 3.0, 4.0]


def test_an_answer_of_another_kind_is_a_fault() -> None:
    with RemoteMachine(speaking(now_or(lambda r: [reply(r, {"at": 1.0})])), RealClock()) as machine:
        with pytest.raises(DeviceFault, match="ButtonReading"):
            machine.devices(AgreeingOperator()).button.reading()


def test_a_machine_that_is_gone_is_a_fault(served: Served) -> None:
    with RemoteMachine(served.address, RealClock()) as machine:
        devices = machine.devices(AgreeingOperator())
        machine.close()
        with pytest.raises(DeviceFault, match="does not answer"):
            devices.generator.off()


def test_every_reading_survives_the_wire_a_missing_number_too() -> None:
    reading = TemperatureReading(1.5, math.nan, (("ribs", 38.25), ("skin", math.inf)))
    back = wire.typed(TemperatureReading, json.loads(wire.line(wire.plain(reading))))
    assert (back.at, back.organs) == (reading.at, reading.organs)
    assert math.isnan(back.target)
