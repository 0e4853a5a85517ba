"""kill -9: the engine's process is killed at random instants of live treatments; the machine must fall silent.

POSIX only, for SIGKILL.
"""

from __future__ import annotations

import multiprocessing
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

from openhifu.base.errors import CannotModel, DeviceFault
from openhifu.base.outcome import Ending
from openhifu.base.progress import Progress, silent
from openhifu.base.record import Record
from openhifu.delivery.folds import begun, ending
from openhifu.delivery.journal import JournalReading, read_journal
from openhifu.delivery.protocols import LEASE_LIMIT
from openhifu.twin.bench import lively_machine
from openhifu.twin.generator import Radiated
from openhifu.twin.live import AgreeingOperator, live_plan, live_treatment
from openhifu.twin.served import MachineProcess
from openhifu.twin.verdict import repeated, started
from openhifu.twin.wire import Address

SPOTS = 3
IN_FLIGHT = 0.02
"""Seconds that an order sent before the kill may take to arrive; its lease counts from when it was sent."""

CLOCKS = 1e-3
"""Seconds by which reading the two processes' clocks may differ."""

LONGEST = 3.6
"""Seconds within which the kill comes; a live treatment of the bench plan takes about as long."""

MOST_RUNS = 6
"""A resume that a busy computer cut short is resumed again; after so many it counts as failed."""


class Kill(Record):
    """One kill.

    Attributes:
        number: of the kill.
        firing: whether there was output at that instant.
        silent_after: s from the kill to the end of output; 0 if there was none.
        begun: exposures the journal knew of.
        wrong: what must not be; empty if all was right.
    """

    number: int
    firing: bool
    silent_after: float
    begun: int
    wrong: tuple[str, ...]


class KillReport(Record):
    """What all kills came to.

    Attributes:
        kills: how many.
        while_firing: how many of them during output.
        longest_output: s, the longest time from a kill to silence.
        lease: s it may last.
        begun: how many kills found so many exposures begun.
        extra_resumes: resumes that a fault cut short and that were resumed in turn.
        wrong: sentences of everything that must not be.
        seconds: it took.
    """

    kills: int
    while_firing: int
    longest_output: float
    lease: float
    begun: dict[str, int]
    extra_resumes: int
    wrong: tuple[str, ...]
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether nothing was wrong."""
        return not self.wrong


def _context() -> ForkServerContext:
    if not hasattr(signal, "SIGKILL") or "forkserver" not in multiprocessing.get_all_start_methods():
        raise CannotModel("this system has no kill -9; run it on Linux or macOS")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def _engine(address: Address, journal: Path, earlier: Sequence[Path]) -> None:
    """The engine's process."""
    live_treatment(address, live_plan(SPOTS), journal, AgreeingOperator(), earlier)


def run_kills(count: int, seed: int = 1, lanes: int = 4, progress: Progress = silent) -> KillReport:
    """Kill live treatments and resume them.

    Args:
        count: kills.
        seed: of the instants.
        lanes: machines, and treatments at a time.
        progress: told how far it is.

    Raises:
        CannotModel: where there is no kill -9.
    """
    context, began = _context(), time.monotonic()
    shares = [range(lane, count, lanes) for lane in range(lanes)]
    done: list[tuple[Kill, int]] = []

    def lane(numbers: Sequence[int]) -> None:
        with MachineProcess(lively_machine) as machine, tempfile.TemporaryDirectory(prefix="openhifu-kill-") as folder:
            for number in numbers:
                rng = random.Random(f"{seed}/{number}")
                done.append(_one(context, machine, Path(folder), number, rng))
                progress("kills of a live treatment", len(done) / count)

    with ThreadPoolExecutor(lanes) as pool:
        for future in [pool.submit(lane, numbers) for numbers in shares if numbers]:
            future.result()
    return _report([kill for kill, _ in done], sum(extra for _, extra in done), time.monotonic() - began)


def _killed(
    context: ForkServerContext, machine: MachineProcess, path: Path, rng: random.Random
) -> tuple[float, list[Radiated]]:
    """Treat and kill; when [s] it was killed, and what was radiated. One that was done before is no kill: again."""
    while True:
        before = len(machine.radiated())
        path.unlink(missing_ok=True)
        engine = context.Process(target=_engine, args=(machine.address, path, ()))
        engine.start()
        _wait_for(path, engine)
        time.sleep(rng.uniform(0.0, LONGEST))
        engine.kill()
        killed = time.monotonic()
        engine.join()
        if engine.exitcode == -signal.SIGKILL:
            time.sleep(LEASE_LIMIT + 0.1)
            return killed, machine.radiated()[before:]


def _one(
    context: ForkServerContext, machine: MachineProcess, folder: Path, number: int, rng: random.Random
) -> tuple[Kill, int]:
    """Treat, kill, look, resume; the kill and how many further resumes it took."""
    paths = [folder / f"{number}-0.jsonl"]
    killed, radiated = _killed(context, machine, paths[0], rng)
    runs = [(read_journal(paths[0]), radiated)]
    wrong, silent_after = _silence(radiated, killed)
    wrong += _accounted(*runs[0])
    while runs[-1][0].events and ending(runs[-1][0].events) is not Ending.COMPLETED and len(runs) < MOST_RUNS:
        before = len(machine.radiated())
        paths.append(folder / f"{number}-{len(runs)}.jsonl")
        again = context.Process(target=_engine, args=(machine.address, paths[-1], tuple(paths[:-1])))
        again.start()
        again.join()
        runs.append((read_journal(paths[-1]), machine.radiated()[before:]))
    wrong += _rest(runs)
    firing = any(shot.start < killed < shot.end for shot in radiated)
    known = len(begun(runs[0][0].events))
    kill = Kill(number=number, firing=firing, silent_after=silent_after, begun=known, wrong=tuple(wrong))
    return kill, max(len(runs) - 2, 0)


def _wait_for(path: Path, engine: BaseProcess) -> None:
    """Until the engine has made its journal: from there on it is treating."""
    until = time.monotonic() + 30.0
    while not (path.exists() and path.stat().st_size):
        if time.monotonic() > until or not engine.is_alive():
            raise DeviceFault("the engine's process did not begin its treatment")
        time.sleep(0.005)


def _silence(radiated: Sequence[Radiated], killed: float) -> tuple[list[str], float]:
    """What is wrong with the output after the kill, and for how long [s] there was any."""
    after = max((shot.end - killed for shot in radiated), default=0.0)
    late = [f"output for {after:.3f} s after the kill"] if after > LEASE_LIMIT + CLOCKS else []
    late += [
        f"a new exposure {s.start - killed:.3f} s after the kill" for s in radiated if s.start > killed + IN_FLIGHT
    ]
    return late, max(after, 0.0)


def _accounted(journal: JournalReading, radiated: Sequence[Radiated]) -> list[str]:
    """The journal verifies up to a torn line at most, and knows of everything that was radiated."""
    found = [] if journal.broken_line is None else [journal.sentence]
    known = started(journal)
    for shot in radiated:
        if shot.exposure > len(known):
            found.append(f"exposure {shot.exposure} is not in the journal")
        elif shot.energy > known[shot.exposure - 1][1] * 1.001 + 0.01:
            found.append(f"exposure {shot.exposure} got {shot.energy:.1f} J, the journal accounts for less")
    return found


def _rest(runs: list[tuple[JournalReading, list[Radiated]]]) -> list[str]:
    """All runs together delivered every exposure once, none twice."""
    found = [violation.sentence for violation in repeated(runs)]
    done: Counter[int] = Counter()
    for journal, _ in runs:
        done.update(begun(journal.events))
    if done != Counter(range(SPOTS)):
        found.append(f"begun over {len(runs)} runs: {dict(done)}")
    if not runs[-1][0].events or ending(runs[-1][0].events) is not Ending.COMPLETED:
        found.append(f"not completed after {len(runs)} runs: {runs[-1][0].sentence}")
    return found


def _report(kills: Sequence[Kill], extra: int, seconds: float) -> KillReport:
    return KillReport(
        kills=len(kills),
        while_firing=sum(k.firing for k in kills),
        longest_output=round(max((k.silent_after for k in kills), default=0.0), 4),
        lease=LEASE_LIMIT,
        begun={str(n): c for n, c in sorted(Counter(k.begun for k in kills).items())},
        extra_resumes=extra,
        wrong=tuple(f"kill {k.number}: {sentence}" for k in kills for sentence in k.wrong),
        seconds=round(seconds, 1),
    )
