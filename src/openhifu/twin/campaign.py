"""The fault campaign: thousands of small treatments on bad days, resumed afterwards, and counts that must be 0."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from openhifu.base.outcome import Ending
from openhifu.base.progress import Progress, silent
from openhifu.base.record import Record
from openhifu.delivery.authorisation import Rehearsal
from openhifu.delivery.endings import RunResult
from openhifu.delivery.engine import TreatmentEngine
from openhifu.delivery.folds import begun, remaining
from openhifu.delivery.journal import Journal, JournalReading, read_journal
from openhifu.delivery.protocols import SoundReading
from openhifu.delivery.rules import SafetyRules
from openhifu.delivery.words import RunInfo
from openhifu.model.events import Purpose
from openhifu.twin import bench
from openhifu.twin.bad_day import CALM, AimedScript, BadDay, Calm, Pair, bad_day, variants
from openhifu.twin.clock import SimulatedClock
from openhifu.twin.faults import Fault, with_faults
from openhifu.twin.machine import Senses, simulated_machine
from openhifu.twin.mishaps import Killed, Life, MortalClock, TwinDisk
from openhifu.twin.verdict import Truth, Violation, organs_spent, repeated, started, violations

RULES = SafetyRules(people_patience=5.0, cooling_patience=20.0)
"""As in a treatment, but nobody waits ten minutes for a condition that will not clear."""

COUNTS = ("beyond_lease", "unjournalled", "repeated", "wrong_ending", "journal_damaged", "resume_wrong", "raised")
"""What must be zero."""

_DAY = datetime(2026, 1, 2, tzinfo=UTC)


class Failure(Record):
    """A treatment in which something happened that never must; ``run_campaign([seed])`` runs it alone."""

    seed: int
    count: str
    sentence: str
    kinds: tuple[str, ...]


class CampaignReport(Record):
    """What a campaign found.

    Attributes:
        treatments: how many.
        first_seed: of them; they are consecutive.
        seconds: it took.
        counts: violations by kind, see ``COUNTS``; all must be 0.
        failures: the first of them.
        endings: how the runs ended; ``"killed"`` for those that did not.
        disturbances: how often each kind struck or was set.
        pairs_known: pairs of engine state and device call that occur.
        pairs_struck: pairs in which a fault struck.
        resumed: runs that were resumed.
        hard_stops: runs with a welded power stage in which only the hard stop ended the output, and were told so.
    """

    treatments: int
    first_seed: int
    seconds: float
    counts: dict[str, int]
    failures: tuple[Failure, ...]
    endings: dict[str, int]
    disturbances: dict[str, int]
    pairs_known: int
    pairs_struck: int
    resumed: int
    hard_stops: int

    @property
    def ok(self) -> bool:
        """Whether every count is zero."""
        return not any(self.counts.values())


@dataclass
class Outcome:
    """What one bad day came to."""

    seed: int
    ending: str
    kinds: tuple[str, ...]
    found: list[Violation] = field(default_factory=list)
    struck: set[Pair] = field(default_factory=set)
    resumed: bool = False
    hard_stop: bool = False


@dataclass
class _Run:
    """One run of a day and what is known of it."""

    truth: Truth
    result: RunResult | None
    scripts: tuple[AimedScript, ...]
    disk: TwinDisk


def _silence(at: float, power: float) -> SoundReading:
    """Ears that hear no bubble, so that they can fail like any other device."""
    return SoundReading(at, stable=False, inertial=False, broadband=0.0)


def _deliver(day: BadDay, path: Path, body: bench.PointPatient, earlier: Sequence[JournalReading] = ()) -> _Run:
    """Deliver a day's plan under the day's disturbances, as far as it goes."""
    clock, life = SimulatedClock(_DAY), Life(day.killed_at, day.killed_in_write)
    machine = simulated_machine(
        clock, bench.device(), day.plan.pose.focus, body, day.seed, day.machine, Senses(ear=_silence)
    )
    mortal = MortalClock(clock, life, day.clock_step_at, day.clock_step)
    devices = machine.devices
    for script in day.scripts:
        devices = with_faults(devices, script, mortal, clock)
    disk = TwinDisk(life, day.disk_room, day.disk_syncs, pieces=day.seed % 2 == 1)
    events = tuple(event for reading in earlier for event in reading.events)
    info = RunInfo("campaign", day.seed, events, earlier[-1].last_hash if earlier else "")
    result, journal = None, None
    try:
        journal = Journal.create(path, "run", "Ada", mortal, disk)
        engine = TreatmentEngine(Rehearsal(day.plan), bench.device(), devices, journal, mortal, RULES, info)
        for script in day.scripts:
            script.state = lambda: engine.state
        result = engine.run()
    except Killed:
        _bury(life, journal, path, disk, random.Random(day.seed))
    ended_at, late = clock.now(), 0.0
    clock.sleep(1.0)
    if machine.generator.radiating:
        machine.generator.hard_stop()
        late = clock.now() - ended_at
    machine.thermometer.bring_up_to_date()
    truth = Truth(
        machine.generator.radiated,
        ended_at,
        result.ending if result else None,
        bool(result and result.written),
        read_journal(path),
        disk.failed,
        day.scripts,
        late,
        events,
    )
    return _Run(truth, result, day.scripts, disk)


def _bury(life: Life, journal: Journal | None, path: Path, disk: TwinDisk, rng: random.Random) -> None:
    """Close what the dead process left open; of what was not synced, any part may be lost."""
    life.over, life.killed_in_write = False, float("inf")
    size, synced = path.stat().st_size, disk.synced
    if journal is not None:
        journal.close()
    os.truncate(path, rng.randint(synced, size))


@cache
def calm_days() -> tuple[Calm, ...]:
    """Every variant delivered once without a disturbance."""
    found = []
    for plan, machine in variants():
        script = AimedScript(Fault.RAISE, None)
        with _folder() as folder:
            run = _deliver(BadDay(0, plan, machine, (script,)), folder / "journal", bench.PointPatient())
            size = (folder / "journal").stat().st_size
        if run.truth.ending is not Ending.COMPLETED:
            raise RuntimeError(f"an undisturbed treatment did not complete: {run.result}")
        lines = len(run.truth.journal.events)
        syncs = lines - sum(e.what.kind in ("reading", "step ended", "cooling") for e in run.truth.journal.events)
        found.append(Calm(script.met, run.truth.ended_at, size, lines, syncs))
    return tuple(found)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="openhifu-faults-") as name:
        yield Path(name)


def one_treatment(seed: int) -> Outcome:
    """A bad day from its seed, and the resume on a good one; nothing escapes."""
    day = bad_day(seed, calm_days())
    outcome = Outcome(seed, "not delivered", day.kinds)
    try:
        with _folder() as folder:
            _treat(day, folder, outcome)
    except Exception as error:
        outcome.found.append(Violation("raised", f"{type(error).__name__}: {error}"))
    return outcome


def _treat(day: BadDay, folder: Path, outcome: Outcome) -> None:
    body = bench.PointPatient()
    run = _deliver(day, folder / "first", body)
    truth = run.truth
    outcome.ending = str(truth.ending) if truth.ending else "killed"
    outcome.struck = {s.aim for s in run.scripts if s.times}
    outcome.hard_stop = truth.late > 0
    outcome.found = violations(day, truth, RULES)
    if truth.ending is not Ending.COMPLETED:
        outcome.resumed = True
        outcome.found += _resume(day, run, folder / "second", body)


def _resume(day: BadDay, run: _Run, path: Path, body: bench.PointPatient) -> list[Violation]:
    """The next day is a good one: exactly what the journal says was not begun is delivered.

    Less of it only where an organ's measured dose, also one that a broken thermometer measured, leaves no more.
    """
    before = run.truth.journal
    good = BadDay(day.seed, day.plan, CALM)
    after = _deliver(good, path, body, (before,))
    rest = {s.index for s in remaining(day.plan, before.events)}
    told = [w.index for w, _ in started(after.truth.journal) if w.purpose is Purpose.TREAT]
    found = repeated([(before, run.truth.radiated), (after.truth.journal, after.truth.radiated)])
    found += violations(replace(good, scripts=()), after.truth, RULES)
    whole = sorted(told) == sorted(rest) and after.truth.ending is Ending.COMPLETED
    spent = after.truth.ending is Ending.INTERLOCK and organs_spent(day, after.truth, RULES)
    if not whole and not (spent and set(told) <= rest):
        done = sorted(begun(before.events))
        sentence = f"begun before {done}, resume delivered {told} and ended as {after.result}"
        found.append(Violation("resume_wrong", sentence))
    return found


def _chunk(seeds: Sequence[int]) -> list[Outcome]:
    return [one_treatment(seed) for seed in seeds]


def run_campaign(seeds: Sequence[int], workers: int = 2, progress: Progress = silent) -> CampaignReport:
    """Deliver a small treatment on the bad day of every seed, resume it, and count what must never happen.

    Args:
        seeds: one treatment each.
        workers: processes; 1 runs everything in this one.
        progress: told how far it is.
    """
    began, outcomes = time.monotonic(), []
    chunks = [seeds[i : i + 25] for i in range(0, len(seeds), 25)]
    for part in _mapped(chunks, workers):
        outcomes += part
        progress("treatments on bad days", len(outcomes) / len(seeds))
    return _report(seeds, outcomes, time.monotonic() - began)


def _mapped(chunks: Sequence[Sequence[int]], workers: int) -> Iterator[list[Outcome]]:
    if workers == 1:
        yield from map(_chunk, chunks)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(_chunk, chunks)


def _report(seeds: Sequence[int], outcomes: Sequence[Outcome], seconds: float) -> CampaignReport:
    counts = Counter({name: 0 for name in COUNTS})
    failures = [
        Failure(seed=o.seed, count=v.count, sentence=v.sentence, kinds=o.kinds) for o in outcomes for v in o.found
    ]
    counts.update(f.count for f in failures)
    known = {pair for calm in calm_days() for pair in calm.pairs}
    struck = {pair for o in outcomes for pair in o.struck}
    return CampaignReport(
        treatments=len(outcomes),
        first_seed=min(seeds),
        seconds=round(seconds, 1),
        counts=dict(counts),
        failures=tuple(failures[:50]),
        endings=dict(sorted(Counter(o.ending for o in outcomes).items())),
        disturbances=dict(sorted(Counter(k for o in outcomes for k in o.kinds).items())),
        pairs_known=len(known),
        pairs_struck=len(struck & known),
        resumed=sum(o.resumed for o in outcomes),
        hard_stops=sum(o.hard_stop for o in outcomes),
    )
