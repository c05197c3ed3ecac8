"""An index as policy permits it: what would not be admitted is not there to be chosen."""

import hashlib
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import replace

from feedgate.model.decision import Decision, Verdict
from feedgate.model.distribution import Distribution
from feedgate.model.index import WHOLE, Content, Index, ProjectPage, Span
from feedgate.model.names import ProjectName


class Permitted:
    """``source`` without the files whose decision is graver than ``gravest``.

    ``judge`` gives the decisions of a page by file name, None where nothing is to be judged; a file without a
    decision is left out. ``hidden`` says, by project, what was left out of the pages that were asked for, and by
    which decision.
    """

    def __init__(
        self,
        source: Index,
        judge: Callable[[ProjectPage], Mapping[str, Decision] | None],
        gravest: Verdict = Verdict.ADMIT,
        gravest_of: Mapping[ProjectName, Verdict] | None = None,
    ) -> None:
        self._source = source
        self._judge = judge
        self._gravest = gravest
        self._gravest_of = gravest_of or {}
        self.hidden: dict[ProjectName, Mapping[str, Decision]] = {}

    def widened(self, names: Collection[ProjectName], gravest: Verdict) -> "Permitted":
        """Return the same anew, but of ``names`` with all files whose decision is not graver than ``gravest``."""
        return Permitted(self._source, self._judge, self._gravest, dict.fromkeys(names, gravest))

    def names(self) -> AsyncIterator[ProjectName]:
        """Yield the source's names; a page may be empty when it is asked for."""
        return self._source.names()

    async def page(self, name: ProjectName) -> ProjectPage:
        """Return the source's page, less what may not be chosen; its validator changes with what is shown."""
        page = await self._source.page(name)
        decisions = self._judge(page)
        if decisions is None:
            return page
        gravest = self._gravest_of.get(name, self._gravest)
        shown = tuple(file for file in page.files if _shows(decisions.get(file.filename), gravest))
        if len(shown) == len(page.files):
            return page
        left = {file.filename for file in shown}
        self.hidden[name] = {
            filename: decision for filename, decision in decisions.items() if filename not in left
        }
        return replace(page, files=shown, validator=_validator(page, shown))

    async def open(self, file: Distribution, span: Span = WHOLE) -> Content:
        """Open the file at the source."""
        return await self._source.open(file, span)

    async def open_metadata(self, file: Distribution) -> Content:
        """Open the METADATA at the source."""
        return await self._source.open_metadata(file)


def _shows(decision: Decision | None, gravest: Verdict) -> bool:
    return decision is not None and decision.verdict.rank <= gravest.rank


def _validator(page: ProjectPage, shown: tuple[Distribution, ...]) -> str:
    names = "\n".join(file.filename for file in shown)
    return hashlib.sha256(f"{page.validator}\n{names}".encode()).hexdigest()
