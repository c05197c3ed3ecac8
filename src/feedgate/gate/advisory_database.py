"""The advisories of all sources, asked by name and version.

A project's intervals are compiled when it is first asked for: their ends cut the versions into
stretches, and of each stretch it is known what matches. So a question costs one bisection,
however many advisories a project has.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from packaging.version import Version

from feedgate.formats.compiled_advisories import CompiledAdvisories
from feedgate.model.advisory import UNSTATED_SEVERITY, Advisory, Match
from feedgate.model.advisory_source import SourceState
from feedgate.model.digest import Digest
from feedgate.model.names import InvalidVersionText, ProjectName, parse_version
from feedgate.model.version_interval import VersionInterval, union

Release = tuple[ProjectName, Version]

_GOES_FIRST: Final = ("MAL-", "PYSEC-", "GHSA-", "CVE-")
"""By which of its names a group goes."""


class AdvisoryDatabase:
    """What was loaded of every source, at one moment; never changes, so a run keeps the one it began with."""

    def __init__(self, states: tuple[SourceState, ...], compiled: Iterable[CompiledAdvisories]) -> None:
        self.states = states
        self._compiled = tuple(compiled)
        self._projects: dict[ProjectName, _Stretches] = {}

    @property
    def digests(self) -> Mapping[str, Digest]:
        """The digest of each source's compiled form: which database this is."""
        return {one.source.name: one.loaded.compiled for one in self.states if one.loaded is not None}

    @property
    def is_loaded(self) -> bool:
        """Whether there is anything to ask: without a database nothing is known, not nothing found."""
        return bool(self._compiled)

    def knows(self, name: ProjectName) -> bool:
        """Whether an advisory speaks of the project."""
        return any(one.knows(name) for one in self._compiled)

    def match(self, name: ProjectName, version: Version | str) -> tuple[Match, ...]:
        """Return what the advisories say of a release, the gravest first; one for each group of aliases.

        A text that is no version by PEP 440 matches where it is listed, or where every version is affected.
        """
        stretches = self._of(name)
        if isinstance(version, str):
            try:
                return stretches.of(parse_version(version))
            except InvalidVersionText:
                return stretches.of_text(version.strip())
        return stretches.of(version)

    def match_all(self, releases: Iterable[Release]) -> dict[Release, tuple[Match, ...]]:
        """Return, of many releases, those that an advisory matches, with the matches."""
        known = frozenset(name for one in self._compiled for name in one.projects)
        found: dict[Release, tuple[Match, ...]] = {}
        for release in releases:
            name, version = release
            if name in known and (matches := self._of(name).of(version)):
                found[release] = matches
        return found

    def fixed_by(self, name: ProjectName, version: Version) -> tuple[Match, ...]:
        """Return what the release is named as the fix of; ``fixed`` is its own version, as it is spelled there."""
        return self._of(name).fixes.get(version, ())

    def projects_named_by(self, identity: str) -> frozenset[ProjectName]:
        """Return the projects that the advisory of that id or alias speaks of."""
        return frozenset(name for one in self._compiled for name in one.named(identity))

    def _of(self, name: ProjectName) -> "_Stretches":
        found = self._projects.get(name)
        if found is None:
            found = _cut(_groups([advisory for one in self._compiled for advisory in one.on(name)], name))
            self._projects[name] = found
        return found


@dataclass(frozen=True, slots=True)
class _Group:
    """The advisories on one project that share a name, as one."""

    match: Match
    intervals: tuple[VersionInterval, ...]
    listed: frozenset[Version]
    texts: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Stretches:
    """A project's versions: ``stretches`` lie between ``bounds``, ``listed`` and ``texts`` match by themselves.

    ``fixes`` says what ends with a version, however that is spelled.
    """

    bounds: tuple[Version, ...] = ()
    stretches: tuple[tuple[Match, ...], ...] = ((),)
    listed: Mapping[Version, tuple[Match, ...]] = field(default_factory=dict)
    texts: Mapping[str, tuple[Match, ...]] = field(default_factory=dict)
    always: tuple[Match, ...] = ()
    fixes: Mapping[Version, tuple[Match, ...]] = field(default_factory=dict)

    def of(self, version: Version) -> tuple[Match, ...]:
        """Return what matches a version; a local version is what its public one is, too."""
        found = self.stretches[bisect_right(self.bounds, version)]
        if not self.listed:
            return found
        listed = self.listed.get(version, ())
        if version.local is not None:
            listed += self.listed.get(Version(version.public), ())
        return _joined(listed, found) if listed else found

    def of_text(self, text: str) -> tuple[Match, ...]:
        """Return what matches a text that is no version."""
        return _joined(self.texts.get(text, ()), self.always)


def _joined(listed: tuple[Match, ...], ranged: tuple[Match, ...]) -> tuple[Match, ...]:
    """Return the matches by listing and by range, one a group: the range knows the fix, the list the very version."""
    joined = {match.id: match for match in listed}
    for match in ranged:
        is_exact = match.id in joined and joined[match.id].is_exact
        joined[match.id] = replace(match, is_exact=True) if is_exact else match
    return _in_order(joined)


def _in_order(matches: Mapping[str, Match]) -> tuple[Match, ...]:
    return tuple(sorted(matches.values(), key=_gravity))


def _gravity(match: Match) -> tuple[bool, int, str]:
    return (not match.is_malware, -match.severity.rank, match.id)


def _cut(groups: list[_Group]) -> _Stretches:
    groups.sort(key=lambda group: _gravity(group.match))
    ends = {
        end for group in groups for one in group.intervals for end in (one.start, one.end) if end is not None
    }
    bounds = tuple(sorted(ends))
    stretches: list[list[Match]] = [[] for _ in range(len(bounds) + 1)]
    listed: dict[Version, tuple[Match, ...]] = {}
    texts: dict[str, tuple[Match, ...]] = {}
    fixes: dict[Version, dict[str, Match]] = {}
    for group in groups:
        for interval in group.intervals:
            first = 0 if interval.start is None else bisect_right(bounds, interval.start)
            last = len(bounds) if interval.end is None else bisect_right(bounds, interval.end) - 1
            match = replace(group.match, fixed=interval.fixed)
            if interval.fixed is not None and interval.end is not None:
                fixes.setdefault(interval.end, {})[match.id] = match
            for number in range(first, last + 1):
                stretches[number].append(match)
        by_list = replace(group.match, is_exact=group.match.is_malware)
        for version in group.listed:
            listed[version] = (*listed.get(version, ()), by_list)
        for text in group.texts:
            texts[text] = (*texts.get(text, ()), by_list)
    always = tuple(group.match for group in groups if any(one.is_endless for one in group.intervals))
    fixed = {version: _in_order(found) for version, found in fixes.items()}
    return _Stretches(bounds, tuple(map(tuple, stretches)), listed, texts, always, fixed)


def _groups(advisories: list[Advisory], name: ProjectName) -> list[_Group]:
    """Join what goes by a common name; on this project alone, for across projects an alias joins strangers."""
    leads: dict[str, str] = {}

    def leader(known: str) -> str:
        while (ahead := leads.setdefault(known, known)) != known:
            leads[known] = leads[ahead]
            known = ahead
        return known

    for advisory in advisories:
        for alias in advisory.aliases:
            leads[leader(alias)] = leader(advisory.id)
    joined: dict[str, list[Advisory]] = {}
    for advisory in advisories:
        joined.setdefault(leader(advisory.id), []).append(advisory)
    return [_group(one, name) for one in joined.values()]


def _group(advisories: list[Advisory], project: ProjectName) -> _Group:
    affected = [advisory.affected[project] for advisory in advisories]
    names = sorted({name for one in advisories for name in (one.id, *one.aliases)}, key=_precedence)
    own = min((one.id for one in advisories), key=_precedence)
    stated = [one.severity for one in advisories if one.severity is not None]
    match = Match(
        id=own,
        aliases=tuple(name for name in names if name != own),
        severity=max(stated, key=lambda severity: severity.rank, default=UNSTATED_SEVERITY),
        is_malware=any(one.is_malware for one in advisories),
        summary=next((one.summary for one in advisories if one.summary), ""),
        fixed=None,
    )
    return _Group(
        match,
        union(interval for one in affected for interval in one.intervals),
        frozenset().union(*(one.listed for one in affected)),
        frozenset().union(*(one.listed_texts for one in affected)),
    )


def _precedence(name: str) -> tuple[int, str]:
    rank = next(
        (number for number, prefix in enumerate(_GOES_FIRST) if name.startswith(prefix)), len(_GOES_FIRST)
    )
    return rank, name
