"""A sample of randomly damaged files: read, or refused in one sentence (``python -m tests.mutations`` has more)."""

from __future__ import annotations

from tests.mutations import LONGEST, run


def test_damaged_files_are_read_or_refused_in_one_sentence() -> None:
    tally = run(120, seed=7)
    assert not tally.faults, "\n".join(tally.faults)
    assert tally.kinds["refused"] > 20
    assert tally.kinds["read"] > 10
    assert tally.longest < LONGEST
