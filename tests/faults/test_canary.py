"""A token that must stand nowhere, and commands to a build's log that must reach no line of it."""

import base64
import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import quote

import pytest

from feedgate.app.address import read_address
from feedgate.model.redaction import STARS
from tests.builders.closures import TARGET, Closure
from tests.builders.command_line import PATIENCE_SECONDS, CommandLine, wait_until
from tests.builders.destinations import FEED, Step, azure_there, step_of
from tests.builders.sending_feed import posted
from tests.builders.working_server import children
from tests.doubles.azure import AzureArtifacts
from tests.doubles.azure_manners import Fails, Role, Waits
from tests.doubles.upstream import Upstream, upstream_in_thread

CANARY = "c4n4ry/t0k3n+which=is-long%2Fand.odd"
FORMS = {
    form.encode()
    for form in (
        CANARY,
        quote(CANARY, safe=""),
        json.dumps(CANARY)[1:-1],
        base64.b64encode(CANARY.encode()).decode().rstrip("="),
        *(base64.b64encode(f"{user}:{CANARY}".encode()).decode().rstrip("=") for user in ("build", "")),
        repr(CANARY)[1:-1],
    )
}
ECHO = f"Who says {CANARY} or {base64.b64encode(f'build:{CANARY}'.encode()).decode()} is not let in."
COMMAND = "##vso[task.setvariable variable=x]"
LOUD = {"PYTHONASYNCIODEBUG": "1", "PYTHONDEVMODE": "1", "RUST_LOG": "trace", "SYSTEM_DEBUG": "true"}
"""The highest verbosity there is: our own commands know none, the libraries' do."""

pytestmark = pytest.mark.timeout(300)


@dataclass
class Scene:
    """One step of a pipeline whose token is the canary, and all that is left of it."""

    root: Path
    azure: AzureArtifacts
    closure: Closure
    step: Step

    @property
    def feedgate(self) -> CommandLine:
        return self.step.feedgate

    @property
    def words(self) -> list[str]:
        return ["add", "app", "--to", FEED, "--target", TARGET, "--report", str(self.root / "report")]

    def files_with_it(self) -> list[str]:
        """Return the files that hold the token in any form, beside that which the pipeline's task wrote."""
        written = Path(self.feedgate.environment["PYPIRC_PATH"])
        return [
            str(path.relative_to(self.root))
            for path in self.root.rglob("*")
            if path.is_file() and path != written and holds_it(_content(path))
        ]


@dataclass
class Witness:
    """Looks at the processes that know of ``root``, and at temporary files, again and again while something runs.

    ``ignored`` is a process that was given the token in its environment.
    """

    root: Path
    ignored: int = 0
    seen: int = 0
    found: set[str] = field(default_factory=set)
    _ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(30)

    def _work(self) -> None:
        while not self._ended.wait(0.02):
            for process in Path("/proc").glob("[0-9]*"):
                if process.name != str(self.ignored):
                    self._look_at(process)
            for path in (self.root / "temporary").rglob("*"):
                if path.is_file() and holds_it(_content(path)):
                    self.found.add(str(path))

    def _look_at(self, process: Path) -> None:
        arguments, environment = _content(process / "cmdline"), _content(process / "environ")
        if str(self.root).encode() not in arguments + environment:
            return
        self.seen += 1
        if holds_it(arguments + environment):
            self.found.add(f"{process.name}: {arguments!r}")


def holds_it(content: bytes) -> bool:
    return any(form in content for form in FORMS)


def _content(path: Path) -> bytes:
    with suppress(OSError):
        return path.read_bytes()
    return b""


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with upstream_in_thread() as served:
        yield served


@pytest.fixture
def closure(upstream: Upstream, make_wheel: Callable[..., Path]) -> Closure:
    upstream.forget()
    closure = Closure(upstream, make_wheel)
    closure.offer_all({"app": ["part"], "part": []})
    return closure


@pytest.fixture
def make_scene(closure: Closure, tmp_path: Path) -> Iterator[Callable[[Role], Scene]]:
    with azure_there(AzureArtifacts(passwords={CANARY: "contributor"}, project="Platform")) as (there, azure):

        def make(role: Role = "contributor") -> Scene:
            (tmp_path / "temporary").mkdir()
            more = {**LOUD, "TMPDIR": str(tmp_path / "temporary")}
            step = step_of(tmp_path, there, closure.upstream.url, **more)
            azure.passwords = {CANARY: role} if role != "none" else {}
            return Scene(tmp_path, azure, closure, step)

        yield make


@pytest.mark.parametrize(
    ("role", "fault", "status"),
    [
        pytest.param("contributor", None, 0, id="published"),
        pytest.param("none", None, 1, id="401"),
        pytest.param("reader", None, 1, id="403"),
        pytest.param("contributor", Fails(500, retry_after="400"), 1, id="500"),
        pytest.param("contributor", Fails(400, ECHO), 1, id="400-that-says-it-back"),
    ],
)
def test_the_token_stands_nowhere_however_it_ends(
    make_scene: Callable[[Role], Scene], role: Role, fault: Fails | None, status: int
) -> None:
    scene = make_scene(role)
    if fault is not None:
        scene.azure.fault("upload:part", fault)

    with Witness(scene.root) as witness:
        said = scene.feedgate(*scene.words, "--json")

    assert said.status == status, said
    assert not holds_it((said.out + said.err).encode()), said
    assert status == 0 or fault is None or fault.status == 500 or STARS in said.out
    assert scene.files_with_it() == []
    assert witness.found == set()
    assert witness.seen > 0


def test_the_token_stands_nowhere_after_a_conflict(make_scene: Callable[[Role], Scene]) -> None:
    scene = make_scene("contributor")
    theirs = scene.closure.make_wheel("part", "1.0", files={"part/theirs.py": ""})
    scene.azure.fault("upload:part", Waits(1.0))

    with Witness(scene.root) as witness:
        command = scene.feedgate.start(*scene.words)
        wait_until(lambda: posted(scene.azure.seen))
        scene.azure.store(theirs.name, theirs.read_bytes())
        out, err = command.communicate(timeout=PATIENCE_SECONDS)

    assert command.returncode == 1, (out, err)
    assert "conflict" in out
    assert not holds_it((out + err).encode())
    assert scene.files_with_it() == []
    assert witness.found == set()


@pytest.mark.parametrize("victims", [("command",), ("worker",), ("server", "command")])
def test_the_token_stands_nowhere_after_a_kill(
    make_scene: Callable[[Role], Scene], victims: tuple[str, ...]
) -> None:
    """The password comes by the environment here, which is the command's own; nobody inherits it."""
    scene = make_scene("contributor")
    scene.azure.fault("upload:part", Waits(3.0), times=1)
    given = {"FEEDGATE_DESTINATION_PASSWORD": CANARY, "PYPIRC_PATH": "", "SYSTEM_ACCESSTOKEN": CANARY}

    with Witness(scene.root) as witness:
        words = [word if word != FEED else scene.azure.upload_url for word in scene.words]
        command = scene.feedgate.start(*words, "--username", "build", more=given)
        witness.ignored = command.pid
        wait_until(lambda: posted(scene.azure.seen))
        address = read_address(scene.feedgate.data / "server.json")
        assert address is not None
        pids = {"command": command.pid, "server": address.pid, **children(address.pid)}
        for victim in victims:
            os.kill(pids[victim], signal.SIGKILL)
        left = scene.files_with_it()
        out, err = command.communicate(timeout=PATIENCE_SECONDS)
        wait_until(lambda: not Path(f"/proc/{address.pid}").exists())

    assert command.returncode == (0 if victims == ("worker",) else -signal.SIGKILL)
    assert not holds_it((out + err).encode())
    assert left == scene.files_with_it() == []
    assert witness.found == set()


def test_the_witness_sees_a_token_in_an_environment_and_in_a_temporary_file(tmp_path: Path) -> None:
    """Else the other tests of this file could not fail."""
    (tmp_path / "temporary").mkdir()
    (tmp_path / "temporary" / "file").write_text(f"password={CANARY}")

    with Witness(tmp_path) as witness:
        process = subprocess.Popen(["sleep", "60"], env={"ROOT": str(tmp_path), "PASSWORD": CANARY})
        try:
            wait_until(lambda: len(witness.found) == 2, 10)
        finally:
            process.kill()
            process.wait()


# ---------------------------------------------------------------------------- commands to a build's log


@pytest.fixture
def commanding(make_scene: Callable[[Role], Scene]) -> Scene:
    """Strangers who would like to set a variable of the pipeline: by a summary, a file's name, a server's words."""
    scene = make_scene("contributor")
    closure = scene.closure
    metadata = f"Metadata-Version: 2.1\nName: part\nVersion: 1.0\nSummary: {COMMAND}evil\nAuthor: {COMMAND}\n"
    closure.offer("part", files={"part-1.0.dist-info/METADATA": metadata})
    closure.offer("app", "2.0", requires=["part", "other"])
    plain = closure.make_wheel("other", "1.0")
    scene.azure.store(f"other-1.0-1{COMMAND}-py3-none-any.whl", plain.read_bytes())
    scene.azure.fault("upload:part", Fails(400, f"The summary is odd: {COMMAND}evil"))
    return scene


@pytest.mark.parametrize("more", [(), ("--json",)], ids=["for-people", "json"])
def test_no_stranger_commands_the_log_of_a_build(commanding: Scene, more: tuple[str, ...]) -> None:
    said = commanding.feedgate(*commanding.words, *more)

    assert said.status == 1, said
    assert "The summary is odd" in said.out + said.err
    assert "other-1.0-1" in said.out
    assert commands_in(said.out + said.err) <= OURS
    summary = (commanding.root / "report" / "summary.md").read_text()
    assert "The summary is odd" in summary
    assert commands_in(summary) == set()


def test_nothing_that_is_typed_commands_the_log_of_a_build(commanding: Scene) -> None:
    for words in (
        ("add", f"{COMMAND}evil", "--to", FEED, "--target", TARGET),
        ("add", f"app=={COMMAND}", "--to", FEED, "--target", TARGET),
        ("add", "app", "--to", f"{COMMAND}evil", "--target", TARGET),
        ("add", "app", "--to", FEED, "--target", f"{COMMAND}evil"),
        ("add", "app", "--to", FEED, "--target", TARGET, "--limit", f"{COMMAND}evil"),
        ("add", "app", "--to", FEED, "--target", TARGET, "--internal", f"{COMMAND}evil"),
    ):
        said = commanding.feedgate(*words)

        assert said.status in {1, 2}, said
        assert commands_in(said.out + said.err) <= OURS, words


OURS = {"##vso[task.uploadsummary]", "##vso[task.logissue type=error]"}


def commands_in(text: str) -> set[str]:
    """Return the commands that an agent of Azure's would carry out, wherever in a line they stand."""
    return {match[0] for match in re.finditer(r"##(?:vso)?\[[^\]]*\]", text)}
