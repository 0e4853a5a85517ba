"""Every entry in one file of plain lines, which any database of ours can be filled from again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from openhifu.base.errors import FormatError, StorageError, Tampered
from openhifu.base.files import read_text, write_whole
from openhifu.records.entries import Entry
from openhifu.records.store import RecordStore

_HEAD = "openhifu records backup"


def write_backup(store: RecordStore, kinds: Iterable[type[Entry]], path: Path) -> int:
    """Write every entry to a file that must be new; returns how many.

    Raises:
        StorageError: if the file exists or cannot be written.
        Tampered: if an entry was changed from outside: a backup never keeps what cannot be trusted.
    """
    if path.exists():
        raise StorageError(f"{path} exists already; a backup is never overwritten, choose another name")
    lines = [
        json.dumps({"kind": entry.kind, "document": entry.to_document()}, ensure_ascii=False)
        for kind in kinds
        for entry in store.each(kind)
    ]
    body = "".join(f"{line}\n" for line in lines)
    head = {"what": _HEAD, "schema": 1, "entries": len(lines), "sha256": hashlib.sha256(body.encode()).hexdigest()}
    write_whole(path, f"{json.dumps(head)}\n{body}".encode())
    return len(lines)


def restore_backup(store: RecordStore, kinds: Iterable[type[Entry]], path: Path) -> int:
    """Fill an empty database from a backup, all of it or nothing; returns how many entries.

    Raises:
        FormatError: if the file is no backup, or of a newer program.
        Tampered: if it was changed or cut short.
        StorageError: if the database holds entries already.
    """
    known = {kind.kind: kind for kind in kinds}
    head_line, _, body = read_text(path, "backup").partition("\n")
    try:
        head = json.loads(head_line)
        if head["what"] != _HEAD or head["schema"] != 1:
            raise FormatError(f"{path} is no backup this program knows")
        expected, count = head["sha256"], int(head["entries"])
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(f"{path} is no backup of records; give a file written by: openhifu records backup") from error
    if hashlib.sha256(body.encode()).hexdigest() != expected:
        raise Tampered(f"{path} was changed or cut short after it was written; take another backup")
    if any(next(store.each(kind), None) is not None for kind in known.values()):
        raise StorageError("the database holds entries already; restore into an empty one")
    entries = []
    for number, line in enumerate(body.splitlines(), start=2):
        item = json.loads(line)
        if item["kind"] not in known:
            raise FormatError(
                f"{path}, line {number}: {item['kind']!r} is not known; restore it with the newer OpenHIFU"
            )
        entries.append(known[item["kind"]].from_document(item["document"], f"{path}, line {number}"))
    if len(entries) != count:
        raise Tampered(f"{path} holds {len(entries)} entries and says {count}")
    return store.put(*entries)
