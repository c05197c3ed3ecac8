"""Who has it: which releases an advisory speaks of, who fetched their files, and where these were sent.

What was published once counts, also after it went: whoever fetched it then has it still.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from packaging.version import Version

from feedgate.access.permissions import NEEDS, Permission
from feedgate.access.require import ScopeTooSmall, require, require_actor, role_of
from feedgate.errors import Forbidden, Missing
from feedgate.gate.advisories import Advisories, NoAdvisories
from feedgate.gate.advisory_database import AdvisoryDatabase
from feedgate.model.access import Caller, Role
from feedgate.model.advisory import Match
from feedgate.model.download import OTHERS, Client
from feedgate.model.names import FeedPath, ProjectName, parse_version
from feedgate.records import downloads, exposure, feeds
from feedgate.records.database import Database, View
from feedgate.records.downloads import FetchedBy
from feedgate.records.exposure import EverPublished, SentAway
from feedgate.records.feeds import Located


class NoSuchAdvisory(Missing):
    """No loaded advisory database has a record of that id or alias."""

    code = "no-such-advisory"

    def __init__(self, identity: str) -> None:
        super().__init__(
            f"{identity[:80]}: no record of the loaded advisory databases has this id or alias; withdrawn ones do not count",
            next_step="Check how it is spelled, or load a newer database with: feedgate advisories update",
        )


class NeverPublished(Missing):
    """None of the feeds that were looked at has, or ever had, a file of the release."""

    code = "never-published"

    def __init__(self, name: ProjectName, version: str, paths: Sequence[FeedPath]) -> None:
        looked_at = str(paths[0]) if len(paths) == 1 else f"none of {len(paths)} feeds"
        never = "never had" if len(paths) == 1 else "ever had"
        super().__init__(
            f"{name} {version}: {looked_at} {never} a file of it",
            next_step="See which versions a feed has with: feedgate project list NAME -f ORG/FEED",
        )


class OwnsNoFeed(Forbidden):
    """The caller is Owner of no feed, and exposure is shown to Owners."""

    code = "owns-no-feed"

    def __init__(self, actor: str) -> None:
        super().__init__(
            f"{actor} is Owner of no feed; who fetched from a feed is shown to its Owners",
            next_step=f"Ask an Owner of the feed for: feedgate grant ORG/FEED {actor} owner",
        )


@dataclass(frozen=True, slots=True)
class Fetches:
    """What one client fetched of a release; ``actor`` is the token's, None where no token asked."""

    client: Client
    actor: str | None
    filenames: tuple[str, ...]
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class ExposedRelease:
    """A release of a feed: its files, what is known of it, who fetched it, and where it was sent.

    ``counted_before`` fetches are from days on which nobody wrote down who fetched.
    """

    feed: FeedPath
    project: ProjectName
    version: str
    matches: tuple[Match, ...]
    files: tuple[EverPublished, ...]
    fetches: tuple[Fetches, ...]
    sends: tuple[SentAway, ...]
    counted_before: int


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is known of who has it, in ``feeds``; ``unseen`` says in sentences what nobody here can know."""

    feeds: tuple[FeedPath, ...]
    releases: tuple[ExposedRelease, ...]
    unseen: tuple[str, ...]


async def exposure_to_advisory(
    records: Database, advisories: Advisories, caller: Caller, identity: str, path: FeedPath | None = None
) -> Exposure:
    """Return who has what the advisory of that id or alias affects: in one feed, or in all that the caller owns.

    Raises NoAdvisories, NoSuchAdvisory, OwnsNoFeed, and what ``require`` raises.
    """
    located = await asyncio.to_thread(_feeds, records, caller, path)
    database = await advisories.current()
    if not database.is_loaded:
        raise NoAdvisories
    return await asyncio.to_thread(_of_advisory, records, located, database, identity)


async def exposure_to_release(  # who, which, where
    records: Database,
    advisories: Advisories,
    caller: Caller,
    name: ProjectName,
    version: str,
    path: FeedPath | None = None,
) -> Exposure:
    """Return who has a release: in one feed, or in all that the caller owns.

    Raises InvalidVersionText, NeverPublished, OwnsNoFeed, and what ``require`` raises.
    """
    wanted = parse_version(version)
    located = await asyncio.to_thread(_feeds, records, caller, path)
    database = await advisories.current()
    return await asyncio.to_thread(_of_release, records, located, database, name, wanted)


def _feeds(records: Database, caller: Caller, path: FeedPath | None) -> tuple[Located, ...]:
    permission = Permission.EXPOSURE_READ
    with records.read() as view:
        if path is not None:
            return (require(view, caller, permission, path),)
        actor = require_actor(caller)
        owned = tuple(
            located
            for located in feeds.all_feeds(view)
            if role_of(view, caller, located, is_public=False) is Role.OWNER
        )
    if not owned and not caller.is_administrator:
        raise OwnsNoFeed(actor)
    if not caller.scope.includes(NEEDS[permission].scope):
        raise ScopeTooSmall(caller, permission)
    return owned


def _of_advisory(
    records: Database, located: Sequence[Located], database: AdvisoryDatabase, identity: str
) -> Exposure:
    known = next((one for one in _spellings(identity) if database.projects_named_by(one)), None)
    if known is None:
        raise NoSuchAdvisory(identity)
    names = database.projects_named_by(known)
    releases = []
    with records.read() as view:
        for feed in located:
            for files in _by_release(exposure.ever_published(view, feed.id, names)):
                found = database.match(files[0].project, files[0].version)
                matches = tuple(match for match in found if known in match.names)
                if matches:
                    releases.append(_release(view, feed, files, matches))
    return _exposure(located, releases)


def _of_release(
    records: Database,
    located: Sequence[Located],
    database: AdvisoryDatabase,
    name: ProjectName,
    version: Version,
) -> Exposure:
    with records.read() as view:
        releases = [
            _release(view, feed, files, database.match(name, version))
            for feed in located
            for files in _by_release(exposure.ever_published(view, feed.id, [name]))
            if parse_version(files[0].version) == version
        ]
    if not releases:
        raise NeverPublished(name, str(version), [feed.path for feed in located])
    return _exposure(located, releases)


def _spellings(identity: str) -> Iterator[str]:
    """Yield the ways in which people write an id: as it is, and as the databases write it."""
    stripped = identity.strip()
    yield stripped
    upper = stripped.upper()
    yield f"GHSA-{stripped[5:].lower()}" if upper.startswith("GHSA-") else upper


def _by_release(files: Iterable[EverPublished]) -> Iterator[tuple[EverPublished, ...]]:
    in_order = sorted(files, key=lambda file: (file.project, parse_version(file.version), file.filename))
    for _, group in groupby(in_order, key=attrgetter("project", "version")):
        yield tuple(group)


def _release(
    view: View, feed: Located, files: tuple[EverPublished, ...], matches: tuple[Match, ...]
) -> ExposedRelease:
    filenames = [file.filename for file in files]
    return ExposedRelease(
        feed=feed.path,
        project=files[0].project,
        version=files[0].version,
        matches=matches,
        files=files,
        fetches=tuple(_fetches(downloads.fetched_by(view, feed.id, filenames))),
        sends=tuple(exposure.sent_away(view, feed.id, filenames)),
        counted_before=downloads.counted_before(view, feed.id, filenames),
    )


def _fetches(found: Iterable[FetchedBy]) -> list[Fetches]:
    """Join what a client fetched of all files; who fetched first goes first."""
    by_client: dict[Client, list[FetchedBy]] = {}
    for one in found:
        by_client.setdefault(one.client, []).append(one)
    joined = [
        Fetches(
            client,
            of_it[0].actor,
            tuple(one.filename for one in of_it),
            min(one.fetched.first_at for one in of_it),
            max(one.fetched.last_at for one in of_it),
        )
        for client, of_it in by_client.items()
    ]
    return sorted(joined, key=lambda one: (one.first_at, one.client.name))


def _exposure(located: Sequence[Located], releases: Sequence[ExposedRelease]) -> Exposure:
    return Exposure(
        tuple(feed.path for feed in located), tuple(releases), tuple(_unseen(releases)) if releases else ()
    )


def _unseen(releases: Sequence[ExposedRelease]) -> Iterator[str]:
    """Say what can not be known here; what depends on the case first."""
    before = sum(release.counted_before for release in releases)
    if before:
        yield f"{before} fetches were counted before it was kept who fetches."
    if any(fetches.client == OTHERS for release in releases for fetches in release.fetches):
        yield "At times more clients fetched than could be told apart; these stand as others."
    destinations = sorted({sent.destination for release in releases for sent in release.sends})
    if destinations:
        yield f"Who fetched from a destination is known there alone: {', '.join(destinations)}."
    yield "A cache, proxy or mirror that fetched once may have handed the file on to any number of machines."
    yield "Copies are not seen: images, wheel folders, clients' own caches, and what was installed from them."
    yield "A token or an address may stand for many machines, a reverse proxy's address for all behind it."
    yield "Who asked only for parts behind a file's first byte is not listed."
