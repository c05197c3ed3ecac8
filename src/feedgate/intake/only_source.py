"""Which releases have only source for a target: never taken, since nothing of a stranger's code runs."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from feedgate.index.admitting import admits_python
from feedgate.intake.asked import Words
from feedgate.model.distribution import LONGEST_FILENAME, Distribution, InvalidFilename, Stem
from feedgate.model.environment import tags_in_order
from feedgate.model.index import Index, NoSuchProject
from feedgate.model.names import ProjectName
from feedgate.model.target import Target

_WHEEL = ".whl"


@dataclass(frozen=True, slots=True)
class NoWheel:
    """A project, with its version if it has but one, of which no release has a wheel for a target.

    ``is_only_source`` tells those that could be built from those that are for other machines alone.
    """

    named: str
    is_only_source: bool


async def lacks_wheels(
    index: Index,
    target: Target,
    names: Collection[ProjectName],
    asked_words: Words,
) -> tuple[NoWheel, ...]:
    """Return those of ``names`` that have releases, and none with a wheel for the target."""
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
        if files and not any(fits(file.filename, target) for file in files):
            is_only_source = any(not file.filename.endswith(_WHEEL) for file in files)
            found.append(NoWheel(_named(name, files), is_only_source))
    return tuple(found)


def _named(name: ProjectName, files: Iterable[Distribution]) -> str:
    versions = {file.stem.version for file in files}
    return f"{name} {max(versions)}" if len(versions) == 1 else str(name)


def _is_admitted(file: Distribution, specifiers: Iterable[SpecifierSet]) -> bool:
    stem = _stem(file)
    return stem is not None and all(
        specifier.contains(stem.version, prereleases=True) for specifier in specifiers
    )


def only_source(files: Iterable[Distribution], target: Target, *, newer_than: Version) -> set[Version]:
    """Return the versions above ``newer_than`` that only lack a wheel for the target, yanked ones left out."""
    # Pages have thousands of wheels; only those of releases that also have source are looked at.
    sourced = {
        stem.version
        for file in files
        if not file.filename.endswith(_WHEEL)
        and (stem := _stem(file)) is not None
        and stem.version > newer_than
        and _is_free(file, target)
    }
    if not sourced:
        return sourced
    texts: dict[str, Version | None] = {}
    for file in files:
        if file.filename.endswith(_WHEEL) and _is_free(file, target):
            version = _version_of_wheel(file.filename, texts)
            if version in sourced and fits(file.filename, target):
                sourced.discard(version)
    return sourced


def _version_of_wheel(filename: str, known: dict[str, Version | None]) -> Version | None:
    parts = filename.split("-", 2)
    text = parts[1] if len(parts) > 1 else ""
    if text not in known:
        try:
            known[text] = Version(text)
        except InvalidVersion:
            known[text] = None
    return known[text]


def _stem(file: Distribution) -> Stem | None:
    try:
        return file.stem
    except InvalidFilename:
        return None


def _is_free(file: Distribution, target: Target) -> bool:
    """Whether nothing but a missing wheel keeps the file from being chosen."""
    admits = not file.requires_python or admits_python(file.requires_python, target.python)
    return file.yanked is None and bool(admits)


def fits(filename: str, target: Target) -> bool:
    """Return whether this is the name of a wheel that the target's installers take."""
    if not filename.endswith(_WHEEL) or len(filename) > LONGEST_FILENAME:
        return False
    try:
        _name, _version, _build, tags = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        return False
    return any(tag in tags_in_order(target.minor, target.platform) for tag in tags)
