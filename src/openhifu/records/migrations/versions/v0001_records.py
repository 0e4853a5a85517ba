"""Patients, cases, plans, approvals, runs and follow-up."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    _table("patient")
    _table("case", ("patient", sa.String(200), True), ("name", sa.String(200), False))
    _table("plan", ("case", sa.String(64), True), ("device", sa.String(200), False))
    _table("approval", ("plan", sa.String(64), True), ("person", sa.String(200), False))
    _table(
        "run",
        ("plan", sa.String(64), True),
        ("rehearsal", sa.Boolean(), False),
        ("started", sa.String(40), True),
        ("energy", sa.Float(), False),
    )
    _table("follow_up", ("run", sa.String(64), True), ("what", sa.String(40), False), ("day", sa.String(10), False))


def _table(name: str, *columns: tuple[str, sa.types.TypeEngine, bool]) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        *(sa.Column(column, kind) for column, kind, _ in columns),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.UniqueConstraint("key", name=f"uq_{name}_key"),
    )
    for column, _, indexed in columns:
        if indexed:
            op.create_index(f"ix_{name}_{column}", name, [column])
