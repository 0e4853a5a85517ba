"""Quality records of devices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the table of quality records."""
    op.create_table(
        "quality",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("serial", sa.String(200)),
        sa.Column("what", sa.String(40)),
        sa.Column("time", sa.String(40)),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_quality"),
        sa.UniqueConstraint("key", name="uq_quality_key"),
    )
    op.create_index("ix_quality_serial", "quality", ["serial"])
    op.create_index("ix_quality_time", "quality", ["time"])
