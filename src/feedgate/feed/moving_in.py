"""Make what a project of another index brings visible: one transaction, one entry, once a run.

What became of each of its files is kept in the same transaction, so a run that is
killed and goes on counts nothing twice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from feedgate.access.permissions import Permission
from feedgate.access.require import still_may
from feedgate.errors import Forbidden
from feedgate.feed.publish import RunHasEnded
from feedgate.feed.sends import post_sends
from feedgate.model.canonical import Json
from feedgate.model.digest import Digest
from feedgate.model.feed import FeedProject, Origin
from feedgate.model.ledger import Act
from feedgate.model.moving_in import FileEnd, MovedFile, MovedProject
from feedgate.model.names import FeedPath, ProjectName
from feedgate.model.run import RunId
from feedgate.records import distributions, moving_in, projects, runs
from feedgate.records.database import Change, Database, Note
from feedgate.records.distributions import Published
from feedgate.records.feeds import Located


class ImporterMayNot(Forbidden):
    """Whoever had an index copied owns the feed no more."""

    code = "importer-may-not"

    def __init__(self, path: FeedPath, actor: str) -> None:
        super().__init__(
            f"{actor} may not copy an index into {path} any more",
            next_step=f"Ask an Owner for: feedgate grant {path} {actor} owner, then give the command again.",
        )


@dataclass(frozen=True, slots=True)
class Moving:
    """What was seen of a project of the source.

    ``seen`` is what is kept of it where nothing of it enters, with the files that may not and those that
    are there already; ``rows`` may enter. ``yanks`` are reasons by the names of files that are
    there. ``is_own`` = its name is said to be internal. ``facts`` go into the entry.
    """

    seen: MovedProject
    rows: tuple[Published, ...] = ()
    yanks: Mapping[str, str] = field(default_factory=dict)
    is_own: bool = False
    facts: Mapping[str, Json] = field(default_factory=dict)

    @property
    def act(self) -> Act | None:
        """What the entry says was done; None where there is nothing to say."""
        if self.rows:
            return Act.PUBLISHED
        if self.yanks:
            return Act.YANKED
        ends = {file.end for file in self.seen.files}
        if FileEnd.REFUSED in ends:
            return Act.REFUSED
        return Act.HELD if FileEnd.HELD in ends else None


def move_project_in(  # who, where, what, when
    records: Database, located: Located, run: RunId, requester: str, moving: Moving, *, now: datetime
) -> MovedProject | None:
    """Publish what may enter, and keep what became of every file; None where the run did so before.

    A file that somebody brought meanwhile is present, or in conflict. Raises
    RunHasEnded, ImporterMayNot; then nothing of the project is visible or kept.
    """
    moved = moving.seen
    if moving.act is not None:
        with records.change(located.id, moving.act, requester, now, run=run) as change:
            _check(change, located, run, requester)
            if moving_in.is_done(change, run, moved.name):
                return None
            moved, facts = _move(change, located, moving)
            if facts is not None:
                moving_in.put(change, run, moved)
                change.record(facts)
                visible = [file.filename for file in moved.files if file.end is FileEnd.TAKEN]
                if visible:
                    post_sends(change, located, visible)
                return moved
    with records.note() as note:
        _check(note, located, run, requester)
        if moving_in.is_done(note, run, moved.name):
            return None
        moving_in.put(note, run, moved)
    return moved


def would_move(
    files: Iterable[MovedFile], known: FeedProject | None, there: Iterable[Published], *, is_own: bool
) -> tuple[bool, bool]:
    """Return whether the name is, or becomes, internal, and whether it has files of both kinds."""
    counted = {FileEnd.NEW, FileEnd.TAKEN, FileEnd.PRESENT, FileEnd.HELD}
    kinds = {file.origin for file in files if file.end in counted} | {row.origin for row in there}
    was_internal = known is not None and known.origin is Origin.INTERNAL
    is_internal = was_internal or is_own or Origin.INTERNAL in kinds
    return is_internal, {Origin.INTERNAL, Origin.IMPORTED} <= kinds


def _check(view: Change | Note, located: Located, run: RunId, requester: str) -> None:
    found = runs.find(view, run)
    if found is not None and found.state.is_final:
        raise RunHasEnded(run)
    if still_may(view, requester, Permission.FEED_IMPORT, located) is None:
        raise ImporterMayNot(located.path, requester)


def _move(change: Change, located: Located, moving: Moving) -> tuple[MovedProject, Mapping[str, Json] | None]:
    """Write the rows; returns what to keep, and the entry's facts, None where there is nothing new to tell."""
    known = distributions.spent(change, located.id, [row.file.filename for row in moving.rows])
    new = [row for row in moving.rows if row.file.filename not in known]
    files = [*moving.seen.files, *map(_taken, new)]
    for row in moving.rows:
        used_for = known.get(row.file.filename)
        if used_for is not None:
            is_there = distributions.find(change, located.id, row.file.filename) is not None
            files.append(_present(row) if used_for == row.digest and is_there else _conflict(row, used_for))
    name = moving.seen.name
    there = distributions.of_project(change, located.id, name)
    project = projects.find(change, located.id, name)
    is_internal, is_mixed = would_move(files, project, there, is_own=moving.is_own)
    if new:
        _settle(change, located, name, project, is_internal=is_internal)
        distributions.publish(change, located.id, new)
    yanked = _yank(change, located, moving.yanks, there)
    moved = MovedProject(name, is_internal, is_mixed, files=_sorted(files))
    told = _told(change.act, new, yanked, files)
    if not told:
        return moved, None
    return moved, {"project": name, "internal": is_internal, **moving.facts, **told}


def _settle(
    change: Change, located: Located, name: ProjectName, project: FeedProject | None, *, is_internal: bool
) -> None:
    origin = Origin.INTERNAL if is_internal else Origin.IMPORTED
    if project is None:
        projects.put(change, located.id, FeedProject(name, origin))
    elif project.origin is not origin:
        projects.put(change, located.id, replace(project, origin=origin))


def _yank(
    change: Change, located: Located, yanks: Mapping[str, str], there: Iterable[Published]
) -> list[Published]:
    """Yank what the source has yanked since it was brought; a yank is never taken back here."""
    yanked = [
        replace(row, file=replace(row.file, yanked=yanks[row.file.filename]))
        for row in there
        if row.file.filename in yanks and row.file.yanked is None
    ]
    for row in yanked:
        distributions.replace(change, located.id, row)
    return yanked


def _told(
    act: Act, new: Iterable[Published], yanked: Iterable[Published], files: Iterable[MovedFile]
) -> dict[str, Json]:
    """Return what the entry says beside its project; ``files`` are those that the act itself is about, as everywhere."""
    of_act: dict[Act, list[Json]] = {
        Act.PUBLISHED: [
            {"filename": row.file.filename, "sha256": row.digest, "origin": row.origin.value}
            for row in sorted(new, key=lambda row: row.file.filename)
        ],
        Act.YANKED: [
            {"filename": row.file.filename, "sha256": row.digest, "reason": row.file.yanked} for row in yanked
        ],
        Act.REFUSED: _kept_out(files, FileEnd.REFUSED),
        Act.HELD: _kept_out(files, FileEnd.HELD),
    }
    told: dict[str, Json] = {one.value: listed for one, listed in of_act.items() if one is not act and listed}
    return {"files": of_act[act], **told} if of_act[act] or told else {}


def _kept_out(files: Iterable[MovedFile], end: FileEnd) -> list[Json]:
    return [
        {"filename": file.filename, "sha256": file.digest, "reason": file.reason}
        for file in _sorted(files)
        if file.end is end
    ]


def _taken(row: Published) -> MovedFile:
    return MovedFile(row.file.filename, FileEnd.TAKEN, row.digest, row.size_bytes, row.origin)


def _present(row: Published) -> MovedFile:
    return MovedFile(row.file.filename, FileEnd.PRESENT, row.digest, row.size_bytes, row.origin)


def _conflict(row: Published, used_for: Digest) -> MovedFile:
    return conflict(row.file.filename, there=used_for, here=row.digest, size_bytes=row.size_bytes)


def conflict(filename: str, *, there: Digest, here: Digest, size_bytes: int | None = None) -> MovedFile:
    """Return the end of a file whose name has other bytes in the feed."""
    reason = f"the name is used in the feed for sha256 {there}, the source has sha256 {here}"
    return MovedFile(filename, FileEnd.CONFLICT, here, size_bytes, reason=reason)


def _sorted(files: Iterable[MovedFile]) -> tuple[MovedFile, ...]:
    return tuple(sorted(files, key=lambda file: file.filename))
