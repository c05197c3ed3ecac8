"""Which database is loaded of a source: one row a source is open, and what was stays told."""

from dataclasses import replace
from datetime import UTC, datetime

from feedgate.model.advisory_source import LoadedAdvisories
from feedgate.model.digest import Digest
from feedgate.model.ledger import Act
from feedgate.records import advisories
from feedgate.records.database import Database
from tests.builders.databases import NOON

FIRST = LoadedAdvisories(
    "osv",
    Digest("1" * 64),
    Digest("2" * 64),
    datetime(1, 1, 1, tzinfo=UTC),
    NOON,
    2661,
    10,
    3,
    2,
    ("PYSEC-1: a finding", "PYSEC-2: another"),
)
SECOND = replace(FIRST, digest=Digest("3" * 64), compiled=Digest("4" * 64), dated_at=NOON)
OTHER = replace(FIRST, source="acme", findings=())


def put(records: Database, loaded: LoadedAdvisories) -> None:
    with records.change(None, Act.ADVISORIES_LOADED, "ada", NOON) as change:
        advisories.put(change, loaded)
        change.record({"source": loaded.source})


def test_what_is_put_is_found_as_it_is(records: Database) -> None:
    put(records, FIRST)

    with records.read() as view:
        assert advisories.find(view, "osv") == FIRST
        assert advisories.find(view, "acme") is None


def test_another_takes_its_place_at_once_and_what_was_is_found_by_its_digest(records: Database) -> None:
    for one in (FIRST, OTHER, SECOND):
        put(records, one)

    with records.read() as view:
        assert advisories.all_of(view) == (OTHER, SECOND)
        assert advisories.find_compiled(view, "osv", FIRST.compiled) == FIRST
        assert advisories.find_compiled(view, "acme", SECOND.compiled) is None


def test_who_reads_meanwhile_sees_the_one_before(records: Database) -> None:
    put(records, FIRST)
    with records.read() as view:
        assert advisories.find(view, "osv") == FIRST
        put(records, SECOND)
        assert advisories.find(view, "osv") == FIRST
