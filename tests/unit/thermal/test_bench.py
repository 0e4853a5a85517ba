"""The speed table: its rows, not its speeds."""

from __future__ import annotations

from openhifu.thermal.bench import step


def test_every_row_has_a_time_and_a_floor() -> None:
    rows = step(count=12, repetitions=1)
    assert len(rows) == 6
    assert all(row.ours > 0 and row.floor and row.floor > 0 for row in rows)
