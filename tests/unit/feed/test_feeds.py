"""Feeds as use cases: made once, seen by who may know of them, set up by their Owners."""

from collections.abc import Callable
from pathlib import Path

import pytest

from feedgate.access.require import NoSuchFeed, NotAdministrator, RoleTooSmall
from feedgate.feed.feeds import (
    FeedExists,
    LastTarget,
    NoSuchTarget,
    add_target,
    create_feed,
    list_feeds,
    remove_target,
    set_feed,
    show_feed,
)
from feedgate.feed.ledger import HeadNotFound, read_ledger, verify_ledger
from feedgate.feed.projects import set_project
from feedgate.feed.yank import NoSuchRelease, unyank, yank
from feedgate.model.access import ANONYMOUS, Caller, Role, Scope
from feedgate.model.feed import Uploads, UpstreamRule
from feedgate.model.ledger import Serial
from feedgate.model.names import FeedPath, InvalidVersionText, ProjectName
from feedgate.model.target import parse_target
from feedgate.policy.policies import UnknownPolicy
from feedgate.records.database import Database
from tests.builders.installation import FEED, LOCAL, NOON, TARGET, Installation

OTHER = parse_target("3.12@aarch64-manylinux_2_28")
DEMO = ProjectName("demo")


def make(records: Database, path: FeedPath, by: Caller = LOCAL, policy: str = "open") -> None:
    create_feed(
        records,
        by,
        path,
        targets=(TARGET,),
        policy=policy,
        is_public=False,
        uploads=Uploads.INTERNAL,
        now=NOON,
    )


async def test_a_feed_is_made_once_in_whatever_case(records: Database) -> None:
    make(records, FeedPath("Acme", "Second"))

    with pytest.raises(FeedExists, match="acme/Second: a feed of that name exists already"):
        make(records, FeedPath("ACME", "SECOND"))


async def test_an_organization_is_an_entry_of_the_installation_once(installation: Installation) -> None:
    make(installation.records, FeedPath("acme", "b"))
    make(installation.records, FeedPath("new", "c"))

    assert installation.acts(None).count("organization-created") == 2  # acme and new


async def test_feeds_are_made_by_administrators_alone(installation: Installation) -> None:
    installation.token("ada", Role.OWNER)

    with pytest.raises(NotAdministrator):
        make(installation.records, FeedPath("acme", "b"), Caller("ada", Scope.MANAGE))


async def test_whoever_makes_a_feed_owns_it(records: Database) -> None:
    make(records, FeedPath("acme", "b"), Caller("root", Scope.MANAGE, is_administrator=True))

    assert show_feed(records, Caller("root", Scope.MANAGE), FeedPath("acme", "b")).role is Role.OWNER


async def test_an_unknown_policy_makes_no_feed(records: Database) -> None:
    with pytest.raises(UnknownPolicy, match="strict"):
        make(records, FeedPath("acme", "b"), policy="strict")
    with pytest.raises(UnknownPolicy):
        set_feed(records, LOCAL, FEED, policy="strict", now=NOON)
    assert len(list_feeds(records, LOCAL)) == 1


async def test_each_sees_the_feeds_that_it_may_know_of_and_owners_who_has_a_role(
    installation: Installation,
) -> None:
    records = installation.records
    make(records, FeedPath("acme", "b"))
    installation.token("ada", Role.READER)
    installation.token("bob", Role.OWNER)
    ada, bob = Caller("ada"), Caller("bob", Scope.MANAGE)

    assert [summary.feed.path for summary in list_feeds(records, ada)] == [FEED]
    assert list_feeds(records, ANONYMOUS) == ()
    assert len(list_feeds(records, LOCAL)) == 2
    assert show_feed(records, ada, FEED).grants is None
    assert show_feed(records, bob, FEED).grants == {"ada": Role.READER, "bob": Role.OWNER}
    with pytest.raises(NoSuchFeed):
        show_feed(records, ada, FeedPath("acme", "b"))
    set_feed(records, LOCAL, FeedPath("acme", "b"), is_public=True, now=NOON)
    assert len(list_feeds(records, ANONYMOUS)) == 1


async def test_only_what_is_stated_changes_and_the_same_again_is_no_entry(installation: Installation) -> None:
    records = installation.records
    for _ in range(2):
        after = set_feed(records, LOCAL, FEED, uploads=Uploads.LOOK_UP, now=NOON)
        set_project(records, LOCAL, FEED, DEMO, upstream=UpstreamRule.DENY, now=NOON)
        add_target(records, LOCAL, FEED, OTHER, now=NOON)

    assert (after.feed.uploads, after.feed.is_public, after.feed.policy) == (Uploads.LOOK_UP, False, "open")
    assert installation.acts(FEED) == ["feed-created", "feed-changed", "project-changed", "target-added"]
    assert set_project(records, LOCAL, FEED, DEMO, upstream=None, now=NOON).upstream is None


async def test_a_feed_keeps_its_last_target(records: Database) -> None:
    with pytest.raises(LastTarget):
        remove_target(records, LOCAL, FEED, TARGET, now=NOON)
    with pytest.raises(NoSuchTarget):
        remove_target(records, LOCAL, FEED, OTHER, now=NOON)
    add_target(records, LOCAL, FEED, OTHER, now=NOON)

    assert remove_target(records, LOCAL, FEED, TARGET, now=NOON).feed.targets == (OTHER,)


async def test_setting_a_feed_up_takes_an_owner(installation: Installation) -> None:
    installation.token("ada", Role.CONTRIBUTOR)
    ada, records = Caller("ada", Scope.MANAGE), installation.records

    for act in (
        lambda: set_feed(records, ada, FEED, is_public=True, now=NOON),
        lambda: add_target(records, ada, FEED, OTHER, now=NOON),
        lambda: remove_target(records, ada, FEED, TARGET, now=NOON),
        lambda: set_project(records, ada, FEED, DEMO, upstream=None, now=NOON),
    ):
        with pytest.raises(RoleTooSmall):
            act()
    assert installation.acts(FEED) == ["feed-created", "granted"]


async def test_a_yank_is_of_every_file_of_the_release_and_of_no_other(
    installation: Installation, make_wheel: Callable[..., Path]
) -> None:
    records = installation.records
    for version, tag in (("1.0", "py3-none-any"), ("1.0", "py2-none-any"), ("1.0.1", "py3-none-any")):
        await installation.publish(make_wheel("demo", version, tag=tag))

    done = yank(records, LOCAL, FEED, DEMO, "1", reason="broken", now=NOON)

    assert (done.version, done.reason, done.changed) == ("1", "broken", 2)
    assert yank(records, LOCAL, FEED, DEMO, "1.0", reason="broken", now=NOON).changed == 0
    assert yank(records, LOCAL, FEED, DEMO, "1.0", reason="", now=NOON).changed == 2
    assert unyank(records, LOCAL, FEED, DEMO, "1.0", now=NOON).changed == 2
    assert installation.acts(FEED)[4:] == ["yanked", "yanked", "unyanked"]


async def test_what_is_not_there_can_not_be_yanked(
    installation: Installation, make_wheel: Callable[..., Path]
) -> None:
    await installation.publish(make_wheel("demo", "1.0"))

    with pytest.raises(NoSuchRelease):
        yank(installation.records, LOCAL, FEED, DEMO, "2.0", reason="", now=NOON)
    with pytest.raises(NoSuchRelease):
        unyank(installation.records, LOCAL, FEED, ProjectName("other"), "1.0", now=NOON)
    with pytest.raises(InvalidVersionText):
        yank(installation.records, LOCAL, FEED, DEMO, "one", reason="", now=NOON)


async def test_a_ledger_is_read_and_verified_by_who_may(installation: Installation) -> None:
    records = installation.records
    installation.token("ada", Role.READER)
    ada = Caller("ada")
    [created, granted] = read_ledger(records, ada, FEED, after=Serial(0), limit=9)

    seen = verify_ledger(records, ada, FEED, expect=(Serial(2), granted.hash))
    assert (seen.ledger, seen.verification.fault, seen.verification.entries) == ("acme/pip-feed", None, 2)
    with pytest.raises(HeadNotFound, match=f"serial 2 has the hash {granted.hash[:12]}"):
        verify_ledger(records, ada, FEED, expect=(Serial(2), created.hash))
    with pytest.raises(HeadNotFound, match="serial 3 has the hash nothing"):
        verify_ledger(records, ada, FEED, expect=(Serial(3), created.hash))
    with pytest.raises(NotAdministrator):
        read_ledger(records, ada, None, after=Serial(0), limit=9)
    with pytest.raises(NotAdministrator):
        verify_ledger(records, ada, None)
    assert verify_ledger(records, LOCAL, None).ledger == "installation"
