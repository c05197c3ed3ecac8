"""A feed over real HTTP: pages in two formats, validators, ranges, METADATA, and what must not be asked."""

import gzip
import hashlib
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from feedgate.api.run_bodies import RunCreation
from feedgate.model.access import Role, Scope
from feedgate.model.names import ProjectName, parse_feed_path
from tests.builders.command_line import Server
from tests.builders.sdists import make_sdist
from tests.builders.wheels import make_wheel
from tests.doubles.upstream import Upstream

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
UPSTREAMS_TIME = "2021-05-06T07:08:09.123456Z"


def stock(server: Server, upstream: Upstream, folder: Path, name: str) -> str:
    """Make a feed with an imported wheel, and a wheel and an sdist that came by upload."""
    feed = server.make_feed(name)
    imported = make_wheel(folder / "upstream", "imported", "1.0", requires_python=">=3.8")
    upstream.add(imported.name, imported.read_bytes(), upload_time=UPSTREAMS_TIME)
    run = server.api.create_run(parse_feed_path(feed), RunCreation(requirements=["imported"]), key=feed)
    for _event in server.api.follow(run.body.run):
        pass
    server.upload_files(
        feed,
        make_wheel(folder, "demo", "1.0", requires=["imported"], requires_python=">=3.9"),
        make_sdist(folder, "demo", "1.0"),
    )
    return feed


def client_of(server: Server, feed: str) -> httpx.Client:
    token = server.token("vm", Role.READER, feed, Scope.READ)
    return httpx.Client(base_url=server.simple(feed), auth=("anybody", token))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files lie that the standing feed was given."""
    return tmp_path_factory.mktemp("stock")


@pytest.fixture(scope="module")
def standing(server: Server, upstream: Upstream, folder: Path) -> str:
    """A feed that no test changes."""
    return stock(server, upstream, folder, "Acme/standing")


@pytest.fixture(scope="module")
def client(server: Server, standing: str) -> Iterator[httpx.Client]:
    with client_of(server, standing) as opened:
        yield opened


@pytest.fixture
def changing(server: Server, upstream: Upstream, tmp_path: Path, feed: str) -> str:
    """A feed of the test's own."""
    return stock(server, upstream, tmp_path, f"{feed}-changing")


@pytest.fixture
def own_client(server: Server, changing: str) -> Iterator[httpx.Client]:
    with client_of(server, changing) as opened:
        yield opened


def page(client: httpx.Client, name: str, accept: str = JSON, **headers: str) -> httpx.Response:
    return client.get(f"{name}/", headers={"Accept": accept, **headers})


def files(client: httpx.Client, name: str) -> dict[str, dict[str, object]]:
    return {str(file["filename"]): file for file in page(client, name).json()["files"]}


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (JSON, JSON),
        (HTML, HTML),
        ("text/html", "text/html"),
        ("*/*", "text/html"),
        (f"{JSON};q=0.2, {HTML};q=0.9", HTML),
        (f"{JSON}, {HTML};q=0.1, text/html;q=0.01", JSON),  # as pip asks
        ("application/vnd.pypi.simple.latest+json", JSON),
    ],
)
@pytest.mark.parametrize("path", ["", "demo/"])
def test_pages_come_in_the_format_that_is_asked_for(
    client: httpx.Client, path: str, accept: str, content_type: str
) -> None:
    answer = client.get(path, headers={"Accept": accept})

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].split(";")[0] == content_type
    assert {part.strip() for part in answer.headers["Vary"].split(",")} >= {"Accept", "Authorization"}
    assert answer.headers["Cache-Control"] == "no-cache, private"


def test_a_format_that_nobody_has_is_406(client: httpx.Client) -> None:
    assert page(client, "demo", "image/png").status_code == 406


def test_both_formats_say_the_same_of_each_file(client: httpx.Client) -> None:
    listed = files(client, "demo")
    html = page(client, "demo", HTML).text

    wheel, sdist = listed["demo-1.0-py3-none-any.whl"], listed["demo-1.0.tar.gz"]
    assert (wheel["requires-python"], wheel["yanked"]) == (">=3.9", False)
    assert sdist.get("core-metadata", False) is False
    assert all(file["size"] and file["upload-time"] for file in listed.values())
    for file in listed.values():
        digest = file["hashes"]["sha256"]  # type: ignore[index]  # JSON
        assert f'href="{file["url"]}#sha256={digest}"' in html
    assert 'data-requires-python="&gt;=3.9"' in html
    assert "data-core-metadata" in html


def test_an_imported_file_keeps_the_time_of_its_upload_to_the_upstream(client: httpx.Client) -> None:
    [file] = files(client, "imported").values()

    assert file["upload-time"] == UPSTREAMS_TIME


def test_a_page_is_asked_again_with_its_etag_and_costs_nothing_until_it_changes(
    server: Server, own_client: httpx.Client, changing: str, tmp_path: Path
) -> None:
    etags = {accept: page(own_client, "demo", accept).headers["ETag"] for accept in (JSON, HTML)}
    assert len(set(etags.values())) == 2
    for accept, etag in etags.items():
        again = page(own_client, "demo", accept, **{"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")

    server.upload_files(changing, make_wheel(tmp_path / "more", "demo", "2.0"))

    changed = page(own_client, "demo", **{"If-None-Match": etags[JSON]})
    assert changed.status_code == 200
    assert len(changed.json()["files"]) == 3


def test_a_yank_shows_in_both_formats_with_its_reason(
    server: Server, own_client: httpx.Client, changing: str
) -> None:
    before = page(own_client, "demo").headers["ETag"]
    server.api.yank(parse_feed_path(changing), ProjectName("demo"), "1.0", reason='eats "data" <all>')

    assert {file["yanked"] for file in files(own_client, "demo").values()} == {'eats "data" <all>'}
    html = page(own_client, "demo", HTML).text
    assert html.count('data-yanked="eats &quot;data&quot; &lt;all&gt;"') == 2
    assert page(own_client, "demo").headers["ETag"] != before

    server.api.unyank(parse_feed_path(changing), ProjectName("demo"), "1.0")
    assert {file["yanked"] for file in files(own_client, "demo").values()} == {False}


def test_a_page_is_packed_for_who_asks(client: httpx.Client) -> None:
    with client.stream("GET", "demo/", headers={"Accept": JSON, "Accept-Encoding": "gzip"}) as packed:
        raw = b"".join(packed.iter_raw())
    with client.stream("GET", "demo/", headers={"Accept": JSON, "Accept-Encoding": "identity"}) as plain:
        whole = b"".join(plain.iter_raw())

    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(raw) == whole
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert "Content-Encoding" not in plain.headers
    assert "Accept-Encoding" in packed.headers["Vary"]


def test_the_metadata_beside_a_wheel_is_the_one_inside(client: httpx.Client, folder: Path) -> None:
    wheel = files(client, "demo")["demo-1.0-py3-none-any.whl"]
    address = urljoin(f"{client.base_url}demo/", str(wheel["url"]))

    metadata = client.get(f"{address}.metadata")

    with zipfile.ZipFile(folder / "demo-1.0-py3-none-any.whl") as archive:
        assert metadata.content == archive.read("demo-1.0.dist-info/METADATA")
    assert wheel["core-metadata"] == {"sha256": hashlib.sha256(metadata.content).hexdigest()}
    sdist = files(client, "demo")["demo-1.0.tar.gz"]
    assert client.get(urljoin(f"{client.base_url}demo/", f"{sdist['url']}.metadata")).status_code == 404


def test_a_file_is_had_whole_in_part_and_by_its_head(client: httpx.Client, folder: Path) -> None:
    whole = (folder / "demo-1.0-py3-none-any.whl").read_bytes()
    address = urljoin(
        f"{client.base_url}demo/", str(files(client, "demo")["demo-1.0-py3-none-any.whl"]["url"])
    )

    got = client.get(address)
    assert got.content == whole
    assert got.headers["Cache-Control"] == "max-age=31536000, immutable, private"
    assert got.headers["ETag"] == f'"{hashlib.sha256(whole).hexdigest()}"'

    head = client.head(address)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("Content-Length", "Content-Type", "ETag", "Accept-Ranges"):
        assert head.headers[name] == got.headers[name]

    size = len(whole)
    for asked, expected in (
        ("bytes=0-9", whole[:10]),
        ("bytes=10-", whole[10:]),
        ("bytes=-5", whole[-5:]),
        (f"bytes={size - 1}-{size + 99}", whole[-1:]),
    ):
        part = client.get(address, headers={"Range": asked})
        assert (part.status_code, part.content) == (206, expected), asked
        assert int(part.headers["Content-Length"]) == len(expected)
        assert part.headers["Content-Range"].endswith(f"/{size}")
    behind = client.get(address, headers={"Range": f"bytes={size}-"})
    assert (behind.status_code, behind.headers["Content-Range"]) == (416, f"bytes */{size}")
    unchanged = client.get(address, headers={"If-None-Match": got.headers["ETag"]})
    assert unchanged.status_code == 304


@pytest.mark.parametrize("asked", ["Demo/", "DEMO/", "demo", "Demo"])
def test_another_spelling_leads_to_the_page_on_the_same_server(client: httpx.Client, asked: str) -> None:
    answer = client.get(asked)

    assert answer.status_code == 301
    assert re.fullmatch(r"[./a-z-]+", answer.headers["Location"])
    assert str(answer.url.join(answer.headers["Location"])) == f"{client.base_url}demo/"


def test_links_of_a_moment_stay_in_that_moment(
    server: Server, own_client: httpx.Client, changing: str, tmp_path: Path
) -> None:
    then = server.api.show_feed(parse_feed_path(changing)).body.serial
    server.upload_files(changing, make_wheel(tmp_path / "more", "demo", "2.0"))
    address = server.simple(changing, f"@serial%3A{then}")

    answer = own_client.get(f"{address}demo/", headers={"Accept": JSON})

    names = {file["filename"] for file in answer.json()["files"]}
    assert names == {"demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz"}
    for file in answer.json()["files"]:
        link = urljoin(f"{address}demo/", file["url"])
        assert f"@serial%3A{then}/" in link
        assert own_client.head(link).status_code == 200
    later = urljoin(f"{address}demo/", "../../download/demo/2.0/demo-2.0-py3-none-any.whl")
    assert own_client.get(later).status_code == 404


def test_a_post_to_a_page_says_where_uploads_go(client: httpx.Client, standing: str) -> None:
    for path in ("", "demo/"):
        answer = client.post(path, files={"content": ("demo-1.0.tar.gz", b"x")})

        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
        assert f"/{standing.replace('/', '/_packaging/')}/pypi/upload" in answer.text


def test_no_credential_is_a_challenge_and_never_a_redirect(server: Server, standing: str) -> None:
    for path in ("", "demo/", "no-such-project/"):
        answer = httpx.get(server.simple(standing) + path)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert not [name for name in answer.headers if name.lower().startswith("x-vss")]


def test_the_machines_addresses_need_nobody(server: Server) -> None:
    assert [httpx.get(f"{server.origin}/-/{path}").status_code for path in ("live", "ready")] == [200, 200]
