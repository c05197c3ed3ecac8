"""Who calls: the credential of a call becomes a Caller, before anything else looks at it.

A call without a credential, and one with a wrong credential, go on as nobody: what
is public needs none, and everything else answers 401 by ``access.require``.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from feedgate.access.attempts import Attempts
from feedgate.access.credentials import read_credential
from feedgate.access.tokens import recognize
from feedgate.model import access
from feedgate.model.access import ANONYMOUS, LOCAL_ADMINISTRATOR, Caller
from feedgate.model.download import Client, ClientKind
from feedgate.model.secret import Secret
from feedgate.records.database import Database

_CALLER: Final = "feedgate.caller"
_AGAIN: Final = "feedgate.caller-again"
_LOCAL: Final = Caller(LOCAL_ADMINISTRATOR, access.Scope.MANAGE, is_administrator=True)


@dataclass(frozen=True, slots=True)
class Door:
    """What it takes to know a caller.

    ``local_key`` is the key in the data directory: whoever can read it owns the
    directory. ``used`` is told of each token that was taken; ``pause`` waits.
    """

    records: Database
    local_key: Secret | None
    attempts: Attempts
    clock: Callable[[], datetime]
    used: Callable[[str], None]
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep

    async def admit(self, authorization: str | None, address: str) -> Caller:
        """Return the caller behind an ``Authorization`` header that came from ``address``.

        A wrong credential waits before it goes on as nobody; none at all does not.
        """
        secret = read_credential(authorization)
        if secret is None:
            return ANONYMOUS
        caller = _LOCAL if self._is_local_key(secret) else await self._recognize(secret)
        if caller is None:
            await self.pause(self.attempts.wrong(address))
            return ANONYMOUS
        self.attempts.valid(address)
        return caller

    async def admit_again(self, authorization: str | None) -> Caller:
        """Return who the credential stands for by now, nobody once it was revoked or has expired."""
        secret = read_credential(authorization)
        if secret is None:
            return ANONYMOUS
        caller = _LOCAL if self._is_local_key(secret) else await self._recognize(secret)
        return caller or ANONYMOUS

    def _is_local_key(self, secret: Secret) -> bool:
        if self.local_key is None or not secret.reveal():
            return False
        return hmac.compare_digest(secret.reveal().encode(), self.local_key.reveal().encode())

    async def _recognize(self, secret: Secret) -> Caller | None:
        caller = await run_in_threadpool(recognize, self.records, secret, now=self.clock())
        if caller is not None and caller.token_id is not None:
            self.used(caller.token_id)
        return caller


class Authentication:
    """The layer that puts the caller into each call."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on with its caller."""
        if scope["type"] == "http":
            client = scope.get("client")
            address = client[0] if client else ""
            authorization = Headers(scope=scope).get("Authorization")
            scope[_CALLER] = await self._door.admit(authorization, address)
            scope[_AGAIN] = partial(self._door.admit_again, authorization)
        await self._app(scope, receive, send)


def caller_of(request: Request) -> Caller:
    """Return who sent the request."""
    caller: Caller = request.scope[_CALLER]
    return caller


def client_of(request: Request) -> Client:
    """Return whom downloads are noted for: the token that asked, else the address that the call came from."""
    token_id = caller_of(request).token_id
    if token_id is not None:
        return Client(ClientKind.TOKEN, token_id)
    return Client(ClientKind.ADDRESS, "" if request.client is None else request.client.host)


def again(request: Request) -> Callable[[], Awaitable[Caller]]:
    """Return what says who the request's credential stands for by now, for answers that take long."""
    recognize_again: Callable[[], Awaitable[Caller]] = request.scope[_AGAIN]
    return recognize_again
