"""Ledgers over the API."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields

import pytest
from starlette.requests import Request

from feedgate.access.grants import remove_grant
from feedgate.api.bodies import EntryBody, VerificationBody
from feedgate.model.access import Role, Scope
from feedgate.model.ledger import Serial
from feedgate.records.database import Database, FeedId, Snapshot
from feedgate.web.ledger import Ledgers
from tests.builders.installation import FEED, LOCAL, Installation

LEDGER = "/api/v1/feeds/acme/pip-feed/ledger"


async def test_entries_come_in_order_behind_a_serial(installation: Installation) -> None:
    installation.token("ada", Role.READER)
    installation.token("bob", Role.READER)
    async with installation.local() as client:
        whole = (await client.get(LEDGER)).text.splitlines()
        part = (await client.get(LEDGER, params={"after": "1", "limit": "1"})).text.splitlines()

    entries = [EntryBody.model_validate_json(line) for line in whole]
    assert [entry.serial for entry in entries] == [1, 2, 3]
    assert [entry.act for entry in entries] == ["feed-created", "granted", "granted"]
    assert entries[1].facts == {"actor": "ada", "role": "reader"}
    assert entries[2].previous == entries[1].hash
    assert part == whole[1:2]


@pytest.mark.parametrize(
    ("role", "scope", "sees"),
    [
        (Role.READER, Scope.MANAGE, False),
        (Role.CONTRIBUTOR, Scope.MANAGE, False),
        (Role.OWNER, Scope.WRITE, False),
        (Role.OWNER, Scope.MANAGE, True),
    ],
)
async def test_who_has_which_role_is_for_those_who_may_list_it(
    installation: Installation, role: Role, scope: Scope, *, sees: bool
) -> None:
    installation.token("secret-auditor", Role.READER)
    remove_grant(installation.records, LOCAL, FEED, "secret-auditor", now=installation.clock())
    async with installation.client(installation.token("ada", role, scope=scope)) as client:
        granted = await client.get("/api/v1/feeds/acme/pip-feed/grants")
        ledger = (await client.get(LEDGER)).text
        verified = (await client.get(f"{LEDGER}/verification")).json()

    entries = [EntryBody.model_validate_json(line) for line in ledger.splitlines()]
    assert [entry.act for entry in entries] == ["feed-created", "granted", "grant-removed", "granted"]
    assert (granted.status_code == 200, "secret-auditor" in ledger) == (sees, sees)
    assert entries[0].facts["feed"] == "acme/pip-feed"
    assert verified["hash"] == entries[-1].hash


async def test_a_ledger_that_holds_says_its_head(installation: Installation) -> None:
    async with installation.local() as client:
        head = json.loads((await client.get(LEDGER)).text)["hash"]
        body = VerificationBody.model_validate_json((await client.get(f"{LEDGER}/verification")).text)
        installations = (await client.get("/api/v1/ledger/verification")).json()

    assert (body.ledger, body.holds, body.entries, body.serial, body.hash) == (
        "acme/pip-feed",
        True,
        1,
        1,
        head,
    )
    assert (installations["ledger"], installations["holds"]) == ("installation", True)


async def test_a_hash_noted_elsewhere_must_be_there(installation: Installation) -> None:
    async with installation.local() as client:
        head = json.loads((await client.get(LEDGER)).text)["hash"]
        right = await client.get(f"{LEDGER}/verification", params={"expect": f"1:{head}"})
        wrong = await client.get(f"{LEDGER}/verification", params={"expect": f"1:{'0' * 64}"})
        later = await client.get(f"{LEDGER}/verification", params={"expect": f"2:{head}"})

    assert right.json()["holds"] is True
    for answer in (wrong, later):
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "ledger-head-unexpected")


@pytest.mark.parametrize("facts", ['{"owner":"eve"}', "no json", "[]", "null", '"text"'])
async def test_a_rewritten_row_is_named_and_can_still_be_read(installation: Installation, facts: str) -> None:
    installation.token("ada", Role.READER)
    with sqlite3.connect(installation.root / "records.sqlite") as connection:
        connection.execute("UPDATE entry SET facts = ? WHERE serial = 2 AND act = 'granted'", (facts,))
    async with installation.local() as client:
        verified = (await client.get(f"{LEDGER}/verification")).json()
        read = [json.loads(line) for line in (await client.get(LEDGER)).text.splitlines()]

    assert (verified["holds"], verified["fault_serial"]) == (False, 2)
    assert read[1]["facts"] in ({"owner": "eve"}, {"unreadable": facts})


@pytest.mark.parametrize(
    "query",
    [
        {"after": "-1"},
        {"after": "99999999999999999999"},
        {"limit": "0"},
        {"limit": "1001"},
        {"limit": "all"},
        {"after": ""},
        {"after": "\N{FULLWIDTH DIGIT ONE}"},
    ],
)
async def test_a_stretch_that_can_not_be_read_is_refused(
    installation: Installation, query: dict[str, str]
) -> None:
    async with installation.local() as client:
        answer = await client.get(LEDGER, params=query)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid-parameter")
    assert next(iter(query)) in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "expect", ["1", "0:" + "a" * 64, "1:" + "A" * 64, "x:" + "a" * 64, "1:" + "a" * 64 + "\n"]
)
async def test_an_expectation_is_a_serial_and_a_hash(installation: Installation, expect: str) -> None:
    async with installation.local() as client:
        answer = await client.get(f"{LEDGER}/verification", params={"expect": expect})

    assert answer.status_code == 400


async def test_ledgers_are_verified_one_at_a_time(installation: Installation) -> None:
    under_way, most = 0, 0

    @contextmanager
    def counted() -> Iterator[None]:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        time.sleep(0.02)
        yield
        under_way -= 1

    class Counting(Database):
        """Counts who reads at the same time."""

        @contextmanager
        def read(self, feed: FeedId | None = None, at: Serial | None = None) -> Iterator[Snapshot]:
            with counted(), Database.read(self, feed, at) as snapshot:
                yield snapshot

    opened = installation.records
    records = Counting(**{one.name: getattr(opened, one.name) for one in fields(opened) if one.init})
    request = Request({"type": "http", "query_string": b"", "feedgate.caller": LOCAL})
    ledgers = Ledgers(records)

    await asyncio.gather(*(ledgers.verify_installation(request) for _ in range(8)))

    assert most == 1
