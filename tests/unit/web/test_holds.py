"""Holds: who may have one, what its first line says, and what happens when the last one goes."""

import asyncio
import json
from dataclasses import dataclass, field

from starlette.types import Message, Scope

from feedgate.model.secret import Secret
from feedgate.web.holds import Holds

KEY = Secret("the-key")


@dataclass
class Gone:
    times: int = 0

    def __call__(self) -> None:
        self.times += 1


@dataclass
class Holder:
    """One who asks for a hold, without a socket."""

    holds: Holds
    authorization: str | None = f"Bearer {KEY.reveal()}"
    sent: list[Message] = field(default_factory=list)
    _leaves: asyncio.Event = field(default_factory=asyncio.Event)
    _asked: bool = False
    task: "asyncio.Task[None] | None" = None

    async def come(self) -> None:
        headers = [] if self.authorization is None else [(b"authorization", self.authorization.encode())]
        scope: Scope = {"type": "http", "method": "GET", "path": "/-/hold", "headers": headers}
        self.task = asyncio.ensure_future(self.holds(scope, self._receive, self._send))
        for _ in range(5):
            await asyncio.sleep(0)

    async def leave(self) -> None:
        self._leaves.set()
        assert self.task is not None
        await self.task

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def is_held(self) -> bool:
        return self.task is not None and not self.task.done()

    async def _receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._leaves.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.sent.append(message)


def _holds(gone: Gone) -> Holds:
    return Holds(KEY, {"sign": "s", "pid": 7}, gone)


async def test_the_first_line_proves_the_server_and_the_response_stays_open() -> None:
    holder = Holder(_holds(Gone()))
    await holder.come()

    assert holder.status == 200
    assert holder.sent[1]["body"].endswith(b"\n")
    assert json.loads(holder.sent[1]["body"]) == {"sign": "s", "pid": 7}
    assert holder.sent[1]["more_body"]
    assert holder.is_held
    await holder.leave()


async def test_only_the_key_opens() -> None:
    gone = Gone()
    for authorization in (
        None,
        "",
        "Bearer",
        "Bearer wrong",
        "Basic dGhlLWtleQ==",
        "Bearer the-key2",
        "bearer \xe9",
    ):
        holder = Holder(_holds(gone), authorization)
        await holder.come()
        assert holder.status == 401
        assert not holder.is_held
    assert gone.times == 0


async def test_the_last_to_go_is_told_and_no_other() -> None:
    gone = Gone()
    holds = _holds(gone)
    first, second = Holder(holds), Holder(holds)
    assert not holds.has_had_one
    await first.come()
    await second.come()
    await first.leave()
    assert gone.times == 0
    await second.leave()
    assert gone.times == 1
    assert holds.has_had_one


async def test_closing_ends_those_that_are_open_and_admits_no_other() -> None:
    holds = _holds(Gone())
    held, late = Holder(holds), Holder(holds)
    await held.come()
    holds.close()
    await late.come()

    assert late.status == 503
    assert held.task is not None
    await asyncio.wait_for(held.task, 1)
    assert held.sent[-1] == {"type": "http.response.body", "body": b""}


async def test_a_hold_that_is_torn_off_counts_as_gone() -> None:
    gone = Gone()
    holder = Holder(_holds(gone))
    await holder.come()
    assert holder.task is not None
    holder.task.cancel()
    await asyncio.wait({holder.task})

    assert gone.times == 1
