"""Every route against every caller: section 7's answers, and an entry for whatever a write changed.

A new operation fails here until it has a case.
"""

import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from feedgate.access.actors import ensure_actor
from feedgate.access.grants import grant
from feedgate.access.permissions import NEEDS, Permission
from feedgate.access.tokens import create_token
from feedgate.feed.destinations import AskedStanding, add_destination
from feedgate.feed.feeds import add_target, set_feed, show_feed
from feedgate.feed.holds import Holding, release_hold
from feedgate.feed.yank import yank
from feedgate.gate.load_advisories import update_advisories
from feedgate.intake.asked import Asked
from feedgate.intake.request import post_request
from feedgate.machine import addresses
from feedgate.model.access import Role, Scope
from feedgate.model.feed import Uploads
from feedgate.model.names import FeedPath, parse_project_name
from feedgate.model.run import RunKind, RunState
from feedgate.model.secret import Secret
from feedgate.model.target import parse_target
from feedgate.records import feeds, runs
from feedgate.web.application import make_operations
from feedgate.web.operation import Operation
from tests.builders.advisories import make_database, make_record
from tests.builders.holds import open_hold
from tests.builders.installation import DESTINATION_HOST, FEED, LOCAL, Installation, open_installation

OTHER = FeedPath("acme", "other")
OF_FEED = {"organization": FEED.organization, "feed": FEED.feed}
OF_PAGE = {**OF_FEED, "name": "demo"}
OF_RELEASE = {**OF_PAGE, "version": "1.0"}
OF_FILE = {**OF_RELEASE, "filename": "demo-1.0-py3-none-any.whl"}

DESTINATION = f"https://{DESTINATION_HOST}/acme/_packaging/feed/pypi/upload"

READS = frozenset({"GET", "HEAD"})
REDIRECTS = frozenset({"simple-names-redirect", "simple-page-redirect"})
TAKES_NO_POST = frozenset({"simple-names-post", "simple-page-post"})
LEAVES_A_RUN = frozenset({"create-run", "cancel-run", "retry-run", "import-feed", "send-feed"})
"""Asking for something changes no feed: the run's row is its record, and what it publishes is the entry."""

ONLY_ASKS = TAKES_NO_POST | {"match-advisories"}
WRITES_NOTHING = ONLY_ASKS | LEAVES_A_RUN


@dataclass(frozen=True)
class Caller:
    """Who calls, and how section 7 sees them; ``role`` is the one on FEED."""

    actor: str
    secret: Secret | None
    role: Role | None = None
    scope: Scope = Scope.READ
    is_administrator: bool = False
    is_known: bool = True
    only: tuple[FeedPath, ...] = ()

    def refusal(self, operation: Operation) -> int | None:
        """Return the status that refuses this caller, None where the operation is to succeed."""
        if operation.needs is None:
            return None
        if not self.is_known:
            return 401
        need = NEEDS[operation.needs]
        if operation.needs in {Permission.TOKEN_OWN, Permission.ADVISORIES_READ}:
            return None
        if need.administrator:
            return None if self.is_administrator and self.scope.includes(need.scope) else 403
        assert need.role is not None
        if self.role is None:
            return 404
        return None if self.role.includes(need.role) and self.scope.includes(need.scope) else 403


@dataclass(frozen=True)
class Call:
    """What a call holds beside its operation; it succeeds for whoever may."""

    segments: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, Any] | None = None
    query: Mapping[str, str] | None = None
    file: Path | None = None
    content: bytes | None = None


@dataclass
class Stage:
    """An installation in which each call finds something new to do, whatever the one before it did."""

    installation: Installation
    make_wheel: Callable[..., Path]
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(2))

    def next(self) -> int:
        return next(self.numbers)

    def target(self, _caller: Caller) -> Call:
        target = f"3.11.{self.next()}@x86_64-manylinux_2_28"
        add_target(
            self.installation.records, LOCAL, FEED, parse_target(target), now=self.installation.clock()
        )
        return Call({**OF_FEED, "target": target})

    def granted(self, _caller: Caller) -> Call:
        actor = f"granted-{self.next()}"
        grant(self.installation.records, LOCAL, FEED, actor, Role.READER, now=self.installation.clock())
        return Call({**OF_FEED, "actor": actor})

    def own_token(self, caller: Caller) -> Call:
        made = create_token(
            self.installation.records,
            LOCAL,
            actor=caller.actor,
            feed_paths=caller.only,
            scope=Scope.READ,
            life=None,
            now=self.installation.clock(),
        )
        return Call({"token": made.row.id})

    def yanked(self, _caller: Caller) -> Call:
        name, reason = parse_project_name("demo"), f"reason {self.next()}"
        yank(
            self.installation.records, LOCAL, FEED, name, "1.0", reason=reason, now=self.installation.clock()
        )
        return Call(OF_RELEASE)

    def held(self, _caller: Caller) -> Call:
        return Call({**OF_FEED, "hold": str(self._hold())}, {"reason": "looked at"})

    def released(self, _caller: Caller) -> Call:
        number = self._hold()
        holding = Holding(self.installation.records, self.installation.clock)
        release_hold(holding, LOCAL, FEED, number, reason="looked at")
        return Call({**OF_FEED, "hold": str(number)})

    def _hold(self) -> int:
        return open_hold(self.installation, f"held-{self.next()}")

    def run(self, _caller: Caller) -> Call:
        asked = Asked(RunKind.ADD, requirements=("demo",))
        key = f"key-{self.next()}"
        run = post_request(
            self.installation.records, LOCAL, FEED, asked, key=key, now=self.installation.clock()
        )
        return Call({"run": run.id})

    def ended_run(self, caller: Caller) -> Call:
        call = self.run(caller)
        with self.installation.records.note() as note:
            (run,) = [
                run for run in runs.newest(note, feeds=None, limit=99) if run.id == call.segments["run"]
            ]
            runs.finish(note, run.id, RunState.FAILED, self.installation.clock())
        return call

    def other_setting(self, _caller: Caller) -> Call:
        now = show_feed(self.installation.records, LOCAL, FEED).feed.uploads
        (other,) = set(Uploads) - {now}
        return Call(OF_FEED, {"uploads": other.value})

    def file(self, _caller: Caller) -> Call:
        return Call(OF_FEED, file=self.make_wheel("brought", f"1.{self.next()}"))

    def destination(self, _caller: Caller) -> Call:
        name, asked = f"standing-{self.next()}", AskedStanding(to=DESTINATION)
        add_destination(
            self.installation.records,
            self.installation.parts.allowed_destinations,
            LOCAL,
            FEED,
            name,
            asked,
            now=self.installation.clock(),
        )
        return Call({**OF_FEED, "destination": name})

    def send(self, caller: Caller) -> Call:
        name = self.destination(caller).segments["destination"]
        return Call(OF_FEED, {"destination": {"name": name}})

    def database(self) -> bytes:
        """Make an advisory database that was never loaded."""
        return make_database(make_record(f"PYSEC-2026-{self.next()}"))

    def published_database(self, _caller: Caller) -> Call:
        self.installation.published.content = self.database()
        return Call({"source": "osv"}, {})

    def written(self) -> int:
        """Return how many entries all ledgers hold."""
        with self.installation.records.read() as view:
            paths = [located.path for located in feeds.all_feeds(view)]
        return sum(len(self.installation.acts(path)) for path in (None, *paths))


CASES: Mapping[str, Callable[[Stage, Caller], Call]] = {
    "simple-names": lambda _stage, _caller: Call(OF_FEED),
    "simple-names-redirect": lambda _stage, _caller: Call(OF_FEED),
    "simple-names-post": lambda _stage, _caller: Call(OF_FEED),
    "simple-page": lambda _stage, _caller: Call(OF_PAGE),
    "simple-page-redirect": lambda _stage, _caller: Call(OF_PAGE),
    "simple-page-post": lambda _stage, _caller: Call(OF_PAGE),
    "download": lambda _stage, _caller: Call(OF_FILE),
    "upload-legacy": Stage.file,
    "upload-legacy-slash": Stage.file,
    "upload": Stage.file,
    "import-file": Stage.file,
    "import-feed": lambda _stage, _caller: Call(OF_FEED, {"source": "https://index.example/simple/"}),
    "list-imported-files": Stage.run,
    "list-feeds": lambda _stage, _caller: Call(),
    "create-feed": lambda stage, _caller: Call(json={"organization": "acme", "feed": f"new-{stage.next()}"}),
    "show-feed": lambda _stage, _caller: Call(OF_FEED),
    "set-feed": Stage.other_setting,
    "add-target": lambda stage, _caller: Call(
        OF_FEED, {"target": f"3.12.{stage.next()}@aarch64-apple-darwin"}
    ),
    "remove-target": Stage.target,
    "list-grants": lambda _stage, _caller: Call(OF_FEED),
    "grant": lambda stage, _caller: Call({**OF_FEED, "actor": f"new-{stage.next()}"}, {"role": "reader"}),
    "remove-grant": Stage.granted,
    "list-destinations": lambda _stage, _caller: Call(OF_FEED),
    "show-destination": Stage.destination,
    "add-destination": lambda stage, _caller: Call(
        {**OF_FEED, "destination": f"new-{stage.next()}"}, {"to": DESTINATION}
    ),
    "remove-destination": Stage.destination,
    "list-holds": lambda _stage, _caller: Call(OF_FEED),
    "release-hold": Stage.held,
    "refuse-hold": Stage.held,
    "confirm-hold": Stage.released,
    "send-feed": Stage.send,
    "list-tokens": lambda _stage, _caller: Call(),
    "create-token": lambda _stage, _caller: Call(json={}),
    "revoke-token": Stage.own_token,
    "list-projects": lambda _stage, _caller: Call(OF_FEED),
    "set-project": lambda stage, _caller: Call(
        {**OF_FEED, "name": f"new-{stage.next()}"}, {"upstream": "deny"}
    ),
    "yank": lambda stage, _caller: Call(OF_RELEASE, {"reason": f"reason {stage.next()}"}),
    "unyank": Stage.yanked,
    "show-exposure": lambda _stage, _caller: Call(query={"release": "demo==1.0", "feed": str(FEED)}),
    "show-passport": lambda _stage, _caller: Call({**OF_FEED, "subject": "demo==1.0"}),
    "show-feed-sbom": lambda _stage, _caller: Call(OF_FEED),
    "show-run-sbom": Stage.run,
    "list-runs": lambda _stage, _caller: Call(),
    "list-feed-runs": lambda _stage, _caller: Call(OF_FEED),
    "create-run": lambda _stage, _caller: Call(OF_FEED, {"requirements": ["demo"]}),
    "show-run": Stage.run,
    "follow-run": Stage.run,
    "report-run": Stage.run,
    "cancel-run": Stage.run,
    "retry-run": Stage.ended_run,
    "show-feed-ledger": lambda _stage, _caller: Call(OF_FEED),
    "verify-feed-ledger": lambda _stage, _caller: Call(OF_FEED),
    "list-advisories": lambda _stage, _caller: Call(),
    "match-advisories": lambda _stage, _caller: Call(json={"releases": [{"name": "demo", "version": "1.0"}]}),
    "load-advisories": lambda stage, _caller: Call({"source": "osv"}, content=stage.database()),
    "update-advisories": Stage.published_database,
    "show-ledger": lambda _stage, _caller: Call(),
    "verify-ledger": lambda _stage, _caller: Call(),
    "live": lambda _stage, _caller: Call(),
    "ready": lambda _stage, _caller: Call(),
    "show-openapi": lambda _stage, _caller: Call(),
}


@pytest.fixture
async def stage(tmp_path: Path, make_wheel: Callable[..., Path]) -> AsyncIterator[Stage]:
    root = tmp_path / "installation"
    root.mkdir()
    async with open_installation(root) as installation:
        installation.make_feed(OTHER)
        await installation.publish(make_wheel("demo", "1.0"))
        loading = installation.parts.advisory_loading
        await update_advisories(loading, LOCAL, "osv", force=False, clock=installation.clock)
        yield Stage(installation, make_wheel)


def callers(installation: Installation) -> list[Caller]:
    """Return nobody, strangers, each role with each scope, and administrators."""
    found = [
        Caller("nobody", None, is_known=False),
        Caller("guesser", Secret("fgt_" + "A" * 43), is_known=False),
        Caller("stranger", installation.token("stranger"), scope=Scope.MANAGE),
        Caller("neighbour", installation.token("neighbour", Role.OWNER, feed=OTHER), scope=Scope.MANAGE),
    ]
    installation.token("narrowed", Role.OWNER)
    narrowed = installation.token("narrowed", Role.OWNER, feed=OTHER, only=(OTHER,))
    found.append(Caller("narrowed", narrowed, scope=Scope.MANAGE, only=(OTHER,)))
    for role, scope in itertools.product(Role, Scope):
        actor = f"{role}-{scope}"
        found.append(Caller(actor, installation.token(actor, role, scope=scope), role, scope))
    for scope in Scope:
        actor = f"administrator-{scope}"
        ensure_actor(installation.records, actor, by="local", now=installation.clock(), is_administrator=True)
        secret = installation.token(actor, scope=scope)
        found.append(Caller(actor, secret, Role.OWNER, scope, is_administrator=True))
    return found


def operations(installation: Installation) -> dict[str, list[Operation]]:
    """Return the table by the name of the case: GET and HEAD of one thing share it."""
    found: dict[str, list[Operation]] = {}
    for operation in make_operations(installation.parts):
        found.setdefault(case_of(operation), []).append(operation)
    return found


def case_of(operation: Operation) -> str:
    """Return the name of the operation's case."""
    return operation.name.removesuffix("-get").removesuffix("-head")


async def send(stage: Stage, operation: Operation, caller: Caller, call: Call) -> httpx.Response:
    path = addresses.fill(operation.path, **call.segments)
    files = None if call.file is None else {"content": (call.file.name, call.file.read_bytes())}
    async with stage.installation.client(caller.secret) as client:
        return await client.request(
            operation.method, path, params=call.query, json=call.json, files=files, content=call.content
        )


def fault(operation: Operation, caller: Caller, answer: httpx.Response, *, written: int) -> str | None:
    """Return what is wrong with an answer, None for the one that section 7 asks for."""
    case = case_of(operation)
    refusal = caller.refusal(operation)
    expected = refusal or (301 if case in REDIRECTS else 405 if case in TAKES_NO_POST else operation.status)
    changes = operation.method not in READS and case not in WRITES_NOTHING and not refusal
    said = f"{operation.method} {operation.name} by {caller.actor}: "
    if answer.status_code != expected:
        return said + f"{answer.status_code}, not {expected}: {answer.text[:200]}"
    if ("WWW-Authenticate" in answer.headers) != (expected == 401):
        return said + "challenged, or not, against its status"
    if bool(written) != changes:
        return said + f"{written} entries were written"
    return None


async def test_every_operation_has_a_case(stage: Stage) -> None:
    assert set(operations(stage.installation)) == set(CASES)


async def test_operations_have_names_of_their_own(stage: Stage) -> None:
    names = [operation.name for operation in make_operations(stage.installation.parts)]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("case", CASES)
async def test_each_caller_gets_section_sevens_answer_and_each_change_is_an_entry(
    stage: Stage, case: str
) -> None:
    faults = []
    for operation in operations(stage.installation)[case]:
        for caller in callers(stage.installation):
            call = CASES[case](stage, caller)
            before = stage.written()
            answer = await send(stage, operation, caller, call)
            faults.append(fault(operation, caller, answer, written=stage.written() - before))

    assert not [found for found in faults if found]


async def test_a_public_feed_opens_its_pages_and_files_and_not_its_history(stage: Stage) -> None:
    set_feed(stage.installation.records, LOCAL, FEED, is_public=True, now=stage.installation.clock())
    stranger = Caller("stranger", stage.installation.token("stranger"), scope=Scope.MANAGE)
    nobody = Caller("nobody", None, is_known=False)
    faults = []
    for case, variants in operations(stage.installation).items():
        for operation, caller in itertools.product(variants, (nobody, stranger)):
            is_read = operation.needs in {Permission.FEED_READ, Permission.HISTORY_READ}
            if is_read and case not in REDIRECTS | TAKES_NO_POST:
                answer = await send(stage, operation, caller, CASES[case](stage, caller))
                refused = caller.refusal(operation)
                expected = 200 if operation.needs is Permission.FEED_READ else refused
                if answer.status_code != expected:
                    faults.append(f"{operation.name} by {caller.actor}: {answer.status_code}, not {expected}")

    assert not faults


async def test_a_write_needs_a_right_to_write(stage: Stage) -> None:
    for case, variants in operations(stage.installation).items():
        for operation in variants:
            if operation.method in READS or case in ONLY_ASKS:
                continue
            assert operation.needs is not None
            # One's own tokens alone are made with any scope, never a wider one.
            is_own = operation.needs is Permission.TOKEN_OWN
            assert is_own or NEEDS[operation.needs].scope.includes(Scope.WRITE)
