"""The ledger's entry and its hash: a rewritten past shows.

Each feed has a ledger, and the installation has one. Serials are dense, from
1; each entry carries the hash of the one before it.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from feedgate.model.canonical import Json, canonical_json
from feedgate.model.times import format_time

Serial = NewType("Serial", int)

NOTHING_BEFORE = "0" * 64
"""What the first entry carries as the hash before it."""


class Act(StrEnum):
    """What an entry says was done."""

    ORGANIZATION_CREATED = "organization-created"
    ACTOR_CREATED = "actor-created"
    TOKEN_CREATED = "token-created"  # noqa: S105  # an act's name, no credential
    TOKEN_REVOKED = "token-revoked"  # noqa: S105  # an act's name, no credential
    FEED_CREATED = "feed-created"
    FEED_CHANGED = "feed-changed"
    TARGET_ADDED = "target-added"
    TARGET_REMOVED = "target-removed"
    GRANTED = "granted"
    GRANT_REMOVED = "grant-removed"
    DESTINATION_ADDED = "destination-added"
    DESTINATION_REMOVED = "destination-removed"
    PUBLISHED = "published"
    UPLOADED = "uploaded"
    REFUSED = "refused"
    HELD = "held"
    HOLD_RELEASED = "hold-released"
    HOLD_REFUSED = "hold-refused"
    HOLD_CONFIRMED = "hold-confirmed"
    YANKED = "yanked"
    UNYANKED = "unyanked"
    PROJECT_CHANGED = "project-changed"
    ADVISORIES_LOADED = "advisories-loaded"


@dataclass(frozen=True, slots=True)
class Entry:
    """One numbered change. ``facts`` is the canonical JSON text that was hashed.

    ``act`` is the text as stored: a reader must survive a row that was rewritten.
    """

    ledger: str
    serial: Serial
    at: datetime
    actor: str
    act: str
    run: str | None
    facts: str
    previous: str
    hash: str


def hash_entry(  # noqa: PLR0913  # the members of an entry are what they are
    *,
    ledger: str,
    serial: Serial,
    at: datetime,
    actor: str,
    act: str,
    run: str | None,
    facts: Mapping[str, Json],
    previous: str,
) -> str:
    """Return the sha256 of the entry's canonical JSON (RFC 8785), in hexadecimal."""
    document: dict[str, Json] = {
        "ledger": ledger,
        "serial": serial,
        "at": format_time(at),
        "actor": actor,
        "act": act,
        "run": run,
        "facts": facts,
        "previous": previous,
    }
    return hashlib.sha256(canonical_json(document)).hexdigest()


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a ledger does not hold: the serial and what is wrong there."""

    serial: Serial
    reason: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What ``verify`` saw: entries read, the head, and the first fault if any."""

    entries: int
    serial: Serial
    hash: str
    fault: Fault | None


def verify(entries: Iterable[Entry], *, head: tuple[Serial, str]) -> Verification:
    """Read a whole ledger in order and say whether it holds.

    ``head`` is the serial and hash that the ledger's head row claims. Stops at
    the first fault, which names its serial.
    """
    previous, expected, fault = NOTHING_BEFORE, 1, None
    for entry in entries:
        reason = _fault(entry, expected, previous)
        if reason is not None:
            fault = Fault(Serial(entry.serial), reason)
            break
        previous, expected = entry.hash, expected + 1
    last = Serial(expected - 1)
    if fault is None and head != (last, previous):
        fault = Fault(
            Serial(max(head[0], last)),
            f"the head says serial {head[0]} with hash {head[1][:12]}…, the entries end at {last} with {previous[:12]}…",
        )
    return Verification(expected - 1, last, previous, fault)


def _fault(entry: Entry, expected: int, previous: str) -> str | None:
    if entry.serial != expected:
        return f"serial {expected} is missing"
    if entry.previous != previous:
        return "it does not carry the hash of the entry before it"
    try:
        facts = json.loads(entry.facts)
        computed = hash_entry(
            ledger=entry.ledger,
            serial=entry.serial,
            at=entry.at,
            actor=entry.actor,
            act=entry.act,
            run=entry.run,
            facts=facts,
            previous=entry.previous,
        )
    except ValueError:
        return "its facts are no JSON"
    if canonical_json(facts).decode() != entry.facts:
        return "its facts are not the canonical text"
    return None if computed == entry.hash else "its content does not have its hash"
