"""OSV records: what they say of a version, and what becomes of what can not be read."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from feedgate.formats.compiled_advisories import compile_advisories
from feedgate.formats.osv import InvalidAdvisory, parse_advisory
from feedgate.model.advisory import Advisory, AdvisorySeverity
from feedgate.model.names import ProjectName
from feedgate.model.version_interval import VersionInterval
from tests.builders.advisories import make_record

DEMO = ProjectName("demo")
VECTOR = {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}
LOW_VECTOR = {"type": "CVSS_V3", "score": "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"}


def parse(record: Mapping[str, Any]) -> Advisory:
    advisory = parse_advisory(json.dumps(record).encode())
    assert advisory is not None
    return advisory


def affects(advisory: Advisory, version: str) -> bool:
    affected = advisory.affected[DEMO]
    asked = Version(version)
    return asked in affected.listed or any(interval.holds(asked) for interval in affected.intervals)


def fix(advisory: Advisory, version: str) -> str | None:
    return next(one.fixed for one in advisory.affected[DEMO].intervals if one.holds(Version(version)))


def test_a_record_is_read_whole() -> None:
    record = make_record(
        "PYSEC-2026-7",
        "Demo",
        aliases=["CVE-2026-7", "GHSA-aaaa-bbbb-cccc"],
        summary="  A hole.\nMore of it. ",
        severity=[VECTOR],
        versions=["1.0"],
    )

    advisory = parse(record)

    assert (advisory.id, advisory.aliases) == ("PYSEC-2026-7", ("CVE-2026-7", "GHSA-aaaa-bbbb-cccc"))
    assert advisory.modified == datetime(2026, 3, 8, 6, tzinfo=UTC)
    assert (advisory.summary, advisory.withdrawn, advisory.is_malware) == ("A hole.", None, False)
    assert advisory.severity is AdvisorySeverity.CRITICAL
    assert advisory.affected[DEMO].listed == {Version("1.0")}
    assert advisory.findings == ()


ZERO = {"introduced": "0"}


@pytest.mark.parametrize(
    ("events", "inside", "outside"),
    [
        pytest.param([ZERO, {"fixed": "2.0"}], "0.dev0 1.0 2.0rc1", "2.0 2.0+cpu 3", id="from-the-first-one"),
        pytest.param([{"introduced": "1.0"}, {"fixed": "2.0"}], "1.0 1.9", "0.9 1.0rc1 2.0", id="between"),
        pytest.param([{"introduced": "1.0"}], "1.0 99 1!0", "0.9", id="open-end"),
        pytest.param([ZERO], "0.dev0 99", "", id="everything"),
        pytest.param(
            [ZERO, {"last_affected": "2.0"}], "1 2.0 2.0+cpu", "2.0.post1 2.0.1", id="with-the-last-one"
        ),
        pytest.param(
            [ZERO, {"fixed": "1.1"}, {"introduced": "2.0"}, {"fixed": "2.3"}],
            "1.0 2.0 2.2",
            "1.1 1.9 2.3",
            id="several",
        ),
        pytest.param(
            [{"introduced": "2.0"}, {"fixed": "2.3"}, ZERO, {"fixed": "1.1"}],
            "1.0 2.0 2.2",
            "1.1 1.9 2.3",
            id="in-any-order",
        ),
        pytest.param(
            [ZERO, {"introduced": "2.0"}, {"fixed": "2.3"}, {"fixed": "1.1"}],
            "1.0 2.2",
            "1.1 2.3",
            id="beginnings-first",
        ),
        pytest.param([ZERO, {"fixed": "1.1"}, {"fixed": "2.0"}], "1.0", "1.1 2.0", id="the-first-end-counts"),
        pytest.param(
            [ZERO, {"fixed": "3.1"}, {"introduced": "3.1"}, {"fixed": "3.2"}],
            "3.0 3.1",
            "3.2",
            id="fixed-and-broken-again-at-once",
        ),
        pytest.param([{"introduced": "0", "fixed": "2.0"}], "1.0", "2.0", id="both-in-one-event"),
        pytest.param([ZERO, {"limit": "2.0"}], "1.0 2.0", "", id="limits-are-for-commits"),
        pytest.param([{"fixed": "2.0"}], "0.dev0 1.9", "2.0", id="no-beginning"),
        pytest.param([], "0.dev0 99", "", id="no-event-at-all"),
        pytest.param([ZERO, {"fixed": "2019-09-12"}], "1 99", "", id="unreadable-end"),
        pytest.param(
            [ZERO, {"fixed": "x"}, {"introduced": "2"}, {"fixed": "3"}],
            "1 2",
            "3",
            id="unreadable-end-before-another",
        ),
        pytest.param([{"introduced": "x"}, {"fixed": "3"}], "0.dev0 2", "3", id="unreadable-beginning"),
        pytest.param(
            [ZERO, {"fixed": "1"}, {"introduced": "x"}, {"fixed": "3"}],
            "0 1 2",
            "3",
            id="unreadable-beginning-behind-an-end",
        ),
        pytest.param([{"introduced": "x"}], "0.dev0 99", "", id="unreadable-and-open"),
        pytest.param([{"introduced": 1}, {"fixed": ["2"]}], "0 99", "", id="no-texts"),
    ],
)
def test_a_range_affects_what_lies_in_it(events: list[dict[str, str]], inside: str, outside: str) -> None:
    advisory = parse(make_record(events=events))

    assert [version for version in inside.split() if not affects(advisory, version)] == []
    assert [version for version in outside.split() if affects(advisory, version)] == []


def test_the_fix_is_that_of_the_interval_that_has_the_version() -> None:
    events = [ZERO, {"fixed": "1.1"}, {"introduced": "2.0"}, {"fixed": "2.3"}, {"introduced": "3"}]
    advisory = parse(make_record(events=events))

    assert [fix(advisory, version) for version in ("1.0", "2.1", "3.0")] == ["1.1", "2.3", None]


def test_the_last_affected_version_is_no_fix() -> None:
    assert fix(parse(make_record(events=[ZERO, {"last_affected": "2.0"}])), "2.0") is None


def test_a_fix_is_told_as_files_would_spell_it() -> None:
    assert fix(parse(make_record(events=[ZERO, {"fixed": " v2.0-RC1 "}])), "1") == "2.0rc1"


@pytest.mark.parametrize(
    "events",
    [[ZERO, {"fixed": "2019-09-12"}], [{"introduced": "x"}], [{"fixed": "2.0"}], [ZERO, {"fixed": None}]],
)
def test_what_could_not_be_read_is_a_finding(events: list[dict[str, str]]) -> None:
    [finding] = parse(make_record(events=events)).findings

    assert finding.startswith("demo: ")


def test_commits_say_nothing_of_versions() -> None:
    record = make_record(versions=["1.0"])
    record["affected"][0]["ranges"] = [
        {"type": "GIT", "repo": "https://git.example/demo", "events": [ZERO, {"fixed": "ab" * 20}]}
    ]

    advisory = parse(record)

    assert (affects(advisory, "1.0"), affects(advisory, "1.1")) == (True, False)
    assert advisory.affected[DEMO].intervals == ()


def test_a_range_of_an_unknown_type_counts() -> None:
    record = make_record()
    record["affected"][0]["ranges"][0]["type"] = "CALENDAR"

    advisory = parse(record)

    assert affects(advisory, "1.0")
    assert advisory.findings == ("demo: a range of an unknown type was taken for one of versions",)


def test_listed_versions_count_beside_ranges() -> None:
    advisory = parse(make_record(versions=["2.0", " 0.2.0-n653", "1.0-beta.1"]))

    assert affects(advisory, "2.0")
    assert not affects(advisory, "2.1")
    assert advisory.affected[DEMO].listed_texts == {"0.2.0-n653"}
    assert advisory.findings == ()


def test_a_record_without_versions_and_ranges_affects_nothing_and_says_so() -> None:
    advisory = parse(make_record(events=None))

    assert not affects(advisory, "1.0")
    assert advisory.findings == ("demo: neither versions nor a range of them are named, so none is affected",)


def test_several_entries_on_one_project_are_one() -> None:
    record = make_record(events=[ZERO, {"fixed": "1.1"}])
    record["affected"] += make_record(project="DEMO", events=[{"introduced": "2"}, {"fixed": "3"}])[
        "affected"
    ]
    record["affected"] += make_record(project="other")["affected"]

    advisory = parse(record)

    assert set(advisory.affected) == {DEMO, "other"}
    assert (fix(advisory, "1.0"), fix(advisory, "2.0")) == ("1.1", "3")


def test_what_is_not_pypis_is_left_out() -> None:
    record = make_record()
    record["affected"] += make_record(project="elsewhere", ecosystem="npm")["affected"]

    assert set(parse(record).affected) == {DEMO}
    assert set(parse(make_record(ecosystem="PyPI:old")).affected) == {DEMO}
    for ecosystem in ("npm", "pypi", "PyPI2", ""):
        assert parse_advisory(json.dumps(make_record(ecosystem=ecosystem)).encode()) is None


def test_a_project_that_has_no_name_is_a_finding() -> None:
    advisory = parse(make_record(project="no name"))

    assert advisory.affected == {}
    assert "'no name' is no project name" in advisory.findings[0]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        pytest.param({}, None, id="none"),
        pytest.param({"severity": [LOW_VECTOR, VECTOR]}, AdvisorySeverity.CRITICAL, id="gravest"),
        pytest.param(
            {"severity": [VECTOR], "database_specific": {"severity": "MODERATE"}},
            AdvisorySeverity.MEDIUM,
            id="word-first",
        ),
        pytest.param({"database_specific": {"severity": "low"}}, AdvisorySeverity.LOW, id="word"),
        pytest.param(
            {"severity": [VECTOR], "database_specific": {"severity": "UNKNOWN"}},
            AdvisorySeverity.CRITICAL,
            id="no-word",
        ),
        pytest.param({"severity": [{"type": "CVSS_V2", "score": "AV:N/AC:L"}]}, None, id="unknown-vector"),
        pytest.param({"severity": "HIGH", "database_specific": "HIGH"}, None, id="odd"),
        pytest.param({"severity": [{"type": "CVSS_V3", "score": 9.8}]}, None, id="a-number"),
    ],
)
def test_the_severity_is_the_databases_word_or_its_vectors(
    members: dict[str, Any], expected: AdvisorySeverity | None
) -> None:
    assert parse(make_record(**members)).severity is expected


def test_a_project_has_a_severity_of_its_own() -> None:
    record = make_record()
    record["affected"][0]["severity"] = [VECTOR]

    assert parse(record).severity is AdvisorySeverity.CRITICAL


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, False),
        ({"aliases": ["MAL-2026-1"]}, True),
        ({"database_specific": {"malicious-packages-origins": [{"source": "somebody"}]}}, True),
        ({"database_specific": {"cwe_ids": ["CWE-506"]}}, True),
        ({"database_specific": {"cwe_ids": ["CWE-79"]}}, False),
        ({"database_specific": {"cwe_ids": "CWE-506"}}, False),
    ],
)
def test_malware_is_told_apart(members: dict[str, Any], expected: bool) -> None:
    assert parse(make_record(**members)).is_malware is expected
    assert parse(make_record("MAL-2026-1", **members)).is_malware


def test_a_withdrawn_record_says_when() -> None:
    assert parse(make_record(withdrawn="2026-03-01T00:00:00Z")).withdrawn == datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"7",
        b"[" * 100_000,
        json.dumps({**make_record(), "id": ""}).encode(),
        json.dumps({**make_record(), "id": "A B"}).encode(),
        json.dumps({**make_record(), "id": "A\u202eB"}).encode(),
        json.dumps({**make_record(), "id": "A" * 101}).encode(),
        json.dumps({**make_record(), "id": 7}).encode(),
        json.dumps({**make_record(), "modified": "yesterday"}).encode(),
        json.dumps({**make_record(), "modified": "0001-01-01T00:00:00+14:00"}).encode(),
        json.dumps({**make_record(), "withdrawn": True}).encode(),
    ],
)
def test_what_is_no_record_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidAdvisory):
        parse_advisory(raw)


def test_the_first_day_of_the_calendar_is_a_day() -> None:
    assert parse(make_record(modified=datetime(1, 1, 1, tzinfo=UTC))).modified.year == 1


def test_texts_of_strangers_stay_on_one_line() -> None:
    advisory = parse(make_record(summary="\x1b[31mred\u202e" + "x" * 500, aliases=["CVE-1", "C\nVE", 7, ""]))

    assert advisory.summary.isprintable()
    assert len(advisory.summary) == 160
    assert advisory.aliases == ("CVE-1",)


def test_more_intervals_than_any_honest_record_has_are_one() -> None:
    numbers = range(2, 40_002, 2)
    events = [
        event for number in numbers for event in ({"introduced": f"1.{number}"}, {"fixed": f"1.{number + 1}"})
    ]
    advisory = parse(make_record(events=events, versions=[f"2.{number}" for number in numbers]))
    few = parse(make_record(events=events[:2000]))

    assert advisory.affected[DEMO].intervals == (
        VersionInterval(Version("1.2"), Version("1.40001"), "1.40001"),
    )
    assert advisory.findings == (
        "demo: 20000 intervals were taken for the one from their first to their last",
    )
    assert len(few.affected[DEMO].intervals) == 1000
    assert compile_advisories([advisory, few])


ODD: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["0", "1.0", "PyPI", "demo", "x", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["events", "package", "versions", "introduced", "type", "name"]), inner
        )
    ),
    max_leaves=8,
)


@given(ODD, ODD, ODD)
def test_nothing_odd_is_more_than_no_record(one: Any, other: Any, third: Any) -> None:
    record = make_record(severity=one, aliases=other, database_specific=third)
    record["affected"][0] |= {"ranges": [one, other, {"type": "ECOSYSTEM", "events": third}], "versions": one}
    record["affected"] += [other, {"package": third}, {"package": {"ecosystem": "PyPI", "name": one}}]

    assert parse(record).id == "PYSEC-2026-1"
