"""Bills of materials over the API: a feed's and a run's, as CycloneDX."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import uuid4

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from feedgate.access.permissions import Permission
from feedgate.feed.sbom import SbomParts, feed_sbom
from feedgate.formats.cyclonedx import CONTENT_TYPE, Sbom, write_cyclonedx
from feedgate.intake.sbom import run_sbom
from feedgate.machine import addresses
from feedgate.web.authentication import caller_of
from feedgate.web.operation import Operation
from feedgate.web.parameters import WholeNumber, feed_path

SERIAL: Final = WholeNumber("serial", "The feed as it was at this serial; 0 = as it is.", 0)


@dataclass(frozen=True, slots=True)
class Sboms:
    """The operations on bills of materials."""

    parts: SbomParts
    clock: Callable[[], datetime]
    version: str

    def operations(self) -> tuple[Operation, ...]:
        """Return the table of them."""
        return (
            Operation(
                "show-feed-sbom",
                "GET",
                addresses.API_FEED_SBOM,
                self.of_feed,
                needs=Permission.FEED_READ,
                answers=CONTENT_TYPE,
                parameters=(SERIAL,),
            ),
            Operation(
                "show-run-sbom",
                "GET",
                addresses.API_RUN_SBOM,
                self.of_run,
                needs=Permission.HISTORY_READ,
                answers=CONTENT_TYPE,
            ),
        )

    async def of_feed(self, request: Request) -> Response:
        """List what a feed holds, with licences and known vulnerabilities, as CycloneDX 1.6."""
        serial = SERIAL.read(request) or None
        return await self._answer(await feed_sbom(self.parts, caller_of(request), feed_path(request), serial))

    async def of_run(self, request: Request) -> Response:
        """List what a run resolved, with licences, dependencies and known vulnerabilities, as CycloneDX 1.6."""
        return await self._answer(await run_sbom(self.parts, caller_of(request), request.path_params["run"]))

    async def _answer(self, sbom: Sbom) -> Response:
        now, number = self.clock(), uuid4()
        text = await run_in_threadpool(
            write_cyclonedx, sbom, serial_number=number, now=now, tool_version=self.version
        )
        return Response(text, headers={"Cache-Control": "no-store"}, media_type=CONTENT_TYPE)
