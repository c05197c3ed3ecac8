"""``feedgate connect URL`` for other people's indexes: one command, and then each client installs with no option."""

import hashlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from feedgate.machine.index_address import IndexUrl, parse_index_url
from feedgate.machine.reach import FeedRefused, NoIndex, ask_feed
from feedgate.model.access import Role, Scope
from tests.builders.clients import clean_environment
from tests.builders.command_line import CommandLine, Server, command_line
from tests.builders.foreign_feeds import USER, devpi, pypiserver
from tests.builders.pythons import Interpreter, make_environment
from tests.builders.wheels import make_wheel
from tests.doubles.azure import AzureArtifacts, azure_in_thread
from tests.doubles.azure_manners import Fails, Redirects

ClientTool = Callable[..., Path]
OWN = Interpreter(Path(sys.executable), "")
TOKEN = "canary-token"

pytestmark = pytest.mark.timeout(300)


@dataclass(frozen=True)
class Index:
    """Where an index is, what goes with the address, and what lets the caller read it; "" = nothing is needed."""

    url: str
    simple_url: str
    token: str = TOKEN
    words: tuple[str, ...] = ()


@pytest.fixture
def wheels(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "stock"
    return [
        make_wheel(folder, "demo", "1.0", requires=["demo-part>=2"]),
        make_wheel(folder, "demo-part", "2.1"),
    ]


@contextmanager
def plain_folder(folder: Path, wheels: list[Path]) -> Iterator[Index]:
    """Serve a folder of pages that somebody wrote once; no part of it knows what a token is."""
    for wheel in wheels:
        project = folder / "python" / "wheels" / wheel.name.split("-")[0].replace("_", "-")
        project.mkdir(parents=True)
        (project / wheel.name).write_bytes(wheel.read_bytes())
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        (project / "index.html").write_text(f'<a href="{wheel.name}#sha256={digest}">{wheel.name}</a>')

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *given: object) -> None:
            super().__init__(*given, directory=str(folder))  # type: ignore[arg-type]  # a server hands them on

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/python/wheels/"
    try:
        yield Index(url, url, token="")
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@contextmanager
def azure_feed(wheels: list[Path], project: str | None) -> Iterator[Index]:
    with azure_in_thread(AzureArtifacts(passwords={TOKEN: "reader"}, project=project)) as azure:
        for wheel in wheels:
            azure.store(wheel.name, wheel.read_bytes())
        yield Index(azure.simple_url, azure.simple_url)


@pytest.fixture(
    params=["azure", "azure-project", "pypiserver", "devpi", "plain-folder", "feedgate", "feedgate-upload"]
)
def index(request: pytest.FixtureRequest, tmp_path: Path, wheels: list[Path]) -> Iterator[Index]:
    folder = tmp_path / "index"
    folder.mkdir()
    if request.param == "azure":
        with azure_feed(wheels, None) as found:
            yield found
    elif request.param == "azure-project":
        with azure_feed(wheels, "Blue Project") as found:
            yield replace(found, simple_url=found.simple_url.replace(" ", "%20"))
    elif request.param == "pypiserver":
        with pypiserver(folder, password=TOKEN, reads_need_password=True) as feed:
            feed.store(*wheels)
            yield Index(feed.simple_url.removesuffix("/"), feed.simple_url, words=("--username", USER))
    elif request.param == "devpi":
        with devpi(folder) as feed:
            feed.store(*wheels)
            yield Index(feed.simple_url, feed.simple_url, token="")
    elif request.param == "plain-folder":
        with plain_folder(folder, wheels) as found:
            yield found
    else:
        server: Server = request.getfixturevalue("server")
        path: str = request.getfixturevalue("feed")
        server.upload_files(path, *wheels)
        url = server.upload(path) if request.param == "feedgate-upload" else server.simple(path)
        yield Index(url, server.simple(path), server.token("vm", Role.READER, path, Scope.READ))


@dataclass
class Machine:
    """A machine that has a home, a token in its environment, and nothing of ours but the command."""

    feedgate: CommandLine
    home: Path
    folder: Path
    outputs: list[str] = field(default_factory=list)

    def install(self, client_tool: ClientTool, tool: str) -> str:
        """Install demo with no option that says from where; return the versions that are there."""
        python = make_environment(OWN, self.folder / f"environment-{tool}")
        words: list[str | Path] = [client_tool(tool)]
        if tool == "pip":
            words += ["--python", python, "install", "--retries", "0", "demo"]
        else:
            words += ["pip", "install", "--no-cache", "--python", python, "demo"]
        done = subprocess.run(
            words,
            env=dict(self.feedgate.environment),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        self.outputs.append(done.stdout + done.stderr)
        program = "import demo, demo_part; print(demo.__version__, demo_part.__version__)"
        said = subprocess.run([python, "-c", program], capture_output=True, text=True, check=True, timeout=60)
        return said.stdout.strip()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    home = tmp_path / "home"
    environment = clean_environment(home, own_configuration=True)
    folder = tmp_path / "folder"
    folder.mkdir()
    feedgate = replace(command_line(home, tmp_path / "nowhere"), environment=environment)
    return Machine(feedgate, home, folder)


def test_in_an_empty_home_one_command_is_enough(
    index: Index, machine: Machine, client_tool: ClientTool
) -> None:
    clients = ("--client", "pip", "--client", "uv")

    said = machine.feedgate.done("connect", index.url, *index.words, *clients, stdin=f"{index.token}\n")

    conf = (machine.home / ".config" / "pip" / "pip.conf").read_text()
    assert conf == f"[global]\nindex-url = {index.simple_url}\n"
    assert (machine.home / ".netrc").exists() == bool(index.token)
    assert "not tried" not in said.out
    assert [machine.install(client_tool, tool) for tool in ("pip", "uv")] == ["1.0 2.1", "1.0 2.1"]
    for output in (said.out, said.err, *machine.outputs, conf):
        assert not index.token or index.token not in output
    again = machine.feedgate.done("connect", index.url, *index.words, *clients, stdin="")
    assert again.out.splitlines()[0] == "nothing to change"


def test_for_programs_there_is_one_object(index: Index, machine: Machine) -> None:
    words = ("connect", index.url, *index.words, "--client", "pip")

    done = machine.feedgate(*words, "--json", stdin=f"{index.token}\n")

    assert done.status == 0, done
    assert done.json["index_url"] == index.simple_url
    paths = [Path(change["path"]).name for change in done.json["changes"]]
    assert paths == ([".netrc", "pip.conf"] if index.token else ["pip.conf"])
    assert done.json["token_from"] == ("standard input" if index.token else None)
    assert TOKEN not in done.out + done.err


@pytest.fixture
def azure() -> Iterator[AzureArtifacts]:
    with azure_in_thread(AzureArtifacts(passwords={TOKEN: "reader", "canary-other": "none"})) as served:
        yield served


@pytest.mark.parametrize(
    ("fault", "token", "code", "words"),
    [
        (None, "canary-wrong", "feed-refused", "does not take this token (401)"),
        (None, "canary-other", "feed-refused", "may not read this feed (403)"),
        (Fails(404), TOKEN, "feed-refused", "(404)"),
        (Redirects("/elsewhere/"), TOKEN, "feed-refused", "(404)"),
    ],
)
def test_an_index_that_says_no_is_not_written_down(
    machine: Machine,
    azure: AzureArtifacts,
    fault: Fails | Redirects | None,
    token: str,
    code: str,
    words: str,
) -> None:
    if fault is not None:
        azure.fault("root", fault)

    said = machine.feedgate("connect", azure.simple_url, "--json", stdin=f"{token}\n")
    in_words = machine.feedgate("connect", azure.simple_url, stdin=f"{token}\n")

    assert (said.status, said.problem["code"]) == (1, code)
    assert words in said.problem["message"]
    assert words in in_words.err
    assert "canary" not in said.out + said.err + in_words.out + in_words.err
    assert [path for path in machine.home.rglob("*") if path.is_file()] == []


def test_without_a_check_it_is_written_down_unasked(machine: Machine, azure: AzureArtifacts) -> None:
    machine.feedgate.done("connect", azure.simple_url, "--no-check", stdin="canary-wrong\n")

    assert azure.seen == []
    assert (machine.home / ".netrc").exists()


def test_a_private_index_wants_a_token(machine: Machine, azure: AzureArtifacts) -> None:
    said = machine.feedgate("connect", azure.simple_url, "--json", stdin="")

    assert (said.status, said.problem["code"]) == (2, "token-missing")


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_is_raised_whatever_comes_with_it(azure: AzureArtifacts, status: int) -> None:
    azure.fault("root", Fails(status, words="##vso[task.setvariable variable=x]y"))

    with pytest.raises(FeedRefused) as caught:
        ask_feed(parse_index_url(azure.simple_url), ("any", TOKEN))

    assert "##vso" not in caught.value.message


def test_a_page_of_another_kind_is_no_index(tmp_path: Path, wheels: list[Path]) -> None:
    with plain_folder(tmp_path / "index", wheels) as found:
        (tmp_path / "index" / "note.txt").write_text("hello")
        url = parse_index_url(f"{found.url}demo/{wheels[0].name}/")
        text = IndexUrl(url.origin, "/note.txt")

        with pytest.raises(FeedRefused, match="404"):
            ask_feed(url, None)
        with pytest.raises(NoIndex, match="text/plain"):
            ask_feed(text, None)


def test_the_token_goes_to_no_other_origin(azure: AzureArtifacts) -> None:
    with azure_in_thread(AzureArtifacts(passwords={TOKEN: "reader"})) as other:
        azure.fault("root", Redirects(other.simple_url))

        note = ask_feed(parse_index_url(azure.simple_url), ("any", TOKEN))

        assert other.seen == []
    assert (
        note
        == f"{azure.simple_url} leads to {other.origin}: not followed with the token, so not tried further"
    )


def test_who_is_sent_around_within_the_origin_arrives(azure: AzureArtifacts) -> None:
    azure.fault("root", Redirects(azure.simple_url.removesuffix("/")), times=1)

    assert ask_feed(parse_index_url(azure.simple_url), ("any", TOKEN)) is None
    assert all(seen.has_credentials for seen in azure.seen)
    assert len(azure.seen) == 2


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/simple/", "https://nowhere.invalid/simple/"])
def test_nobody_there_is_a_note(url: str) -> None:
    note = ask_feed(parse_index_url(url), ("any", TOKEN))

    assert note is not None
    assert "could not be reached from here" in note
    assert TOKEN not in note
