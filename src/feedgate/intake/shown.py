"""How much of what policy keeps out the resolver is shown, and of which names: as little as can be."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from feedgate.index.admitting import LeftOut, admits_python
from feedgate.index.permitted import Permitted
from feedgate.intake.asked import Words
from feedgate.intake.only_source import fits
from feedgate.model.decision import Decision, Verdict
from feedgate.model.distribution import Distribution, InvalidFilename
from feedgate.model.index import Index
from feedgate.model.names import ProjectName
from feedgate.model.run import Failed
from feedgate.model.target import Target

_MOST_NARROWINGS: Final = 8

_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class Shown:
    """Files of whose decisions none is graver than ``gravest``; of ``names``, none graver than ``gravest_of_names``."""

    gravest: Verdict = Verdict.ADMIT
    names: frozenset[ProjectName] = frozenset()
    gravest_of_names: Verdict = Verdict.ADMIT

    def of(self, permitted: Permitted) -> Permitted:
        """Return what policy permits at ``gravest``, with more of the names."""
        return permitted.widened(self.names, self.gravest_of_names) if self.names else permitted


NOTHING_MORE: Final = Shown()
"""What policy admits, and nothing else."""


async def solve_showing(
    attempt: Callable[[Shown], Awaitable[_Found | Failed]],
    closed: Callable[[], Awaitable[frozenset[ProjectName]]],
    gravest: Verdict,
    below: Verdict,
) -> _Found | Failed:
    """Choose with what is ``gravest`` of the names that have nothing else; where that is too little, of all names.

    ``closed`` says which names those are; an attempt that failed may have met more of them. ``below`` is what may be
    chosen of all others.
    """
    known: frozenset[ProjectName] = frozenset()
    while (names := await closed()) - known:
        known |= names
        found = await attempt(Shown(below, known, gravest))
        if not isinstance(found, Failed):
            return found
    return await attempt(Shown(gravest))


async def with_fewest_held(
    found: _Found,
    attempt: Callable[[Shown], Awaitable[_Found | Failed]],
    held_names: Callable[[_Found], frozenset[ProjectName]],
) -> _Found:
    """Choose again without the held files of one name after the other; return the choice that needs the fewest."""
    names = held_names(found)
    for name in sorted(names)[:_MOST_NARROWINGS]:
        if name not in names or len(names) == 1:
            continue  # gone with another one; or all that there is to wait for
        fewer = await attempt(Shown(Verdict.ADMIT, names - {name}, Verdict.HOLD))
        if not isinstance(fewer, Failed):
            found, names = fewer, held_names(fewer)
    return found


async def closed_names(
    index: Index,
    hidden: Mapping[ProjectName, Mapping[str, Decision]],
    gravest: Verdict,
    asked_words: Words,
    target: Target,
) -> frozenset[ProjectName]:
    """Return the names of which nothing that would do is left where no decision graver than ``gravest`` is shown.

    ``hidden`` is what was kept out. What the request itself says of a name counts, what others need it as does not.
    """
    said: dict[ProjectName, list[SpecifierSet]] = {}
    for requirement in (*asked_words.wanted, *asked_words.bounds):
        said.setdefault(canonicalize_name(requirement.name), []).append(requirement.specifier)
    found = set()
    for name, decisions in hidden.items():
        graver = {
            filename for filename, decision in decisions.items() if decision.verdict.rank > gravest.rank
        }
        page = await index.page(name)
        left = (file for file in page.files if file.filename not in graver)
        if not any(_would_do(file, said.get(name, ()), target) for file in left):
            found.add(name)
    return frozenset(found)


def _would_do(file: Distribution, specifiers: Iterable[SpecifierSet], target: Target) -> bool:
    if not fits(file.filename, target) or (
        file.requires_python and not admits_python(file.requires_python, target.python)
    ):
        return False
    try:
        version = file.stem.version
    except InvalidFilename:
        return False
    return all(specifier.contains(version, prereleases=True) for specifier in specifiers)


def kept_out(decisions: Mapping[str, Decision]) -> Iterator[LeftOut]:
    """Yield what policy hid of a page, each file by the first rule that keeps it out."""
    for filename, decision in decisions.items():
        for opinion in decision.deciding[:1]:
            yield LeftOut(filename, opinion.rule, opinion.reason.removeprefix(f"{filename}: "))
