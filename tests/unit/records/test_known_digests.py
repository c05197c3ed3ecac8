"""What was hashed is remembered by the address, with what the answer said; the last word stands."""

from datetime import timedelta

from feedgate.model.digest import Digest
from feedgate.records import known_digests
from feedgate.records.database import Database
from feedgate.records.known_digests import KnownDigest
from tests.builders.databases import NOON

URL = "https://feed.example/files/demo-1.0-py3-none-any.whl"
FIRST = KnownDigest(Digest("a" * 64), 2**40, '"1"', "Tue, 24 Nov 2026 12:00:00 GMT", NOON)
SECOND = KnownDigest(Digest("b" * 64), 0, None, None, NOON + timedelta(microseconds=1))


def test_the_last_that_was_hashed_stands(records: Database) -> None:
    for known in (FIRST, SECOND, FIRST):
        with records.note() as note:
            known_digests.put(note, URL, known)
        with records.read() as view:
            assert known_digests.find(view, URL) == known
            assert known_digests.find(view, f"{URL}2") is None
