"""The second host of the stand-in: blobs behind signed addresses, which want no other credential."""

import hashlib
import hmac
import secrets
import time
from pathlib import Path
from urllib.parse import quote, urlencode

from aiohttp import web

from tests.doubles.azure_answers import Said
from tests.doubles.azure_contents import Contents, Held
from tests.doubles.azure_log import Log, Seen
from tests.doubles.azure_manners import Cuts, Faults, Manners
from tests.doubles.azure_wire import answer, cut, meet, pause

_PIECE_BYTES = 256 * 1024


class Storage:
    """Signs addresses, and answers whoever comes with one; a request with credentials as well fails."""

    def __init__(self, contents: Contents, manners: Manners, faults: Faults, log: Log) -> None:
        self.origin = ""
        self._contents = contents
        self._manners = manners
        self._faults = faults
        self._log = log
        self._key = secrets.token_bytes(32)

    def address(self, held: Held) -> str:
        """Return where a file's bytes are, for as long as the signature holds."""
        path = f"/{held.sha256[:2]}/{held.sha256}.blob"
        query = {
            "sv": "2025-01-05",
            "se": f"{time.time() + self._manners.link_seconds:.3f}",
            "sr": "b",
            "sp": "r",
            "rscd": f"attachment; filename={held.filename}",
        }
        return f"{self.origin}{path}?{urlencode(query, quote_via=quote)}&sig={self._sign(path, query)}"

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        seen = Seen("storage", request.method, request.raw_path)
        seen.what = request.query.get("rscd", "").rpartition("filename=")[2]
        seen.has_credentials = "Authorization" in request.headers
        with self._log.request(seen):
            await pause(self._manners.delay_seconds)
            try:
                return await self._answer(request, seen)
            except Said as said:
                return await answer(request, seen, said)

    async def _answer(self, request: web.BaseRequest, seen: Seen) -> web.StreamResponse:
        blob, disposition = self._open(request)
        fault = self._faults.due("storage", seen.what)
        await meet(fault)
        total = blob.stat().st_size
        ranged = _range(request.headers.get("Range", ""), total) if self._manners.takes_ranges else None
        start, stop = ranged or (0, total)
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(stop - start),
            "Content-Disposition": disposition,
            "ETag": f'"0x{blob.name[:16].upper()}"',
        }
        if self._manners.takes_ranges:
            headers["Accept-Ranges"] = "bytes"
        if ranged:
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{total}"
        if isinstance(fault, Cuts):
            return await cut(request, seen, headers, blob.read_bytes()[start:stop], fault)
        response = web.StreamResponse(status=206 if ranged else 200, headers=headers)
        await response.prepare(request)
        seen.status = response.status
        if request.method == "GET":
            with blob.open("rb") as body:
                body.seek(start)
                while seen.sent_bytes < stop - start:
                    piece = body.read(min(_PIECE_BYTES, stop - start - seen.sent_bytes))
                    await response.write(piece)
                    seen.sent_bytes += len(piece)
            seen.is_whole = seen.sent_bytes == total
        await response.write_eof()
        return response

    def _open(self, request: web.BaseRequest) -> tuple[Path, str]:
        """Return the blob and its Content-Disposition; raises Said for whoever may not have it."""
        if "Authorization" in request.headers:
            raise Said(400, "Authentication information is given twice", key="InvalidAuthenticationInfo")
        if request.method not in {"GET", "HEAD"}:
            raise Said(405, "The resource does not support that method")
        query = dict(request.query)
        stated = query.pop("sig", "")
        if not hmac.compare_digest(stated, self._sign(request.path, query)):
            raise Said(403, "The signature is not that of the address", key="AuthenticationFailed")
        if float(query["se"]) < time.time():
            raise Said(403, "The signature is too old", key="AuthenticationFailed")
        blob = self._contents.blob(request.path.rpartition("/")[2].removesuffix(".blob"))
        return blob, query["rscd"]

    def _sign(self, path: str, query: dict[str, str]) -> str:
        signed = "\n".join((path, *(f"{name}={value}" for name, value in sorted(query.items()))))
        return hmac.new(self._key, signed.encode(), hashlib.sha256).hexdigest()


def _range(header: str, total: int) -> tuple[int, int] | None:
    """Return first and past-the-last byte, None for no range or for one that is not ours to read."""
    unit, _, ranges = header.partition("=")
    first, dash, last = ranges.partition("-")
    if unit != "bytes" or not dash or not (first + last).isdigit():
        return None
    start = int(first) if first else max(0, total - int(last))
    stop = min(int(last) + 1, total) if first and last else total
    if start >= stop:
        said = Said(416, "The range is past the end", key="InvalidRange")
        said.headers["Content-Range"] = f"bytes */{total}"
        raise said
    return start, stop
