import io
from collections.abc import Callable
from pathlib import Path

import pytest

from feedgate.machine.addresses import FeedUrl, parse_feed_url
from feedgate.machine.connect import connected_feeds, found_clients, plan_connection, read_token
from feedgate.machine.netrc import NotAToken
from feedgate.machine.plan import Client, Obstructed, apply
from tests.unit.machine.conftest import Vm

URL = "https://feeds.example/demo/_packaging/pip-feed/pypi/simple/"


class Terminal(io.StringIO):
    """A person sits in front of it."""

    def isatty(self) -> bool:
        return True


def never(prompt: str) -> str:
    raise AssertionError(prompt)


def answer(text: str) -> Callable[[str], str]:
    def answered(prompt: str) -> str:
        return text

    return answered


def no_answer(prompt: str) -> str:
    raise EOFError


def command(folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).touch(mode=0o755)


def paths(vm: Vm) -> set[str]:
    return {str(path.relative_to(vm.base)) for path in vm.base.rglob("*") if path.is_file()}


def test_on_an_empty_machine_pip_is_connected_and_the_token_is_in_netrc_alone(vm: Vm, feed: FeedUrl) -> None:
    plan = plan_connection(feed, vm.surroundings, token="fgt_canary")
    backups = apply(plan)

    assert paths(vm) == {"home/.netrc", "home/.config/pip/pip.conf"}
    assert vm.home(".config/pip/pip.conf").read_text() == f"[global]\nindex-url = {URL}\n"
    assert vm.home(".netrc").read_text() == "machine feeds.example login feedgate password fgt_canary\n"
    assert "canary" not in repr(plan)
    assert backups == ()


def test_connecting_again_changes_nothing(vm: Vm, feed: FeedUrl) -> None:
    for _ in range(2):
        plan = plan_connection(feed, vm.surroundings, clients=tuple(Client), token="fgt_a")
        apply(plan)

    assert plan.changes == ()
    assert plan.obstacles == ()


def test_a_client_that_is_named_is_connected_alone(vm: Vm, feed: FeedUrl) -> None:
    vm.home(".config/uv/uv.toml", 'extra-index-url = ["https://index.example/"]\n')
    vm.variables["UV_INDEX"] = "https://index.example/"

    apply(plan_connection(feed, vm.surroundings, clients=(Client.PIP,), token="fgt_a"))

    assert paths(vm) == {"home/.netrc", "home/.config/pip/pip.conf", "home/.config/uv/uv.toml"}


def test_for_all_users_the_token_still_goes_to_the_callers_netrc_and_that_is_said(
    vm: Vm, feed: FeedUrl
) -> None:
    plan = plan_connection(feed, vm.surroundings, clients=(Client.PIP, Client.UV), system=True, token="fgt_a")
    apply(plan)

    assert paths(vm) == {"home/.netrc", "root/etc/pip.conf", "root/etc/uv/uv.toml"}
    assert any(str(vm.home(".netrc")) in note for note in plan.notes)


def test_one_obstacle_anywhere_keeps_everything_as_it_was(vm: Vm, feed: FeedUrl) -> None:
    vm.etc("pip.conf", "[global]\nextra-index-url = https://index.example/simple/\n")

    plan = plan_connection(feed, vm.surroundings, token="fgt_a")

    with pytest.raises(Obstructed, match=r"pip\.conf, line 2: \[global\] extra-index-url"):
        apply(plan)
    assert paths(vm) == {"root/etc/pip.conf"}


@pytest.mark.parametrize("where", ["path", "home", "user-file", "file-for-all"])
def test_uv_is_connected_where_there_is_a_trace_of_it(vm: Vm, where: str) -> None:
    assert found_clients(vm.surroundings) == (Client.PIP,)

    vm.variables["PATH"] = f"/no/such/folder::{vm.elsewhere('bin')}"
    if where == "path":
        command(vm.elsewhere("bin"), "uv")
    elif where == "home":
        command(vm.home(".local/bin"), "uv")
    elif where == "user-file":
        vm.home(".config/uv/uv.toml", "")
    else:
        vm.etc("uv/uv.toml", "")

    assert found_clients(vm.surroundings) == (Client.PIP, Client.UV)


def test_poetry_is_named_where_it_is_found_and_left_to_the_project(vm: Vm, feed: FeedUrl) -> None:
    command(vm.elsewhere("bin"), "poetry")
    vm.variables["PATH"] = str(vm.elsewhere("bin"))
    vm.work("pyproject.toml", "[tool.poetry]\n")

    plan = plan_connection(feed, vm.surroundings, token="fgt_a")

    assert any("--client poetry" in note for note in plan.notes)
    assert vm.work("pyproject.toml") not in [change.path for change in plan.changes]


def test_the_feeds_that_this_machine_has_at_a_host_are_found(vm: Vm) -> None:
    one, two, three = (
        parse_feed_url(f"https://feeds.example/{name}") for name in ("a/one", "a/p/two", "a/three@Local")
    )
    vm.etc(
        "pip.conf", f"[global]\nindex-url = {one.simple_url}\nextra-index-url = /srv\n  {two.simple_url}\n"
    )
    vm.home(".config/uv/uv.toml", f'[[index]]\nurl = "{one.simple_url}"\n')
    vm.work("pyproject.toml", f'[[tool.poetry.source]]\nurl = "{three.simple_url}"\n')
    vm.home(
        ".config/pip/pip.conf", "[global]\nindex-url = https://other.example/a/_packaging/f/pypi/simple/\n"
    )

    assert connected_feeds(vm.surroundings, "feeds.example") == (one, two, three)


@pytest.mark.parametrize(
    ("stdin", "variable", "value", "source"),
    [
        (io.StringIO("fgt_in\nrest\n"), "", "fgt_in", "standard input"),
        (io.StringIO("fgt_in"), " ", "fgt_in", "standard input"),
        (io.StringIO("rest of a script\n"), "fgt_env\n", "fgt_env", "the variable FEEDGATE_READ_TOKEN"),
        (None, "fgt_env", "fgt_env", "the variable FEEDGATE_READ_TOKEN"),
    ],
)
def test_the_token_comes_from_the_variable_or_one_line_of_standard_input(
    stdin: io.StringIO | None, variable: str, value: str, source: str
) -> None:
    given = read_token(stdin, {"FEEDGATE_READ_TOKEN": variable}, never)

    assert given is not None
    assert (given.value, given.source) == (value, source)
    assert value not in repr(given)


def test_a_variable_leaves_standard_input_to_whom_it_belongs() -> None:
    script = io.StringIO("next command\n")

    read_token(script, {"FEEDGATE_READ_TOKEN": "fgt_env"}, never)

    assert script.read() == "next command\n"


def test_a_person_is_asked() -> None:
    given = read_token(Terminal(), {}, answer(" fgt_typed "))

    assert given is not None
    assert (given.value, given.source) == ("fgt_typed", "the prompt")


@pytest.mark.parametrize(
    ("stdin", "prompt"),
    [
        (None, never),
        (io.StringIO(), never),
        (io.StringIO("\n"), never),
        (Terminal(), None),
        (Terminal(), answer("")),
        (Terminal(), no_answer),
    ],
)
def test_who_gives_no_token_gives_none(
    stdin: io.StringIO | None, prompt: Callable[[str], str] | None
) -> None:
    assert read_token(stdin, {}, prompt) is None


def test_what_is_no_text_is_no_token() -> None:
    with pytest.raises(NotAToken):
        read_token(io.TextIOWrapper(io.BytesIO(b"\xff\xfe\n"), encoding="utf-8"), {}, never)


def test_a_file_in_the_place_of_a_token_is_refused(vm: Vm, feed: FeedUrl) -> None:
    given = read_token(io.StringIO("x" * 100_000), {}, never)

    assert given is not None
    with pytest.raises(NotAToken):
        plan_connection(feed, vm.surroundings, token=given.value)
