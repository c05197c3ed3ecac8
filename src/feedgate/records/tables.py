"""The tables, for SQLite and PostgreSQL alike.

Times are microseconds since 1970 UTC in BigInteger columns (SQLite's DateTime
drops the zone silently). Rows of state carry ``valid_from`` and
``valid_until``, serials of their feed's ledger (null = now): a change closes a
row and opens one, and a partial unique index allows one open row a key.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.sql.elements import KeyedColumnElement

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

INSTALLATION = 0
"""The feed id that stands for the installation's own ledger and rows."""


def span_columns() -> tuple[Column[int], Column[int | None]]:
    """Return the two serials between which a row of state is seen."""
    return Column("valid_from", BigInteger, nullable=False), Column("valid_until", BigInteger)


def one_open_row(table: Table, *keys: KeyedColumnElement[object]) -> None:
    """Allow one row of state under ``keys`` to be open."""
    still_open = table.c.valid_until.is_(None)
    Index(f"one_open_{table.name}", *keys, unique=True, sqlite_where=still_open, postgresql_where=still_open)


organization = Table(
    "organization",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("key", String(64), nullable=False, unique=True),
)

feed = Table(
    "feed",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("organization_id", ForeignKey("organization.id"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("key", String(64), nullable=False),
    UniqueConstraint("organization_id", "key"),
)

head = Table(
    "head",
    metadata,
    Column("feed_id", Integer, primary_key=True, autoincrement=False),
    Column("ledger", Text, nullable=False),
    Column("serial", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)
"""One row a ledger; a writer locks it after everything else is prepared."""

entry = Table(
    "entry",
    metadata,
    Column("feed_id", Integer, primary_key=True, autoincrement=False),
    Column("serial", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("act", String(40), nullable=False),
    Column("run", String(40)),
    Column("facts", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
Index("ix_entry_run", entry.c.feed_id, entry.c.run)

feed_state = Table(
    "feed_state",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("feed_id", ForeignKey("feed.id"), nullable=False),
    Column("is_public", Boolean, nullable=False),
    Column("policy", Text, nullable=False),
    Column("uploads", String(20), nullable=False),
    *span_columns(),
)
one_open_row(feed_state, feed_state.c.feed_id)

feed_target = Table(
    "feed_target",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("feed_id", ForeignKey("feed.id"), nullable=False),
    Column("target", String(80), nullable=False),
    *span_columns(),
)
one_open_row(feed_target, feed_target.c.feed_id, feed_target.c.target)

feed_destination = Table(
    "feed_destination",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("feed_id", ForeignKey("feed.id"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("upload_url", Text, nullable=False),
    Column("read_url", Text, nullable=False),
    Column("username", Text),
    Column("secret", Text),
    Column("said", Text, nullable=False),
    *span_columns(),
)
"""Standing destinations; ``secret`` says where a secret is, ``said`` is what runs say of names there."""

one_open_row(feed_destination, feed_destination.c.feed_id, feed_destination.c.name)

hold = Table(
    "hold",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("feed_id", ForeignKey("feed.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("project", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("rule", String(40), nullable=False),
    Column("findings", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("until", BigInteger),
    Column("run", String(40), nullable=False),
    Column("requester", Text, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("state", String(20), nullable=False),
    Column("ended_by", Text),
    Column("ended_because", Text),
    Column("ended_at", BigInteger),
    Column("confirmed_by", Text),
    *span_columns(),
)
"""What policy holds of a feed's requests; ``number`` is a hold's own, for ever."""

one_open_row(hold, hold.c.feed_id, hold.c.number)

actor = Table(
    "actor",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("is_administrator", Boolean, nullable=False),
)

feed_grant = Table(
    "feed_grant",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("feed_id", ForeignKey("feed.id"), nullable=False),
    Column("actor", ForeignKey("actor.name"), nullable=False),
    Column("role", String(20), nullable=False),
    *span_columns(),
)
one_open_row(feed_grant, feed_grant.c.feed_id, feed_grant.c.actor)
Index("ix_feed_grant_actor", feed_grant.c.actor)

token = Table(
    "token",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("actor", ForeignKey("actor.name"), nullable=False),
    Column("secret_sha256", String(64), nullable=False, unique=True),
    Column("scope", String(20), nullable=False),
    Column("all_feeds", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
    Column("last_used_at", BigInteger),
    Column("parent", ForeignKey("token.id")),
)
Index("ix_token_actor", token.c.actor)

token_feed = Table(
    "token_feed",
    metadata,
    Column("token_id", ForeignKey("token.id"), primary_key=True),
    Column("feed_id", ForeignKey("feed.id"), primary_key=True),
)

project = Table(
    "project",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("feed_id", ForeignKey("feed.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("origin", String(20), nullable=False),
    Column("upstream", String(20)),
    Column("status", String(20), nullable=False),
    Column("status_reason", Text),
    *span_columns(),
)
one_open_row(project, project.c.feed_id, project.c.name)

distribution = Table(
    "distribution",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("feed_id", ForeignKey("feed.id"), nullable=False),
    Column("project", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("requires_python", Text),
    Column("uploaded_at", BigInteger),
    Column("metadata_digest", String(64)),
    Column("yanked", Text),
    Column("origin", String(20), nullable=False),
    Column("source", Text),
    Column("published_at", BigInteger, nullable=False),
    *span_columns(),
)
one_open_row(distribution, distribution.c.feed_id, distribution.c.filename)
Index("ix_distribution_project", distribution.c.feed_id, distribution.c.project, distribution.c.valid_from)
_is_closed = distribution.c.valid_until.is_not(None)
Index(
    "ix_distribution_closed",
    distribution.c.feed_id,
    distribution.c.project,
    distribution.c.valid_until,
    sqlite_where=_is_closed,
    postgresql_where=_is_closed,
)
Index("ix_distribution_digest", distribution.c.digest)

spent = Table(
    "spent",
    metadata,
    Column("feed_id", ForeignKey("feed.id"), primary_key=True),
    Column("filename", Text, primary_key=True),
    Column("key", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("first_serial", BigInteger, nullable=False),
    UniqueConstraint("feed_id", "key"),
)
"""File names once used, for ever; rows are never updated. ``key`` is what all spellings of a name share."""

file_metadata = Table(
    "file_metadata",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("metadata_digest", String(64)),
)
"""Where the METADATA of a file lies: what the file says of itself, by digest."""

inspection = Table(
    "inspection",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("inspector", String(40), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("findings", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

run = Table(
    "run",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("feed_id", ForeignKey("feed.id"), nullable=False),
    Column("requester", Text, nullable=False),
    Column("idempotency_key", String(200), nullable=False),
    Column("request", Text, nullable=False),
    Column("targets", Text, nullable=False),
    Column("destination", Text),
    Column("state", String(20), nullable=False),
    Column("code", String(60)),
    Column("reason", Text),
    Column("retry_of", String(40)),
    Column("cancel_requested", Boolean, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("not_before", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    UniqueConstraint("feed_id", "requester", "idempotency_key"),
)
Index("ix_run_state", run.c.state)
Index("ix_run_feed", run.c.feed_id, run.c.created_at)

run_event = Table(
    "run_event",
    metadata,
    Column("run", ForeignKey("run.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("step", String(40), nullable=False),
    Column("target", String(80)),
    Column("kind", String(40), nullable=False),
    Column("facts", Text, nullable=False),
)

run_outcome = Table(
    "run_outcome",
    metadata,
    Column("run", ForeignKey("run.id"), primary_key=True),
    Column("step", String(40), primary_key=True),
    Column("target", String(80), primary_key=True),
    Column("body", Text, nullable=False),
)
"""What a step worked out, keyed by run, step and target ("" = all of them)."""

moved_project = Table(
    "moved_project",
    metadata,
    Column("run", ForeignKey("run.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("is_internal", Boolean, nullable=False),
    Column("is_mixed", Boolean, nullable=False),
    Column("reason", Text),
)
"""A project that an import has gone through; written with what became visible of it."""

moved_file = Table(
    "moved_file",
    metadata,
    Column("run", ForeignKey("run.id"), primary_key=True),
    Column("project", Text, primary_key=True),
    Column("filename", Text, primary_key=True),
    Column("state", String(20), nullable=False),
    Column("digest", String(64)),
    Column("size_bytes", BigInteger),
    Column("origin", String(20)),
    Column("reason", Text),
)

known_digest = Table(
    "known_digest",
    metadata,
    Column("url", Text, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("hashed_at", BigInteger, nullable=False),
)
"""What lay at an address whose page states no digest when it was fetched and hashed, and what the answer said of it."""

send_attempt = Table(
    "send_attempt",
    metadata,
    Column("upload_url", Text, primary_key=True),
    Column("filename", Text, primary_key=True),
    Column("run", String(40), nullable=False),
)
"""Which run was last about to send a file there."""

download_count = Table(
    "download_count",
    metadata,
    Column("feed_id", ForeignKey("feed.id"), primary_key=True),
    Column("filename", Text, primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("count", BigInteger, nullable=False),
)

download = Table(
    "download",
    metadata,
    Column("feed_id", ForeignKey("feed.id"), primary_key=True),
    Column("filename", Text, primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("kind", String(10), primary_key=True),
    Column("client", String(64), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
)
"""Who fetched which file on a day: ``client`` is a token's id or an address, as ``kind`` says."""
