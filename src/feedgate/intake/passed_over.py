"""Which newer versions were not taken, although all that was asked for admits them, and by which rule."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from feedgate.index.admitting import LeftOut, admits_python
from feedgate.intake.only_source import fits, only_source
from feedgate.model.distribution import Distribution, InvalidFilename, parse_filename
from feedgate.model.index import Index
from feedgate.model.names import ProjectName
from feedgate.model.resolution import PassedOver, Pin
from feedgate.model.target import Target

SOURCE = "source"
DESTINATION = "destination"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen for a target, and the ``specifiers`` that request and closure put on each name."""

    target: Target
    pins: Mapping[ProjectName, Pin]
    specifiers: Mapping[ProjectName, Sequence[SpecifierSet]]
    allow_prereleases: bool


@dataclass(frozen=True, slots=True)
class _Newer:
    version: Version
    rule: str
    reason: str


async def passed_over(
    index: Index, chosen: Chosen, left_out: Mapping[ProjectName, Sequence[LeftOut]]
) -> tuple[PassedOver, ...]:
    """Return, by project and rule, the newest version above the pin that the rule kept from being taken.

    ``index`` is what was chosen from; ``left_out`` is what a missing fact kept out of it.
    """
    found: list[PassedOver] = []
    for name, pin in sorted(chosen.pins.items()):
        page = await index.page(name)
        newest: dict[str, _Newer] = {}
        only = only_source(page.files, chosen.target, newer_than=Version(pin.version))
        for one in (*_sources(only, name, chosen.target), *_facts(left_out.get(name, ()), chosen.target)):
            known = newest.get(one.rule)
            if _is_admitted(one.version, pin, chosen) and (known is None or known.version < one.version):
                newest[one.rule] = one
        found.extend(
            PassedOver(name, str(one.version), str(chosen.target), one.rule, one.reason)
            for one in newest.values()
        )
    return tuple(found)


async def kept_back(
    index: Index, chosen: Chosen, names: Collection[ProjectName], hidden: Mapping[str, str]
) -> tuple[PassedOver, ...]:
    """Return the newest version of each of ``names`` that fits itself, and was not taken for what it needs.

    ``hidden`` are the files that a destination does not take; where there are none, nothing was kept back.
    """
    if not hidden:
        return ()
    found = []
    for name in sorted(chosen.pins.keys() & set(names)):
        pin = chosen.pins[name]
        page = await index.page(name)
        versions = {
            version for file in page.files if (version := _version_for(file, chosen.target)) is not None
        }
        newest = max((version for version in versions if _is_admitted(version, pin, chosen)), default=None)
        if newest is not None:
            reason = f"{name} {newest} needs releases that the destination does not take"
            found.append(PassedOver(name, str(newest), str(chosen.target), DESTINATION, reason))
    return tuple(found)


def _version_for(file: Distribution, target: Target) -> Version | None:
    """Return the version of a wheel that may be chosen for the target, None for any other file."""
    admits = not file.requires_python or admits_python(file.requires_python, target.python)
    if not admits or file.yanked is not None or not fits(file.filename, target):
        return None
    try:
        return file.stem.version
    except InvalidFilename:
        return None


def without_sources_of(entries: Sequence[PassedOver], hidden: Mapping[str, str]) -> tuple[PassedOver, ...]:
    """Leave out that a release has only source where its wheels are what is ``hidden``."""
    stems = [parse_filename(filename) for filename in hidden]
    releases = {(stem.project, str(stem.version)) for stem in stems}
    return tuple(one for one in entries if one.rule != SOURCE or (one.project, one.version) not in releases)


def _sources(versions: set[Version], name: ProjectName, target: Target) -> Iterator[_Newer]:
    for version in versions:
        yield _Newer(version, SOURCE, f"{name} {version} has only source for {target}")


def _facts(left_out: Sequence[LeftOut], target: Target) -> Iterator[_Newer]:
    for one in left_out:
        try:
            version = parse_filename(one.filename).version
        except InvalidFilename:
            continue
        if fits(one.filename, target):
            yield _Newer(version, one.rule, f"{one.filename}: {one.reason}")


def _is_admitted(version: Version, pin: Pin, chosen: Chosen) -> bool:
    pinned = Version(pin.version)
    if version <= pinned:
        return False
    if version.is_prerelease and not (chosen.allow_prereleases or pinned.is_prerelease):
        return False
    specifiers = chosen.specifiers.get(pin.project, ())
    return all(specifier.contains(version, prereleases=True) for specifier in specifiers)
