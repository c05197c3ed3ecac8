"""Who may do what on a feed: 401, 404 and 403, from one place."""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedgate.access.actors import ensure_actor
from feedgate.access.grants import grant, remove_grant
from feedgate.access.permissions import NEEDS, Permission
from feedgate.access.require import (
    CredentialsRequired,
    NoSuchFeed,
    NotAdministrator,
    RoleTooSmall,
    ScopeTooSmall,
    require,
    require_administrator,
    still_may,
)
from feedgate.errors import FeedgateError, Missing
from feedgate.feed.feeds import create_feed
from feedgate.model.access import ANONYMOUS, Caller, Role, Scope
from feedgate.model.feed import Uploads
from feedgate.model.names import FeedPath
from feedgate.model.target import parse_target
from feedgate.records.database import Database, sqlite_url
from feedgate.records.migrate import open_database
from tests.builders.databases import NOON, empty_database

PRIVATE, PUBLIC, ABSENT = FeedPath("acme", "private"), FeedPath("acme", "public"), FeedPath("acme", "absent")
ADMINISTRATOR = Caller("local", Scope.MANAGE, is_administrator=True)
ON_A_FEED = [permission for permission in Permission if NEEDS[permission].role is not None]


@pytest.fixture(scope="module")
def first_records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with both feeds, and an actor of each role on both; each test begins with a copy."""
    file = tmp_path_factory.mktemp("require") / "records.sqlite"
    opened = empty_database(file)
    for path in (PRIVATE, PUBLIC):
        create_feed(
            opened,
            ADMINISTRATOR,
            path,
            targets=(parse_target("3.11@x86_64-manylinux_2_28"),),
            policy="open",
            is_public=path is PUBLIC,
            uploads=Uploads.INTERNAL,
            now=NOON,
        )
        for role in Role:
            grant(opened, ADMINISTRATOR, path, role.value, role, now=NOON)
    opened.close()
    return file


@pytest.fixture
def records(first_records: Path, tmp_path: Path) -> Iterator[Database]:
    file = tmp_path / "records.sqlite"
    shutil.copy(first_records, file)
    opened = open_database(sqlite_url(file))
    yield opened
    opened.close()


def answer(records: Database, caller: Caller, permission: Permission, path: FeedPath) -> type[object]:
    """Return the kind of error, or FeedPath where the caller may."""
    with records.read() as view:
        try:
            return type(require(view, caller, permission, path).path)
        except FeedgateError as error:
            return type(error)


@pytest.mark.parametrize("permission", ON_A_FEED)
def test_every_role_with_every_scope_gets_the_tables_answer(
    records: Database, permission: Permission
) -> None:
    need = NEEDS[permission]
    assert need.role is not None
    for role, scope in itertools.product(Role, Scope):
        expected: type[object] = FeedPath
        if not scope.includes(need.scope):
            expected = ScopeTooSmall
        if not role.includes(need.role):
            expected = RoleTooSmall
        for feeds in (None, frozenset([PRIVATE])):
            caller = Caller(role.value, scope, feeds)
            assert answer(records, caller, permission, PRIVATE) is expected, (role, scope)


@pytest.mark.parametrize("permission", ON_A_FEED)
def test_without_a_credential_only_reading_what_is_public_is_answered(
    records: Database, permission: Permission
) -> None:
    public = FeedPath if permission is Permission.FEED_READ else CredentialsRequired
    assert answer(records, ANONYMOUS, permission, PUBLIC) is public
    assert answer(records, ANONYMOUS, permission, PRIVATE) is CredentialsRequired
    assert answer(records, ANONYMOUS, permission, ABSENT) is CredentialsRequired


@pytest.mark.parametrize("permission", ON_A_FEED)
@pytest.mark.parametrize(
    "caller",
    [
        pytest.param(Caller("stranger", Scope.MANAGE), id="no-role"),
        pytest.param(Caller("owner", Scope.MANAGE, frozenset([PUBLIC])), id="token-of-another-feed"),
        pytest.param(
            Caller("root", Scope.MANAGE, frozenset([PUBLIC]), is_administrator=True),
            id="administrator-with-a-token-of-another-feed",
        ),
    ],
)
def test_who_has_no_role_can_not_tell_a_feed_from_none(
    records: Database, permission: Permission, caller: Caller
) -> None:
    def said(path: FeedPath) -> str:
        with records.read() as view, pytest.raises(Missing) as raised:
            require(view, caller, permission, path)
        return f"{raised.value.code} {raised.value.message} {raised.value.next_step}".replace(
            path.feed, "FEED"
        )

    assert said(PRIVATE) == said(ABSENT)


def test_what_is_public_is_read_by_everybody_and_changed_by_nobody_more(records: Database) -> None:
    stranger = Caller("stranger", Scope.MANAGE)
    elsewhere = Caller("owner", Scope.MANAGE, frozenset([PRIVATE]))
    for caller in (stranger, elsewhere):
        assert answer(records, caller, Permission.FEED_READ, PUBLIC) is FeedPath
        assert answer(records, caller, Permission.HISTORY_READ, PUBLIC) is NoSuchFeed
        for permission in set(ON_A_FEED) - {Permission.FEED_READ, Permission.HISTORY_READ}:
            assert answer(records, caller, permission, PUBLIC) is RoleTooSmall


def test_an_administrator_is_owner_everywhere_as_far_as_its_token_reaches(records: Database) -> None:
    for permission in ON_A_FEED:
        assert answer(records, ADMINISTRATOR, permission, PRIVATE) is FeedPath
    narrow = Caller("local", Scope.READ, is_administrator=True)
    assert answer(records, narrow, Permission.FEED_READ, PRIVATE) is FeedPath
    assert answer(records, narrow, Permission.FEED_MANAGE, PRIVATE) is ScopeTooSmall


def test_a_feed_is_found_in_any_case_and_a_tokens_feeds_too(records: Database) -> None:
    caller = Caller("reader", Scope.READ, frozenset([FeedPath("ACME", "Private")]))
    with records.read() as view:
        assert require(view, caller, Permission.FEED_READ, FeedPath("Acme", "PRIVATE")).path == PRIVATE


def test_the_answer_names_role_scope_and_what_would_do(records: Database) -> None:
    with records.read() as view:
        with pytest.raises(RoleTooSmall) as role:
            require(view, Caller("reader", Scope.MANAGE), Permission.DISTRIBUTION_UPLOAD, PRIVATE)
        with pytest.raises(ScopeTooSmall) as scope:
            require(view, Caller("owner", Scope.READ), Permission.DISTRIBUTION_UPLOAD, PRIVATE)

    assert role.value.message == (
        "reader has the role reader on acme/private; distribution:upload needs contributor"
    )
    assert "feedgate grant acme/private reader contributor" in role.value.next_step
    assert scope.value.message == "the token of owner has the scope read; distribution:upload needs write"
    assert "--scope write" in scope.value.next_step


@pytest.mark.parametrize(
    ("caller", "error"),
    [
        (ANONYMOUS, CredentialsRequired),
        (Caller("owner", Scope.MANAGE), NotAdministrator),
        (Caller("local", Scope.MANAGE, frozenset([PRIVATE]), is_administrator=True), NotAdministrator),
        (Caller("local", Scope.WRITE, is_administrator=True), ScopeTooSmall),
    ],
)
def test_the_installation_is_administered_with_a_whole_token_alone(
    caller: Caller, error: type[FeedgateError]
) -> None:
    with pytest.raises(error):
        require_administrator(caller)
    assert require_administrator(ADMINISTRATOR) == "local"


def test_a_run_goes_by_the_role_that_its_requester_has_now(records: Database) -> None:
    with records.read() as view:
        located = require(view, ADMINISTRATOR, Permission.FEED_READ, PRIVATE)
        assert still_may(view, "collaborator", Permission.FEED_REQUEST, located) is Role.COLLABORATOR
        assert still_may(view, "reader", Permission.FEED_REQUEST, located) is None
        assert still_may(view, "stranger", Permission.FEED_REQUEST, located) is None
        assert still_may(view, "local", Permission.FEED_REQUEST, located) is Role.OWNER
    remove_grant(records, ADMINISTRATOR, PRIVATE, "collaborator", now=NOON)
    with records.read() as view:
        assert still_may(view, "collaborator", Permission.FEED_REQUEST, located) is None


def test_an_actor_that_was_made_administrator_is_one(records: Database) -> None:
    ensure_actor(records, "root", by="local", now=NOON, is_administrator=True)
    with records.read() as view:
        located = require(view, ADMINISTRATOR, Permission.FEED_READ, PRIVATE)
        assert still_may(view, "root", Permission.FEED_MANAGE, located) is Role.OWNER


def test_an_unknown_feed_is_the_same_answer_for_everybody_with_a_token(records: Database) -> None:
    assert answer(records, ADMINISTRATOR, Permission.FEED_READ, ABSENT) is NoSuchFeed
