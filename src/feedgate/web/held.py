"""What policy holds, and the answers to it, over the API."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from feedgate.access.permissions import Permission
from feedgate.access.require import require_actor
from feedgate.api.hold_bodies import HoldAnswer, HoldBody
from feedgate.feed.holds import Answered, Holding, confirm_hold, list_holds, refuse_hold, release_hold
from feedgate.machine import addresses
from feedgate.model.hold import Hold, HoldState
from feedgate.model.names import FeedPath
from feedgate.web.answers import answer_body, answer_lines
from feedgate.web.authentication import caller_of
from feedgate.web.bodies import read_body
from feedgate.web.operation import Operation
from feedgate.web.parameters import Flag, feed_path

_ALL = Flag("all", "Answered holds too; without it only those that wait.")
_MOST_DIGITS = 15


@dataclass(frozen=True, slots=True)
class HeldFiles:
    """The operations on holds; ``wake`` is told when a run goes on."""

    holding: Holding
    wake: Callable[[], None]

    def operations(self) -> tuple[Operation, ...]:
        """Return the table of them."""
        read, manage = Permission.HISTORY_READ, Permission.FEED_MANAGE
        return (
            Operation(
                "list-holds",
                "GET",
                addresses.API_HOLDS,
                self.list_all,
                needs=read,
                answers=HoldBody,
                lines=True,
                parameters=(_ALL,),
            ),
            Operation(
                "release-hold",
                "POST",
                addresses.API_HOLD_RELEASE,
                self.release,
                needs=manage,
                takes=HoldAnswer,
                answers=HoldBody,
                conflicts=True,
            ),
            Operation(
                "refuse-hold",
                "POST",
                addresses.API_HOLD_REFUSAL,
                self.refuse,
                needs=manage,
                takes=HoldAnswer,
                answers=HoldBody,
                conflicts=True,
            ),
            Operation(
                "confirm-hold",
                "POST",
                addresses.API_HOLD_CONFIRMATION,
                self.confirm,
                needs=manage,
                answers=HoldBody,
                conflicts=True,
            ),
        )

    async def list_all(self, request: Request) -> Response:
        """List what policy holds of a feed's requests, and what became of it."""
        path = feed_path(request)
        state = None if _ALL.read(request) else HoldState.OPEN
        found = await run_in_threadpool(list_holds, self.holding.records, caller_of(request), path, state)
        return answer_lines(_body(path, hold) for hold in found)

    async def release(self, request: Request) -> Response:
        """Let a held file pass, for exactly what held it; runs that waited for nothing else go on."""
        return await self._answer(request, release_hold)

    async def refuse(self, request: Request) -> Response:
        """Say no to a held file; what waits for it does not go on."""
        return await self._answer(request, refuse_hold)

    async def confirm(self, request: Request) -> Response:
        """Confirm another Owner's release, so that it counts for what that one asked for too."""
        caller, path = caller_of(request), feed_path(request)
        require_actor(caller)
        answered = await run_in_threadpool(confirm_hold, self.holding, caller, path, _number(request))
        return self._answered(path, answered)

    async def _answer(self, request: Request, act: Callable[..., Answered]) -> Response:
        caller, path = caller_of(request), feed_path(request)
        require_actor(caller)
        asked = await read_body(request, HoldAnswer)
        answered = await run_in_threadpool(
            act, self.holding, caller, path, _number(request), reason=asked.reason
        )
        return self._answered(path, answered)

    def _answered(self, path: FeedPath, answered: Answered) -> Response:
        if answered.continued:
            self.wake()
        return answer_body(_body(path, answered.hold, answered.continued))


def _number(request: Request) -> int:
    """Return the number that the path names; 0, which no hold has, for what is none."""
    raw = request.path_params["hold"]
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) <= _MOST_DIGITS else 0


def _body(path: FeedPath, hold: Hold, continued: tuple[str, ...] = ()) -> HoldBody:
    held = hold.held
    return HoldBody(
        feed=str(path),
        number=hold.number,
        state=hold.state,
        project=held.project,
        version=held.version,
        filename=held.filename,
        sha256=held.digest,
        rule=held.rule,
        findings=list(held.findings),
        reason=held.reason,
        until=held.until,
        run=hold.run,
        requester=hold.requester,
        opened_at=hold.opened_at,
        ended_by=hold.ended_by,
        ended_because=hold.ended_because,
        ended_at=hold.ended_at,
        confirmed_by=hold.confirmed_by,
        continued=list(continued),
    )
