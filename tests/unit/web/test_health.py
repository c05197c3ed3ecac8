"""What machines ask, answered without a token and without a word of what is stored."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from starlette.requests import Request

from feedgate.blobs.store import StorageFull
from feedgate.web.health import Check, Health
from tests.builders.installation import Installation


async def test_a_living_process_says_its_version(installation: Installation) -> None:
    async with installation.client() as client:
        answer = await client.get("/-/live")

    assert answer.json() == {"live": True, "version": "1.2.3"}
    assert answer.headers["Cache-Control"] == "no-store"


async def test_it_is_ready_when_every_part_works(installation: Installation) -> None:
    async with installation.client() as client:
        answer = await client.get("/-/ready")

    assert (answer.status_code, answer.json()) == (
        200,
        {"ready": True, "parts": {"records": "ok", "blobs": "ok"}},
    )


async def sound() -> None:
    pass


async def full() -> None:
    raise StorageFull(Path("/secret/place"))


async def broken() -> None:
    raise RuntimeError("hunter2")


async def silent() -> None:
    await asyncio.sleep(60)


@pytest.mark.parametrize(
    ("probe", "word"), [(full, "storage-full"), (broken, "internal-error"), (silent, "no-answer")]
)
async def test_a_part_that_fails_is_named_by_code_alone(
    probe: Callable[[], Awaitable[None]], word: str
) -> None:
    health = Health((Check("sound", sound), Check("odd", probe)), "1.2.3", patience_seconds=0.05)

    answer = await health.ready(Request({"type": "http"}))

    assert answer.status_code == 503
    assert json.loads(bytes(answer.body)) == {"ready": False, "parts": {"sound": "ok", "odd": word}}


async def test_many_questions_ask_the_parts_once_in_a_while() -> None:
    asked = []

    async def counted() -> None:
        asked.append(1)
        await asyncio.sleep(0.01)

    health = Health((Check("counted", counted),), "1.2.3", fresh_seconds=0.2)
    question = Request({"type": "http"})

    answers = await asyncio.gather(*(health.ready(question) for _ in range(20)))
    assert ({answer.status_code for answer in answers}, len(asked)) == ({200}, 1)

    await asyncio.sleep(0.25)
    await health.ready(question)
    assert len(asked) == 2


async def test_head_is_enough_to_know(installation: Installation) -> None:
    async with installation.client() as client:
        answer = await client.head("/-/ready")

    assert (answer.status_code, answer.content) == (200, b"")
