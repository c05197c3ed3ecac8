"""Upstream pages between runs: kept with their validator, so that most are asked for with a 304 as answer.

A file a project, its first line what the answer's head said, the rest the
body as it came. Processes share it without locks, since a file appears whole
or not at all. It may be deleted at any time; what can not be read is as good as absent.
"""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import orjson

from feedgate.model.names import ProjectName

_FORM = 1
"""Stands in each file; another number is not read."""


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page as it came, found at ``url``; at least one of the validators is there."""

    url: str
    content_type: str
    etag: str | None
    last_modified: str | None
    body: bytes

    @property
    def condition(self) -> dict[str, str]:
        """The headers that ask whether this page still stands (RFC 9110, 13.1)."""
        condition = {}
        if self.etag is not None:
            condition["If-None-Match"] = self.etag
        if self.last_modified is not None:
            condition["If-Modified-Since"] = self.last_modified
        return condition


class PageCache:
    """The kept pages of one upstream, in a folder below ``directory`` that its address names."""

    def __init__(self, directory: Path, *, upstream_url: str) -> None:
        self._folder = directory / sha256(upstream_url.encode()).hexdigest()[:16]

    def find(self, name: ProjectName) -> KeptPage | None:
        """Return the kept page, or None."""
        try:
            head, _, body = (self._folder / name).read_bytes().partition(b"\n")
            said = orjson.loads(head)
            if said.pop("form") != _FORM or said.pop("sha256") != sha256(body).hexdigest():
                return None
            return KeptPage(**said, body=body)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def keep(self, name: ProjectName, page: KeptPage) -> None:
        """Keep the page; where there is no room or no right to write, it is just not kept."""
        head = orjson.dumps(
            {
                "form": _FORM,
                "sha256": sha256(page.body).hexdigest(),
                "url": page.url,
                "content_type": page.content_type,
                "etag": page.etag,
                "last_modified": page.last_modified,
            }
        )
        part = self._folder / f"{name}~{os.getpid()}-{secrets.token_hex(4)}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            part.write_bytes(head + b"\n" + page.body)
            part.replace(self._folder / name)
        except OSError:
            with suppress(OSError):
                part.unlink()
