"""Pages and METADATA that are odd, or lie about whose they are."""

import json
from pathlib import Path
from typing import Any

import pytest

from feedgate.model.run import RunState
from tests.builders.intake_feed import Intake, chosen, passed_over, reason
from tests.doubles.upstream import JSON, Answer


def serve_page(intake: Intake, name: str, *entries: dict[str, Any]) -> None:
    """Have the upstream answer for ``name`` with exactly these entries."""
    document = {"meta": {"api-version": "1.1"}, "name": name, "versions": [], "files": entries}
    intake.upstream.fault(name, Answer(200, {"Content-Type": JSON}, json.dumps(document).encode()))


def listed(intake: Intake, wheel: Path, **overrides: Any) -> dict[str, Any]:
    """Have the upstream serve the file, and return its entry."""
    return {**intake.upstream.add(wheel.name, wheel.read_bytes()), **overrides}


def test_a_page_that_lists_another_projects_files_brings_none_of_them(intake: Intake) -> None:
    own, other = intake.wheel("demo", "1.0"), intake.wheel("evil", "9.9")
    serve_page(intake, "demo", listed(intake, own), listed(intake, other))

    run = intake.added("demo")

    assert chosen(run) == {"demo": "1.0"}
    assert intake.names() == ["demo"]
    assert intake.upstream.asked(other.name) == []


@pytest.mark.parametrize(
    "filename",
    [
        "demo-2.0-bad.whl",
        "demo-2.0-py3-none.whl",
        "demo-one-py3-none-any.whl",
        "demo-2.0.exe",
        "demo-2.0-py3.11.egg",
        "demo-2.0-1.src.rpm",
        "../demo-2.0-py3-none-any.whl",
        f"demo-2.0-py3.{'x' * 300}-none-any.whl",
        "demö-2.0-py3-none-any.whl",
    ],
)
def test_what_is_no_distribution_by_its_name_is_passed_by(intake: Intake, filename: str) -> None:
    own = listed(intake, intake.wheel("demo", "1.0"))
    newer = listed(intake, intake.sdist("demo", "2.0"))
    serve_page(intake, "demo", own, newer, {**own, "filename": filename})

    run = intake.added("demo")

    assert chosen(run) == {"demo": "1.0"}
    assert passed_over(run) == [("demo", "2.0", "source")]


def test_an_entry_that_is_none_is_passed_by(intake: Intake) -> None:
    own = listed(intake, intake.wheel("demo", "1.0"))
    serve_page(intake, "demo", own, {"filename": "demo-2.0-py3-none-any.whl"}, {})

    assert chosen(intake.added("demo")) == {"demo": "1.0"}


@pytest.mark.parametrize("promised", [{"size": 1}, {"hashes": {"sha256": "ab" * 32}}])
def test_a_page_that_promises_another_size_or_digest_fails_by_name(
    intake: Intake, promised: dict[str, Any]
) -> None:
    wheel = intake.wheel("demo", "1.0")
    serve_page(intake, "demo", listed(intake, wheel, **promised))

    run = intake.add("demo")

    assert run.state is RunState.FAILED
    assert wheel.name in reason(run)
    assert run.error is not None
    assert run.error.code in {"size-mismatch", "digest-mismatch"}


@pytest.mark.parametrize(
    "requires",
    [
        pytest.param(["part ! 1"], id="no-requirement"),
        pytest.param(["part (>=1.0.*)"], id="a-specifier-of-old"),
        pytest.param(["part; python_version >"], id="half-a-marker"),
    ],
)
def test_a_metadata_that_nobody_can_read_fails_by_name_or_is_passed_by(
    intake: Intake, requires: list[str]
) -> None:
    intake.offer("demo", "1.0")
    intake.offer("demo", "2.0", requires=requires)
    intake.offer("part", "1.0")

    run = intake.add("demo")

    if run.state is RunState.PUBLISHED:
        assert chosen(run) == {"demo": "1.0"}
    else:
        assert run.state is RunState.FAILED
        assert "demo" in reason(run)
        assert run.error is not None
        assert run.error.code != "internal-error"
        assert chosen(intake.added("demo<2")) == {"demo": "1.0"}


def test_a_cycle_of_dependencies_is_a_closure_like_others(intake: Intake) -> None:
    intake.offer("demo", "1.0", requires=["part"], extras={"all": ["demo[more]"], "more": ["other"]})
    intake.offer("part", "1.0", requires=["demo"])
    intake.offer("other", "1.0", requires=["demo[all]"])

    assert chosen(intake.added("demo[all]")) == {"demo": "1.0", "other": "1.0", "part": "1.0"}
