import getpass
import importlib
import io
import runpy
import sys
import warnings

import pytest

from feedgate.machine.command import main
from tests.unit.machine.conftest import Vm
from tests.unit.machine.test_connect import Terminal, answer

URL = "https://feeds.example/demo/pip-feed"
SIMPLE = "https://feeds.example/demo/_packaging/pip-feed/pypi/simple/"


def run(
    vm: Vm, *arguments: str, stdin: io.StringIO | None = None, token: str = "fgt_canary"
) -> tuple[int, str, str]:
    """Return exit status, standard output, standard error."""
    vm.variables.setdefault("FEEDGATE_READ_TOKEN", token)
    stdout, stderr = io.StringIO(), io.StringIO()
    status = main(
        ["connect", "--no-check", *arguments], vm.surroundings, stdin=stdin, stdout=stdout, stderr=stderr
    )
    assert "canary" not in stdout.getvalue() + stderr.getvalue()
    return status, stdout.getvalue(), stderr.getvalue()


def test_it_says_what_it_did(vm: Vm) -> None:
    status, said, complaint = run(vm, URL)

    assert (status, complaint) == (0, "")
    assert said.splitlines() == [
        f"{vm.home('.netrc')}: machine feeds.example: the token",
        f"{vm.home('.config/pip/pip.conf')}: [global] index-url = {SIMPLE}",
        "token from the variable FEEDGATE_READ_TOKEN",
    ]


def test_it_says_that_there_was_nothing_to_do(vm: Vm) -> None:
    run(vm, URL)

    assert run(vm, URL)[:2] == (0, "nothing to change\ntoken from the variable FEEDGATE_READ_TOKEN\n")


def test_a_dry_run_says_the_same_and_does_nothing(vm: Vm) -> None:
    status, said, _ = run(vm, URL, "--dry-run")

    assert (status, said.count("\n")) == (0, 2)
    assert list(vm.home("").iterdir()) == []


def test_a_dry_run_asks_nobody_and_goes_on_without_a_token(vm: Vm) -> None:
    status, said, _ = run(vm, URL, "--dry-run", stdin=Terminal(), token="")

    assert status == 0
    assert "no token was given" in said


def test_a_dry_run_ends_as_the_real_one_would(vm: Vm) -> None:
    vm.etc("pip.conf", "[global]\nfind-links = /srv\n")

    for arguments in ([URL, "--dry-run"], [URL]):
        status, _, said = run(vm, *arguments)

        assert status == 1
        assert "find-links = /srv" in said
        assert "Next: run connect again with --replace" in said


def test_with_replace_the_file_as_it_was_is_named(vm: Vm) -> None:
    path = vm.etc("pip.conf", "[global]\nfind-links = /srv\n")

    status, said, _ = run(vm, URL, "--replace", "--client", "pip")

    assert status == 0
    assert f"{path}: [global] find-links is taken out\n" in said
    assert f"{path}.feedgate-backup: the file as it was\n" in said


def test_clients_can_be_named(vm: Vm) -> None:
    status, said, _ = run(vm, URL, "--client", "uv", "--client", "poetry", "--system")

    assert status == 0
    assert str(vm.etc("uv/uv.toml")) in said
    assert "[[tool.poetry.source]]" in said
    assert not vm.etc("pip.conf").exists()


def test_without_a_token_it_says_how_to_give_one(vm: Vm) -> None:
    status, _, said = run(vm, URL, stdin=io.StringIO(), token="")

    assert status == 2
    assert "netrc has none for feeds.example" in said
    assert "FEEDGATE_READ_TOKEN" in said
    assert list(vm.home("").iterdir()) == []


def test_an_entry_that_is_there_is_token_enough(vm: Vm) -> None:
    vm.home(".netrc", "machine feeds.example login a password b\n").chmod(0o600)

    assert run(vm, URL, stdin=io.StringIO(), token="")[0] == 0


def test_a_person_may_go_on_without_a_token(vm: Vm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getpass", answer(""))

    status, said, _ = run(vm, URL, stdin=Terminal(), token="")

    assert status == 0
    assert "only a public feed will answer" in said


def test_a_person_may_break_off(vm: Vm, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken_off(prompt: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(getpass, "getpass", broken_off)

    assert run(vm, URL, stdin=Terminal(), token="")[0] == 130


@pytest.mark.parametrize("url", ["demo/pip-feed", "https://build:canary@feeds.example/a/f"])
def test_an_address_that_is_none_is_wrong_usage(vm: Vm, url: str) -> None:
    status, _, said = run(vm, url)

    assert status == 2
    assert "Next: Write https://HOST/ORGANIZATION/FEED" in said


@pytest.mark.parametrize(("arguments", "status"), [(["--client", "conda", URL], 2), ([], 2), (["--help"], 0)])
def test_wrong_usage_is_said(
    vm: Vm, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int
) -> None:
    assert run(vm, *arguments)[0] == status

    said = capsys.readouterr()
    assert "usage: feedgate-connect connect" in said.out + said.err


def test_the_folder_is_a_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module("feedgate.machine.__main__")  # imported, it does nothing
    monkeypatch.setattr(sys, "argv", ["feedgate.machine", "connect", "demo/f"])
    monkeypatch.setenv("FEEDGATE_READ_TOKEN", "fgt_canary")

    with pytest.raises(SystemExit) as ended, warnings.catch_warnings(action="ignore"):
        runpy.run_module("feedgate.machine", run_name="__main__")

    assert ended.value.code == 2
    assert "HOST/ORGANIZATION/FEED" in capsys.readouterr().err
