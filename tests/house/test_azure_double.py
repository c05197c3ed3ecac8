"""The stand-in for Azure Artifacts answers readers as the service is known to answer."""

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.doubles.azure import AzureArtifacts, azure_in_thread
from tests.doubles.azure_calls import (
    COLLABORATOR,
    CONTRIBUTOR,
    PASSWORDS,
    READER,
    get,
    link,
    location,
    send,
)
from tests.doubles.azure_log import (
    asked,
    whole_downloads,
)

MakeWheel = Callable[..., Path]

GUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.fixture
def azure() -> Iterator[AzureArtifacts]:
    with azure_in_thread(AzureArtifacts(passwords=PASSWORDS)) as served:
        yield served


@pytest.fixture
def wheel(make_wheel: MakeWheel) -> Path:
    return make_wheel("Demo.Thing", "1.0.0", requires_python=">=3.8,<4")


# ---------------------------------------------------------------------------------------- pages


def test_without_credentials_everything_is_challenged(azure: AzureArtifacts, wheel: Path) -> None:
    azure.store(wheel.name, wheel.read_bytes())
    urls = (azure.simple_url, f"{azure.simple_url}demo-thing/", link(azure), f"{azure.rest_url}/_apis")

    answers = [get(url, None) for url in urls] + [send(azure, wheel, auth=None)]

    for answer in answers:
        assert answer.status_code == 401
        assert answer.headers.get_list("WWW-Authenticate") == [
            "Bearer authorization_uri=https://sign-in.example/tenant",
            f'Basic realm="{azure.origin}/"',
        ]


@pytest.mark.parametrize(
    "authorization",
    ["Basic", "Basic !", "Basic bm8tY29sb24=", "Basic /w==", "Bearer", "Bearer wrong", "Digest x"],
)
def test_credentials_that_say_nothing_are_challenged(azure: AzureArtifacts, authorization: str) -> None:
    assert get(azure.simple_url, None, Authorization=authorization).status_code == 401


def test_any_user_name_goes_with_a_password_and_a_bearer_token_too(azure: AzureArtifacts) -> None:
    assert get(azure.simple_url, ("", "may-read")).status_code == 200
    assert get(azure.simple_url, ("VssSessionToken", "may-read")).status_code == 200
    assert get(azure.simple_url, None, Authorization="Bearer may-read").status_code == 200


def test_a_feed_open_to_anonymous_readers_challenges_uploads_alone(
    azure: AzureArtifacts, wheel: Path
) -> None:
    azure.manners.anonymous_reads = True
    azure.store(wheel.name, wheel.read_bytes())

    assert get(azure.simple_url, None).status_code == 200
    assert get(link(azure, auth=None), None).status_code == 303
    assert get(azure.simple_url, ("build", "no such password")).status_code == 200
    assert send(azure, wheel, auth=None).status_code == 401


def test_a_role_that_is_too_small_is_told_which_permission_it_lacks(
    azure: AzureArtifacts, wheel: Path
) -> None:
    nothing = get(azure.simple_url, ("build", "may-nothing"))
    uploads = [send(azure, wheel, auth=auth) for auth in (READER, COLLABORATOR)]

    assert nothing.status_code == 403
    assert "You need to have 'ReadPackages'." in nothing.reason_phrase
    for upload in uploads:
        assert upload.status_code == 403
        assert re.match(
            rf"Forbidden - User '{GUID}' lacks permission to complete this action\. "
            r"You need to have 'AddPackage'\. \(DevOps Activity ID: [0-9A-F-]{36}\)$",
            upload.reason_phrase,
        )
    assert azure.files() == {}


def test_the_root_page_is_empty(azure: AzureArtifacts, wheel: Path) -> None:
    azure.store(wheel.name, wheel.read_bytes())

    root = get(azure.simple_url)

    assert root.headers["Content-Type"].startswith("text/html")
    assert "<a" not in root.text


def test_a_page_is_html_with_guid_links_on_another_path_and_no_more_than_that(
    azure: AzureArtifacts, wheel: Path
) -> None:
    azure.store(wheel.name, wheel.read_bytes())
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    directory = f"{azure.origin}/Acme/_packaging/{azure.place.feed_guid}/pypi/download/demo-thing/1"

    page = get(f"{azure.simple_url}demo-thing/", Accept="application/vnd.pypi.simple.v1+json")

    assert page.headers["Content-Type"].startswith("text/html")
    assert re.findall("<a.*</a>", page.text) == [
        f'<a href="{directory}/{wheel.name}#sha256={sha256}" data-requires-python="&gt;=3.8,&lt;4">{wheel.name}</a>'
    ]


@pytest.mark.parametrize(
    ("version", "shown"),
    [
        ("1.28.0", "1.28"),
        ("1.0.0", "1"),
        ("2.0.post1", "2.post1"),
        ("1.20.0.dev20240101", "1.20.dev20240101"),
    ],
)
def test_a_version_in_a_link_has_no_zeros_at_its_end(
    azure: AzureArtifacts, make_wheel: MakeWheel, version: str, shown: str
) -> None:
    wheel = make_wheel("demo-thing", version)
    azure.store(wheel.name, wheel.read_bytes())

    assert f"/demo-thing/{shown}/{wheel.name}" in link(azure)
    assert get(link(azure)).status_code == 303


def test_digests_can_be_left_out(azure: AzureArtifacts, wheel: Path) -> None:
    azure.manners.states_digests = False
    azure.store(wheel.name, wheel.read_bytes())

    assert link(azure).endswith(wheel.name)


def test_names_are_taken_in_any_case_or_as_guids(wheel: Path) -> None:
    feed = AzureArtifacts(passwords=PASSWORDS, project="Data Platform", feed="Pip-Feed")
    with azure_in_thread(feed) as azure:
        azure.store(wheel.name, wheel.read_bytes())
        scopes = (
            "Acme/Data%20Platform/_packaging/Pip-Feed",
            "ACME/data%20platform/_PACKAGING/PIP-FEED",
            f"acme/{azure.place.project_guid}/_packaging/{azure.place.feed_guid.upper()}",
        )
        names = ("demo-thing", "Demo.Thing", "DEMO_THING")

        for scope in scopes:
            for name in names:
                assert get(f"{azure.origin}/{scope}/pypi/simple/{name}/").status_code == 200
                assert get(f"{azure.origin}/{scope}/pypi/simple/{name}").status_code == 200
        assert f"/Acme/{azure.place.project_guid}/_packaging/{azure.place.feed_guid}/" in link(azure)
        assert get(link(azure)).status_code == 303


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/Acme",
        "/Other/_packaging/pip-feed/pypi/simple/",
        "/Acme/_packaging/other/pypi/simple/",
        "/Acme/Platform/_packaging/pip-feed/pypi/simple/",
        "/Acme/_packaging/pip-feed/npm/registry/",
        "/Acme/_packaging/pip-feed/pypi/simple/demo/more/",
        "/Acme/_packaging/pip-feed/pypi/simple/unknown/",
        "/Acme/_packaging/pip-feed/pypi/download/demo/1/demo-1.0-py3-none-any.whl",
        "/Acme/_apis/packaging/feeds/other",
        "/Acme/_apis/nothing/here",
    ],
)
def test_what_is_not_there_is_a_404(azure: AzureArtifacts, path: str) -> None:
    assert get(azure.origin + path).status_code == 404


def test_a_feed_of_a_project_is_not_one_of_the_organization() -> None:
    with azure_in_thread(AzureArtifacts(passwords=PASSWORDS, project="Platform")) as azure:
        assert get(azure.simple_url).status_code == 200
        assert get(azure.simple_url.replace("/Platform", "")).status_code == 404


def test_the_legacy_host_has_the_organization_in_its_name(azure: AzureArtifacts, wheel: Path) -> None:
    azure.store(wheel.name, wheel.read_bytes())
    url = f"{azure.origin}/_packaging/pip-feed/pypi/simple/demo-thing/"

    page = get(url, Host="acme.pkgs.legacy.example")

    assert f'"http://acme.pkgs.legacy.example/_packaging/{azure.place.feed_guid}/pypi/' in page.text


def test_a_view_lists_what_was_promoted_and_takes_no_upload(azure: AzureArtifacts, wheel: Path) -> None:
    azure.store(wheel.name, wheel.read_bytes())
    released = azure.simple_url.replace("pip-feed", "pip-feed@Release")

    before = get(f"{released}demo-thing/")
    azure.contents.promote("demo-thing", "1.0", "Release")
    after = get(f"{released.replace('@', '%40')}demo-thing/")
    upload = send(azure, wheel, url=azure.upload_url.replace("pip-feed", "pip-feed@Release"))

    assert (before.status_code, after.status_code) == (404, 200)
    found = re.search(r'href="([^"]+)"', after.text)
    assert found is not None
    assert re.search(rf"/_packaging/{azure.place.feed_guid}@{GUID}/pypi/download/", found[1])
    assert get(found[1]).status_code == 303
    assert upload.status_code == 400
    assert get(azure.simple_url.replace("pip-feed", "pip-feed@Local") + "demo-thing/").status_code == 200


def test_only_get_and_head_read_and_a_search_is_a_405(azure: AzureArtifacts) -> None:
    assert httpx.post(azure.simple_url, auth=READER, content=b"<methodCall/>").status_code == 405
    assert httpx.put(azure.upload_url, auth=CONTRIBUTOR).status_code == 405
    assert httpx.head(azure.simple_url, auth=READER).status_code == 200


# ---------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("status", [303, 302])
def test_a_file_is_a_redirect_to_a_second_host_that_wants_no_credentials(
    azure: AzureArtifacts, wheel: Path, status: int
) -> None:
    azure.manners.redirect_status = status
    azure.store(wheel.name, wheel.read_bytes())

    first = get(link(azure))
    second = httpx.get(first.headers["Location"])

    assert first.status_code == status
    assert first.content == b""
    assert httpx.URL(first.headers["Location"]).host != httpx.URL(azure.origin).host
    assert second.content == wheel.read_bytes()
    assert whole_downloads(azure.seen) == [wheel.name]


def test_credentials_at_the_second_host_fail_the_request_and_are_seen(
    azure: AzureArtifacts, wheel: Path
) -> None:
    azure.store(wheel.name, wheel.read_bytes())

    answer = httpx.get(location(azure), auth=READER)

    assert answer.status_code == 400
    assert wheel.read_bytes() not in answer.content
    assert [one.has_credentials for one in asked(azure.seen, "storage", wheel.name)] == [True]


def test_a_signature_is_for_one_file_and_for_a_time(azure: AzureArtifacts, wheel: Path) -> None:
    azure.store(wheel.name, wheel.read_bytes())
    signed = location(azure)
    azure.manners.link_seconds = -0.001

    assert httpx.get(signed.replace("sp=r", "sp=rw")).status_code == 403
    assert httpx.get(signed.partition("&sig=")[0]).status_code == 403
    assert httpx.get(location(azure)).status_code == 403
    assert httpx.get(signed).status_code == 200


@pytest.mark.parametrize(
    ("asked_for", "first", "last"),
    [("0-0", 0, 0), ("2-5", 2, 5), ("-3", -3, -1), ("5-", 5, -1), ("0-99999999", 0, -1)],
)
def test_a_part_of_a_file_can_be_had(
    azure: AzureArtifacts, wheel: Path, asked_for: str, first: int, last: int
) -> None:
    body = wheel.read_bytes()
    azure.store(wheel.name, body)
    first, last = first % len(body), last % len(body)

    part = get(location(azure), None, Range=f"bytes={asked_for}")

    assert part.status_code == 206
    assert part.content == body[first : last + 1]
    assert part.headers["Content-Range"] == f"bytes {first}-{last}/{len(body)}"


def test_a_part_past_the_end_is_refused_with_the_size(azure: AzureArtifacts, wheel: Path) -> None:
    azure.store(wheel.name, wheel.read_bytes())
    size = wheel.stat().st_size

    part = get(location(azure), None, Range=f"bytes={size}-")

    assert part.status_code == 416
    assert part.headers["Content-Range"] == f"bytes */{size}"


def test_ranges_can_be_ignored(azure: AzureArtifacts, wheel: Path) -> None:
    azure.manners.takes_ranges = False
    azure.store(wheel.name, wheel.read_bytes())

    answer = get(location(azure), None, Range="bytes=0-0")

    assert (answer.status_code, answer.content) == (200, wheel.read_bytes())


def test_head_on_a_file_is_a_405(azure: AzureArtifacts, wheel: Path) -> None:
    azure.store(wheel.name, wheel.read_bytes())

    assert httpx.head(link(azure), auth=READER).status_code == 405
    assert httpx.head(location(azure)).headers["Content-Length"] == str(wheel.stat().st_size)


def test_there_is_no_metadata_file(azure: AzureArtifacts, wheel: Path) -> None:
    azure.store(wheel.name, wheel.read_bytes())

    assert get(f"{link(azure).partition('#')[0]}.metadata").status_code == 404
