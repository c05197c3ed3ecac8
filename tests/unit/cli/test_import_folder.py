"""A folder that moves in: which files count, what they sum up to, and how each refusal ends."""

from pathlib import Path

import pytest

from feedgate.api.bodies import ErrorBody, ProblemBody
from feedgate.api.import_bodies import ImportBody, ImportedFileBody
from feedgate.api.problem import RemoteProblem
from feedgate.cli.exit import Exit
from feedgate.cli.import_folder import FolderFile, find_files, kept_out, parts_of, sum_up
from feedgate.cli.import_report import exit_of_import, show_files, show_folder
from feedgate.model.feed import Origin
from feedgate.model.moving_in import FileEnd
from feedgate.model.names import ProjectName

DEMO = ProjectName("demo")


def body(project: str, filename: str, state: FileEnd = FileEnd.TAKEN, **facts: object) -> ImportedFileBody:
    return ImportedFileBody.model_validate(
        {"project": project, "filename": filename, "state": state, **facts}, strict=False
    )


def test_wheels_and_sdists_count_by_name_and_hidden_ones_do_not(tmp_path: Path) -> None:
    for path in (
        "b-1.0-py3-none-any.whl",
        "z/a-1.0.tar.gz",
        "a/c-1.0.zip",
        ".hidden/d-1.0.tar.gz",
        "a/.e-1.0.tar.gz",
        "README.txt",
        "f-1.0.tar.bz2",
        "odd.whl",
    ):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).touch()

    found = list(find_files(tmp_path))

    assert [(file.path.name, file.project) for file in found] == [
        ("a-1.0.tar.gz", "a"),
        ("b-1.0-py3-none-any.whl", "b"),
        ("c-1.0.zip", "c"),
        ("odd.whl", None),
    ]
    assert "is no name of a distribution" in (found[-1].reason or "")


def test_sums_are_by_project_and_by_end() -> None:
    found = [
        body("", "odd.whl", FileEnd.UNREADABLE),
        body("demo", "a", size_bytes=3, internal=True, mixed=True, origin=Origin.INTERNAL),
        body("demo", "b", FileEnd.PRESENT, size_bytes=5, internal=True, mixed=True),
        body("other", "c", FileEnd.CONFLICT),
    ]

    sums = sum_up(found, source="folder", is_dry=False)

    assert (sums.projects, sums.internal, sums.mixed, sums.files) == (2, 1, 1, 4)
    assert (sums.taken, sums.present, sums.conflicts, sums.unreadable) == (1, 1, 1, 1)
    assert sums.size_bytes == 3


@pytest.mark.parametrize(
    ("counts", "status"),
    [
        ({}, Exit.OK),
        ({"taken": 3, "present": 2, "new": 1}, Exit.OK),
        ({"held": 1, "taken": 3}, Exit.HELD),
        ({"held": 1, "refused": 1}, Exit.FAILED),
        ({"conflicts": 1}, Exit.FAILED),
        ({"unreadable": 1}, Exit.FAILED),
        ({"unread": 1}, Exit.FAILED),
    ],
)
def test_the_exit_status_says_whether_all_came(counts: dict[str, int], status: Exit) -> None:
    assert exit_of_import(ImportBody(source="x", dry_run=False, **counts)) is status


def problem(kind: str, code: str, **facts: object) -> RemoteProblem:
    error = ErrorBody(code=code, message="it is so", next="mend it", facts=facts)
    return RemoteProblem(
        ProblemBody(type=f"urn:feedgate:{kind}", title=kind, status=400, detail="", error=error)
    )


@pytest.mark.parametrize(
    ("kind", "code", "end"),
    [
        ("held", "upload-held", FileEnd.HELD),
        ("refused", "upload-refused", FileEnd.REFUSED),
        ("invalid", "empty-file", FileEnd.REFUSED),
        ("too-large", "upload-too-large", FileEnd.REFUSED),
        ("conflict", "name-spent", FileEnd.CONFLICT),
        ("invalid", "invalid-filename", FileEnd.UNREADABLE),
    ],
)
def test_what_the_server_does_not_take_is_the_files_own_affair(kind: str, code: str, end: FileEnd) -> None:
    found = kept_out(FolderFile(Path("demo-1.0.tar.gz"), DEMO), problem(kind, code))

    assert (found.project, found.filename, found.state, found.reason) == (
        "demo",
        "demo-1.0.tar.gz",
        end,
        "it is so",
    )


def test_a_conflict_names_both_digests() -> None:
    found = kept_out(
        FolderFile(Path("demo-1.0.tar.gz"), DEMO),
        problem("conflict", "name-spent", first="a" * 64, now="b" * 64),
    )

    assert found.sha256 == "b" * 64
    assert found.reason is not None
    assert {"a" * 64, "b" * 64} <= set(found.reason.replace(",", "").split())


@pytest.mark.parametrize("kind", ["forbidden", "unavailable", "full", "missing", "unauthenticated"])
def test_what_stops_everything_ends_the_command(kind: str) -> None:
    with pytest.raises(RemoteProblem):
        kept_out(FolderFile(Path("demo-1.0.tar.gz"), DEMO), problem(kind, "x"))


@pytest.mark.parametrize(
    ("counts", "parts"),
    [
        ([], []),
        ([3], [3]),
        ([3, 2], [5]),
        ([3, 3], [3, 3]),
        ([7], [5, 2]),
        ([1, 7, 1], [1, 5, 3]),
    ],
)
def test_files_are_listed_in_parts_and_a_projects_stand_together(counts: list[int], parts: list[int]) -> None:
    files = [
        FolderFile(Path(f"p{project}-{number}.tar.gz"), ProjectName(f"p{project}"))
        for project, count in enumerate(counts)
        for number in range(count)
    ]

    assert [len(part) for part in parts_of(files, most=5)] == parts


def test_files_that_came_are_not_shown_and_all_others_are(capsys: pytest.CaptureFixture[str]) -> None:
    found = [
        body("demo", "fine-1.0.tar.gz", mixed=True, internal=True),
        body("demo", "bad-1.0.tar.gz", FileEnd.REFUSED, reason="##vso[task.complete]\x1b[31m"),
        body("acme", "own-1.0.tar.gz", internal=True),
    ]
    lines = [(one, one.model_dump_json()) for one in found]

    show_files(lines, as_json=False)
    said = capsys.readouterr().out
    show_files(lines, as_json=False, is_dry=True)
    looked = capsys.readouterr().out
    show_files(lines, as_json=True)
    printed = capsys.readouterr().out

    assert "demo\tbad-1.0.tar.gz\trefused\t# #vso" in said
    assert "\x1b" not in said
    assert "fine-1.0" not in said
    assert "Mixed, so internal from now on" in said
    assert "acme" not in said
    assert "Internal, never taken from the upstream:\nacme" in looked
    assert len(printed.splitlines()) == 3


def test_a_folders_sums_are_shown_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    show_folder(
        "acme/team", ImportBody(source="wheels", dry_run=True, files=3, new=2, unreadable=1, unread=1)
    )

    said = capsys.readouterr().out
    assert said.startswith("wheels: looked at, feed acme/team\n")
    assert "1 that could not be read" in said
    assert "files    3: 2 to be taken, 0 present" in said
    assert "kept out 1 unreadable" in said
