"""The stand-in for Azure Artifacts: its REST interface, its upstream sources, its log and its life."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.builders.foreign_feeds import azure_process
from tests.builders.forms import CONTENT_TYPE, form_of
from tests.builders.working_server import wait_until
from tests.doubles.azure import AzureArtifacts, azure_in_thread
from tests.doubles.azure_calls import (
    COLLABORATOR,
    CONTRIBUTOR,
    PASSWORDS,
    READER,
    get,
    link,
    send,
)
from tests.doubles.azure_log import (
    asked,
    most_at_once,
    most_connections,
    pages_by_project,
    uploads_by_file,
)
from tests.doubles.azure_manners import Manners

MakeWheel = Callable[..., Path]


@pytest.fixture
def azure() -> Iterator[AzureArtifacts]:
    with azure_in_thread(AzureArtifacts(passwords=PASSWORDS)) as served:
        yield served


@pytest.fixture
def wheel(make_wheel: MakeWheel) -> Path:
    return make_wheel("Demo.Thing", "1.0.0", requires_python=">=3.8,<4")


# ---------------------------------------------------------------------------------------- REST


def test_the_rest_interface_says_whether_upstream_sources_are_on(azure: AzureArtifacts) -> None:
    url = f"{azure.rest_url}/_apis/packaging/feeds/PIP-FEED"

    off = get(url).json()
    azure.manners.upstream_sources = True
    on = get(url).json()

    assert (off["name"], off["upstreamEnabled"], off["upstreamSources"]) == ("pip-feed", False, [])
    assert on["upstreamEnabled"] is True
    assert [source["protocol"] for source in on["upstreamSources"]] == ["pypi"]
    azure.manners.supplies_list = False
    assert get(url).status_code == 404


def test_the_rest_interface_lists_packages_page_by_page(azure: AzureArtifacts, make_wheel: MakeWheel) -> None:
    for name, version in [("b", "1.0"), ("b", "1.10"), ("b", "1.9"), ("a.A", "1.0"), ("c", "1.0")]:
        send(azure, make_wheel(name, version), {"name": name})
    url = f"{azure.rest_url}/_apis/packaging/Feeds/{azure.place.feed_guid}/packages"

    first = get(f"{url}?protocolType=pypi&$top=2&$skip=0&includeAllVersions=true").json()
    second = get(f"{url}?protocolType=pypi&$top=2&$skip=2").json()
    third = get(f"{url}?protocolType=pypi&$top=2&$skip=4").json()
    newest = get(f"{url}?protocolType=pypi").json()

    assert [(one["name"], one["normalizedName"]) for one in first["value"]] == [("a.A", "a-a"), ("b", "b")]
    assert [one["version"] for one in first["value"][1]["versions"]] == ["1.10", "1.9", "1.0"]
    assert [one["name"] for one in second["value"]] == ["c"]
    assert third == {"count": 0, "value": []}
    assert [len(one["versions"]) for one in newest["value"]] == [1, 1, 1]
    assert get(f"{url}?protocolType=npm").json()["count"] == 0


def test_a_client_learns_where_resources_are(azure: AzureArtifacts) -> None:
    locations = httpx.options(f"{azure.rest_url}/_apis", auth=READER).json()
    areas = get(f"{azure.rest_url}/_apis/resourceareas").json()

    assert locations["count"] == len(locations["value"])
    assert {one["resourceName"] for one in locations["value"]} == {"Feeds", "Packages"}
    assert areas == {"count": 0, "value": []}


# ---------------------------------------------------------------------------------------- upstream


@pytest.fixture
def with_upstream(azure: AzureArtifacts, wheel: Path) -> AzureArtifacts:
    azure.add_upstream(wheel.name, wheel.read_bytes())
    azure.manners.upstream_sources = True
    return azure


def test_what_only_the_upstream_has_is_listed_while_it_is_on(with_upstream: AzureArtifacts) -> None:
    azure = with_upstream
    url = f"{azure.simple_url}demo-thing/"

    assert get(url).status_code == 200
    assert azure.files() == {}
    assert get(f"{azure.rest_url}/_apis/packaging/feeds/pip-feed/packages").json()["count"] == 0
    azure.manners.upstream_sources = False
    assert get(url).status_code == 404


def test_a_reader_may_have_it_once_somebody_saved_it_by_fetching_it_whole(
    with_upstream: AzureArtifacts, wheel: Path
) -> None:
    azure = with_upstream
    url = link(azure)

    early = get(url)
    ranged = get(url, CONTRIBUTOR, Range="bytes=0-0")
    still = get(url)
    saved = get(url, COLLABORATOR)
    late = get(url)

    assert [one.status_code for one in (early, ranged, still, saved, late)] == [403, 303, 403, 303, 303]
    assert httpx.get(late.headers["Location"]).content == wheel.read_bytes()
    assert list(azure.files()) == [wheel.name]
    azure.manners.upstream_sources = False
    assert get(url).status_code == 303


def test_an_anonymous_reader_saves_nothing(with_upstream: AzureArtifacts) -> None:
    with_upstream.manners.anonymous_reads = True

    assert get(link(with_upstream, auth=None), None).status_code == 403
    assert with_upstream.files() == {}


def test_a_version_of_the_upstream_cannot_be_published(
    with_upstream: AzureArtifacts, wheel: Path, make_wheel: MakeWheel
) -> None:
    azure = with_upstream
    other = make_wheel("demo-thing", "1.0", tag="cp311-none-any")

    refused = [send(azure, other), send(azure, wheel)]
    azure.manners.upstream_sources = False
    taken = send(azure, other)

    assert [one.status_code for one in refused] == [409, 409]
    assert "exists in at least one of the feed's upstream sources" in refused[0].reason_phrase
    assert taken.status_code == 200


def test_internal_versions_hide_those_of_the_upstream(
    with_upstream: AzureArtifacts, make_wheel: MakeWheel
) -> None:
    azure = with_upstream
    internal = make_wheel("demo-thing", "0.9")
    azure.store(internal.name, internal.read_bytes())
    url = f"{azure.simple_url}demo-thing/"

    hidden = get(url).text
    azure.manners.external_versions = True
    shown = get(url).text

    assert (hidden.count("<a "), shown.count("<a ")) == (1, 2)


# ---------------------------------------------------------------------------------------- log and life


def test_the_log_counts_pages_and_connections(azure: AzureArtifacts, wheel: Path) -> None:
    azure.store(wheel.name, wheel.read_bytes())
    azure.manners.delay_seconds = 1.0

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda _: get(f"{azure.simple_url}Demo_Thing/"), range(5)))
    azure.manners.delay_seconds = 0.0
    wait_until(lambda: azure.log.open_connections == 0, 10)
    with httpx.Client(auth=READER) as client:
        for _ in range(3):
            client.get(azure.simple_url)

    assert pages_by_project(azure.seen) == {"demo-thing": 5}
    assert most_at_once(azure.seen) == most_connections(azure.seen) == 5
    assert [one.connections for one in asked(azure.seen, "root")] == [1, 1, 1]
    assert all(one.has_credentials and one.username == "anybody" for one in azure.seen)
    assert "may-read" not in repr(azure.seen)


async def test_it_serves_in_the_loop_of_a_test_too(wheel: Path) -> None:
    async with AzureArtifacts(passwords=PASSWORDS) as azure, httpx.AsyncClient(auth=READER) as client:
        azure.store(wheel.name, wheel.read_bytes())

        assert (await client.get(f"{azure.simple_url}demo-thing/")).status_code == 200


def test_a_folder_keeps_the_feed(tmp_path: Path, wheel: Path, make_wheel: MakeWheel) -> None:
    gone = make_wheel("gone", "1.0")
    with azure_in_thread(AzureArtifacts(passwords=PASSWORDS, folder=tmp_path / "state")) as azure:
        send(azure, wheel)
        send(azure, gone)
        azure.delete("gone", "1.0")

    with azure_in_thread(AzureArtifacts(passwords=PASSWORDS, folder=tmp_path / "state")) as azure:
        assert list(azure.files()) == [wheel.name]
        assert azure.read(wheel.name) == wheel.read_bytes()
        assert send(azure, wheel).status_code == 409
        assert "has been deleted" in send(azure, gone).reason_phrase


def test_it_runs_as_a_process_that_is_told_its_manners_by_a_file(tmp_path: Path, wheel: Path) -> None:
    settings = {
        "passwords": PASSWORDS,
        "project": "Platform",
        "manners": {"anonymous_reads": True},
        "faults": [{"target": "upload", "times": 1, "fails": {"status": 503, "stores_first": True}}],
    }
    with azure_process(tmp_path / "azure", settings) as azure:
        assert azure.upload_url.endswith("/Acme/Platform/_packaging/pip-feed/pypi/upload")
        form = form_of(wheel, {"name": "demo-thing", "version": "1.0.0"})
        headers = {"Content-Type": CONTENT_TYPE}
        sent = [
            httpx.post(azure.upload_url, content=form, headers=headers, auth=CONTRIBUTOR) for _ in range(2)
        ]

        assert [answer.status_code for answer in sent] == [503, 409]
        assert httpx.get(f"{azure.simple_url}demo-thing/").status_code == 200
        assert uploads_by_file(azure.seen) == {wheel.name: 2}
        assert list(azure.files()) == [wheel.name]
        command = Path(f"/proc/{azure.pid}/cmdline").read_bytes()
        assert b"may-publish" not in command

    with pytest.raises(httpx.ConnectError):
        httpx.get(azure.simple_url)


def test_manners_are_as_the_service_s_unless_told(azure: AzureArtifacts) -> None:
    assert azure.manners == Manners()
