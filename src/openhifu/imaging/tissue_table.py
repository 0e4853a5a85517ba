"""The table that maps label names to tissues: a CSV file a person can edit, proposed from what is known."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from openhifu.base.errors import FormatError
from openhifu.base.files import read_text
from openhifu.model.catalogue import tissue

_HEAD = ("name", "tissue")


def proposed_table(names: Iterable[str], known: Iterable[tuple[str, str]]) -> str:
    """Text of a table with one line a label: its tissue where a known pattern matches, empty where a person must say.

    Args:
        names: of labels.
        known: pattern and tissue, the first match counts; letter case and spaces do not matter here.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEAD)
    patterns = list(known)
    for name in names:
        plain = name.strip().lower().replace(" ", "_")
        writer.writerow((name, next((made_of for pattern, made_of in patterns if fnmatchcase(plain, pattern)), "")))
    return text.getvalue()


def read_tissue_table(path: Path) -> tuple[tuple[str, str], ...]:
    """Label names or patterns with their tissues.

    Raises:
        FileProblem: if the file is missing or no text.
        FormatError: if it lacks a column, a tissue is left empty, or a name stands twice.
        UnknownName: if a tissue is not in the catalogue, with the nearest names.
    """
    rows = csv.DictReader(io.StringIO(read_text(path, "table of tissues").removeprefix("\ufeff")))
    if not set(_HEAD) <= {(name or "").strip() for name in rows.fieldnames or ()}:
        raise FormatError(f"{path} has the columns {rows.fieldnames}; it needs name and tissue")
    table: dict[str, str] = {}
    for line, row in enumerate(rows, start=2):
        name, made_of = ((row[column] or "").strip() for column in _HEAD)
        if not name or not made_of:
            raise FormatError(f"{path}, line {line}: {name or 'a label without a name'} has no tissue; write one there")
        if name in table:
            raise FormatError(f"{path}, line {line}: {name!r} stands twice; keep one")
        tissue(made_of)
        table[name] = made_of
    if not table:
        raise FormatError(f"{path} names no label; it needs one line a label")
    return tuple(table.items())
