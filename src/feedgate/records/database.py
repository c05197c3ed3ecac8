"""The three doors to the rows: read, change, note. There is no other.

``read`` is one snapshot; ``change`` appends one ledger entry together with the
state it changes; ``note`` writes what is no feed's history. SQLite is set up
here exactly so that many processes lose nothing: WAL, full sync, and a writer
that takes its lock at BEGIN.
"""

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NewType

import sqlalchemy
from sqlalchemy import Connection, Engine, create_engine, event, insert, select, update

from feedgate.errors import Full, Unavailable
from feedgate.model.canonical import Json, canonical_json
from feedgate.model.ledger import NOTHING_BEFORE, Act, Serial, hash_entry
from feedgate.model.times import to_microseconds
from feedgate.records import tables
from feedgate.records.tables import INSTALLATION

FeedId = NewType("FeedId", int)

PATIENCE_SECONDS = 30.0
"""How long a write waits for its turn, unless the process is asked not to wait so long."""

_WRITERS_AT_ONCE = 4  # one writes, the rest wait: more would only keep more threads waiting
_WAL_ATTEMPTS = 100
_WAL_PAUSE_SECONDS = 0.05
_FULL = "database or disk is full"  # SQLite's own words
_AWAY = (
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.DatabaseError,
)  # the latter: no database, or a damaged one


class RecordsUnavailable(Unavailable):
    """The database does not answer."""

    code = "records-unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the records can not be reached: {reason}",
            next_step="Nothing was changed. Check the disk and the database, then try again.",
        )


class RecordsFull(Full):
    """No room left where the rows should go."""

    code = "records-full"

    def __init__(self) -> None:
        super().__init__(
            "the records can not be written: no room is left on their disk",
            next_step="Nothing was changed. Free space there, then try again.",
        )


@dataclass(slots=True)
class View:
    """What queries take: a connection inside one transaction."""

    connection: Connection


@dataclass(slots=True)
class Snapshot(View):
    """A feed (with feed None, the installation) as it was at ``at``; queries look no further."""

    feed: FeedId | None
    at: Serial


@dataclass(slots=True)
class Note(View):
    """A write that is no feed's history: inspections, run events, counts."""


@dataclass(slots=True)
class Change(View):
    """One ledger entry in the making; what records nothing leaves nothing.

    Asking for ``serial`` takes the head's lock, so ask after everything else
    is prepared. Queries may read through a Change as through a Snapshot of now.
    """

    feed: FeedId | None
    act: Act
    actor: str
    now: datetime
    run: str | None = None
    _head: tuple[str, Serial, str] | None = None
    _recorded: bool = False

    @property
    def serial(self) -> Serial:
        """The serial of the entry to come; the head is locked from here on."""
        return Serial(self._locked_head()[1] + 1)

    @property
    def at(self) -> Serial:
        """The serial to read at: rows this change closes are still to be seen until it closes them."""
        return self.serial

    @property
    def has_recorded(self) -> bool:
        """Whether ``record`` was called."""
        return self._recorded

    def record(self, facts: Mapping[str, Json]) -> Serial:
        """Append the entry with ``facts`` and return its serial; once a change."""
        if self._recorded:
            raise RuntimeError("one entry per transaction")
        ledger, _, previous = self._locked_head()
        serial = self.serial
        digest = hash_entry(
            ledger=ledger,
            serial=serial,
            at=self.now,
            actor=self.actor,
            act=self.act,
            run=self.run,
            facts=facts,
            previous=previous,
        )
        key = _ledger_key(self.feed)
        self.connection.execute(
            insert(tables.entry).values(
                feed_id=key,
                serial=serial,
                at=to_microseconds(self.now),
                actor=self.actor,
                act=self.act.value,
                run=self.run,
                facts=canonical_json(facts).decode(),
                previous=previous,
                hash=digest,
            )
        )
        self.connection.execute(
            update(tables.head).where(tables.head.c.feed_id == key).values(serial=serial, hash=digest)
        )
        self._recorded = True
        return serial

    def _locked_head(self) -> tuple[str, Serial, str]:
        if self._head is None:
            query = select(tables.head.c.ledger, tables.head.c.serial, tables.head.c.hash).where(
                tables.head.c.feed_id == _ledger_key(self.feed)
            )
            row = self.connection.execute(query.with_for_update()).one()
            self._head = (row.ledger, Serial(row.serial), row.hash)
        return self._head


class _RolledBack(Exception):
    """Leaves the transaction without keeping it; never seen outside."""


@dataclass(frozen=True, slots=True)
class Database:
    """The records of one installation; made by ``open_database``.

    Reads and writes have a pool each: were it one, writers that wait for their
    turn would hold the connections that readers need.
    """

    readers: Engine
    writers: Engine

    @contextmanager
    def read(self, feed: FeedId | None = None, at: Serial | None = None) -> Iterator[Snapshot]:
        """Open one snapshot of the rows, with the head read first.

        With ``at`` the rows are seen as of that serial; it must not lie beyond
        the head (UnknownSerial is for the caller to raise).
        """
        engine = self.readers
        if engine.dialect.name == "postgresql":
            engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with _told(), engine.begin() as connection:
            serial = at if at is not None else _head_serial(connection, feed)
            yield Snapshot(connection, feed, serial)

    @contextmanager
    def change(
        self, feed: FeedId | None, act: Act, by: str, now: datetime, *, run: str | None = None
    ) -> Iterator[Change]:
        """Open a change; leaving it without ``record(facts)`` rolls all of it back."""
        try:
            with _told(), self.writers.execution_options(write=True).begin() as connection:
                change = Change(connection, feed, act, by, now, run)
                yield change
                if not change.has_recorded:
                    raise _RolledBack
        except _RolledBack:
            return

    @contextmanager
    def note(self) -> Iterator[Note]:
        """Open a write that appends no entry."""
        with _told(), self.writers.execution_options(write=True).begin() as connection:
            yield Note(connection)

    def check(self) -> None:
        """Raise RecordsUnavailable unless the database answers."""
        with _told(), self.readers.connect() as connection:
            connection.execute(select(tables.head.c.serial).limit(1)).first()

    def close(self) -> None:
        """Give the connections back."""
        self.readers.dispose()
        self.writers.dispose()


@contextmanager
def _told() -> Iterator[None]:
    """Turn what the database says when it can not go on into our own errors."""
    try:
        yield
    except sqlalchemy.exc.DatabaseError as error:
        if type(error) not in _AWAY:
            raise
        reason = str(error.orig)
        if _FULL in reason:
            raise RecordsFull from error
        raise RecordsUnavailable(reason) from error
    except sqlalchemy.exc.TimeoutError as error:
        raise RecordsUnavailable("other writes go on for too long") from error


def sqlite_url(path: Path) -> str:
    """Return the SQLAlchemy address of a SQLite file."""
    return f"sqlite:///{path}"


def reading_engine(url: str) -> Engine:
    """Return an engine with a connection for each thread that asks; nothing connects yet."""
    return _engine(url, pool_size=0, patience_seconds=PATIENCE_SECONDS)


def writing_engine(url: str, *, patience_seconds: float = PATIENCE_SECONDS) -> Engine:
    """Return an engine for few writers; each waits ``patience_seconds`` for a connection, and as long for the lock."""
    return _engine(url, pool_size=_WRITERS_AT_ONCE, patience_seconds=patience_seconds)


def _engine(url: str, *, pool_size: int, patience_seconds: float) -> Engine:
    engine = create_engine(url, pool_size=pool_size, max_overflow=0, pool_timeout=patience_seconds)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", partial(_set_up_sqlite, patience_seconds))
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def start_ledger(view: View, feed: FeedId | None, ledger: str) -> None:
    """Write a ledger's first head row; the same again does nothing."""
    key = _ledger_key(feed)
    if (
        view.connection.execute(select(tables.head.c.serial).where(tables.head.c.feed_id == key)).first()
        is None
    ):
        view.connection.execute(
            insert(tables.head).values(feed_id=key, ledger=ledger, serial=0, hash=NOTHING_BEFORE)
        )


def head_of(view: View, feed: FeedId | None) -> tuple[Serial, str]:
    """Return serial and hash of a ledger's head."""
    query = select(tables.head.c.serial, tables.head.c.hash).where(tables.head.c.feed_id == _ledger_key(feed))
    row = view.connection.execute(query).one()
    return Serial(row.serial), row.hash


def hash_at(view: View, feed: FeedId | None, serial: Serial) -> str:
    """Return the hash of the ledger's entry with that serial; NOTHING_BEFORE where there is none."""
    query = select(tables.entry.c.hash).where(
        tables.entry.c.feed_id == _ledger_key(feed), tables.entry.c.serial == serial
    )
    return view.connection.execute(query).scalar_one_or_none() or NOTHING_BEFORE


def _head_serial(connection: Connection, feed: FeedId | None) -> Serial:
    query = select(tables.head.c.serial).where(tables.head.c.feed_id == _ledger_key(feed))
    return Serial(connection.execute(query).scalar_one_or_none() or 0)


def _ledger_key(feed: FeedId | None) -> int:
    return INSTALLATION if feed is None else feed


def _set_up_sqlite(patience_seconds: float, connection: sqlite3.Connection, _record: object) -> None:
    # The driver's own transactions begin deferred: two writers would fail with
    # BUSY_SNAPSHOT, for which no busy_timeout helps.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={int(patience_seconds * 1000)}")
    _write_ahead(connection)
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turn on WAL; who does so on a new file while others do is told "locked" without any waiting."""
    for _ in range(_WAL_ATTEMPTS - 1):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            time.sleep(_WAL_PAUSE_SECONDS)
        else:
            return
    connection.execute("PRAGMA journal_mode=WAL")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
