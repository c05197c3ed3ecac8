"""Yank a release (PEP 592): discouraged, and still there for who pinned it."""

from dataclasses import dataclass, replace
from datetime import datetime

from packaging.version import Version

from feedgate.access.permissions import Permission
from feedgate.access.require import require, require_actor
from feedgate.errors import Missing
from feedgate.model.access import Caller
from feedgate.model.ledger import Act
from feedgate.model.names import FeedPath, ProjectName, parse_version
from feedgate.records import distributions
from feedgate.records.database import Database
from feedgate.records.distributions import Published


class NoSuchRelease(Missing):
    """The feed has no file of that release."""

    code = "no-such-release"

    def __init__(self, path: FeedPath, name: ProjectName, version: str) -> None:
        super().__init__(
            f"{name} {version}: {path} has no such release",
            next_step="See the project's page for the versions that the feed has.",
        )


@dataclass(frozen=True, slots=True)
class YankedRelease:
    """A release after the act: its reason (None = not yanked) and how many files changed."""

    project: ProjectName
    version: str
    reason: str | None
    changed: int


def yank(  # who, where, which, why, when
    records: Database,
    caller: Caller,
    path: FeedPath,
    name: ProjectName,
    version: str,
    *,
    reason: str,
    now: datetime,
) -> YankedRelease:
    """Yank every file of the release; the reason may be empty. Raises InvalidVersionText, NoSuchRelease."""
    return _set_yanked(records, caller, path, name, version, reason=reason, now=now)


def unyank(  # who, where, which, when
    records: Database, caller: Caller, path: FeedPath, name: ProjectName, version: str, *, now: datetime
) -> YankedRelease:
    """Take the yank of a release back. Raises InvalidVersionText, NoSuchRelease."""
    return _set_yanked(records, caller, path, name, version, reason=None, now=now)


def _set_yanked(  # as its two callers
    records: Database,
    caller: Caller,
    path: FeedPath,
    name: ProjectName,
    version: str,
    *,
    reason: str | None,
    now: datetime,
) -> YankedRelease:
    wanted = parse_version(version)
    with records.read() as view:
        located = require(view, caller, Permission.RELEASE_YANK, path)
    act = Act.UNYANKED if reason is None else Act.YANKED
    with records.change(located.id, act, require_actor(caller), now) as change:
        files = distributions.of_project(change, located.id, name)
        release = [file for file in files if Version(file.version) == wanted]
        if not release:
            raise NoSuchRelease(located.path, name, version)
        stale = [row for row in release if row.file.yanked != reason]
        for row in stale:
            distributions.replace(change, located.id, _with_reason(row, reason))
        if stale:
            filenames = sorted(row.file.filename for row in stale)
            change.record({"project": name, "version": str(wanted), "reason": reason, "files": filenames})
    return YankedRelease(name, str(wanted), reason, len(stale))


def _with_reason(row: Published, reason: str | None) -> Published:
    return replace(row, file=replace(row.file, yanked=reason))
