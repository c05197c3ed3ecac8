"""The HTTP API as methods: what the commands call, and nothing else of theirs reaches a server.

Every answer comes parsed and as the text that came, so that ``--json`` prints it unchanged.
"""

import hashlib
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Final

from feedgate.api.bodies import (
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
from feedgate.api.calls import Reply, of, parse, reply_of
from feedgate.api.connection import (
    LONG_READ_SECONDS,
    READ_SECONDS,
    Sending,
    ServerUnreachable,
)
from feedgate.api.destination_bodies import DestinationBody, DestinationSetting, SendCreation
from feedgate.api.gate_calls import GateCalls
from feedgate.api.import_bodies import ImportCreation, ImportedFileBody
from feedgate.api.problem import RemoteProblem
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


class Client(GateCalls):
    """The operations of one server; each raises RemoteProblem for its errors, ServerUnreachable where none answers.

    ``find_again`` is asked for the server when it is gone; without it, only who
    follows a run waits for its return.
    """

    def list_feeds(self) -> Reply[tuple[FeedBody, ...]]:
        """Return the feeds that the caller may know of."""
        return self.lines(FeedBody, addresses.API_FEEDS)

    def create_feed(self, creation: FeedCreation) -> Reply[FeedBody]:
        """Make a feed."""
        return self.one(FeedBody, "POST", addresses.API_FEEDS, creation)

    def show_feed(self, feed: FeedPath) -> Reply[FeedBody]:
        """Return a feed."""
        return self.one(FeedBody, "GET", of(feed, addresses.API_FEED))

    def set_feed(self, feed: FeedPath, change: FeedChange) -> Reply[FeedBody]:
        """Change what ``change`` sets of a feed."""
        return self.one(FeedBody, "PATCH", of(feed, addresses.API_FEED), change)

    def add_target(self, feed: FeedPath, target: str) -> Reply[FeedBody]:
        """Add a target to a feed."""
        return self.one(FeedBody, "POST", of(feed, addresses.API_TARGETS), TargetBody(target=target))

    def remove_target(self, feed: FeedPath, target: str) -> Reply[FeedBody]:
        """Remove a target from a feed."""
        return self.one(FeedBody, "DELETE", of(feed, addresses.API_TARGET, target=target))

    def list_grants(self, feed: FeedPath) -> Reply[tuple[GrantedBody, ...]]:
        """Return who has which role on a feed."""
        return self.lines(GrantedBody, of(feed, addresses.API_GRANTS))

    def grant(self, feed: FeedPath, actor: str, role: Role) -> Reply[GrantedBody]:
        """Give an actor a role on a feed."""
        path = of(feed, addresses.API_GRANT, actor=actor)
        return self.one(GrantedBody, "PUT", path, GrantBody(role=role))

    def remove_grant(self, feed: FeedPath, actor: str) -> Reply[GrantedBody]:
        """Take an actor's role on a feed."""
        return self.one(GrantedBody, "DELETE", of(feed, addresses.API_GRANT, actor=actor))

    def list_destinations(self, feed: FeedPath) -> Reply[tuple[DestinationBody, ...]]:
        """Return a feed's standing destinations."""
        return self.lines(DestinationBody, of(feed, addresses.API_DESTINATIONS))

    def show_destination(self, feed: FeedPath, name: str) -> Reply[DestinationBody]:
        """Return one of a feed's standing destinations."""
        return self.one(DestinationBody, "GET", of(feed, addresses.API_DESTINATION, destination=name))

    def add_destination(
        self, feed: FeedPath, name: str, setting: DestinationSetting
    ) -> Reply[DestinationBody]:
        """Give a feed a standing destination, in place of the one of that name."""
        path = of(feed, addresses.API_DESTINATION, destination=name)
        return self.one(DestinationBody, "PUT", path, setting)

    def remove_destination(self, feed: FeedPath, name: str) -> Reply[DestinationBody]:
        """Take a standing destination from a feed."""
        return self.one(DestinationBody, "DELETE", of(feed, addresses.API_DESTINATION, destination=name))

    def list_tokens(self) -> Reply[tuple[TokenBody, ...]]:
        """Return the caller's tokens."""
        return self.lines(TokenBody, addresses.API_TOKENS)

    def create_token(self, creation: TokenCreation) -> Reply[NewTokenBody]:
        """Make a token; its secret is in this answer alone."""
        return self.one(NewTokenBody, "POST", addresses.API_TOKENS, creation)

    def revoke_token(self, token_id: str) -> Reply[TokenBody]:
        """Revoke a token."""
        return self.one(TokenBody, "DELETE", addresses.fill(addresses.API_TOKEN, token=token_id))

    def list_projects(self, feed: FeedPath, name: str | None = None) -> Reply[tuple[ProjectListing, ...]]:
        """Return what a feed has: of every project, or of one."""
        path = of(feed, addresses.API_PROJECTS)
        return self.lines(ProjectListing, path, **({} if name is None else {"name": name}))

    def set_project(self, feed: FeedPath, name: str, upstream: UpstreamRule | None) -> Reply[ProjectBody]:
        """Set whether the upstream may be asked for a name."""
        path = of(feed, addresses.API_PROJECT, name=name)
        return self.one(ProjectBody, "PATCH", path, ProjectChange(upstream=upstream))

    def yank(self, feed: FeedPath, name: str, version: str, *, reason: str = "") -> Reply[YankedBody]:
        """Yank a release."""
        path = of(feed, addresses.API_YANK, name=name, version=version)
        return self.one(YankedBody, "PUT", path, YankBody(reason=reason))

    def unyank(self, feed: FeedPath, name: str, version: str) -> Reply[YankedBody]:
        """Take the yank of a release back."""
        return self.one(YankedBody, "DELETE", of(feed, addresses.API_YANK, name=name, version=version))

    def upload(self, feed: FeedPath, file: Path, *, imported: bool = False) -> Reply[UploadBody]:
        """Send a file as it lies on the disk; its digest goes along, so that nothing changes on the way."""
        return self._upload(addresses.API_UPLOADS, feed, file, imported=imported)

    def _upload(self, route: str, feed: FeedPath, file: Path, *, imported: bool) -> Reply[UploadBody]:
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
            sending = Sending(
                "POST",
                of(feed, route),
                {"imported": "true"} if imported else {},
                fields={":action": "file_upload", "protocol_version": "1", "sha256_digest": digest},
                file=(file.name, content),
                read_seconds=LONG_READ_SECONDS,
            )
            return reply_of(UploadBody, self.connection.ask(sending))

    def import_file(self, feed: FeedPath, file: Path, *, ask_upstream: bool) -> Reply[UploadBody]:
        """Send a file of a folder that moves in, as ``upload`` does."""
        return self._upload(addresses.API_IMPORT_FILES, feed, file, imported=ask_upstream)

    def import_feed(self, feed: FeedPath, creation: ImportCreation, *, key: str) -> Reply[RunBody]:
        """Have an index copied; the same again while that goes on returns its run."""
        return self.one(RunBody, "POST", of(feed, addresses.API_IMPORTS), creation, key=key)

    def imported_files(self, run: str) -> Iterator[tuple[ImportedFileBody, str]]:
        """Yield what became of each file of an import, parsed and as the line that came."""
        path = addresses.fill(addresses.API_RUN_FILES, run=run)
        for line in self.connection.lines(path, {}, silence_seconds=READ_SECONDS):
            if line:
                yield parse(ImportedFileBody, line), line

    def create_run(self, feed: FeedPath, creation: RunCreation, *, key: str) -> Reply[RunBody]:
        """Ask for something to be brought in; the same key again returns the same run."""
        path = of(feed, addresses.API_FEED_RUNS)
        return self.one(RunBody, "POST", path, creation, key=key)

    def list_runs(self, feed: FeedPath | None = None, *, limit: int = 50) -> Reply[tuple[RunLine, ...]]:
        """Return the newest runs: of one feed, or of all that the caller may read."""
        path = addresses.API_RUNS if feed is None else of(feed, addresses.API_FEED_RUNS)
        return self.lines(RunLine, path, limit=limit)

    def send(self, feed: FeedPath, creation: SendCreation, *, key: str) -> Reply[RunBody]:
        """Ask for what a feed holds to be sent; the same key again returns the first run."""
        return self.one(RunBody, "POST", of(feed, addresses.API_SENDS), creation, key=key)

    def show_run(self, run: str) -> Reply[RunBody]:
        """Return a run."""
        return self.one(RunBody, "GET", addresses.fill(addresses.API_RUN, run=run))

    def report_run(self, run: str) -> Reply[RunReportBody]:
        """Return what each target of a run installs."""
        return self.one(RunReportBody, "GET", addresses.fill(addresses.API_REPORT, run=run))

    def cancel_run(self, run: str) -> Reply[RunBody]:
        """Ask for a run to be stopped."""
        return self.one(RunBody, "POST", addresses.fill(addresses.API_CANCEL, run=run))

    def retry_run(self, run: str, *, key: str) -> Reply[RunBody]:
        """Post the request of a run that has ended once more."""
        path = addresses.fill(addresses.API_RETRY, run=run)
        return self.one(RunBody, "POST", path, key=key)

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
            self.connection.look_again()

    def show_ledger(
        self, feed: FeedPath | None = None, *, after: int = 0, limit: int = 1000
    ) -> Reply[tuple[EntryBody, ...]]:
        """Return at most ``limit`` (up to 1000) entries behind a serial; without feed, the installation's."""
        path = addresses.API_LEDGER if feed is None else of(feed, addresses.API_FEED_LEDGER)
        return self.lines(EntryBody, path, after=after, limit=limit)

    def verify_ledger(
        self, feed: FeedPath | None = None, *, expect: str | None = None
    ) -> Reply[VerificationBody]:
        """Have a ledger verified; ``expect`` is ``SERIAL:HASH`` as noted elsewhere."""
        path = addresses.API_VERIFICATION if feed is None else of(feed, addresses.API_FEED_VERIFICATION)
        params = {} if expect is None else {"expect": expect}
        sending = Sending("GET", path, params, read_seconds=LONG_READ_SECONDS)
        return reply_of(VerificationBody, self.connection.ask(sending))

    def _events(self, run: str, after: int) -> Generator[EventBody | RunEndBody, None, None]:
        path = addresses.fill(addresses.API_EVENTS, run=run)
        params: dict[str, str | int] = {"after": after, "follow": "true"}
        for line in self.connection.lines(path, params, silence_seconds=_SILENCE_SECONDS):
            if line:
                is_end = line.startswith('{"state"')
                yield parse(RunEndBody, line) if is_end else parse(EventBody, line)
