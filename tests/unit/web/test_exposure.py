"""Exposure over the API: every token and address that fetched what an advisory affects, for Owners alone."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import delete, update

from feedgate.api.exposure_bodies import ExposedReleaseBody, ExposureBody
from feedgate.feed.feeds import set_feed
from feedgate.gate.load_advisories import update_advisories
from feedgate.machine import addresses
from feedgate.model.access import Role, Scope
from feedgate.model.download import ClientKind
from feedgate.model.ledger import Act
from feedgate.model.names import FeedPath
from feedgate.model.secret import Secret
from feedgate.records import tables, tokens
from feedgate.records.feeds import find
from feedgate.records.span import close
from tests.builders.advisories import make_database, make_record
from tests.builders.installation import FEED, LOCAL, Installation

OTHER = FeedPath("acme", "other")
ADVISORY, ALIAS, GHSA = "PYSEC-2026-1", "CVE-2026-1000", "GHSA-abcd-2345-wxyz"
RECORD = make_record(ADVISORY, "demo", aliases=[ALIAS, GHSA])
"""Affected is demo up to 2.0."""

MakeWheel = Callable[..., Path]


@pytest.fixture
async def watched(installation: Installation, make_wheel: MakeWheel) -> Installation:
    """Two feeds with demo 1.0, one of them with demo 2.0 too, and a database that knows of 1.0."""
    installation.make_feed(OTHER)
    for version in ("1.0", "2.0"):
        await installation.publish(make_wheel("demo", version))
    await installation.publish(make_wheel("demo", "1.0"), feed=OTHER)
    await installation.publish(make_wheel("bystander", "1.0"))
    installation.published.content = make_database(RECORD, make_record("PYSEC-2026-2", "stranger"))
    loading = installation.parts.advisory_loading
    await update_advisories(loading, LOCAL, "osv", force=False, clock=installation.clock)
    return installation


def file_path(version: str = "1.0", *, name: str = "demo", feed: FeedPath = FEED) -> str:
    filename = f"{name}-{version}-py3-none-any.whl"
    return addresses.download_path(feed.organization, feed.feed, None, name, version, filename)


async def fetch(installation: Installation, secret: Secret | None, path: str, **options: str) -> None:
    async with installation.client(secret, **options) as client:
        answer = await client.get(path)
    assert answer.status_code == 200, answer.text


async def ask(installation: Installation, secret: Secret | None = None, **asked: str) -> httpx.Response:
    """Ask as the administrator of the data directory, or with a token."""
    async with installation.local() if secret is None else installation.client(secret) as client:
        return await client.get(addresses.API_EXPOSURE, params=asked)


async def shown(installation: Installation, secret: Secret | None = None, **asked: str) -> ExposureBody:
    answer = await ask(installation, secret, **asked)
    assert answer.status_code == 200, answer.text
    return ExposureBody.model_validate_json(answer.text)


def token_of(installation: Installation, actor: str) -> str:
    with installation.records.read() as view:
        [row] = tokens.all_tokens(view, actor=actor)
    return row.id


def releases(body: ExposureBody) -> set[tuple[str, str, str]]:
    return {(one.feed, one.name, one.version) for one in body.releases}


def fetchers(release: ExposedReleaseBody) -> Mapping[str | None, str | None]:
    return {one.client: one.actor for one in release.fetches}


async def test_the_token_that_fetched_an_affected_file_is_named_with_its_times(watched: Installation) -> None:
    began = watched.clock()
    secret = watched.token("ada", Role.READER)
    await fetch(watched, secret, file_path())
    watched.clock.move(timedelta(days=1, minutes=5))
    await fetch(watched, secret, file_path())
    await fetch(watched, watched.token("ben", Role.READER), file_path("2.0"))

    body = await shown(watched, advisory=ADVISORY, feed=str(FEED))

    [release] = body.releases
    [fetches] = release.fetches
    assert (release.name, release.version) == ("demo", "1.0")
    assert (fetches.kind, fetches.client, fetches.actor) == (
        ClientKind.TOKEN,
        token_of(watched, "ada"),
        "ada",
    )
    assert (fetches.first, fetches.last) == (began, watched.clock())
    assert fetches.files == ["demo-1.0-py3-none-any.whl"]
    assert [(one.id, one.fixed) for one in release.advisories] == [(ADVISORY, "2.0")]


async def test_where_no_token_asked_the_address_is_named(watched: Installation) -> None:
    set_feed(watched.records, LOCAL, FEED, is_public=True, now=watched.clock())
    for address in ("192.0.2.9", "2001:db8::9"):
        await fetch(watched, None, file_path(), address=address)

    [release] = (await shown(watched, advisory=ADVISORY, feed=str(FEED))).releases

    assert fetchers(release) == {"192.0.2.9": None, "2001:db8::9": None}


@pytest.mark.parametrize(
    "spelling", [ADVISORY, ALIAS, GHSA, "pysec-2026-1", "cve-2026-1000", "ghsa-ABCD-2345-WXYZ"]
)
async def test_an_advisory_goes_by_each_of_its_names_however_spelled(
    watched: Installation, spelling: str
) -> None:
    assert releases(await shown(watched, advisory=spelling)) == {
        (str(FEED), "demo", "1.0"),
        (str(OTHER), "demo", "1.0"),
    }


async def test_a_release_is_asked_about_whether_or_not_anything_is_known_of_it(watched: Installation) -> None:
    await fetch(watched, watched.token("ada", Role.READER), file_path(name="bystander"))

    [bystander] = (await shown(watched, release="Bystander==1.0.0")).releases
    affected = (await shown(watched, release="demo==1.0")).releases

    assert bystander.advisories == []
    assert list(fetchers(bystander).values()) == ["ada"]
    assert {one.feed: [match.id for match in one.advisories] for one in affected} == {
        str(FEED): [ADVISORY],
        str(OTHER): [ADVISORY],
    }


async def test_an_advisory_that_affects_nothing_here_shows_no_release(watched: Installation) -> None:
    body = await shown(watched, advisory="PYSEC-2026-2")

    assert (body.releases, body.unseen) == ([], [])
    assert set(body.feeds) == {str(FEED), str(OTHER)}


async def test_a_file_that_is_no_longer_in_the_feed_is_with_whoever_fetched_it(watched: Installation) -> None:
    await fetch(watched, watched.token("ada", Role.READER), file_path())
    with watched.records.read() as view:
        located = find(view, FEED)
    assert located is not None
    with watched.records.change(located.id, Act.YANKED, "local", watched.clock()) as change:
        close(change, tables.distribution, tables.distribution.c.filename == "demo-1.0-py3-none-any.whl")
        change.record({})

    [release] = (await shown(watched, advisory=ADVISORY, feed=str(FEED))).releases

    assert [file.listed for file in release.files] == [False]
    assert list(fetchers(release).values()) == ["ada"]


async def test_what_was_fetched_a_moment_ago_is_seen_at_once(watched: Installation) -> None:
    await fetch(watched, watched.token("ada", Role.READER), file_path())

    [release] = (await shown(watched, advisory=ADVISORY, feed=str(FEED))).releases

    assert list(fetchers(release).values()) == ["ada"]


async def test_fetches_from_before_names_were_kept_are_told_as_a_number(watched: Installation) -> None:
    secret = watched.token("ada", Role.READER)
    for _ in range(3):
        await fetch(watched, secret, file_path())
    watched.downloads.write()
    with watched.records.note() as note:
        note.connection.execute(delete(tables.download))
        note.connection.execute(update(tables.download_count).values(day="2026-03-01"))
    await fetch(watched, secret, file_path())

    body = await shown(watched, advisory=ADVISORY)

    assert "3 fetches were counted before it was kept who fetches." in body.unseen


async def test_what_can_not_be_seen_is_said_in_words(watched: Installation) -> None:
    said = " ".join((await shown(watched, advisory=ADVISORY)).unseen)

    for word in ("cache", "Copies", "proxy", "parts"):
        assert word in said
    assert "counted before" not in said
    assert "destination" not in said


async def test_an_owner_sees_the_feeds_that_are_the_owners_and_an_administrator_all(
    watched: Installation,
) -> None:
    owner = watched.token("olga", Role.OWNER)
    watched.token("olga", Role.READER, feed=OTHER)
    neighbour = watched.token("neighbour", Role.OWNER, feed=OTHER)
    narrowed = watched.token("both", Role.OWNER)
    narrowed = watched.token("both", Role.OWNER, feed=OTHER, only=(OTHER,))

    assert (await shown(watched, owner, advisory=ADVISORY)).feeds == [str(FEED)]
    assert (await shown(watched, neighbour, advisory=ADVISORY)).feeds == [str(OTHER)]
    assert (await shown(watched, narrowed, advisory=ADVISORY)).feeds == [str(OTHER)]
    assert (await shown(watched, advisory=ADVISORY)).feeds == [str(OTHER), str(FEED)]


@pytest.mark.parametrize(
    ("role", "scope", "status", "code"),
    [
        pytest.param(Role.OWNER, Scope.MANAGE, 200, None, id="owner"),
        pytest.param(Role.OWNER, Scope.WRITE, 403, "scope-too-small", id="owner-whose-token-may-less"),
        pytest.param(Role.CONTRIBUTOR, Scope.MANAGE, 403, "owns-no-feed", id="contributor"),
        pytest.param(None, Scope.MANAGE, 403, "owns-no-feed", id="stranger"),
    ],
)
async def test_without_a_feed_it_is_owners_who_are_answered(
    watched: Installation, role: Role | None, scope: Scope, status: int, code: str | None
) -> None:
    answer = await ask(watched, watched.token("ada", role, scope=scope), advisory=ADVISORY)

    assert answer.status_code == status
    assert code is None or answer.json()["error"]["code"] == code


async def test_with_a_feed_a_smaller_role_is_refused_and_a_stranger_learns_nothing(
    watched: Installation,
) -> None:
    contributor = watched.token("ada", Role.CONTRIBUTOR)
    refused = await ask(watched, contributor, advisory=ADVISORY, feed=str(FEED))
    stranger = await ask(watched, watched.token("eve"), advisory=ADVISORY, feed=str(FEED))
    nowhere = await ask(watched, watched.token("eve2"), advisory=ADVISORY, feed="acme/nowhere")

    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "role-too-small")
    assert (stranger.status_code, nowhere.status_code) == (404, 404)
    assert stranger.json()["error"]["code"] == nowhere.json()["error"]["code"] == "no-such-feed"


async def test_nobody_in_particular_is_asked_for_a_token(watched: Installation) -> None:
    async with watched.client() as client:
        for asked in ({"advisory": ADVISORY}, {"feed": "nonsense"}, {}):
            assert (await client.get(addresses.API_EXPOSURE, params=asked)).status_code == 401


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"advisory": "CVE-1999-1"}, 404, "no-such-advisory"),
        ({"release": "demo==9.9"}, 404, "never-published"),
        ({"release": "nobody==1.0"}, 404, "never-published"),
        ({"release": "demo==1.0", "feed": "acme/nowhere"}, 404, "no-such-feed"),
        ({"release": "demo==one"}, 400, "invalid-version"),
        ({"release": "demo"}, 400, "invalid-parameter"),
        ({"advisory": "x" * 101}, 400, "invalid-parameter"),
        ({"advisory": ADVISORY, "feed": "acme"}, 400, "invalid-parameter"),
        ({"advisory": ADVISORY, "release": "demo==1.0"}, 400, "exposure-unclear"),
        ({}, 400, "exposure-unclear"),
    ],
)
async def test_what_can_not_be_answered_says_why(
    watched: Installation, asked: dict[str, str], status: int, code: str
) -> None:
    answer = await ask(watched, None, **asked)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


async def test_without_a_database_an_advisory_is_unknown_and_a_release_is_not(
    installation: Installation, make_wheel: MakeWheel
) -> None:
    await installation.publish(make_wheel("demo", "1.0"))
    await fetch(installation, installation.token("ada", Role.READER), file_path())

    by_advisory = await ask(installation, advisory=ADVISORY)
    [release] = (await shown(installation, release="demo==1.0")).releases

    assert (by_advisory.status_code, by_advisory.json()["error"]["code"]) == (404, "no-advisories")
    assert (release.advisories, list(fetchers(release).values())) == ([], ["ada"])
