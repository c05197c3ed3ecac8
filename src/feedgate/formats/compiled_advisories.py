"""A source's advisories compiled: by project, without what an interval says already, read in milliseconds.

Of malware the listed versions stay: a record that names the very version weighs more.

Versions stay texts until somebody asks for their project: a process that starts reads all of a
database, and is asked for a few hundred names of it.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import orjson
from packaging.version import Version

from feedgate.errors import Broken
from feedgate.model.advisory import Advisory, AdvisorySeverity, Affected
from feedgate.model.names import ProjectName
from feedgate.model.times import from_microseconds, to_microseconds
from feedgate.model.version_interval import VersionInterval, is_held

_FORM: Final = 1


class UnreadableCompiledAdvisories(Broken):
    """A stored advisory database of a form that this release of Feedgate does not read."""

    code = "unreadable-compiled-advisories"

    def __init__(self) -> None:
        super().__init__(
            "the stored form of an advisory database can not be read: another release of Feedgate wrote it",
            next_step="Load the database anew with: feedgate advisories update",
        )


class CompiledAdvisories:
    """The advisories of one source, withdrawn ones left out; made by ``read_compiled``."""

    def __init__(self, advisories: list[list[Any]], projects: dict[str, list[list[Any]]]) -> None:
        self._advisories = advisories
        self._projects = projects

    @property
    def projects(self) -> Iterable[ProjectName]:
        """The projects that an advisory speaks of."""
        return map(ProjectName, self._projects)

    def knows(self, name: ProjectName) -> bool:
        """Whether an advisory speaks of the project."""
        return name in self._projects

    def on(self, name: ProjectName) -> tuple[Advisory, ...]:
        """Return the advisories on a project, each with what it says of that one alone."""
        return tuple(
            _advisory(self._advisories[number], name, stated)
            for number, *stated in self._projects.get(name, ())
        )

    def named(self, identity: str) -> Iterator[ProjectName]:
        """Yield the projects that the advisory of that id or alias speaks of."""
        numbers = {
            number
            for number, (own, aliases, *_) in enumerate(self._advisories)
            if identity == own or identity in aliases
        }
        for name, stated in self._projects.items():
            if any(number in numbers for number, *_ in stated):
                yield ProjectName(name)


def compile_advisories(advisories: Iterable[Advisory]) -> bytes:
    """Return the compiled form of the advisories that are not withdrawn."""
    counting = [advisory for advisory in advisories if advisory.withdrawn is None]
    projects: dict[str, list[list[Any]]] = {}
    for number, advisory in enumerate(counting):
        for name, affected in advisory.affected.items():
            projects.setdefault(name, []).append(
                [number, *_stated(affected, keeps_listed=advisory.is_malware)]
            )
    heads = [
        [
            advisory.id,
            advisory.aliases,
            advisory.severity,
            advisory.is_malware,
            advisory.summary,
            to_microseconds(advisory.modified),
        ]
        for advisory in counting
    ]
    return orjson.dumps({"form": _FORM, "advisories": heads, "projects": projects})


def read_compiled(raw: bytes) -> CompiledAdvisories:
    """Return what ``compile_advisories`` wrote; raises UnreadableCompiledAdvisories."""
    try:
        document = orjson.loads(raw)
        if document["form"] != _FORM:
            raise UnreadableCompiledAdvisories
        return CompiledAdvisories(document["advisories"], document["projects"])
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise UnreadableCompiledAdvisories from error


def _stated(affected: Affected, *, keeps_listed: bool) -> list[Any]:
    intervals = [
        [_text(interval.start), _text(interval.end), interval.fixed] for interval in affected.intervals
    ]
    alone = [
        version for version in affected.listed if keeps_listed or not is_held(version, affected.intervals)
    ]
    return [intervals, [str(version) for version in sorted(alone)], sorted(affected.listed_texts)]


def _text(version: Version | None) -> str | None:
    return None if version is None else str(version)


def _advisory(head: list[Any], name: ProjectName, stated: list[Any]) -> Advisory:
    identity, aliases, severity, is_malware, summary, modified = head
    intervals, listed, texts = stated
    affected = Affected(
        tuple(VersionInterval(_version(start), _version(end), fixed) for start, end, fixed in intervals),
        frozenset(map(Version, listed)),
        frozenset(texts),
    )
    return Advisory(
        id=identity,
        modified=from_microseconds(modified),
        aliases=tuple(aliases),
        summary=summary,
        severity=None if severity is None else AdvisorySeverity(severity),
        is_malware=is_malware,
        affected={name: affected},
    )


def _version(text: str | None) -> Version | None:
    return None if text is None else Version(text)
