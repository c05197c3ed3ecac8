"""Nothing heavy is imported before it is needed: help answers at once, and the lock comes first."""

import json
import subprocess
import sys

import pytest

HEAVY = {
    "aiohttp",
    "alembic",
    "dbos",
    "httpx",
    "orjson",
    "pydantic",
    "pypi_simple",
    "python_multipart",
    "rich",
    "sqlalchemy",
    "starlette",
    "structlog",
    "uvicorn",
    "uvloop",
}
WITHOUT_COMMANDS = HEAVY | {"typer"}


def imported(program: str) -> set[str]:
    """Return the top names of what a fresh interpreter has imported after ``program``."""
    said = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport json, sys\nprint(json.dumps(list(sys.modules)))"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    modules: list[str] = json.loads(said.stdout.splitlines()[-1])
    return {module.split(".")[0] for module in modules}


@pytest.mark.parametrize("words", [["--help"], ["--version"]])
def test_the_whole_is_light(words: list[str]) -> None:
    found = imported(f"from feedgate.cli.main import call\ncall({words!r})")

    assert "typer" in found
    assert not found & HEAVY


def test_the_supervisor_takes_its_lock_before_anything_heavy() -> None:
    assert not imported("import feedgate.app.supervisor") & WITHOUT_COMMANDS


def test_serve_imports_no_more_than_its_options_take() -> None:
    assert not imported("import feedgate.cli.serve") & HEAVY


def test_a_command_starts_its_server_before_it_imports_more() -> None:
    assert not imported("import feedgate.app.local") & WITHOUT_COMMANDS


def test_what_connects_a_machine_is_the_standard_library() -> None:
    assert not imported("import feedgate.machine.command") & WITHOUT_COMMANDS


def test_the_list_of_what_is_heavy_is_of_this_house() -> None:
    """A name that nobody could import any more would let this file pass for ever."""
    program = f"import importlib\nfor name in {sorted(HEAVY)!r}: importlib.import_module(name)"

    assert imported(program) >= HEAVY
