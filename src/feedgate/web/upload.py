"""Uploads: the legacy form of twine, uv and Poetry, at its own address and under the API."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from feedgate.access.permissions import Permission
from feedgate.api.bodies import UploadBody
from feedgate.feed.upload import Uploaded, UploadParts, receive_upload
from feedgate.feed.upload_way import UploadWay
from feedgate.machine import addresses
from feedgate.web.answers import answer_body
from feedgate.web.authentication import caller_of
from feedgate.web.operation import UPLOAD_FORM, Operation
from feedgate.web.parameters import Flag, feed_path

IMPORTED: Final = Flag("imported", "Take the file as the upstream's, if the upstream lists its digest.")

_FORM: Final = addresses.FEED + addresses.UPLOAD


@dataclass(frozen=True, slots=True)
class Uploads:
    """The operations that take files; nothing of a form is held in memory.

    ``wake`` is told when a file is to be sent on.
    """

    parts: UploadParts
    clock: Callable[[], datetime]
    wake: Callable[[], None] = lambda: None

    def operations(self) -> tuple[Operation, ...]:
        """Return the table of them."""
        upload = Permission.DISTRIBUTION_UPLOAD
        return (
            Operation("upload-legacy", "POST", _FORM, self.legacy, needs=upload, takes=UPLOAD_FORM),
            Operation(
                "upload-legacy-slash", "POST", f"{_FORM}/", self.legacy, needs=upload, takes=UPLOAD_FORM
            ),
            Operation(
                "upload",
                "POST",
                addresses.API_UPLOADS,
                self.upload,
                needs=upload,
                takes=UPLOAD_FORM,
                answers=UploadBody,
                conflicts=True,
                parameters=(IMPORTED,),
            ),
            Operation(
                "import-file",
                "POST",
                addresses.API_IMPORT_FILES,
                self.move,
                needs=Permission.FEED_IMPORT,
                takes=UPLOAD_FORM,
                answers=UploadBody,
                conflicts=True,
                parameters=(IMPORTED,),
            ),
        )

    async def legacy(self, request: Request) -> Response:
        """Take a file as twine sends it."""
        uploaded = await self._receive(request, UploadWay.UPLOAD)
        became = "published" if uploaded.is_new else "already there, with the same bytes"
        note = "" if uploaded.note is None else f"{uploaded.note}\n"
        return PlainTextResponse(f"{uploaded.filename}: {became}\n{note}")

    async def upload(self, request: Request) -> Response:
        """Take a file in the legacy form, and say what became of it."""
        way = UploadWay.IMPORTED if IMPORTED.read(request) else UploadWay.UPLOAD
        return answer_body(_body(await self._receive(request, way)))

    async def move(self, request: Request) -> Response:
        """Take a file of an index that moves in, and say what became of it."""
        way = UploadWay.MOVED if IMPORTED.read(request) else UploadWay.MOVED_OWN
        return answer_body(_body(await self._receive(request, way)))

    async def _receive(self, request: Request, way: UploadWay) -> Uploaded:
        uploaded = await receive_upload(
            self.parts,
            caller_of(request),
            feed_path(request),
            content_type=request.headers.get("Content-Type", ""),
            chunks=request.stream(),
            way=way,
            clock=self.clock,
        )
        if uploaded.sends:
            self.wake()
        return uploaded


def _body(uploaded: Uploaded) -> UploadBody:
    return UploadBody(
        filename=uploaded.filename,
        sha256=uploaded.digest,
        project=uploaded.project,
        version=uploaded.version,
        state="published" if uploaded.is_new else "already-present",
        origin=uploaded.origin,
        serial=uploaded.serial,
        note=uploaded.note,
        sends=list(uploaded.sends),
    )
