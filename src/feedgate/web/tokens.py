"""Tokens over the API; a secret is in one answer only, the one that makes it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from feedgate.access.permissions import Permission
from feedgate.access.require import require_actor
from feedgate.access.tokens import DEFAULT_LIFE, create_token, list_tokens, reach_of, revoke_token
from feedgate.api.bodies import NewTokenBody, TokenBody, TokenCreation
from feedgate.machine import addresses
from feedgate.model.access import Caller
from feedgate.model.names import parse_feed_path
from feedgate.records.database import Database
from feedgate.records.tokens import TokenRow
from feedgate.web.answers import answer_body, answer_lines
from feedgate.web.authentication import caller_of
from feedgate.web.bodies import read_body
from feedgate.web.operation import Operation


@dataclass(frozen=True, slots=True)
class Tokens:
    """The operations on tokens."""

    records: Database
    clock: Callable[[], datetime]

    def operations(self) -> tuple[Operation, ...]:
        """Return the table of them."""
        own = Permission.TOKEN_OWN
        return (
            Operation(
                "list-tokens",
                "GET",
                addresses.API_TOKENS,
                self.list_all,
                needs=own,
                answers=TokenBody,
                lines=True,
            ),
            Operation(
                "create-token",
                "POST",
                addresses.API_TOKENS,
                self.create,
                needs=own,
                takes=TokenCreation,
                answers=NewTokenBody,
                status=201,
            ),
            Operation(
                "revoke-token",
                "DELETE",
                addresses.API_TOKEN,
                self.revoke,
                needs=own,
                answers=TokenBody,
            ),
        )

    async def list_all(self, request: Request) -> Response:
        """List the caller's tokens, an administrator's list has all of them."""
        rows = await run_in_threadpool(list_tokens, self.records, caller_of(request))
        return answer_lines(map(to_body, rows))

    async def create(self, request: Request) -> Response:
        """Make a token that reaches no further than the one that asks."""
        caller, now = caller_of(request), self.clock()
        require_actor(caller)
        asked = await read_body(request, TokenCreation)
        made = await run_in_threadpool(
            create_token,
            self.records,
            caller,
            actor=asked.actor,
            feed_paths=tuple(parse_feed_path(raw) for raw in asked.feeds),
            scope=asked.scope,
            life=_life(asked, caller, now),
            now=now,
        )
        reach = await run_in_threadpool(reach_of, self.records, made.row)
        body = NewTokenBody(
            **to_body(made.row).model_dump(),
            token=made.secret.reveal(),
            opens_nothing=reach.opens_nothing,
            without_role=[str(path) for path in reach.without_role],
        )
        return answer_body(body, 201)

    async def revoke(self, request: Request) -> Response:
        """Revoke a token at once."""
        caller, token_id = caller_of(request), request.path_params["token"]
        row = await run_in_threadpool(revoke_token, self.records, caller, token_id, now=self.clock())
        return answer_body(to_body(row))


def to_body(row: TokenRow) -> TokenBody:
    """Return the token as the API shows it, without its secret."""
    return TokenBody(
        id=row.id,
        actor=row.actor,
        scope=row.scope,
        feeds=None if row.feeds is None else sorted(str(path) for path in row.feeds),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )


def _life(asked: TokenCreation, caller: Caller, now: datetime) -> timedelta | None:
    """Return how long the token is to live: as asked, else the default or what is left of the asking one."""
    if "expires_in_seconds" in asked.model_fields_set:
        seconds = asked.expires_in_seconds
        return None if seconds is None else timedelta(seconds=seconds)
    return DEFAULT_LIFE if caller.expires_at is None else min(DEFAULT_LIFE, caller.expires_at - now)
