"""Queries over all time: which files a feed ever had of projects, and where files of it were sent."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, or_, select

from feedgate.model.arrival import Arrival
from feedgate.model.digest import Digest
from feedgate.model.names import ProjectName
from feedgate.model.run import RunId
from feedgate.model.times import from_microseconds
from feedgate.records import tables
from feedgate.records.database import FeedId, View

_distribution, _run = tables.distribution.c, tables.run.c
_outcome, _attempt = tables.run_outcome.c, tables.send_attempt.c

_AT_ONCE: Final = 100
_STEP: Final = "send"


@dataclass(frozen=True, slots=True)
class EverPublished:
    """A file that a feed has or had; ``is_listed`` = it has it now, ``yanked`` as it is now."""

    project: ProjectName
    version: str
    filename: str
    digest: Digest
    is_listed: bool
    yanked: str | None


@dataclass(frozen=True, slots=True)
class SentAway:
    """A file's way to a destination by one run; ``at`` is when the run ended, or began where it has not."""

    filename: str
    destination: str
    run: RunId
    arrival: Arrival
    at: datetime


_ARRIVALS: Final = {"published": Arrival.SENT, "present": Arrival.PRESENT}
"""What a send's outcome says of a file that the destination has."""


def ever_published(view: View, feed: FeedId, names: Collection[ProjectName]) -> Iterator[EverPublished]:
    """Yield the files of these projects that the feed has or ever had, by project and file name."""
    for some in _parts(names):
        query = (
            select(tables.distribution)
            .where(_distribution.feed_id == feed, _distribution.project.in_(some))
            .order_by(_distribution.project, _distribution.filename, _distribution.valid_from)
        )
        # A file name stands for one file for ever, and its last row says how it stands now.
        newest = {row.filename: row for row in view.connection.execute(query)}
        for row in newest.values():
            yield EverPublished(
                ProjectName(row.project),
                row.version,
                row.filename,
                Digest(row.digest),
                is_listed=row.valid_until is None,
                yanked=row.yanked,
            )


def sent_away(view: View, feed: FeedId, filenames: Collection[str]) -> Iterator[SentAway]:
    """Yield to which destinations runs of the feed have sent the files, or may have, oldest first."""
    for some in _parts(filenames):
        found = [*_sent(view, feed, some), *_attempted(view, feed, some)]
        said = {(one.run, one.filename) for one in found if one.arrival is not Arrival.UNKNOWN}
        yield from sorted(
            (
                one
                for one in found
                if one.arrival is not Arrival.UNKNOWN or (one.run, one.filename) not in said
            ),
            key=lambda one: (one.at, one.destination, one.filename),
        )


_at = func.coalesce(_run.finished_at, _run.started_at, _run.created_at).label("at")


def _sent(view: View, feed: FeedId, filenames: Sequence[str]) -> Iterator[SentAway]:
    named = (_outcome.body.contains(json.dumps(name), autoescape=True) for name in filenames)
    query = (
        select(_outcome.run, _outcome.body, _run.destination, _at)
        .join(tables.run, _run.id == _outcome.run)
        .where(_run.feed_id == feed, _outcome.step == _STEP, or_(*named))
    )
    for row in view.connection.execute(query):
        files: dict[str, Any] = json.loads(row.body)["files"]
        for name in filenames:
            arrival = _ARRIVALS.get(files[name]["end"]) if name in files else None
            if arrival is not None:
                yield SentAway(
                    name, row.destination or "", RunId(row.run), arrival, from_microseconds(row.at)
                )


def _attempted(view: View, feed: FeedId, filenames: Sequence[str]) -> Iterator[SentAway]:
    """Yield the files that a run was about to send, and of which it never said what became of them."""
    query = (
        select(_attempt.filename, _attempt.run, _run.destination, _outcome.body, _at)
        .join(tables.run, _run.id == _attempt.run)
        .outerjoin(tables.run_outcome, (_outcome.run == _attempt.run) & (_outcome.step == _STEP))
        .where(_run.feed_id == feed, _attempt.filename.in_(filenames))
    )
    for row in view.connection.execute(query):
        files: dict[str, Any] = {} if row.body is None else json.loads(row.body)["files"]
        if files.get(row.filename, {"end": "kept-back"})["end"] == "kept-back":
            yield SentAway(
                row.filename,
                row.destination or "",
                RunId(row.run),
                Arrival.UNKNOWN,
                from_microseconds(row.at),
            )


def _parts(names: Iterable[str]) -> Iterator[Sequence[str]]:
    in_order = sorted(names)
    for start in range(0, len(in_order), _AT_ONCE):
        yield in_order[start : start + _AT_ONCE]
