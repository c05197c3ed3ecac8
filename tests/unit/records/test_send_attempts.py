"""Which run was last about to send a file is one run, for each destination alone."""

from collections.abc import Mapping

from feedgate.model.run import RunId
from feedgate.records import send_attempts
from feedgate.records.database import Database

HERE, THERE = "https://one.example/upload/", "https://two.example/upload/"
FIRST, SECOND = RunId("first"), RunId("second")


def last_of(records: Database, url: str, *filenames: str) -> Mapping[str, RunId]:
    with records.read() as view:
        return send_attempts.last_of(view, url, filenames)


def test_the_later_run_takes_the_place_of_the_earlier(records: Database) -> None:
    with records.note() as note:
        send_attempts.put(note, HERE, ["a", "b"], FIRST)
        send_attempts.put(note, HERE, ["b", "c"], SECOND)

    assert last_of(records, HERE, "a", "b", "c", "d") == {"a": FIRST, "b": SECOND, "c": SECOND}
    assert last_of(records, HERE, "b") == {"b": SECOND}
    with records.read() as view:
        assert send_attempts.last_by(view, FIRST) == {"a"}


def test_another_destination_is_another_matter(records: Database) -> None:
    with records.note() as note:
        send_attempts.put(note, HERE, ["a"], FIRST)
        send_attempts.put(note, THERE, ["a"], SECOND)

    assert (last_of(records, HERE, "a"), last_of(records, THERE, "a")) == ({"a": FIRST}, {"a": SECOND})


def test_the_same_run_may_say_it_again_and_nothing_is_nothing(records: Database) -> None:
    many = [f"file-{number}" for number in range(1_201)]
    with records.note() as note:
        send_attempts.put(note, HERE, [], FIRST)
        send_attempts.put(note, HERE, many, FIRST)
        send_attempts.put(note, HERE, many[:1], FIRST)

    assert last_of(records, HERE, *many) == dict.fromkeys(many, FIRST)
    assert last_of(records, HERE) == {}
