"""A record of the OSV schema (ossf.github.io/osv-schema, 1.x) as an advisory on PyPI's projects.

Strangers write these, by hand too. What can not be read is told as a finding and taken at its
worst: an end that is no version leaves its interval open.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import orjson
from packaging.version import Version

from feedgate.errors import Invalid
from feedgate.formats.cvss import base_score, severity_of
from feedgate.model.advisory import Advisory, AdvisorySeverity, Affected
from feedgate.model.names import (
    InvalidName,
    InvalidVersionText,
    ProjectName,
    parse_project_name,
    parse_version,
)
from feedgate.model.times import parse_time
from feedgate.model.version_interval import VersionInterval, just_after, union

_ECOSYSTEM: Final = "PyPI"
_ORDERED: Final = ("ECOSYSTEM", "SEMVER")
_LONGEST_ID: Final = 100
_MOST_INTERVALS: Final = 1000  # honest records have a few dozen; a project's all multiply
_LONGEST_SUMMARY: Final = 160
_MALWARE_PREFIX: Final = "MAL-"
_EMBEDDED_MALICIOUS_CODE: Final = "CWE-506"
_UNKNOWN: Final = Version("0.dev0")  # compared by identity: a beginning that could not be read
_WORDS: Final[Mapping[str, AdvisorySeverity]] = {
    "LOW": AdvisorySeverity.LOW,
    "MODERATE": AdvisorySeverity.MEDIUM,
    "MEDIUM": AdvisorySeverity.MEDIUM,
    "HIGH": AdvisorySeverity.HIGH,
    "CRITICAL": AdvisorySeverity.CRITICAL,
}


class InvalidAdvisory(Invalid):
    """A record that is no OSV record."""

    code = "invalid-advisory"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the record is no advisory of the OSV schema: {reason}",
            next_step="Compare it with the schema at ossf.github.io/osv-schema.",
        )


def parse_advisory(raw: bytes) -> Advisory | None:
    """Return the advisory, None where the record speaks of no PyPI project; raises InvalidAdvisory."""
    try:
        record = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InvalidAdvisory("it is not JSON") from error
    if not isinstance(record, dict):
        raise InvalidAdvisory("it is no JSON object")
    stated = [one for one in _dicts(record.get("affected")) if _is_of_pypi(one)]
    if not stated:
        return None
    findings: list[str] = []
    affected = dict(_affected(stated, findings))
    aliases = _aliases(record)
    identity = _id(record)
    return Advisory(
        id=identity,
        modified=_moment(record, "modified"),
        aliases=tuple(alias for alias in aliases if alias != identity),
        withdrawn=_moment(record, "withdrawn") if record.get("withdrawn") is not None else None,
        summary=_line(record.get("summary")) or _line(record.get("details")),
        severity=_severity(record, stated),
        is_malware=_is_malware(record, (identity, *aliases)),
        affected=affected,
        findings=tuple(findings),
    )


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _is_of_pypi(affected: Mapping[str, Any]) -> bool:
    package = affected.get("package")
    ecosystem = package.get("ecosystem") if isinstance(package, dict) else None
    return isinstance(ecosystem, str) and ecosystem.partition(":")[0] == _ECOSYSTEM


def _id(record: Mapping[str, Any]) -> str:
    identity = record.get("id")
    if not isinstance(identity, str) or not _is_plain(identity):
        raise InvalidAdvisory("it has no id")
    return identity


def _aliases(record: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(_is_plain, _texts(record.get("aliases")))))


def _is_plain(identity: str) -> bool:
    return 0 < len(identity) <= _LONGEST_ID and identity.isprintable() and " " not in identity


def _moment(record: Mapping[str, Any], name: str) -> datetime:
    raw = record.get(name)
    try:
        return parse_time(raw if isinstance(raw, str) else "")
    except (ValueError, OverflowError) as error:
        raise InvalidAdvisory(f"its {name!r} is no RFC 3339 time") from error


def _line(text: Any) -> str:
    """Return the first line of a text, printable and not endless."""
    first = next(iter(text.strip().splitlines()), "") if isinstance(text, str) else ""
    line = "".join(character if character.isprintable() else " " for character in first).strip()
    return line if len(line) <= _LONGEST_SUMMARY else f"{line[: _LONGEST_SUMMARY - 1]}…"


def _severity(record: Mapping[str, Any], affected: list[dict[str, Any]]) -> AdvisorySeverity | None:
    """Return the gravest of the database's own words, else of the scores of its vectors; None where neither is there."""
    specific = [one.get("database_specific") for one in (record, *affected)]
    words = [one.get("severity") for one in specific if isinstance(one, dict)]
    found = [_WORDS[word.upper()] for word in words if isinstance(word, str) and word.upper() in _WORDS]
    if not found:
        stated = [one for holder in (record, *affected) for one in _dicts(holder.get("severity"))]
        scores = [base_score(one["score"]) for one in stated if isinstance(one.get("score"), str)]
        found = [severity_of(score) for score in scores if score is not None]
    return max(found, key=lambda severity: severity.rank, default=None)


def _is_malware(record: Mapping[str, Any], names: tuple[str, ...]) -> bool:
    if any(name.startswith(_MALWARE_PREFIX) for name in names):
        return True
    specific = record.get("database_specific")
    if not isinstance(specific, dict):
        return False
    return "malicious-packages-origins" in specific or _EMBEDDED_MALICIOUS_CODE in _texts(
        specific.get("cwe_ids")
    )


@dataclass(slots=True)
class _Collected:
    """What the entries on one project say together: a record may have several of them."""

    intervals: list[VersionInterval] = field(default_factory=list)
    listed: set[Version] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)


def _affected(stated: list[dict[str, Any]], findings: list[str]) -> Iterator[tuple[ProjectName, Affected]]:
    by_project: dict[ProjectName, _Collected] = {}
    for one in stated:
        try:
            name = parse_project_name(str(one["package"].get("name")))
        except InvalidName as error:
            findings.append(error.message)
            continue
        collected = by_project.setdefault(name, _Collected())
        ranges = [found for found in _dicts(one.get("ranges")) if found.get("type") != "GIT"]
        for found in ranges:
            collected.intervals.extend(_intervals(found, name, findings))
        versions = _texts(one.get("versions"))
        for text in versions:
            try:
                collected.listed.add(_version(text))
            except InvalidVersionText:
                collected.texts.add(text.strip())
        if not ranges and not versions:
            findings.append(f"{name}: neither versions nor a range of them are named, so none is affected")
    for name, collected in by_project.items():
        intervals = union(collected.intervals)
        if len(intervals) > _MOST_INTERVALS:
            findings.append(
                f"{name}: {len(intervals)} intervals were taken for the one from their first to their last"
            )
            intervals = (VersionInterval(intervals[0].start, intervals[-1].end, intervals[-1].fixed),)
        yield name, Affected(intervals, frozenset(collected.listed), frozenset(collected.texts))


@lru_cache(maxsize=65_536)
def _version(text: str) -> Version:
    """Return the version as ``parse_version`` does; a project's records list the same ones again and again."""
    return parse_version(text)


def _intervals(
    stated: Mapping[str, Any], name: ProjectName, findings: list[str]
) -> Iterator[VersionInterval]:
    """Yield what a range's events mean: taken in the order of versions, each interval ends at the first end behind it."""
    if stated.get("type") not in _ORDERED:
        findings.append(f"{name}: a range of an unknown type was taken for one of versions")
    starts: list[Version | None] = []
    ends: list[tuple[Version, str | None]] = []
    for event in _dicts(stated.get("events")):
        for kind, raw in event.items():
            if kind == "introduced":
                starts.append(_start(raw, name, findings))
            elif kind in {"fixed", "last_affected"}:
                ends.extend(_end(kind, raw, name, findings))
    if not starts:
        starts.append(_UNKNOWN)
        findings.append(f"{name}: a range without a beginning was taken to begin with the first version")
    ends.sort(key=lambda end: end[0])
    versions = [end[0] for end in ends]
    for start in starts:
        if start is _UNKNOWN:  # nobody knows behind which end it belongs, so none but the last one counts
            yield VersionInterval(None, *ends[-1]) if ends else VersionInterval()
            continue
        behind = 0 if start is None else bisect_right(versions, start)
        yield VersionInterval(start, *ends[behind]) if behind < len(ends) else VersionInterval(start)


def _start(raw: Any, name: ProjectName, findings: list[str]) -> Version | None:
    if raw == "0":
        return None  # the schema's word for "from the first version on", pre-releases of 0 too
    try:
        return _version(raw if isinstance(raw, str) else "")
    except InvalidVersionText as error:
        findings.append(f"{name}: {error.message}, so its range begins with the first version")
        return _UNKNOWN


def _end(kind: str, raw: Any, name: ProjectName, findings: list[str]) -> Iterator[tuple[Version, str | None]]:
    text = raw if isinstance(raw, str) else ""
    try:
        version = _version(text)
    except InvalidVersionText as error:
        findings.append(f"{name}: {error.message}, so its range has no end there")
        return
    yield (version, str(version)) if kind == "fixed" else (just_after(version), None)
