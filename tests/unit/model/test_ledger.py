"""The ledger's hashes: the same entry has one hash, any other has another, and a gap shows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedgate.model.canonical import Json, canonical_json
from feedgate.model.ledger import NOTHING_BEFORE, Act, Entry, Serial, hash_entry, verify

NOON = datetime(2026, 3, 8, 12, 0, tzinfo=UTC)


def entry(serial: int, previous: str, facts: dict[str, Json] | None = None) -> Entry:
    facts = facts or {"number": serial}
    digest = hash_entry(
        ledger="acme/team",
        serial=Serial(serial),
        at=NOON,
        actor="ada",
        act=Act.PUBLISHED,
        run=None,
        facts=facts,
        previous=previous,
    )
    text = canonical_json(facts).decode()
    return Entry("acme/team", Serial(serial), NOON, "ada", "published", None, text, previous, digest)


def ledger(count: int) -> list[Entry]:
    found: list[Entry] = []
    for serial in range(1, count + 1):
        found.append(entry(serial, found[-1].hash if found else NOTHING_BEFORE))
    return found


def test_an_entrys_hash_is_that_of_its_canonical_text_for_ever() -> None:
    """Written down: another value here means that every ledger there is would no longer hold."""
    assert entry(1, NOTHING_BEFORE).hash == "6c18caaee6f39a2a7eba76f0969b9c4e3a4ce4fa53a2839b2a91ac3464849091"


def test_a_whole_ledger_holds() -> None:
    entries = ledger(5)

    seen = verify(entries, head=(Serial(5), entries[-1].hash))

    assert (seen.fault, seen.entries, seen.serial, seen.hash) == (None, 5, 5, entries[-1].hash)


def test_an_empty_ledger_holds() -> None:
    assert verify([], head=(Serial(0), NOTHING_BEFORE)).fault is None


@pytest.mark.parametrize(
    "change",
    [
        {"ledger": "acme/other"},
        {"at": NOON + timedelta(microseconds=1)},
        {"actor": "eve"},
        {"act": "yanked"},
        {"run": "run_1"},
        {"facts": '{"number":4}'},
        {"facts": '{"number": 3}'},
        {"facts": "[]"},
        {"facts": "null"},
        {"facts": "no JSON"},
        {"facts": '{"number":NaN}'},
        {"previous": "f" * 64},
        {"hash": "f" * 64},
        {"hash": ""},
    ],
)
def test_any_change_of_an_entry_names_its_serial(change: dict[str, object]) -> None:
    entries = ledger(5)
    entries[2] = replace(entries[2], **change)  # type: ignore[arg-type]  # each is of its field's type

    seen = verify(entries, head=(Serial(5), entries[-1].hash))

    assert seen.fault is not None
    assert (seen.fault.serial, seen.entries) == (3, 2)
    assert seen.fault.reason


@pytest.mark.parametrize(
    ("gone", "named"), [(0, 2), (2, 4), (4, 5)], ids=["the-first", "one-in-the-middle", "the-last"]
)
def test_an_entry_that_is_gone_is_missed(gone: int, named: int) -> None:
    entries = ledger(5)
    head = (Serial(5), entries[-1].hash)
    del entries[gone]

    fault = verify(entries, head=head).fault

    assert fault is not None
    assert fault.serial == named


def test_entries_that_the_head_does_not_know_of_are_named() -> None:
    entries = ledger(5)

    fault = verify(entries, head=(Serial(3), entries[2].hash)).fault

    assert fault is not None
    assert fault.serial == 5
    assert "the head says serial 3" in fault.reason


def test_a_rewritten_entry_with_a_hash_of_its_own_breaks_the_next_one() -> None:
    entries = ledger(5)
    entries[2] = entry(3, entries[1].hash, {"number": "another"})

    fault = verify(entries, head=(Serial(5), entries[-1].hash)).fault

    assert fault is not None
    assert (fault.serial, fault.reason) == (4, "it does not carry the hash of the entry before it")


def test_a_moment_is_hashed_in_utc_whatever_zone_it_was_told_in() -> None:
    def digest(at: datetime) -> str:
        return hash_entry(
            ledger="l", serial=Serial(1), at=at, actor="a", act=Act.HELD, run=None, facts={}, previous=""
        )

    assert digest(NOON) == digest(NOON.astimezone(timezone(timedelta(hours=5, minutes=45))))


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), plain))
def test_facts_of_any_kind_are_verified_as_they_were_written(facts: dict[str, Json]) -> None:
    try:
        written = entry(1, NOTHING_BEFORE, facts)
    except UnicodeEncodeError:
        return  # half of a surrogate pair is no text
    assert verify([written], head=(Serial(1), written.hash)).fault is None
