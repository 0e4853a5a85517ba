"""The database's tables: columns to search by, and beside them each entry's document with its own hash."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Integer, MetaData, String, Table, Text

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
METADATA = MetaData(naming_convention=NAMING)


def _table(name: str, *columns: Column) -> Table:
    return Table(
        name,
        METADATA,
        Column("id", Integer, primary_key=True),
        Column("key", String(200), nullable=False, unique=True),
        *columns,
        Column("document", Text, nullable=False),
    )


TABLES = {
    "patient": _table("patient"),
    "case": _table("case", Column("patient", String(200), index=True), Column("name", String(200))),
    "plan": _table("plan", Column("case", String(64), index=True), Column("device", String(200))),
    "approval": _table("approval", Column("plan", String(64), index=True), Column("person", String(200))),
    "run": _table(
        "run",
        Column("plan", String(64), index=True),
        Column("rehearsal", Boolean),
        Column("started", String(40), index=True),
        Column("energy", Float),
    ),
    "follow_up": _table(
        "follow_up", Column("run", String(64), index=True), Column("what", String(40)), Column("day", String(10))
    ),
    "quality": _table(
        "quality",
        Column("serial", String(200), index=True),
        Column("what", String(40)),
        Column("time", String(40), index=True),
    ),
}
"""Table of each kind of entry; a column named as a field of the entry holds that field."""
