"""After ``connect`` each client installs from the private feed with no option, and from nowhere else."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from feedgate.machine.addresses import parse_feed_url
from feedgate.machine.connect import plan_connection
from feedgate.machine.plan import Client, Obstructed, apply
from feedgate.machine.surroundings import Surroundings
from tests.builders.clients import clean_environment
from tests.builders.pythons import Interpreter, make_environment, need_python
from tests.doubles.private_feed import PrivateFeed, private_feed

ClientTool = Callable[..., Path]
TOKEN = "fgt_canary"
OWN = Interpreter(Path(sys.executable), "")


@pytest.fixture
def feed(make_wheel: Callable[..., Path]) -> Iterator[PrivateFeed]:
    with private_feed(TOKEN) as served:
        served.add(make_wheel("demo", "1.0", requires=["demo-part>=2"]))
        served.add(make_wheel("demo-part", "2.1"))
        yield served


@pytest.fixture
def here(tmp_path: Path) -> Surroundings:
    """A machine of its own: its home is the clients', its /etc is empty."""
    for folder in ("root", "work"):
        (tmp_path / folder).mkdir()
    environment = clean_environment(tmp_path / "home", own_configuration=True)
    return Surroundings(tmp_path / "root", tmp_path / "home", environment, tmp_path / "work")


def connect(here: Surroundings, feed: PrivateFeed, client: Client, token: str | None = TOKEN) -> None:
    apply(plan_connection(parse_feed_url(feed.url), here, clients=(client,), token=token))


def run(here: Surroundings, *command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env={**here.environment, "HOME": str(here.home)},
        cwd=here.folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def installing(client_tool: ClientTool, client: Client, python: Path, name: str) -> list[str | Path]:
    """Return the command that installs ``name``, with no option that says from where."""
    if client is Client.PIP:
        return [client_tool("pip"), "--python", python, "install", name]
    return [client_tool("uv"), "pip", "install", "--no-cache", "--python", python, name]


def imported(python: Path) -> str:
    program = "import demo, demo_part; print(demo.__version__, demo_part.__version__)"
    return subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("minor", ["own", "3.9"])
def test_pip_installs_with_no_option(
    client_tool: ClientTool, here: Surroundings, feed: PrivateFeed, tmp_path: Path, minor: str
) -> None:
    interpreter = OWN if minor == "own" else need_python(minor)
    python = make_environment(interpreter, tmp_path / "environment")
    connect(here, feed, Client.PIP)

    done = run(here, client_tool("pip", interpreter), "--python", python, "install", "demo")

    assert done.returncode == 0, done.stdout + done.stderr
    assert imported(python) == "1.0 2.1"
    assert feed.simple_url in done.stdout
    assert TOKEN not in done.stdout + done.stderr
    assert any(path.endswith(".whl") and admitted for path, admitted in feed.log)


@pytest.mark.timeout(300)
def test_uv_installs_with_no_option(
    client_tool: ClientTool, here: Surroundings, feed: PrivateFeed, tmp_path: Path
) -> None:
    python = make_environment(OWN, tmp_path / "environment")
    connect(here, feed, Client.UV)

    done = run(here, *installing(client_tool, Client.UV, python, "demo"))

    assert done.returncode == 0, done.stdout + done.stderr
    assert imported(python) == "1.0 2.1"
    assert TOKEN not in done.stdout + done.stderr


@pytest.mark.timeout(300)
def test_uv_reads_the_file_for_all_users_that_connect_writes(
    client_tool: ClientTool, here: Surroundings, feed: PrivateFeed, tmp_path: Path
) -> None:
    shared = tmp_path / "xdg" / "uv" / "uv.toml"
    shared.parent.mkdir(parents=True)
    shared.write_text("link-mode = 'copy'\n")
    here = replace(here, environment={**here.environment, "XDG_CONFIG_DIRS": str(tmp_path / "xdg")})
    python = make_environment(OWN, tmp_path / "environment")
    address = parse_feed_url(feed.url)

    apply(plan_connection(address, here, clients=(Client.UV,), system=True, token=TOKEN))
    done = run(here, *installing(client_tool, Client.UV, python, "demo"))

    assert done.returncode == 0, done.stdout + done.stderr
    assert feed.simple_url in shared.read_text()
    assert imported(python) == "1.0 2.1"


@pytest.mark.timeout(300)
def test_poetry_locks_from_the_feed_alone(
    client_tool: ClientTool, here: Surroundings, feed: PrivateFeed
) -> None:
    (here.folder / "pyproject.toml").write_text(
        '[project]\nname = "work"\nversion = "1.0"\nrequires-python = ">=3.9"\ndependencies = ["demo"]\n'
    )
    connect(here, feed, Client.POETRY)

    done = run(here, client_tool("poetry"), "lock", "--no-interaction", "--no-cache")

    assert done.returncode == 0, done.stdout + done.stderr
    lock = (here.folder / "poetry.lock").read_text()
    assert 'name = "demo-part"\nversion = "2.1"' in lock
    assert lock.count(feed.simple_url.removesuffix("/")) == 2
    assert TOKEN not in lock + done.stdout + done.stderr


@pytest.mark.timeout(300)
@pytest.mark.parametrize("client", [Client.PIP, Client.UV])
def test_what_the_feed_has_not_is_found_nowhere(
    client_tool: ClientTool, here: Surroundings, feed: PrivateFeed, tmp_path: Path, client: Client
) -> None:
    python = make_environment(OWN, tmp_path / "environment")
    connect(here, feed, client)
    install = installing(client_tool, client, python, "six")

    done = run(here, *install)

    assert done.returncode != 0
    assert any(path.endswith("/six/") for path, _ in feed.log)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("client", [Client.PIP, Client.UV])
@pytest.mark.parametrize(
    "netrc",
    [
        "default login somebody password else\n",
        "# mine\nmachine other.example login a password b\n\nmacdef m\necho\n\n",
        "machine 127.0.0.1:1 login a password b # a port is no host\n",
    ],
    ids=["default", "others", "port"],
)
def test_both_find_the_token_beside_whatever_netrc_held_before(
    client_tool: ClientTool, here: Surroundings, feed: PrivateFeed, tmp_path: Path, client: Client, netrc: str
) -> None:
    (here.home / ".netrc").write_text(netrc)
    python = make_environment(OWN, tmp_path / "environment")
    connect(here, feed, client)
    install = installing(client_tool, client, python, "demo-part")

    done = run(here, *install)

    assert done.returncode == 0, done.stdout + done.stderr
    assert (".whl", True) in {(Path(path).suffix, admitted) for path, admitted in feed.log}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "netrc",
    [
        "machine {host}:{port} login a password fgt_canary\n",
        "#a b\nmachine {host} login a password fgt_canary\n",
    ],
    ids=["port", "broken"],
)
def test_what_connect_refuses_or_passes_over_is_of_no_use_to_pip(
    client_tool: ClientTool, here: Surroundings, feed: PrivateFeed, tmp_path: Path, netrc: str
) -> None:
    host, _, port = feed.origin.removeprefix("http://").partition(":")
    python = make_environment(OWN, tmp_path / "environment")
    connect(here, feed, Client.PIP, token=None)
    (here.home / ".netrc").write_text(netrc.format(host=host, port=port))

    done = run(here, *installing(client_tool, Client.PIP, python, "demo"))

    assert done.returncode != 0
    assert not any(admitted for _, admitted in feed.log)


@pytest.mark.timeout(300)
def test_beside_another_index_nothing_is_written_and_with_replace_pip_asks_the_feed_alone(
    client_tool: ClientTool, here: Surroundings, feed: PrivateFeed, tmp_path: Path
) -> None:
    settings = here.home / ".config" / "pip" / "pip.conf"
    settings.parent.mkdir(parents=True)
    settings.write_text("[global]\nextra-index-url = http://127.0.0.1:9/simple/\nretries = 0\n")
    python = make_environment(OWN, tmp_path / "environment")
    address = parse_feed_url(feed.url)

    with pytest.raises(Obstructed, match="extra-index-url"):
        apply(plan_connection(address, here, clients=(Client.PIP,), token=TOKEN))
    assert not (here.home / ".netrc").exists()

    apply(plan_connection(address, here, clients=(Client.PIP,), token=TOKEN, replace=True))
    done = run(here, *installing(client_tool, Client.PIP, python, "demo"))

    assert done.returncode == 0, done.stdout + done.stderr
    assert "127.0.0.1:9" not in done.stdout + done.stderr
    assert imported(python) == "1.0 2.1"
