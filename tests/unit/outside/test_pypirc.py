"""The .pypirc as pipelines write it and twine reads it, and nothing of it quoted where it is broken."""

from pathlib import Path

import pytest

from feedgate.machine.files import UnreadableFile
from feedgate.outside.credentials import Surroundings
from feedgate.outside.pypirc import (
    BrokenPypirc,
    PypircMissing,
    Section,
    UnusableSection,
    find_section,
    usable_sections,
)
from tests.builders.pipeline_environment import FeedAccess, PipelineJob

UPLOAD = "https://pkgs.dev.azure.com/acme/Platform/_packaging/pip-feed/pypi/upload/"
CANARY = "c4n4ry-t0k3n"


def around(home: Path, **variables: str) -> Surroundings:
    return Surroundings(variables, home, lambda _service, _user: None)


def write(home: Path, text: str) -> Surroundings:
    (home / ".pypirc").write_bytes(text.encode())
    return around(home)


def shown(section: Section | None) -> tuple[str, str, str, str | None] | None:
    if section is None:
        return None
    password = None if section.password is None else section.password.reveal()
    return section.name, section.repository, section.username, password


AWKWARD = [
    "100%",
    "%(username)s",
    "%%",
    "a=b",
    "==",
    "#x",
    ";x",
    "a#b;c",
    '"quoted"',
    "'x'",
    "[x]",
    "a:b",
    "a\\b",
    "ü",
]


@pytest.mark.parametrize("password", AWKWARD)
@pytest.mark.parametrize("task", ["0", "1"])
def test_a_password_comes_back_as_the_task_was_given_it(tmp_path: Path, task: str, password: str) -> None:
    if task == "1" and password == '"quoted"':
        password = '"not closed'  # in quotes it can not be told from what the other task makes of a plain one
    job = PipelineJob(tmp_path)
    authenticate = job.twine_authenticate_0 if task == "0" else job.twine_authenticate_1
    authenticate(FeedAccess("Platform/pip-feed", UPLOAD, password))

    assert shown(find_section("Platform/pip-feed", around(tmp_path, **job.variables))) == (
        "Platform/pip-feed" if task == "0" else "pip-feed",
        UPLOAD,
        "build",
        password,
    )


@pytest.mark.parametrize("name", ["pip-feed", "Platform/pip-feed", "PIP-FEED", "platform/Pip-Feed"])
def test_of_project_and_feed_the_last_part_names_the_section(tmp_path: Path, name: str) -> None:
    job = PipelineJob(tmp_path)
    path = job.twine_authenticate_1(FeedAccess("Platform/pip-feed", UPLOAD, CANARY))
    assert not path.read_text().endswith("\n")

    section = find_section(name, around(tmp_path, **job.variables))

    assert shown(section) == ("pip-feed", UPLOAD, "build", CANARY)
    assert section is not None
    assert section.source == f"section 'pip-feed' of {path}"
    assert CANARY not in repr(section)


def test_a_dot_in_a_feeds_name_is_one(tmp_path: Path) -> None:
    job = PipelineJob(tmp_path)
    job.twine_authenticate_0(FeedAccess("team.feed", UPLOAD, CANARY))

    assert shown(find_section("team.feed", around(tmp_path, **job.variables))) == (
        "team.feed",
        UPLOAD,
        "build",
        CANARY,
    )


def test_several_feeds_stand_in_one_file(tmp_path: Path) -> None:
    job = PipelineJob(tmp_path)
    job.twine_authenticate_1(FeedAccess("a", UPLOAD, "1"), FeedAccess("b", f"{UPLOAD}2", "2"))

    found = usable_sections(around(tmp_path, **job.variables))

    assert [(section.name, section.password and section.password.reveal()) for section in found] == [
        ("a", "1"),
        ("b", "2"),
    ]


def test_sections_that_are_listed_come_first(tmp_path: Path) -> None:
    text = "[a]\nrepository=https://a.example/\n[b]\nrepository=https://b.example/\n[distutils]\nindex-servers = c\n b\n"

    assert [section.name for section in usable_sections(write(tmp_path, text))] == ["b", "a"]


def test_two_names_that_differ_in_case_alone_are_told_apart(tmp_path: Path) -> None:
    text = "[a]\nrepository=https://a.example/\n[A]\nrepository=https://b.example/\n"

    found = find_section("A", write(tmp_path, text))

    assert found is not None
    assert found.repository == "https://b.example/"


@pytest.mark.parametrize("name", ["distutils", "none", "", "/", "a/none"])
def test_an_unknown_name_has_no_section(tmp_path: Path, name: str) -> None:
    text = "[distutils]\nindex-servers=a\nrepository=https://x.example/\n[a]\nrepository=https://a.example/\n"

    assert find_section(name, write(tmp_path, text)) is None


def test_white_space_around_a_value_is_none_of_it(tmp_path: Path) -> None:
    text = f"[a]\nrepository = https://a.example/\nusername:  me\npassword =  {CANARY}  \r\n"

    assert shown(find_section("a", write(tmp_path, text))) == ("a", "https://a.example/", "me", CANARY)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(f"[a]\n{CANARY}\n", "line 2", id="no-equals-sign"),
        pytest.param(f"password={CANARY}\n", "line 1", id="in-no-section"),
        pytest.param(f"[a]\npassword={CANARY}\npassword={CANARY}\n", "line 3", id="twice"),
        pytest.param(f"[a]\npassword={CANARY}\n[a]\n", "line 3", id="section-twice"),
    ],
)
def test_a_broken_line_is_named_and_not_quoted(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(BrokenPypirc, match=words) as caught:
        find_section("a", write(tmp_path, text))

    said = f"{caught.value.message}{caught.value.next_step}{caught.value!r}"
    assert str(tmp_path / ".pypirc") in said
    assert CANARY not in said


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / ".pypirc").write_bytes(b"[a]\npassword=\xff\n")

    with pytest.raises(BrokenPypirc, match=r"\.pypirc"):
        find_section("a", around(tmp_path))


def test_a_file_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / ".pypirc").mkdir()

    with pytest.raises(UnreadableFile, match=r"\.pypirc"):
        find_section("a", around(tmp_path))


def test_no_file_is_no_error_unless_it_was_named(tmp_path: Path) -> None:
    assert find_section("a", around(tmp_path)) is None
    with pytest.raises(PypircMissing, match="gone"):
        find_section("a", around(tmp_path, PYPIRC_PATH="~/gone"))


@pytest.mark.parametrize(
    "repository",
    [
        pytest.param("", id="none"),
        pytest.param(f"https://me:{CANARY}@a.example/", id="user-information"),
        pytest.param(f"https://me:{CANARY}/x@a.example/", id="with-a-slash-in-it"),
        pytest.param("pip-feed", id="no-address"),
    ],
)
def test_a_section_that_names_no_address_is_named_itself(tmp_path: Path, repository: str) -> None:
    around_it = write(tmp_path, f"[a]\nrepository={repository}\npassword={CANARY}\n")

    with pytest.raises(UnusableSection, match="'a'") as caught:
        find_section("a", around_it)
    assert CANARY not in f"{caught.value.message}{caught.value.next_step}"
    assert usable_sections(around_it) == ()
