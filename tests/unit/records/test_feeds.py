"""Organizations, feeds, targets and roles as rows."""

from feedgate.model.access import Role
from feedgate.model.feed import Feed, Uploads
from feedgate.model.ledger import Act
from feedgate.model.names import FeedPath
from feedgate.model.target import parse_target
from feedgate.records import actors, feeds
from feedgate.records.database import Database
from feedgate.records.feeds import Located
from tests.builders.databases import NOON

LINUX = parse_target("3.11@x86_64-manylinux_2_28")
WINDOWS = parse_target("3.12@x86_64-pc-windows-msvc")


def test_a_feed_is_found_in_any_case_and_named_as_it_was_made(records: Database, feed: Located) -> None:
    with records.read() as view:
        assert feeds.find(view, FeedPath("ACME", "Team")) == feed
        assert feeds.find(view, FeedPath("acme", "other")) is None
        assert feeds.path_of(view, feed.id) == FeedPath("acme", "team")
        assert feeds.organization_name(view, "Acme") == "acme"
        assert feeds.organization_name(view, "other") is None


def test_preparing_a_feed_again_gives_the_same_one(records: Database, feed: Located) -> None:
    with records.note() as note:
        assert feeds.prepare(note, FeedPath("Acme", "TEAM")) == feed.id


def test_a_feed_that_is_only_prepared_has_no_state(records: Database, feed: Located) -> None:
    with records.note() as note:
        other = Located(feeds.prepare(note, FeedPath("acme", "b")), FeedPath("acme", "b"))

    with records.read() as view:
        assert feeds.state(view, other) is None
        assert [located.path.feed for located in feeds.all_feeds(view)] == ["b", "team"]


def test_state_and_targets_are_those_of_the_last_change(records: Database, feed: Located) -> None:
    def state() -> Feed | None:
        with records.read(feed.id) as snapshot:
            return feeds.state(snapshot, feed)

    made = state()
    with records.change(feed.id, Act.FEED_CHANGED, "ada", NOON) as change:
        feeds.open_state(change, feed.id, is_public=True, policy="open", uploads=Uploads.LOOK_UP)
        feeds.add_target(change, feed.id, LINUX)
        feeds.add_target(change, feed.id, WINDOWS)
        change.record({})
    changed = state()
    with records.change(feed.id, Act.TARGET_REMOVED, "ada", NOON) as change:
        assert feeds.remove_target(change, feed.id, LINUX)
        assert not feeds.remove_target(change, feed.id, LINUX)
        change.record({})

    assert made == Feed(feed.path, is_public=False, policy="open", uploads=Uploads.INTERNAL, targets=())
    assert changed == Feed(
        feed.path, is_public=True, policy="open", uploads=Uploads.LOOK_UP, targets=(LINUX, WINDOWS)
    )
    assert state() == Feed(
        feed.path, is_public=True, policy="open", uploads=Uploads.LOOK_UP, targets=(WINDOWS,)
    )


def test_a_role_takes_the_place_of_the_one_before(records: Database, feed: Located) -> None:
    with records.change(None, Act.ACTOR_CREATED, "local", NOON) as change:
        actors.create(change, "ada")
        actors.create(change, "root", is_administrator=True)
        change.record({})
    for role in (Role.READER, Role.OWNER):
        with records.change(feed.id, Act.GRANTED, "local", NOON) as change:
            actors.grant(change, feed.id, "ada", role)
            change.record({})

    with records.read() as view:
        assert actors.role(view, feed.id, "ada") is Role.OWNER
        assert actors.role(view, feed.id, "bob") is None
        assert actors.roles(view, feed.id) == {"ada": Role.OWNER}
        assert [actors.exists(view, name) for name in ("ada", "bob")] == [True, False]
        assert [actors.is_administrator(view, name) for name in ("root", "ada", "bob")] == [
            True,
            False,
            False,
        ]
    with records.change(feed.id, Act.GRANT_REMOVED, "local", NOON) as change:
        assert actors.remove_grant(change, feed.id, "ada")
        assert not actors.remove_grant(change, feed.id, "ada")
        change.record({})
    with records.read() as view:
        assert actors.roles(view, feed.id) == {}
