"""Lock files (PEP 751): what the resolver writes, what it prefers, and what a user hands in."""

import json
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from packaging.markers import UndefinedEnvironmentName
from packaging.pylock import Package, Pylock, PylockValidationError
from packaging.requirements import Requirement
from packaging.utils import parse_sdist_filename, parse_wheel_filename

from feedgate.errors import Broken, Invalid
from feedgate.model.digest import Digest, InvalidDigest, parse_digest
from feedgate.model.names import ProjectName
from feedgate.model.request import RequirementLine


class UnreadableResolution(Broken):
    """The resolver wrote something that is no list of wheels."""

    code = "unreadable-resolution"

    def __init__(self, *, reason: str) -> None:
        super().__init__(
            f"the resolver's answer can not be read: {reason}",
            next_step="Nothing was changed. Report this with the run's number.",
        )


class InvalidLock(Invalid):
    """A user's lock file that can not be read, or that is for other machines."""

    code = "invalid-lock"

    def __init__(self, origin: str, *, reason: str) -> None:
        super().__init__(
            f"{origin}: the lock file can not be used: {reason}",
            next_step="Write it anew with a current tool, for example: uv export --format pylock.toml",
            facts={"origin": origin},
        )


class LockEntryNotAllowed(Invalid):
    """A lock file's entry that comes from somewhere else than an index."""

    code = "lock-entry-not-allowed"

    def __init__(self, name: str, *, origin: str, source: str) -> None:
        super().__init__(
            f"{origin}: {name} comes from a {source}, not from an index",
            next_step="Take it out of the lock file, and bring it in with: feedgate upload",
            facts={"origin": origin, "name": name, "source": source},
        )


@dataclass(frozen=True, slots=True)
class LockedFile:
    """One of the wheels that the resolver lists of a version it chose."""

    project: ProjectName
    version: str
    filename: str
    url: str
    sha256: Digest | None
    size_bytes: int | None


def parse_resolution(raw: bytes) -> tuple[LockedFile, ...]:
    """Return the wheels that the resolver wrote; raises UnreadableResolution.

    It lists all wheels of the version that fit the target, so a project may
    stand there several times (bcrypt 5.0.0 has four that fit), always with one version.
    """
    try:
        lock = Pylock.from_dict(tomllib.loads(raw.decode("utf-8")))
        return tuple(file for package in lock.packages for file in _locked_files(package))
    except (ValueError, RecursionError, PylockValidationError, InvalidDigest) as error:
        raise UnreadableResolution(reason=str(error)) from error


def write_preferences(pins: Iterable[tuple[ProjectName, str]]) -> str:
    """Return the smallest lock whose versions the resolver keeps where it can."""
    rows = [
        f"\n[[packages]]\nname = {json.dumps(name)}\nversion = {json.dumps(version)}\n"
        for name, version in pins
    ]
    return 'lock-version = "1.0"\ncreated-by = "feedgate"\n' + ("".join(rows) or "packages = []\n")


def parse_request_lock(
    text: str, *, origin: str, environment: Mapping[str, str]
) -> tuple[RequirementLine, ...]:
    """Return ``name==version`` with hashes for each entry whose marker holds in ``environment``.

    No extra is asked for; dependency groups are the file's own default groups.
    Of the hashes only sha256 counts, over wheels and sdist. Raises InvalidLock,
    and LockEntryNotAllowed for entries from a repository, folder or archive.
    """
    try:
        lock = Pylock.from_dict(tomllib.loads(text))
        _check_fits(lock, origin, environment)
        chosen = [
            (index, package)
            for index, package in enumerate(lock.packages)
            if _holds(package, lock, environment)
        ]
        for name, count in Counter(package.name for _, package in chosen).items():
            if count > 1:
                raise InvalidLock(origin, reason=f"{count} entries of {name} apply to the same machine")
        return tuple(
            _request_line(package, f"{origin}:packages[{index}]", environment) for index, package in chosen
        )
    except (ValueError, RecursionError, PylockValidationError, UndefinedEnvironmentName) as error:
        raise InvalidLock(origin, reason=str(error)) from error


def lock_conditions(text: str, *, origin: str) -> tuple[str, ...]:
    """Return the markers and Requires-Python of a user's lock and its entries, whether they hold or not.

    Raises InvalidLock.
    """
    try:
        lock = Pylock.from_dict(tomllib.loads(text))
    except (ValueError, RecursionError, PylockValidationError) as error:
        raise InvalidLock(origin, reason=str(error)) from error
    packages = lock.packages
    stated = (
        lock.requires_python,
        *(lock.environments or ()),
        *(package.marker for package in packages),
        *(package.requires_python for package in packages),
    )
    return tuple(str(condition) for condition in stated if condition is not None)


def _locked_files(package: Package) -> Iterator[LockedFile]:
    if not package.wheels or package.version is None:
        raise UnreadableResolution(reason=f"{package.name} has no wheel or no version")
    for wheel in package.wheels:
        if wheel.url is None:
            raise UnreadableResolution(reason=f"{wheel.filename} has no address")
        stated = wheel.hashes.get("sha256")
        yield LockedFile(
            project=package.name,
            version=str(package.version),
            filename=wheel.filename,
            url=wheel.url,
            sha256=None if stated is None else parse_digest(stated),
            size_bytes=wheel.size,
        )


def _check_fits(lock: Pylock, origin: str, environment: Mapping[str, str]) -> None:
    python = environment["python_full_version"]
    if lock.requires_python is not None and not lock.requires_python.contains(python, prereleases=True):
        raise InvalidLock(origin, reason=f"it is for Python {lock.requires_python}, the target runs {python}")
    if lock.environments and not any(
        marker.evaluate(environment, "requirement") for marker in lock.environments
    ):
        raise InvalidLock(origin, reason="none of the environments it was made for is the target's")


def _holds(package: Package, lock: Pylock, environment: Mapping[str, str]) -> bool:
    if package.marker is None:
        return True
    sets = {"extras": frozenset[str](), "dependency_groups": frozenset(lock.default_groups or ())}
    return package.marker.evaluate({**environment, **sets}, "lock_file")


def _request_line(package: Package, origin: str, environment: Mapping[str, str]) -> RequirementLine:
    for source, entry in (
        ("vcs", package.vcs),
        ("directory", package.directory),
        ("archive", package.archive),
    ):
        if entry is not None:
            raise LockEntryNotAllowed(package.name, origin=origin, source=source)
    python = environment["python_full_version"]
    if package.requires_python is not None and not package.requires_python.contains(python, prereleases=True):
        raise InvalidLock(
            origin, reason=f"{package.name} needs Python {package.requires_python}, the target runs {python}"
        )
    hashes = frozenset(f"sha256:{digest}" for digest in _digests(package, origin))
    if not hashes:
        raise InvalidLock(origin, reason=f"{package.name} states no sha256")
    return RequirementLine(Requirement(f"{package.name}=={_version(package)}"), origin, hashes)


def _digests(package: Package, origin: str) -> Iterator[Digest]:
    sources = [wheel.hashes for wheel in package.wheels or ()]
    if package.sdist is not None:
        sources.append(package.sdist.hashes)
    for hashes in sources:
        stated = hashes.get("sha256")
        if stated is not None:
            try:
                yield parse_digest(stated)
            except InvalidDigest as error:
                raise InvalidLock(origin, reason=error.message) from error


def _version(package: Package) -> str:
    if package.version is not None:
        return str(package.version)
    if package.wheels:
        return str(parse_wheel_filename(package.wheels[0].filename)[1])
    assert package.sdist is not None  # noqa: S101 - Pylock admits no entry without a source
    return str(parse_sdist_filename(package.sdist.filename)[1])
