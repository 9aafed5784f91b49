"""cases"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One step forward."""
    op.create_table(
        "case",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=25), nullable=False),
        sa.Column("item_code", sa.String(length=36), nullable=False),
        sa.Column("item_version", sa.String(length=64), nullable=False),
        sa.Column("handling", sa.String(length=16), nullable=False),
        sa.Column("home", sa.String(length=12), nullable=False),
        sa.Column("custodian", sa.String(length=12), nullable=False),
        sa.Column("custody", sa.Integer(), nullable=False),
        sa.Column("custody_state", sa.String(length=8), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("pending", sa.String(length=16), nullable=False),
        sa.Column("acceptance", sa.String(length=12), nullable=False),
        sa.Column("pre_reviewed", sa.Boolean(), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("via_proxy", sa.Boolean(), nullable=False),
        sa.Column("entrustment", sa.String(length=20), nullable=False),
        sa.Column("proxied_by", sa.String(length=36), nullable=False),
        sa.Column("outside", sa.JSON(), nullable=True),
        sa.Column("withdrawal_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("post", sa.String(length=120), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("decided_by", sa.String(length=12), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("watchers", sa.JSON(), nullable=False),
        sa.Column("personal", sa.LargeBinary(), nullable=True),
        sa.Column("query_index", sa.String(length=64), nullable=True),
        sa.Column("id_index", sa.String(length=64), nullable=True),
        sa.Column("phone_index", sa.String(length=64), nullable=True),
        sa.Column("name_index", sa.String(length=64), nullable=True),
        sa.Column("fact_id", sa.String(length=36), nullable=False),
        sa.Column("registered_fact", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case")),
        sa.UniqueConstraint("number", name=op.f("uq_case_number")),
    )
    op.create_index(op.f("ix_case_custodian"), "case", ["custodian"], unique=False)
    op.create_index(op.f("ix_case_id_index"), "case", ["id_index"], unique=False)
    op.create_index(op.f("ix_case_item_code"), "case", ["item_code"], unique=False)
    op.create_index(op.f("ix_case_name_index"), "case", ["name_index"], unique=False)
    op.create_index(op.f("ix_case_phone_index"), "case", ["phone_index"], unique=False)
    op.create_index(op.f("ix_case_query_index"), "case", ["query_index"], unique=False)
    op.create_index("ix_case_received", "case", ["received_on", "id"], unique=False)
    op.create_index("ix_case_work_list", "case", ["custodian", "status", "due_on", "id"], unique=False)
    op.create_table(
        "case_offer",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("direction", sa.String(length=4), nullable=False),
        sa.Column("custody", sa.Integer(), nullable=False),
        sa.Column("offered_by", sa.String(length=12), nullable=False),
        sa.Column("addressee", sa.String(length=12), nullable=False),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("doubt", sa.String(length=16), nullable=False),
        sa.Column("missing", sa.JSON(), nullable=False),
        sa.Column("offered_on", sa.Date(), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("entry_id", sa.String(length=36), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("open_data", sa.JSON(), nullable=True),
        sa.Column("package", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_offer")),
    )
    op.create_index(op.f("ix_case_offer_case_id"), "case_offer", ["case_id"], unique=False)
    op.create_index(op.f("ix_case_offer_state"), "case_offer", ["state"], unique=False)
    op.create_table(
        "case_reimported",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entry_id", sa.String(length=36), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("offer", sa.String(length=36), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("destination", sa.String(length=12), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_case_reimported")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_case_reimported_entry_id")),
    )
    op.create_index(op.f("ix_case_reimported_case_id"), "case_reimported", ["case_id"], unique=False)
    op.create_index(op.f("ix_case_reimported_offer"), "case_reimported", ["offer"], unique=False)
    op.create_table(
        "case_attachment",
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("material", sa.String(length=8), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("media", sa.String(length=80), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_attachment_case_id_case")),
        sa.PrimaryKeyConstraint("case_id", "sha256", name=op.f("pk_case_attachment")),
    )
    op.create_table(
        "case_change",
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("custody", sa.Integer(), nullable=False),
        sa.Column("node", sa.String(length=12), nullable=False),
        sa.Column("act", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("target", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("post", sa.String(length=120), nullable=False),
        sa.Column("paper", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_change_case_id_case")),
        sa.PrimaryKeyConstraint("case_id", "seq", name=op.f("pk_case_change")),
    )
    op.create_table(
        "case_clock",
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("clock", sa.String(length=4), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("used_days", sa.Integer(), nullable=False),
        sa.Column("running_since", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("stopped_on", sa.Date(), nullable=True),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_clock_case_id_case")),
        sa.PrimaryKeyConstraint("case_id", "clock", name=op.f("pk_case_clock")),
    )
    op.create_table(
        "case_custody",
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("custody", sa.Integer(), nullable=False),
        sa.Column("node", sa.String(length=12), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_custody_case_id_case")),
        sa.PrimaryKeyConstraint("case_id", "custody", name=op.f("pk_case_custody")),
    )
    op.create_table(
        "case_hold",
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_hold_case_id_case")),
        sa.PrimaryKeyConstraint("case_id", "kind", name=op.f("pk_case_hold")),
    )
    op.create_table(
        "case_material",
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("material", sa.String(length=8), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_in", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_material_case_id_case")),
        sa.PrimaryKeyConstraint("case_id", "material", name=op.f("pk_case_material")),
    )
    op.create_table(
        "case_paper",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("node", sa.String(length=12), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_paper_case_id_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_paper")),
        sa.UniqueConstraint("number", name="uq_case_paper_number"),
    )
    op.create_index(op.f("ix_case_paper_case_id"), "case_paper", ["case_id"], unique=False)


def downgrade() -> None:
    """One step back."""
    op.drop_table("case_paper")
    op.drop_table("case_material")
    op.drop_table("case_hold")
    op.drop_table("case_custody")
    op.drop_table("case_clock")
    op.drop_table("case_change")
    op.drop_table("case_attachment")
    op.drop_table("case_reimported")
    op.drop_table("case_offer")
    op.drop_table("case")
