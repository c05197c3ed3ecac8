"""The stand-in for Azure Artifacts takes uploads as the service is known to, and fails when told to."""

import hashlib
import re
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.builders.forms import CONTENT_TYPE, form_of
from tests.doubles.azure import AzureArtifacts, azure_in_thread
from tests.doubles.azure_calls import (
    CONTRIBUTOR,
    PASSWORDS,
    READER,
    get,
    link,
    location,
    raw_answer,
    send,
)
from tests.doubles.azure_log import (
    asked,
    uploads_by_file,
    whole_downloads,
)
from tests.doubles.azure_manners import Cuts, Fails, Redirects, Waits

MakeWheel = Callable[..., Path]


@pytest.fixture
def azure() -> Iterator[AzureArtifacts]:
    with azure_in_thread(AzureArtifacts(passwords=PASSWORDS)) as served:
        yield served


@pytest.fixture
def wheel(make_wheel: MakeWheel) -> Path:
    return make_wheel("Demo.Thing", "1.0.0", requires_python=">=3.8,<4")


# ---------------------------------------------------------------------------------------- uploads


@pytest.mark.parametrize("slash", ["", "/"])
def test_an_upload_is_kept_whole(azure: AzureArtifacts, make_wheel: MakeWheel, slash: str) -> None:
    wheel = make_wheel("demo-thing", "1.0.0", files={"demo_thing/big.bin": bytes(3_000_000)})

    fields = {"requires_python": ">=3.9", "description": "long " * 400_000}

    answer = send(azure, wheel, fields, url=azure.upload_url + slash)

    assert answer.status_code == 200
    assert azure.read(wheel.name) == wheel.read_bytes()
    assert azure.files() == {wheel.name: hashlib.sha256(wheel.read_bytes()).hexdigest()}
    assert 'data-requires-python="&gt;=3.9"' in get(f"{azure.simple_url}demo-thing/").text
    assert list(azure.contents.blob("").glob("incoming-*")) == []


def test_a_file_that_is_there_is_a_conflict_with_the_text_in_the_reason_phrase(
    azure: AzureArtifacts, wheel: Path
) -> None:
    send(azure, wheel)

    again = send(azure, wheel)

    words = f"The feed 'pip-feed' already contains file '{wheel.name}' in package 'demo-thing 1.0.0'."
    assert again.status_code == 409
    assert re.fullmatch(
        rf"Conflict - {re.escape(words)} \(DevOps Activity ID: [0-9A-F-]{{36}}\)", again.reason_phrase
    )
    body = again.json()
    assert body["message"] == words
    assert set(body) == {
        *("$id", "innerException", "message", "typeName", "typeKey", "errorCode", "eventId"),
    }


def test_other_bytes_under_the_name_change_nothing(
    azure: AzureArtifacts, wheel: Path, tmp_path: Path
) -> None:
    send(azure, wheel)
    other = tmp_path / wheel.name
    other.write_bytes(wheel.read_bytes() + b"\0")

    assert send(azure, other).status_code == 409
    assert azure.read(wheel.name) == wheel.read_bytes()


def test_a_deleted_version_is_gone_and_never_taken_again(
    azure: AzureArtifacts, wheel: Path, make_wheel: MakeWheel
) -> None:
    send(azure, wheel)
    file = link(azure)
    azure.delete("Demo_Thing", "1")

    refused = [send(azure, wheel), send(azure, make_wheel("demo-thing", "1.0", tag="cp311-none-any"))]

    for answer in refused:
        assert answer.status_code == 409
        assert "in feed 'pip-feed' has been deleted, and cannot be republished" in answer.reason_phrase
    assert get(f"{azure.simple_url}demo-thing/").status_code == 404
    assert get(file).status_code == 404
    assert azure.files() == {}
    assert send(azure, make_wheel("demo-thing", "1.0.1")).status_code == 200


def test_an_owner_brings_a_deleted_version_back(azure: AzureArtifacts, wheel: Path) -> None:
    azure.store(wheel.name, wheel.read_bytes())
    azure.delete("demo-thing", "1.0.0")

    azure.restore("demo-thing", "1.0.0")

    assert httpx.get(location(azure)).content == wheel.read_bytes()


@pytest.mark.parametrize("status", [200, 400, 403])
def test_the_ways_to_say_exists_can_be_chosen(azure: AzureArtifacts, wheel: Path, status: int) -> None:
    azure.manners.exists_status = azure.manners.deleted_status = status
    send(azure, wheel)

    there = send(azure, wheel)
    azure.delete("demo-thing", "1.0")
    gone = send(azure, wheel)

    assert there.status_code == gone.status_code == status
    assert "already contains file" in there.reason_phrase
    assert "has been deleted" in gone.reason_phrase


@pytest.mark.parametrize(
    ("stated", "expected"),
    [("1.0", 200), ("2.1", 200), ("2.2", 400), ("2.4", 400), ("9.9", 400), ("", 400)],
)
def test_metadata_above_what_the_feed_supports_is_refused_with_what_it_does_support(
    azure: AzureArtifacts, wheel: Path, stated: str, expected: int
) -> None:
    azure.manners.newest_metadata = "2.1"

    answer = send(azure, wheel, {"metadata_version": stated})

    assert answer.status_code == expected
    if expected == 400:
        words = f"Metadata version '{stated}' is unsupported. Supported versions are: 1.0,1.1,1.2,2.0,2.1."
        assert answer.json()["message"] == words
        assert words in answer.reason_phrase
        assert azure.files() == {}


@pytest.mark.parametrize(("spare", "expected"), [(0, 200), (-1, 413)])
def test_a_file_may_be_as_large_as_the_limit(
    azure: AzureArtifacts, wheel: Path, spare: int, expected: int
) -> None:
    azure.manners.size_limit_bytes = wheel.stat().st_size + spare

    assert send(azure, wheel).status_code == expected
    assert len(azure.files()) == (expected == 200)


@pytest.mark.parametrize(
    "fields",
    [
        {"sha256_digest": "0" * 64},
        {"md5_digest": "0" * 32},
        {":action": "submit"},
        {"name": "another"},
        {"name": "not valid!"},
        {"version": "1.0.1"},
        {"version": "one"},
    ],
)
def test_a_form_that_contradicts_its_file_is_refused(
    azure: AzureArtifacts, wheel: Path, fields: dict[str, str]
) -> None:
    answer = send(azure, wheel, fields)

    assert answer.status_code == 400
    assert answer.json()["typeKey"] == "InvalidPackageException"
    assert azure.files() == {}
    assert list(azure.contents.blob("").glob("incoming-*")) == []


def test_what_is_no_form_is_refused(azure: AzureArtifacts) -> None:
    plain = httpx.post(azure.upload_url, auth=CONTRIBUTOR, content=b"x")
    empty = httpx.post(azure.upload_url, auth=CONTRIBUTOR, files={"other": ("x", b"x")})

    assert (plain.status_code, empty.status_code) == (400, 400)


def test_an_upload_that_is_cut_off_leaves_nothing(azure: AzureArtifacts, wheel: Path) -> None:
    form = form_of(wheel, {"name": "demo-thing", "version": "1.0.0"})
    head = (
        f"POST {httpx.URL(azure.upload_url).path} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic OnBhc3M=\r\n"
        f"Content-Type: {CONTENT_TYPE}\r\nContent-Length: {len(form)}\r\n\r\n"
    ).replace("OnBhc3M=", "Om1heS1wdWJsaXNo")
    with socket.create_connection(("127.0.0.1", httpx.URL(azure.origin).port or 0)) as client:
        client.sendall(head.encode() + form[:-500])
        client.shutdown(socket.SHUT_WR)
        client.settimeout(10)
        while client.recv(65536):
            pass

    assert azure.files() == {}
    assert list(azure.contents.blob("").glob("incoming-*")) == []


def test_a_page_may_show_an_upload_only_later(azure: AzureArtifacts, wheel: Path) -> None:
    azure.manners.page_delay_seconds = 3600
    send(azure, wheel)

    assert get(f"{azure.simple_url}demo-thing/").status_code == 404
    assert send(azure, wheel).status_code == 409
    azure.manners.page_delay_seconds = 0
    assert get(f"{azure.simple_url}demo-thing/").status_code == 200


def test_of_many_at_once_with_the_same_name_one_is_taken(azure: AzureArtifacts, wheel: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(answer.status_code for answer in pool.map(lambda _: send(azure, wheel), range(8)))

    assert statuses == [200] + [409] * 7


# ---------------------------------------------------------------------------------------- faults


def test_a_503_may_have_stored_the_file_so_that_the_retry_meets_a_conflict(
    azure: AzureArtifacts, wheel: Path
) -> None:
    azure.fault(f"upload:{wheel.name}", Fails(503, stores_first=True), times=1)

    assert [send(azure, wheel).status_code for _ in range(2)] == [503, 409]
    assert azure.read(wheel.name) == wheel.read_bytes()


def test_faults_of_one_target_come_in_turn_and_end(azure: AzureArtifacts, wheel: Path) -> None:
    azure.fault("upload", Fails(429, retry_after="1"), times=2)
    azure.fault("upload", Fails(500), times=1)

    answers = [send(azure, wheel) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [429, 429, 500, 200]
    assert answers[0].headers["Retry-After"] == "1"
    assert uploads_by_file(azure.seen) == {wheel.name: 4}


def test_a_fault_is_of_one_thing_alone(azure: AzureArtifacts, wheel: Path, make_wheel: MakeWheel) -> None:
    other = make_wheel("other", "1.0")
    azure.fault("upload:demo-thing", Fails(400, "This package is not wanted."))
    azure.fault("page:other", Fails(500), times=1)

    refused, taken = send(azure, wheel), send(azure, other)

    assert refused.status_code == 400
    assert refused.json()["message"] == "This package is not wanted."
    assert taken.status_code == 200
    assert [get(f"{azure.simple_url}other/").status_code for _ in range(2)] == [500, 200]
    azure.behave()
    assert send(azure, wheel).status_code == 200


def test_words_go_out_as_hostile_as_they_are(azure: AzureArtifacts, wheel: Path) -> None:
    words = "##vso[task.setvariable variable=x]y \x1b[31mred\r\n::error::no"
    azure.fault("upload", Fails(400, words), times=1)
    azure.fault("upload", Fails(400, "short", body=f"{words}\n##[error]two\n"), times=1)

    first, second = raw_answer(azure, wheel), raw_answer(azure, wheel)

    line = first.partition(b"\r\n")[0]
    assert b"##vso[task.setvariable variable=x]y \x1b[31mred ::error::no" in line
    assert b'"message":"##vso[task.setvariable variable=x]y' in first
    assert second.endswith(f"{words}\n##[error]two\n".encode())


@pytest.mark.parametrize("stores_first", [False, True])
def test_a_connection_is_cut_without_a_word(azure: AzureArtifacts, wheel: Path, stores_first: bool) -> None:
    azure.fault("upload", Cuts(stores_first=stores_first), times=1)

    with pytest.raises(httpx.RemoteProtocolError):
        send(azure, wheel)

    assert bool(azure.files()) is stores_first
    assert [one.status for one in asked(azure.seen, "upload")] == [None]


def test_a_file_and_a_page_can_be_cut_in_the_middle(azure: AzureArtifacts, wheel: Path) -> None:
    azure.store(wheel.name, wheel.read_bytes())
    signed = location(azure)
    azure.fault("storage", Cuts(sent_bytes=10), times=1)
    azure.fault("page", Cuts(sent_bytes=10), times=1)

    for url, auth in ((signed, None), (f"{azure.simple_url}demo-thing/", READER)):
        with pytest.raises(httpx.RemoteProtocolError, match="10 bytes"):
            get(url, auth)
        assert get(url, auth).status_code == 200
    assert [one.sent_bytes for one in asked(azure.seen, "storage")] == [10, wheel.stat().st_size]
    assert whole_downloads(azure.seen) == [wheel.name]


def test_whatever_is_asked_can_be_slow(azure: AzureArtifacts, wheel: Path) -> None:
    azure.store(wheel.name, wheel.read_bytes())
    urls = {
        "page": f"{azure.simple_url}demo-thing/",
        "download": link(azure),
        "storage": location(azure),
        "rest": f"{azure.rest_url}/_apis",
        "root": azure.simple_url,
    }
    for target in urls:
        azure.fault(target, Waits(3600), times=1)

    for target, url in urls.items():
        auth = None if target == "storage" else READER
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(url, auth=auth, timeout=0.2)
        assert httpx.get(url, auth=auth).status_code < 400


@pytest.mark.parametrize("status", [302, 307, 308])
def test_an_upload_can_be_sent_elsewhere(azure: AzureArtifacts, wheel: Path, status: int) -> None:
    elsewhere = f"{azure.upload_url}/"
    azure.fault("upload", Redirects(elsewhere, status), times=1)

    answer = send(azure, wheel)

    assert (answer.status_code, answer.headers["Location"]) == (status, elsewhere)
    assert azure.files() == {}


def test_a_page_can_be_one_to_sign_in_on(azure: AzureArtifacts, wheel: Path) -> None:
    azure.store(wheel.name, wheel.read_bytes())
    sign_in = Fails(203, body="<html>Sign in</html>", content_type="text/html")
    azure.fault("page:demo-thing", sign_in, times=1)
    azure.fault("page:demo-thing", Redirects("/_signin"), times=1)

    pages = [get(f"{azure.simple_url}demo-thing/") for _ in range(3)]

    assert [page.status_code for page in pages] == [203, 302, 200]
    assert (pages[0].text, pages[0].headers["Content-Type"]) == ("<html>Sign in</html>", "text/html")


def test_an_upload_that_waits_is_taken_afterwards(azure: AzureArtifacts, wheel: Path) -> None:
    azure.fault("upload:demo-thing", Waits(0.3), times=1)

    begun = time.monotonic()
    answer = send(azure, wheel)

    assert answer.status_code == 200
    assert time.monotonic() - begun >= 0.3
