"""An index that is copied: found, read and fetched whatever it is, and what it does wrong is named."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from feedgate.app.clock import now
from feedgate.errors import FeedgateError
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.model.index import NoSuchFile, NoSuchProject
from feedgate.model.names import ProjectName
from feedgate.model.secret import Secret
from feedgate.outside.azure_packages import PackagesNotListed
from feedgate.outside.body import Limits
from feedgate.outside.destination_address import source_addresses
from feedgate.outside.destination_peer import DestinationDenied, DestinationUnavailable
from feedgate.outside.destination_settings import DestinationSettings
from feedgate.outside.known_digests import HashedOnly, InMemory
from feedgate.outside.proxies import Proxies
from feedgate.outside.source import NotASource, Source, SourcePeer
from tests.builders.wheels import make_wheel
from tests.doubles.azure import AzureArtifacts
from tests.doubles.azure_manners import Fails, Manners
from tests.doubles.scripted_server import scripted, whole
from tests.doubles.upstream import Answer, Upstream

DEMO = ProjectName("demo")
TOKEN = ("build", Secret("the-token"))


async def no_nap(_: float) -> None:
    """Wait for nothing."""


@asynccontextmanager
async def source_at(
    url: str, credentials: tuple[str, Secret] | None = None, *hosts: str, known: InMemory | None = None
) -> AsyncIterator[Source]:
    settings = DestinationSettings(
        now=now,
        attempts=2,
        proxies=Proxies(),
        limits=Limits(connect_seconds=0.5, silence_seconds=0.5, grace_seconds=0.5),
        sleep=no_nap,
        allowed_hosts=hosts,
    )
    async with Source.opened(source_addresses(url), credentials, settings, known=known) as source:
        yield source


@pytest.fixture
async def index() -> AsyncIterator[Upstream]:
    async with Upstream() as served:
        yield served


async def names(source: Source) -> list[str]:
    return [name async for name in source.names()]


def unheard(_bytes: int) -> None:
    """Nobody follows."""


@pytest.mark.parametrize("ending", ["", "/simple", "/simple/"])
async def test_its_pages_are_found_from_any_address(index: Upstream, tmp_path: Path, ending: str) -> None:
    wheel = make_wheel(tmp_path, "demo", "1.0")
    index.add(wheel.name, wheel.read_bytes(), upload_time="2019-05-04T03:02:01Z", yanked="old")

    async with source_at(index.origin + ending) as source:
        await source.check()
        assert await names(source) == ["demo"]
        (file,) = (await source.page(DEMO)).files

    assert (file.filename, file.yanked) == (wheel.name, "old")
    assert file.uploaded_at is not None
    assert file.uploaded_at.year == 2019


async def test_pages_that_are_where_nobody_expects_them_are_found_there() -> None:
    """What looks like the address of a devpi's index may be the pages themselves."""
    gone, page = whole(b"", "404 Not Found"), b'<!DOCTYPE html><a href="demo/">demo</a>'
    shown = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n" + page
    with scripted(gone, shown, shown) as server:
        async with source_at(f"{server.origin}/odd/pages/") as source:
            await source.check()
            assert await names(source) == ["demo"]

        paths = [line.split()[1] for line in server.lines]
        assert paths == ["/odd/pages/+simple/", "/odd/pages/", "/odd/pages/"]


async def test_an_address_with_no_pages_anywhere_is_no_source(index: Upstream) -> None:
    async with source_at(f"{index.origin}/odd/pages/") as source:
        with pytest.raises(NotASource) as raised:
            await source.check()

    assert raised.value.message == f"{index.origin}/odd/pages/+simple/: shows no simple index (404 Not Found)"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        pytest.param(Answer(401), DestinationDenied, id="401"),
        pytest.param(Answer(403), DestinationDenied, id="403"),
        pytest.param(Answer(503), DestinationUnavailable, id="503"),
        pytest.param(Answer(418), DestinationUnavailable, id="418"),
        pytest.param(Answer(404), NotASource, id="404"),
    ],
)
async def test_an_index_that_does_not_show_itself_is_named(
    index: Upstream, fault: Answer, error: type[FeedgateError]
) -> None:
    index.fault("*", fault)
    async with source_at(index.url) as source:
        with pytest.raises(error) as raised:
            await source.check()

    assert f"127.0.0.1:{index.port}" in raised.value.message
    assert "the destination" not in raised.value.message + raised.value.next_step


@pytest.mark.parametrize(
    ("status", "answers"), [(200, True), (404, True), (401, False), (403, False), (500, False)]
)
async def test_whether_it_answers_tells_a_files_own_trouble_from_everybodys(
    index: Upstream, status: int, answers: bool
) -> None:
    index.fault("", Answer(status))

    async with source_at(index.url) as source:
        assert await source.answers() is answers


async def test_one_that_is_away_does_not_answer(index: Upstream) -> None:
    url = index.url
    await index.__aexit__()

    async with source_at(url) as source:
        assert not await source.answers()
    await index.__aenter__()


async def test_a_digest_that_no_page_states_is_remembered_by_the_address(
    index: Upstream, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path, "demo", "1.0")
    index.add(wheel.name, wheel.read_bytes(), hashes={})
    known = InMemory()
    async with source_at(index.url, known=known) as source:
        (file,) = (await source.page(DEMO)).files
        assert await source.digest_known(file) is None
        stored = await source.download(file, HashedOnly(), progress=unheard)

        assert await source.digest_known(file) == stored.digest
        assert await source.digest_known(Distribution("x", Digest("a" * 64))) == "a" * 64
        with pytest.raises(NoSuchFile):
            await source.download(Distribution("x", None), HashedOnly(), progress=unheard)
    async with source_at(index.url, known=known) as source:
        assert await source.digest_known(file) == stored.digest
    index.remove(wheel.name)
    other = make_wheel(tmp_path / "other", "demo", "1.0", files={"demo/more.py": "# more"})
    index.add(wheel.name, other.read_bytes(), hashes={})
    async with source_at(index.url, known=known) as source:
        assert await source.digest_known(file) is None


# ------------------------------------------------------------------------------------------- Azure


def store(azure: AzureArtifacts, folder: Path, name: str, *versions: str, upstream: bool = False) -> None:
    for version in versions:
        wheel = make_wheel(folder, name, version)
        (azure.add_upstream if upstream else azure.store)(wheel.name, wheel.read_bytes())


@pytest.mark.parametrize("project", [None, "My Project"])
async def test_azures_names_come_from_its_rest_interface_and_more_than_one_answer_of_it(
    tmp_path: Path, project: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feedgate.outside.azure_packages._AT_ONCE", 2)
    async with AzureArtifacts(project=project) as azure:
        for name in ("alpha", "beta", "Gamma.Delta", "zeta"):
            store(azure, tmp_path, name, "1.0")

        async with source_at(azure.simple_url, TOKEN) as source:
            await source.check()
            assert await names(source) == ["alpha", "beta", "gamma-delta", "zeta"]
            assert source.notes == ()
        assert all(seen.has_credentials for seen in azure.seen)


async def test_what_upstream_sources_merely_list_is_left_out(tmp_path: Path) -> None:
    manners = Manners(upstream_sources=True, external_versions=True)
    async with AzureArtifacts(manners=manners) as azure:
        store(azure, tmp_path, "demo", "1.0")
        store(azure, tmp_path, "demo", "2.0", upstream=True)
        store(azure, tmp_path, "theirs", "1.0", upstream=True)

        async with source_at(azure.simple_url, TOKEN) as source:
            assert await names(source) == ["demo"]
            files = (await source.page(DEMO)).files
            assert (await source.page(ProjectName("theirs"))).files == ()

    assert [file.filename for file in files] == ["demo-1.0-py3-none-any.whl"]


async def test_where_nobody_says_whether_there_are_upstream_sources_that_is_noted(tmp_path: Path) -> None:
    async with AzureArtifacts() as azure:
        store(azure, tmp_path, "demo", "1.0")
        azure.fault("rest", Fails(503))

        async with source_at(azure.simple_url, TOKEN) as source:
            (note,) = source.notes
            assert "upstream sources could not be learnt" in note
            assert len((await source.page(DEMO)).files) == 1


@pytest.mark.parametrize("status", [404, 403])
async def test_names_that_nobody_lists_ask_for_a_file_of_them(tmp_path: Path, status: int) -> None:
    async with AzureArtifacts() as azure:
        store(azure, tmp_path, "demo", "1.0")
        azure.manners.supplies_list = False
        if status == 403:
            azure.manners.supplies_list = True
            azure.fault("rest:packages", Fails(403))

        async with source_at(azure.simple_url, TOKEN) as source:
            await source.check()
            with pytest.raises(PackagesNotListed) as raised:
                await names(source)
            assert (await source.page(DEMO)).files

    assert "--names FILE" in raised.value.next_step
    assert str(status) in raised.value.message


@pytest.mark.parametrize(
    "body",
    [b"no json", b"[]", b'{"value": 1}', b'{"value": {"name": "x"}}', b"[" * 100_000, b'{"count": 1}'],
    ids=range(6),
)
async def test_an_answer_that_is_no_list_is_no_list(body: bytes) -> None:
    async with AzureArtifacts() as azure:
        azure.fault("rest:packages", Fails(200, body=body.decode()))
        async with source_at(azure.simple_url, TOKEN) as source:
            with pytest.raises(PackagesNotListed):
                await names(source)


async def test_packages_that_make_no_sense_are_passed_over() -> None:
    listed: list[Any] = [
        None,
        "demo",
        {},
        {"name": 3},
        {"normalizedName": "-", "name": "Good_One"},
        {"normalizedName": "other"},
    ]
    async with AzureArtifacts() as azure:
        azure.fault("rest:packages", Fails(200, body=json.dumps({"value": listed})))
        async with source_at(azure.simple_url, TOKEN) as source:
            assert await names(source) == ["good-one", "other"]


async def test_a_role_that_is_too_small_to_read_is_said_in_azures_own_terms() -> None:
    peer = SourcePeer("the source x", organization="acme")

    assert "Feed Reader" in peer.advice(403)
    assert "TwineAuthenticate" in peer.advice(401)
    assert "rights on that index" in SourcePeer("the source x").advice(403)


async def test_a_project_that_is_not_there_is_none(index: Upstream) -> None:
    async with source_at(index.url) as source:
        with pytest.raises(NoSuchProject, match=r"the source 127\.0\.0\.1"):
            await source.page(DEMO)
