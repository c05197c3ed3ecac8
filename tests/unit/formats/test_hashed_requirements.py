"""Hashed requirements are what pip takes, and what our own reader of requirements takes."""

import pytest

from feedgate.formats.hashed_requirements import write_hashed_requirements
from feedgate.formats.lock_file import LockedWheel
from feedgate.formats.requirements import parse_requirements_text
from feedgate.model.digest import Digest
from feedgate.model.names import ProjectName

TARGET = "3.11@x86_64-manylinux_2_28"


def wheel(project: str, version: str = "1.0", marker: str | None = None) -> LockedWheel:
    filename = f"{project}-{version}-py3-none-any.whl"
    return LockedWheel(
        ProjectName(project), version, filename, "https://feed.example/x", Digest("ab" * 32), marker=marker
    )


@pytest.mark.parametrize(
    ("written", "requirement"),
    [
        (wheel("demo"), "demo==1.0"),
        (wheel("demo", "1!2.0rc1+local.3"), "demo==1!2.0rc1+local.3"),
        (
            wheel("demo", marker="python_full_version < '3.11.3'"),
            'demo==1.0; python_full_version < "3.11.3"',
        ),
    ],
)
def test_a_project_is_pinned_with_its_digest(written: LockedWheel, requirement: str) -> None:
    text = write_hashed_requirements([written], target=TARGET)

    [line] = parse_requirements_text(text, origin="requirements.txt").lines
    assert (str(line.requirement), line.hashes) == (requirement, frozenset({f"sha256:{'ab' * 32}"}))


def test_no_index_is_named_and_the_order_is_by_project() -> None:
    text = write_hashed_requirements([wheel("zebra"), wheel("apple")], target=TARGET)

    assert "http" not in text
    assert "index" not in text
    assert text.index("apple==") < text.index("zebra==")
    assert TARGET in text.splitlines()[0]
