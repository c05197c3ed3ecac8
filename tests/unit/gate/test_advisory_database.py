"""What all sources together say of a release: by name and version, one match a group of aliases."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from feedgate.formats.compiled_advisories import compile_advisories, read_compiled
from feedgate.formats.osv import parse_advisory
from feedgate.gate.advisory_database import AdvisoryDatabase
from feedgate.model.advisory import Advisory, AdvisorySeverity, Match
from feedgate.model.names import ProjectName
from tests.builders.advisories import make_record

DEMO = ProjectName("demo")
ZERO = {"introduced": "0"}
FIXED = [ZERO, {"fixed": "2.0"}]


def parse(record: dict[str, Any]) -> Advisory:
    advisory = parse_advisory(json.dumps(record).encode())
    assert advisory is not None
    return advisory


def database(*records: dict[str, Any], beside: tuple[dict[str, Any], ...] = ()) -> AdvisoryDatabase:
    """Return a database of one source with ``records``, and another with ``beside`` if there are some."""
    sources = [records, beside] if beside else [records]
    return AdvisoryDatabase((), [read_compiled(compile_advisories(map(parse, one))) for one in sources])


def match(found: AdvisoryDatabase, version: str) -> list[tuple[str, str | None]]:
    return [(one.id, one.fixed) for one in found.match(DEMO, version)]


def test_a_match_says_all_that_is_known() -> None:
    found = database(make_record(aliases=["CVE-1"], summary="A hole.", database_specific={"severity": "LOW"}))

    assert found.match(DEMO, Version("1.0")) == (
        Match("PYSEC-2026-1", ("CVE-1",), AdvisorySeverity.LOW, False, "A hole.", "2.0"),
    )
    assert found.match(DEMO, Version("2.0")) == ()
    assert found.match(ProjectName("other"), Version("1.0")) == ()


def test_a_severity_that_nobody_states_is_high() -> None:
    assert database(make_record()).match(DEMO, "1.0")[0].severity is AdvisorySeverity.HIGH


def test_each_stretch_has_what_holds_there() -> None:
    found = database(
        make_record("A-1", events=[ZERO, {"fixed": "1.5"}, {"introduced": "3.0"}]),
        make_record("A-2", events=[{"introduced": "1.0"}, {"fixed": "2.0"}]),
        make_record("A-3", events=[{"introduced": "9"}]),
    )

    assert match(found, "0.dev0") == [("A-1", "1.5")]
    assert match(found, "1.0") == [("A-1", "1.5"), ("A-2", "2.0")]
    assert match(found, "1.5") == [("A-2", "2.0")]
    assert match(found, "2.0") == []
    assert match(found, "3.0") == [("A-1", None)]
    assert match(found, "9") == [("A-1", None), ("A-3", None)]


def test_the_gravest_comes_first() -> None:
    found = database(
        make_record("A-1", database_specific={"severity": "LOW"}),
        make_record("A-2", database_specific={"severity": "CRITICAL"}),
        make_record("MAL-3", database_specific={"severity": "LOW"}),
        make_record("A-4", database_specific={"severity": "CRITICAL"}, versions=["1.0"], events=None),
    )

    assert [identity for identity, _ in match(found, "1.0")] == ["MAL-3", "A-2", "A-4", "A-1"]


def test_a_listed_version_outside_every_interval_has_no_fix() -> None:
    found = database(make_record(versions=["2.5", "1.0"]))

    assert match(found, "1.0") == [("PYSEC-2026-1", "2.0")]
    assert match(found, "2.5") == [("PYSEC-2026-1", None)]
    assert match(found, "2.5.0") == [("PYSEC-2026-1", None)]
    assert match(found, "2.5.1") == []


@pytest.mark.parametrize(
    ("version", "is_affected"),
    [("2.5+cpu", True), ("1.0+cpu", True), ("2.0+cpu", False), ("2.7+fixed.1", False), ("2.7", True)],
)
def test_a_local_version_is_what_its_public_one_is(version: str, is_affected: bool) -> None:
    found = database(
        make_record(events=FIXED, versions=["2.5"]),
        make_record("A-2", events=[{"introduced": "2.7"}, {"fixed": "2.7+fixed.1"}]),
    )

    assert bool(match(found, version)) is is_affected


def test_a_text_that_is_no_version_matches_by_its_letters_or_where_all_are_affected() -> None:
    found = database(
        make_record("A-1", events=None, versions=["0.2.0-n653"]),
        make_record("A-2"),
        make_record("A-3", events=[ZERO]),
    )

    assert match(found, "0.2.0-n653") == [("A-1", None), ("A-3", None)]
    assert match(found, " 0.2.0-n654 ") == [("A-3", None)]


def test_what_goes_by_a_common_name_is_one_match() -> None:
    found = database(
        make_record("GHSA-1", aliases=["CVE-1"], database_specific={"severity": "LOW"}, summary="Said here."),
        make_record("PYSEC-1", aliases=["CVE-1", "SNYK-1"]),
        make_record("PYSEC-2", aliases=["CVE-2"]),
    )

    one, other = sorted(found.match(DEMO, "1.0"), key=lambda match: match.id)

    assert (one.id, one.aliases, other.id) == ("PYSEC-1", ("GHSA-1", "CVE-1", "SNYK-1"), "PYSEC-2")
    assert (one.severity, one.summary) == (AdvisorySeverity.LOW, "Said here.")
    assert one.names == ("PYSEC-1", "GHSA-1", "CVE-1", "SNYK-1")


def test_names_join_in_chains_and_in_any_order() -> None:
    records = [
        make_record("A-1", aliases=["X"]),
        make_record("A-2", aliases=["Y"]),
        make_record("A-3", aliases=["X", "Y"]),
        make_record("A-4", aliases=["A-2"]),
    ]

    for order in (records, records[::-1], [records[2], *records[:2], records[3]]):
        assert [len(one.names) for one in database(*order).match(DEMO, "1.0")] == [6]


def test_a_group_is_fixed_where_no_record_of_it_holds_any_more() -> None:
    twins: dict[str, Any] = {"aliases": ["CVE-1"]}
    found = database(
        make_record("A-1", events=[ZERO, {"fixed": "2.0"}], **twins),
        make_record("A-2", events=[ZERO, {"fixed": "2.1"}], **twins),
    )
    unfixed = database(
        make_record("A-1", events=[ZERO, {"fixed": "2.0"}], **twins),
        make_record("A-2", events=[ZERO], **twins),
    )

    assert (match(found, "1.0"), match(found, "2.0"), match(found, "2.1")) == (
        [("A-1", "2.1")],
        [("A-1", "2.1")],
        [],
    )
    assert match(unfixed, "3.0") == [("A-1", None)]


def test_across_projects_an_alias_joins_nothing() -> None:
    found = database(
        make_record("A-1", aliases=["CVE-1"]), make_record("A-2", "other", aliases=["CVE-1"], events=[ZERO])
    )

    assert match(found, "1.0") == [("A-1", "2.0")]
    assert match(found, "2.0") == []
    assert found.projects_named_by("CVE-1") == {"demo", "other"}
    assert found.projects_named_by("A-1") == {"demo"}
    assert found.projects_named_by("CVE-2") == frozenset()


def test_one_malware_record_makes_the_group_malware() -> None:
    found = database(
        make_record("GHSA-1", aliases=["MAL-1"]), make_record("MAL-1", events=None, versions=["1.0"])
    )

    [one] = found.match(DEMO, "1.0")

    assert (one.id, one.aliases, one.is_malware) == ("MAL-1", ("GHSA-1",), True)


def test_malware_says_whether_it_is_this_very_version() -> None:
    found = database(
        make_record("MAL-1", events=[ZERO], versions=["1.0", "x-y"], aliases=["GHSA-1"]),
        make_record("GHSA-1", events=[ZERO, {"fixed": "2.0"}]),
        make_record("PYSEC-1", events=None, versions=["1.0"]),
    )

    assert [(one.id, one.is_exact) for one in found.match(DEMO, "1.0")] == [
        ("MAL-1", True),
        ("PYSEC-1", False),
    ]
    assert [(one.id, one.is_exact) for one in found.match(DEMO, "1.1")] == [("MAL-1", False)]
    assert [(one.id, one.is_exact) for one in found.match(DEMO, "x-y")] == [("MAL-1", True)]
    assert [one.is_exact for one in found.match(DEMO, "1.0+cpu")] == [True, False]


def test_a_withdrawn_record_joins_nothing() -> None:
    found = database(
        make_record("A-1", aliases=["CVE-1"]),
        make_record("A-2", aliases=["CVE-1"], events=[ZERO], withdrawn="2026-03-01T00:00:00Z"),
    )

    assert match(found, "2.0") == []
    assert found.match(DEMO, "1.0")[0].names == ("A-1", "CVE-1")


def test_sources_speak_together() -> None:
    found = database(
        make_record("PYSEC-1", aliases=["CVE-1"]),
        beside=(make_record("ACME-1", aliases=["CVE-1"], events=[ZERO]),),
    )

    [one] = found.match(DEMO, "5.0")

    assert (one.names, one.fixed) == (("PYSEC-1", "CVE-1", "ACME-1"), None)
    assert found.is_loaded
    assert found.knows(DEMO)


def test_without_a_source_nothing_is_loaded() -> None:
    found = AdvisoryDatabase((), ())

    assert not found.is_loaded
    assert not found.knows(DEMO)
    assert found.match(DEMO, "1.0") == ()


def test_a_fix_is_known_as_one() -> None:
    found = database(
        make_record("A-1", events=[ZERO, {"fixed": "1.5"}, {"introduced": "1.7"}, {"fixed": "2.0"}]),
        make_record("A-2", events=[{"introduced": "1.8"}, {"fixed": "2.0"}]),
    )

    assert [one.id for one in found.fixed_by(DEMO, Version("2.0"))] == ["A-1", "A-2"]
    assert [one.id for one in found.fixed_by(DEMO, Version("1.5"))] == ["A-1"]
    assert found.fixed_by(DEMO, Version("1.8")) == ()


VERSIONS = st.sampled_from("0 0.5 1.0rc1 1.0 1.0+cpu 1.0.post1 1.1 1.9 2.0 2.0.1 3".split())  # noqa: SIM905  # reads better
ENDS = st.builds(lambda kind, version: {kind: version}, st.sampled_from(["fixed", "last_affected"]), VERSIONS)
EVENTS = st.lists(st.builds(lambda version: {"introduced": version}, VERSIONS) | ENDS, min_size=1, max_size=5)


@given(st.lists(st.tuples(EVENTS, st.lists(VERSIONS, max_size=3)), max_size=5), VERSIONS)
def test_all_ways_to_ask_answer_alike(
    stated: list[tuple[list[dict[str, str]], list[str]]], text: str
) -> None:
    """Held against the parsed records one by one: slow, and with no stretches to get wrong."""
    records = [
        make_record(f"A-{number}", events=events, versions=versions)
        for number, (events, versions) in enumerate(stated)
    ]
    version = Version(text)
    public = Version(version.public)
    expected = {
        one.id
        for one in map(parse, records)
        if {version, public} & one.affected[DEMO].listed
        or any(interval.holds(version) for interval in one.affected[DEMO].intervals)
    }
    found = database(*records)

    assert {one.id for one in found.match(DEMO, version)} == expected
    assert found.match(DEMO, text) == found.match(DEMO, version)
    in_one_go = found.match_all([(DEMO, version), (ProjectName("other"), version)])
    assert in_one_go == ({(DEMO, version): found.match(DEMO, version)} if expected else {})
