"""Indexes that move in, over the API: asked for once, and read file by file."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from feedgate.access.permissions import Permission
from feedgate.access.require import require_actor
from feedgate.api.import_bodies import ImportCreation, ImportedFileBody
from feedgate.api.run_bodies import RunBody
from feedgate.intake.moving_in.asked import AskedImport, ListedFile
from feedgate.intake.moving_in.request import import_files, post_import
from feedgate.machine import addresses
from feedgate.model.run import RunKind
from feedgate.records.database import Database
from feedgate.web.answers import answer_line_stream
from feedgate.web.authentication import caller_of
from feedgate.web.bodies import read_body
from feedgate.web.import_answers import file_lines
from feedgate.web.operation import Operation
from feedgate.web.parameters import feed_path
from feedgate.web.runs import KEY, Runs


@dataclass(frozen=True, slots=True)
class Imports:
    """The operations on imports; ``wake`` is told when one was asked for, ``runs`` answers for its run."""

    records: Database
    clock: Callable[[], datetime]
    wake: Callable[[], None]
    runs: Runs

    def operations(self) -> tuple[Operation, ...]:
        """Return the table of them."""
        return (
            Operation(
                "import-feed",
                "POST",
                addresses.API_IMPORTS,
                self.create,
                needs=Permission.FEED_IMPORT,
                takes=ImportCreation,
                answers=RunBody,
                status=202,
                conflicts=True,
                parameters=(KEY,),
            ),
            Operation(
                "list-imported-files",
                "GET",
                addresses.API_RUN_FILES,
                self.files,
                needs=Permission.HISTORY_READ,
                answers=ImportedFileBody,
                lines=True,
            ),
        )

    async def create(self, request: Request) -> Response:
        """Copy an index into a feed, or look what that would do; the same again while it goes on is that run."""
        caller, path = caller_of(request), feed_path(request)
        require_actor(caller)
        key = KEY.read(request) or f"unkeyed-{secrets.token_hex(16)}"
        asked = _asked(await read_body(request, ImportCreation))
        run = await run_in_threadpool(
            post_import, self.records, caller, path, asked, key=key, now=self.clock()
        )
        self.wake()
        return await self.runs.answer(run, 202)

    async def files(self, request: Request) -> Response:
        """List what became of each file of an import, by project; of a run of another kind nothing."""
        parts = await run_in_threadpool(
            import_files, self.records, caller_of(request), request.path_params["run"]
        )
        return answer_line_stream(file_lines(parts))


def _asked(creation: ImportCreation) -> AskedImport:
    return AskedImport(
        kind=RunKind.IMPORT_PLAN if creation.dry_run else RunKind.IMPORT,
        source=creation.source,
        listed=tuple(ListedFile(file.filename, file.sha256) for file in creation.files),
        internal=tuple(creation.internal),
        names=tuple(creation.names),
        reason=creation.reason,
    )
