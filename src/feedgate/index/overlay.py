"""The feed laid over the upstream: what a run may choose from.

Internal names come from the feed alone, so nobody can slip in a stranger's
release under a name that is ours; nor does the name leak to the upstream.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from packaging.version import Version

from feedgate.index.shared_task import retrieve
from feedgate.model.distribution import Distribution, InvalidFilename
from feedgate.model.index import WHOLE, Content, Index, NoSuchProject, ProjectPage, Span, Status
from feedgate.model.names import ProjectName


class NameRule(Protocol):
    """What the feed knows of a name that no page can tell."""

    def is_internal(self, name: ProjectName) -> bool:
        """Return whether the feed alone answers for ``name``."""
        ...

    def uploaded(self, name: ProjectName) -> frozenset[str]:
        """Return the names of those of the feed's files that came by upload."""
        ...


class Overlay:
    """An Index of feed and upstream that shows one view for as long as it lives.

    Each page is fetched once: whoever asks again, for another target or Python,
    gets the very same page, and the same error where there was one.
    """

    def __init__(self, feed: Index, upstream: Index, knows: NameRule) -> None:
        self._feed = feed
        self._upstream = upstream
        self._knows = knows
        self._pages: dict[ProjectName, asyncio.Task[ProjectPage]] = {}

    async def names(self) -> AsyncIterator[ProjectName]:
        """Yield the names of both, in order, each once; the upstream's internal ones are left out."""
        feed, upstream = self._feed.names(), self._upstream.names()
        ours, theirs = await anext(feed, None), await anext(upstream, None)
        while ours is not None or theirs is not None:
            if theirs is None or (ours is not None and ours <= theirs):
                assert ours is not None  # noqa: S101 - the loop's own condition, for the type checker
                yield ours
                if ours == theirs:
                    theirs = await anext(upstream, None)
                ours = await anext(feed, None)
            else:
                if not self._knows.is_internal(theirs):
                    yield theirs
                theirs = await anext(upstream, None)

    async def page(self, name: ProjectName) -> ProjectPage:
        """Return the page as it was when ``name`` was first asked for.

        Raises NoSuchProject if neither has it, UpstreamUnavailable or BadPage
        if the upstream can not say. Who is cancelled while waiting takes
        nothing away from others who wait for the same page.
        """
        task = self._pages.get(name)
        if task is None:
            task = self._pages[name] = asyncio.ensure_future(self._joined(name))
            task.add_done_callback(retrieve)
        return await asyncio.shield(task)

    async def open(self, file: Distribution, span: Span = WHOLE) -> Content:
        """Open the bytes at whichever of the two lists ``file``."""
        return await self._home_of(file).open(file, span)

    async def open_metadata(self, file: Distribution) -> Content:
        """Open the METADATA at whichever of the two lists ``file``."""
        return await self._home_of(file).open_metadata(file)

    def _home_of(self, file: Distribution) -> Index:
        return self._feed if file.source is None else self._upstream

    async def _joined(self, name: ProjectName) -> ProjectPage:
        if self._knows.is_internal(name):
            return await self._feed.page(name)
        ours, theirs = await asyncio.gather(
            _page_or_none(self._feed, name), _page_or_none(self._upstream, name)
        )
        if theirs is None:
            if ours is None:
                raise NoSuchProject(name, index="neither the feed nor the upstream")
            return ours
        if ours is None:
            return theirs
        return _union(ours, theirs, self._knows.uploaded(name))


async def _page_or_none(index: Index, name: ProjectName) -> ProjectPage | None:
    try:
        return await index.page(name)
    except NoSuchProject:
        return None


def _union(ours: ProjectPage, theirs: ProjectPage, uploaded: frozenset[str]) -> ProjectPage:
    filenames = {file.filename for file in ours.files}
    versions = {file.stem.version for file in ours.files if file.filename in uploaded}
    added = tuple(
        file
        for file in theirs.files
        if file.filename not in filenames and not (versions and _is_of(file, versions))
    )
    status = ours if ours.status is not Status.ACTIVE else theirs
    return ProjectPage(
        name=ours.name,
        files=ours.files + added,
        validator=f"{ours.validator}+{theirs.validator}",
        status=status.status,
        status_reason=status.status_reason,
    )


def _is_of(file: Distribution, versions: set[Version]) -> bool:
    """Return whether ``file`` belongs to one of ``versions``; a name that says nothing might."""
    try:
        return file.stem.version in versions
    except InvalidFilename:
        return True
