"""Whatever a reader can see at any instant of a sending can be installed, and a kill at any instant loses nothing."""

import json
import os
import random
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

from feedgate.app.address import read_address
from tests.builders.closures import Closure
from tests.builders.command_line import PATIENCE_SECONDS, CommandLine, wait_until
from tests.builders.destinations import FEED, Step, azure_there, step_of, there_of
from tests.builders.reader import BrokenSet, Listed, Machine, Reader, over_http
from tests.builders.sending_feed import posted
from tests.builders.wheels import make_wheel
from tests.builders.working_server import children, command_of
from tests.doubles.azure import AzureArtifacts
from tests.doubles.azure_manners import Waits
from tests.doubles.upstream import Upstream

TARGETS = ("3.11@x86_64-manylinux_2_28", "3.12@aarch64-manylinux_2_28")
EXACT = ("3.11.2@x86_64-manylinux_2_28", "3.12.1@aarch64-manylinux_2_28")
TAGS = ("cp311-cp311-manylinux_2_17_x86_64", "cp312-cp312-manylinux_2_17_aarch64")
MACHINES = [
    Machine(frozenset({tag}), {"python_version": version, "python_full_version": f"{version}.0", "extra": ""})
    for tag, version in zip(TAGS, ("3.11", "3.12"), strict=True)
]
WORDS = ("top[more]", "side")
FILES, OLDER = 40, 14
KILLS = 30
VICTIMS = ("command", "server", "server")

pytestmark = pytest.mark.timeout(600)


@dataclass
class Great:
    """A closure of 40 files in five ranks, and the older one that the destination has of some of its names."""

    closure: Closure
    wheels: dict[str, Path] = field(default_factory=dict)
    older: list[Path] = field(default_factory=list)

    def offer(self, name: str, *requires: str, is_built: bool = False, **options: Any) -> None:
        """List a release: one wheel, or with ``is_built`` one for each of the two targets."""
        for tag in TAGS if is_built else ("py3-none-any",):
            wheel = self.closure.offer(name, "1.0", requires=requires, tag=tag, **options)
            self.wheels[wheel.name] = wheel

    def offer_older(self, name: str, *requires: str) -> None:
        wheel = self.closure.offer(name, "0.9", requires=requires)
        self.older.append(wheel)

    @property
    def all_wheels(self) -> dict[str, Path]:
        return self.wheels | {wheel.name: wheel for wheel in self.older}


def make_great(closure: Closure) -> Great:
    great = Great(closure)
    for number in range(8):
        great.offer(f"base-{number}")
        great.offer_older(f"base-{number}")
    for number in range(6):
        great.offer(f"built-{number}", f"base-{number}>=1", f"base-{7 - number}>=1", is_built=True)
    for one, other in (("a", "b"), ("b", "c"), ("c", "a")):
        great.offer(f"ring-{one}", f"ring-{other}>=1", "built-0>=1")
    for number in range(5):
        great.offer(f"plain-{number}", f"built-{number}>=1", f"built-{number + 1}>=1", f"base-{number}")
    great.offer("backport", "base-0>=1")
    great.offer("bonus", "plain-0>=1")
    for number in range(4):
        great.offer(
            f"upper-{number}", f"plain-{number}>=1", f"plain-{number + 1}>=1", "ring-a>=1", is_built=True
        )
        great.offer_older(f"upper-{number}", f"base-{number}")
    uppers = [f"upper-{number}>=1" for number in range(4)]
    great.offer("top", *uppers, "backport>=1; python_full_version < '3.11.3'", extras={"more": ["bonus>=1"]})
    great.offer_older("top", *(f"upper-{number}" for number in range(4)))
    great.offer("side", "upper-0>=1", "ring-b")
    great.offer_older("side", "base-0")
    assert (len(great.wheels), len(great.older)) == (FILES, OLDER)
    return great


@pytest.fixture
def great(upstream: Upstream, tmp_path: Path) -> Great:
    def make(name: str, version: str, **options: Any) -> Path:
        return make_wheel(tmp_path / "wheels", name, version, **options)

    return make_great(Closure(upstream, make))


@pytest.fixture
def azure(great: Great) -> Iterator[AzureArtifacts]:
    """The stand-in for Azure with the older closure."""
    with azure_there() as (_there, served):
        have_older(served, great)
        yield served


@pytest.fixture
def step(azure: AzureArtifacts, great: Great, tmp_path: Path) -> Step:
    return step_of(tmp_path, there_of(azure), great.closure.upstream.url)


def have_older(azure: AzureArtifacts, great: Great) -> None:
    for wheel in great.older:
        azure.store(wheel.name, wheel.read_bytes())


def add_command(targets: tuple[str, str]) -> list[str]:
    words = [word for target in targets for word in ("--target", target)]
    return ["add", *WORDS, "--to", FEED, *words, "--json"]


def snapshot_of(azure: AzureArtifacts) -> Listed:
    """Return what all pages list at this instant."""
    filenames = [held.filename for held in azure.contents]

    def listed(name: str) -> list[str]:
        return [one for one in filenames if one.partition("-")[0] == name.replace("-", "_")]

    return listed


@dataclass
class Watch:
    """Readers of both machines that resolve over and over until they are told to stop.

    ``seen`` are the closures that they got, ``broken`` what was wrong; ``counts`` how many files were there.
    """

    readers: list[Reader]
    index: Callable[[], Listed]
    azure: AzureArtifacts
    pause_seconds: float = 0.0
    seen: list[dict[str, str]] = field(default_factory=list)
    counts: set[int] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(30)
        assert not self._thread.is_alive()

    def _work(self) -> None:
        while not self._ended.wait(self.pause_seconds):
            self.counts.add(len(self.azure.files()))
            for reader in self.readers:
                try:
                    self.seen.append(reader.resolve(self.index(), *WORDS))
                except BrokenSet as error:
                    self.broken.append(str(error))


def readers_of(great: Great) -> list[Reader]:
    return [Reader(great.all_wheels, machine) for machine in MACHINES]


def test_the_reader_sees_a_release_that_is_there_before_what_it_needs(
    great: Great, azure: AzureArtifacts
) -> None:
    """Else the other tests of this file could not fail."""
    reader = readers_of(great)[0]
    with httpx.Client(auth=("reader", "token-of-the-job")) as http:
        index = over_http(azure.simple_url, http)
        assert reader.resolve(index, *WORDS)["top"] == "0.9"
        early = next(wheel for name, wheel in great.wheels.items() if name.startswith("upper_2"))

        azure.store(early.name, early.read_bytes())

        with pytest.raises(
            BrokenSet, match=r"upper-2 1\.0 needs (plain-[23]|ring-a)>=1, and there is nothing"
        ):
            reader.resolve(index, *WORDS)
        assert reader.resolve(index, "nobody-has-it") == {}


def test_a_reader_who_resolves_all_the_time_never_gets_a_broken_set(
    great: Great, azure: AzureArtifacts, step: Step
) -> None:
    azure.fault("upload", Waits(0.2))
    readers = readers_of(great)
    with (
        httpx.Client(auth=("reader", "token-of-the-job")) as http,
        Watch(readers, lambda: over_http(azure.simple_url, http), azure) as watch,
        Watch(readers, lambda: snapshot_of(azure), azure, pause_seconds=0.01) as quick,
    ):
        run = step.feedgate.json(*add_command(TARGETS)[:-1])

    assert (watch.broken, quick.broken) == ([], [])
    assert "0.9" in {closure["top"] for closure in watch.seen}
    assert len(watch.counts & quick.counts) >= 3, "they saw it grow"
    assert run["state"] == "published"
    assert all(target["proved"] for target in run["targets"])
    assert (run["published"], run["already_present"]) == (40, 0)
    assert azure.files() == great.closure.digests
    for reader in readers:
        found = reader.resolve(snapshot_of(azure), *WORDS)
        assert set(found.values()) == {"1.0"}
        assert {"bonus", "ring-c", "top", "side"} <= found.keys()


@dataclass
class Killing:
    """The same command, given again each time that it is killed, and its server and worker killed too.

    ``while_sending`` counts the kills that came when some files were there and others were not.
    """

    feedgate: CommandLine
    azure: AzureArtifacts
    dice: random.Random
    killed: list[str] = field(default_factory=list)
    while_sending: int = 0

    def until_it_ends(self) -> dict[str, Any]:
        """Kill at random instants until the command comes to its end by itself; return what it says."""
        command = self._give()
        while True:
            ended = self._wait(command)
            if ended is None:
                # A supervisor starts its worker again after a pause that doubles: so no two of them in a row.
                victims = VICTIMS if self.killed[-1:] == ["worker"] else (*VICTIMS, *["worker"] * 4)
                command = self._kill(command, self.dice.choice(victims))
                continue
            found: dict[str, Any] = json.loads(ended)
            return found

    def _give(self) -> "subprocess.Popen[str]":
        return self.feedgate.start(*add_command(EXACT))

    def _wait(self, command: "subprocess.Popen[str]") -> str | None:
        """Wait for a random while, mostly from the next upload on; return what the command said if it ended."""
        if len(self.killed) >= KILLS:
            wait_seconds = PATIENCE_SECONDS
        elif self.dice.random() < 0.3:
            wait_seconds = self.dice.uniform(0, 2)
        else:
            uploads = len(posted(self.azure.seen))
            wait_until(lambda: command.poll() is not None or len(posted(self.azure.seen)) > uploads)
            wait_seconds = self.dice.uniform(0, 0.4)
        try:
            out, err = command.communicate(timeout=wait_seconds)
        except subprocess.TimeoutExpired:
            assert len(self.killed) < KILLS, f"not within {PATIENCE_SECONDS} s: {self.killed}"
            return None
        if command.returncode:
            pytest.fail(f"{self.killed}: {command.returncode}, {out}, {err}")
        return out

    def _kill(self, command: "subprocess.Popen[str]", victim: str) -> "subprocess.Popen[str]":
        """Kill it, if it is there; return the command that goes on."""
        pid = command.pid if victim == "command" else self._server_or_worker(victim)
        if pid is None:
            return command
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        self.killed.append(victim)
        self.while_sending += OLDER < len(self.azure.files()) < OLDER + FILES
        if victim != "command":
            return command
        command.communicate()
        return self._give()

    def _server_or_worker(self, which: str) -> int | None:
        """Return the process of this data directory's, None where there is none at this instant."""
        address = read_address(self.feedgate.data / "server.json")
        if address is None or str(self.feedgate.data) not in command_of(address.pid):
            return None
        return address.pid if which == "server" else children(address.pid).get("worker")


def end_what_is_left(feedgate: CommandLine) -> list[str]:
    """Have the runs end whose command was killed, and which nobody took up; return why those failed that did.

    A server of another command's has not the credentials that they began with.
    """
    lines = feedgate.done("run", "list", "--json").json_lines
    left = [line["run"] for line in lines if line["state"] in {"queued", "running"}]
    for run in left:
        feedgate("run", "follow", run)
    reports = [feedgate.json("run", "show", run) for run in left]
    return [report["error"]["code"] for report in reports if report.get("error")]


def claimed(feedgate: CommandLine) -> Counter[str]:
    """Count in how many runs' reports each file was sent by that run."""
    runs = [line["run"] for line in feedgate.done("run", "list", "--json").json_lines]
    reports = [feedgate.json("run", "show", run) for run in runs]
    assert not [note for report in reports for note in report["notes"] if "when it broke off" in note]
    return Counter(
        file["filename"] for report in reports for file in report["files"] if file["state"] == "published"
    )


def test_killed_at_thirty_instants_it_comes_to_its_end_and_nothing_is_sent_twice(
    great: Great, azure: AzureArtifacts, step: Step
) -> None:
    seed = int(os.environ.get("SENDING_SEED", random.SystemRandom().randrange(1_000_000)))
    print(f"again with: SENDING_SEED={seed}")  # noqa: T201  # a failed test shows it
    killing = Killing(step.feedgate, azure, random.Random(seed))  # noqa: S311  # it keeps no secret
    readers = readers_of(great)
    rounds = 0
    left: list[str] = []

    while len(killing.killed) < KILLS:
        rounds += 1
        azure.forget()
        azure.fault("upload", Waits(0.3, keeps_lost=False))
        have_older(azure, great)
        with Watch(readers, lambda: snapshot_of(azure), azure, pause_seconds=0.05) as watch:
            last = killing.until_it_ends()

        assert watch.broken == []
        assert azure.files() == great.closure.digests
        assert [one.what for one in posted(azure.seen) if one.status not in {200, None}] == []
        assert (last["state"], last["conflicts"], last["spent"]) == ("published", [], [])
        assert all(target["proved"] for target in last["targets"])
        assert {file["filename"]: file["sha256"] for file in last["files"]} == {
            name: great.closure.digests[name] for name in great.wheels
        }
        left += end_what_is_left(step.feedgate)
        assert claimed(step.feedgate) == Counter(dict.fromkeys(great.wheels, rounds)), (
            "each file is one run's"
        )
    assert set(left) <= {"destination-credentials-gone"}
    said = (
        f"{killing.while_sending} of {KILLS} while it was sent, {len(left)} never went on: {killing.killed}"
    )
    print(f"{rounds} rounds, {said}")  # noqa: T201  # the same
    assert killing.while_sending >= KILLS // 3
