"""Documents stay true: what they name is there."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from docs import generate
from feedgate.access.permissions import Permission
from feedgate.app.settings import described
from feedgate.cli.main import COMMANDS, find_command
from feedgate.machine import addresses
from feedgate.outside.fetcher import DigestMismatch
from tests.documents import DOCUMENTS, ROOT, console_lines, relative


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_each_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(((?!https?://|#)[^)#]+)", document.read_text())

    lost = [
        link
        for link in links
        if not (document.parent / link).exists() and "reference" not in Path(link).parts
    ]

    assert not lost


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_each_path_in_a_document_is_there(document: Path) -> None:
    named = set(re.findall(r"`((?:src|tests|docs|scripts|requirements)/[\w./-]*\w/?)`", document.read_text()))

    lost = [path for path in named if not (ROOT / path).exists() and not path.startswith("docs/reference")]

    assert not lost


def test_each_file_of_the_architecture_is_there() -> None:
    rooms = {path.name for path in (ROOT / "src" / "feedgate").iterdir() if path.is_dir()}
    named = set(re.findall(r"`(\w+/\w+\.py)`", (ROOT / "ARCHITECTURE.md").read_text()))

    lost = [path for path in named if not (ROOT / "src" / "feedgate" / path).exists()]

    assert len(named) > 10
    assert {path.partition("/")[0] for path in named} <= rooms
    assert not lost


def test_each_room_stands_in_the_architecture() -> None:
    ladder = (ROOT / "ARCHITECTURE.md").read_text().partition("## Four flows")[0]

    rooms = [path.parent.name for path in (ROOT / "src" / "feedgate").glob("*/__init__.py")]

    assert [room for room in rooms if f"`{room}`" not in ladder] == []


def test_each_make_target_that_a_document_names_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    tiers = re.search(r"^TIERS := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert tiers is not None
    targets |= {f"test-{tier}" for tier in tiers[1].split()}

    named = {
        shlex.split(line, comments=True)[1]
        for document in DOCUMENTS
        for line in console_lines(document)
        if line.startswith("make ")
    }

    assert named
    assert named <= targets


def test_make_without_a_target_lists_every_target() -> None:
    described = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    for target in "help setup quickstart run check fix lock test bench docs build connect-pyz clean".split():  # noqa: SIM905  # reads better
        assert re.search(rf"^  make {target} ", described, re.MULTILINE), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_each_command_that_a_document_shows_can_be_given(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its words are parsed as the command line parses them; nothing is run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dist").mkdir()
    for name in ("dist/acme_core-1.0-py3-none-any.whl", "requirements.txt", "constraints.txt", "pylock.toml"):
        (tmp_path / name).touch()
    for line in console_lines(document):
        words = shlex.split(line, comments=True)
        if words[0] == "feedgate":
            parse_words(words[1:])


def parse_words(words: list[str]) -> None:
    name, *rest = words
    assert name in COMMANDS, f"no command feedgate {name}"
    command: Any = find_command(name)
    while hasattr(command, "commands"):
        name, *rest = rest
        assert name in command.commands, f"no command {' '.join(words)}"
        command = command.commands[name]
    command.make_context(name, rest)


def test_a_command_that_does_not_exist_would_be_found() -> None:
    for wrong in (
        "publish demo/pip-feed",
        "feed make demo/pip-feed",
        "feed create",
        "feed create a/b --aim host",
    ):
        with pytest.raises(Exception, match=r"no command|[Mm]issing|[Nn]o such option"):
            parse_words(wrong.split())


def test_the_reference_names_every_command_setting_route_and_error(tmp_path: Path) -> None:
    generate.write(tmp_path)

    text = {page.stem: page.read_text() for page in tmp_path.iterdir()}
    assert [name for name in COMMANDS if f"## feedgate {name}" not in text["commands"]] == []
    assert [one.key for one in described() if f"`{one.key}`" not in text["settings"]] == []
    assert [permission for permission in Permission if f"`{permission}`" not in text["permissions"]] == []
    assert f"`{addresses.API_RUN}`" in text["routes"]
    assert f"`{DigestMismatch.code}`" in text["errors"]
