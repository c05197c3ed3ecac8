import gzip
from collections.abc import Mapping
from pathlib import Path

import pytest

from feedgate.inspectors.metadata_code import MetadataCode, severity_of
from feedgate.model.inspection import Severity
from tests.unit.inspectors.archives import (
    METADATA,
    SDIST_NAME,
    SOUND,
    WHEEL_NAME,
    recorded,
    tarred,
    walk_bytes,
    zipped,
)

NEWER = METADATA.replace(b"2.1", b"2.4")


def found(directory: Path, metadata: bytes, more: Mapping[str, bytes] | None = None) -> list[tuple[str, str]]:
    members = recorded({**SOUND, "demo-1.0.dist-info/METADATA": metadata, **(more or {})})
    [_, findings] = walk_bytes(directory, WHEEL_NAME, zipped(members)).findings
    return [(finding.code, finding.sentence) for finding in findings]


def codes(directory: Path, *lines: str, of: bytes = METADATA) -> list[str]:
    written = of + "".join(f"{line}\n" for line in lines).encode()
    return [code for code, _ in found(directory, written)]


def test_what_is_well_formed_has_no_finding(tmp_path: Path) -> None:
    lines = (
        "Summary: " + "s" * 512,
        "Home-page: https://demo.example",
        f"Project-URL: {'L' * 32}, http://docs.example/x",
        "Author-email: Ada <ada@example.org>, bob@localhost",
        "Requires-Dist: part>=1; python_version < '4'",
        "Requires-Python: >=3.8",
        "Provides-Extra: more",
        "Description-Content-Type: text/markdown; charset=UTF-8; variant=GFM",
        "",
        "What it does.",
    )

    assert codes(tmp_path, *lines) == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("Summary: " + "s" * 513, "field-invalid"),
        (f"Project-URL: {'L' * 33}, https://docs.example", "url-invalid"),
        ("Project-URL: , https://docs.example", "url-invalid"),
        ("Home-page: https://", "url-invalid"),
        ("Home-page: https://[::1", "url-invalid"),
        ("Author-email: Ada", "field-invalid"),
        ("Maintainer-email: ada@", "field-invalid"),
        ("Requires-Python: >=" + "9" * 5000, "core-fields"),
        ("Colour: green", "field-unknown"),
        ("Import-Name: demo", "field-too-new"),
    ],
)
def test_one_step_past_what_pypi_takes_is_found(tmp_path: Path, line: str, code: str) -> None:
    assert codes(tmp_path, line) == [code]


def test_what_stands_in_the_description_is_no_field(tmp_path: Path) -> None:
    assert codes(tmp_path, "", "Home-page: nowhere", "Name: other") == []


def test_a_local_version_is_a_note(tmp_path: Path) -> None:
    members = {
        "demo-1.0+ours.dist-info/METADATA": METADATA.replace(b"1.0", b"1.0+ours"),
        "demo-1.0+ours.dist-info/WHEEL": SOUND["demo-1.0.dist-info/WHEEL"],
    }

    [_, [finding]] = walk_bytes(tmp_path, WHEEL_NAME, zipped(members)).findings

    assert (finding.code, finding.severity) == ("version-local", Severity.NOTE)


def test_a_minor_version_of_tomorrow_is_read_as_the_last_one_known(tmp_path: Path) -> None:
    assert codes(tmp_path, of=METADATA.replace(b"2.1", b"2.99")) == []


@pytest.mark.parametrize(
    ("path", "at", "code"),
    [
        ("LICENSE", "licenses/LICENSE", []),
        ("docs/LICENSE", "licenses/docs/LICENSE", []),
        ("LICENSE", "LICENSE", ["licence-file-missing"]),
        ("LICENSE", "licenses/license", ["licence-file-missing"]),
    ],
)
def test_a_licence_file_that_is_named_is_there(tmp_path: Path, path: str, at: str, code: list[str]) -> None:
    metadata = NEWER + f"License-File: {path}\n".encode()

    assert [one for one, _ in found(tmp_path, metadata, {f"demo-1.0.dist-info/{at}": b"free"})] == code


@pytest.mark.parametrize(("name", "code"), [("LICENSE", []), ("LICENCE", ["licence-file-missing"])])
def test_an_sdist_has_its_licence_in_its_top_folder(tmp_path: Path, name: str, code: list[str]) -> None:
    pkg_info = NEWER + b"License-File: LICENSE\n"
    whole = gzip.compress(tarred([("demo-1.0/PKG-INFO", pkg_info), (f"demo-1.0/{name}", b"free")]))

    [_, findings] = walk_bytes(tmp_path, SDIST_NAME, whole).findings

    assert [finding.code for finding in findings] == code


def test_where_the_walk_stopped_nothing_is_missed(tmp_path: Path) -> None:
    metadata = NEWER + b"License-File: LICENSE\n"
    whole = zipped(recorded({**SOUND, "demo-1.0.dist-info/METADATA": metadata}), method=0)

    walked = walk_bytes(tmp_path, WHEEL_NAME, whole.replace(b"x = 1", b"x = 2"))

    assert [[finding.code for finding in one] for one in walked.findings] == [["unreadable"], []]


@pytest.mark.parametrize(
    "text",
    ["[a]\nx = m\n", "[a]\nx = m:o.p\n[b]\nx=m.n:o [extra]\n", "# none\n", "", "[a.b]\nX=m:o\nx=m:o\n"],
)
def test_entry_points_of_each_form_are_read(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, METADATA, {"demo-1.0.dist-info/entry_points.txt": text.encode()}) == []


@pytest.mark.parametrize("text", ["x = m:o\n", "[a]\nx\n", "[a]\nx =\n", "[a]\n[a]\n", "[a]\nx = m:o p\n"])
def test_entry_points_that_lead_nowhere_are_found(tmp_path: Path, text: str) -> None:
    [(code, sentence)] = found(tmp_path, METADATA, {"demo-1.0.dist-info/entry_points.txt": text.encode()})

    assert code == "entry-points-invalid"
    assert sentence.isprintable()


def test_every_code_has_a_weight() -> None:
    assert {severity_of(code) for code in MetadataCode} == set(Severity)
