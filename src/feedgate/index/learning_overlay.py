"""A destination laid over the upstream, by one who remembers nothing of it: the two pages tell whose a name is.

A name all of whose files the upstream lists too, byte for byte, was imported:
the upstream's page is the union of both. Any other name is internal, and the destination alone
answers for it, so nobody can slip in a stranger's release under it. A file of which the destination's
page says what can not be read counts as one of its own.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from feedgate.index.shared_task import retrieve
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution, InvalidFilename, name_key
from feedgate.model.index import WHOLE, Content, Index, NoSuchProject, ProjectPage, Span
from feedgate.model.name_pattern import matches
from feedgate.model.names import ProjectName

DigestOf: TypeAlias = Callable[[Distribution], Awaitable[Digest]]
"""Fetches a file whose digest no page states, and says what it is."""

_NOT_UPSTREAM: Final = "the upstream lists no such file"
_UNREADABLE: Final = "what its page says of it can not be read"


@dataclass(frozen=True, slots=True)
class Said:
    """What the request says of names: patterns of internal ones, and names for which the upstream is allowed."""

    internal: tuple[str, ...] = ()
    upstream_allowed: frozenset[ProjectName] = frozenset()

    def pattern_of(self, name: ProjectName) -> str | None:
        """Return the pattern that makes the name internal, None where none does."""
        if name in self.upstream_allowed:
            return None
        return next((pattern for pattern in self.internal if matches(pattern, name)), None)


def _none_is(_name: ProjectName) -> bool:
    return False


class LearningOverlay:
    """An Index of destination and upstream that shows one view for as long as it lives.

    ``internal`` says why each name met so far is the destination's own; ``listed``
    is the destination's page of each, None where it has none. A name that a
    pattern makes internal is never asked upstream, nor is one that is ``internal_in_feed``, whatever the
    request says; of any other the upstream's page is read.
    """

    def __init__(
        self,
        destination: Index,
        upstream: Index,
        said: Said,
        digest_of: DigestOf,
        internal_in_feed: Callable[[ProjectName], bool] = _none_is,
    ) -> None:
        self._destination = destination
        self._upstream = upstream
        self._said = said
        self._digest_of = digest_of
        self._internal_in_feed = internal_in_feed
        self._pages: dict[ProjectName, asyncio.Task[ProjectPage]] = {}
        self._sources: set[str] = set()
        self.internal: dict[ProjectName, str] = {}
        self.listed: dict[ProjectName, ProjectPage | None] = {}

    def is_internal(self, name: ProjectName) -> bool:
        """Return whether the destination alone answers for ``name``; its page must have been asked for."""
        return name in self.internal

    def is_at_destination(self, file: Distribution) -> bool:
        """Return whether ``file``, from one of these pages, is to be read at the destination."""
        return file.source in self._sources

    def lists(self, name: ProjectName, file: Distribution) -> bool:
        """Return whether the destination lists these bytes under that file's name."""
        page = self.listed.get(name)
        return page is not None and any(
            there.filename == file.filename and there.digest in {None, file.digest} for there in page.files
        )

    async def stranger(
        self, name: ProjectName, now: ProjectPage | None, chosen: Collection[str]
    ) -> str | None:
        """Return why files of ``name`` that were chosen earlier may not go to the destination; None = they may.

        ``now`` is its page by now: what it said when the name was first asked for may have been
        wrong, or somebody published meanwhile. Raises what ``page`` raises.
        """
        shown = await self.page(name)
        if name in self.internal:
            listed = {name_key(file.filename) for file in (now.files if now is not None else ())}
            other = next((filename for filename in chosen if name_key(filename) not in listed), None)
            return None if other is None else f"{other} is not among the destination's own files of that name"
        if now is None or name in self._said.upstream_allowed:
            return None
        if now.unreadable:
            return f"{now.unreadable[0]} is there now, and {_UNREADABLE}"
        others = await self._not_upstream(now, shown)
        return f"{others[0].filename} is there now, and {_NOT_UPSTREAM}" if others else None

    def versions(self) -> frozenset[tuple[ProjectName, str]]:
        """Return the versions that the destination has of the names met so far, less yanked ones."""
        found = set()
        for name, page in self.listed.items():
            for file in () if page is None else page.files:
                if file.yanked is None:
                    try:
                        found.add((name, str(file.stem.version)))
                    except InvalidFilename:
                        continue
        return frozenset(found)

    async def names(self) -> AsyncIterator[ProjectName]:
        """Yield what the destination lists; many list nothing, and the upstream's names are no help here."""
        async for name in self._destination.names():
            yield name

    async def page(self, name: ProjectName) -> ProjectPage:
        """Return the page as it was when ``name`` was first asked for.

        Raises NoSuchProject if neither has it, UpstreamUnavailable or BadPage if either can not say.
        """
        task = self._pages.get(name)
        if task is None:
            task = self._pages[name] = asyncio.ensure_future(self._learnt(name))
            task.add_done_callback(retrieve)
        return await asyncio.shield(task)

    async def open(self, file: Distribution, span: Span = WHOLE) -> Content:
        """Open the bytes at whichever of the two the page took ``file`` from."""
        return await self._home_of(file).open(file, span)

    async def open_metadata(self, file: Distribution) -> Content:
        """Open the METADATA there."""
        return await self._home_of(file).open_metadata(file)

    def _home_of(self, file: Distribution) -> Index:
        return self._destination if self.is_at_destination(file) else self._upstream

    async def _learnt(self, name: ProjectName) -> ProjectPage:
        because = self._why_internal(name)
        if because is not None:
            self.internal[name] = because
            ours = self.listed[name] = await _page_or_none(self._destination, name)
            if ours is None:
                raise NoSuchProject(name, index="the destination, which alone is asked for internal names,")
            return self._own(ours)
        ours, theirs = await asyncio.gather(
            _page_or_none(self._destination, name), _page_or_none(self._upstream, name)
        )
        self.listed[name] = ours
        if ours is None:
            if theirs is None:
                raise NoSuchProject(name, index="neither the destination nor the upstream")
            return theirs
        if not ours.files:
            # Emptied by its team, or no page of an index at all, such as one to sign in at: no reason to ask others.
            self.internal[name] = "the destination has a page of it that lists no file"
            return self._own(ours)
        if theirs is None:
            self.internal[name] = f"{ours.files[0].filename} is there, and the upstream has no such project"
            return self._own(ours)
        others = await self._not_upstream(ours, theirs)
        if not others and not ours.unreadable:
            return theirs
        if name in self._said.upstream_allowed:
            return self._united(ours, theirs, others)
        if others:
            self.internal[name] = f"{others[0].filename} is there, and {_NOT_UPSTREAM}"
        else:
            self.internal[name] = f"{ours.unreadable[0]} is there, and {_UNREADABLE}"
        return self._own(ours)

    def _why_internal(self, name: ProjectName) -> str | None:
        """Return why nobody but the destination is asked for the name; None = both are."""
        if self._internal_in_feed(name):
            return "it is internal to the feed that the request is for"
        pattern = self._said.pattern_of(name)
        return None if pattern is None else f"it matches --internal {pattern}"

    def _own(self, page: ProjectPage, files: Collection[Distribution] | None = None) -> ProjectPage:
        self._sources.update(file.source for file in (files or page.files) if file.source is not None)
        return page

    async def _not_upstream(self, ours: ProjectPage, theirs: ProjectPage) -> list[Distribution]:
        """Return the destination's files that the upstream does not list with the same bytes."""
        digests = {file.digest for file in theirs.files if file.digest is not None}
        named = {file.filename: file for file in theirs.files}
        found = await asyncio.gather(*(self._is_of(file, digests, named) for file in ours.files))
        return [file for file, is_theirs in zip(ours.files, found, strict=True) if not is_theirs]

    async def _is_of(
        self, file: Distribution, digests: set[Digest], named: Mapping[str, Distribution]
    ) -> bool:
        if file.digest is not None and file.digest in digests:
            return True
        same_name = named.get(file.filename)
        if same_name is None or (file.digest is not None and same_name.digest is not None):
            return False
        here = await self._known(file, at_destination=True)
        return here == await self._known(same_name, at_destination=False)

    async def _known(self, file: Distribution, *, at_destination: bool) -> Digest:
        if file.digest is not None:
            return file.digest
        if at_destination and file.source is not None:
            self._sources.add(file.source)
        return await self._digest_of(file)

    def _united(
        self, ours: ProjectPage, theirs: ProjectPage, others: Collection[Distribution]
    ) -> ProjectPage:
        """Return both: the upstream never beside the destination's own files of a release, nor under their names."""
        self._own(ours, others)
        names = {file.filename for file in others}
        versions = {_version(file) for file in others}
        added = tuple(
            file for file in theirs.files if file.filename not in names and _version(file) not in versions
        )
        return ProjectPage(ours.name, (*others, *added), f"{ours.validator}+{theirs.validator}")


def _version(file: Distribution) -> str | None:
    try:
        return str(file.stem.version)
    except InvalidFilename:
        return None


async def _page_or_none(index: Index, name: ProjectName) -> ProjectPage | None:
    try:
        return await index.page(name)
    except NoSuchProject:
        return None
