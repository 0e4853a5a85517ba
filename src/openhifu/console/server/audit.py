"""The audit log: who saw or changed what, and when; each line carries a hash over itself and the line before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, insert, select

from openhifu.base.errors import Tampered
from openhifu.base.record import canonical_json, sha256_hex
from openhifu.console.server.tables import AUDIT
from openhifu.records.database import READING

FIRST = "0" * 64
"""Hash before the first line."""


@dataclass(frozen=True)
class AuditLine:
    """One line."""

    number: int
    time: str
    person: str
    act: str
    subject: str
    detail: str


class Audit:
    """The log of a database.

    Args:
        engine: the console's database.
    """

    def __init__(self, engine: Any) -> None:
        """Lines of before stay."""
        self._engine = engine

    def write(self, person: str, act: str, subject: str = "", detail: str = "") -> None:
        """Write a line and wait until it is on disk: what it tells of may be done when this returns."""
        act, subject, detail = (text.encode("utf-8", "backslashreplace").decode() for text in (act, subject, detail))
        with self._engine.begin() as line:
            last = line.execute(select(AUDIT.c.number, AUDIT.c.hash).order_by(AUDIT.c.number.desc()).limit(1)).first()
            number, before = (1, FIRST) if last is None else (last.number + 1, last.hash)
            written = AuditLine(
                number, datetime.now(UTC).isoformat(timespec="milliseconds"), person, act, subject, detail
            )
            line.execute(insert(AUDIT).values(**vars(written), hash=_hash(written, before)))

    def page(self, offset: int, limit: int) -> tuple[int, list[AuditLine]]:
        """How many lines there are, and some of them, newest first."""
        with self._engine.connect().execution_options(**{READING: True}) as line:
            total = line.execute(select(func.count()).select_from(AUDIT)).scalar_one()
            rows = line.execute(select(AUDIT).order_by(AUDIT.c.number.desc()).offset(offset).limit(limit)).all()
        return int(total), [_line(row) for row in rows]

    def verify(self) -> int:
        """How many lines there are, each held against its hash.

        Raises:
            Tampered: naming the first line that was changed.
        """
        before, count = FIRST, 0
        with self._engine.connect().execution_options(**{READING: True}) as line:
            for row in line.execute(select(AUDIT).order_by(AUDIT.c.number)):
                if row.number != count + 1 or _hash(_line(row), before) != row.hash:
                    raise Tampered(f"line {count + 1} of the audit log was changed; restore the database from a backup")
                before, count = row.hash, row.number
        return count


def _line(row: Any) -> AuditLine:
    return AuditLine(row.number, row.time, row.person, row.act, row.subject, row.detail)


def _hash(line: AuditLine, before: str) -> str:
    return sha256_hex(canonical_json({**vars(line), "previous": before}))
