"""Ledgers over the API: read behind a serial, and verified."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from feedgate.access.permissions import Permission
from feedgate.access.require import require_actor
from feedgate.api.bodies import EntryBody, VerificationBody
from feedgate.feed.ledger import Verified, read_ledger, verify_ledger
from feedgate.machine import addresses
from feedgate.model.ledger import Entry, Serial
from feedgate.model.names import FeedPath
from feedgate.records.database import Database
from feedgate.web.answers import answer_body, answer_lines
from feedgate.web.authentication import caller_of
from feedgate.web.operation import Operation
from feedgate.web.parameters import Text, WholeNumber, feed_path

AFTER: Final = WholeNumber("after", "Only entries behind this serial.", default=0)
LIMIT: Final = WholeNumber("limit", "At most that many entries.", default=100, least=1, most=1000)
EXPECT: Final = Text(
    "expect",
    "A serial and the hash noted for it elsewhere, which the ledger must hold.",
    pattern="[1-9][0-9]{0,14}:[0-9a-f]{64}",
    expected="SERIAL:HASH",
)


@dataclass(frozen=True, slots=True)
class Ledgers:
    """The operations on the ledgers of feeds and of the installation.

    Verifying reads a ledger from its first entry, so one is verified at a time.
    """

    records: Database
    _verifying: asyncio.Lock = field(default_factory=asyncio.Lock)

    def operations(self) -> tuple[Operation, ...]:
        """Return the table of them."""
        read, administer = Permission.HISTORY_READ, Permission.INSTALLATION_ADMINISTER
        return (
            Operation(
                "show-feed-ledger",
                "GET",
                addresses.API_FEED_LEDGER,
                self.read_feed,
                needs=read,
                answers=EntryBody,
                lines=True,
                parameters=(AFTER, LIMIT),
            ),
            Operation(
                "verify-feed-ledger",
                "GET",
                addresses.API_FEED_VERIFICATION,
                self.verify_feed,
                needs=read,
                answers=VerificationBody,
                conflicts=True,
                parameters=(EXPECT,),
            ),
            Operation(
                "show-ledger",
                "GET",
                addresses.API_LEDGER,
                self.read_installation,
                needs=administer,
                answers=EntryBody,
                lines=True,
                parameters=(AFTER, LIMIT),
            ),
            Operation(
                "verify-ledger",
                "GET",
                addresses.API_VERIFICATION,
                self.verify_installation,
                needs=administer,
                answers=VerificationBody,
                conflicts=True,
                parameters=(EXPECT,),
            ),
        )

    async def read_feed(self, request: Request) -> Response:
        """Read a feed's ledger."""
        return await self._read(request, feed_path(request))

    async def read_installation(self, request: Request) -> Response:
        """Read the installation's ledger."""
        return await self._read(request, None)

    async def verify_feed(self, request: Request) -> Response:
        """Compute every hash of a feed's ledger anew and compare it with the head."""
        return await self._verify(request, feed_path(request))

    async def verify_installation(self, request: Request) -> Response:
        """Compute every hash of the installation's ledger anew and compare it with the head."""
        return await self._verify(request, None)

    async def _read(self, request: Request, path: FeedPath | None) -> Response:
        entries = await run_in_threadpool(
            read_ledger,
            self.records,
            caller_of(request),
            path,
            after=Serial(AFTER.read(request)),
            limit=LIMIT.read(request),
        )
        return answer_lines(map(_entry, entries))

    async def _verify(self, request: Request, path: FeedPath | None) -> Response:
        raw = EXPECT.read(request)
        expect = None
        if raw is not None:
            serial, _, noted = raw.partition(":")
            expect = Serial(int(serial)), noted
        caller = caller_of(request)
        require_actor(caller)  # nobody waits in line to be told so
        async with self._verifying:
            verified = await run_in_threadpool(verify_ledger, self.records, caller, path, expect=expect)
        return answer_body(_verification(verified))


def _entry(entry: Entry) -> EntryBody:
    return EntryBody(
        serial=entry.serial,
        at=entry.at,
        actor=entry.actor,
        act=entry.act,
        run=entry.run,
        facts=_facts(entry.facts),
        previous=entry.previous,
        hash=entry.hash,
    )


def _facts(text: str) -> dict[str, object]:
    """Return the facts; a rewritten row must be shown too, so what is no JSON object is shown as it is."""
    try:
        facts = json.loads(text)
    except ValueError:
        facts = None
    return facts if isinstance(facts, dict) else {"unreadable": text}


def _verification(verified: Verified) -> VerificationBody:
    found = verified.verification
    return VerificationBody(
        ledger=verified.ledger,
        holds=found.fault is None,
        entries=found.entries,
        serial=found.serial,
        hash=found.hash,
        fault_serial=None if found.fault is None else found.fault.serial,
        fault=None if found.fault is None else found.fault.reason,
    )
