import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from feedgate.gate.decide import decide_import, decide_upload
from feedgate.gate.looked import Looked
from feedgate.inspectors.walk import INSPECTORS, walk
from feedgate.model.decision import Decision, Verdict
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution, Kind, parse_filename
from feedgate.model.inspection import Inspection
from feedgate.policy.policies import OPEN
from tests.builders.wheels import BrokenWheel, Record

MakeArchive = Callable[..., Path]

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def looked_at(path: Path) -> Looked:
    walked = walk(path, path.name)
    digest = Digest(hashlib.sha256(path.read_bytes()).hexdigest())
    inspections = tuple(
        Inspection(digest, inspector.name, inspector.version, findings)
        for inspector, findings in zip(INSPECTORS, walked.findings, strict=True)
    )
    return Looked(digest, parse_filename(path.name).kind, inspections, walked.metadata)


def on_upload(path: Path) -> Decision:
    return decide_upload(OPEN, path.name, looked_at(path), None, now=NOON)


def on_import(
    path: Path, *, requires_python: str | None = None, metadata_digest: str | None = None
) -> Decision:
    looked = looked_at(path)
    file = Distribution(
        path.name, looked.digest, requires_python=requires_python, metadata_digest=metadata_digest
    )
    return decide_import(OPEN, file, looked, None, now=NOON)


def test_sound_files_enter_by_either_way(make_wheel: MakeArchive, make_sdist: MakeArchive) -> None:
    for path in (make_wheel("demo", "1.0"), make_sdist("demo", "1.0")):
        assert on_upload(path).verdict is Verdict.ADMIT
        assert on_import(path).verdict is Verdict.ADMIT


@pytest.mark.parametrize(
    ("record", "uploaded", "imported"),
    [
        ("missing", Verdict.REFUSE, Verdict.ADMIT),
        ("incomplete", Verdict.REFUSE, Verdict.ADMIT),
        ("wrong", Verdict.REFUSE, Verdict.HOLD),
    ],
)
def test_record_is_judged_by_the_way_in(
    make_wheel: MakeArchive, record: Record, uploaded: Verdict, imported: Verdict
) -> None:
    path = make_wheel("demo", "1.0", record=record)

    assert on_upload(path).verdict is uploaded
    assert on_import(path).verdict is imported


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"files": {"demo-1.0.dist-info/entry_points.txt": "[console_scripts]\n../../x = demo:main\n"}},
            "its script '../../x' has a name that leads out of the folder of scripts",
        ),
        (
            {"requires": ["part @ https://files.example/part.whl"]},
            "it requires part from an address, where an index is to say what comes: https://files.example/part.whl",
        ),
    ],
    ids=["a-script-that-climbs", "an-address-in-a-requirement"],
)
def test_what_who_uploads_can_mend_is_refused_by_name_and_found_in_imports(
    make_wheel: MakeArchive, options: dict[str, Any], said: str
) -> None:
    path = make_wheel("demo", "1.0", **options)

    uploaded, imported = on_upload(path), on_import(path)

    assert (uploaded.verdict, uploaded.reason) == (Verdict.REFUSE, f"demo-1.0-py3-none-any.whl: {said}")
    assert imported.verdict is Verdict.ADMIT
    assert f"demo-1.0-py3-none-any.whl: {said}" in [opinion.reason for opinion in imported.opinions]


def test_the_reason_names_file_member_and_fact(make_wheel: MakeArchive) -> None:
    decision = on_upload(make_wheel("demo", "1.0", record="wrong"))

    assert decision.policy == "open"
    assert (
        decision.reason
        == "demo-1.0-py3-none-any.whl: RECORD lists demo/__init__.py with another hash than it has"
    )


@pytest.mark.parametrize(
    "broken",
    [
        "cut-off",
        "climbing-member",
        "no-metadata",
        "other-name",
        "other-version",
        "doubled-header",
        "metadata-not-utf8",
        "unknown-metadata-version",
    ],
)
def test_what_is_unsound_enters_by_no_way(make_wheel: MakeArchive, broken: BrokenWheel) -> None:
    path = make_wheel("demo", "1.0", broken=broken)

    for decision in (on_upload(path), on_import(path)):
        assert decision.verdict is Verdict.REFUSE
        assert decision.reason.startswith("demo-1.0-py3-none-any.whl: ")


def test_an_sdist_of_another_release_is_refused(make_sdist: MakeArchive) -> None:
    path = make_sdist("demo", "1.0", broken="other-version")

    assert "METADATA has version 99.9" in on_upload(path).reason


def test_what_the_upstream_lists_is_what_the_file_says(make_wheel: MakeArchive) -> None:
    path = make_wheel("demo", "1.0", requires_python=">=3.9")
    metadata = looked_at(path).metadata
    assert metadata is not None
    digest = hashlib.sha256(metadata).hexdigest()

    assert on_import(path, requires_python=">= 3.9", metadata_digest=digest).verdict is Verdict.ADMIT
    assert on_import(path, requires_python=">=3.8").verdict is Verdict.REFUSE
    assert on_import(path, metadata_digest="0" * 64).verdict is Verdict.REFUSE


def test_metadata_of_nothing_but_brackets_is_refused(make_wheel: MakeArchive) -> None:
    path = make_wheel("demo", "1.0", requires=[f"other; {'(' * 50_000}"])

    assert on_upload(path).verdict is Verdict.REFUSE


def test_a_file_that_nobody_looked_at_is_held() -> None:
    nothing = Looked(Digest("0" * 64), Kind.SDIST, (), None)

    assert decide_upload(OPEN, "demo-1.0.tar.gz", nothing, None, now=NOON).verdict is Verdict.HOLD


def test_a_file_that_was_looked_at_as_another_kind_is_held(make_sdist: MakeArchive) -> None:
    looked = looked_at(make_sdist("demo", "1.0"))

    assert decide_upload(OPEN, "demo-1.0.tar.gz", looked, None, now=NOON).verdict is Verdict.ADMIT
    assert decide_upload(OPEN, "demo-1.0-py3-none-any.whl", looked, None, now=NOON).verdict is Verdict.HOLD
