"""The OpenAPI document (3.1), made from the table of operations and the bodies' models."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Literal, TypeAlias

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import Response

from feedgate.access.permissions import NEEDS, Permission
from feedgate.api.bodies import ProblemBody
from feedgate.api.problem import CONTENT_TYPE
from feedgate.machine import addresses
from feedgate.web.answers import JSON, JSON_LINES
from feedgate.web.operation import UPLOAD_FORM, Operation

_SEGMENT: Final = re.compile(r"\{(\w+)\}")
_ANY_TOKEN: Final[list[dict[str, list[str]]]] = [{"basic": []}, {"bearer": []}]
_ALWAYS: Final = (HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE)

_Mode: TypeAlias = Literal["validation", "serialization"]
_Model: TypeAlias = tuple[type[BaseModel], _Mode]


@dataclass(frozen=True, slots=True)
class OpenApi:
    """The document's operation; ``described`` are all the others."""

    described: Sequence[Operation]
    version: str

    def operations(self) -> tuple[Operation, ...]:
        """Return the table of it."""
        return (Operation("show-openapi", "GET", addresses.API_OPENAPI, self.show, needs=None),)

    async def show(self, _request: Request) -> Response:
        """Describe this API."""
        document = make_document((*self.described, *self.operations()), version=self.version)
        return Response(json.dumps(document), media_type=JSON)


def make_document(operations: Iterable[Operation], *, version: str) -> dict[str, Any]:
    """Return the document that describes those of ``operations`` that are the API's."""
    described = [operation for operation in operations if operation.path.startswith(f"{addresses.API}/")]
    models: dict[_Model, None] = dict.fromkeys([*_models(described), (ProblemBody, "serialization")])
    references, definitions = models_json_schema(list(models), ref_template="#/components/schemas/{model}")
    paths: dict[str, dict[str, Any]] = {}
    for operation in described:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _describe(operation, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Feedgate",
            "version": version,
            "description": "Answers that list things have one JSON object a line (application/x-ndjson).",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": definitions["$defs"],
            "responses": {str(status.value): _problem(status, references) for status in _faulty(described)},
            "securitySchemes": {
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "Any user name, the token as password.",
                },
                "bearer": {"type": "http", "scheme": "bearer", "description": "The token."},
            },
        },
    }


def _models(operations: Iterable[Operation]) -> Iterator[_Model]:
    for operation in operations:
        if isinstance(operation.takes, type):
            yield operation.takes, "validation"
        if isinstance(operation.answers, type):
            yield operation.answers, "serialization"


def _describe(operation: Operation, references: Any) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": _rights(operation.needs),
        "security": _security(operation.needs),
        "parameters": [
            *(_segment(name) for name in _SEGMENT.findall(operation.path)),
            *(
                {
                    "name": parameter.name,
                    "in": parameter.place,
                    "description": parameter.meaning,
                    "schema": parameter.schema(),
                }
                for parameter in operation.parameters
            ),
        ],
        "responses": {
            str(operation.status): _answer(operation, references),
            **{
                str(status.value): {"$ref": f"#/components/responses/{status.value}"}
                for status in sorted(_faults(operation))
            },
        },
    }
    if isinstance(operation.takes, type):
        schema = references[operation.takes, "validation"]
        described["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    elif operation.takes is not None:
        schema = _FORM if operation.takes == UPLOAD_FORM else _BYTES
        described["requestBody"] = {"required": True, "content": {operation.takes: {"schema": schema}}}
    return described


def _rights(needs: Permission | None) -> str:
    if needs is None:
        return "Needs no token."
    need = NEEDS[needs]
    who = f", and the role {need.role.value} on the feed" if need.role else ""
    who = ", of an administrator" if need.administrator else who
    return f"Needs a token of scope {need.scope.value}{who} (permission {needs.value})."


def _security(needs: Permission | None) -> list[dict[str, list[str]]]:
    if needs is None:
        return []
    # What is read of a public feed needs no token.
    return [{}, *_ANY_TOKEN] if needs is Permission.FEED_READ else _ANY_TOKEN


def _segment(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _answer(operation: Operation, references: Any) -> dict[str, Any]:
    summary = HTTPStatus(operation.status).phrase
    if operation.answers is None:
        return {"description": summary, "content": {JSON: {"schema": {"type": "object"}}}}
    if isinstance(operation.answers, str):
        return {"description": summary, "content": {operation.answers: {"schema": {"type": "object"}}}}
    schema = references[operation.answers, "serialization"]
    if not operation.lines:
        return {"description": summary, "content": {JSON: {"schema": schema}}}
    line = schema["$ref"].rpartition("/")[2]
    text = {"type": "string", "description": f"One {line} a line.", "x-line": schema}
    return {"description": summary, "content": {JSON_LINES: {"schema": text}}}


def _problem(status: HTTPStatus, references: Any) -> dict[str, Any]:
    schema = references[ProblemBody, "serialization"]
    return {"description": status.phrase, "content": {CONTENT_TYPE: {"schema": schema}}}


def _faulty(operations: Iterable[Operation]) -> list[HTTPStatus]:
    return sorted({status for operation in operations for status in _faults(operation)})


def _faults(operation: Operation) -> Iterator[HTTPStatus]:
    """Yield the statuses other than success that the operation may answer."""
    yield from _ALWAYS
    if operation.needs is not None:
        yield HTTPStatus.UNAUTHORIZED
        yield HTTPStatus.FORBIDDEN
        yield HTTPStatus.BAD_REQUEST
        yield HTTPStatus.NOT_FOUND
    if operation.conflicts:
        yield HTTPStatus.CONFLICT
    if operation.method != "GET":
        yield HTTPStatus.INSUFFICIENT_STORAGE
    if operation.takes is not None:
        yield HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    if operation.takes == UPLOAD_FORM or operation.fetches:
        yield HTTPStatus.BAD_GATEWAY


_BYTES: Final = {"type": "string", "format": "binary"}

_FORM: Final = {
    "type": "object",
    "description": "The legacy upload form; content is the file, other fields may say what the file says.",
    "required": ["content"],
    "properties": {
        ":action": {"type": "string", "const": "file_upload"},
        "sha256_digest": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "content": {"type": "string", "contentMediaType": "application/octet-stream"},
    },
}
