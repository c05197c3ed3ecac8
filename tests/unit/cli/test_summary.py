"""A run's summary says how it ended, what came and why not, whatever stands in it."""

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest
from markdown_it import MarkdownIt

from feedgate.api.report_bodies import LockedFileBody, RunReportBody, TargetLockBody
from feedgate.api.run_bodies import RunBody
from feedgate.cli.summary import outcome, write_summary

NOON = datetime(2026, 3, 8, 12, 0, tzinfo=UTC)
TARGET, OTHER = "3.11@x86_64-manylinux_2_28", "3.12@x86_64-manylinux_2_28"
HOSTILE = "a\n\n# b\n| c | `d` [e](https://evil.example) <img> ##vso[task.complete] \x1b[31m\u202e\\|"
WHEEL = "demo-1.0-py3-none-any.whl"
NEW = {"filename": WHEEL, "sha256": None, "size_bytes": 1000, "state": "new"}


def run(**more: Any) -> RunBody:
    body = {
        "run": "run_1",
        "kind": "add",
        "state": "published",
        "feed": "acme/pip-feed",
        "requester": "ada",
        "created_at": NOON,
        "started_at": NOON,
        "finished_at": NOON,
        "published": 1,
        "already_present": 1,
        "fetched": 1,
        "serial": 7,
        "seconds": 12.34,
        "request": {
            "requirements": ["demo>=1"],
            "files": ["apps.txt"],
            "projects": ["demo"],
            "reason": "ticket 4711",
        },
        "closure": {"projects": 2, "distributions": 2, "bytes": 3000},
        "targets": [{"target": TARGET, "proved": True}],
        "files": [
            {"filename": WHEEL, "sha256": "a" * 64, "size_bytes": 1000, "state": "published"},
            {"filename": "part-1.5.whl", "sha256": "b" * 64, "size_bytes": 2000, "state": "present"},
        ],
    }
    return RunBody.model_validate(body | more)


def file(project: str, version: str, filename: str, size_bytes: int | None = 1000) -> LockedFileBody:
    return LockedFileBody(
        project=project, version=version, filename=filename, sha256="a" * 64, size_bytes=size_bytes, path="/x"
    )


def target(name: str, *files: LockedFileBody) -> TargetLockBody:
    return TargetLockBody(
        target=name, file_form="cp311", requires_python="==3.11.*", environment="", files=list(files)
    )


DEMO, PART = file("demo", "1.0", WHEEL), file("part", "1.5", "part-1.5.whl", 2000)
REPORT = RunReportBody(run="run_1", installable=True, targets=[target(TARGET, PART, DEMO)])
NOTHING = RunReportBody(run="run_1", installable=False, targets=[])


def summary(body: RunBody, report: RunReportBody = REPORT, **files: list[str]) -> str:
    return write_summary(body, report, {TARGET: files.get("files", [])})


def test_a_published_run_in_full() -> None:
    text = summary(run(), files=["pylock.cp311.toml", "requirements-cp311.txt"])

    assert (
        text
        == """\
# Feedgate: published and proved, 1 new file

Run `run_1` for feed `acme/pip-feed`, asked for by `ada`, in 12.3 s.
2 projects in 2 files, 2.9 KiB: 1 already there, 1 fetched.
Asked for: `demo>=1`, what `apps.txt` says.
Because: ticket 4711
The feed stands at serial 7.

## Projects

| project | version | requested | state | size | targets |
| --- | --- | --- | --- | --- | --- |
| `demo` | `1.0` | yes | new | 1000 B | all |
| `part` | `1.5` |  | already there | 2.0 KiB | all |

## Target `3.11@x86_64-manylinux_2_28`

| proof | closure | lock and requirements |
| --- | --- | --- |
| proved | 2 projects, 2.9 KiB | `pylock.cp311.toml`, `requirements-cp311.txt` |
"""
    )


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "published and proved, 1 new file"),
        ({"published": 2}, "published and proved, 2 new files"),
        ({"destination": "https://destination.example/"}, "sent and proved, 1 new file"),
        ({"targets": []}, "published, 1 new file"),
        ({"published": 0}, "nothing to do, everything is there"),
        ({"kind": "plan", "state": "planned", "files": []}, "planned, 0 files would be new"),
        ({"state": "held"}, "held, waits for a person"),
        ({"state": "refused"}, "refused by policy"),
        ({"state": "failed"}, "failed"),
        ({"state": "cancelled"}, "cancelled"),
        ({"state": "running"}, "not ended yet"),
    ],
)
def test_the_heading_says_the_outcome_in_words(more: dict[str, Any], words: str) -> None:
    assert outcome(run(**more)) == words
    assert summary(run(**more)).startswith(f"# Feedgate: {words}\n\n")


def test_what_was_passed_over_and_kept_out_has_its_reason() -> None:
    text = summary(
        run(
            state="refused",
            published=0,
            serial=None,
            reason="first\nsecond",
            error={"code": "x", "message": "first\nsecond", "next": "mend it"},
            passed_over=[
                {
                    "name": "demo",
                    "version": "2.0",
                    "target": TARGET,
                    "rule": "source",
                    "reason": "only source",
                }
            ],
            files=[
                {"filename": WHEEL, "sha256": None, "state": "refused", "reason": "is there twice"},
                {"filename": "part-1.5.whl", "sha256": None, "state": "fetched"},
            ],
            escapes=["GET http://elsewhere.example/"],
            targets=[{"target": TARGET, "proved": False, "reason": "stopped"}],
        )
    )

    for line in (
        "| first |",
        "| second |",
        "Next: mend it",
        "| `demo` | `2.0` | `3.11@x86_64-manylinux_2_28` | `source` | only source |",
        f"| `{WHEEL}` | refused | is there twice |",
        "| `part` | `1.5` |  | not published | 2.0 KiB | all |",
        "| **not proved**: stopped | 2 projects, 2.9 KiB | none: not all of it can be fetched |",
        "| `GET http://elsewhere.example/` |",
    ):
        assert f"{line}\n" in text, line


def test_what_a_destination_said_has_its_place() -> None:
    text = summary(
        run(
            state="failed",
            destination="https://destination.example/upload",
            reason="not all sent",
            files=[
                {"filename": WHEEL, "sha256": None, "state": "conflict", "reason": "other bytes are there"},
                {
                    "filename": "part-1.5.whl",
                    "sha256": None,
                    "state": "kept-back",
                    "reason": "depends on demo",
                },
            ],
            spent=["old-1.0.whl"],
            internal=["acme-core", "other"],
            internal_because=[{"name": "acme-core", "because": "acme_core-1.0.whl is unknown upstream"}],
            notes=["whether upstream sources are on is unknown"],
        )
    )

    for line in (
        "for feed `acme/pip-feed` and destination `https://destination.example/upload`, asked",
        "| `demo` | `1.0` | yes | in conflict | 1000 B | all |",
        f"| `{WHEEL}` | in conflict | other bytes are there |",
        "| `part-1.5.whl` | kept back | depends on demo |",
        "Deleted at the destination, which takes those names no more: `old-1.0.whl`.",
        "| `acme-core` | acme\\_core-1.0.whl is unknown upstream |",
        "| `other` |  |",
        "| whether upstream sources are on is unknown |",
    ):
        assert line in text, line


def test_projects_that_are_not_for_all_name_their_targets() -> None:
    report = RunReportBody(
        run="run_1", installable=True, targets=[target(TARGET, DEMO, PART), target(OTHER, DEMO)]
    )

    text = summary(run(targets=[{"target": one, "proved": True} for one in (TARGET, OTHER)]), report)

    assert "| `demo` | `1.0` | yes | new | 1000 B | all |" in text
    assert f"| `part` | `1.5` |  | already there | 2.0 KiB | `{TARGET}` |" in text
    assert text.count("## Target ") == 2


def test_files_of_one_version_are_one_row() -> None:
    windows = file("demo", "1.0", "demo-1.0-cp312-cp312-win_amd64.whl", None)
    report = RunReportBody(
        run="run_1", installable=True, targets=[target(TARGET, DEMO), target(OTHER, windows)]
    )

    assert "| `demo` | `1.0` | yes | new | 1000 B | all |" in summary(run(), report)


def test_a_run_that_was_never_resolved_has_a_summary() -> None:
    body = run(
        state="failed", published=0, closure=None, files=[], serial=None, seconds=None, reason="no page"
    )

    text = summary(body, NOTHING)

    assert "| no page |" in text
    assert "not resolved" in text
    assert "## Projects" not in text


def test_why_a_run_failed_is_said_once() -> None:
    why = "demo: the upstream has no such project"
    body = run(
        state="failed",
        published=0,
        reason=f"{why}. Next: look at the name",
        error={"code": "x", "message": why, "next": "look at the name"},
        targets=[{"target": TARGET, "proved": False, "reason": f"{why}. Next: look at the name"}],
    )

    text = summary(body, NOTHING)

    assert text.count(why) == 1
    assert text.count("look at the name") == 1
    assert "| **not proved** |" in text


def test_a_target_that_has_a_reason_of_its_own_keeps_it() -> None:
    body = run(
        targets=[
            {"target": TARGET, "proved": True, "reason": "proved for 3.11.2 and later"},
            {"target": OTHER, "proved": False, "reason": "not begun"},
        ],
        state="failed",
        published=0,
        reason="something else",
        error={"code": "x", "message": "something else", "next": "wait"},
    )

    text = summary(body)

    assert "| proved: proved for 3.11.2 and later |" in text
    assert "| **not proved**: not begun |" in text


def test_a_plan_has_no_proof_and_no_lock() -> None:
    text = summary(run(kind="plan", state="planned", published=0, serial=None, files=[NEW]))

    assert "2 projects in 2 files, 2.9 KiB: 1 already there, 1 would be new (1000 B).\n" in text
    assert "proof" not in text
    assert "lock" not in text


def test_what_was_requested_comes_before_what_it_brings_along() -> None:
    files = [{"filename": name, "sha256": None, "state": "published"} for name in (WHEEL, "part-1.5.whl")]
    asked = {"requirements": ["part"], "projects": ["part"]}

    text = summary(run(files=files, request=asked))

    assert text.index("| `part` | `1.5` | yes | new |") < text.index("| `demo` | `1.0` |  | new |")
    assert "Because" not in text


def test_a_run_that_resolves_nothing_was_asked_for_no_packages() -> None:
    assert "Asked for:" not in summary(run(kind="send", request=None))


def test_nothing_that_strangers_wrote_is_obeyed() -> None:
    body = run(
        state="failed",
        published=0,
        reason=HOSTILE,
        error={"code": "x", "message": HOSTILE, "next": HOSTILE},
        feed=HOSTILE,
        request={"requirements": [HOSTILE], "files": [HOSTILE], "projects": [HOSTILE], "reason": HOSTILE},
        requester=HOSTILE,
        passed_over=[dict.fromkeys(["name", "version", "target", "rule", "reason"], HOSTILE)],
        files=[{"filename": HOSTILE, "sha256": None, "state": "held", "reason": HOSTILE}],
        escapes=[HOSTILE],
        targets=[{"target": HOSTILE, "proved": False, "reason": HOSTILE}],
        destination=HOSTILE,
        spent=[HOSTILE],
        internal=[HOSTILE],
        internal_because=[{"name": HOSTILE, "because": HOSTILE}],
        notes=[HOSTILE],
    )
    report = RunReportBody(
        run="run_1", installable=False, targets=[target(HOSTILE, file(HOSTILE, HOSTILE, HOSTILE))]
    )

    text = summary(body, report)

    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    kinds = {token.type for token in tokens}
    kinds |= {child.type for token in tokens for child in token.children or []}
    assert not kinds & {
        "html_block",
        "html_inline",
        "link_open",
        "image",
        "fence",
        "code_block",
        "list_item_open",
    }
    ours = {
        "Why",
        "Projects",
        "Files that want a look",
        "Passed over",
        "Internal names",
        "Notes",
        "Attempts to get out",
    }
    headings = [
        following.content for token, following in itertools.pairwise(tokens) if token.type == "heading_open"
    ]
    assert headings[0] == "Feedgate: failed"
    assert {heading for heading in headings[1:] if not heading.startswith("Target `")} == ours
    for line in text.split("\n"):
        assert "##vso[" not in line
        assert "\x1b" not in line
        assert "\u202e" not in line
