"""The house itself: its rooms say why they exist, its files stay one thing each, its names say something."""

import ast
import re
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

from tests.builders.pythons import need_python

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "feedgate"
MACHINE = SOURCE / "machine"
MODULES = sorted(SOURCE.rglob("*.py"))
ROOMS = sorted(path.parent for path in SOURCE.glob("*/__init__.py"))

LONGEST_FILE_LINES = 400
SAYS_NOTHING = frozenset(
    [
        "blacklist",
        "common",
        "data",
        "helper",
        "info",
        "item",
        "manager",
        "misc",
        "process",
        "util",
        "whitelist",
    ]
)


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_a_module_says_why_it_exists(module: Path) -> None:
    assert ast.get_docstring(ast.parse(module.read_text()))


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_a_file_is_one_noun_or_one_act(module: Path) -> None:
    lines = module.read_text().count("\n")

    assert lines <= LONGEST_FILE_LINES, f"{lines} lines hold two things: name the second and move it"


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_no_module_is_a_bag(module: Path) -> None:
    words = {word.removesuffix("s") for word in module.stem.split("_")}

    assert not words & SAYS_NOTHING


@pytest.mark.parametrize("room", ROOMS, ids=relative)
def test_no_room_is_empty(room: Path) -> None:
    assert [path for path in room.rglob("*.py") if path.name != "__init__.py"]


def test_every_room_stands_on_the_ladder() -> None:
    ladder = (ROOT / "pyproject.toml").read_text().partition("layers = [")[2].partition("]")[0]

    rooms = {room.name for room in ROOMS} | {"errors"}

    assert rooms <= set(re.findall(r"\((\w+)\)", ladder))


def test_what_runs_on_a_vm_needs_nothing_but_the_standard_library() -> None:
    imported = {
        name.partition(".")[0]
        for module in MACHINE.rglob("*.py")
        for node in ast.walk(ast.parse(module.read_text()))
        for name in _imported(node)
        if not name.startswith("feedgate.machine")
    }

    assert imported <= sys.stdlib_module_names


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return []


def test_what_runs_on_a_vm_imports_under_python_3_9(tmp_path: Path) -> None:
    names = [".".join(path.relative_to(SOURCE.parent).with_suffix("").parts) for path in MACHINE.glob("*.py")]
    program = "\n".join(
        f"import {name.removesuffix('.__init__')}" for name in names if "__main__" not in name
    )

    subprocess.run(
        [need_python("3.9").path, "-W", "error", "-c", program],
        env={"PYTHONPATH": str(SOURCE.parent), "PYTHONPYCACHEPREFIX": str(tmp_path)},
        check=True,
    )


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_an_exception_to_a_check_carries_its_reason(module: Path) -> None:
    with module.open("rb") as file:
        comments = [
            token.string for token in tokenize.tokenize(file.readline) if token.type == tokenize.COMMENT
        ]

    bare = [
        comment
        for comment in comments
        if re.match(r"#\s*(noqa|type:\s*ignore)", comment)
        and not re.match(r"#[^#-]*[:\[][^#]*?[#-] +\w", comment)
    ]

    assert not bare
