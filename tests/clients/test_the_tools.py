"""The clients themselves: each runs from its own lock, and none sees this machine's configuration."""

import subprocess
import typing
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders.clients import Tool, clean_environment
from tests.builders.pythons import MINORS, make_environment, need_python

ClientTool = Callable[..., Path]


@pytest.mark.timeout(300)  # the first time each comes from PyPI
@pytest.mark.parametrize("tool", typing.get_args(Tool))
def test_each_tool_says_its_version(client_tool: ClientTool, environment: dict[str, str], tool: Tool) -> None:
    said = subprocess.run(
        [client_tool(tool), "--version"], env=environment, capture_output=True, text=True, check=True
    )

    assert tool in said.stdout.lower()


def test_pip_sees_no_configuration_of_this_machine(
    client_tool: ClientTool, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://index.example/simple/")

    said = subprocess.run(
        [client_tool("pip"), "config", "list"], env=environment, capture_output=True, text=True, check=True
    )

    assert "index.example" not in said.stdout
    assert "index-url" not in said.stdout


def test_pip_reads_the_configuration_below_its_home_when_it_may(
    client_tool: ClientTool, tmp_path: Path
) -> None:
    environment = clean_environment(tmp_path / "home", own_configuration=True)
    configuration = tmp_path / "home" / ".config" / "pip" / "pip.conf"
    configuration.parent.mkdir(parents=True)
    configuration.write_text("[global]\nindex-url = http://index.example/simple/\n")

    said = subprocess.run(
        [client_tool("pip"), "config", "list"], env=environment, capture_output=True, text=True, check=True
    )

    assert "global.index-url='http://index.example/simple/'" in said.stdout


@pytest.mark.parametrize("minor", MINORS)
def test_an_environment_is_of_the_interpreter_that_was_asked_for(
    client_tool: ClientTool, environment: dict[str, str], tmp_path: Path, minor: str
) -> None:
    interpreter = need_python(minor)
    python = make_environment(interpreter, tmp_path / "environment")

    said = subprocess.run(
        [client_tool("pip", interpreter), "--python", python, "--version"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert f"(python {minor})" in said.stdout
