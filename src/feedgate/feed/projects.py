"""A feed's projects: what it has of each, and a person's word on whether the upstream is asked for a name."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from packaging.version import Version

from feedgate.access.permissions import Permission
from feedgate.access.require import require, require_actor
from feedgate.model.access import Caller
from feedgate.model.feed import FeedProject, Origin, UpstreamRule
from feedgate.model.index import NoSuchProject
from feedgate.model.ledger import Act
from feedgate.model.names import FeedPath, ProjectName
from feedgate.records import distributions, projects
from feedgate.records.database import Database
from feedgate.records.distributions import Published


@dataclass(frozen=True, slots=True)
class HeldVersion:
    """A version that a feed has: how many files, and whether every one of them is yanked."""

    version: str
    files: int
    is_yanked: bool


@dataclass(frozen=True, slots=True)
class HeldProject:
    """What a feed has of a project; ``versions`` with the newest first, never empty.

    ``is_mixed`` = it has files of the upstream's and of its own.
    """

    project: FeedProject
    versions: tuple[HeldVersion, ...]
    is_mixed: bool = False


def list_projects(
    records: Database, caller: Caller, path: FeedPath, name: ProjectName | None = None
) -> tuple[HeldProject, ...]:
    """Return every project that has a file in the feed, by name, or the one called ``name``.

    Raises NoSuchProject where the feed has no file of ``name``, and what ``require`` raises.
    """
    with records.read() as view:
        located = require(view, caller, Permission.FEED_READ, path)
    with records.read(located.id) as snapshot:
        known = projects.all_projects(snapshot, located.id)
        files = (
            distributions.all_of(snapshot, located.id)
            if name is None
            else distributions.of_project(snapshot, located.id, name)
        )
        held = tuple(
            _held(project, known.get(project), tuple(rows))
            for project, rows in groupby(files, key=attrgetter("project"))
        )
    if name is not None and not held:
        raise NoSuchProject(name, index=str(located.path))
    return held


def set_project(  # who, where, which, what, when
    records: Database,
    caller: Caller,
    path: FeedPath,
    name: ProjectName,
    *,
    upstream: UpstreamRule | None,
    now: datetime,
) -> FeedProject:
    """Set whether the upstream may be asked for ``name``; None goes back to what its origin says.

    A name that the feed does not have yet can be set too: so it is decided
    before anything of that name comes. Setting a name takes an Owner.
    """
    with records.read() as view:
        located = require(view, caller, Permission.FEED_MANAGE, path)
    with records.change(located.id, Act.PROJECT_CHANGED, require_actor(caller), now) as change:
        before = projects.find(change, located.id, name)
        after = replace(before or FeedProject(name, Origin.IMPORTED), upstream=upstream)
        if after != before:
            projects.put(change, located.id, after)
            change.record({"project": name, "upstream": None if upstream is None else upstream.value})
    return after


def _held(name: ProjectName, project: FeedProject | None, rows: tuple[Published, ...]) -> HeldProject:
    # As versions, not as texts: 1.0 and 1.0.0 are one release.
    releases: dict[Version, list[Published]] = {}
    for row in rows:
        releases.setdefault(Version(row.version), []).append(row)
    newest_first = sorted(releases.items(), key=lambda release: release[0], reverse=True)
    return HeldProject(
        project or FeedProject(name, rows[0].origin),
        tuple(_version(version, files) for version, files in newest_first),
        is_mixed=len({row.origin for row in rows}) > 1,
    )


def _version(version: Version, files: Iterable[Published]) -> HeldVersion:
    marks = [row.file.yanked is not None for row in files]
    return HeldVersion(str(version), len(marks), all(marks))
