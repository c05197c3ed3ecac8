"""Queries on organizations, feeds and their targets."""

from dataclasses import dataclass

from sqlalchemy import Row, Select, insert, select

from feedgate.model.feed import Feed, Uploads
from feedgate.model.names import FeedPath
from feedgate.model.target import Target, parse_target
from feedgate.records import tables
from feedgate.records.database import Change, FeedId, Note, View, start_ledger
from feedgate.records.span import close, is_open

_feed, _state, _target, _organization = (
    tables.feed.c,
    tables.feed_state.c,
    tables.feed_target.c,
    tables.organization.c,
)


@dataclass(frozen=True, slots=True)
class Located:
    """A feed's id and its path as it was first written."""

    id: FeedId
    path: FeedPath


def find(view: View, path: FeedPath) -> Located | None:
    """Return the feed under that path, compared without regard to case."""
    organization, feed = path.key
    query = _located().where(_organization.key == organization, _feed.key == feed)
    row = view.connection.execute(query).first()
    return None if row is None else _read(row)


def path_of(view: View, feed: FeedId) -> FeedPath:
    """Return the path of the feed with that id."""
    return _read(view.connection.execute(_located().where(_feed.id == feed)).one()).path


def all_feeds(view: View) -> tuple[Located, ...]:
    """Return every feed, by path."""
    query = _located().order_by(_organization.key, _feed.key)
    return tuple(_read(row) for row in view.connection.execute(query))


def prepare(note: Note, path: FeedPath) -> FeedId:
    """Give the path its id and its empty ledger; the feed exists once ``open_state`` ran."""
    organization, feed = path.key
    organization_id = note.connection.execute(
        select(_organization.id).where(_organization.key == organization)
    ).scalar_one()
    query = select(_feed.id).where(_feed.organization_id == organization_id, _feed.key == feed)
    known = note.connection.execute(query).scalar_one_or_none()
    if known is not None:
        return FeedId(known)
    made = note.connection.execute(
        insert(tables.feed)
        .values(organization_id=organization_id, name=path.feed, key=feed)
        .returning(_feed.id)
    )
    feed_id = FeedId(made.scalar_one())
    start_ledger(note, feed_id, f"{organization}/{feed}")
    return feed_id


def organization_name(view: View, organization: str) -> str | None:
    """Return the organization's name as first written, or None."""
    query = select(_organization.name).where(_organization.key == organization.casefold())
    return view.connection.execute(query).scalar_one_or_none()


def create_organization(change: Change, name: str) -> None:
    """Write the organization's row."""
    change.connection.execute(insert(tables.organization).values(name=name, key=name.casefold()))


def open_state(change: Change, feed: FeedId, *, is_public: bool, policy: str, uploads: Uploads) -> None:
    """Close the feed's state and open this one."""
    close(change, tables.feed_state, _state.feed_id == feed)
    change.connection.execute(
        insert(tables.feed_state).values(
            feed_id=feed,
            is_public=is_public,
            policy=policy,
            uploads=uploads.value,
            valid_from=change.serial,
        )
    )


def add_target(change: Change, feed: FeedId, target: Target) -> None:
    """Open the target's row."""
    change.connection.execute(
        insert(tables.feed_target).values(feed_id=feed, target=str(target), valid_from=change.serial)
    )


def remove_target(change: Change, feed: FeedId, target: Target) -> bool:
    """Close the target's row; False where there was none."""
    return close(change, tables.feed_target, _target.feed_id == feed, _target.target == str(target))


def state(view: View, located: Located) -> Feed | None:
    """Return the feed as it stands; None where it is not made yet."""
    query = select(tables.feed_state).where(_state.feed_id == located.id, is_open(tables.feed_state))
    row = view.connection.execute(query).first()
    if row is None:
        return None
    return Feed(located.path, row.is_public, row.policy, Uploads(row.uploads), _targets(view, located.id))


def _targets(view: View, feed: FeedId) -> tuple[Target, ...]:
    query = (
        select(_target.target)
        .where(_target.feed_id == feed, is_open(tables.feed_target))
        .order_by(_target.id)
    )
    return tuple(parse_target(raw) for raw in view.connection.execute(query).scalars())


def _located() -> Select[tuple[int, str, str]]:
    return select(_feed.id, _organization.name.label("organization"), _feed.name).join(
        tables.organization, _organization.id == _feed.organization_id
    )


def _read(row: Row[tuple[int, str, str]]) -> Located:
    return Located(FeedId(row.id), FeedPath(row.organization, row.name))
