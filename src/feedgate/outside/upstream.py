"""The upstream as an Index: a simple index over HTTP (PEP 503, 691, 658), JSON before HTML."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType

from yarl import URL

from feedgate.formats import simple_html, simple_json
from feedgate.formats.project_names import PROJECT_LIST
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.model.index import (
    WHOLE,
    BadPage,
    Content,
    NoSuchFile,
    NoSuchProject,
    ProjectPage,
    Span,
)
from feedgate.model.names import ProjectName
from feedgate.outside.body import MEBIBYTE
from feedgate.outside.fetcher import DigestMismatch, Fetcher, PageAnswer
from feedgate.outside.page_cache import KeptPage, PageCache
from feedgate.outside.peer import GONE, UPSTREAM, Peer
from feedgate.outside.spans import content_of

METADATA_LIMIT_BYTES = 32 * MEBIBYTE

ACCEPT: Mapping[str, str] = MappingProxyType(
    {"Accept": f"{simple_json.CONTENT_TYPE}, {simple_html.CONTENT_TYPE};q=0.2, text/html;q=0.1"}
)


class Upstream:
    """The simple index at ``url``; pages are kept below ``cache_directory`` if one is given.

    ``peer`` is whom errors speak of; ``headers`` go with each question for a page.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        url: str,
        cache_directory: Path | None = None,
        *,
        peer: Peer = UPSTREAM,
        headers: Mapping[str, str] = ACCEPT,
    ) -> None:
        self._fetcher = fetcher
        self._peer = peer
        self._headers = dict(headers)
        self._url = f"{url.rstrip('/')}/"
        self._cache = None if cache_directory is None else PageCache(cache_directory, upstream_url=self._url)

    async def names(self) -> AsyncIterator[ProjectName]:
        """Yield every project's name, sorted; raises UpstreamUnavailable, BadPage."""
        answer = await self._fetcher.get_page(self._url, name=PROJECT_LIST, headers=self._headers)
        if answer.status != HTTPStatus.OK:
            raise self._peer.refusal(PROJECT_LIST, answer.status)
        try:
            names = _parse_names(answer)
        except BadPage as error:
            raise self._peer.bad_page(error) from error
        for name in names:
            yield name

    async def page(self, name: ProjectName) -> ProjectPage:
        """Return the page; a kept one is asked about before it is believed.

        Raises NoSuchProject, UpstreamUnavailable, BadPage, and the fetcher's own refusals.
        """
        kept = None if self._cache is None else self._cache.find(name)
        answer = await self._fetcher.get_page(
            f"{self._url}{name}/",
            name=name,
            headers=self._headers | (kept.condition if kept else {}),
            on_same_host=self._peer.leads_to is not None,
        )
        if answer.status == HTTPStatus.NOT_MODIFIED and kept is not None:
            return self._parse(kept, name)
        host = _leads_to(answer)
        if host is not None and host not in (self._peer.leads_to or ()):
            raise self._peer.leads_elsewhere(name, host)
        if answer.status in GONE or host is not None:
            raise NoSuchProject(name, index=self._peer.name)
        if answer.status != HTTPStatus.OK:
            raise self._peer.refusal(name, answer.status)
        page = KeptPage(
            url=answer.url,
            content_type=answer.headers.get("content-type", ""),
            etag=answer.headers.get("etag"),
            last_modified=answer.headers.get("last-modified"),
            body=answer.body,
        )
        parsed = self._parse(page, name)
        if self._cache is not None and page.condition:
            self._cache.keep(name, page)
        return parsed

    async def find(self, name: ProjectName, digest: Digest) -> Distribution | None:
        """Return the file of ``name`` that the upstream lists with that digest, or None.

        Raises UpstreamUnavailable, BadPage: no answer is not a no.
        """
        try:
            page = await self.page(name)
        except NoSuchProject:
            return None
        return next((file for file in page.files if file.digest == digest), None)

    async def open(self, file: Distribution, span: Span = WHOLE) -> Content:
        """Open the file's bytes as they come; their digest is not verified here, a download's is."""
        return await self._fetcher.open(
            self._source(file), what=file.filename, span=span, promised_size=file.size_bytes
        )

    async def open_metadata(self, file: Distribution) -> Content:
        """Open the METADATA beside the file (PEP 658); raises NoSuchFile, DigestMismatch."""
        what = f"{file.filename}.metadata"
        if file.metadata_digest is None:
            raise NoSuchFile(what, index=self._peer.name)
        url = URL(self._source(file), encoded=True)
        answer = await self._fetcher.get_page(
            str(url.with_path(f"{url.raw_path}.metadata", encoded=True, keep_query=True)),
            name=what,
            headers={},
            limit_bytes=METADATA_LIMIT_BYTES,
        )
        if answer.status != HTTPStatus.OK:
            raise self._peer.no_file(what, answer.status)
        received = hashlib.sha256(answer.body).hexdigest()
        if file.metadata_digest not in {"", received}:
            raise DigestMismatch(what, promised=file.metadata_digest, received=received, peer=self._peer)
        return content_of(answer.body)

    async def check(self) -> None:
        """Ask the list of projects for its head once; raises UpstreamUnavailable."""
        what = self._peer.address_setting
        status = await self._fetcher.probe(self._url, name=what, headers=self._headers)
        if status != HTTPStatus.OK:
            raise self._peer.refusal(what, status)

    def _source(self, file: Distribution) -> str:
        if file.source is None:
            raise NoSuchFile(file.filename, index=self._peer.name)
        return file.source

    def _parse(self, page: KeptPage, name: ProjectName) -> ProjectPage:
        try:
            return _parse(page, name)
        except BadPage as error:
            raise self._peer.bad_page(error) from error


def _parse(page: KeptPage, name: ProjectName) -> ProjectPage:
    if _is_json(page.content_type, name):
        return simple_json.parse_page(page.body, name=name, base_url=page.url)
    return simple_html.parse_page(page.body, name=name, base_url=page.url, content_type=page.content_type)


def _leads_to(answer: PageAnswer) -> str | None:
    """Return the other host that an answer leads to, which was not followed; None for any other answer."""
    location = answer.headers.get("location")
    if location is None or not HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
        return None
    return URL(answer.url).join(URL(location)).host


def _parse_names(answer: PageAnswer) -> tuple[ProjectName, ...]:
    content_type = answer.headers.get("content-type", "")
    if _is_json(content_type, PROJECT_LIST):
        return simple_json.parse_names(answer.body)
    return simple_html.parse_names(answer.body, content_type=content_type)


def _is_json(content_type: str, what: str) -> bool:
    """Whether it is our JSON, else HTML; anything else is no page of a simple index."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in {simple_json.CONTENT_TYPE, simple_html.CONTENT_TYPE, "text/html"}:
        raise BadPage(what, reason=f"its content type is {kind[:80]!r}")
    return kind == simple_json.CONTENT_TYPE
