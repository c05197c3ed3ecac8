"""Passports over the API: for the feed's readers; who asked, for those who may read its history."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from feedgate.api.passport_bodies import PassportBody
from feedgate.model.access import Role, Scope
from feedgate.model.names import FeedPath
from tests.builders.installation import Installation

WHEEL = "demo-1.0-py3-none-any.whl"
PUBLIC = FeedPath("acme", "public")


def bodies(answer: httpx.Response) -> list[PassportBody]:
    assert answer.status_code == 200, answer.text
    return [PassportBody.model_validate_json(line) for line in answer.text.splitlines()]


async def ask(client: httpx.AsyncClient, subject: str, feed: str = "acme/pip-feed") -> httpx.Response:
    return await client.get(f"/api/v1/feeds/{feed}/passport/{subject}")


async def test_an_uploaded_file_says_who_brought_it_and_what_was_found(
    installation: Installation, make_wheel: Callable[..., Path]
) -> None:
    token = installation.token("ada", Role.CONTRIBUTOR)
    assert (await installation.upload(make_wheel("demo", "1.0"), token)).status_code == 200
    async with installation.local() as client:
        [body] = bodies(await ask(client, "demo==1.0"))

    assert (body.project, body.version, body.filename) == ("demo", "1.0", WHEEL)
    assert (body.origin.value, body.upstream, body.yanked) == ("internal", None, None)
    assert body.arrival is not None
    assert (body.arrival.act, body.arrival.actor, body.arrival.run) == ("uploaded", "ada", None)
    assert body.published_at == installation.clock()
    assert ("archive", []) in [(one.inspector, one.findings) for one in body.inspections]
    assert (body.decision, body.advisories) == (None, None)


@pytest.mark.parametrize("spelling", ["demo==1.0", "Demo==1.0.0", WHEEL, "digest", "DIGEST"])
async def test_a_file_is_found_by_release_name_and_digest(
    installation: Installation, make_wheel: Callable[..., Path], spelling: str
) -> None:
    await installation.publish(make_wheel("demo", "1.0"))
    await installation.publish(make_wheel("other", "1.0"))
    async with installation.local() as client:
        [whole] = bodies(await ask(client, WHEEL))
        subject = {"digest": whole.sha256, "DIGEST": whole.sha256.upper()}.get(spelling, spelling)
        assert bodies(await ask(client, subject)) == [whole]
