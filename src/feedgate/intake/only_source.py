"""Which releases have only source for a target: never taken, since nothing of a stranger's code runs."""

from collections.abc import Collection, Iterable, Mapping

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from feedgate.formats.core_metadata import CoreMetadata
from feedgate.index.admitting import admits_python
from feedgate.intake.asked import Words
from feedgate.intake.closure import walk
from feedgate.model.distribution import Distribution, InvalidFilename, Kind
from feedgate.model.environment import marker_environment, supported_tags
from feedgate.model.index import Index, NoSuchProject
from feedgate.model.names import ProjectName
from feedgate.model.resolution import PassedOver, Pin
from feedgate.model.target import Target

RULE = "source"


async def passed_over_for_source(
    index: Index,
    target: Target,
    chosen: Mapping[ProjectName, tuple[Pin, CoreMetadata]],
    asked_words: Words,
    *,
    allow_prereleases: bool,
) -> tuple[PassedOver, ...]:
    """Return, by project, the newest version above the pin that only lacks a wheel for the target.

    A version counts if all that request and closure put on the name admits it, and it is not yanked.
    """
    members = {name: member for name, (_pin, member) in chosen.items()}
    words = (*asked_words.wanted, *asked_words.bounds)
    there = walk(words, members, marker_environment(target, target.python))
    found = []
    for name, (pin, _member) in sorted(chosen.items()):
        page = await index.page(name)
        pinned = Version(pin.version)
        specifiers = there.specifiers.get(name, [])
        versions = _only_source(page.files, target, newer_than=pinned)
        admitted = [
            version
            for version in versions
            if all(specifier.contains(version, prereleases=True) for specifier in specifiers)
            and (allow_prereleases or pinned.is_prerelease or not version.is_prerelease)
        ]
        if admitted:
            newest = str(max(admitted))
            reason = f"{name} {newest} has only source for {target}"
            found.append(PassedOver(name, newest, str(target), RULE, reason))
    return tuple(found)


async def lacks_wheels(
    index: Index,
    target: Target,
    names: Collection[ProjectName],
    asked_words: Words,
) -> tuple[str, ...]:
    """Return those of ``names`` that have releases, and none with a wheel for the target, in words."""
    asked: dict[ProjectName, list[SpecifierSet]] = {}
    for requirement in (*asked_words.wanted, *asked_words.bounds):
        asked.setdefault(canonicalize_name(requirement.name), []).append(requirement.specifier)
    found = []
    for name in sorted(names):
        try:
            page = await index.page(name)
        except NoSuchProject:
            continue
        specifiers = asked.get(name, [])
        files = [
            file
            for file in page.files
            if _is_admitted(file, specifiers) and admits_python(file.requires_python or "", target.python)
        ]
        if files and not any(_fits(file, target) for file in files):
            found.append(_named(name, files))
    return tuple(found)


def _named(name: ProjectName, files: Iterable[Distribution]) -> str:
    versions = {file.stem.version for file in files}
    return f"{name} {max(versions)}" if len(versions) == 1 else str(name)


def _is_admitted(file: Distribution, specifiers: Iterable[SpecifierSet]) -> bool:
    try:
        version = file.stem.version
    except InvalidFilename:
        return False
    return all(specifier.contains(version, prereleases=True) for specifier in specifiers)


def _only_source(files: Iterable[Distribution], target: Target, *, newer_than: Version) -> set[Version]:
    sourced: set[Version] = set()
    wheeled: set[Version] = set()
    for file in files:
        try:
            stem = file.stem
        except InvalidFilename:
            continue
        if stem.version <= newer_than or file.yanked is not None:
            continue
        if file.requires_python and not admits_python(file.requires_python, target.python):
            continue
        if stem.kind is Kind.SDIST:
            sourced.add(stem.version)
        elif _fits(file, target):
            wheeled.add(stem.version)
    return sourced - wheeled


def _fits(file: Distribution, target: Target) -> bool:
    if not file.filename.endswith(".whl"):
        return False
    _name, _version, _build, tags = parse_wheel_filename(file.filename)
    return not tags.isdisjoint(supported_tags(target.minor, target.platform))
