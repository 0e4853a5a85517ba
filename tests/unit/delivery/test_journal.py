"""The journal: chained, on disk before the act, readable after a cut at any byte, and never quietly altered."""

from __future__ import annotations

import errno
import json
import os
from functools import cache
from pathlib import Path

import pytest

from openhifu.base.errors import FileProblem, StorageError
from openhifu.base.outcome import Ending
from openhifu.base.record import canonical_json, sha256_hex
from openhifu.delivery import journal as journal_module
from openhifu.delivery.authorisation import Rehearsal
from openhifu.delivery.folds import begun
from openhifu.delivery.journal import FIRST, Journal, read_journal
from openhifu.model.events import Asked, RunEnded, SonicationStarted
from openhifu.twin.clock import SimulatedClock
from openhifu.twin.mishaps import Life, TwinDisk
from tests.unit.delivery.bench import Bench, deliver, plan


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal.create(tmp_path / "run" / "journal.jsonl", "run", "Ada", SimulatedClock())


@pytest.fixture(scope="module")
def short_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bench, bytes]:
    path = tmp_path_factory.mktemp("short") / "journal.jsonl"
    return deliver(path, Rehearsal(plan(spots=2, on_time=1.0, cooling_time=0.0))), path.read_bytes()


def asked(text: str) -> Asked:
    return Asked(question=text, choices=("yes", "no"))


def test_a_line_carries_the_hash_of_the_one_before(journal: Journal) -> None:
    for text in ("one", "two", "three"):
        journal.append(asked(text))
    lines = [json.loads(line) for line in journal.path.read_text().splitlines()]
    assert [line["previous"] for line in lines] == [FIRST, lines[0]["hash"], lines[1]["hash"]]
    for line in lines:
        digest = line.pop("hash")
        assert digest == sha256_hex(canonical_json(line))
    assert journal.last_hash == read_journal(journal.path).last_hash
    assert [e.sequence for e in read_journal(journal.path).events] == [0, 1, 2]


def test_an_existing_journal_is_never_written_to(journal: Journal) -> None:
    with pytest.raises(StorageError, match="already"):
        Journal.create(journal.path, "run", "Ada", SimulatedClock())


def test_no_such_journal(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="no journal"):
        read_journal(tmp_path / "nothing.jsonl")


def test_a_run_without_its_end_is_intact_but_not_finished(journal: Journal) -> None:
    journal.append(asked("one"))
    reading = read_journal(journal.path)
    assert reading.intact
    assert not reading.finished
    assert "no ending" in reading.sentence
    journal.append(RunEnded(ending=Ending.COMPLETED, sentence="done"))
    assert read_journal(journal.path).finished


def test_cut_at_every_byte_it_is_readable_up_to_the_cut(journal: Journal, tmp_path: Path) -> None:
    for text in ("one", "zwei µ", "three"):
        journal.append(asked(text))
    journal.append(RunEnded(ending=Ending.COMPLETED, sentence="done"))
    require_readable_after_cuts(journal.path, tmp_path / "cut.jsonl", step=1)


def test_a_run_of_fifty_events_cut_at_every_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line is verified once and remembered: what is tried at every byte is where the cut is seen."""
    path = tmp_path / "whole.jsonl"
    deliver(path, Rehearsal(plan(spots=3, on_time=1.0, cooling_time=0.0)))
    monkeypatch.setattr("openhifu.delivery.journal._verified", cache(journal_module._verified))  # noqa: SLF001
    assert len(read_journal(path).events) >= 50
    require_readable_after_cuts(path, tmp_path / "cut.jsonl", step=1)


def test_a_line_whose_sync_failed_is_taken_back(tmp_path: Path) -> None:
    disk = TwinDisk(Life(), syncs=2)
    journal = Journal.create(tmp_path / "j", "run", "Ada", SimulatedClock(), disk)
    journal.append(asked("one"))
    journal.append(asked("two"))
    last = journal.last_hash
    with pytest.raises(StorageError, match="Input/output"):
        journal.append(asked("three"))
    assert journal.last_hash == last == read_journal(journal.path).last_hash
    assert [e.sequence for e in read_journal(journal.path).events] == [0, 1]


def test_a_number_written_otherwise_is_another_line(journal: Journal) -> None:
    journal.append(asked("one"))
    journal.path.write_text(journal.path.read_text().replace('"clock":0.0', '"clock":0.00'))
    assert read_journal(journal.path).broken_line == 1


def test_who_listens_hears_every_line_once_it_is_written(tmp_path: Path) -> None:
    heard: list[int] = []
    path, clock = tmp_path / "j", SimulatedClock()
    journal = Journal.create(path, "r", "Ada", clock, told=lambda event: heard.append(event.sequence))
    journal.append(asked("one"))
    journal.note(asked("two"))
    assert heard == [0, 1]


def require_readable_after_cuts(whole_file: Path, path: Path, step: int) -> None:
    content, events = whole_file.read_bytes(), read_journal(whole_file).events
    ends = [i + 1 for i, byte in enumerate(content) if byte == ord("\n")]
    path.write_bytes(content)
    for cut in range((len(content) - 1) // step * step, -1, -step):
        os.truncate(path, cut)
        reading = read_journal(path)
        whole = sum(end - 1 <= cut for end in ends)
        assert reading.events == events[:whole], cut
        assert not reading.finished
        assert reading.broken_line is None
        between_lines = cut == 0 or cut in ends
        assert (reading.torn_at is None) is between_lines
        assert reading.intact is between_lines
        if not between_lines:
            assert str(reading.torn_at) in reading.sentence


def test_a_changed_byte_is_found_in_its_line(short_run: tuple[Bench, bytes], tmp_path: Path) -> None:
    bench, content = short_run
    path = tmp_path / "changed.jsonl"
    for at in range(0, len(content) - 1, 41):
        changed = bytearray(content)
        changed[at] ^= 1
        path.write_bytes(changed)
        reading = read_journal(path)
        line = content[:at].count(b"\n")
        assert not reading.intact, at
        # A newline that is no longer one joins two lines; a byte that becomes one splits its line.
        assert reading.broken_line == line + 1, at
        assert reading.events == bench.journal.events[:line]


def test_a_line_taken_out_put_twice_or_swapped_is_found(short_run: tuple[Bench, bytes], tmp_path: Path) -> None:
    lines = short_run[1].splitlines(keepends=True)
    path = tmp_path / "edited.jsonl"
    for edited in (lines[:3] + lines[4:], [*lines[:4], lines[3], *lines[4:]], [*lines[:3], lines[4], lines[3]]):
        path.write_bytes(b"".join(edited))
        assert read_journal(path).broken_line is not None


def test_a_forged_line_with_a_right_hash_of_its_own_breaks_the_next(
    short_run: tuple[Bench, bytes], tmp_path: Path
) -> None:
    lines = short_run[1].splitlines()
    body = json.loads(lines[5])
    body["event"]["time"] = "2020-01-01T00:00:00.000+00:00"
    del body["hash"]
    body["hash"] = sha256_hex(canonical_json(body))
    lines[5] = canonical_json(body).encode()
    path = tmp_path / "forged.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    assert read_journal(path).broken_line == 7


def test_what_is_fired_is_on_disk_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each time the generator is told to fire, the file already says so, and it was synced after that line."""
    from openhifu.twin.generator import SimulatedGenerator

    path, synced, seen = tmp_path / "journal.jsonl", [0], []
    sync, fire = os.fsync, SimulatedGenerator.fire

    def note_sync(handle: int) -> None:
        sync(handle)
        if path.exists():
            synced[0] = path.stat().st_size

    def note_fire(self: SimulatedGenerator, lease: object) -> object:
        last = read_journal(path).events[-1].what
        seen.append(isinstance(last, SonicationStarted) and synced[0] == path.stat().st_size)
        return fire(self, lease)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(SimulatedGenerator, "fire", note_fire)
    deliver(path)
    assert seen == [True, True]


@pytest.mark.parametrize("broken", ["write", "fsync"])
@pytest.mark.parametrize("after", range(0, 40, 3))
def test_cannot_write_cannot_fire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str, after: int) -> None:
    path, count, real = tmp_path / "journal.jsonl", [0], getattr(os, broken)

    def full(*arguments: object) -> object:
        count[0] += 1
        if count[0] > after:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments)

    monkeypatch.setattr(os, broken, full)
    try:
        bench = deliver(path, Rehearsal(plan(spots=3, on_time=1.0, cooling_time=0.0)))
    finally:
        monkeypatch.undo()
    reading = read_journal(path)
    if not bench.run.result.written:
        assert bench.ending is Ending.FAULT
        assert "No space left" in bench.run.result.sentence
    assert reading.intact
    assert len(bench.patient.peaks) <= len(begun(reading.events))
    assert bench.run.last_output <= bench.run.duration


def test_an_interrupted_write_leaves_no_half_line(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    journal.append(asked("one"))
    real = os.write

    def interrupted(handle: int, content: bytes) -> int:
        real(handle, content[: len(content) // 2])
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        journal.append(asked("two"))
    monkeypatch.undo()
    journal.append(asked("three"))
    reading = read_journal(journal.path)
    assert reading.intact
    assert [e.what.question for e in reading.events if isinstance(e.what, Asked)] == ["one", "three"]


def test_a_closed_journal_takes_nothing(journal: Journal) -> None:
    journal.close()
    journal.close()
    with pytest.raises(StorageError, match="closed"):
        journal.append(asked("one"))
