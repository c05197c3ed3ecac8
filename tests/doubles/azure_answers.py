"""The stand-in's words: pages, errors with their reason phrase, and what its REST interface says."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import quote

import orjson
from aiohttp import web
from multidict import CIMultiDict
from packaging.version import Version

from tests.doubles.azure_contents import Held, short

_ACTIVITY = "DevOps Activity ID"


class Said(Exception):
    """An error that is to be answered."""

    def __init__(
        self,
        status: int,
        words: str,
        *,
        key: str = "InvalidRequestException",
        body: str | None = None,
    ) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.key = key
        self.headers = CIMultiDict[str]()
        self.body = body

    @property
    def reason(self) -> str:
        """The reason phrase: what the status is called, the words, and an id for Azure's support."""
        return f"{NAMES.get(self.status, 'Error')} - {self.words} ({_ACTIVITY}: {str(uuid.uuid4()).upper()})"

    @property
    def content(self) -> bytes:
        """The body."""
        if self.body is not None:
            return self.body.encode()
        return orjson.dumps(
            {
                "$id": "1",
                "innerException": None,
                "message": self.words,
                "typeName": f"Microsoft.VisualStudio.Services.Packaging.{self.key}, Packaging.Shared",
                "typeKey": self.key,
                "errorCode": 0,
                "eventId": 3000,
            }
        )


NAMES = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Request Entity Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def challenge(origin: str) -> Said:
    """Return the 401 of who did not say who he is."""
    said = Said(401, "no valid credentials came with the request", key="UnauthorizedRequestException")
    said.headers.add("WWW-Authenticate", "Bearer authorization_uri=https://sign-in.example/tenant")
    said.headers.add("WWW-Authenticate", f'Basic realm="{origin}/"')
    return said


def forbidden(username: str, permission: str) -> Said:
    """Return the 403 of a role that is too small."""
    return Said(
        403,
        f"User '{username}' lacks permission to complete this action. You need to have '{permission}'.",
        key="FeedNeedsPermissionsException",
    )


def html(title: str, links: Iterable[str] = ()) -> bytes:
    """Return a page of links."""
    anchors = "\n".join(f"{link}<br/>" for link in links)
    head = f"<!DOCTYPE html>\n<html><head><title>{escape(title)}</title></head><body>"
    return f"{head}<h1>{escape(title)}</h1>\n{anchors}\n</body></html>".encode()


def anchor(held: Held, base: str, *, states_digest: bool) -> str:
    """Return a file's link: no size, no time, no word of metadata."""
    digest = f"#sha256={held.sha256}" if states_digest else ""
    href = f"{base}/pypi/download/{held.project}/{short(held.version)}/{quote(held.filename)}{digest}"
    python = "" if held.requires_python is None else f' data-requires-python="{escape(held.requires_python)}"'
    return f'<a href="{escape(href)}"{python}>{escape(held.filename)}</a>'


def feed_body(name: str, guid: str, *, upstream_sources: bool) -> dict[str, Any]:
    """Return what the REST interface says of the feed."""
    sources = [
        {
            "id": guid_of(guid, "upstream"),
            "name": "PyPI",
            "protocol": "pypi",
            "location": "https://index.example/",
            "displayLocation": "https://index.example/",
            "upstreamSourceType": "public",
            "status": "ok",
        }
    ]
    return {
        "id": guid,
        "name": name,
        "fullyQualifiedName": name,
        "fullyQualifiedId": guid,
        "description": None,
        "upstreamEnabled": upstream_sources,
        "upstreamSources": sources if upstream_sources else [],
        "isReadOnly": False,
        "badgesEnabled": False,
        "hideDeletedPackageVersions": True,
        "capabilities": "defaultCapabilities",
        "viewId": None,
        "viewName": None,
    }


def package_list(files: Iterable[Held], feed_guid: str, *, all_versions: bool) -> list[dict[str, Any]]:
    """Return what the REST interface lists: packages, each with its newest version or with all."""
    projects: dict[str, list[Held]] = {}
    for held in files:
        projects.setdefault(held.project, []).append(held)
    listed = []
    for project, held_files in sorted(projects.items()):
        guid = guid_of(feed_guid, project)
        releases = {short(held.version): held for held in held_files}
        newest_first = sorted(releases.values(), key=lambda held: Version(held.version), reverse=True)
        versions = [_version(held, guid, is_latest=held is newest_first[0]) for held in newest_first]
        listed.append(
            {
                "id": guid,
                "normalizedName": project,
                "name": newest_first[0].name,
                "protocolType": "PyPi",
                "versions": versions if all_versions else versions[:1],
            }
        )
    return listed


def resource_locations() -> list[dict[str, Any]]:
    """Return what a client of the REST interface learns first: where its resources are."""
    places = {
        "c65009a7-474a-4ad1-8b42-7d852107ef8c": ("Feeds", "{project}/_apis/{area}/{resource}/{feedId}"),
        "7a20d846-c929-4acc-9ea2-0d5a7df1b197": (
            "Packages",
            "{project}/_apis/{area}/Feeds/{feedId}/{resource}/{packageId}",
        ),
    }
    return [
        {
            "id": place,
            "area": "Packaging",
            "resourceName": name,
            "routeTemplate": template,
            "resourceVersion": 1,
            "minVersion": "1.0",
            "maxVersion": "7.2",
            "releasedVersion": "7.1",
        }
        for place, (name, template) in places.items()
    ]


def collection(values: list[dict[str, Any]]) -> web.Response:
    return json_answer({"count": len(values), "value": values})


def json_answer(body: Mapping[str, Any]) -> web.Response:
    return web.Response(body=orjson.dumps(body), content_type="application/json", charset="utf-8")


def guid_of(*names: str) -> str:
    """Return the GUID of a thing, the same for the same names."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(names).casefold()))


def _version(held: Held, package_guid: str, *, is_latest: bool) -> dict[str, Any]:
    return {
        "id": guid_of(package_guid, short(held.version)),
        "normalizedVersion": short(held.version),
        "version": held.version,
        "isLatest": is_latest,
        "isListed": True,
        "isDeleted": False,
        "isCachedVersion": not held.is_published,
        "storageId": held.sha256,
        "publishDate": datetime.fromtimestamp(held.stored_at, UTC).isoformat().replace("+00:00", "Z"),
        "views": [{"name": view} for view in ("Local", *held.views)],
    }
