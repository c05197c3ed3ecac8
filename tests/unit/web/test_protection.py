"""A browser is no tool of other people's pages."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders.installation import FEED, Installation

UPLOAD = "/acme/_packaging/pip-feed/pypi/upload"
ONE = "/api/v1/feeds/acme/pip-feed"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://feedgate.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://feedgate.example:8080"},
        {"Origin": "http://feedgate.example@evil.example"},
        {"Origin": ""},
        {"Origin": "http://[evil"},
    ],
)
async def test_a_form_of_another_sites_page_is_refused(
    installation: Installation, make_wheel: Callable[..., Path], headers: dict[str, str]
) -> None:
    wheel = make_wheel("demo", "1.0")
    async with installation.local() as client:
        answers = [
            await client.post(UPLOAD, files={"content": (wheel.name, wheel.read_bytes())}, headers=headers),
            await client.patch(ONE, json={"public": True}, headers=headers),
            await client.delete(f"{ONE}/grants/ada", headers=headers),
        ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert answers[1].json()["error"]["code"] == "cross-site-request"
    assert installation.acts(FEED) == ["feed-created"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://feedgate.example"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://public.example"},
        {"Sec-Fetch-Site": "none"},
    ],
)
async def test_programs_and_our_own_site_may_write(
    installation: Installation, headers: dict[str, str]
) -> None:
    async with installation.local() as client:
        assert (await client.patch(ONE, json={"public": True}, headers=headers)).status_code == 200


async def test_reading_from_elsewhere_is_harmless(installation: Installation) -> None:
    async with installation.local() as client:
        assert (await client.get(ONE, headers={"Sec-Fetch-Site": "cross-site"})).status_code == 200


@pytest.mark.parametrize("path", [ONE, "/acme/_packaging/pip-feed/pypi/simple/", "/-/live", "/nothing"])
async def test_no_answer_runs_anything_in_a_browser(installation: Installation, path: str) -> None:
    async with installation.local() as client:
        headers = (await client.get(path)).headers

    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
