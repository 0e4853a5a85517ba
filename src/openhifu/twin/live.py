"""A live treatment of the bench plan: an engine in this process, the machine in another, in real time."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

from openhifu.delivery.authorisation import Rehearsal
from openhifu.delivery.clock import RealClock
from openhifu.delivery.endings import RunResult
from openhifu.delivery.engine import TreatmentEngine
from openhifu.delivery.journal import Journal, read_journal
from openhifu.delivery.protocols import AlarmReply, Question, Reply
from openhifu.delivery.rules import SafetyRules
from openhifu.delivery.words import RunInfo
from openhifu.model.plan import TreatmentPlan
from openhifu.twin import bench
from openhifu.twin.remote import RemoteMachine
from openhifu.twin.wire import Address


class AgreeingOperator:
    """Goes on with everything at once, and stops when told to from any thread; what a script puts in a person's place.

    Args:
        name: under which it is written down.
    """

    def __init__(self, name: str = "Ada") -> None:
        """Not stopped."""
        self._name, self._stop = name, threading.Event()

    def stop(self) -> None:
        """Stop the run: at the engine's next look."""
        self._stop.set()

    def stop_requested(self) -> str | None:
        """The name, once it was stopped."""
        return self._name if self._stop.is_set() else None

    def answer(self, question: Question) -> Reply | None:
        """The first choice."""
        return Reply(question.choices[0], self._name)

    def alarm_reply(self) -> AlarmReply | None:
        """Nothing."""
        return None


def live_plan(spots: int = 3, on_time: float = 0.5) -> TreatmentPlan:
    """A plan that takes seconds."""
    return bench.plan(spots=spots, on_time=on_time, cooling_time=0.1, pre_cooling=0.1)


def live_treatment(
    address: Address,
    plan: TreatmentPlan,
    journal_path: Path,
    operator: AgreeingOperator,
    earlier: Sequence[Path] = (),
    rules: SafetyRules | None = None,
) -> RunResult:
    """Deliver a plan to the machine at an address, in real time.

    Args:
        address: of the machine.
        plan: what is delivered, as a rehearsal.
        journal_path: a file that does not exist yet.
        operator: who answers.
        earlier: journals of the runs it goes on from, oldest first.
        rules: safety numbers; ``SafetyRules()`` if not given.
    """
    clock = RealClock()
    readings = [read_journal(path) for path in earlier]
    events = tuple(event for reading in readings for event in reading.events)
    info = RunInfo("live", None, events, readings[-1].last_hash if readings else "")
    with RemoteMachine(address, clock) as machine:
        journal = Journal.create(journal_path, f"run {os.getpid()}", "Ada", clock)
        devices = machine.devices(operator)
        authorisation, source = Rehearsal(plan), bench.device()
        return TreatmentEngine(authorisation, source, devices, journal, clock, rules or SafetyRules(), info).run()
