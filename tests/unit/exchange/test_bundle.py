"""A bundle is whole or not there, and every change to it is noticed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from openhifu.base.errors import FileProblem, FormatError, StorageError, Tampered
from openhifu.exchange.bundle import CHECKSUMS, METADATA, About, Part, verify_bundle, write_bundle

ABOUT = About("a treatment", "a test", datetime(2026, 1, 2, tzinfo=UTC), "CC0-1.0", "Li Hua", (("plan", "ab" * 32),))


def made(folder: Path) -> Path:
    (folder / "journal.txt").write_text("fired\n", encoding="utf-8")
    parts = (Part("run/journal.txt", folder / "journal.txt", "the journal"), Part("csv/a.csv", b"a,b\n", "a table"))
    return write_bundle(folder / "bundle", parts, ABOUT)


def test_a_bundle_describes_every_file(tmp_path: Path) -> None:
    folder = made(tmp_path)
    assert verify_bundle(folder) == 3
    graph = json.loads((folder / METADATA).read_text(encoding="utf-8"))["@graph"]
    by_id = {item["@id"]: item for item in graph}
    assert by_id["./"]["license"] == "CC0-1.0"
    assert {p["@id"] for p in by_id["./"]["hasPart"]} == {"run/journal.txt", "csv/a.csv"}
    assert by_id["csv/a.csv"]["name"] == "a table"


def test_a_change_is_noticed(tmp_path: Path) -> None:
    folder = made(tmp_path)
    (folder / "csv" / "a.csv").write_bytes(b"a,c\n")
    with pytest.raises(Tampered, match=r"a.csv was changed"):
        verify_bundle(folder)
    (folder / "csv" / "a.csv").unlink()
    with pytest.raises(FileProblem, match=r"a.csv is missing"):
        verify_bundle(folder)
    (folder / "csv" / "a.csv").write_bytes(b"a,b\n")
    (folder / "more.txt").write_bytes(b"")
    with pytest.raises(Tampered, match=r"more.txt, which is not on its list"):
        verify_bundle(folder)


@pytest.mark.parametrize("line", ["nonsense\n", "ab  x\n", f"{'a' * 64}  ../etc/passwd\n"])
def test_a_damaged_list_is_refused(tmp_path: Path, line: str) -> None:
    folder = made(tmp_path)
    (folder / CHECKSUMS).write_text(line, encoding="utf-8")
    with pytest.raises(FormatError, match="the list is damaged"):
        verify_bundle(folder)


def test_nothing_half_made_is_left(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="is missing; it is the plan"):
        write_bundle(tmp_path / "b", (Part("a", b"x", "a"), Part("plan", tmp_path / "nowhere", "the plan")), ABOUT)
    assert not list(tmp_path.iterdir())
    with pytest.raises(StorageError, match="exists already"):
        write_bundle(made(tmp_path), (), ABOUT)
