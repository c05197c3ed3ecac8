"""A distribution's passport: all that is known of it, put together when somebody asks.

Nothing is written for it. What the ledger, the looks, the run and the advisory database hold
anyway is read at one moment, so a passport can not say other than they do.
"""

import asyncio
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from packaging.version import Version

from feedgate.access.permissions import Permission
from feedgate.access.require import require
from feedgate.errors import Forbidden, Invalid, Missing, Unauthenticated
from feedgate.gate.advisories import Advisories
from feedgate.gate.advisory_database import AdvisoryDatabase
from feedgate.model.access import Caller
from feedgate.model.advisory import Match
from feedgate.model.digest import Digest, parse_digest
from feedgate.model.distribution import InvalidFilename, Kind, parse_filename
from feedgate.model.ledger import Entry, Serial
from feedgate.model.names import FeedPath, ProjectName, parse_project_name, parse_version
from feedgate.model.redaction import plain_address
from feedgate.model.run import RunId
from feedgate.records import decisions, distributions, entries, inspections
from feedgate.records.database import Database, FeedId, Snapshot, View
from feedgate.records.decisions import Judged
from feedgate.records.distributions import Published
from feedgate.records.inspections import Kept

_DIGEST: Final = re.compile(r"[0-9a-fA-F]{64}")
_SHOWN: Final = 80


class NoSubject(Invalid):
    """A text that names neither release nor file nor digest."""

    code = "no-passport-subject"

    def __init__(self, raw: str) -> None:
        super().__init__(
            f"{raw[:_SHOWN]!r} is neither NAME==VERSION, nor a file name, nor a sha256",
            next_step="Write for example requests==2.31.0, or the whole name of a wheel or sdist, or 64 hex digits.",
        )


class NoSuchDistribution(Missing):
    """The feed has no file that is meant."""

    code = "no-such-distribution"

    def __init__(self, path: FeedPath, raw: str) -> None:
        super().__init__(
            f"{raw[:_SHOWN]}: {path} has no such file",
            next_step=f"See what it has with: feedgate project list -f {path}",
        )


@dataclass(frozen=True, slots=True)
class Release:
    """A release by name and version."""

    project: ProjectName
    version: Version


@dataclass(frozen=True, slots=True)
class Filename:
    """The whole name of a file."""

    text: str


Subject: TypeAlias = Release | Filename | Digest
"""What a passport is asked for by."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who brought a file, and why: out of the ledger's entry.

    ``requested`` are the words of the request in which it came, none for an upload.
    """

    act: str
    actor: str
    run: RunId | None
    requested: tuple[str, ...]
    reason: str | None


@dataclass(frozen=True, slots=True)
class Passport:
    """What is known of one file of a feed.

    ``upstream`` is its address there, without credentials. ``serial`` is the entry with which it became
    visible; ``arrival`` is None for who may not read the feed's history. ``decision`` is None where none was kept,
    as in earlier versions and when an index is copied. ``advisories`` is None where no database is loaded.
    """

    published: Published
    upstream: str | None
    serial: Serial
    arrival: Arrival | None
    inspections: tuple[Kept, ...]
    decision: Judged | None
    advisories: tuple[Match, ...] | None


def parse_subject(raw: str) -> Subject:
    """Return what ``raw`` means; raises NoSubject, InvalidName, InvalidVersionText."""
    if _DIGEST.fullmatch(raw):
        return parse_digest(raw.lower())
    name, equal, version = raw.partition("==")
    if equal:
        return Release(parse_project_name(name.strip()), parse_version(version.strip()))
    try:
        parse_filename(raw)
    except InvalidFilename as error:
        raise NoSubject(raw) from error
    return Filename(raw)


async def show_passports(
    records: Database, advisories: Advisories, caller: Caller, path: FeedPath, raw: str
) -> tuple[Passport, ...]:
    """Return the passport of each file that ``raw`` means, by file name.

    Raises NoSubject, InvalidName, InvalidVersionText, NoSuchDistribution, and what ``require`` raises.
    """
    database = await advisories.current()

    def read() -> tuple[Passport, ...]:
        with records.read() as view:
            located = require(view, caller, Permission.FEED_READ, path)
            shows_history = _may_read_history(view, caller, path)
        subject = parse_subject(raw)
        with records.read(located.id) as snapshot:
            rows = _rows(snapshot, located.id, subject)
            if not rows:
                raise NoSuchDistribution(located.path, raw)
            serials = distributions.first_serials(snapshot, located.id, [row.file.filename for row in rows])
            return tuple(
                _passport(
                    snapshot,
                    located.id,
                    row,
                    serials[row.file.filename],
                    database,
                    shows_history=shows_history,
                )
                for row in rows
            )

    return await asyncio.to_thread(read)


def _may_read_history(view: View, caller: Caller, path: FeedPath) -> bool:
    """Whether the caller may know who asked; of a public feed everybody sees the rest."""
    try:
        require(view, caller, Permission.HISTORY_READ, path)
    except (Forbidden, Missing, Unauthenticated):
        return False
    return True


def _rows(snapshot: Snapshot, feed: FeedId, subject: Subject) -> tuple[Published, ...]:
    if isinstance(subject, Release):
        return tuple(
            row
            for row in distributions.of_project(snapshot, feed, subject.project)
            if Version(row.version) == subject.version
        )
    if isinstance(subject, Filename):
        row = distributions.find(snapshot, feed, subject.text)
        return () if row is None else (row,)
    return distributions.of_digest(snapshot, feed, subject)


def _passport(  # where, which, since when, against what, for whom
    snapshot: Snapshot,
    feed: FeedId,
    row: Published,
    serial: Serial,
    database: AdvisoryDatabase,
    *,
    shows_history: bool,
) -> Passport:
    entry = entries.find(snapshot, feed, serial)
    run = None if entry is None or entry.run is None else RunId(entry.run)
    facts: dict[str, Any] = {} if entry is None else json.loads(entry.facts)
    return Passport(
        published=row,
        upstream=None if row.source is None else plain_address(row.source),
        serial=serial,
        arrival=_arrival(entry, facts) if entry is not None and shows_history else None,
        inspections=tuple(_of_kind(inspections.all_of(snapshot, row.digest), row.file.stem.kind)),
        decision=_decision(snapshot, run, facts, row.digest),
        advisories=database.match(row.project, row.version) if database.is_loaded else None,
    )


def _decision(snapshot: Snapshot, run: RunId | None, facts: dict[str, Any], digest: Digest) -> Judged | None:
    """Return what policy said of the bytes: a run keeps it itself, of an upload it stands in the entry."""
    if run is not None:
        return next((one for one in decisions.of_run(snapshot, run) if one.digest == digest), None)
    return decisions.from_json(facts["decision"]) if "decision" in facts else None


def _arrival(entry: Entry, facts: dict[str, Any]) -> Arrival:
    return Arrival(
        act=entry.act,
        actor=entry.actor,
        run=None if entry.run is None else RunId(entry.run),
        requested=tuple(facts.get("requested", ())),
        reason=facts.get("reason"),
    )


def _of_kind(found: Iterable[Kept], kind: Kind) -> Iterator[Kept]:
    """Yield the looks at the bytes as that kind of file; what they were called otherwise is another file's."""
    for one in found:
        inspector, _slash, kept_as = one.inspection.inspector.partition("/")
        if kept_as == kind.value:
            yield replace(one, inspection=replace(one.inspection, inspector=inspector))
