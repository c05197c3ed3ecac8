"""What the stand-in answers to who reads: pages, redirects to a file's bytes, its REST interface."""

import time

from aiohttp import web
from packaging.version import Version

from tests.doubles import azure_answers
from tests.doubles.azure_answers import Said, guid_of
from tests.doubles.azure_asked import Asked, Place
from tests.doubles.azure_contents import Contents, Held
from tests.doubles.azure_manners import Manners
from tests.doubles.azure_storage import Storage


class Reading:
    """Answers every GET; who may ask was judged before."""

    def __init__(self, place: Place, contents: Contents, manners: Manners, storage: Storage) -> None:
        self._place = place
        self._contents = contents
        self._manners = manners
        self._storage = storage

    def answer(self, asked: Asked) -> web.Response:
        """Answer; raises Said for what is not there."""
        kind = asked.seen.kind
        if kind == "root":
            return web.Response(body=azure_answers.html("Simple index"), content_type="text/html")
        if kind == "page":
            return self._page(asked)
        if kind == "download":
            return self._redirect(asked)
        if kind == "rest" and self._manners.supplies_list:
            return self._rest(asked)
        raise Said(404, "The resource was not found.")

    def _page(self, asked: Asked) -> web.Response:
        project = asked.seen.what
        files = [held for held in self._visible(asked.view) if held.project == project]
        if not files:
            raise Said(
                404, f"The package '{project}' is not in feed '{self._place.feed}'.", key="PackageNotFound"
            )
        files.sort(key=lambda held: Version(held.version), reverse=True)
        view = f"@{guid_of(self._place.feed_guid, asked.view)}" if asked.view else ""
        organization = "" if asked.is_legacy_host else f"/{self._place.organization}"
        scope = "" if self._place.project is None else f"/{self._place.project_guid}"
        base = f"{asked.origin}{organization}{scope}/_packaging/{self._place.feed_guid}{view}"
        links = [
            azure_answers.anchor(held, base, states_digest=self._manners.states_digests) for held in files
        ]
        return web.Response(body=azure_answers.html(f"Links for {project}", links), content_type="text/html")

    def _redirect(self, asked: Asked) -> web.Response:
        held = next((one for one in self._visible(asked.view) if one.filename == asked.seen.what), None)
        if held is None or asked.release != held.release:
            raise Said(404, "The package file was not found.", key="PackageNotFound")
        if not held.is_saved:
            if asked.role not in {"collaborator", "contributor"}:
                raise azure_answers.forbidden(asked.identity, "AddUpstreamPackage")
            if "Range" not in asked.headers:
                self._contents.save(held)
        return web.Response(
            status=self._manners.redirect_status, headers={"Location": self._storage.address(held)}
        )

    def _visible(self, view: str) -> list[Held]:
        """Return the files that pages list."""
        shown_at = time.time() - self._manners.page_delay_seconds
        internal = {held.project for held in self._contents if held.is_published}
        return [
            held
            for held in self._contents
            if held.stored_at <= shown_at
            and (view in {"", "local"} or view in held.views)
            and (
                held.is_saved
                or (
                    self._manners.upstream_sources
                    and (self._manners.external_versions or held.project not in internal)
                )
            )
        ]

    def _rest(self, asked: Asked) -> web.Response:
        if asked.method == "OPTIONS":
            return azure_answers.collection(azure_answers.resource_locations())
        if not asked.rest:
            return azure_answers.collection([])
        if asked.rest == "feed":
            sources = self._manners.upstream_sources
            return azure_answers.json_answer(
                azure_answers.feed_body(self._place.feed, self._place.feed_guid, upstream_sources=sources)
            )
        query = asked.query
        if query.get("protocoltype", "pypi").casefold() != "pypi":
            return azure_answers.collection([])
        files = [held for held in self._contents if held.is_saved]
        listed = azure_answers.package_list(
            files,
            self._place.feed_guid,
            all_versions=query.get("includeallversions", "").casefold() == "true",
        )
        skip = int(query.get("$skip", "0"))
        return azure_answers.collection(listed[skip : skip + int(query.get("$top", "1000"))])
