"""One operation of the wire: a method on a path, what it needs, takes and answers.

The router, the OpenAPI document and the test that walks all routes read the same table.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from feedgate.access.permissions import Permission
from feedgate.api.bodies import Body
from feedgate.web.parameters import Parameter

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]

UPLOAD_FORM: Final = "multipart/form-data"
BYTES: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Operation:
    """What a method does on a path.

    ``name`` is for ever: client programs are generated from it. ``needs`` is the
    permission that the use case asks for, None where anybody may call. ``answers``
    None = no JSON, or a standard's own document by its media type; with ``lines`` one JSON object a line. ``takes`` is the body's
    model, or a media type. With ``fetches`` strangers are asked before it answers.
    """

    name: str
    method: str
    path: str
    endpoint: Endpoint
    needs: Permission | None
    answers: type[Body] | str | None = None
    status: int = 200
    takes: type[Body] | str | None = None
    lines: bool = False
    conflicts: bool = False
    fetches: bool = False
    parameters: tuple[Parameter, ...] = ()

    @property
    def summary(self) -> str:
        """What it does: the first line that its endpoint says of itself."""
        return (inspect.getdoc(self.endpoint) or self.name).partition("\n")[0]


def to_routes(operations: Iterable[Operation]) -> list[Route]:
    """Return one route a path, so that a 405 names every method that the path takes."""
    by_path: dict[str, dict[str, Endpoint]] = {}
    for operation in operations:
        by_path.setdefault(operation.path, {})[operation.method] = operation.endpoint
    return [
        Route(path, _dispatch(endpoints), methods=sorted(endpoints), name=path)
        for path, endpoints in by_path.items()
    ]


def _dispatch(endpoints: dict[str, Endpoint]) -> Endpoint:
    async def dispatch(request: Request) -> Response:
        if request.method == "HEAD" and "HEAD" not in endpoints:
            whole = await endpoints["GET"](request)
            return bare(whole)
        return await endpoints[request.method](request)

    return dispatch


def bare(whole: Response) -> Response:
    """Return the answer to HEAD: status and headers of ``whole``, and none of its bytes."""
    headers = Response(b"", whole.status_code)
    headers.raw_headers = whole.raw_headers
    return headers
