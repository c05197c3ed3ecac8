"""Plain calls to the stand-in for Azure, as a test makes them without any client's manners."""

import re
import socket
from collections.abc import Mapping
from html import unescape
from pathlib import Path

import httpx

from tests.builders.forms import CONTENT_TYPE, form_of
from tests.doubles.azure import AzureArtifacts
from tests.doubles.azure_manners import Role

Credentials = tuple[str, str]

PASSWORDS: dict[str, Role] = {
    "may-publish": "contributor",
    "may-save": "collaborator",
    "may-read": "reader",
    "may-nothing": "none",
}
CONTRIBUTOR: Credentials = ("build", "may-publish")
COLLABORATOR: Credentials = ("", "may-save")
READER: Credentials = ("anybody", "may-read")


def send(
    azure: AzureArtifacts,
    file: Path,
    fields: Mapping[str, str] | None = None,
    *,
    auth: Credentials | None = CONTRIBUTOR,
    url: str = "",
) -> httpx.Response:
    """Upload a file in the legacy form; ``fields`` add to what its name says, or replace it."""
    project, version, *_ = file.name.split("-")
    stated = {"name": project, "version": version, "metadata_version": "2.1", **(fields or {})}
    return httpx.post(
        url or azure.upload_url,
        content=form_of(file, stated),
        headers={"Content-Type": CONTENT_TYPE},
        auth=auth,
    )


def get(url: str, auth: Credentials | None = READER, **headers: str) -> httpx.Response:
    """Ask without following a redirect."""
    return httpx.get(url, auth=auth, headers=headers)


def link(azure: AzureArtifacts, project: str = "demo-thing", auth: Credentials | None = READER) -> str:
    """Return the first link of a project's page."""
    found = re.search(r'<a href="([^"]+)"', get(f"{azure.simple_url}{project}/", auth).text)
    assert found is not None
    return unescape(found[1])


def location(azure: AzureArtifacts, auth: Credentials | None = READER) -> str:
    """Return where the first link redirects to."""
    return get(link(azure), auth).headers["Location"]


def raw_answer(azure: AzureArtifacts, wheel: Path) -> bytes:
    """Send an upload and return all that comes back, as it came."""
    form = form_of(wheel, {"name": "demo-thing", "version": "1.0.0"})
    head = (
        f"POST {httpx.URL(azure.upload_url).path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        "Authorization: Basic Om1heS1wdWJsaXNo\r\n"
        f"Content-Type: {CONTENT_TYPE}\r\nContent-Length: {len(form)}\r\n\r\n"
    )
    received = b""
    with socket.create_connection(("127.0.0.1", httpx.URL(azure.origin).port or 0)) as client:
        client.settimeout(10)
        client.sendall(head.encode() + form)
        while piece := client.recv(65536):
            received += piece
    return received
