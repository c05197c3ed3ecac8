"""A body is typed at the door, or an error names the member."""

import pytest

from feedgate.web.bodies import LONGEST_BODY_BYTES
from tests.builders.installation import Installation

FEEDS = "/api/v1/feeds"
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"organization": "a"}', "feed is missing"),
        (b'{"organization": "a", "feed": 5}', "feed: input should be a valid string, not 5"),
        (
            b'{"organization": "a", "feed": "b", "public": "yes"}',
            "public: input should be a valid boolean, not 'yes'",
        ),
        (
            b'{"organization": "a", "feed": "b", "targets": ["x", 7]}',
            "targets.1: input should be a valid string, not 7",
        ),
        (
            b'{"organization": "a", "feed": "b", "uploads": "both"}',
            "uploads: input should be 'internal' or 'look-up'",
        ),
        (b'{"organization": "a", "feed": "b", "colour": 1}', "colour is no member of it"),
        (b"[]", "the whole: input should be an object, not []"),
        (b"null", "the whole"),
        (b"", "invalid JSON"),
        (b"{", "invalid JSON"),
        (b'{"organization": "\\ud800", "feed": "b"}', "invalid JSON"),
        (b'{"organization": "\xff", "feed": "b"}', "invalid JSON"),
        (b'{"organization": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", ""),
    ],
)
async def test_what_is_wrong_is_named_by_its_member(
    installation: Installation, body: bytes, said: str
) -> None:
    async with installation.local() as client:
        answer = await client.post(FEEDS, content=body, headers=JSON)

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "invalid-body")
    assert said in error["message"]


async def test_members_are_listed_for_programs_too(installation: Installation) -> None:
    async with installation.local() as client:
        answer = await client.post(FEEDS, json={"feed": 5, "x": 1})

    assert answer.json()["error"]["facts"]["members"] == ["organization", "feed", "x"]


async def test_a_long_value_is_cut_in_the_message(installation: Installation) -> None:
    async with installation.local() as client:
        answer = await client.post(FEEDS, json={"organization": "a", "feed": ["x" * 10_000]})

    assert len(answer.json()["error"]["message"]) < 300


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
async def test_what_a_page_elsewhere_can_send_is_no_json(
    installation: Installation, content_type: str
) -> None:
    async with installation.local() as client:
        answer = await client.post(
            FEEDS, content=b'{"organization": "a", "feed": "b"}', headers={"Content-Type": content_type}
        )

    assert answer.status_code == 400
    assert "application/json" in answer.json()["error"]["message"]


async def test_json_may_say_its_charset(installation: Installation) -> None:
    async with installation.local() as client:
        answer = await client.post(
            FEEDS,
            content=b'{"organization": "a", "feed": "b"}',
            headers={"Content-Type": "Application/JSON; charset=utf-8"},
        )

    assert answer.status_code == 201


@pytest.mark.parametrize(("size_bytes", "status"), [(LONGEST_BODY_BYTES, 400), (LONGEST_BODY_BYTES + 1, 413)])
async def test_a_body_is_read_up_to_the_limit(
    installation: Installation, size_bytes: int, status: int
) -> None:
    async with installation.local() as client:
        answer = await client.post(FEEDS, content=b" " * size_bytes, headers=JSON)

    assert answer.status_code == status


async def test_nobody_is_told_before_the_body_is_looked_at(installation: Installation) -> None:
    async with installation.client() as client:
        assert (await client.post(FEEDS, content=b"{", headers=JSON)).status_code == 401
