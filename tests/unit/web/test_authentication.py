"""A credential makes a caller; a wrong one makes nobody, and waits."""

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from feedgate.access.attempts import Attempts
from feedgate.model.access import ANONYMOUS, Caller, Role, Scope
from feedgate.model.secret import Secret
from feedgate.records.tokens import all_tokens
from feedgate.web.authentication import Door
from tests.builders.installation import LOCAL_KEY, Installation

FEED = "/api/v1/feeds/acme/pip-feed"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@dataclass(slots=True)
class Waits:
    """A door at which nobody really waits; ``seconds`` are those for which answers were to wait."""

    door: Door
    seconds: list[float]

    async def knock(self, secret: str, *, address: str = "192.0.2.7") -> Caller:
        return await self.door.admit(f"Bearer {secret}", address)


@pytest.fixture
def waits(installation: Installation) -> Waits:
    seconds: list[float] = []

    async def note(delay: float) -> None:
        seconds.append(delay)

    parts = installation.parts
    door = Door(parts.records, LOCAL_KEY, Attempts(), parts.clock, parts.downloads.used, pause=note)
    return Waits(door, seconds)


async def test_the_key_of_the_data_directory_is_an_administrator(installation: Installation) -> None:
    async with installation.local() as client:
        assert (await client.get("/api/v1/ledger")).status_code == 200


async def test_without_a_data_directory_no_key_opens(installation: Installation) -> None:
    installation.parts = replace(installation.parts, local_key=None)
    async with installation.local() as client:
        assert (await client.get(FEED)).status_code == 401


@pytest.mark.parametrize("empty", ["Bearer ", "Bearer", "Basic Og==", "Basic ", ""])
async def test_an_empty_credential_is_never_the_key(installation: Installation, empty: str) -> None:
    installation.parts = replace(installation.parts, local_key=Secret(""))
    async with installation.client() as client:
        assert (await client.get(FEED, headers={"Authorization": empty})).status_code == 401


@pytest.mark.parametrize("user", ["", "build", "ünï"])
async def test_basic_takes_any_user_name(installation: Installation, user: str) -> None:
    secret = installation.token("ada", Role.READER).reveal()
    async with installation.client() as client:
        answer = await client.get(FEED, headers={"Authorization": basic(user, secret)})

    assert answer.json()["role"] == "reader"


async def test_bearer_is_told_without_regard_to_case(installation: Installation) -> None:
    secret = installation.token("ada", Role.READER).reveal()
    async with installation.client() as client:
        assert (await client.get(FEED, headers={"Authorization": f"bEARER {secret}"})).status_code == 200


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(str.upper, id="upper-case"),
        pytest.param(lambda secret: secret[:-1], id="cut"),
        pytest.param(lambda secret: secret + "A", id="longer"),
        pytest.param(lambda secret: secret.removeprefix("fgt_"), id="no-prefix"),
        pytest.param(lambda secret: secret + "\N{NO-BREAK SPACE}", id="with-a-space"),
    ],
)
async def test_a_token_that_is_not_exact_is_none(
    installation: Installation, spoil: Callable[[str], str]
) -> None:
    wrong = spoil(installation.token("ada", Role.READER).reveal())
    async with installation.client() as client:
        answer = await client.get(FEED, headers={"Authorization": basic("x", wrong)})

    assert answer.status_code == 401
    assert wrong not in answer.text


async def test_a_credential_of_ten_megabytes_is_a_wrong_one(installation: Installation) -> None:
    async with installation.client(Secret("f" * 10_000_000)) as client:
        assert (await client.get(FEED)).status_code == 401


async def test_a_revoked_token_is_refused_at_once(installation: Installation) -> None:
    secret = installation.token("ada", Role.READER)
    async with installation.client(secret) as ada, installation.local() as local:
        token = (await ada.get("/api/v1/tokens")).json()["id"]
        assert (await local.delete(f"/api/v1/tokens/{token}")).status_code == 200

        assert (await ada.get(FEED)).status_code == 401


async def test_wrong_credentials_wait_after_five_in_a_row(waits: Waits) -> None:
    for _ in range(8):
        assert await waits.knock("wrong") == ANONYMOUS

    assert waits.seconds[:5] == [0, 0, 0, 0, 0]
    assert all(seconds > 0 for seconds in waits.seconds[5:])


async def test_a_thousand_wrong_ones_wait_no_longer_than_the_limit(waits: Waits) -> None:
    for _ in range(1000):
        assert await waits.knock("wrong") == ANONYMOUS

    assert max(waits.seconds) == Attempts().longest_seconds


async def test_calls_without_a_credential_count_nothing(waits: Waits) -> None:
    for _ in range(20):
        assert await waits.door.admit(None, "192.0.2.7") == ANONYMOUS
    await waits.knock("wrong")

    assert waits.seconds == [0]


async def test_a_valid_token_is_not_slowed_by_wrong_ones_before_it(
    installation: Installation, waits: Waits
) -> None:
    secret = installation.token("ada", Role.READER)
    for _ in range(50):
        await waits.knock("wrong")
    waits.seconds.clear()

    assert (await waits.knock(secret.reveal())).actor == "ada"
    assert waits.seconds == []


async def test_one_addresses_wrong_credentials_are_not_another_ones(waits: Waits) -> None:
    for _ in range(9):
        await waits.knock("wrong", address="192.0.2.1")
    waits.seconds.clear()

    await waits.knock("wrong", address="192.0.2.2")

    assert waits.seconds == [0]


async def test_the_wait_comes_before_the_answer_whatever_a_header_claims(installation: Installation) -> None:
    attempts = Attempts(free=0, longest_seconds=0.2)
    installation.parts = replace(installation.parts, attempts=attempts)
    async with installation.client(Secret("wrong")) as guesser:
        begun = time.monotonic()
        for number in range(2):
            await guesser.get(FEED, headers={"X-Forwarded-For": f"198.51.100.{number}"})

    assert time.monotonic() - begun >= 0.4


async def test_the_last_use_of_a_token_is_noted_when_counts_are_written(installation: Installation) -> None:
    secret = installation.token("ada", Role.READER, scope=Scope.READ)
    installation.clock.move(timedelta(minutes=5))
    async with installation.client(secret) as client:
        await client.get(FEED)
    installation.downloads.write()

    with installation.records.read() as view:
        assert [row.last_used_at for row in all_tokens(view)] == [installation.clock()]


async def test_what_machines_ask_needs_nobody(installation: Installation) -> None:
    async with installation.client() as client:
        assert (await client.get("/-/live")).status_code == 200
        assert (await client.get("/-/ready")).status_code == 200
        assert (await client.get("/api/v1/openapi.json")).status_code == 200


async def test_a_key_is_compared_in_whole(installation: Installation) -> None:
    async with installation.client(Secret(LOCAL_KEY.reveal() + "x")) as client:
        assert (await client.get(FEED)).status_code == 401
