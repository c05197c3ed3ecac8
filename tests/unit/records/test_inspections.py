"""What was found in files, by digest: looked at and nothing found is not the same as not looked at."""

from feedgate.model.digest import Digest
from feedgate.model.inspection import Finding, Inspection, Severity
from feedgate.records import inspections
from feedgate.records.database import Database
from tests.builders.databases import NOON

ONE, TWO, THREE = (Digest(digit * 64) for digit in "123")
FOUND = Finding("record-missing", Severity.LOW, "it has no RECORD", None)
NAMED = Finding("link", Severity.NOTE, "a is a link", "a")


def test_findings_come_back_as_they_went_in(records: Database) -> None:
    with records.note() as note:
        inspections.put(
            note,
            [Inspection(ONE, "archive", 1, (FOUND, NAMED)), Inspection(TWO, "archive", 1, ())],
            NOON,
        )

    with records.read() as view:
        found = inspections.find(view, [ONE, TWO, THREE], inspector="archive", version=1)
    assert found == {
        ONE: Inspection(ONE, "archive", 1, (FOUND, NAMED)),
        TWO: Inspection(TWO, "archive", 1, ()),
    }


def test_another_inspector_and_another_version_have_not_looked(records: Database) -> None:
    with records.note() as note:
        inspections.put(note, [Inspection(ONE, "archive", 1, ())], NOON)

    with records.read() as view:
        assert inspections.find(view, [ONE], inspector="archive", version=2) == {}
        assert inspections.find(view, [ONE], inspector="malware", version=1) == {}


def test_what_was_stored_first_stays(records: Database) -> None:
    for findings in ((FOUND,), ()):
        with records.note() as note:
            inspections.put(note, [Inspection(ONE, "archive", 1, findings)], NOON)
            inspections.put(note, [], NOON)

    with records.read() as view:
        assert inspections.find(view, [ONE], inspector="archive", version=1)[ONE].findings == (FOUND,)


def test_where_metadata_lies_is_known_or_known_to_be_nowhere(records: Database) -> None:
    with records.note() as note:
        inspections.put_metadata(note, [(ONE, TWO), (TWO, None)])
        inspections.put_metadata(note, [(ONE, None)])

    with records.read() as view:
        many = [ONE, TWO, THREE, *(Digest(f"{number:064x}") for number in range(1000))]
        assert inspections.find_metadata(view, many) == {ONE: TWO, TWO: None}
