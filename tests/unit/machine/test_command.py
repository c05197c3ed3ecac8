import getpass
import importlib
import io
import json
import os
import runpy
import sys
import warnings
from pathlib import Path

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
    assert "usage: python3 -m feedgate.machine [-h]" in said.out + said.err


def test_the_one_file_is_called_by_its_own_name(
    vm: Vm, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["/srv/feedgate-connect.pyz"])

    run(vm, "--help")

    assert "usage: python3 feedgate-connect.pyz [-h]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("url", "is_warned"),
    [
        ("http://feeds.example/acme/pip-feed", True),
        ("http://10.0.0.7:8080/simple/", True),
        ("http://127.0.0.1.example/simple/", True),
        ("https://feeds.example/acme/pip-feed", False),
        ("http://localhost:8080/acme/pip-feed", False),
        ("http://127.0.0.1:8080/simple/", False),
    ],
)
def test_an_address_in_the_clear_is_warned_of(vm: Vm, url: str, is_warned: bool) -> None:
    _, said, warned = run(vm, url, "--no-check", "--dry-run")

    assert ("is not encrypted" in warned) is is_warned
    assert "is not encrypted" not in said


def test_the_folder_is_a_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module("feedgate.machine.__main__")  # imported, it does nothing
    monkeypatch.setattr(sys, "argv", ["feedgate.machine", "connect", "demo/f"])
    monkeypatch.setenv("FEEDGATE_READ_TOKEN", "fgt_canary")

    with pytest.raises(SystemExit) as ended, warnings.catch_warnings(action="ignore"):
        runpy.run_module("feedgate.machine", run_name="__main__")

    assert ended.value.code == 2
    assert "HOST/ORGANIZATION/FEED" in capsys.readouterr().err


@pytest.fixture
def image(tmp_path: Path) -> Path:
    root = tmp_path / "image"
    (root / "etc").mkdir(parents=True)
    for name in ("anna", "bert"):
        (root / "people" / name).mkdir(parents=True)
        with (root / "etc" / "passwd").open("a") as users:
            users.write(f"{name}:x:{os.getuid()}:{os.getgid()}::/people/{name}:/bin/sh\n")
    return root


def test_the_word_connect_may_be_left_away(vm: Vm) -> None:
    stdout, stderr = io.StringIO(), io.StringIO()
    vm.variables["FEEDGATE_READ_TOKEN"] = "fgt_canary"

    status = main(["--no-check", URL], vm.surroundings, stdin=None, stdout=stdout, stderr=stderr)

    assert (status, stderr.getvalue()) == (0, "")
    assert vm.home(".netrc").exists()


def test_for_programs_there_is_one_object(vm: Vm) -> None:
    path = vm.etc("pip.conf", "[global]\nfind-links = /srv\n")

    status, said, complaint = run(vm, URL, "--json", "--replace", "--client", "pip")

    assert (status, complaint, said.count("\n")) == (0, "", 1)
    assert json.loads(said) == {
        "index_url": SIMPLE,
        "dry_run": False,
        "changes": [
            {"path": str(vm.home(".netrc")), "lines": ["machine feeds.example: the token"]},
            {"path": str(path), "lines": ["[global] find-links is taken out"]},
            {"path": str(vm.home(".config/pip/pip.conf")), "lines": [f"[global] index-url = {SIMPLE}"]},
        ],
        "notes": [],
        "backups": [f"{path}.feedgate-backup"],
        "token_from": "the variable FEEDGATE_READ_TOKEN",
    }


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_for_programs_an_error_is_the_one_object(vm: Vm, more: tuple[str, ...]) -> None:
    vm.etc("pip.conf", "[global]\nfind-links = /srv\n")

    status, said, complaint = run(vm, URL, "--json", *more)

    assert (status, complaint, said.count("\n")) == (1, "", 1)
    body = json.loads(said)
    assert {"type", "title", "status", "detail", "error"} <= body.keys()
    assert body["error"]["code"] == "obstructed"
    assert "find-links = /srv" in body["error"]["message"]
    assert "--replace" in body["error"]["next"]


def test_users_of_an_image_get_the_token_and_nothing_else_is_touched(vm: Vm, image: Path) -> None:
    vm.variables["PIP_EXTRA_INDEX_URL"] = "https://index.example/"  # of who builds, not of the image

    status, said, complaint = run(
        vm, URL, "--system", "--user", "anna", "--user", "bert", "--user", "anna", "--root", str(image)
    )

    assert (status, complaint) == (0, "")
    entry = "machine feeds.example login feedgate password fgt_canary\n"
    assert {
        str(path.relative_to(image)): path.read_text() for path in image.rglob("*") if path.is_file()
    } == {
        "etc/passwd": (image / "etc" / "passwd").read_text(),
        "etc/pip.conf": f"[global]\nindex-url = {SIMPLE}\n",
        "people/anna/.netrc": entry,
        "people/bert/.netrc": entry,
    }
    assert said.count("pip.conf") == 1
    assert f"the token is in {image}/people/anna/.netrc, {image}/people/bert/.netrc alone" in said
    assert list(vm.home("").iterdir()) == []


def test_a_user_without_system_gets_settings_too(vm: Vm, image: Path) -> None:
    assert run(vm, URL, "--user", "anna", "--root", str(image), "--client", "pip")[0] == 0

    assert (image / "people/anna/.config/pip/pip.conf").read_text() == f"[global]\nindex-url = {SIMPLE}\n"
    assert not (image / "etc" / "pip.conf").exists()


def test_what_a_user_has_set_stands_in_the_way_of_the_settings_for_all(vm: Vm, image: Path) -> None:
    own = image / "people" / "bert" / ".config" / "pip" / "pip.conf"
    own.parent.mkdir(parents=True)
    own.write_text("[global]\nindex-url = https://index.example/\n")

    status, _, said = run(
        vm, URL, "--system", "--user", "anna", "--user", "bert", "--root", str(image), "--client", "pip"
    )

    assert status == 1
    assert f"{own}, line 2" in said
    assert not (image / "people" / "anna" / ".netrc").exists()


def test_the_settings_of_all_users_need_no_token(vm: Vm, image: Path) -> None:
    status, said, _ = run(vm, URL, "--system", "--root", str(image), stdin=io.StringIO(), token="")

    assert status == 0
    assert "no user was named: who installs needs an entry for feeds.example" in said
    assert sorted(path.name for path in image.rglob("*") if path.is_file()) == ["passwd", "pip.conf"]


def test_of_this_machine_they_need_none_either(vm: Vm) -> None:
    status, said, _ = run(vm, URL, "--system", stdin=io.StringIO(), token="")

    assert (status, vm.home(".netrc").exists()) == (0, False)
    assert "no token was given" in said


@pytest.mark.parametrize(
    ("words", "token", "complaint"),
    [
        (["--system"], "fgt_canary", "whose netrc"),
        ([], "fgt_canary", "whose netrc"),
        (["--system", "--user", "anna"], "", "no token was given"),
        (["--user", "nobody-of-that-name"], "fgt_canary", "has no user 'nobody-of-that-name'"),
        (["--user", "anna", "--username", "two words"], "fgt_canary", "user name can not be written"),
    ],
)
def test_for_an_image_it_must_be_said_who_is_meant(
    vm: Vm, image: Path, words: list[str], token: str, complaint: str
) -> None:
    before = sorted(image.rglob("*"))

    status, _, said = run(vm, URL, *words, "--root", str(image), stdin=io.StringIO(), token=token)

    assert status == 2
    assert complaint in said
    assert sorted(image.rglob("*")) == before


def test_any_simple_index_will_do(vm: Vm) -> None:
    status, said, _ = run(
        vm,
        "https://devpi.example/anna/dev/+simple/",
        "--username",
        "anna",
        "--client",
        "pip",
        "--client",
        "uv",
    )

    assert status == 0, said
    assert vm.home(".netrc").read_text() == "machine devpi.example login anna password fgt_canary\n"
    for name in (".config/pip/pip.conf", ".config/uv/uv.toml"):
        assert "https://devpi.example/anna/dev/+simple/" in vm.home(name).read_text()
