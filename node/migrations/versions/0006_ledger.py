"""ledger"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One step forward."""
    op.create_table(
        "fact",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leaf", sa.LargeBinary(length=32), nullable=False),
        sa.Column("line", sa.LargeBinary(), nullable=True),
        sa.Column("origin", sa.String(length=320), nullable=True),
        sa.Column("idx", sa.BigInteger(), nullable=True),
        sa.Column("ordinal", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_fact")),
        sa.UniqueConstraint("id", name=op.f("uq_fact_id")),
        sa.UniqueConstraint("ordinal", name=op.f("uq_fact_ordinal")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_fact_case_id"), "fact", ["case_id"], unique=False)
    op.create_index("ix_fact_day_type", "fact", ["day", "type", "position"], unique=False)
    op.create_index(op.f("ix_fact_leaf"), "fact", ["leaf"], unique=False)
    op.create_index("ix_fact_origin_idx", "fact", ["origin", "idx"], unique=True)
    op.create_index(
        "ix_fact_waiting",
        "fact",
        ["position"],
        unique=False,
        sqlite_where=sa.text("ordinal IS NULL"),
        postgresql_where=sa.text("ordinal IS NULL"),
    )
    op.create_table(
        "follower_cursor",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("next_ordinal", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_follower_cursor")),
    )
    op.create_table(
        "running_number",
        sa.Column("series", sa.String(length=80), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("series", name=op.f("pk_running_number")),
    )
    op.create_table(
        "fact_commitment",
        sa.Column("fact_id", sa.String(length=36), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=False),
        sa.Column("hidden", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["fact_id"], ["fact.id"], name=op.f("fk_fact_commitment_fact_id_fact")),
        sa.PrimaryKeyConstraint("fact_id", name=op.f("pk_fact_commitment")),
    )


def downgrade() -> None:
    """One step back."""
    op.drop_table("fact_commitment")
    op.drop_table("running_number")
    op.drop_table("follower_cursor")
    op.drop_table("fact")
