"""Roles on a feed over the API."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from feedgate.access.grants import grant, list_grants, remove_grant
from feedgate.access.permissions import Permission
from feedgate.access.require import require_actor
from feedgate.api.bodies import GrantBody, GrantedBody
from feedgate.machine import addresses
from feedgate.records.database import Database
from feedgate.web.answers import answer_body, answer_lines
from feedgate.web.authentication import caller_of
from feedgate.web.bodies import read_body
from feedgate.web.operation import Operation
from feedgate.web.parameters import feed_path


@dataclass(frozen=True, slots=True)
class Grants:
    """The operations on roles."""

    records: Database
    clock: Callable[[], datetime]

    def operations(self) -> tuple[Operation, ...]:
        """Return the table of them."""
        manage = Permission.FEED_MANAGE
        return (
            Operation(
                "list-grants",
                "GET",
                addresses.API_GRANTS,
                self.list_all,
                needs=manage,
                answers=GrantedBody,
                lines=True,
            ),
            Operation(
                "grant",
                "PUT",
                addresses.API_GRANT,
                self.give,
                needs=manage,
                takes=GrantBody,
                answers=GrantedBody,
            ),
            Operation(
                "remove-grant",
                "DELETE",
                addresses.API_GRANT,
                self.take,
                needs=manage,
                answers=GrantedBody,
            ),
        )

    async def list_all(self, request: Request) -> Response:
        """List who has which role on a feed."""
        path = feed_path(request)
        roles = await run_in_threadpool(list_grants, self.records, caller_of(request), path)
        return answer_lines(
            GrantedBody(feed=str(path), actor=actor, role=role) for actor, role in roles.items()
        )

    async def give(self, request: Request) -> Response:
        """Give an actor a role on a feed, in place of the one it had."""
        caller = caller_of(request)
        require_actor(caller)
        path, actor = feed_path(request), request.path_params["actor"]
        asked = await read_body(request, GrantBody)
        await run_in_threadpool(grant, self.records, caller, path, actor, asked.role, now=self.clock())
        return answer_body(GrantedBody(feed=str(path), actor=actor, role=asked.role))

    async def take(self, request: Request) -> Response:
        """Take an actor's role on a feed."""
        path, actor = feed_path(request), request.path_params["actor"]
        await run_in_threadpool(remove_grant, self.records, caller_of(request), path, actor, now=self.clock())
        return answer_body(GrantedBody(feed=str(path), actor=actor, role=None))
