"""``feedgate connect`` against a real server: one command, and then each client installs with no option."""

import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from feedgate.api.bodies import FeedChange
from feedgate.model.access import Role, Scope
from feedgate.model.names import parse_feed_path
from tests.builders.clients import clean_environment
from tests.builders.command_line import CommandLine, Server, command_line
from tests.builders.pythons import Interpreter, make_environment
from tests.builders.wheels import make_wheel

ClientTool = Callable[..., Path]
OWN = Interpreter(Path(sys.executable), "")

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def machine(server: Server, home: Path) -> CommandLine:
    """The command line of another user of the server's machine, whose home is empty."""
    environment = {
        **server.feedgate.environment,
        **clean_environment(home, own_configuration=True),
        "PATH": server.feedgate.environment["PATH"],
    }
    return replace(server.feedgate, environment=environment)


@pytest.fixture
def stocked(server: Server, feed: str, tmp_path: Path) -> str:
    server.upload_files(feed, make_wheel(tmp_path / "stock", "demo", "1.0"))
    return feed


def install(
    machine: CommandLine, client_tool: ClientTool, tool: str, folder: Path
) -> tuple["subprocess.CompletedProcess[str]", str]:
    """Install demo with no option that says from where; return what was said, and the version that is there."""
    python = make_environment(OWN, folder / f"environment-{tool}")
    words: list[str | Path] = [client_tool(tool)]
    if tool == "pip":
        words += ["--python", python, "install", "--retries", "0", "demo"]
    else:
        words += ["pip", "install", "--no-cache", "--python", python, "demo"]
    done = subprocess.run(
        words,
        env=dict(machine.environment),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    program = "import demo; print(demo.__version__)"
    said = subprocess.run([python, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    return done, said.stdout.strip()


def tokens(server: Server, feed: str) -> list[str]:
    """Return the scopes of the tokens that reach the feed, and are none of the tests' own."""
    return [
        token.scope.value
        for token in server.api.list_tokens().body
        if token.actor == "local" and token.feeds is not None and feed in token.feeds
    ]


def test_in_an_empty_home_one_command_is_enough(
    server: Server,
    machine: CommandLine,
    stocked: str,
    home: Path,
    client_tool: ClientTool,
    tmp_path: Path,
) -> None:
    said = machine.done("connect", stocked)

    settings = (home / ".config" / "pip" / "pip.conf").read_text()
    netrc = home / ".netrc"
    assert f"index-url = {server.simple(stocked)}" in settings
    assert "extra-index-url" not in settings
    assert stat.S_IMODE(netrc.stat().st_mode) == 0o600
    secret = netrc.read_text().split("password")[1].split()[0]
    assert secret.startswith("fgt_")
    assert secret not in said.out + said.err + settings
    assert tokens(server, stocked) == ["read"]
    for tool in ("pip", "uv"):
        done, version = install(machine, client_tool, tool, tmp_path)
        assert (done.returncode, version) == (0, "1.0"), done
        assert secret not in done.stdout + done.stderr


def test_connecting_again_changes_nothing_and_makes_no_token(
    server: Server, machine: CommandLine, stocked: str, home: Path
) -> None:
    machine.done("connect", stocked)
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}

    said = machine.done("connect", stocked)

    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before
    assert said.out == "nothing to change\n"
    assert len(tokens(server, stocked)) == 1


def test_the_token_for_a_second_feed_reads_the_first_one_too(
    server: Server, machine: CommandLine, stocked: str, client_tool: ClientTool, tmp_path: Path
) -> None:
    other = server.make_feed(f"{stocked}-other")
    machine.done("connect", stocked, "--client", "pip")

    machine.done("connect", other, "--client", "uv", "--replace")

    assert len(tokens(server, stocked)) == 2
    assert len(tokens(server, other)) == 1
    done, version = install(machine, client_tool, "pip", tmp_path)
    assert (done.returncode, version) == (0, "1.0"), done


def test_beside_another_index_nothing_is_written_and_no_token_made(
    server: Server, machine: CommandLine, stocked: str, home: Path
) -> None:
    settings = home / ".config" / "pip" / "pip.conf"
    settings.parent.mkdir(parents=True)
    settings.write_text("[global]\nextra-index-url = https://pkgs.example/simple/\n")

    said = machine("connect", stocked)

    assert said.status != 0
    assert str(settings) in said.err
    assert "extra-index-url" in said.err
    assert "--replace" in said.err
    assert settings.read_text() == "[global]\nextra-index-url = https://pkgs.example/simple/\n"
    assert not (home / ".netrc").exists()
    assert tokens(server, stocked) == []
    in_json = machine("connect", stocked, "--json")
    assert in_json.status == said.status
    assert in_json.problem["next"]


def test_a_variable_that_adds_an_index_is_named_too(machine: CommandLine, stocked: str) -> None:
    said = machine("connect", stocked, more={"PIP_EXTRA_INDEX_URL": "https://pkgs.example/simple/"})

    assert said.status != 0
    assert "PIP_EXTRA_INDEX_URL" in said.err


def test_a_dry_run_says_what_would_be_done_and_does_nothing(
    server: Server, machine: CommandLine, stocked: str, home: Path
) -> None:
    said = machine.done("connect", stocked, "--dry-run")

    assert str(home / ".netrc") in said.out
    assert str(home / ".config" / "pip" / "pip.conf") in said.out
    assert [path for path in home.rglob("*") if path.is_file()] == []
    assert tokens(server, stocked) == []


def test_a_public_feed_needs_no_token(
    server: Server, machine: CommandLine, stocked: str, home: Path, client_tool: ClientTool, tmp_path: Path
) -> None:
    server.api.set_feed(parse_feed_path(stocked), FeedChange(public=True))

    machine.done("connect", stocked, "--client", "pip")

    assert tokens(server, stocked) == []
    assert not (home / ".netrc").exists()
    assert install(machine, client_tool, "pip", tmp_path)[1] == "1.0"


@pytest.mark.parametrize("way", ["stdin", "variable"])
def test_another_machine_is_given_a_token(
    server: Server, stocked: str, home: Path, client_tool: ClientTool, tmp_path: Path, way: str
) -> None:
    token = server.token("vm", Role.READER, stocked, Scope.READ)
    away = replace(
        command_line(home, tmp_path / "nowhere"),
        environment=clean_environment(home, own_configuration=True),
    )
    given = {"stdin": f"{token}\n"} if way == "stdin" else {"more": {"FEEDGATE_READ_TOKEN": token}}

    said = away.done("connect", f"{server.origin}/{stocked}", "--client", "pip", **given)

    assert token not in said.out + said.err
    assert install(away, client_tool, "pip", tmp_path)[1] == "1.0"


def test_another_machine_without_a_token_is_asked_for_one(
    server: Server, stocked: str, home: Path, tmp_path: Path
) -> None:
    away = command_line(home, tmp_path / "nowhere")

    said = away("connect", f"{server.origin}/{stocked}", "--json")

    assert (said.status, said.problem["code"]) == (2, "token-missing")
    assert not (tmp_path / "nowhere").exists()


def test_where_no_server_stays_there_is_nothing_to_connect_to(home: Path, tmp_path: Path) -> None:
    said = command_line(home, tmp_path / "data")("connect", "acme/team", "--json")

    assert (said.status, said.problem["code"]) == (2, "no-server-to-connect-to")
    assert "feedgate serve" in said.problem["next"]


def test_poetrys_project_gets_its_source(
    server: Server, machine: CommandLine, stocked: str, client_tool: ClientTool, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "work"\nversion = "1.0"\nrequires-python = ">=3.9"\ndependencies = ["demo"]\n'
    )

    machine.done("connect", stocked, "--client", "poetry", folder=folder)

    done = subprocess.run(
        [client_tool("poetry"), "lock", "--no-interaction", "--no-cache"],
        env=dict(machine.environment),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done
    assert 'name = "demo"\nversion = "1.0"' in (folder / "poetry.lock").read_text()


@pytest.mark.parametrize(
    ("url", "is_warned"),
    [
        ("http://feeds.example/acme/pip-feed", True),
        ("https://feeds.example/acme/pip-feed", False),
        ("http://127.0.0.1:9/acme/pip-feed", False),
    ],
)
def test_an_address_in_the_clear_is_warned_of_unless_it_is_this_machines_own(
    machine: CommandLine, url: str, is_warned: bool
) -> None:
    words = ("connect", url, "--dry-run", "--no-check", "--client", "uv")
    said = machine(*words, more={"FEEDGATE_READ_TOKEN": "t"})

    assert said.status == 0, said
    assert ("is not encrypted" in said.err) is is_warned
    assert "is not encrypted" not in said.out
