"""What a caller asked for, as plain values that travel and are stored, and as the types it means.

The server opens no path that a request names: files come as text, and an
include must have come too.
"""

import json
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from feedgate.errors import Invalid
from feedgate.formats.pylock import lock_conditions, parse_request_lock
from feedgate.formats.requirements import parse_requirement, parse_requirements_text
from feedgate.intake.asked_destination import AskedDestination
from feedgate.intake.host import host_target
from feedgate.model.environment import marker_environment
from feedgate.model.names import ProjectName, parse_project_name
from feedgate.model.request import RequirementLine
from feedgate.model.run import RunKind
from feedgate.model.target import HOST, Target, parse_target

FileKind = Literal["requirements", "constraints", "lock"]

_DATE_LENGTH = len("2026-01-31")


class NothingAsked(Invalid):
    """A request without a single requirement."""

    code = "nothing-asked"

    def __init__(self) -> None:
        super().__init__(
            "the request names no package",
            next_step="Name at least one: feedgate add NAME -f ORG/FEED, or -r FILE.",
        )


class IncludeMissing(Invalid):
    """A file includes another one that did not come with the request."""

    code = "include-missing"

    def __init__(self, origin: str, path: str) -> None:
        super().__init__(
            f"{origin}: includes {path[:200]!r}, which did not come with the request",
            next_step="Send that file's text too; the command does it for paths relative to the file.",
        )


class InvalidMoment(Invalid):
    """A text that is no date and no moment."""

    code = "invalid-moment"

    def __init__(self, raw: str) -> None:
        super().__init__(
            f"{raw[:80]!r} is no date (--exclude-newer)",
            next_step="Write 2026-03-31 (to the end of that day, UTC) or 2026-03-31T12:00:00Z.",
        )


@dataclass(frozen=True, slots=True)
class AskedFile:
    """A file that the caller read: its name as said in errors, its kind, its text."""

    name: str
    kind: FileKind
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came in, in plain values."""

    kind: RunKind
    requirements: tuple[str, ...] = ()
    files: tuple[AskedFile, ...] = ()
    targets: tuple[str, ...] = ()
    allow_prereleases: bool = False
    exclude_newer: str | None = None
    upgrade: bool = False
    upgrade_projects: tuple[str, ...] = ()
    reason: str | None = None
    destination: AskedDestination | None = None

    def to_text(self) -> str:
        """Return the JSON text that the run's row keeps."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> "Asked":
        """Read what ``to_text`` wrote."""
        stored = json.loads(text)
        destination = stored["destination"]
        return cls(
            kind=RunKind(stored["kind"]),
            requirements=tuple(stored["requirements"]),
            files=tuple(AskedFile(**file) for file in stored["files"]),
            targets=tuple(stored["targets"]),
            allow_prereleases=stored["allow_prereleases"],
            exclude_newer=stored["exclude_newer"],
            upgrade=stored["upgrade"],
            upgrade_projects=tuple(stored["upgrade_projects"]),
            reason=stored["reason"],
            destination=None if destination is None else AskedDestination.from_stored(destination),
        )


@dataclass(frozen=True, slots=True)
class Words:
    """A request's own words for one exact Python on one target.

    ``hashes`` are the stated ones by project, united over all lines that state any.
    """

    requirements: tuple[RequirementLine, ...]
    constraints: tuple[RequirementLine, ...]

    @property
    def wanted(self) -> tuple[Requirement, ...]:
        """The requirements alone."""
        return tuple(line.requirement for line in self.requirements)

    @property
    def bounds(self) -> tuple[Requirement, ...]:
        """The constraints alone."""
        return tuple(line.requirement for line in self.constraints)

    @property
    def names(self) -> frozenset[ProjectName]:
        """The names that are asked for."""
        return frozenset(canonicalize_name(line.requirement.name) for line in self.requirements)

    @property
    def hashes(self) -> Mapping[ProjectName, frozenset[str]]:
        """Stated hashes by project; names absent here have none."""
        found: dict[ProjectName, frozenset[str]] = {}
        for line in (*self.requirements, *self.constraints):
            if line.hashes:
                name = canonicalize_name(line.requirement.name)
                found[name] = found.get(name, frozenset()) | line.hashes
        return found


def words(asked: Asked, target: Target, python: str) -> Words:
    """Parse the request for ``python`` on ``target``; raises Invalid, naming file and line.

    A lock's packages are those whose marker holds there.
    """
    requirements = [parse_requirement(raw, origin="argument") for raw in asked.requirements]
    constraints: list[RequirementLine] = []
    names = {file.name for file in asked.files}
    for file in asked.files:
        if file.kind == "lock":
            environment = marker_environment(target, python)
            requirements.extend(parse_request_lock(file.text, origin=file.name, environment=environment))
            continue
        parsed = parse_requirements_text(file.text, origin=file.name)
        for include in parsed.includes:
            path = posixpath.normpath(posixpath.join(posixpath.dirname(file.name), include.path))
            if path not in names:
                raise IncludeMissing(include.origin, include.path)
        (requirements if file.kind == "requirements" else constraints).extend(parsed.lines)
    return Words(tuple(requirements), tuple(constraints))


def conditions(asked: Asked, target: Target) -> tuple[str, ...]:
    """Return what the request says of the Pythons that its words are for: markers, and a lock's Requires-Python."""
    found = words(asked, target, target.python)
    markers = [line.requirement.marker for line in (*found.requirements, *found.constraints)]
    locks = [file for file in asked.files if file.kind == "lock"]
    return (
        *(str(marker) for marker in markers if marker is not None),
        *(text for file in locks for text in lock_conditions(file.text, origin=file.name)),
    )


def targets_of(asked: Asked) -> tuple[Target, ...]:
    """Return the targets that the request names, ``host`` written down as this machine's."""
    found = dict.fromkeys(host_target() if raw == HOST else parse_target(raw) for raw in asked.targets)
    return tuple(found)


def upgraded(asked: Asked) -> frozenset[ProjectName]:
    """Return the names given by ``--upgrade-package``."""
    return frozenset(parse_project_name(raw) for raw in asked.upgrade_projects)


def newest_allowed(asked: Asked) -> datetime | None:
    """Return the moment from which on upstream files are left out; a bare date is to its end, UTC."""
    raw = asked.exclude_newer
    if raw is None:
        return None
    try:
        moment = datetime.fromisoformat(raw)
        if len(raw) <= _DATE_LENGTH:
            return moment.replace(tzinfo=UTC) + timedelta(days=1)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:  # the latter: a moment outside the years 1 to 9999 in UTC
        raise InvalidMoment(raw) from error


def check(asked: Asked, targets: tuple[Target, ...]) -> None:
    """Raise the first error there is in the request, for any of ``targets``."""
    newest_allowed(asked)
    upgraded(asked)
    if asked.destination is not None:
        asked.destination.check()
    if not any(found.requirements for found in _all_words(asked, targets)):
        raise NothingAsked


def _all_words(asked: Asked, targets: tuple[Target, ...]) -> Iterator[Words]:
    for target in targets:
        yield words(asked, target, target.python)
