"""audit"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One step forward."""
    op.create_table(
        "audit_asked",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("auditor", sa.String(length=12), nullable=False),
        sa.Column("origin", sa.String(length=320), nullable=False),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("commitment", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checkpoint", sa.Text(), nullable=False),
        sa.Column("head_size", sa.BigInteger(), nullable=True),
        sa.Column("head_root", sa.LargeBinary(length=32), nullable=True),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("challenged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finding", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_asked")),
    )
    op.create_index("ix_audit_asked_state", "audit_asked", ["state", "period_end"], unique=False)
    op.create_table(
        "audit_round",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("target", sa.String(length=12), nullable=False),
        sa.Column("origin", sa.String(length=320), nullable=False),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("wanted", sa.JSON(), nullable=False),
        sa.Column("commitment", sa.String(length=64), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("post", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seal_due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_within_s", sa.Integer(), nullable=False),
        sa.Column("checkpoint", sa.Text(), nullable=False),
        sa.Column("witness", sa.String(length=320), nullable=False),
        sa.Column("head_size", sa.BigInteger(), nullable=True),
        sa.Column("head_root", sa.LargeBinary(length=32), nullable=True),
        sa.Column("cosigned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("drawn", sa.JSON(), nullable=False),
        sa.Column("named", sa.JSON(), nullable=False),
        sa.Column("challenged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("judged_leaf", sa.LargeBinary(length=32), nullable=True),
        sa.Column("is_sound", sa.Boolean(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_round")),
    )
    op.create_index("ix_audit_round_created", "audit_round", ["created_at", "id"], unique=False)
    op.create_index("ix_audit_round_origin", "audit_round", ["origin", "state"], unique=False)
    op.create_table(
        "audit_answer",
        sa.Column("round_id", sa.String(length=36), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["round_id"], ["audit_round.id"], name=op.f("fk_audit_answer_round_id_audit_round")
        ),
        sa.PrimaryKeyConstraint("round_id", "place", name=op.f("pk_audit_answer")),
    )
    op.create_table(
        "audit_finding",
        sa.Column("round_id", sa.String(length=36), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("idx", sa.BigInteger(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("should", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["round_id"], ["audit_round.id"], name=op.f("fk_audit_finding_round_id_audit_round")
        ),
        sa.PrimaryKeyConstraint("round_id", "place", name=op.f("pk_audit_finding")),
    )
    op.create_table(
        "audit_leaf",
        sa.Column("round_id", sa.String(length=36), nullable=False),
        sa.Column("idx", sa.BigInteger(), nullable=False),
        sa.Column("is_named", sa.Boolean(), nullable=False),
        sa.Column("line", sa.LargeBinary(), nullable=True),
        sa.Column("hashes", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("judgements", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["round_id"], ["audit_round.id"], name=op.f("fk_audit_leaf_round_id_audit_round")
        ),
        sa.PrimaryKeyConstraint("round_id", "idx", name=op.f("pk_audit_leaf")),
    )


def downgrade() -> None:
    """One step back."""
    op.drop_table("audit_leaf")
    op.drop_table("audit_finding")
    op.drop_table("audit_answer")
    op.drop_table("audit_round")
    op.drop_table("audit_asked")
