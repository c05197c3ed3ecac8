"""Uploads as twine and uv send them, and as the command does."""

import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from starlette.types import Message

from feedgate.api.bodies import UploadBody
from feedgate.model.access import Role, Scope
from feedgate.web.application import make_application
from tests.builders.installation import FEED, FILE_LIMIT_BYTES, LOCAL_KEY, Installation

UPLOAD = "/acme/_packaging/pip-feed/pypi/upload"
FORM = {"Content-Type": "multipart/form-data; boundary=b"}
API = "/api/v1/feeds/acme/pip-feed/uploads"


@pytest.fixture
def wheel(make_wheel: Callable[..., Path]) -> Path:
    return make_wheel("demo", "1.0")


def content(file: Path) -> dict[str, tuple[str, bytes]]:
    return {"content": (file.name, file.read_bytes())}


@pytest.mark.parametrize("slash", ["", "/"])
async def test_an_upload_is_a_200_in_plain_words(installation: Installation, wheel: Path, slash: str) -> None:
    async with installation.local() as client:
        answer = await client.post(UPLOAD + slash, files=content(wheel))

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text.splitlines()[0] == "demo-1.0-py3-none-any.whl: published"
    assert "demo is now internal to acme/pip-feed" in answer.text


async def test_the_same_bytes_again_are_a_200_and_no_entry(installation: Installation, wheel: Path) -> None:
    await installation.upload(wheel)
    acts = installation.acts(FEED)

    answer = await installation.upload(wheel)

    assert (answer.status_code, installation.acts(FEED)) == (200, acts)
    assert answer.text == "demo-1.0-py3-none-any.whl: already there, with the same bytes\n"


async def test_other_bytes_are_a_409_that_says_so_first(
    installation: Installation, wheel: Path, make_wheel: Callable[..., Path]
) -> None:
    first = wheel.read_bytes()
    await installation.upload(wheel)
    other = make_wheel("demo", "1.0", files={"demo/other.py": "x = 1\n"})

    answer = await installation.upload(other)

    assert answer.status_code == 409
    assert answer.text.startswith("File already exists")
    assert answer.headers["x-feedgate-reason"].startswith("File already exists")
    async with installation.local() as client:
        kept = await client.get(f"/acme/_packaging/pip-feed/pypi/download/demo/1.0/{wheel.name}")
    assert kept.content == first


async def test_the_api_says_what_became_of_it(installation: Installation, wheel: Path) -> None:
    async with installation.local() as client:
        first = await client.post(API, files=content(wheel))
        again = await client.post(API, files=content(wheel))

    body = UploadBody.model_validate_json(first.text)
    assert (body.state, body.serial, body.origin) == ("published", 2, "internal")
    assert body.sha256 == hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert (again.json()["state"], again.json()["serial"]) == ("already-present", None)


async def test_only_an_imported_upload_asks_the_upstream(
    installation: Installation, wheel: Path, make_wheel: Callable[..., Path]
) -> None:
    async with installation.local() as client:
        await client.post(API, files=content(wheel), params={"imported": "false"})
        assert installation.listing.asked == []

        await client.post(API, files=content(make_wheel("other", "1.0")), params={"imported": "true"})
        assert installation.listing.asked == ["other"]


async def test_an_upstream_that_does_not_answer_is_a_503_and_nothing_is_spent(
    installation: Installation, wheel: Path
) -> None:
    installation.listing.is_away = True
    async with installation.local() as client:
        answer = await client.post(API, files=content(wheel), params={"imported": "true"})
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0

        assert (await client.post(API, files=content(wheel))).json()["state"] == "published"


async def test_a_read_token_may_not_upload(installation: Installation, wheel: Path) -> None:
    secret = installation.token("ci", Role.CONTRIBUTOR, scope=Scope.READ)

    answer = await installation.upload(wheel, secret)

    assert answer.status_code == 403
    assert "write" in answer.text
    assert "uploaded" not in installation.acts(FEED)


async def test_who_may_not_is_told_before_a_byte_is_read(installation: Installation) -> None:
    async with installation.client(installation.token("ada", Role.READER)) as client:
        answer = await client.post(UPLOAD, content=Unread(), headers=FORM)

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("content_type", "body", "reason"),
    [
        ("application/json", b"{}", "multipart/form-data"),
        ("multipart/form-data", b"", "boundary"),
        ("multipart/form-data; boundary=b", b"", "cut short"),
        ("multipart/form-data; boundary=b", b"--b--\r\n", "no field content"),
        ("multipart/form-data; boundary=b", b"not a form", "multipart"),
    ],
)
async def test_what_is_no_form_is_a_400_with_the_reason(
    installation: Installation, content_type: str, body: bytes, reason: str
) -> None:
    async with installation.local() as client:
        answer = await client.post(UPLOAD, content=body, headers={"Content-Type": content_type})

    assert answer.status_code == 400
    assert reason in answer.text


async def test_a_file_above_the_limit_is_a_413(installation: Installation) -> None:
    big = {"content": ("demo-1.0-py3-none-any.whl", b"x" * (FILE_LIMIT_BYTES + 1))}
    async with installation.local() as client:
        answer = await client.post(UPLOAD, files=big)

    assert answer.status_code == 413
    assert str(FILE_LIMIT_BYTES) in answer.text


@pytest.mark.parametrize(
    "filename",
    [
        "../demo-1.0-py3-none-any.whl",
        "/demo-1.0-py3-none-any.whl",
        "..%2fdemo-1.0-py3-none-any.whl",
        "demo-1.0-py3-none-any.whl\x00",
        "demo-1.0-py3-none-any.whl\r\nX-Injected: 1",
        "demo\u202e-1.0-py3-none-any.whl",
        f"demo-1.0-py3-{'n' * 300}-any.whl",
        "demo.exe",
        "",
    ],
)
async def test_a_hostile_file_name_is_refused_and_spends_nothing(
    installation: Installation, wheel: Path, filename: str
) -> None:
    head = 'Content-Disposition: form-data; name="content"; filename="'
    body = b"--b\r\n" + (head + filename).encode() + b'"\r\n\r\n' + wheel.read_bytes() + b"\r\n--b--\r\n"
    async with installation.local() as client:
        answer = await client.post(UPLOAD, content=body, headers=FORM)

    assert answer.status_code == 400
    assert "x-injected" not in answer.headers
    assert installation.acts(FEED) == ["feed-created"]


async def test_views_take_no_uploads(installation: Installation, wheel: Path) -> None:
    async with installation.local() as client:
        answer = await client.post(UPLOAD.replace("pip-feed", "pip-feed@serial:1"), files=content(wheel))

    assert answer.status_code == 400


async def test_a_refusal_by_policy_is_403_an_entry_and_readable(
    installation: Installation, make_wheel: Callable[..., Path]
) -> None:
    answer = await installation.upload(make_wheel("demo", "1.0", record="missing"))

    assert answer.status_code == 403
    assert "RECORD" in answer.text
    assert installation.acts(FEED) == ["feed-created", "refused"]


async def test_a_client_that_goes_away_leaves_nothing(installation: Installation, wheel: Path) -> None:
    head = (
        b'--b\r\nContent-Disposition: form-data; name="content"; filename="demo-1.0-py3-none-any.whl"\r\n\r\n'
    )
    messages: list[Message] = [
        {"type": "http.request", "body": head, "more_body": True},
        {"type": "http.request", "body": wheel.read_bytes()[:50], "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": UPLOAD,
        "query_string": b"",
        "headers": [
            (b"content-type", FORM["Content-Type"].encode()),
            (b"authorization", f"Bearer {LOCAL_KEY.reveal()}".encode()),
        ],
    }
    await make_application(installation.parts)(scope, receive, send)

    assert (messages, sent) == ([], [])
    assert installation.acts(FEED) == ["feed-created"]
    assert list((installation.root / "blobs" / "incoming").iterdir()) == []


class Unread(httpx.AsyncByteStream):
    """A body that nobody may read."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in (b"never",):
            assert not chunk, "the body was read"
            yield chunk
