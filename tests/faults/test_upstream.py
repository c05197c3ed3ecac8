"""The upstream as an index: JSON or HTML, pages kept, metadata verified, no answer never taken for a no."""

import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from feedgate.errors import FeedgateError
from feedgate.model.digest import parse_digest
from feedgate.model.distribution import Distribution
from feedgate.model.index import BadPage, NoSuchFile, NoSuchProject, Span, UpstreamUnavailable
from feedgate.model.names import parse_project_name
from feedgate.outside import upstream as upstreams
from feedgate.outside.body import SizeMismatch
from feedgate.outside.fetcher import DigestMismatch, Fetcher, FetcherSettings
from feedgate.outside.patience import Patience
from feedgate.outside.proxies import Proxies
from tests.doubles.upstream import HTML, JSON, Answer, Fault, Redirect, ShortBody, Upstream, WrongBytes

DEMO = parse_project_name("demo")
WHEEL = "demo-1.0-py3-none-any.whl"
SDIST = "demo-1.0.tar.gz"
BODY = os.urandom(50_000)
DIGEST = parse_digest(hashlib.sha256(BODY).hexdigest())
METADATA = b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nRequires-Python: >=3.9\n"
METADATA_DIGEST = hashlib.sha256(METADATA).hexdigest()


async def no_nap(_: float) -> None:
    """Wait for nothing."""


@pytest.fixture(params=["json", "html"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Upstream]:
    async with Upstream(html_only=request.param == "html") as server:
        server.add(WHEEL, BODY, metadata=METADATA)
        server.add(SDIST, b"source", yanked="broken")
        server.add("acme_core-2.0-py3-none-any.whl", b"core")
        yield server


@pytest.fixture
async def fetcher(server: Upstream) -> AsyncIterator[Fetcher]:
    settings = FetcherSettings(
        upstream_url=server.url, proxies=Proxies(), patience=Patience(attempts=2, sleep=no_nap)
    )
    async with Fetcher.opened(settings) as fetcher:
        yield fetcher


@pytest.fixture
def index(fetcher: Fetcher, server: Upstream, tmp_path: Path) -> upstreams.Upstream:
    return upstreams.Upstream(fetcher, server.url, tmp_path / "pages")


async def listed(index: upstreams.Upstream, filename: str) -> Distribution:
    return next(file for file in (await index.page(DEMO)).files if file.filename == filename)


async def test_a_page_says_what_the_upstream_says(index: upstreams.Upstream, server: Upstream) -> None:
    wheel, sdist = (await index.page(DEMO)).files

    assert (wheel.filename, wheel.digest, wheel.requires_python) == (WHEEL, DIGEST, ">=3.9")
    assert (wheel.metadata_digest, wheel.yanked) == (METADATA_DIGEST, None)
    assert wheel.source == server.file_url(WHEEL)
    assert (sdist.filename, sdist.yanked, sdist.metadata_digest) == (SDIST, "broken", None)
    assert wheel.size_bytes == (None if server.html_only else len(BODY))
    assert (wheel.uploaded_at is None) is server.html_only


async def test_json_is_asked_for_before_html(index: upstreams.Upstream, server: Upstream) -> None:
    await index.page(DEMO)

    accepted = server.log[0].headers["Accept"].split(", ")
    assert accepted == [JSON, f"{HTML};q=0.2", "text/html;q=0.1"]


async def test_links_are_joined_to_where_the_page_was_found(
    index: upstreams.Upstream, server: Upstream
) -> None:
    server.fault("demo", Redirect("/simple/elsewhere/deep/"))
    body = b'<a href="one.whl">demo-1.0-py3-none-any.whl</a>'
    server.fault("elsewhere/deep", Answer(200, {"Content-Type": "text/html"}, body))

    (file,) = (await index.page(DEMO)).files

    assert file.source == f"{server.url}elsewhere/deep/one.whl"


async def test_names_are_those_of_the_list(index: upstreams.Upstream) -> None:
    assert [name async for name in index.names()] == ["acme-core", "demo"]


@pytest.mark.parametrize("status", [404, 410])
async def test_no_such_project_is_the_upstreams_word(
    index: upstreams.Upstream, server: Upstream, status: int
) -> None:
    server.fault("demo", Answer(status))

    with pytest.raises(NoSuchProject, match="demo"):
        await index.page(DEMO)


@pytest.mark.parametrize("status", [204, 301, 304, 400, 401, 403, 406, 429, 500, 502, 503])
async def test_no_answer_is_never_taken_for_a_no(
    index: upstreams.Upstream, server: Upstream, status: int
) -> None:
    server.fault("*", Answer(status))

    with pytest.raises(UpstreamUnavailable, match=rf"demo: .*{status}"):
        await index.page(DEMO)
    with pytest.raises(UpstreamUnavailable):
        await index.find(DEMO, DIGEST)
    with pytest.raises(UpstreamUnavailable, match=str(status)):
        await index.check()
    with pytest.raises(UpstreamUnavailable, match="the list of projects"):
        await anext(index.names())


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (JSON, b"{"),
        (JSON, b"<html></html>"),
        (JSON, b'{"meta": {"api-version": "2.0"}, "files": []}'),
        ("application/json", b"{}"),
        ("application/zip", b"PK"),
        ("", b""),
    ],
)
async def test_what_is_no_page_is_a_bad_page(
    index: upstreams.Upstream, server: Upstream, content_type: str, body: bytes
) -> None:
    server.fault("demo", Answer(200, {"Content-Type": content_type}, body))

    with pytest.raises(BadPage, match="demo"):
        await index.page(DEMO)


# ---------------------------------------------------------------------- pages between runs


async def test_a_kept_page_is_asked_about_and_not_sent_again(
    index: upstreams.Upstream, server: Upstream, fetcher: Fetcher, tmp_path: Path
) -> None:
    first = await index.page(DEMO)

    second = await upstreams.Upstream(fetcher, server.url, tmp_path / "pages").page(DEMO)

    assert second == first
    assert "If-None-Match" not in server.log[0].headers
    assert server.log[1].headers["If-None-Match"]


async def test_a_page_that_changed_is_seen_at_once(index: upstreams.Upstream, server: Upstream) -> None:
    before = await index.page(DEMO)
    server.add("demo-2.0-py3-none-any.whl", b"two")

    after = await index.page(DEMO)

    assert len(after.files) == len(before.files) + 1
    assert after.validator != before.validator
    assert await index.page(DEMO) == after


async def test_a_page_without_a_validator_is_not_kept(
    index: upstreams.Upstream, server: Upstream, tmp_path: Path
) -> None:
    server.validators = False

    await index.page(DEMO)
    await index.page(DEMO)

    assert not (tmp_path / "pages").exists()
    assert all("If-None-Match" not in seen.headers for seen in server.log)


async def test_a_bad_page_is_not_kept(index: upstreams.Upstream, server: Upstream, tmp_path: Path) -> None:
    server.fault("demo", Answer(200, {"Content-Type": JSON, "ETag": '"1"'}, b"{"), times=1)

    with pytest.raises(BadPage):
        await index.page(DEMO)

    assert not (tmp_path / "pages").exists()
    assert (await index.page(DEMO)).files


async def test_a_kept_page_does_not_answer_for_a_silent_upstream(
    index: upstreams.Upstream, server: Upstream
) -> None:
    await index.page(DEMO)
    server.fault("demo", Answer(503))

    with pytest.raises(UpstreamUnavailable):
        await index.page(DEMO)


async def test_without_a_folder_nothing_is_kept(fetcher: Fetcher, server: Upstream) -> None:
    index = upstreams.Upstream(fetcher, server.url)

    assert await index.page(DEMO) == await index.page(DEMO)
    assert all("If-None-Match" not in seen.headers for seen in server.log)


async def test_the_last_slash_of_the_address_may_be_missing(fetcher: Fetcher, server: Upstream) -> None:
    index = upstreams.Upstream(fetcher, server.url.rstrip("/"))

    assert (await index.page(DEMO)).files
    assert server.log[0].path == "/simple/demo/"


# ---------------------------------------------------------------------- files and metadata


async def test_a_file_is_found_by_its_digest(index: upstreams.Upstream) -> None:
    found = await index.find(DEMO, DIGEST)

    assert found is not None
    assert found.filename == WHEEL


async def test_a_digest_that_is_not_listed_is_not_found(index: upstreams.Upstream) -> None:
    assert await index.find(DEMO, parse_digest("0" * 64)) is None
    assert await index.find(parse_project_name("nothing-here"), DIGEST) is None


async def test_a_file_is_read_through(index: upstreams.Upstream) -> None:
    file = await listed(index, WHEEL)

    assert await (await index.open(file)).read() == BODY
    assert await (await index.open(file, Span(10, 20))).read() == BODY[10:20]


async def test_metadata_is_read_beside_the_file(index: upstreams.Upstream, server: Upstream) -> None:
    content = await index.open_metadata(await listed(index, WHEEL))

    assert await content.read() == METADATA
    assert content.is_whole
    assert server.log[-1].path == f"/files/{WHEEL}.metadata"


async def test_metadata_of_a_link_with_a_query_lies_beside_its_path(
    index: upstreams.Upstream, server: Upstream
) -> None:
    file = Distribution(
        WHEEL, DIGEST, metadata_digest=METADATA_DIGEST, source=f"{server.file_url(WHEEL)}?sig=a%2Bb"
    )

    await index.open_metadata(file)

    assert server.log[-1].path == f"/files/{WHEEL}.metadata?sig=a%2Bb"


async def test_metadata_offered_without_a_digest_is_taken(
    index: upstreams.Upstream, server: Upstream
) -> None:
    server.add(WHEEL, BODY, metadata=METADATA, core_metadata=True)

    file = await listed(index, WHEEL)

    assert file.metadata_digest == ""
    assert await (await index.open_metadata(file)).read() == METADATA


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (WrongBytes(), DigestMismatch),
        (Answer(404), NoSuchFile),
        (Answer(403), UpstreamUnavailable),
        (Answer(503), UpstreamUnavailable),
        (ShortBody(10), UpstreamUnavailable),
    ],
)
async def test_metadata_that_is_not_what_was_promised_is_refused_by_name(
    index: upstreams.Upstream, server: Upstream, fault: Fault, error: type[FeedgateError]
) -> None:
    file = await listed(index, WHEEL)
    server.fault(f"{WHEEL}.metadata", fault)

    with pytest.raises(error, match=rf"{WHEEL}\.metadata"):
        await index.open_metadata(file)


async def test_metadata_that_is_not_offered_is_not_asked_for(
    index: upstreams.Upstream, server: Upstream
) -> None:
    file = await listed(index, SDIST)
    asked = len(server.log)

    with pytest.raises(NoSuchFile):
        await index.open_metadata(file)
    assert len(server.log) == asked


async def test_metadata_beyond_its_limit_is_not_read(index: upstreams.Upstream, server: Upstream) -> None:
    file = await listed(index, WHEEL)
    oversize = upstreams.METADATA_LIMIT_BYTES + 1
    server.add(WHEEL, BODY, metadata=b"x" * oversize)

    with pytest.raises(FeedgateError, match="larger than 32 MiB"):
        await index.open_metadata(file)


async def test_what_our_own_store_holds_is_no_file_of_the_upstream(index: upstreams.Upstream) -> None:
    file = Distribution(WHEEL, DIGEST, metadata_digest=METADATA_DIGEST)

    with pytest.raises(NoSuchFile):
        await index.open(file)
    with pytest.raises(NoSuchFile):
        await index.open_metadata(file)


@pytest.mark.parametrize("server", ["json"], indirect=True)  # HTML promises no size
async def test_a_file_that_shrinks_between_page_and_reading_is_told(
    index: upstreams.Upstream, server: Upstream
) -> None:
    file = await listed(index, WHEEL)
    server.add(WHEEL, BODY[:-1])

    with pytest.raises(SizeMismatch, match=WHEEL):
        await index.open(file)


async def test_the_check_asks_the_list_of_projects_once(index: upstreams.Upstream, server: Upstream) -> None:
    await index.check()

    assert [seen.what for seen in server.log] == [""]
