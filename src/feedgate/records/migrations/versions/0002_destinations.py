"""Destinations, and what moves in from another index."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Make the tables of this step, and widen what is there."""
    op.create_table(
        "known_digest",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("hashed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("url", name=op.f("pk_known_digest")),
    )
    op.create_table(
        "feed_destination",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("upload_url", sa.Text(), nullable=False),
        sa.Column("read_url", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_feed_destination_feed_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_destination")),
    )
    with op.batch_alter_table("feed_destination", schema=None) as batch_op:
        batch_op.create_index(
            "one_open_feed_destination",
            ["feed_id", "name"],
            unique=True,
            sqlite_where=sa.text("valid_until IS NULL"),
            postgresql_where=sa.text("valid_until IS NULL"),
        )

    op.create_table(
        "moved_project",
        sa.Column("run", sa.String(length=40), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_internal", sa.Boolean(), nullable=False),
        sa.Column("is_mixed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name=op.f("fk_moved_project_run")),
        sa.PrimaryKeyConstraint("run", "name", name=op.f("pk_moved_project")),
    )
    op.create_table(
        "moved_file",
        sa.Column("run", sa.String(length=40), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("origin", sa.String(length=20), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name=op.f("fk_moved_file_run")),
        sa.PrimaryKeyConstraint("run", "project", "filename", name=op.f("pk_moved_file")),
    )
    op.create_table(
        "send_attempt",
        sa.Column("upload_url", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("run", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("upload_url", "filename", name=op.f("pk_send_attempt")),
    )
    op.add_column("run", sa.Column("destination", sa.Text(), nullable=True))
    op.add_column("run", sa.Column("tries", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("run", sa.Column("not_before", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("distribution", schema=None) as batch_op:
        batch_op.drop_index("ix_distribution_project")
        batch_op.create_index("ix_distribution_project", ["feed_id", "project", "valid_from"], unique=False)
        batch_op.create_index(
            "ix_distribution_closed",
            ["feed_id", "project", "valid_until"],
            unique=False,
            sqlite_where=sa.text("valid_until IS NOT NULL"),
            postgresql_where=sa.text("valid_until IS NOT NULL"),
        )
