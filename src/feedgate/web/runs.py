"""Runs over the API: posted once a key, shown, followed, cancelled and retried."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from feedgate.access.permissions import Permission
from feedgate.access.require import require_actor
from feedgate.api.bodies import ErrorBody
from feedgate.api.destination_bodies import SendCreation
from feedgate.api.run_bodies import (
    ClosureBody,
    DestinationChoice,
    EventBody,
    FileOutcome,
    InternalBody,
    KeptBody,
    PassedOverBody,
    RequestBody,
    RunBody,
    RunCreation,
    RunEndBody,
    RunLine,
    SendBody,
    StepSeconds,
    TargetOutcome,
)
from feedgate.errors import Forbidden, Missing, Unauthenticated
from feedgate.intake.asked import Asked, AskedFile
from feedgate.intake.asked_destination import AskedDestination
from feedgate.intake.moving_in.request import import_report
from feedgate.intake.report import Report
from feedgate.intake.request import cancel_run, list_runs, post_request, retry_run, run_events, show_run
from feedgate.intake.sending.report import whole_report
from feedgate.intake.sending.request import AskedSend, post_send
from feedgate.machine import addresses
from feedgate.model.access import Caller
from feedgate.model.names import FeedPath
from feedgate.model.resolution import PassedOver
from feedgate.model.run import Run, RunKind
from feedgate.records.database import Database
from feedgate.records.events import Told
from feedgate.web.answers import answer_body, answer_line_stream, answer_lines
from feedgate.web.authentication import again, caller_of
from feedgate.web.bodies import read_body
from feedgate.web.import_answers import with_import
from feedgate.web.operation import Operation
from feedgate.web.parameters import Flag, Text, WholeNumber, feed_path

KEY: Final = Text(
    "Idempotency-Key",
    "Makes a call safe to repeat: the same key of the same actor on the feed answers with the same run.",
    pattern="[!-~]{1,200}",
    expected="1 to 200 printable ASCII characters without spaces",
    place="header",
)
AFTER: Final = WholeNumber("after", "Only events behind this number.", default=0)
FOLLOW: Final = Flag("follow", "Go on with events as they come, until the run has ended.")
LIMIT: Final = WholeNumber("limit", "At most that many runs, the newest.", default=50, least=1, most=1000)

_POLL_SECONDS: Final = 0.1
_HEARTBEAT: Final = b"\n"


@dataclass(frozen=True, slots=True)
class Runs:
    """The operations on runs.

    ``wake`` is told when a run was posted or followed, so that a worker works on
    it; ``is_closing`` says when the server ends, so that followers end with it. One
    who hears nothing for longer than ``heartbeat_seconds`` may take the server for dead.
    """

    records: Database
    clock: Callable[[], datetime]
    wake: Callable[[], None]
    is_closing: Callable[[], bool]
    heartbeat_seconds: float = 5.0

    def operations(self) -> tuple[Operation, ...]:
        """Return the table of them."""
        read, ask = Permission.HISTORY_READ, Permission.FEED_REQUEST
        return (
            Operation(
                "list-runs",
                "GET",
                addresses.API_RUNS,
                self.list_all,
                needs=Permission.TOKEN_OWN,
                answers=RunLine,
                lines=True,
                parameters=(LIMIT,),
            ),
            Operation(
                "list-feed-runs",
                "GET",
                addresses.API_FEED_RUNS,
                self.list_of_feed,
                needs=read,
                answers=RunLine,
                lines=True,
                parameters=(LIMIT,),
            ),
            Operation(
                "create-run",
                "POST",
                addresses.API_FEED_RUNS,
                self.create,
                needs=ask,
                takes=RunCreation,
                answers=RunBody,
                status=202,
                conflicts=True,
                parameters=(KEY,),
            ),
            Operation(
                "send-feed",
                "POST",
                addresses.API_SENDS,
                self.send,
                needs=Permission.FEED_SEND,
                takes=SendCreation,
                answers=RunBody,
                status=202,
                conflicts=True,
                parameters=(KEY,),
            ),
            Operation("show-run", "GET", addresses.API_RUN, self.show, needs=read, answers=RunBody),
            Operation(
                "follow-run",
                "GET",
                addresses.API_EVENTS,
                self.events,
                needs=read,
                answers=EventBody,
                lines=True,
                parameters=(AFTER, FOLLOW),
            ),
            Operation(
                "cancel-run",
                "POST",
                addresses.API_CANCEL,
                self.cancel,
                needs=ask,
                answers=RunBody,
                conflicts=True,
            ),
            Operation(
                "retry-run",
                "POST",
                addresses.API_RETRY,
                self.retry,
                needs=ask,
                answers=RunBody,
                status=202,
                conflicts=True,
                parameters=(KEY,),
            ),
        )

    async def list_all(self, request: Request) -> Response:
        """List the newest runs of the feeds on which the caller has a role."""
        return await self._list(request, None)

    async def list_of_feed(self, request: Request) -> Response:
        """List the newest runs of a feed."""
        return await self._list(request, feed_path(request))

    async def create(self, request: Request) -> Response:
        """Ask for something to be brought into a feed; the run goes on by itself."""
        caller, path, key = caller_of(request), feed_path(request), _key(request)
        require_actor(caller)
        asked = _asked(await read_body(request, RunCreation))
        run = await run_in_threadpool(
            post_request, self.records, caller, path, asked, key=key, now=self.clock()
        )
        self.wake()
        return await self.answer(run, 202)

    async def send(self, request: Request) -> Response:
        """Ask for what a feed holds to be sent to a destination; the run goes on by itself."""
        caller, path, key = caller_of(request), feed_path(request), _key(request)
        require_actor(caller)
        creation = await read_body(request, SendCreation)
        asked = AskedSend(_destination(creation.destination), creation.serial)
        run = await run_in_threadpool(post_send, self.records, caller, path, asked, key=key, now=self.clock())
        self.wake()
        return await self.answer(run, 202)

    async def show(self, request: Request) -> Response:
        """Show a run: how far it is, or what became of it."""
        run = await run_in_threadpool(show_run, self.records, caller_of(request), request.path_params["run"])
        return await self.answer(run, 200)

    async def events(self, request: Request) -> Response:
        """Read a run's events, one a line; the last line is the run's state, empty lines only say that we live."""
        caller, run_id, after = caller_of(request), request.path_params["run"], AFTER.read(request)
        follow = FOLLOW.read(request)
        first = await run_in_threadpool(run_events, self.records, caller, run_id, after=after)
        if follow:
            self.wake()
        return answer_line_stream(self._lines(again(request), caller, first, after=after, follow=follow))

    async def cancel(self, request: Request) -> Response:
        """Ask for a run to be stopped."""
        run = await run_in_threadpool(
            cancel_run, self.records, caller_of(request), request.path_params["run"], now=self.clock()
        )
        self.wake()
        return await self.answer(run, 200)

    async def retry(self, request: Request) -> Response:
        """Post the request of a run that has ended once more."""
        caller, run_id, key = caller_of(request), request.path_params["run"], _key(request)
        run = await run_in_threadpool(retry_run, self.records, caller, run_id, key=key, now=self.clock())
        self.wake()
        return await self.answer(run, 202)

    async def _list(self, request: Request, path: FeedPath | None) -> Response:
        found = await run_in_threadpool(
            list_runs, self.records, caller_of(request), path, limit=LIMIT.read(request)
        )
        return answer_lines(map(_line, found))

    async def answer(self, run: Run, status: int) -> Response:
        """Answer with the run as it stands."""
        return answer_body(await run_in_threadpool(self._whole_body, run), status)

    def _whole_body(self, run: Run) -> RunBody:
        return with_import(self._body(run), import_report(self.records, run))

    def _body(self, run: Run) -> RunBody:
        found = whole_report(self.records, run)
        return RunBody(
            run=run.id,
            kind=run.kind,
            state=run.state,
            feed=str(run.feed),
            destination=run.destination,
            requester=run.requester,
            created_at=run.created_at,
            started_at=run.started_at,
            finished_at=run.finished_at,
            retry_of=run.retry_of,
            request=None if found.request is None else RequestBody.model_validate(asdict(found.request)),
            reason=run.reason,
            error=_error(run),
            serial=found.serial,
            closure=_closure(found),
            published=found.published,
            already_present=found.already_present,
            fetched=found.fetched,
            built=found.built,
            held=found.held,
            refused=found.refused,
            targets=[TargetOutcome.model_validate(asdict(target)) for target in found.targets],
            files=[FileOutcome.model_validate(asdict(file)) for file in found.files],
            conflicts=list(found.conflicts),
            spent=list(found.spent),
            internal=list(found.internal),
            internal_because=[
                InternalBody(name=name, because=because) for name, because in found.internal_because.items()
            ],
            kept=[KeptBody(name=name, version=version) for name, version in found.kept],
            passed_over=[_passed_over(one) for one in found.passed_over],
            sends=[SendBody.model_validate(asdict(one), strict=False) for one in found.sends],
            notes=list(found.notes),
            escapes=list(found.escapes),
            steps=[StepSeconds.model_validate(asdict(step)) for step in found.steps],
            seconds=found.seconds,
        )

    async def _lines(
        self,
        caller_now: Callable[[], Awaitable[Caller]],
        caller: Caller,
        first: tuple[Run, tuple[Told, ...]],
        *,
        after: int,
        follow: bool,
    ) -> AsyncIterator[bytes]:
        """Yield the events until the run, the server or the caller's right to them ends."""
        run, told = first
        spoke_at = recognized_at = time.monotonic()
        while True:
            if told:
                after = told[-1].number
                spoke_at = time.monotonic()
                yield b"".join(map(_event, told))
            elif run.state.is_final or not follow:
                yield RunEndBody(state=run.state).model_dump_json().encode() + b"\n"
                return
            elif self.is_closing():
                return
            else:
                if time.monotonic() - spoke_at >= self.heartbeat_seconds:
                    spoke_at = time.monotonic()
                    yield _HEARTBEAT
                await asyncio.sleep(_POLL_SECONDS)
            if time.monotonic() - recognized_at >= self.heartbeat_seconds:
                recognized_at, caller = time.monotonic(), await caller_now()
            try:
                run, told = await run_in_threadpool(run_events, self.records, caller, run.id, after=after)
            except (Unauthenticated, Forbidden, Missing):
                return


def _key(request: Request) -> str:
    """Return the call's idempotency key; a call without one is one of its own."""
    return KEY.read(request) or f"unkeyed-{secrets.token_hex(16)}"


def _asked(creation: RunCreation) -> Asked:
    return Asked(
        kind=RunKind(creation.kind),
        requirements=tuple(creation.requirements),
        files=tuple(AskedFile(file.name, file.kind, file.text) for file in creation.files),
        targets=tuple(creation.targets),
        allow_prereleases=creation.pre,
        exclude_newer=creation.exclude_newer,
        upgrade=creation.upgrade,
        upgrade_projects=tuple(creation.upgrade_packages),
        reason=creation.reason,
        destination=None if creation.destination is None else _destination(creation.destination),
    )


def _destination(choice: DestinationChoice) -> AskedDestination:
    return AskedDestination(
        name=choice.name,
        upload_url=choice.upload_url,
        read_url=choice.read_url,
        internal=tuple(choice.internal),
        upstream_allow=tuple(choice.upstream_allow),
        accept_existing=tuple(choice.accept_existing),
        limits=tuple(choice.limits),
    )


def _line(run: Run) -> RunLine:
    return RunLine(
        run=run.id,
        kind=run.kind,
        state=run.state,
        feed=str(run.feed),
        destination=run.destination,
        requester=run.requester,
        created_at=run.created_at,
        finished_at=run.finished_at,
        reason=run.reason,
    )


def _event(told: Told) -> bytes:
    body = EventBody(
        number=told.number,
        at=told.at,
        step=told.step,
        target=told.target,
        kind=told.kind,
        facts=dict(told.facts),
    )
    return body.model_dump_json().encode() + b"\n"


def _closure(found: Report) -> ClosureBody | None:
    """Return how much the closure is; None before anything was resolved."""
    if not found.distributions:
        return None
    return ClosureBody(projects=found.projects, distributions=found.distributions, bytes=found.size_bytes)


def _passed_over(one: PassedOver) -> PassedOverBody:
    return PassedOverBody(
        name=one.project, version=one.version, target=one.target, rule=one.rule, reason=one.reason
    )


def _error(run: Run) -> ErrorBody | None:
    """Return what made the run fail, None for one that did not."""
    if run.code is None:
        return None
    reason = run.reason or run.state.value
    message, _, next_step = reason.partition(". Next: ")
    if not next_step or "\n" in reason:  # several targets, each with a next step of its own
        message, next_step = reason, f"Once that is put right: feedgate run retry {run.id}"
    return ErrorBody(code=run.code, message=message, next=next_step)
