"""Why there is no solution, in words: what we know for sure comes before the resolver's own prose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from feedgate.index.admitting import LeftOut
from feedgate.intake.asked import Words
from feedgate.intake.only_source import lacks_wheels
from feedgate.intake.uv import Unsolvable
from feedgate.model.distribution import Distribution, InvalidFilename
from feedgate.model.index import Index, NoSuchProject
from feedgate.model.names import ProjectName
from feedgate.model.run import Failed
from feedgate.model.target import Target

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Sought:
    """What the resolver was to choose from, for which ``target`` and ``words``.

    ``left_out`` is what a missing fact kept out of the pages, by project.
    """

    index: Index
    target: Target
    words: Words
    left_out: Mapping[ProjectName, Sequence[LeftOut]]


async def why_unsolvable(answer: Unsolvable, sought: Sought) -> Failed:
    """Return how the run fails: the first of the causes that we can name, else the resolver's words."""
    lacking = await lacks_wheels(sought.index, sought.target, answer.asked.names, sought.words)
    if lacking:
        code = "only-source" if any(one.is_only_source for one in lacking) else "no-wheel"
        named = "; ".join(
            f"{one.named} has {'only source' if one.is_only_source else 'no wheel'} for {sought.target}"
            for one in lacking
        )
        cure = "Next: ask for a version that has a wheel, or build one and send it with: feedgate upload"
        return Failed(code, f"{named}. {cure}. The resolver says: {answer.reason}")
    unhashed = [name for name in sorted(answer.asked.names) if await _has_none_of_the_hashes(name, sought)]
    if unhashed:
        return Failed(
            "hash-not-stated",
            f"{', '.join(unhashed)}: no file has one of the hashes that the request states for it. "
            "Next: compare the --hash lines, or the lock, with the upstream's page",
        )
    unknown = [name for name in answer.asked.not_found if name in sought.words.names]
    if unknown:
        return Failed(
            "no-such-project",
            f"{', '.join(unknown)}: neither the feed nor the upstream has a project of that name. "
            "Next: check the spelling",
        )
    if answer.asked.escapes:
        return Failed(
            "escape",
            f"a link or requirement leads elsewhere: {', '.join(answer.asked.escapes)}. {answer.reason}",
        )
    left_out = _in_words([one for files in sought.left_out.values() for one in files])
    return Failed("unsolvable", f"no set of versions fits {sought.target}: {answer.reason}{left_out}")


async def _has_none_of_the_hashes(name: ProjectName, sought: Sought) -> bool:
    stated = sought.words.hashes.get(name)
    if not stated:
        return False
    try:
        page = await sought.index.page(name)
    except NoSuchProject:
        return False
    files = [file for file in page.files if _is_asked_for(file, name, sought.words)]
    return bool(files) and not any(_may_have(file, stated) for file in files)


def _is_asked_for(file: Distribution, name: ProjectName, words: Words) -> bool:
    specifiers = [
        requirement.specifier
        for requirement in (*words.wanted, *words.bounds)
        if canonicalize_name(requirement.name) == name
    ]
    try:
        version = file.stem.version
    except InvalidFilename:
        return False
    return all(specifier.contains(version, prereleases=True) for specifier in specifiers)


def _may_have(file: Distribution, stated: frozenset[str]) -> bool:
    """A page tells sha256 alone, and not every page does."""
    return (
        file.digest is None
        or f"sha256:{file.digest}" in stated
        or any(not entry.startswith("sha256:") for entry in stated)
    )


def _in_words(left_out: Sequence[LeftOut]) -> str:
    if not left_out:
        return ""
    named = "; ".join(f"{one.filename}: {one.reason}" for one in left_out[:_MOST_NAMED])
    more = len(left_out) - _MOST_NAMED
    return f"\nLeft out: {named}" + (f"; and {more} more" if more > 0 else "")
