"""exchange"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One step forward."""
    op.create_table(
        "exchange_alert",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("peer", sa.String(length=12), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("sameness", sa.String(length=64), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange_alert")),
    )
    op.create_index(op.f("ix_exchange_alert_last_at"), "exchange_alert", ["last_at"], unique=False)
    op.create_index(op.f("ix_exchange_alert_sameness"), "exchange_alert", ["sameness"], unique=False)
    op.create_table(
        "exchange_blob",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("uploaded_by", sa.String(length=12), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_exchange_blob")),
    )
    op.create_index(op.f("ix_exchange_blob_begun_at"), "exchange_blob", ["begun_at"], unique=False)
    op.create_table(
        "exchange_blob_name",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("peer", sa.String(length=12), nullable=False),
        sa.PrimaryKeyConstraint("sha256", "peer", name=op.f("pk_exchange_blob_name")),
    )
    op.create_table(
        "exchange_link",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.Column("batch_shift", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_exchange_link")),
    )
    op.create_index(op.f("ix_exchange_link_due_at"), "exchange_link", ["due_at"], unique=False)
    op.create_table(
        "exchange_memory",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_exchange_memory")),
    )
    op.create_table(
        "exchange_traffic",
        sa.Column("caller", sa.String(length=40), nullable=False),
        sa.Column("day", sa.String(length=40), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "day", name=op.f("pk_exchange_traffic")),
    )
    op.create_table(
        "member",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("direct", sa.String(length=8), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.Column("last_heard", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_member")),
    )
    op.create_index(op.f("ix_member_direct"), "member", ["direct"], unique=False)
    op.create_table(
        "member_chain",
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_member_chain")),
    )
    op.create_table(
        "member_invitation",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replace", sa.Boolean(), nullable=False),
        sa.Column("used_by", sa.String(length=43), nullable=False),
        sa.Column("enrolment", sa.Text(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_member_invitation")),
    )
    op.create_index(op.f("ix_member_invitation_code"), "member_invitation", ["code"], unique=False)
    op.create_table(
        "member_key",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kid", sa.String(length=43), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("jwk", sa.JSON(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_key")),
        sa.UniqueConstraint("kid", name=op.f("uq_member_key_kid")),
    )
    op.create_index("ix_member_key_code", "member_key", ["code", "role", "since"], unique=False)
    op.create_table(
        "member_wrong_token",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_wrong_token")),
    )
    op.create_index(op.f("ix_member_wrong_token_at"), "member_wrong_token", ["at"], unique=False)
    op.create_table(
        "outbox_awaited",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("type", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.String(length=256), nullable=False),
        sa.Column("destination", sa.String(length=12), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("late_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fault", sa.String(length=24), nullable=False),
        sa.Column("fault_by", sa.String(length=12), nullable=False),
        sa.Column("fault_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_awaited")),
    )
    op.create_index(op.f("ix_outbox_awaited_due_at"), "outbox_awaited", ["due_at"], unique=False)
    op.create_index(op.f("ix_outbox_awaited_subject"), "outbox_awaited", ["subject"], unique=False)
    op.create_table(
        "outbox_entry",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("peer", sa.String(length=12), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("type", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.String(length=256), nullable=False),
        sa.Column("destination", sa.String(length=12), nullable=False),
        sa.Column("time", sa.String(length=40), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_outbox_entry")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_entry_log", "outbox_entry", ["role", "peer", "position"], unique=False)
    op.create_table(
        "outbox_sealed",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("type", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.String(length=256), nullable=False),
        sa.Column("destination", sa.String(length=12), nullable=False),
        sa.Column("kid", sa.String(length=43), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_by", sa.String(length=36), nullable=False),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_sealed")),
    )
    op.create_index(op.f("ix_outbox_sealed_destination"), "outbox_sealed", ["destination"], unique=False)
    op.create_index(op.f("ix_outbox_sealed_queued_at"), "outbox_sealed", ["queued_at"], unique=False)
    op.create_table(
        "spent_nonce",
        sa.Column("keyid", sa.String(length=43), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("keyid", "nonce", name=op.f("pk_spent_nonce")),
    )
    op.create_index(op.f("ix_spent_nonce_until"), "spent_nonce", ["until"], unique=False)
    op.create_table(
        "stream_evidence",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("origin", sa.String(length=320), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stream_evidence")),
    )
    op.create_index(op.f("ix_stream_evidence_origin"), "stream_evidence", ["origin"], unique=False)
    op.create_table(
        "stream_origin",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(length=320), nullable=False),
        sa.Column("owner", sa.String(length=280), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stream_origin")),
        sa.UniqueConstraint("origin", name=op.f("uq_stream_origin_origin")),
    )
    op.create_table(
        "inbox_applied",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("destination", sa.String(length=12), nullable=False),
        sa.Column("subject", sa.String(length=256), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.String(length=64), nullable=False),
        sa.Column("leaf", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["log_id"], ["stream_origin.id"], name=op.f("fk_inbox_applied_log_id_stream_origin")
        ),
        sa.PrimaryKeyConstraint("log_id", "destination", "subject", "seq", name=op.f("pk_inbox_applied")),
    )
    op.create_index(op.f("ix_inbox_applied_entry_id"), "inbox_applied", ["entry_id"], unique=False)
    op.create_table(
        "inbox_cursor",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("next_index", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["log_id"], ["stream_origin.id"], name=op.f("fk_inbox_cursor_log_id_stream_origin")
        ),
        sa.PrimaryKeyConstraint("log_id", name=op.f("pk_inbox_cursor")),
    )
    op.create_table(
        "inbox_held",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("inner_source", sa.String(length=280), nullable=False),
        sa.Column("subject", sa.String(length=256), nullable=False),
        sa.Column("why", sa.String(length=12), nullable=False),
        sa.Column("since", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["log_id"], ["stream_origin.id"], name=op.f("fk_inbox_held_log_id_stream_origin")
        ),
        sa.PrimaryKeyConstraint("log_id", "idx", name=op.f("pk_inbox_held")),
    )
    op.create_index(
        "ix_inbox_held_subject", "inbox_held", ["log_id", "inner_source", "subject"], unique=False
    )
    op.create_table(
        "inbox_set_aside",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("inner_source", sa.String(length=280), nullable=False),
        sa.Column("subject", sa.String(length=256), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("released", sa.String(length=8), nullable=False),
        sa.Column("release_reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["log_id"], ["stream_origin.id"], name=op.f("fk_inbox_set_aside_log_id_stream_origin")
        ),
        sa.PrimaryKeyConstraint("log_id", "idx", name=op.f("pk_inbox_set_aside")),
    )
    op.create_index(
        "ix_inbox_set_aside_subject", "inbox_set_aside", ["log_id", "inner_source", "subject"], unique=False
    )
    op.create_table(
        "inbox_unknown",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("type", sa.String(length=256), nullable=False),
        sa.ForeignKeyConstraint(
            ["log_id"], ["stream_origin.id"], name=op.f("fk_inbox_unknown_log_id_stream_origin")
        ),
        sa.PrimaryKeyConstraint("log_id", "idx", name=op.f("pk_inbox_unknown")),
    )
    op.create_table(
        "outbox_flow",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("destination", sa.String(length=12), nullable=False),
        sa.Column("subject", sa.String(length=256), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["log_id"], ["stream_origin.id"], name=op.f("fk_outbox_flow_log_id_stream_origin")
        ),
        sa.PrimaryKeyConstraint("log_id", "destination", "subject", name=op.f("pk_outbox_flow")),
    )
    op.create_table(
        "stream_entry",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("line", sa.LargeBinary(), nullable=True),
        sa.Column("leaf", sa.LargeBinary(length=32), nullable=False),
        sa.Column("stored_s", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["log_id"], ["stream_origin.id"], name=op.f("fk_stream_entry_log_id_stream_origin")
        ),
        sa.PrimaryKeyConstraint("log_id", "idx", name=op.f("pk_stream_entry")),
    )
    op.create_table(
        "stream_log",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("peer", sa.String(length=12), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("compact", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("receipted_size", sa.BigInteger(), nullable=False),
        sa.Column("receipted_note", sa.Text(), nullable=False),
        sa.Column("frozen", sa.Boolean(), nullable=False),
        sa.Column("halted", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["log_id"], ["stream_origin.id"], name=op.f("fk_stream_log_log_id_stream_origin")
        ),
        sa.PrimaryKeyConstraint("log_id", name=op.f("pk_stream_log")),
    )
    op.create_index("ix_stream_log_role_peer_epoch", "stream_log", ["role", "peer", "epoch"], unique=True)
    op.create_table(
        "stream_node",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["log_id"], ["stream_origin.id"], name=op.f("fk_stream_node_log_id_stream_origin")
        ),
        sa.PrimaryKeyConstraint("log_id", "level", "idx", name=op.f("pk_stream_node")),
    )
    op.create_table(
        "stream_subject",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.String(length=256), nullable=False),
        sa.ForeignKeyConstraint(
            ["log_id"], ["stream_origin.id"], name=op.f("fk_stream_subject_log_id_stream_origin")
        ),
        sa.PrimaryKeyConstraint("log_id", "idx", name=op.f("pk_stream_subject")),
    )
    op.create_index(op.f("ix_stream_subject_subject"), "stream_subject", ["subject"], unique=False)


def downgrade() -> None:
    """One step back."""
    op.drop_table("stream_subject")
    op.drop_table("stream_node")
    op.drop_table("stream_log")
    op.drop_table("stream_entry")
    op.drop_table("outbox_flow")
    op.drop_table("inbox_unknown")
    op.drop_table("inbox_set_aside")
    op.drop_table("inbox_held")
    op.drop_table("inbox_cursor")
    op.drop_table("inbox_applied")
    op.drop_table("stream_origin")
    op.drop_table("stream_evidence")
    op.drop_table("spent_nonce")
    op.drop_table("outbox_sealed")
    op.drop_table("outbox_entry")
    op.drop_table("outbox_awaited")
    op.drop_table("member_wrong_token")
    op.drop_table("member_key")
    op.drop_table("member_invitation")
    op.drop_table("member_chain")
    op.drop_table("member")
    op.drop_table("exchange_traffic")
    op.drop_table("exchange_memory")
    op.drop_table("exchange_link")
    op.drop_table("exchange_blob_name")
    op.drop_table("exchange_blob")
    op.drop_table("exchange_alert")
