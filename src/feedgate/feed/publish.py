"""Make a closure visible: all of it in one transaction, or nothing."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from packaging.version import Version

from feedgate.access.permissions import Permission
from feedgate.access.require import still_may
from feedgate.errors import Conflict, Forbidden
from feedgate.feed.sends import post_sends
from feedgate.feed.spent import NameSpent
from feedgate.model.canonical import Json
from feedgate.model.feed import FeedProject, Origin
from feedgate.model.ledger import Act, Entry, Serial
from feedgate.model.names import FeedPath, ProjectName
from feedgate.model.run import RunId
from feedgate.records import distributions, entries, projects, runs
from feedgate.records.database import Change, Database, View, head_of
from feedgate.records.distributions import Published
from feedgate.records.feeds import Located


class NameIsInternal(Conflict):
    """A name that became the feed's own while an import of it was under way."""

    code = "name-is-internal"

    def __init__(self, path: FeedPath, name: ProjectName) -> None:
        super().__init__(
            f"{name}: is internal to {path} since this run began, so nothing of it is taken from the upstream",
            next_step="Retry the run; it will take the feed's own releases. "
            f"To allow the upstream: feedgate project set {name} -f {path} --upstream allow",
        )


class NameIsImported(Conflict):
    """A name that the feed imports, and of which the destination has files of its own."""

    code = "name-is-imported"

    def __init__(self, path: FeedPath, name: ProjectName) -> None:
        super().__init__(
            f"{name}: {path} imports it, and the destination has files of its own under that name",
            next_step="An Owner decides whose it is. To make it the feed's own: "
            f"feedgate project set {name} -f {path} --upstream deny, then retry the run.",
        )


class ReleaseIsInternal(Conflict):
    """A release that got uploaded files while an import of it was under way."""

    code = "release-is-internal"

    def __init__(self, path: FeedPath, filename: str) -> None:
        super().__init__(
            f"{filename}: its release has uploaded files in {path} since this run began, "
            "and the upstream's never come beside those",
            next_step="Retry the run; it will take the feed's own files of that release.",
        )


class RequesterMayNot(Forbidden):
    """Whoever requested the run has no role any more that allows it."""

    code = "requester-may-not"

    def __init__(self, path: FeedPath, actor: str) -> None:
        super().__init__(
            f"{actor} may not request into {path} any more",
            next_step=f"Ask an Owner for: feedgate grant {path} {actor} collaborator, then retry the run.",
        )


class RunHasEnded(Conflict):
    """A run that was cancelled before it came to publish."""

    code = "run-has-ended"

    def __init__(self, run: RunId) -> None:
        super().__init__(
            f"run {run} has ended before it published; nothing of it is visible",
            next_step=f"Ask again with: feedgate run retry {run}",
        )


@dataclass(frozen=True, slots=True)
class Closure:
    """What is to become visible: ``rows`` the feed does not have, ``present`` what it has.

    ``base`` is the serial at which the closure was proved; None = it was proved against a
    destination. A feed that ``follows`` the destination does so in whose a name is, too. ``facts`` is what the
    ledger's entry says of the request, beside the files; ``round`` counts the closures of one run.
    """

    rows: Sequence[Published]
    present: Sequence[tuple[ProjectName, str]]
    base: Serial | None
    facts: Mapping[str, Json]
    round: int = 1
    follows: bool = False


@dataclass(frozen=True, slots=True)
class Publication:
    """What a run made visible, and the feed's serial after it."""

    serial: Serial
    published: tuple[str, ...]
    present: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """Projects of the closure that changed since ``base``: it must be proved again at ``serial``."""

    names: tuple[ProjectName, ...]
    serial: Serial


def publish_closure(  # who, where, what, why, when
    records: Database,
    located: Located,
    run: RunId,
    requester: str,
    closure: Closure,
    *,
    keep: Callable[[Change, Publication], None],
    now: datetime,
) -> Publication | Changed:
    """Publish the closure once a run; the same run again returns what it published.

    Files that the feed has by now with the same bytes are skipped. ``keep`` is
    told of what became visible in the same transaction. Raises NameSpent,
    NameIsInternal, NameIsImported, ReleaseIsInternal, RequesterMayNot, RunHasEnded; then nothing is visible.
    """
    with records.change(located.id, Act.PUBLISHED, requester, now, run=run) as change:
        return _publish(change, located, run, requester, closure, keep)


def _publish(  # as its caller
    change: Change,
    located: Located,
    run: RunId,
    requester: str,
    closure: Closure,
    keep: Callable[[Change, Publication], None],
) -> Publication | Changed:
    before = Serial(change.serial - 1)
    known = distributions.spent(change, located.id, [row.file.filename for row in closure.rows])
    present = [filename for _name, filename in closure.present]
    entry = entries.written_by(change, located.id, run, Act.PUBLISHED)
    if entry is not None and _round_of(entry) >= closure.round:
        return _written(entry, closure, present)
    if _has_ended(change, run):
        raise RunHasEnded(run)
    if still_may(change, requester, Permission.FEED_REQUEST, located) is None:
        raise RequesterMayNot(located.path, requester)
    changed = _changed(change, located, closure)
    if changed:
        return Changed(changed, before)
    new = []
    for row in closure.rows:
        used_for = known.get(row.file.filename)
        if used_for is None:
            new.append(row)
        elif used_for != row.digest or distributions.find(change, located.id, row.file.filename) is None:
            raise NameSpent(located.path, row.file.filename, first=used_for, now=row.digest)
        else:
            present.append(row.file.filename)
    if not new:
        return Publication(before, (), tuple(sorted(present)))
    _open_projects(change, located, new, follows=closure.follows)
    distributions.publish(change, located.id, new)
    published = tuple(sorted(row.file.filename for row in new))
    digests = {row.file.filename: row.digest for row in new}
    files: list[Json] = [{"filename": name, "sha256": digests[name]} for name in published]
    facts = {**closure.facts, "files": files}
    serial = change.record(facts if closure.round == 1 else {**facts, "round": closure.round})
    publication = Publication(serial, published, tuple(sorted(present)))
    keep(change, publication)
    post_sends(change, located, [*published, *present], but=_destination_of(change, run))
    return publication


def has_published(view: View, run: RunId) -> bool:
    """Whether the run's closure is visible, so that its cancelling comes too late."""
    return entries.written_by(view, runs.feed_of(view, run), run, Act.PUBLISHED) is not None


def _has_ended(change: Change, run: RunId) -> bool:
    found = runs.find(change, run)
    return found is not None and found.state.is_final


def _destination_of(change: Change, run: RunId) -> str | None:
    """Return where the run itself sends its closure."""
    found = runs.find(change, run)
    return None if found is None else found.destination


def _round_of(entry: Entry) -> int:
    return int(json.loads(entry.facts).get("round", 1))


def _written(entry: Entry, closure: Closure, present: list[str]) -> Publication:
    """Return what the run published when it was here before."""
    published = {str(file["filename"]) for file in json.loads(entry.facts)["files"]}
    others = {row.file.filename for row in closure.rows} - published
    return Publication(entry.serial, tuple(sorted(published)), tuple(sorted({*present, *others})))


def _changed(change: Change, located: Located, closure: Closure) -> tuple[ProjectName, ...]:
    head, _hash = head_of(change, located.id)
    base = closure.base
    if base is None or head == base:
        return ()
    names = {row.project for row in closure.rows} | {name for name, _filename in closure.present}
    return tuple(name for name in sorted(names) if distributions.last_change(change, located.id, name) > base)


def _open_projects(change: Change, located: Located, rows: Sequence[Published], *, follows: bool) -> None:
    known = projects.all_projects(change, located.id)
    own = {row.project for row in rows if row.origin is Origin.INTERNAL}
    for name in sorted({row.project for row in rows}):
        project = known.get(name)
        origin = Origin.INTERNAL if name in own else Origin.IMPORTED
        if project is None:
            projects.put(change, located.id, FeedProject(name, origin))
        elif follows:
            if project.origin is not origin:
                projects.put(change, located.id, replace(project, origin=origin))
        else:
            _check_project(change, located, project, [row for row in rows if row.project == name])


def _check_project(change: Change, located: Located, project: FeedProject, rows: Sequence[Published]) -> None:
    """Raise where ``rows``, of one project, are not what the feed knows the name as."""
    if any(row.origin is Origin.INTERNAL for row in rows):
        if not project.is_internal:
            raise NameIsImported(located.path, rows[0].project)
    elif project.is_internal:
        raise NameIsInternal(located.path, rows[0].project)
    elif project.origin is Origin.INTERNAL:
        _check_releases(change, located, rows)


def _check_releases(change: Change, located: Located, rows: Sequence[Published]) -> None:
    """Raise ReleaseIsInternal where one of ``rows``, of one project, would stand beside an upload."""
    files = distributions.of_project(change, located.id, rows[0].project)
    uploaded = {Version(file.version) for file in files if file.origin is Origin.INTERNAL}
    for row in rows:
        if Version(row.version) in uploaded:
            raise ReleaseIsInternal(located.path, row.file.filename)
