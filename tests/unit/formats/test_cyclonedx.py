"""What is written is CycloneDX 1.6 by its own schema; it says what is known, and nothing else."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import hypothesis
import pytest
from hypothesis import strategies as st

from feedgate.formats.cyclonedx import (
    SUBJECT,
    ListedFile,
    ListedRelease,
    Sbom,
    StatedLicence,
    purl,
    write_cyclonedx,
)
from feedgate.model.advisory import AdvisorySeverity, Match
from feedgate.model.digest import Digest
from feedgate.model.names import ProjectName
from tests.builders.cyclonedx_schema import faults

NOON = datetime(2026, 3, 8, 12, tzinfo=UTC)
NUMBER = UUID("12345678-1234-4234-8234-123456789abc")
DEMO, PART = ProjectName("demo"), ProjectName("part")
WHEEL = ListedFile("demo-1.0-py3-none-any.whl", Digest("a" * 64), "https://files.example/demo 1.0.whl")
SDIST = ListedFile("demo-1.0.tar.gz", Digest("b" * 64))
HOLE = Match(
    "PYSEC-2026-1", ("CVE-2026-1",), AdvisorySeverity.CRITICAL, is_malware=False, summary="Bad.", fixed="1.1"
)
TROJAN = Match("MAL-2026-2", (), AdvisorySeverity.HIGH, is_malware=True, summary="", fixed=None)
RELEASE = ListedRelease(DEMO, "1.0", (WHEEL,))


def write(*releases: ListedRelease, **members: Any) -> str:
    sbom = Sbom("acme/team", "serial 7", releases, **members)
    return write_cyclonedx(sbom, serial_number=NUMBER, now=NOON, tool_version="1.2.3")


def read(*releases: ListedRelease, **members: Any) -> Any:
    text = write(*releases, **members)
    assert faults(text) == []
    return json.loads(text)


def licences(licence: StatedLicence) -> Any:
    [component] = read(replace(RELEASE, licence=licence))["components"]
    return component.get("licenses")


def test_an_empty_feed_has_a_valid_one() -> None:
    document = read()

    assert document["components"] == []
    assert "vulnerabilities" not in document
    assert "dependencies" not in document


def test_the_schema_is_one_that_finds_faults() -> None:
    document = json.loads(write(RELEASE))
    document["components"][0]["hashes"][0]["alg"] = "SHA-1024"
    document["components"][0]["bom"] = "ref"

    assert len(faults(json.dumps(document))) == 2


def test_a_release_of_one_file_has_its_digest_and_address() -> None:
    [component] = read(replace(RELEASE, origin="imported", yanked=""))["components"]

    assert (component["type"], component["name"], component["version"]) == ("library", "demo", "1.0")
    assert component["purl"] == component["bom-ref"] == "pkg:pypi/demo@1.0"
    assert component["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    [there] = component["externalReferences"]
    assert (there["type"], there["url"]) == ("distribution", "https://files.example/demo%201.0.whl")
    assert {"name": "feedgate:yanked", "value": ""} in component["properties"]


def test_a_release_of_several_files_holds_each_with_its_own_digest() -> None:
    [component] = read(replace(RELEASE, files=(SDIST, WHEEL)))["components"]

    assert "hashes" not in component
    assert [(file["name"], file["hashes"][0]["content"]) for file in component["components"]] == [
        (WHEEL.filename, "a" * 64),
        (SDIST.filename, "b" * 64),
    ]
    assert component["components"][1]["purl"] == "pkg:pypi/demo@1.0?file_name=demo-1.0.tar.gz"


def test_a_file_whose_digest_nobody_knows_yet_has_none() -> None:
    [component] = read(replace(RELEASE, files=(replace(WHEEL, digest=None),)))["components"]

    assert "hashes" not in component
    assert "hashes" not in component["externalReferences"][0]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        pytest.param("1!2.0", "pkg:pypi/demo@1%212.0", id="epoch"),
        pytest.param("1.0+local.1", "pkg:pypi/demo@1.0%2Blocal.1", id="local-version"),
        pytest.param("1.0rc1.post2", "pkg:pypi/demo@1.0rc1.post2", id="plain"),
    ],
)
def test_a_package_url_is_escaped(version: str, expected: str) -> None:
    assert purl(DEMO, version) == expected


def test_a_licence_expression_goes_before_all_else() -> None:
    stated = StatedLicence("mit OR apache-2.0", "BSD", ("License :: OSI Approved :: MIT License",))

    assert licences(stated) == [{"expression": "MIT OR Apache-2.0"}]


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        pytest.param(StatedLicence(), None, id="nothing-stated"),
        pytest.param(StatedLicence("no such licence"), ["no such licence"], id="no-expression-at-all"),
        pytest.param(StatedLicence(text=" BSD 3-Clause "), ["BSD 3-Clause"], id="a-name"),
        pytest.param(StatedLicence(text="UNKNOWN"), None, id="what-old-backends-wrote-for-nothing"),
        pytest.param(
            StatedLicence(text="A" * 201, classifiers=("License :: OSI Approved :: MIT License",)),
            ["MIT License"],
            id="one-too-long-for-a-name",
        ),
        pytest.param(
            StatedLicence(
                classifiers=(
                    "License :: OSI Approved :: MIT License",
                    "License :: OSI Approved",
                    "Programming Language :: Python",
                )
            ),
            ["MIT License"],
            id="classifiers-that-name-one",
        ),
        pytest.param(StatedLicence(text="The Licence\n\nPermission …"), ["The Licence"], id="a-whole-text"),
        pytest.param(StatedLicence(text=" \n "), None, id="blanks"),
    ],
)
def test_a_licence_is_named_as_it_is_stated(stated: StatedLicence, expected: list[str] | None) -> None:
    found = licences(stated)

    assert (None if found is None else [one["license"]["name"] for one in found]) == expected


def test_a_vulnerability_names_aliases_fix_and_every_release_it_is_in() -> None:
    old = replace(RELEASE, vulnerabilities=(HOLE,))
    older = replace(RELEASE, version="0.9", vulnerabilities=(HOLE,))
    [found] = read(old, older)["vulnerabilities"]

    assert (found["id"], found["references"][0]["id"]) == ("PYSEC-2026-1", "CVE-2026-1")
    assert found["ratings"] == [{"severity": "critical"}]
    assert "demo 1.1" in found["recommendation"]
    assert [one["ref"] for one in found["affects"]] == ["pkg:pypi/demo@0.9", "pkg:pypi/demo@1.0"]
    assert "analysis" not in found


def test_one_id_in_two_projects_is_two_vulnerabilities() -> None:
    found = read(
        replace(RELEASE, vulnerabilities=(HOLE,)),
        ListedRelease(PART, "1.0", (SDIST,), vulnerabilities=(HOLE,)),
    )["vulnerabilities"]

    assert [one["affects"][0]["ref"] for one in found] == ["pkg:pypi/demo@1.0", "pkg:pypi/part@1.0"]
    assert len({one["bom-ref"] for one in found}) == 2


def test_malware_is_marked_and_recommends_nothing() -> None:
    [found] = read(replace(RELEASE, vulnerabilities=(TROJAN,)))["vulnerabilities"]

    assert found["properties"] == [{"name": "feedgate:malware", "value": "true"}]
    assert not {"recommendation", "description", "references"} & found.keys()


def test_what_needs_what_is_told_apart_from_what_nobody_knows() -> None:
    part = ListedRelease(PART, "2.0", (SDIST,))
    requires = {SUBJECT: frozenset({RELEASE.purl}), RELEASE.purl: frozenset({part.purl})}
    document = read(part, RELEASE, requires=requires, whole=frozenset({SUBJECT, RELEASE.purl}))

    assert document["dependencies"] == [
        {"ref": "pkg:pypi/demo@1.0", "dependsOn": ["pkg:pypi/part@2.0"]},
        {"ref": "subject", "dependsOn": ["pkg:pypi/demo@1.0"]},
    ]
    assert document["compositions"] == [
        {"aggregate": "complete", "dependencies": ["subject", "pkg:pypi/demo@1.0"]},
        {"aggregate": "unknown", "dependencies": ["pkg:pypi/part@2.0"]},
    ]


def test_the_order_in_which_releases_are_given_changes_nothing() -> None:
    part = ListedRelease(PART, "2.0", (SDIST, WHEEL), vulnerabilities=(TROJAN, HOLE))
    turned = replace(part, files=(WHEEL, SDIST), vulnerabilities=(HOLE, TROJAN))

    assert write(part, RELEASE) == write(RELEASE, turned)


@hypothesis.settings(max_examples=40)
@hypothesis.given(
    st.text(max_size=300),
    st.lists(st.text(max_size=40).map(lambda text: f"License :: {text}"), max_size=3),
    st.text(max_size=40),
)
def test_whatever_metadata_say_the_document_is_valid(text: str, classifiers: list[str], yanked: str) -> None:
    for licence in (StatedLicence(text), StatedLicence(None, text, tuple(classifiers))):
        file = replace(WHEEL, address=f"https://files.example/{yanked}")
        assert faults(write(replace(RELEASE, files=(file,), licence=licence, yanked=yanked))) == []
