"""Why there is no solution, in words: what we know for sure comes before the resolver's own prose."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from feedgate.index.admitting import LeftOut, admits_python
from feedgate.intake.asked import Words
from feedgate.intake.only_source import lacks_wheels
from feedgate.intake.uv import Unsolvable
from feedgate.model.distribution import Distribution, InvalidFilename
from feedgate.model.environment import marker_environment
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
    for name in sorted(answer.asked.names):
        unmet = await _what_no_file_meets(name, sought)
        if unmet is not None:
            return unmet
    if answer.asked.escapes:
        return Failed(
            "escape",
            f"a link or requirement leads elsewhere: {', '.join(answer.asked.escapes)}. {answer.reason}",
        )
    left_out = _in_words("\nLeft out: ", [one for files in sought.left_out.values() for one in files])
    return Failed("unsolvable", f"no set of versions fits {sought.target}: {answer.reason}{left_out}")


async def _has_none_of_the_hashes(name: ProjectName, sought: Sought) -> bool:
    stated = sought.words.hashes.get(name)
    if not stated:
        return False
    asked = _asked_of(name, sought)
    files = [file for version, file in await _versions(name, sought) if asked.contains(version)]
    return bool(files) and not any(_may_have(file, stated) for file in files)


async def _what_no_file_meets(name: ProjectName, sought: Sought) -> Failed | None:
    """Return the failure where no release that the request allows is there, or none for the target's Python."""
    if not _said_of(name, sought.words.wanted, sought.target):
        return None  # what asks for it says so in words that we do not know
    asked = _asked_of(name, sought)
    files = await _versions(name, sought)
    if not files:
        return None
    left_out = _in_words("; left out: ", sought.left_out.get(name, ()))
    wanted = [(version, file) for version, file in files if asked.contains(version)]
    if not wanted:
        newest, _file = max(files, key=_rank)
        return Failed(
            "no-such-version",
            f"{name}{asked}: there is no such version; the newest to choose from is {newest}{left_out}. "
            "Next: ask for a version that there is",
        )
    if any(_admits(file, sought.target) for _version, file in wanted):
        return None
    version, file = max(wanted, key=_rank)
    return Failed(
        "python-not-admitted",
        f"{name}{asked}: no version is for {sought.target}; {version} asks for Python {file.requires_python}"
        f"{left_out}. Next: ask for another version, or for a target of another Python",
    )


def _said_of(name: ProjectName, requirements: Iterable[Requirement], target: Target) -> tuple[str, ...]:
    """Return what each of ``requirements`` that counts on the target says of the name's versions."""
    environment = marker_environment(target, target.python)
    return tuple(
        str(one.specifier)
        for one in requirements
        if canonicalize_name(one.name) == name and (one.marker is None or one.marker.evaluate(environment))
    )


def _asked_of(name: ProjectName, sought: Sought) -> SpecifierSet:
    """Return all that the request says of the name's versions; whether pre-releases count is the resolver's to say."""
    said = _said_of(name, (*sought.words.wanted, *sought.words.bounds), sought.target)
    return SpecifierSet(",".join(sorted({one for one in said if one})), prereleases=True)


async def _versions(name: ProjectName, sought: Sought) -> list[tuple[Version, Distribution]]:
    """Return the name's files with their versions; none where nobody has the name."""
    try:
        page = await sought.index.page(name)
    except NoSuchProject:
        return []
    found = []
    for file in page.files:
        try:
            found.append((file.stem.version, file))
        except InvalidFilename:
            continue
    return found


def _rank(one: tuple[Version, Distribution]) -> tuple[bool, bool, Version]:
    """Return what orders files by what a person calls the newest: not yanked and final, if there is such a one."""
    version, file = one
    return file.yanked is None, not version.is_prerelease, version


def _admits(file: Distribution, target: Target) -> bool:
    return not file.requires_python or bool(admits_python(file.requires_python, target.python))


def _may_have(file: Distribution, stated: frozenset[str]) -> bool:
    """A page tells sha256 alone, and not every page does."""
    return (
        file.digest is None
        or f"sha256:{file.digest}" in stated
        or any(not entry.startswith("sha256:") for entry in stated)
    )


def _in_words(introduction: str, left_out: Sequence[LeftOut]) -> str:
    if not left_out:
        return ""
    named = "; ".join(f"{one.filename}: {one.reason}" for one in left_out[:_MOST_NAMED])
    more = len(left_out) - _MOST_NAMED
    return f"{introduction}{named}" + (f"; and {more} more" if more > 0 else "")
