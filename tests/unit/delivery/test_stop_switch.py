"""The switch before the generator: thrown between any two calls, it ends output and run, always with one ending."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from openhifu.base.outcome import Ending
from openhifu.delivery.authorisation import Rehearsal
from openhifu.delivery.endings import Halt
from openhifu.delivery.journal import read_journal
from openhifu.delivery.protocols import LEASE_LIMIT, Answer, Lease
from openhifu.delivery.stop_switch import StopSwitch
from openhifu.model.events import SonicationEnded, SonicationStarted
from openhifu.twin.bench import lively_machine
from openhifu.twin.clock import SimulatedClock
from openhifu.twin.live import AgreeingOperator
from openhifu.twin.rehearse import Attended, rehearse
from tests.unit.delivery.bench import QUIET, STARTED, PointPatient, device, plan

CALLS = ("identity", "load", "fire", "renew", "reading", "off")


class Thrown:
    """Throws a switch just before the n-th call that the engine makes through it."""

    def __init__(self, at: int, operator: AgreeingOperator) -> None:
        self.at, self.calls, self.operator = at, 0, operator
        self.switch: StopSwitch | None = None
        self.name = ""

    def take(self, switch: StopSwitch) -> None:
        self.switch = switch
        for name in CALLS:
            setattr(switch, name, self.before(name, getattr(switch, name)))

    def before(self, name: str, call: Any) -> Any:
        def asked(*arguments: Any) -> Any:
            self.calls += 1
            if self.calls == self.at and self.switch is not None:
                self.name = name
                self.operator.stop()
                self.switch.throw("Ada")
            return call(*arguments)

        return asked


def thrown(path: Path, at: int) -> tuple[Thrown, Ending, float, list[Any]]:
    """A treatment whose switch is thrown before a call: thrower, ending, when output ended last, what happened."""
    operator = AgreeingOperator()
    thrower = Thrown(at, operator)
    attended = Attended("Ada", operator, lambda event: None, 1e6, thrower.take)
    wanted, body = Rehearsal(plan(spots=2, on_time=1.0)), PointPatient()
    run = rehearse(wanted, device(), body, path, 1, "test", model=QUIET, started=STARTED, attended=attended)
    return thrower, run.result.ending, run.last_output, [e.what for e in read_journal(path).events]


def test_thrown_before_any_call_it_ends_the_output_and_the_run_as_an_operators_stop(tmp_path: Path) -> None:
    untouched, ending, _, _ = thrown(tmp_path / "0.jsonl", at=0)
    assert ending is Ending.COMPLETED and untouched.calls > 50
    for at in range(1, untouched.calls + 1):
        thrower, ending, _, happened = thrown(tmp_path / f"{at}.jsonl", at)
        ended = [w for w in happened if isinstance(w, SonicationEnded)]
        begun = [w for w in happened if isinstance(w, SonicationStarted)]
        assert len(begun) == len(ended), f"call {at}: an exposure has no end in the journal"
        whole = len(ended) == 2 and all(w.ending is Ending.COMPLETED for w in ended)
        assert ending is Ending.OPERATOR_STOP or (ending is Ending.COMPLETED and whole), f"call {at}: {ending}"
        # Between the journal's line and the fire itself the meter still shows the exposure before: what it delivered
        # is then booked as not known, at full power.
        allowed = {Ending.COMPLETED, Ending.OPERATOR_STOP} | ({Ending.FAULT} if thrower.name == "fire" else set())
        assert {w.ending for w in ended} <= allowed, f"call {at} ({thrower.name}): {ended}"


def test_once_thrown_nothing_is_loaded_fired_or_renewed() -> None:
    clock = SimulatedClock()
    generator = lively_machine(clock).devices.generator
    switch, lease = StopSwitch(generator), Lease(1, 0, LEASE_LIMIT, 0.0)
    assert switch.load(50.0, 5.0, ()).answer is Answer.OK
    assert switch.fire(lease).answer is Answer.OK
    assert switch.reading().radiating
    switch.throw("Ada")
    assert not generator.reading().radiating
    with pytest.raises(Halt):
        switch.reading()
    for order in (
        lambda: switch.load(50.0, 5.0, ()),
        lambda: switch.fire(Lease(2, 0, LEASE_LIMIT, 0.0)),
        lambda: switch.renew(lease.renewed(0.0)),
    ):
        with pytest.raises(Halt, match="stopped by Ada") as stopped:
            order()
        assert stopped.value.ending is Ending.OPERATOR_STOP
    assert switch.off().answer is Answer.OK
    assert not switch.reading().radiating
