"""A report's files: named by target, whole or not there, and without a credential."""

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from feedgate.api.calls import Reply
from feedgate.api.report_bodies import LockedFileBody, RunReportBody, TargetLockBody
from feedgate.api.run_bodies import RunBody
from feedgate.cli.run_report import (
    ReportFolderUnusable,
    ReportNotWritten,
    prepare_folder,
    remove_earlier,
    report_texts,
    write_texts,
)
from feedgate.model.target import InvalidTarget

NOON = datetime(2026, 3, 8, 12, 0, tzinfo=UTC)
TARGET = "3.11.2@x86_64-manylinux_2_36"
LOCK, REQUIREMENTS = (
    "pylock.cp311_2-x86_64-manylinux_2_36.toml",
    "requirements-cp311_2-x86_64-manylinux_2_36.txt",
)
ORIGIN = "https://feedgate.example"
PATH = "/acme/_packaging/pip-feed/pypi/download/demo/1.0/demo-1.0-py3-none-any.whl"


def reply(**more: Any) -> Reply[RunBody]:
    body = RunBody.model_validate(
        {
            "run": "run_1",
            "kind": "add",
            "state": "published",
            "feed": "acme/pip-feed",
            "requester": "ada",
            "created_at": NOON,
            "started_at": NOON,
            "finished_at": NOON,
        }
        | more
    )
    return Reply(body, body.model_dump_json())


def report(*, installable: bool = True, target: str = TARGET, **more: Any) -> RunReportBody:
    file = {
        "project": "demo",
        "version": "1.0",
        "filename": "demo-1.0-py3-none-any.whl",
        "sha256": "ab" * 32,
        "path": PATH,
    }
    lock = TargetLockBody(
        target=target,
        file_form="../../elsewhere",
        requires_python="==3.11.2",
        environment="sys_platform == 'linux'",
        files=[LockedFileBody.model_validate(file | more)],
    )
    return RunReportBody(run="run_1", installable=installable, targets=[lock])


def url_of(texts: Any) -> str:
    [package] = tomllib.loads(texts[LOCK])["packages"]
    return str(package["wheels"][0]["url"])


def test_files_are_named_by_the_target_and_not_by_what_a_server_says() -> None:
    assert list(report_texts(reply(), report(), ORIGIN)) == ["report.json", LOCK, REQUIREMENTS, "summary.md"]


def test_what_can_not_be_fetched_is_in_no_lock() -> None:
    assert list(report_texts(reply(), report(installable=False), ORIGIN)) == ["report.json", "summary.md"]


def test_a_bill_of_materials_stands_before_the_summary_and_commands_nothing() -> None:
    sbom = '{"bomFormat": "CycloneDX", "name": "##vso[task.complete]"}\n'

    texts = report_texts(reply(), report(), ORIGIN, sbom)

    assert list(texts) == ["report.json", LOCK, REQUIREMENTS, "sbom.cdx.json", "summary.md"]
    assert json.loads(texts["sbom.cdx.json"]) == json.loads(sbom)
    assert "##" not in texts["sbom.cdx.json"]


@pytest.mark.parametrize("origin", [ORIGIN, f"{ORIGIN}/"])
def test_files_are_fetched_from_the_server_that_was_asked(origin: str) -> None:
    assert url_of(report_texts(reply(), report(), origin)) == ORIGIN + PATH


def test_what_a_destination_lists_is_fetched_there() -> None:
    address = "https://destination.example/a/demo.whl"

    assert url_of(report_texts(reply(), report(address=address), ORIGIN)) == address


def test_the_body_keeps_its_value_and_commands_nothing() -> None:
    said = reply(reason="##vso[task.complete]é")

    text = report_texts(said, report(), ORIGIN)["report.json"]

    assert json.loads(text) == json.loads(said.text)
    assert "##" not in text
    assert text.count("\n") == 1


def test_a_target_that_is_none_is_an_error() -> None:
    with pytest.raises(InvalidTarget):
        report_texts(reply(), report(target="../../x"), ORIGIN)


def test_a_folder_is_made_and_an_existing_one_is_used(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"

    assert prepare_folder(folder) == folder
    (folder / "kept").touch()
    prepare_folder(folder)

    assert [path.name for path in folder.iterdir()] == ["kept"]


@pytest.mark.parametrize("path", ["file", "file/below", "x" * 300, "nul\0"])
def test_what_can_be_no_folder_is_said_at_once(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_text("here")

    with pytest.raises(ReportFolderUnusable):
        prepare_folder(tmp_path / path)

    assert (tmp_path / "file").read_text() == "here"


def test_files_of_the_same_name_are_replaced_and_others_stay(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old and longer")
    (tmp_path / "b").write_text("stays")

    write_texts(tmp_path, {"a": "new\n"})

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"new\n", "b": b"stays"}


def test_an_earlier_reports_locks_go_and_nothing_else_does(tmp_path: Path) -> None:
    ours = ["pylock.cp311-x86_64-manylinux_2_28.toml", "requirements-cp312_4-aarch64-apple-darwin.txt", LOCK]
    others = [
        "pylock.toml",
        "pylock.dev.toml",
        "pylock.cp311-mine.toml",
        "pylock.cp311-x86_64-manylinux_2_28.toml.bak",
        "requirements.txt",
        "requirements-dev.txt",
        "requirements-cp311.txt",
        "report.json",
        "summary.md",
    ]
    for name in (*ours, *others):
        (tmp_path / name).write_text(name)
    (tmp_path / "requirements-cp310-x86_64-apple-darwin.txt").mkdir()

    remove_earlier(tmp_path, keep=[LOCK])

    left = {path.name for path in tmp_path.iterdir()}
    assert left == {*others, LOCK, "requirements-cp310-x86_64-apple-darwin.txt"}


def test_a_lock_that_is_a_link_goes_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("stays")
    (tmp_path / LOCK).symlink_to(tmp_path / "elsewhere")

    remove_earlier(tmp_path, keep=[])

    assert [path.name for path in tmp_path.iterdir()] == ["elsewhere"]


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("stays")
    (tmp_path / "a").symlink_to(tmp_path / "elsewhere")

    write_texts(tmp_path, {"a": "new"})

    assert (tmp_path / "elsewhere").read_text() == "stays"
    assert not (tmp_path / "a").is_symlink()


def test_a_file_that_can_not_be_written_leaves_nothing_half_done(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()

    with pytest.raises(ReportNotWritten, match="could not be written"):
        write_texts(tmp_path, {"a": "whole", "b": "no", "c": "not reached"})

    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
    assert (tmp_path / "a").read_text() == "whole"
