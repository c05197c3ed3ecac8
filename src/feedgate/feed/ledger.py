"""Read a ledger and verify it: a feed's for its readers, the installation's for administrators."""

from dataclasses import dataclass, replace
from typing import Final

from feedgate.access.permissions import Permission
from feedgate.access.require import require, require_administrator
from feedgate.errors import Conflict, Forbidden
from feedgate.model.access import Caller
from feedgate.model.ledger import Act, Entry, Serial, Verification, verify
from feedgate.model.names import FeedPath
from feedgate.records import entries
from feedgate.records.database import Database, FeedId, View, head_of

_OF_OWNERS: Final = frozenset({Act.GRANTED.value, Act.GRANT_REMOVED.value, Act.DESTINATION_ADDED.value})
"""Who may what, and where a destination's secret is."""

_LEFT_OUT: Final = "{}"


class HeadNotFound(Conflict):
    """The ledger holds in itself, and does not hold the entry that was expected."""

    code = "ledger-head-unexpected"

    def __init__(self, ledger: str, *, serial: Serial, expected: str, found: str) -> None:
        super().__init__(
            f"{ledger}: serial {serial} has the hash {found[:12]}…, expected was {expected[:12]}…",
            next_step="The past was rewritten or another ledger is meant. Compare with a backup.",
        )


@dataclass(frozen=True, slots=True)
class Verified:
    """What verifying a ledger saw; ``fault`` names the serial where it does not hold."""

    ledger: str
    verification: Verification


def read_ledger(
    records: Database, caller: Caller, path: FeedPath | None, *, after: Serial, limit: int
) -> tuple[Entry, ...]:
    """Return at most ``limit`` entries behind the serial ``after``.

    Whoever may not list a feed's grants gets their entries without facts, and those of destinations, which say
    where secrets are; the hashes are those of the whole entries.
    """
    with records.read() as view:
        feed = _ledger(view, caller, path)
        is_owner = path is None or _may_list_grants(view, caller, path)
        return tuple(
            entry if is_owner or entry.act not in _OF_OWNERS else replace(entry, facts=_LEFT_OUT)
            for entry in entries.entries(view, feed, after=after, limit=limit)
        )


def verify_ledger(
    records: Database, caller: Caller, path: FeedPath | None, *, expect: tuple[Serial, str] | None = None
) -> Verified:
    """Read the whole ledger, compute every hash anew, and compare with the head.

    ``expect`` is a serial and hash noted elsewhere; raises HeadNotFound where the
    ledger holds and that entry is another one.
    """
    with records.read() as view:
        feed = _ledger(view, caller, path)
        name = entries.ledger_name(view, feed)
        found = verify(entries.entries(view, feed), head=head_of(view, feed))
        if expect is not None and found.fault is None:
            serial, expected = expect
            stretch = entries.entries(view, feed, after=Serial(serial - 1), limit=1)
            entry = next(iter(stretch), None)
            if entry is None or entry.serial != serial or entry.hash != expected:
                found_hash = "nothing" if entry is None else entry.hash
                raise HeadNotFound(name, serial=serial, expected=expected, found=found_hash)
    return Verified(name, found)


def _ledger(view: View, caller: Caller, path: FeedPath | None) -> FeedId | None:
    if path is None:
        require_administrator(caller)
        return None
    return require(view, caller, Permission.HISTORY_READ, path).id


def _may_list_grants(view: View, caller: Caller, path: FeedPath) -> bool:
    try:
        require(view, caller, Permission.FEED_MANAGE, path)
    except Forbidden:
        return False
    return True
