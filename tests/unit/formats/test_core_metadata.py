from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.version import Version

from feedgate.formats.core_metadata import (
    LONGEST_FIELD,
    MOST_HEADERS,
    CoreMetadata,
    InvalidCoreMetadata,
    parse_core_metadata,
)

FILENAME = "demo_core-1.0-py3-none-any.whl"
WHOLE = """\
Metadata-Version: 2.4
Name: Demo.Core
Version: 1.0
Summary: A demonstration
Author: Zoë
Classifier: A
Classifier: B
Requires-Python: >=3.9
Requires-Dist: requests[socks]>=2 ; extra == 'net'
Requires-Dist: local @ https://files.example/local.whl
Provides-Extra: Net_Work
Provides-Extra: net
Description-Content-Type: text/markdown

# Demo

Name: of the body
"""


def parsed(text: str) -> CoreMetadata:
    return parse_core_metadata(text.encode(), filename=FILENAME)


def smallest(*lines: str, version: str = "2.1") -> str:
    return "\n".join([f"Metadata-Version: {version}", "Name: demo", "Version: 1.0", *lines, ""])


def test_what_a_wheel_says_of_itself() -> None:
    assert parsed(WHOLE) == CoreMetadata(
        metadata_version="2.4",
        name=parsed(WHOLE).name,
        raw_name="Demo.Core",
        version=Version("1.0"),
        requires_python=">=3.9",
        requires_dist=(
            Requirement("requests[socks]>=2 ; extra == 'net'"),
            Requirement("local @ https://files.example/local.whl"),
        ),
        provides_extra=frozenset({"net", "net-work"}),
        summary="A demonstration",
        classifiers=("A", "B"),
    )
    assert parsed(WHOLE).name == "demo-core"


def test_requirements_with_an_address_are_told_apart() -> None:
    assert [requirement.name for requirement in parsed(WHOLE).direct_references] == ["local"]


@pytest.mark.parametrize("version", ["1.0", "1.2", "2.0", "2.1", "2.6", "2.99"])
def test_every_version_of_the_known_majors_is_read(version: str) -> None:
    metadata = parsed(smallest(version=version))

    assert metadata.metadata_version == version
    assert (metadata.requires_python, metadata.requires_dist, metadata.summary) == (None, (), None)
    assert metadata.provides_extra == frozenset()


def test_a_large_description_is_read_like_a_small_one() -> None:
    assert parsed(smallest("", "x" * 100_000)) == parsed(smallest())


def test_a_folded_requirement_is_one_requirement() -> None:
    metadata = parsed(smallest("Requires-Dist: requests", "\t; python_version < '3.9'"))

    assert metadata.requires_dist == (Requirement("requests; python_version < '3.9'"),)


def test_an_empty_requires_python_says_nothing() -> None:
    assert parsed(smallest("Requires-Python: ")).requires_python is None


def test_an_old_requirement_in_brackets_is_read() -> None:
    assert parsed(smallest("Requires-Dist: pytz (>=2019)")).requires_dist == (Requirement("pytz>=2019"),)


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        pytest.param("", "Name", "is missing", id="empty"),
        pytest.param("Metadata-Version: 2.1\nVersion: 1.0\n", "Name", "is missing", id="no-name"),
        pytest.param("Metadata-Version: 2.1\nName: demo\n", "Version", "is missing", id="no-version"),
        pytest.param(
            "Name: demo\nVersion: 1.0\n", "Metadata-Version", "is missing", id="no-metadata-version"
        ),
        pytest.param(smallest(version=" "), "Metadata-Version", "is missing", id="blank-metadata-version"),
        pytest.param(smallest(version="3.0"), "Metadata-Version", "'3.0'", id="unknown-major"),
        pytest.param(smallest(version="0.9"), "Metadata-Version", "'0.9'", id="no-major-there-ever-was"),
        pytest.param(smallest(version="2"), "Metadata-Version", "'2'", id="half-a-version"),
        pytest.param(smallest("Name: other"), "Name", "is there twice", id="two-names"),
        pytest.param(smallest("name: other"), "Name", "is there twice", id="two-names-in-two-spellings"),
        pytest.param(smallest("Version: 2.0"), "Version", "is there twice", id="two-versions"),
        pytest.param(
            smallest("Requires-Python: >=3", "Requires-Python: >=2"),
            "Requires-Python",
            "twice",
            id="two-pythons",
        ),
        pytest.param(smallest("Keywords: a", "Keywords: b"), "Keywords", "twice", id="two-keywords"),
        pytest.param(smallest("Description: a", "", "b"), "Description", "twice", id="two-descriptions"),
        pytest.param(smallest("Requires-Python: 3.x"), "Requires-Python", "'3.x'", id="no-specifier"),
        pytest.param(smallest("Requires-Dist: a b"), "Requires-Dist", "'a b'", id="no-requirement"),
        pytest.param(smallest("Requires-Dist: "), "Requires-Dist", "''", id="empty-requirement"),
        pytest.param(
            smallest("Requires-Dist: pytz (>dev)"), "Requires-Dist", "(>dev)", id="no-version-in-it"
        ),
        pytest.param(WHOLE.replace("Demo.Core", "../demo"), "Name", "'../demo'", id="name-is-a-path"),
        pytest.param(WHOLE.replace("Demo.Core", "démo"), "Name", "'démo'", id="name-is-not-ascii"),
        pytest.param(WHOLE.replace("Version: 1.0", "Version: 1.0.x"), "Version", "'1.0.x'", id="no-version"),
    ],
)
def test_what_can_not_be_relied_on_is_refused_by_field_and_value(text: str, field: str, value: str) -> None:
    with pytest.raises(InvalidCoreMetadata) as caught:
        parsed(text)

    assert caught.value.facts == {"filename": FILENAME, "field": field}
    assert FILENAME in caught.value.message
    assert value in caught.value.message


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Version", "1" * LONGEST_FIELD),
        ("Requires-Python", ">=" + "1" * (LONGEST_FIELD - 2)),
        ("Requires-Dist", "demo>=" + "1" * (LONGEST_FIELD - 6)),
    ],
)
def test_no_number_is_too_long_to_be_read_later(header: str, value: str) -> None:
    lines = (
        smallest().replace("Version: 1.0", f"Version: {value}")
        if header == "Version"
        else smallest(f"{header}: {value}")
    )

    assert parsed(lines).requires_dist == parsed(lines).requires_dist
    with pytest.raises(InvalidCoreMetadata, match="longer than 4000 characters"):
        parsed(lines.replace("1" * 100, "1" * 101, 1))


def test_brackets_beyond_measure_are_no_requirement() -> None:
    with pytest.raises(InvalidCoreMetadata, match="Requires-Dist"):
        parsed(smallest(f"Requires-Dist: demo; {'(' * 1_900}os_name == 'a'{')' * 1_900}"))


MOST_OTHERS = [f"X-{number}: x" for number in range(MOST_HEADERS - 3)]


@pytest.mark.timeout(20)
def test_metadata_costs_no_more_than_its_length() -> None:
    most = smallest(*MOST_OTHERS, "", *MOST_OTHERS, *MOST_OTHERS)

    assert parsed(most).version == Version("1.0")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_more_headers_than_anybody_writes_are_refused(end: str) -> None:
    with pytest.raises(InvalidCoreMetadata, match="more than 5000 times"):
        parsed(smallest("X: x", *MOST_OTHERS).replace("\n", end))


def test_folded_lines_are_part_of_their_header() -> None:
    assert parsed(smallest("Description: a", *["        b"] * MOST_HEADERS)).version == Version("1.0")


def test_metadata_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(InvalidCoreMetadata, match="not UTF-8"):
        parse_core_metadata(WHOLE.encode("latin-1"), filename=FILENAME)


HEADERS = st.sampled_from(
    [
        *("Name", "Version", "Metadata-Version", "Requires-Dist", "Requires-Python", "Provides-Extra"),
        *("Project-URL", "Content-Type", "Content-Transfer-Encoding", "Description", "Import-Name", "X"),
    ]
)
VALUES = (
    st.sampled_from(["demo", "1.0", "2.1", "multipart/mixed; boundary=a", "base64", "a, b", ">=3"])
    | st.text()
)


@given(st.lists(st.tuples(HEADERS, VALUES)), st.text())
def test_no_metadata_breaks_the_reader(headers: list[tuple[str, str]], body: str) -> None:
    text = smallest(*(f"{header}: {value}" for header, value in headers), "", body)

    with suppress(InvalidCoreMetadata):
        parse_core_metadata(text.encode("utf-8", "surrogatepass"), filename=FILENAME)
