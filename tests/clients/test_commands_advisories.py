"""Advisory databases from the command line, with the real one of October 2024."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.builders.advisories import MODIFIED, make_database, make_record
from tests.builders.command_line import CommandLine, command_line, serving
from tests.doubles.upstream import Upstream, upstream_in_thread

REAL = Path(__file__).parents[1] / "advisories" / "osv-pypi-2024-10-10.zip"
PUBLISHED = "all-1.0.zip"


@pytest.fixture(scope="module")
def publisher() -> Iterator[Upstream]:
    with upstream_in_thread() as served:
        yield served


@pytest.fixture(scope="module")
def watched(publisher: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """The command line of a server whose only source is the publisher, besides one that nobody loads."""
    root = tmp_path_factory.mktemp("server")
    sources = [
        {"name": "osv", "url": publisher.file_url(PUBLISHED), "max_age": 36000},
        {"name": "acme", "url": "https://acme.example/own.zip"},
    ]
    feedgate = command_line(
        root / "home",
        root / "data",
        FEEDGATE_ADVISORIES__SOURCES=json.dumps(sources),
        FEEDGATE_FETCH__ATTEMPTS="1",
    )
    with serving(feedgate):
        yield feedgate


@pytest.fixture
def loaded(watched: CommandLine) -> CommandLine:
    """The same with the real database loaded, whatever a test before loaded."""
    watched.done("advisories", "update", REAL, "--force")
    return watched


def matched(feedgate: CommandLine, given: str) -> list[tuple[str, str, list[tuple[str, str | None]]]]:
    said = feedgate.done("advisories", "match", "--json", stdin=given).json_lines
    return [
        (one["name"], one["version"], [(found["id"], found["fixed"]) for found in one["advisories"]])
        for one in said
    ]


def test_what_a_pinned_file_has_is_named(loaded: CommandLine) -> None:
    [said] = loaded.done("advisories", "match", "--json", stdin="requests==2.30.0\n").json_lines

    assert said == {
        "name": "requests",
        "version": "2.30.0",
        "advisories": [
            {
                "id": "PYSEC-2023-74",
                "aliases": ["GHSA-j8r2-6x86-q33q", "CVE-2023-32681"],
                "severity": "high",
                "fixed": "2.31.0",
                "malware": False,
            }
        ],
    }


def test_real_records_say_what_they_say(loaded: CommandLine) -> None:
    given = (
        "Requests==2.31.0\nwerkzeug==3.0.0\nwerkzeug==2.3.8\nmistune==0.8.4\nmistune==2.0.2\nscrapy==2.11.2\n"
    )

    assert matched(loaded, given) == [
        ("requests", "2.31.0", []),
        ("werkzeug", "3.0.0", [("PYSEC-2023-221", "3.0.1")]),
        ("werkzeug", "2.3.8", []),
        ("mistune", "0.8.4", []),
        ("mistune", "2.0.2", [("PYSEC-2022-237", "2.0.3")]),
        ("scrapy", "2.11.2", [("PYSEC-2017-83", None)]),
    ]


def test_in_words_each_advisory_has_a_line(loaded: CommandLine) -> None:
    said = loaded.done("advisories", "match", stdin="requests==2.30.0\n# no pin\nflask==99\n")

    assert said.out.splitlines() == [
        "requests 2.30.0: PYSEC-2023-74, GHSA-j8r2-6x86-q33q, CVE-2023-32681, high, fixed in 2.31.0",
        "flask 99: no advisory is known",
    ]


def test_a_line_that_is_no_pin_ends_the_command(loaded: CommandLine) -> None:
    said = loaded("advisories", "match", stdin="requests==2.30.0\nflask>=2\n")

    assert said.status == 2
    assert "line 2: 'flask>=2' is not NAME==VERSION" in said.err


def test_the_status_says_of_what_day_a_database_is(loaded: CommandLine) -> None:
    [osv, acme] = loaded.done("advisories", "status", "--json").json_lines

    assert (osv["records"], osv["withdrawn"], osv["malware"], osv["finding_count"]) == (2661, 10, 0, 3)
    assert (osv["dated_at"], osv["too_old"]) == ("2024-10-10T17:22:00.587279Z", False)
    assert (acme["source"], acme["sha256"], acme["too_old"]) == ("acme", None, True)
    in_words = loaded.done("advisories", "status").out
    assert "osv\t2024-10-10 17:22\t" in in_words
    assert "acme\t\t\t0\t0\t0\t0\tnothing is loaded" in in_words


def test_what_could_not_be_read_is_told(loaded: CommandLine) -> None:
    said = loaded.done("advisories", "update", REAL)

    assert "it was loaded already, and nothing was changed" in said.out
    assert "PYSEC-2021-371: binderhub: '0.2.0-n653' is no version (PEP 440)" in said.err


def test_the_source_is_asked_and_a_worse_database_is_refused(
    loaded: CommandLine, publisher: Upstream
) -> None:
    publisher.add(PUBLISHED, make_database(make_record(modified=MODIFIED)), metadata=b"")

    refused = loaded("advisories", "update", "--json")
    forced = loaded.json("advisories", "update", "--force")

    assert refused.status == 1
    assert refused.problem["code"] == "advisories-fewer"
    assert "has 1 records, loaded are 2661" in refused.problem["message"]
    assert (forced["source"], forced["state"], forced["records"]) == ("osv", "loaded", 1)
    assert matched(loaded, "requests==2.30.0") == [("requests", "2.30.0", [])]

    older = loaded("advisories", "update", REAL, "--json")
    assert older.problem["code"] == "advisories-older"


def test_another_address_is_judged_as_every_strangers_is(loaded: CommandLine, publisher: Upstream) -> None:
    publisher.add(
        "later-1.0.zip", make_database(make_record(modified=MODIFIED + timedelta(days=1))), metadata=b""
    )

    beside = loaded("advisories", "update", publisher.file_url("later-1.0.zip"), "--force", "--json")
    denied = loaded("advisories", "update", "http://127.0.0.1:9/all.zip", "--json")

    assert (beside.status, beside.json["records"]) == (0, 1)  # its host is the one that the setting names
    assert denied.problem["code"] == "egress-denied"


@pytest.mark.parametrize(
    ("words", "code", "status"),
    [
        (["no-such-file.zip"], "no-such-database-file", 2),
        (["--source", "none", REAL], "no-such-advisory-source", 1),
        ([Path(__file__)], "hostile-advisory-zip", 2),
    ],
)
def test_what_can_not_be_loaded_is_named(
    watched: CommandLine, words: list[str | Path], code: str, status: int
) -> None:
    said = watched("advisories", "update", *words, "--json")

    assert (said.status, said.problem["code"]) == (status, code)


def test_without_a_database_nothing_is_called_free_of_advisories(tmp_path: Path) -> None:
    feedgate = command_line(tmp_path / "home", tmp_path / "data")

    said = feedgate("advisories", "match", "--json", stdin="requests==2.30.0\n")

    assert (said.status, said.problem["code"]) == (1, "no-advisories")
