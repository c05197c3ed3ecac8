"""The HTTP API as methods: what the commands call, and nothing else of theirs reaches a server.

Every answer comes parsed and as the text that came, so that ``--json`` prints it unchanged.
"""

import hashlib
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

from pydantic import ValidationError

from feedgate.api.advisory_bodies import (
    AdvisoryLoadBody,
    AdvisorySourceBody,
    AdvisoryUpdate,
    MatchedReleaseBody,
    MatchQuestion,
)
from feedgate.api.bodies import (
    Body,
    EntryBody,
    FeedBody,
    FeedChange,
    FeedCreation,
    GrantBody,
    GrantedBody,
    NewTokenBody,
    ProjectBody,
    ProjectChange,
    ProjectListing,
    TargetBody,
    TokenBody,
    TokenCreation,
    UploadBody,
    VerificationBody,
    YankBody,
    YankedBody,
)
from feedgate.api.connection import (
    LONG_READ_SECONDS,
    READ_SECONDS,
    Connection,
    Sending,
    Server,
    ServerUnreachable,
)
from feedgate.api.destination_bodies import DestinationBody, DestinationSetting, SendCreation
from feedgate.api.exposure_bodies import ExposureBody
from feedgate.api.hold_bodies import HoldAnswer, HoldBody
from feedgate.api.import_bodies import ImportCreation, ImportedFileBody
from feedgate.api.passport_bodies import PassportBody
from feedgate.api.problem import RemoteProblem, from_problem
from feedgate.api.report_bodies import RunReportBody
from feedgate.api.run_bodies import EventBody, RunBody, RunCreation, RunEndBody, RunLine
from feedgate.machine import addresses
from feedgate.model.access import Role
from feedgate.model.feed import UpstreamRule
from feedgate.model.names import FeedPath
from feedgate.model.run import RunState

_SILENCE_SECONDS: Final = 20.0
"""A followed run's server says something every five seconds; one silent for longer is taken for dead."""

_PATIENCE_SECONDS: Final = 60.0
_LONGEST_PAUSE_SECONDS: Final = 5.0
_AWAY: Final = frozenset({502, 503, 504})

BodyT = TypeVar("BodyT", bound=Body)
ReplyT = TypeVar("ReplyT")


@dataclass(frozen=True, slots=True)
class Reply(Generic[ReplyT]):
    """An answer: what it says, and its text as it came."""

    body: ReplyT
    text: str


class Client:
    """The operations of one server; each raises RemoteProblem for its errors, ServerUnreachable where none answers.

    ``find_again`` is asked for the server when it is gone; without it, only who
    follows a run waits for its return.
    """

    def __init__(self, server: Server, *, find_again: Callable[[], Server] | None = None) -> None:
        self._connection = Connection(server, find_again=find_again)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._connection.close()

    @property
    def server(self) -> Server:
        """The server that is asked now."""
        return self._connection.server

    def list_feeds(self) -> Reply[tuple[FeedBody, ...]]:
        """Return the feeds that the caller may know of."""
        return self._lines(FeedBody, addresses.API_FEEDS)

    def create_feed(self, creation: FeedCreation) -> Reply[FeedBody]:
        """Make a feed."""
        return self._one(FeedBody, "POST", addresses.API_FEEDS, creation)

    def show_feed(self, feed: FeedPath) -> Reply[FeedBody]:
        """Return a feed."""
        return self._one(FeedBody, "GET", _of(feed, addresses.API_FEED))

    def set_feed(self, feed: FeedPath, change: FeedChange) -> Reply[FeedBody]:
        """Change what ``change`` sets of a feed."""
        return self._one(FeedBody, "PATCH", _of(feed, addresses.API_FEED), change)

    def add_target(self, feed: FeedPath, target: str) -> Reply[FeedBody]:
        """Add a target to a feed."""
        return self._one(FeedBody, "POST", _of(feed, addresses.API_TARGETS), TargetBody(target=target))

    def remove_target(self, feed: FeedPath, target: str) -> Reply[FeedBody]:
        """Remove a target from a feed."""
        return self._one(FeedBody, "DELETE", _of(feed, addresses.API_TARGET, target=target))

    def list_grants(self, feed: FeedPath) -> Reply[tuple[GrantedBody, ...]]:
        """Return who has which role on a feed."""
        return self._lines(GrantedBody, _of(feed, addresses.API_GRANTS))

    def grant(self, feed: FeedPath, actor: str, role: Role) -> Reply[GrantedBody]:
        """Give an actor a role on a feed."""
        path = _of(feed, addresses.API_GRANT, actor=actor)
        return self._one(GrantedBody, "PUT", path, GrantBody(role=role))

    def remove_grant(self, feed: FeedPath, actor: str) -> Reply[GrantedBody]:
        """Take an actor's role on a feed."""
        return self._one(GrantedBody, "DELETE", _of(feed, addresses.API_GRANT, actor=actor))

    def list_destinations(self, feed: FeedPath) -> Reply[tuple[DestinationBody, ...]]:
        """Return a feed's standing destinations."""
        return self._lines(DestinationBody, _of(feed, addresses.API_DESTINATIONS))

    def show_destination(self, feed: FeedPath, name: str) -> Reply[DestinationBody]:
        """Return one of a feed's standing destinations."""
        return self._one(DestinationBody, "GET", _of(feed, addresses.API_DESTINATION, destination=name))

    def add_destination(
        self, feed: FeedPath, name: str, setting: DestinationSetting
    ) -> Reply[DestinationBody]:
        """Give a feed a standing destination, in place of the one of that name."""
        path = _of(feed, addresses.API_DESTINATION, destination=name)
        return self._one(DestinationBody, "PUT", path, setting)

    def remove_destination(self, feed: FeedPath, name: str) -> Reply[DestinationBody]:
        """Take a standing destination from a feed."""
        return self._one(DestinationBody, "DELETE", _of(feed, addresses.API_DESTINATION, destination=name))

    def list_holds(self, feed: FeedPath, *, answered: bool = False) -> Reply[tuple[HoldBody, ...]]:
        """Return what policy holds of a feed's requests; with ``answered`` also what does not wait any more."""
        return self._lines(HoldBody, _of(feed, addresses.API_HOLDS), all="true" if answered else "false")

    def release_hold(self, feed: FeedPath, number: int, reason: str) -> Reply[HoldBody]:
        """Let a held file pass."""
        path = _of(feed, addresses.API_HOLD_RELEASE, hold=str(number))
        return self._one(HoldBody, "POST", path, HoldAnswer(reason=reason))

    def refuse_hold(self, feed: FeedPath, number: int, reason: str) -> Reply[HoldBody]:
        """Say no to a held file for good."""
        path = _of(feed, addresses.API_HOLD_REFUSAL, hold=str(number))
        return self._one(HoldBody, "POST", path, HoldAnswer(reason=reason))

    def confirm_hold(self, feed: FeedPath, number: int) -> Reply[HoldBody]:
        """Confirm another Owner's release."""
        return self._one(HoldBody, "POST", _of(feed, addresses.API_HOLD_CONFIRMATION, hold=str(number)))

    def list_tokens(self) -> Reply[tuple[TokenBody, ...]]:
        """Return the caller's tokens."""
        return self._lines(TokenBody, addresses.API_TOKENS)

    def create_token(self, creation: TokenCreation) -> Reply[NewTokenBody]:
        """Make a token; its secret is in this answer alone."""
        return self._one(NewTokenBody, "POST", addresses.API_TOKENS, creation)

    def revoke_token(self, token_id: str) -> Reply[TokenBody]:
        """Revoke a token."""
        return self._one(TokenBody, "DELETE", addresses.fill(addresses.API_TOKEN, token=token_id))

    def list_projects(self, feed: FeedPath, name: str | None = None) -> Reply[tuple[ProjectListing, ...]]:
        """Return what a feed has: of every project, or of one."""
        path = _of(feed, addresses.API_PROJECTS)
        return self._lines(ProjectListing, path, **({} if name is None else {"name": name}))

    def set_project(self, feed: FeedPath, name: str, upstream: UpstreamRule | None) -> Reply[ProjectBody]:
        """Set whether the upstream may be asked for a name."""
        path = _of(feed, addresses.API_PROJECT, name=name)
        return self._one(ProjectBody, "PATCH", path, ProjectChange(upstream=upstream))

    def yank(self, feed: FeedPath, name: str, version: str, *, reason: str = "") -> Reply[YankedBody]:
        """Yank a release."""
        path = _of(feed, addresses.API_YANK, name=name, version=version)
        return self._one(YankedBody, "PUT", path, YankBody(reason=reason))

    def unyank(self, feed: FeedPath, name: str, version: str) -> Reply[YankedBody]:
        """Take the yank of a release back."""
        return self._one(YankedBody, "DELETE", _of(feed, addresses.API_YANK, name=name, version=version))

    def upload(self, feed: FeedPath, file: Path, *, imported: bool = False) -> Reply[UploadBody]:
        """Send a file as it lies on the disk; its digest goes along, so that nothing changes on the way."""
        return self._upload(addresses.API_UPLOADS, feed, file, imported=imported)

    def _upload(self, route: str, feed: FeedPath, file: Path, *, imported: bool) -> Reply[UploadBody]:
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
            sending = Sending(
                "POST",
                _of(feed, route),
                {"imported": "true"} if imported else {},
                fields={":action": "file_upload", "protocol_version": "1", "sha256_digest": digest},
                file=(file.name, content),
                read_seconds=LONG_READ_SECONDS,
            )
            return _reply(UploadBody, self._connection.ask(sending))

    def import_file(self, feed: FeedPath, file: Path, *, ask_upstream: bool) -> Reply[UploadBody]:
        """Send a file of a folder that moves in, as ``upload`` does."""
        return self._upload(addresses.API_IMPORT_FILES, feed, file, imported=ask_upstream)

    def import_feed(self, feed: FeedPath, creation: ImportCreation, *, key: str) -> Reply[RunBody]:
        """Have an index copied; the same again while that goes on returns its run."""
        return self._one(RunBody, "POST", _of(feed, addresses.API_IMPORTS), creation, key=key)

    def imported_files(self, run: str) -> Iterator[tuple[ImportedFileBody, str]]:
        """Yield what became of each file of an import, parsed and as the line that came."""
        path = addresses.fill(addresses.API_RUN_FILES, run=run)
        for line in self._connection.lines(path, {}, silence_seconds=READ_SECONDS):
            if line:
                yield _parse(ImportedFileBody, line), line

    def create_run(self, feed: FeedPath, creation: RunCreation, *, key: str) -> Reply[RunBody]:
        """Ask for something to be brought in; the same key again returns the same run."""
        path = _of(feed, addresses.API_FEED_RUNS)
        return self._one(RunBody, "POST", path, creation, key=key)

    def list_runs(self, feed: FeedPath | None = None, *, limit: int = 50) -> Reply[tuple[RunLine, ...]]:
        """Return the newest runs: of one feed, or of all that the caller may read."""
        path = addresses.API_RUNS if feed is None else _of(feed, addresses.API_FEED_RUNS)
        return self._lines(RunLine, path, limit=limit)

    def send(self, feed: FeedPath, creation: SendCreation, *, key: str) -> Reply[RunBody]:
        """Ask for what a feed holds to be sent; the same key again returns the first run."""
        return self._one(RunBody, "POST", _of(feed, addresses.API_SENDS), creation, key=key)

    def show_run(self, run: str) -> Reply[RunBody]:
        """Return a run."""
        return self._one(RunBody, "GET", addresses.fill(addresses.API_RUN, run=run))

    def report_run(self, run: str) -> Reply[RunReportBody]:
        """Return what each target of a run installs."""
        return self._one(RunReportBody, "GET", addresses.fill(addresses.API_REPORT, run=run))

    def cancel_run(self, run: str) -> Reply[RunBody]:
        """Ask for a run to be stopped."""
        return self._one(RunBody, "POST", addresses.fill(addresses.API_CANCEL, run=run))

    def retry_run(self, run: str, *, key: str) -> Reply[RunBody]:
        """Post the request of a run that has ended once more."""
        path = addresses.fill(addresses.API_RETRY, run=run)
        return self._one(RunBody, "POST", path, key=key)

    def follow(self, run: str, *, after: int = 0) -> Generator[EventBody, None, RunState]:
        """Yield a run's events behind the number ``after`` as they come; returns its final state.

        A server that goes away is waited for, and asked on behind the last event seen.
        """
        lost_at: float | None = None
        pause = 0.1
        while True:
            lost: ServerUnreachable | RemoteProblem
            try:
                for said in self._events(run, after):
                    lost_at, pause = None, 0.1
                    if isinstance(said, EventBody):
                        after = said.number
                        yield said
                    elif said.state.is_final:
                        return said.state
                lost = ServerUnreachable(self.server.origin, reason="its answer ended early")
            except ServerUnreachable as error:
                lost = error
            except RemoteProblem as problem:
                if problem.status not in _AWAY:
                    raise
                lost = problem
            lost_at = time.monotonic() if lost_at is None else lost_at
            if time.monotonic() - lost_at > _PATIENCE_SECONDS:
                raise lost
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            self._connection.look_again()

    def list_advisories(self) -> Reply[tuple[AdvisorySourceBody, ...]]:
        """Return the sources of advisories, and what is loaded of each."""
        return self._lines(AdvisorySourceBody, addresses.API_ADVISORIES)

    def load_advisories(self, source: str, file: Path, *, force: bool) -> Reply[AdvisoryLoadBody]:
        """Load a source's database from a file; the same again changes nothing."""
        path = addresses.fill(addresses.API_ADVISORY_SOURCE, source=source)
        with file.open("rb") as content:
            sending = Sending(
                "PUT",
                path,
                {"force": "true"} if force else {},
                bare=("application/octet-stream", content),
                read_seconds=LONG_READ_SECONDS,
            )
            return _reply(AdvisoryLoadBody, self._connection.ask(sending))

    def update_advisories(self, source: str, update: AdvisoryUpdate) -> Reply[AdvisoryLoadBody]:
        """Have the server fetch a source's database and load it."""
        path = addresses.fill(addresses.API_ADVISORY_UPDATE, source=source)
        content = update.model_dump_json(exclude_unset=True)
        sending = Sending("POST", path, {}, content=content, read_seconds=LONG_READ_SECONDS)
        return _reply(AdvisoryLoadBody, self._connection.ask(sending))

    def match_advisories(self, question: MatchQuestion) -> Reply[tuple[MatchedReleaseBody, ...]]:
        """Return what the loaded advisories say of releases, one line each."""
        sending = Sending(
            "POST", addresses.API_ADVISORY_MATCHES, {}, content=question.model_dump_json(exclude_unset=True)
        )
        text = self._connection.ask(sending)
        return Reply(tuple(_parse(MatchedReleaseBody, line) for line in text.splitlines() if line), text)

    def show_exposure(self, subject: str, feed: FeedPath | None = None) -> Reply[ExposureBody]:
        """Return who has a release, NAME==VERSION, or what an advisory affects."""
        asked = {"release" if "==" in subject else "advisory": subject}
        if feed is not None:
            asked["feed"] = str(feed)
        return _reply(ExposureBody, self._connection.ask(Sending("GET", addresses.API_EXPOSURE, asked)))

    def show_passports(self, feed: FeedPath, subject: str) -> Reply[tuple[PassportBody, ...]]:
        """Return what is known of each file that ``NAME==VERSION``, a file name or a sha256 means."""
        return self._lines(PassportBody, _of(feed, addresses.API_PASSPORT, subject=subject))

    def feed_sbom(self, feed: FeedPath, serial: int | None = None) -> str:
        """Return what a feed holds, or held at a serial, as CycloneDX."""
        params = {} if serial is None else {"serial": serial}
        path = _of(feed, addresses.API_FEED_SBOM)
        return self._connection.ask(Sending("GET", path, params, read_seconds=LONG_READ_SECONDS))

    def run_sbom(self, run: str) -> str:
        """Return what a run resolved, as CycloneDX."""
        path = addresses.fill(addresses.API_RUN_SBOM, run=run)
        return self._connection.ask(Sending("GET", path, {}, read_seconds=LONG_READ_SECONDS))

    def show_ledger(
        self, feed: FeedPath | None = None, *, after: int = 0, limit: int = 1000
    ) -> Reply[tuple[EntryBody, ...]]:
        """Return at most ``limit`` (up to 1000) entries behind a serial; without feed, the installation's."""
        path = addresses.API_LEDGER if feed is None else _of(feed, addresses.API_FEED_LEDGER)
        return self._lines(EntryBody, path, after=after, limit=limit)

    def verify_ledger(
        self, feed: FeedPath | None = None, *, expect: str | None = None
    ) -> Reply[VerificationBody]:
        """Have a ledger verified; ``expect`` is ``SERIAL:HASH`` as noted elsewhere."""
        path = addresses.API_VERIFICATION if feed is None else _of(feed, addresses.API_FEED_VERIFICATION)
        params = {} if expect is None else {"expect": expect}
        sending = Sending("GET", path, params, read_seconds=LONG_READ_SECONDS)
        return _reply(VerificationBody, self._connection.ask(sending))

    def _one(
        self, model: type[BodyT], method: str, path: str, body: Body | None = None, *, key: str | None = None
    ) -> Reply[BodyT]:
        content = None if body is None else body.model_dump_json(exclude_unset=True)
        return _reply(model, self._connection.ask(Sending(method, path, {}, content=content, key=key)))

    def _lines(self, model: type[BodyT], path: str, **params: str | int) -> Reply[tuple[BodyT, ...]]:
        text = self._connection.ask(Sending("GET", path, params))
        return Reply(tuple(_parse(model, line) for line in text.splitlines() if line), text)

    def _events(self, run: str, after: int) -> Generator[EventBody | RunEndBody, None, None]:
        path = addresses.fill(addresses.API_EVENTS, run=run)
        params: dict[str, str | int] = {"after": after, "follow": "true"}
        for line in self._connection.lines(path, params, silence_seconds=_SILENCE_SECONDS):
            if line:
                is_end = line.startswith('{"state"')
                yield _parse(RunEndBody, line) if is_end else _parse(EventBody, line)


def _of(feed: FeedPath, route: str, **segments: str) -> str:
    return addresses.fill(route, organization=feed.organization, feed=feed.feed, **segments)


def _reply(model: type[BodyT], text: str) -> Reply[BodyT]:
    return Reply(_parse(model, text), text)


def _parse(model: type[BodyT], text: str) -> BodyT:
    """Read what the server said; members that a newer one has more are left out."""
    try:
        return model.model_validate_json(text, extra="ignore")
    except ValidationError:
        raise from_problem(text, 200) from None
