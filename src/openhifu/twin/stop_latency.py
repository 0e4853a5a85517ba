"""How long after a stop there is output: measured live, the machine in another process, every core kept busy.

A stop is asked for at a random instant of an exposure by the operator (key or program), by the patient's button, or by
a meter that trips an interlock; the machine's own books say when the output ended. One monotonic clock times both.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from openhifu.base.errors import DeviceFault
from openhifu.base.outcome import Ending
from openhifu.base.progress import Progress, silent
from openhifu.base.record import Record
from openhifu.delivery.precedence import take_precedence
from openhifu.delivery.rules import SafetyRules
from openhifu.twin.bench import lively_machine
from openhifu.twin.live import AgreeingOperator, live_plan, live_treatment
from openhifu.twin.served import MachineProcess
from openhifu.twin.wire import Address

WAYS = ("operator", "patient", "interlock")
"""Who stops."""

ON_TIME = 6.0
"""Seconds of the exposures; the stop comes in the first one."""

EXPECTED = {"operator": Ending.OPERATOR_STOP, "patient": Ending.PATIENT_STOP, "interlock": Ending.COMPLETED}
"""How the run ends: a tripped interlock clears with the output off, is reset, and the exposure is not repeated."""


class Latencies(Record):
    """Seconds from stop to silence of one way to stop, sorted by size: these quantiles, and the worst."""

    way: str
    stops: int
    median: float
    p90: float
    p99: float
    p999: float
    worst: float


class StopReport(Record):
    """What was measured.

    Attributes:
        ways: each way to stop, and all together last.
        control_period: s within which the output must be off at the 99.9th percentile.
        load: processes that kept the cores busy.
        cores: of this computer.
        missed: exposures that ended before the stop came, or runs that a fault ended first; not counted above.
        missed_because: how those runs ended.
        precedence: what the system granted the engines' threads, see ``take_precedence``.
        seconds: it took.
    """

    ways: tuple[Latencies, ...]
    control_period: float
    load: int
    cores: int
    missed: int
    missed_because: dict[str, int]
    precedence: str
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether it held."""
        return bool(self.ways) and self.ways[-1].p999 <= self.control_period


def measure_stops(
    count: int, load: int | None = None, seed: int = 1, lanes: int = 2, progress: Progress = silent
) -> StopReport:
    """Stop live exposures and measure.

    Args:
        count: stops, shared evenly by ``WAYS``.
        load: busy processes beside; one a core if not given.
        seed: of the instants.
        lanes: treatments at a time.
        progress: told how far it is.
    """
    busy, began = load if load is not None else os.cpu_count() or 1, time.monotonic()
    found: list[tuple[str, float]] = []
    missed: dict[str, int] = {}
    granted: list[str] = []
    context = multiprocessing.get_context("spawn")

    def lane(numbers: Sequence[int]) -> None:
        with MachineProcess(lively_machine) as machine, _engine(context, machine.address) as engine:
            granted.append(engine.recv()[1])
            for number in numbers:
                rng, way = random.Random(f"{seed}/{number}"), WAYS[number % len(WAYS)]
                latency, ending = _stopped(machine, engine, way, rng)
                if latency is None:
                    missed[ending] = missed.get(ending, 0) + 1
                else:
                    found.append((way, latency))
                progress("stops of a live exposure", (len(found) + sum(missed.values())) / count)

    with _busy(context, busy):
        threads = [threading.Thread(target=lane, args=(range(n, count, lanes),)) for n in range(min(lanes, count))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    ways = [_quantiles(way, [s for w, s in found if w == way]) for way in WAYS if any(w == way for w, _ in found)]
    if found:
        ways.append(_quantiles("all", [s for _, s in found]))
    return StopReport(
        ways=tuple(ways),
        control_period=SafetyRules().control_period,
        load=busy,
        cores=os.cpu_count() or 1,
        missed=sum(missed.values()),
        missed_because=missed,
        precedence=granted[0] if granted else "ordinary",
        seconds=round(time.monotonic() - began, 1),
    )


def _stopped(machine: MachineProcess, engine: Connection, way: str, rng: random.Random) -> tuple[float | None, str]:
    """Seconds from one stop to silence, None if the exposure was over before it; and how the run ended."""
    before = len(machine.radiated())
    engine.send(("run", None))
    _wait_until(lambda: len(machine.radiated()) > before or engine.poll())
    time.sleep(rng.uniform(0.1, 0.5))
    told: dict[str, Any] = {}
    if way == "operator":
        engine.send(("stop", None))
    else:
        told["asked"] = machine.press() if way == "patient" else machine.reflect(0.9)
    while not {"asked", "ended"} <= told.keys():  # a run may have ended before the stop reached it
        what, value = engine.recv()
        told[what] = value
    asked, ending = float(told["asked"]), str(told["ended"])
    machine.press(False)
    machine.reflect(None)
    shots = machine.radiated()[before:]
    if not shots or shots[0].end <= asked or ending != EXPECTED[way] or shots[0].end > shots[0].start + ON_TIME - 1e-3:
        return None, ending
    return shots[0].end - asked, ending


def _wait_until(true: Callable[[], bool], patience: float = 60.0) -> None:
    until = time.monotonic() + patience
    while not true() and time.monotonic() < until:
        time.sleep(0.01)


@contextmanager
def _engine(context: Any, address: Address) -> Iterator[Connection]:
    """The engine's process, ready to treat again and again."""
    ours, theirs = context.Pipe()
    process = context.Process(target=_treat_again, args=(address, theirs), daemon=True)
    process.start()
    try:
        yield ours
    finally:
        ours.send(("end", None))
        process.join(10.0)
        process.kill()


def _treat_again(address: Address, pipe: Connection) -> None:
    """Treat whenever told; meanwhile pass on the operator's stop."""
    number, precedence = 0, take_precedence()
    pipe.send(("precedence", precedence))
    with tempfile.TemporaryDirectory(prefix="openhifu-stops-") as folder:
        while (what := pipe.recv()[0]) != "end":
            if what == "stop":  # it comes after the run's own end
                pipe.send(("asked", time.monotonic()))
                continue
            number, operator = number + 1, AgreeingOperator()
            over = threading.Event()
            ear = threading.Thread(target=_listen, args=(pipe, operator, over))
            ear.start()
            journal = Path(folder) / f"{number}.jsonl"
            try:
                result = live_treatment(address, live_plan(1, ON_TIME), journal, operator)
                ending = str(result.ending)
            except DeviceFault as error:  # no machine answered, so there was no run
                ending = f"no run: {error}"
            finally:
                over.set()
                ear.join()
            pipe.send(("ended", ending))


def _listen(pipe: Connection, operator: AgreeingOperator, over: threading.Event) -> None:
    """The operator's ear: a stop over the pipe."""
    while not over.is_set():
        if pipe.poll(0.05):
            pipe.recv()
            asked = time.monotonic()
            operator.stop()
            pipe.send(("asked", asked))
            return


@contextmanager
def _busy(context: Any, count: int) -> Iterator[None]:
    """Processes that do nothing but calculate."""
    processes = [context.Process(target=_calculate, daemon=True) for _ in range(count)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()


def _calculate() -> None:
    value = 1
    while True:
        value = value * 1103515245 % 2147483647


def _quantiles(way: str, values: Sequence[float]) -> Latencies:
    ordered = sorted(values)

    def at(share: float) -> float:
        return round(ordered[min(int(share * len(ordered)), len(ordered) - 1)], 5)

    return Latencies(
        way=way, stops=len(ordered), median=at(0.5), p90=at(0.9), p99=at(0.99), p999=at(0.999), worst=at(1.0)
    )
