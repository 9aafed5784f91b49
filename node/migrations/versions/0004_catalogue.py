"""catalogue"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One step forward."""
    op.create_table(
        "catalogue_import",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("cancelled", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_import")),
    )
    op.create_table(
        "item_version",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=36), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_item_version")),
    )
    op.create_index(op.f("ix_item_version_code"), "item_version", ["code"], unique=False)
    op.create_table(
        "item_release",
        sa.Column("code", sa.String(length=36), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=True),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["catalogue_import.id"], name=op.f("fk_item_release_import_id_catalogue_import")
        ),
        sa.ForeignKeyConstraint(
            ["version"], ["item_version.hash"], name=op.f("fk_item_release_version_item_version")
        ),
        sa.PrimaryKeyConstraint("code", "effective_on", name=op.f("pk_item_release")),
    )
    op.create_index("ix_item_release_effective", "item_release", ["effective_on", "position"], unique=False)


def downgrade() -> None:
    """One step back."""
    op.drop_table("item_release")
    op.drop_table("item_version")
    op.drop_table("catalogue_import")
