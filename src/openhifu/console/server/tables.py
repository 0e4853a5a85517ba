"""Tables of the console's own database: people, their sessions, and who saw or changed what."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Integer, MetaData, String, Table, Text

from openhifu.records.tables import NAMING

METADATA = MetaData(naming_convention=NAMING)

PERSON = Table(
    "person",
    METADATA,
    Column("name", String(80), primary_key=True),
    Column("password", String(300), nullable=False),
    Column("roles", String(200), nullable=False),
    Column("disabled", Boolean, nullable=False),
)
"""``password`` is an argon2 hash, ``roles`` a list between commas."""

SESSION = Table(
    "session",
    METADATA,
    Column("token", String(64), primary_key=True),
    Column("person", String(80), nullable=False, index=True),
    Column("csrf", String(64), nullable=False),
    Column("idle_until", Float, nullable=False),
    Column("until", Float, nullable=False),
)
"""``token`` is the SHA-256 of what the browser holds; times are seconds since 1970."""

AUDIT = Table(
    "audit",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("time", String(40), nullable=False),
    Column("person", String(80), nullable=False),
    Column("act", String(200), nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("hash", String(64), nullable=False),
)
"""``hash`` is over this line and the hash of the line before."""
