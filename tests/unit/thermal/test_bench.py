"""The speed table: its rows, not its speeds."""

from __future__ import annotations

from openhifu.thermal.bench import bench


def test_every_row_has_a_time_and_a_floor() -> None:
    rows = bench(count=12, repetitions=1)
    assert len(rows) == 3
    assert all(row.ours > 0 and row.floor and row.floor > 0 and row.unit == "ns per voxel" for row in rows)
