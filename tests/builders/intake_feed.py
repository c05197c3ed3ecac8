"""A feed of a working server, and the upstream behind it: what a test of whole runs talks to.

intake.offer("demo", "1.0", requires=["part>=2"])
intake.offer("part", "2.1")
run = intake.add("demo")
assert chosen(run) == {"demo": "1.0", "part": "2.1"}
"""

import itertools
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from packaging.utils import parse_wheel_filename

from feedgate.api.bodies import EntryBody, UploadBody
from feedgate.api.client import Client
from feedgate.api.run_bodies import EventBody, RunBody, RunCreation
from feedgate.model.names import FeedPath
from feedgate.model.run import RunKind, RunState
from tests.builders.sdists import make_sdist
from tests.builders.wheels import make_wheel
from tests.builders.working_server import WorkingServer
from tests.doubles.upstream import JSON, Upstream

LINUX = "x86_64-manylinux_2_28"
EXACT = f"3.11.7@{LINUX}"


def target(python: str, platform: str = LINUX) -> str:
    return f"{python}@{platform}"


@dataclass
class Intake:
    """One feed; ``folder`` is where the wheels are written that the upstream offers.

    Wheels hold a word of this test's own, so that no other test's bytes are theirs.
    """

    server: WorkingServer
    upstream: Upstream
    path: FeedPath
    folder: Path
    word: str = field(default_factory=lambda: uuid.uuid4().hex)
    _folders: "itertools.count[int]" = field(default_factory=itertools.count)

    @property
    def client(self) -> Client:
        return self.server.client

    # ------------------------------------------------------------------ files

    def wheel(self, name: str, version: str, **options: Any) -> Path:
        """Write a wheel and return its path; ``options`` are those of ``make_wheel``."""
        files = {f"{name.replace('-', '_')}/word.txt": self.word, **options.pop("files", {})}
        return make_wheel(self.folder / str(next(self._folders)), name, version, files=files, **options)

    def sdist(self, name: str, version: str, **options: Any) -> Path:
        """Write an sdist and return its path."""
        return make_sdist(
            self.folder / str(next(self._folders)), name, version, files={"word.txt": self.word}, **options
        )

    def offer(
        self, name: str, version: str, *, page: Mapping[str, object] | None = None, **options: Any
    ) -> Path:
        """Have the upstream list a wheel; ``page`` replaces keys of its entry there."""
        return self.list_upstream(self.wheel(name, version, **options), page)

    def offer_sdist(
        self, name: str, version: str, *, page: Mapping[str, object] | None = None, **options: Any
    ) -> Path:
        """Have the upstream list an sdist."""
        return self.list_upstream(self.sdist(name, version, **options), page)

    def list_upstream(self, file: Path, page: Mapping[str, object] | None = None) -> Path:
        """Have the upstream list a file as it lies on the disk."""
        self.upstream.add(file.name, file.read_bytes(), **(page or {}))  # type: ignore[arg-type]  # keys of an entry
        return file

    def upload(self, file: Path, *, imported: bool = False) -> UploadBody:
        return self.client.upload(self.path, file, imported=imported).body

    # ------------------------------------------------------------------ runs

    def post(
        self, *requirements: str, client: Client | None = None, key: str | None = None, **asked: Any
    ) -> RunBody:
        """Ask for a run and do not wait; ``asked`` are members of ``RunCreation``."""
        creation = RunCreation(requirements=[*requirements], **asked)
        return (client or self.client).create_run(self.path, creation, key=key or uuid.uuid4().hex).body

    def add(self, *requirements: str, **asked: Any) -> RunBody:
        """Bring something in; returns the run when it has ended."""
        return self.ended(self.post(*requirements, **asked))

    def added(self, *requirements: str, **asked: Any) -> RunBody:
        """Bring something in that must be published."""
        run = self.add(*requirements, **asked)
        assert run.state is RunState.PUBLISHED, (run.state, run.reason, run.targets)
        return run

    def plan(self, *requirements: str, **asked: Any) -> RunBody:
        """Plan; returns the run when it has ended."""
        return self.add(*requirements, kind=RunKind.PLAN, **asked)

    def ended(self, run: RunBody | str) -> RunBody:
        """Wait for a run's end and return it."""
        name = run if isinstance(run, str) else run.run
        for _ in self.client.follow(name):
            pass
        return self.client.show_run(name).body

    def told(self, run: RunBody) -> Sequence[EventBody]:
        """Return the events of a run that has ended."""
        return list(self.client.follow(run.run))

    def follow_until(self, run: RunBody, seen: Callable[[EventBody], bool]) -> EventBody:
        """Return the first event that is ``seen``; a run that ends without one is a failure."""
        following = self.client.follow(run.run)
        try:
            return next(event for event in following if seen(event))
        finally:
            following.close()

    # ------------------------------------------------------------------ the feed

    @property
    def serial(self) -> int:
        return self.client.show_feed(self.path).body.serial

    @property
    def simple_url(self) -> str:
        """The feed's simple index, which needs no credentials: the tests' feeds are public."""
        return self.url_at(None)

    def url_at(self, serial: int | None) -> str:
        view = "" if serial is None else f"@serial%3A{serial}"
        origin = self.client.server.origin
        return f"{origin}/{self.path.organization}/_packaging/{self.path.feed}{view}/pypi/simple/"

    def ledger(self) -> tuple[EntryBody, ...]:
        return self.client.show_ledger(self.path).body

    def acts(self) -> list[str]:
        return [entry.act for entry in self.ledger()]

    def names(self) -> list[str]:
        """Return the names of the projects that the feed shows."""
        return [project["name"] for project in self._get("")["projects"]]

    def files(self, name: str) -> dict[str, Any]:
        """Return the entries of a project's page by file name, as the feed shows them; none without a page."""
        return {entry["filename"]: entry for entry in self._get(f"{name}/").get("files", ())}

    def versions(self, name: str) -> list[str]:
        """Return the versions of which the feed shows wheels."""
        return sorted({str(parse_wheel_filename(filename)[1]) for filename in self.files(name)})

    def download(self, name: str, filename: str) -> bytes:
        base = httpx.URL(f"{self.simple_url}{name}/")
        return httpx.get(base.join(self.files(name)[filename]["url"]), timeout=30).content

    def verify(self) -> None:
        """Have the feed's ledger verified, and every file that it shows."""
        verification = self.client.verify_ledger(self.path).body
        assert verification.holds, verification

    def _get(self, path: str) -> Any:
        answer = httpx.get(f"{self.simple_url}{path}", headers={"Accept": JSON}, timeout=30)
        assert answer.status_code in {200, 404}, answer
        return answer.json() if answer.status_code == 200 else {"projects": [], "files": []}


def chosen(run: RunBody) -> dict[str, str]:
    """Return the versions of a run's closure by project."""
    stems = [parse_wheel_filename(file.filename) for file in run.files]
    return {str(name): str(version) for name, version, _build, _tags in stems}


def states(run: RunBody) -> dict[str, str]:
    """Return what became of each project's file."""
    return {str(parse_wheel_filename(file.filename)[0]): file.state for file in run.files}


def passed_over(run: RunBody) -> list[tuple[str, str, str]]:
    """Return name, version and rule of what was passed over."""
    return [(one.name, one.version, one.rule) for one in run.passed_over]


def reason(run: RunBody) -> str:
    """Return why a run ended as it did; one without a reason is a failure."""
    assert run.reason, run
    return run.reason
