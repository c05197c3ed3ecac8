"""What pip and uv see of a feed."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from feedgate.feed.feeds import set_feed
from feedgate.model.access import Role, Scope
from feedgate.model.digest import Digest
from feedgate.model.download import ClientKind
from feedgate.model.names import FeedPath
from feedgate.model.secret import Secret
from feedgate.records import downloads, tokens
from feedgate.records.feeds import find
from tests.builders.installation import FEED, LOCAL, Installation

SIMPLE = "/acme/_packaging/pip-feed/pypi/simple/"
JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}
WHEEL = "demo-1.0-py3-none-any.whl"
FILE = f"/acme/_packaging/pip-feed/pypi/download/demo/1.0/{WHEEL}"


@pytest.fixture
def wheel(make_wheel: Callable[..., Path]) -> Path:
    return make_wheel("demo", "1.0")


@pytest.fixture
async def stocked(installation: Installation, wheel: Path) -> Installation:
    """The installation with demo 1.0 in its feed."""
    await installation.publish(wheel)
    return installation


@pytest.fixture
def reader(stocked: Installation) -> httpx.AsyncClient:
    return stocked.client(stocked.token("ada", Role.READER, scope=Scope.READ))


async def test_the_list_names_the_projects_and_the_serial(reader: httpx.AsyncClient) -> None:
    answer = await reader.get(SIMPLE, headers=JSON)

    assert answer.json()["projects"] == [{"name": "demo"}]
    assert answer.json()["meta"]["_last-serial"] == 3


async def test_no_accept_header_gives_the_html_page(reader: httpx.AsyncClient) -> None:
    answer = await reader.get(f"{SIMPLE}demo/", headers={"Accept": ""})

    assert answer.headers["Content-Type"].startswith("text/html")
    assert WHEEL in answer.text


async def test_a_link_leads_to_the_bytes_that_the_page_promises(
    reader: httpx.AsyncClient, wheel: Path
) -> None:
    page = await reader.get(f"{SIMPLE}demo/", headers=JSON)
    file = page.json()["files"][0]

    content = await reader.get(str(page.url.join(file["url"])))

    assert not file["url"].startswith(("/", "http"))
    assert content.content == wheel.read_bytes()
    assert hashlib.sha256(content.content).hexdigest() == file["hashes"]["sha256"]
    assert int(content.headers["Content-Length"]) == file["size"]


async def test_the_metadata_lies_beside_the_file(reader: httpx.AsyncClient) -> None:
    page = await reader.get(f"{SIMPLE}demo/", headers=JSON)
    file = page.json()["files"][0]

    metadata = await reader.get(f"{page.url.join(file['url'])}.metadata")

    assert b"Name: demo" in metadata.content
    assert hashlib.sha256(metadata.content).hexdigest() == file["core-metadata"]["sha256"]


async def test_pages_are_asked_again_and_files_are_kept(reader: httpx.AsyncClient) -> None:
    page = await reader.get(f"{SIMPLE}demo/", headers=JSON)
    file = await reader.get(FILE)

    assert page.headers["Cache-Control"] == "no-cache, private"
    assert page.headers["Vary"] == "Accept, Accept-Encoding, Authorization"
    assert file.headers["Cache-Control"] == "max-age=31536000, immutable, private"


async def test_a_page_that_did_not_change_is_a_304_without_a_body(reader: httpx.AsyncClient) -> None:
    page = await reader.get(f"{SIMPLE}demo/", headers=JSON)

    again = await reader.get(f"{SIMPLE}demo/", headers={**JSON, "If-None-Match": page.headers["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == page.headers["ETag"]


async def test_a_publish_is_seen_at_once(
    stocked: Installation, reader: httpx.AsyncClient, make_wheel: Callable[..., Path]
) -> None:
    page = await reader.get(f"{SIMPLE}demo/", headers=JSON)
    await stocked.publish(make_wheel("demo", "1.1"))

    again = await reader.get(f"{SIMPLE}demo/", headers={**JSON, "If-None-Match": page.headers["ETag"]})

    assert again.status_code == 200
    assert again.json()["versions"] == ["1.0", "1.1"]


async def test_an_accept_that_admits_none_of_ours_is_406(reader: httpx.AsyncClient) -> None:
    assert (await reader.get(SIMPLE, headers={"Accept": "application/pdf"})).status_code == 406


@pytest.mark.parametrize("path", [SIMPLE, f"{SIMPLE}demo/", FILE, f"{FILE}.metadata"])
async def test_head_is_get_without_the_body(reader: httpx.AsyncClient, path: str) -> None:
    whole = await reader.get(path)
    head = await reader.head(path)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == whole.headers


async def test_a_range_is_a_206_of_these_bytes(reader: httpx.AsyncClient, wheel: Path) -> None:
    answer = await reader.get(FILE, headers={"Range": "bytes=10-19"})

    assert answer.status_code == 206
    assert answer.content == wheel.read_bytes()[10:20]
    assert answer.headers["Content-Range"] == f"bytes 10-19/{wheel.stat().st_size}"


async def test_a_range_behind_the_end_is_416_with_the_size(reader: httpx.AsyncClient, wheel: Path) -> None:
    answer = await reader.get(FILE, headers={"Range": f"bytes={wheel.stat().st_size}-"})

    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{wheel.stat().st_size}"


@pytest.mark.parametrize("name", ["Demo", "DEMO", "de.mo", "d--e_mo"])
async def test_a_name_that_is_not_normalized_leads_to_the_one_that_is(
    reader: httpx.AsyncClient, name: str
) -> None:
    answer = await reader.get(f"{SIMPLE}{name}/")

    assert answer.status_code == 301
    assert answer.headers["Location"].startswith("../")
    assert answer.headers["Location"].endswith("/")
    assert answer.headers["Location"] == answer.headers["Location"].lower()


@pytest.mark.parametrize(
    ("asked", "found"),
    [(SIMPLE[:-1], SIMPLE), (f"{SIMPLE}demo", f"{SIMPLE}demo/"), (f"{SIMPLE}Demo/", f"{SIMPLE}demo/")],
)
async def test_redirects_end_at_the_page(reader: httpx.AsyncClient, asked: str, found: str) -> None:
    answer = await reader.get(asked, follow_redirects=True)

    assert answer.status_code == 200
    assert answer.url.path == found


async def test_a_redirect_names_no_host(reader: httpx.AsyncClient) -> None:
    answer = await reader.get(
        f"{SIMPLE}Demo/", headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    )

    assert answer.headers["Location"] == "../demo/"


async def test_organization_and_feed_are_found_in_any_case(reader: httpx.AsyncClient) -> None:
    assert (await reader.get("/ACME/_packaging/Pip-FEED/pypi/simple/demo/")).status_code == 200


@pytest.mark.parametrize("at", ["@serial:1", "@serial%3A1"])
async def test_a_moment_of_the_feed_is_as_it_was_then(reader: httpx.AsyncClient, at: str) -> None:
    before = f"/acme/_packaging/pip-feed{at}/pypi/simple/"

    assert (await reader.get(before, headers=JSON)).json()["projects"] == []
    assert (await reader.get(f"{before}demo/")).status_code == 404


async def test_a_moments_links_stay_in_that_moment(reader: httpx.AsyncClient) -> None:
    page = await reader.get("/acme/_packaging/pip-feed@serial:2/pypi/simple/demo/", headers=JSON)
    link = page.url.join(page.json()["files"][0]["url"])

    assert link.path == FILE.replace("pip-feed", "pip-feed@serial:2")
    assert (await reader.get(str(link))).status_code == 200


@pytest.mark.parametrize(
    "view", ["serial:0", "serial:4", "serial:", "serial:x", "serial:1000000000000000", "Local", "Release", ""]
)
async def test_an_unknown_view_is_404(reader: httpx.AsyncClient, view: str) -> None:
    assert (await reader.get(f"/acme/_packaging/pip-feed@{view}/pypi/simple/")).status_code == 404


async def test_an_unknown_project_is_404_and_no_redirect(reader: httpx.AsyncClient) -> None:
    assert (await reader.get(f"{SIMPLE}nothing/")).status_code == 404


@pytest.mark.parametrize(
    "file",
    [
        f"demo/1.1/{WHEEL}",
        f"other/1.0/{WHEEL}",
        "demo/1.0/demo-1.1-py3-none-any.whl",
        "demo/one/demo-1.0-py3-none-any.whl",
        f"demo/{'1' * 5000}/{WHEEL}",
        "demo/1.0/.metadata",
        f"demo/1.0/{WHEEL}.metadata.metadata",
        f"demo/1.0/{WHEEL}.provenance",
        f"demo/1.0/{WHEEL}/",
        f"de%00mo/1.0/{WHEEL}",
    ],
)
async def test_what_is_no_file_of_the_feed_is_404(reader: httpx.AsyncClient, file: str) -> None:
    assert (await reader.get(f"/acme/_packaging/pip-feed/pypi/download/{file}")).status_code == 404


@pytest.mark.parametrize("spelling", ["Demo/1.0", "demo/1.0.0", "DEMO/1"])
async def test_name_and_version_of_a_files_path_are_compared_normalized(
    reader: httpx.AsyncClient, spelling: str
) -> None:
    assert (
        await reader.get(f"/acme/_packaging/pip-feed/pypi/download/{spelling}/{WHEEL}")
    ).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/%2e%2e/%2e%2e/etc/passwd",
        "/acme/_packaging/pip-feed/pypi/download/demo/1.0/..%2f..%2f..%2frecords.sqlite",
        "/acme/_packaging/pip-feed/pypi/download/demo/1.0/%252e%252e%252frecords.sqlite",
        "/acme/_packaging/pip-feed/pypi/download/demo/1.0/%2Fetc%2Fpasswd",
        "/acme/_packaging/pip-feed/pypi/download/..;/..;/..;",
        "/acme/_packaging/%2F%2F/pypi/simple/",
        "/acme/_packaging/..%2f..%2fpip-feed/pypi/simple/",
        "/acme/_packaging/pip-feed/pypi/simple/..;/",
        "/acme/_packaging/pip-feed/pypi/simple/%0d%0aSet-Cookie:x/",
        "/acme/_packaging/pip-feed/pypi/simple/%00/",
        "/acme/_packaging/pip%00feed/pypi/simple/",
        "//evil.example/_packaging/pip-feed/pypi/simple",
        "/acme/project/_packaging/pip-feed/pypi/simple/",
        "/api/v1/feeds/acme/..%2f..%2f",
        "/api/v1/runs/..%2f..%2fetc",
        "/",
    ],
)
async def test_a_path_that_tries_to_climb_finds_nothing(reader: httpx.AsyncClient, path: str) -> None:
    request = reader.build_request("GET", "/")
    request.url = request.url.copy_with(raw_path=path.encode())

    answer = await reader.send(request)

    assert answer.status_code in {400, 404}
    assert "Location" not in answer.headers
    assert "Set-Cookie" not in answer.headers


async def test_a_private_feed_asks_for_a_credential(stocked: Installation) -> None:
    async with stocked.client() as nobody:
        for path in (SIMPLE, f"{SIMPLE}demo/", f"{SIMPLE}nothing/", FILE, SIMPLE.replace("pip", "no")):
            answer = await nobody.get(path)
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"] == 'Basic realm="feedgate"'


async def test_a_public_feed_is_read_without_one_and_with_a_wrong_one(installation: Installation) -> None:
    public = installation.make_feed(FeedPath("acme", "open"), is_public=True)
    simple = f"/{public.organization}/_packaging/{public.feed}/pypi/simple/"

    async with installation.client() as nobody:
        assert (await nobody.get(simple)).status_code == 200
        assert (await nobody.get(simple, auth=("build", "fgt_expired"))).status_code == 200


async def test_a_token_of_another_feed_can_not_tell_what_exists(stocked: Installation) -> None:
    other = stocked.make_feed(FeedPath("acme", "other"))
    async with stocked.client(stocked.token("eve", Role.OWNER, feed=other)) as eve:
        answers = [await eve.get(path) for path in (SIMPLE, f"{SIMPLE}demo/", f"{SIMPLE}no/", FILE)]
        absent = await eve.get(SIMPLE.replace("pip-feed", "no-feed"))

    assert {answer.status_code for answer in (*answers, absent)} == {404}
    assert {answer.text for answer in answers} == {absent.text.replace("no-feed", "pip-feed")}


async def test_a_post_to_a_page_is_405_and_says_where_uploads_go(reader: httpx.AsyncClient) -> None:
    for path in (SIMPLE, f"{SIMPLE}demo/"):
        answer = await reader.post(path)
        assert answer.status_code == 405
        assert answer.headers["Allow"] == "GET, HEAD"
        assert "/acme/_packaging/pip-feed/pypi/upload" in answer.headers["x-feedgate-reason"]


async def test_whole_downloads_are_counted_and_nothing_else(
    stocked: Installation, reader: httpx.AsyncClient
) -> None:
    await reader.get(FILE)
    await reader.get(FILE)
    await reader.head(FILE)
    await reader.get(f"{FILE}.metadata")
    await reader.get(FILE, headers={"Range": "bytes=0-9"})
    etag = (await reader.head(FILE)).headers["ETag"]
    await reader.get(FILE, headers={"If-None-Match": etag})
    stocked.downloads.write()

    with stocked.records.read() as view:
        feed = find(view, FEED)
        assert feed is not None
        assert downloads.total(view, feed.id, WHEEL) == 2


@pytest.mark.parametrize(
    ("asked", "is_noted"),
    [
        pytest.param("bytes=0-9", True, id="from-the-first-byte"),
        pytest.param("bytes=0-", True, id="all-of-it-as-a-part"),
        pytest.param("bytes=1-", False, id="behind-the-first-byte"),
        pytest.param("bytes=-9", False, id="the-end"),
        pytest.param("bytes=999999999-", False, id="behind-the-end"),
    ],
)
async def test_of_a_files_parts_the_first_one_says_that_it_was_fetched(
    stocked: Installation, reader: httpx.AsyncClient, asked: str, is_noted: bool
) -> None:
    await reader.get(FILE, headers={"Range": asked})

    assert bool(fetched_by(stocked)) == is_noted


async def test_a_head_metadata_and_a_file_that_is_unchanged_are_no_fetches(
    stocked: Installation, reader: httpx.AsyncClient
) -> None:
    etag = (await reader.head(FILE)).headers["ETag"]
    await reader.get(f"{FILE}.metadata")
    await reader.get(FILE, headers={"If-None-Match": etag})

    assert fetched_by(stocked) == set()


async def test_a_fetch_is_noted_for_the_token_else_for_the_address(stocked: Installation) -> None:
    set_feed(stocked.records, LOCAL, FEED, is_public=True, now=stocked.clock())
    for client in (
        stocked.client(stocked.token("ada", Role.READER), address="192.0.2.1"),
        stocked.client(address="192.0.2.2"),
        stocked.client(Secret("fgt_" + "A" * 43), address="2001:db8::3"),
    ):
        async with client:
            assert (await client.get(FILE)).status_code == 200
    with stocked.records.read() as view:
        [token] = tokens.all_tokens(view, actor="ada")

    assert fetched_by(stocked) == {
        (ClientKind.TOKEN, token.id, "ada"),
        (ClientKind.ADDRESS, "192.0.2.2", None),
        (ClientKind.ADDRESS, "2001:db8::3", None),
    }


def fetched_by(stocked: Installation) -> set[tuple[ClientKind, str, str | None]]:
    """Return who is noted to have fetched the wheel, after a write."""
    stocked.downloads.write()
    with stocked.records.read() as view:
        feed = find(view, FEED)
        assert feed is not None
        return {
            (one.client.kind, one.client.name, one.actor)
            for one in downloads.fetched_by(view, feed.id, [WHEEL])
        }


async def test_a_file_that_is_listed_and_lost_is_a_fault_of_ours(
    stocked: Installation, reader: httpx.AsyncClient, wheel: Path
) -> None:
    await stocked.blobs.delete(Digest(hashlib.sha256(wheel.read_bytes()).hexdigest()))

    for answer in (await reader.get(FILE), await reader.head(FILE)):
        assert answer.status_code == 502
    assert "lacks the bytes" in (await reader.get(FILE)).text


async def test_an_expired_token_reads_nothing(stocked: Installation) -> None:
    secret = stocked.token("ada", Role.READER, life=timedelta(hours=1))
    async with stocked.client(secret) as client:
        assert (await client.get(SIMPLE)).status_code == 200
        stocked.clock.move(timedelta(hours=1))
        assert (await client.get(SIMPLE)).status_code == 401
