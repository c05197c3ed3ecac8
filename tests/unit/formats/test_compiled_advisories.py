"""The compiled form: what is asked of it comes back as it went in, withdrawn records do not."""

import orjson
import pytest
from packaging.version import Version

from feedgate.formats.compiled_advisories import (
    CompiledAdvisories,
    UnreadableCompiledAdvisories,
    compile_advisories,
    read_compiled,
)
from feedgate.formats.osv import parse_advisory
from feedgate.model.advisory import Advisory, Affected
from feedgate.model.names import ProjectName
from feedgate.model.version_interval import VersionInterval
from tests.builders.advisories import make_record

DEMO, OTHER = ProjectName("demo"), ProjectName("other")


def advisory(*names: object, **members: object) -> Advisory:
    parsed = parse_advisory(orjson.dumps(make_record(*names, **members)))  # type: ignore[arg-type]  # as the builder takes them
    assert parsed is not None
    return parsed


def compiled(*advisories: Advisory) -> CompiledAdvisories:
    return read_compiled(compile_advisories(advisories))


def test_an_advisory_comes_back_as_it_went_in() -> None:
    original = advisory(
        aliases=["CVE-1"],
        summary="A hole.",
        database_specific={"severity": "LOW"},
        events=[{"introduced": "1.0"}, {"fixed": "2.0"}, {"introduced": "3.0"}],
        versions=["0.5", "x-y"],
    )

    assert compiled(original).on(DEMO) == (original,)


def test_what_an_interval_says_is_not_said_again() -> None:
    original = advisory(versions=["1.0", "1.1", "2.5"])

    [found] = compiled(original).on(DEMO)

    assert found.affected[DEMO].listed == {Version("2.5")}


def test_of_malware_the_listed_versions_stay() -> None:
    [found] = compiled(advisory("MAL-1", versions=["1.0", "1.1"])).on(DEMO)

    assert found.affected[DEMO].listed == {Version("1.0"), Version("1.1")}


def test_a_project_hears_of_itself_alone() -> None:
    both = advisory("PYSEC-1")
    both.affected[OTHER] = Affected((VersionInterval(),))  # type: ignore[index]  # a dictionary, as it was parsed
    database = compiled(both, advisory("PYSEC-2", "other"))

    assert [(one.id, set(one.affected)) for one in database.on(OTHER)] == [
        ("PYSEC-1", {OTHER}),
        ("PYSEC-2", {OTHER}),
    ]
    assert set(database.projects) == {DEMO, OTHER}
    assert (database.knows(DEMO), database.knows(ProjectName("third"))) == (True, False)
    assert database.on(ProjectName("third")) == ()


def test_a_withdrawn_advisory_never_counts() -> None:
    database = compiled(advisory(withdrawn="2026-03-08T00:00:00Z"))

    assert (list(database.projects), database.on(DEMO), list(database.named("PYSEC-2026-1"))) == ([], (), [])


def test_an_advisory_is_found_by_each_of_its_names() -> None:
    database = compiled(
        advisory("PYSEC-1", aliases=["CVE-1"]), advisory("PYSEC-2", "other", aliases=["CVE-1"])
    )

    assert set(database.named("CVE-1")) == {DEMO, OTHER}
    assert list(database.named("PYSEC-2")) == [OTHER]
    assert list(database.named("CVE-2")) == []


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{}", b'{"form": 2, "advisories": [], "projects": {}}', b'{"form": 1}']
)
def test_another_form_is_said_to_be_one(raw: bytes) -> None:
    with pytest.raises(UnreadableCompiledAdvisories):
        read_compiled(raw)
