"""The run's listener, as a client of its own sees it: what is served, what is noted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import orjson
import pytest

from feedgate.index.loopback import PROOF_HOST, RUN_HOST, Loopback, Mount, link
from feedgate.model.digest import parse_digest
from feedgate.model.distribution import Distribution
from feedgate.model.index import WHOLE, BadPage, Content, NoSuchFile, Span, UpstreamUnavailable
from feedgate.model.names import parse_project_name
from tests.doubles.memory_index import STOCK, MemoryIndex, Stocked, digest_of, stocked_wheel
from tests.doubles.proxy_client import ask

LARGE = STOCK[0]
PYTHON = "3.11.7"
PAGE = f"http://{RUN_HOST}/simple/alpha/"
FILE = f"http://{RUN_HOST}{link(LARGE.file)}"


@pytest.fixture
async def loopback() -> AsyncIterator[Loopback]:
    async with Loopback() as listening:
        yield listening


def mounts(index: MemoryIndex | None = None) -> dict[str, Mount]:
    return {RUN_HOST: Mount(index or MemoryIndex.of(STOCK))}


# --------------------------------------------------------------------------------- what is served


async def test_a_page_leads_to_its_files_and_their_metadata(loopback: Loopback) -> None:
    with loopback.call(mounts(), python=PYTHON) as call:
        page = await ask(call, PAGE)
        (entry, *_) = orjson.loads(page.body)["files"]
        file = await ask(call, f"http://{RUN_HOST}{entry['url']}")
        metadata = await ask(call, f"http://{RUN_HOST}{entry['url']}.metadata")

    assert (page.status, file.status, metadata.status) == (200, 200, 200)
    assert file.body == LARGE.content
    assert metadata.body == LARGE.metadata
    assert LARGE.file.digest in entry["url"]
    assert call.asked == {"alpha"}


async def test_a_page_is_asked_for_anew_each_time_and_a_file_never_again(loopback: Loopback) -> None:
    with loopback.call(mounts(), python=PYTHON) as call:
        page = await ask(call, PAGE)
        again = await ask(call, PAGE, if_none_match=page.headers["etag"])
        file = await ask(call, FILE)

    assert page.headers["cache-control"].startswith("no-cache")
    assert (again.status, again.body) == (304, b"")
    assert "immutable" in file.headers["cache-control"]
    assert not {"last-modified"} & {*page.headers, *file.headers}


async def test_head_and_range_pass_through(loopback: Loopback) -> None:
    with loopback.call(mounts(), python=PYTHON) as call:
        head = await ask(call, FILE, method="HEAD")
        part = await ask(call, FILE, range="bytes=-100")
        behind = await ask(call, FILE, range=f"bytes={len(LARGE.content)}-")
        posted = await ask(call, FILE, method="POST")

    assert (head.status, head.headers["content-length"], head.body) == (200, str(len(LARGE.content)), b"")
    assert (part.status, part.body) == (206, LARGE.content[-100:])
    assert behind.status == 416
    assert (posted.status, posted.headers["allow"]) == (405, "GET, HEAD")


async def test_a_name_with_a_plus_is_found_however_it_is_written(loopback: Loopback) -> None:
    local = next(stocked for stocked in STOCK if "+" in stocked.file.filename)
    plain = link(local.file)

    with loopback.call(mounts(), python=PYTHON) as call:
        seen = [await ask(call, f"http://{RUN_HOST}{path}") for path in (plain, plain.replace("+", "%2B"))]

    assert [response.body for response in seen] == [local.content] * 2


async def test_the_list_of_names_is_served(loopback: Loopback) -> None:
    with loopback.call(mounts(), python=PYTHON) as call:
        listed = await ask(call, f"http://{RUN_HOST}/simple/")

    assert [project["name"] for project in orjson.loads(listed.body)["projects"]] == [
        "alpha",
        "beta",
        "gamma-delta",
    ]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/", id="the-root"),
        pytest.param("/simple", id="no-slash"),
        pytest.param("/simple/alpha", id="a-page-without-its-slash"),
        pytest.param("/simple/alpha/../beta/", id="dots"),
        pytest.param("/simple/%2e%2e/", id="no-name"),
        pytest.param(f"/f/{'0' * 64}/{LARGE.file.filename}", id="another-digest"),
        pytest.param(f"/u/{LARGE.file.filename}", id="no-digest-where-one-is-stated"),
        pytest.param(f"/f/{LARGE.file.digest}/alpha-9.9-py3-none-any.whl", id="a-file-not-listed"),
        pytest.param(f"/f/{LARGE.file.digest}/setup.py", id="no-distribution"),
        pytest.param(f"/f/{LARGE.file.digest}/..%2f..%2fetc%2fpasswd", id="a-path-that-climbs"),
    ],
)
async def test_what_is_not_there_is_404(loopback: Loopback, path: str) -> None:
    with loopback.call(mounts(), python=PYTHON) as call:
        response = await ask(call, f"http://{RUN_HOST}{path}")

    assert response.status == 404
    assert call.unavailable == {}


async def test_an_unknown_name_is_404_and_noted(loopback: Loopback) -> None:
    with loopback.call(mounts(), python=PYTHON) as call:
        response = await ask(call, f"http://{RUN_HOST}/simple/no-such/")

    assert response.status == 404
    assert call.not_found == ["no-such"]
    assert call.asked == {"no-such"}


async def test_each_call_has_its_own_mounts(loopback: Loopback) -> None:
    one = MemoryIndex.of([stocked_wheel("alpha", "1.0")])
    two = MemoryIndex.of([stocked_wheel("alpha", "2.0")])

    with (
        loopback.call({RUN_HOST: Mount(one), PROOF_HOST: Mount(two)}, python="3.11.7") as first,
        loopback.call({RUN_HOST: Mount(two)}, python="3.12.1") as second,
    ):
        bodies = [
            (await ask(first, PAGE)).body,
            (await ask(first, PAGE.replace(RUN_HOST, PROOF_HOST), host=PROOF_HOST)).body,
            (await ask(second, PAGE)).body,
        ]
        elsewhere = await ask(second, PAGE.replace(RUN_HOST, PROOF_HOST), host=PROOF_HOST)

    assert [b"alpha-1.0-" in body for body in bodies] == [True, False, False]
    assert [b"alpha-2.0-" in body for body in bodies] == [False, True, True]
    assert elsewhere.status == 403


# -------------------------------------------------------------------------------- faults upstream


@pytest.mark.parametrize(
    "fault",
    [UpstreamUnavailable("alpha", reason="it answered 503"), BadPage("alpha", reason="not HTML")],
    ids=["no-answer", "no-page"],
)
async def test_a_fault_of_the_upstream_is_502_and_never_404(
    loopback: Loopback, fault: UpstreamUnavailable | BadPage
) -> None:
    name = parse_project_name("alpha")
    with loopback.call(mounts(MemoryIndex(list(STOCK), faults={name: fault})), python=PYTHON) as call:
        page, file = await ask(call, PAGE), await ask(call, FILE)

    assert (page.status, file.status) == (502, 502)
    assert call.unavailable == {name: fault}
    assert call.not_found == []


class Withdrawn(MemoryIndex):
    """Lists what it can not open."""

    async def open(self, file: Distribution, span: Span = WHOLE) -> Content:
        raise NoSuchFile(file.filename, index="withdrawn")

    async def open_metadata(self, file: Distribution) -> Content:
        raise NoSuchFile(file.filename, index="withdrawn")


async def test_a_file_that_is_listed_and_not_there_is_the_indexs_fault(loopback: Loopback) -> None:
    with loopback.call(mounts(Withdrawn.of(STOCK)), python=PYTHON) as call:
        responses = [await ask(call, FILE), await ask(call, f"{FILE}.metadata")]

    assert [response.status for response in responses] == [502, 502]
    assert isinstance(call.unavailable[parse_project_name("alpha")], NoSuchFile)


class BreaksOff(MemoryIndex):
    """Sends the beginning of a file, then fails."""

    async def open(self, file: Distribution, span: Span = WHOLE) -> Content:
        whole = await super().open(file, span)

        async def chunks() -> AsyncIterator[bytes]:
            yield await anext(whole.chunks)
            raise UpstreamUnavailable(file.filename, reason="it closed the connection")

        return replace(whole, chunks=chunks())


async def test_a_file_that_breaks_off_does_not_pass_for_the_whole(loopback: Loopback) -> None:
    with loopback.call(mounts(BreaksOff.of(STOCK)), python=PYTHON) as call:
        with suppress(ConnectionError):
            response = await ask(call, FILE)
            assert len(response.body) < int(response.headers["content-length"])
        after = await ask(call, PAGE)

    assert "closed the connection" in call.unavailable[parse_project_name("alpha")].message
    assert after.status == 200


# ------------------------------------------------------------------------ files without a digest


def without_digest(stocked: Stocked) -> Stocked:
    return replace(stocked, file=replace(stocked.file, digest=None))


async def test_a_file_without_a_digest_is_hashed_once_when_it_is_first_asked_for(loopback: Loopback) -> None:
    index = MemoryIndex.of([without_digest(LARGE)])
    resolved: list[str] = []

    async def resolve(file: Distribution) -> Distribution:
        resolved.append(file.filename)
        await asyncio.sleep(0.01)
        return replace(file, digest=digest_of(LARGE.content))

    with loopback.call({RUN_HOST: Mount(index, resolve_digest=resolve)}, python=PYTHON) as call:
        (entry,) = orjson.loads((await ask(call, PAGE)).body)["files"]
        address = f"http://{RUN_HOST}{entry['url']}"
        responses = await asyncio.gather(ask(call, address), ask(call, address, range="bytes=0-9"))
        later = await ask(call, f"{address}.metadata")

    assert entry["hashes"] == {}
    assert [response.body for response in responses] == [LARGE.content, LARGE.content[:10]]
    assert resolved == [LARGE.file.filename]
    assert responses[0].headers["etag"] == f'"{LARGE.file.digest}"'
    assert later.body == LARGE.metadata
    for response in (*responses, later):
        assert response.headers["cache-control"].startswith("no-cache")


async def test_a_file_that_nobody_can_hash_is_404(loopback: Loopback) -> None:
    with loopback.call(mounts(MemoryIndex.of([without_digest(LARGE)])), python=PYTHON) as call:
        response = await ask(call, f"http://{RUN_HOST}/u/{LARGE.file.filename}")

    assert response.status == 404


async def test_what_a_call_waits_for_ends_with_it(loopback: Loopback) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def resolve(file: Distribution) -> Distribution:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return file

    mount = Mount(MemoryIndex.of([without_digest(LARGE)]), resolve_digest=resolve)
    with loopback.call({RUN_HOST: mount}, python=PYTHON) as call:
        asking = asyncio.ensure_future(ask(call, f"http://{RUN_HOST}/u/{LARGE.file.filename}"))
        await begun.wait()

    await asyncio.wait_for(ended.wait(), 5)
    asking.cancel()
    with suppress(asyncio.CancelledError):
        await asking


def test_a_link_holds_the_digest_and_is_a_plain_path() -> None:
    digest = parse_digest("a" * 64)

    assert link(Distribution("demo-1.0+cpu-py3-none-any.whl", digest)) == (
        f"/f/{digest}/demo-1.0+cpu-py3-none-any.whl"
    )
    assert link(Distribution("a b?c#d%2f.zip", digest)) == f"/f/{digest}/a%20b%3Fc%23d%252f.zip"
    assert link(Distribution("demo-1.0.tar.gz", None)) == "/u/demo-1.0.tar.gz"


async def test_many_connections_at_once_are_all_answered(loopback: Loopback) -> None:
    with loopback.call(mounts(), python=PYTHON) as call:
        responses = await asyncio.gather(*(ask(call, PAGE) for _ in range(150)))

    assert {response.status for response in responses} == {200}
