"""What machines ask: does the process live, and can it do its work."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from feedgate.errors import FeedgateError
from feedgate.machine import addresses
from feedgate.web.answers import JSON
from feedgate.web.operation import Operation

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """One part's own word on whether it works: ``probe`` raises where it does not."""

    name: str
    probe: Callable[[], Awaitable[None]]


@dataclass(slots=True)
class _Known:
    """What the parts last said, by name, and until when that is taken for true."""

    words: Mapping[str, str] = field(default_factory=dict)
    until: float = float("-inf")
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class Health:
    """The operations for machines; they need no token and tell nothing of what is stored.

    The parts are asked once in ``fresh_seconds``, however many want to know.
    """

    checks: Sequence[Check]
    version: str
    patience_seconds: float = 5.0
    fresh_seconds: float = 2.0
    _known: _Known = field(default_factory=_Known)

    def operations(self) -> tuple[Operation, ...]:
        """Return the table of them."""
        return (
            Operation("live", "GET", addresses.LIVE, self.live, needs=None),
            Operation(
                "ready",
                "GET",
                addresses.READY,
                self.ready,
                needs=None,
            ),
        )

    async def live(self, _request: Request) -> Response:
        """Answer while the process lives."""
        return _answer({"live": True, "version": self.version}, 200)

    async def ready(self, _request: Request) -> Response:
        """Answer 200 if every part works, else 503."""
        known = self._known
        async with known.asking:
            if time.monotonic() >= known.until:
                words = await asyncio.gather(*(_ask(check, self.patience_seconds) for check in self.checks))
                known.words = {check.name: word for check, word in zip(self.checks, words, strict=True)}
                known.until = time.monotonic() + self.fresh_seconds
            parts = dict(known.words)
        is_ready = all(word == "ok" for word in parts.values())
        return _answer({"ready": is_ready, "parts": parts}, 200 if is_ready else 503)


async def _ask(check: Check, patience_seconds: float) -> str:
    """Return ``ok``, or the code of what is wrong; the words are for the log alone."""
    try:
        async with asyncio.timeout(patience_seconds):
            await check.probe()
    except FeedgateError as error:
        _log.warning("%s is not ready: %s", check.name, error)
        return error.code
    except TimeoutError:
        _log.warning("%s did not answer within %s s", check.name, patience_seconds)
        return "no-answer"
    except Exception:  # noqa: BLE001  # whatever it is, the part does not work
        _log.exception("%s is not ready", check.name)
        return "internal-error"
    return "ok"


def _answer(facts: dict[str, object], status: int) -> Response:
    return Response(json.dumps(facts), status, {"Cache-Control": "no-store"}, media_type=JSON)
